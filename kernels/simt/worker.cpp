// worker.cpp - a cluster's life on one OS thread: its fibres, its memory, how it ends.
#include "kernels/simt/race.h"
#include "kernels/simt/schedule.h"

#include <cstdlib>
#include <cstring>

namespace simt {

namespace {

void leave(Thread *t) {
    Block *b = t->block;
    Cluster *c = b->cluster;
    Warp *w = t->warp;
    check_stack(t);
    if (w->waiting)
        fault("a thread exits while lanes 0x%08x of its warp wait at %s (%s:%d): absent lane", w->waiting,
              word_name(w->word), w->place.file, w->place.line);
    if (b->arrived)
        fault("divergent barrier: a thread exits while %u threads of its block wait at block_sync (%s:%d)", b->arrived,
              b->place.file, b->place.line);
    if (c->arrived)
        fault("divergent barrier: a thread exits while %u threads of its cluster wait at cluster_sync (%s:%d)",
              c->arrived, c->place.file, c->place.line);
    w->exited |= t->bit;
    c->exited++;
    if (++b->exited == b->threads) {
        if (b->remote == c->round + 1)
            fault("block exits, but another block reached into its shared memory after the last cluster_sync");
        for (const BulkBarrier &bar : b->bulk)
            if (bar.pending) fault("block exits while a bulk copy of %u bytes is in flight", bar.bytes);
    }
    t->state = State::exited;
}

// A fibre's whole life: one kernel after the other, parked in between.
void fibre_main(boost::context::detail::transfer_t t) {
    context_land(t, &running->context);
    for (;;) {
        Thread *self = running;
        Cluster *c = self->block->cluster;
        c->launch->enter(c->launch->call);
        leave(self);
        Thread *next = choose(c);
        running = next;
        context_switch(&self->context, next ? &next->context : &c->scheduler);
    }
}

} // namespace

Worker::Worker() : cluster() {
    // calloc of this size maps pages that are touched one cluster at a time
    threads = static_cast<Thread *>(calloc(16 * 1024, sizeof(Thread)));
    warps = static_cast<Warp *>(calloc(512, sizeof(Warp)));
    context_adopt_thread(&cluster.scheduler);
}

Worker::~Worker() {
#if URN_FIBRE_TSAN
    for (size_t i = 0; i < started; i++)
        if (threads[i].context.tsan) __tsan_destroy_fiber(threads[i].context.tsan);
#endif
    free(threads);
    free(warps);
    free(shared);
    free(shadow);
    free(accesses);
}

// Stacks and shared memory for one cluster of the launch.
bool Worker::fit(const Launch &launch) {
    size_t count = static_cast<size_t>(launch.together()) * launch.threads;
    size_t bytes = launch.together() * ((launch.shared + 255) & ~size_t{255});
    if (!threads || !warps || count > StackPool::limit()) return false;
    for (; started < count; started++)
        if (!stacks.give(&threads[started].context)) return false;
    if (bytes > shared_bytes) {
        free(shared);
        free(shadow);
        shared = static_cast<uint8_t *>(aligned_alloc(256, bytes));
        shadow = static_cast<uint8_t *>(aligned_alloc(256, bytes));
        shared_bytes = shared && shadow ? bytes : 0;
        if (!shared_bytes) return false;
    }
    if (launch.options.races && bytes / 2 > access_count) {
        free(accesses);
        accesses = static_cast<Access *>(calloc(bytes / 2, sizeof(Access)));
        access_count = accesses ? bytes / 2 : 0;
        if (!access_count) return false;
    }
    return true;
}

void Worker::lay_out(const Launch &launch, uint32_t cluster_index) {
    Cluster *c = &cluster;
    c->launch = &launch;
    c->blocks = launch.together();
    c->threads = c->blocks * launch.threads;
    c->warps = c->threads / 32;
    c->arrived = c->exited = c->round = 0;
    // The clock runs on from cluster to cluster, so that records of earlier ones are old without being wiped.
    if (c->clock > UINT32_MAX / 2) {
        c->clock = 0;
        if (access_count) std::memset(accesses, 0, access_count * sizeof(Access));
    }
    c->synced = ++c->clock;
    c->order = launch.options.lane_order;
    c->random = (launch.options.seed + cluster_index + 1) * 0x9e3779b97f4a7c15ull | 1;
    c->failed = false;
    c->current = nullptr;
    c->counting.clear();
    std::memset(c->ready_warps, 0, sizeof c->ready_warps);
    size_t stride = (launch.shared + 255) & ~size_t{255};
    for (uint32_t r = 0; r < c->blocks; r++) {
        Block *b = c->block + r;
        b->shared = shared + r * stride;
        b->shadow = shadow + r * stride;
        b->accesses = launch.options.races ? accesses + r * stride / 2 : nullptr;
        b->shared_bytes = launch.shared;
        b->id = cluster_index * c->blocks + r;
        b->rank = r;
        b->threads = launch.threads;
        b->arrived = b->at_cluster = b->exited = b->remote = 0;
        b->synced = c->synced;
        b->warps = warps + r * (launch.threads / 32);
        b->first = threads + r * launch.threads;
        b->cluster = c;
        b->bulk.clear();
        if (launch.shared) std::memset(b->shadow, SHADOW_EMPTY, launch.shared);
    }
    for (uint32_t i = 0; i < c->warps; i++) {
        Warp *w = warps + i;
        w->ready = w->waiting = w->elsewhere = w->exited = w->round = 0;
        w->synced = c->synced;
        w->number = i;
        w->block = c->block + i / (launch.threads / 32);
        w->threads = threads + 32 * i;
        make_ready(c, w, ~0u);
    }
    for (uint32_t i = 0; i < c->threads; i++) {
        Thread *t = threads + i;
        t->id = i % launch.threads;
        t->bit = 1u << (i & 31);
        t->state = State::ready;
        t->word = Word::none;
        t->bulk_waited = t->bulk_time = 0;
        t->warp = warps + i / 32;
        t->block = t->warp->block;
        if (!t->context.resume) context_start(&t->context, fibre_main);
    }
}

// Nobody can run, somebody has not exited: say who waits where.
void Worker::stalled() {
    // a warp that waits for its own lanes explains more than a barrier that waits for that warp, so it comes first
    // and who waits for a count explains the barriers of its own block, which are explained by nobody else's
    auto rank_of = [this](const Thread *t) {
        if (t->warp->waiting & t->bit) return 0;
        if (t->word == Word::bulk_wait) return 1;
        if (t->word == Word::count_wait) return 3;
        for (const Thread *o : cluster.counting)
            if (o->block == t->block) return 4;
        return 2;
    };
    Thread *t = nullptr;
    for (Thread *i = threads; i < threads + cluster.threads; i++)
        if (i->state == State::waiting && (!t || rank_of(i) < rank_of(t))) t = i;
    Warp *w = t->warp;
    Block *b = t->block;
    if (w->waiting & t->bit)
        report(t, "absent lanes: lanes 0x%08x of the warp wait at %s (%s:%d) for lanes 0x%08x, which never come",
               w->waiting, word_name(w->word), w->place.file, w->place.line, ~w->waiting);
    else if (t->word == Word::bulk_wait)
        report(t, "deadlock: bulk_wait (%s:%d) for a phase that no copy completes", t->place.file, t->place.line);
    else if (t->word == Word::count_wait)
        report(t, "deadlock: count_wait (%s:%d) for a count of %u, which stays at %u", t->place.file, t->place.line,
               t->target, *t->counter);
    else if (t->word == Word::block_sync)
        report(t, "divergent barrier: %u of %u threads of the block are at block_sync (%s:%d), the others never come",
               b->arrived, b->threads, t->place.file, t->place.line);
    else
        report(t,
               "divergent barrier: %u of %u threads of the cluster are at cluster_sync (%s:%d), the others never come",
               cluster.arrived, cluster.threads, t->place.file, t->place.line);
}

// After a fault: stacks in the middle of a kernel are started afresh next time.
void Worker::discard() {
    for (uint32_t i = 0; i < cluster.threads; i++)
        if (threads[i].state != State::exited) threads[i].context.resume = nullptr;
}

bool Worker::run(const Launch &launch, uint32_t cluster_index) {
    if (!fit(launch)) {
        record_fault("simt: no memory for the stacks and shared memory of a cluster");
        return false;
    }
    lay_out(launch, cluster_index);
    Thread *first = choose(&cluster);
    running = first;
    context_switch(&cluster.scheduler, &first->context);
    running = nullptr;
    if (!cluster.failed && cluster.exited < cluster.threads) stalled();
    if (cluster.failed) discard();
    return !cluster.failed;
}

} // namespace simt
