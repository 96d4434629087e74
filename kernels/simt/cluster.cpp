// cluster.cpp - the scheduler: which lane runs next, and how lanes meet.
//
// A lane runs until it speaks a word that waits, then jumps straight to the next lane that can run; the OS thread's own
// stack is returned to only when none can. Lanes of the current warp go first, so that 32 stacks stay in cache.
#include "kernels/simt/race.h"

#include <cstdlib>
#include <cstring>

namespace simt {

__thread Thread *running __attribute__((tls_model("initial-exec"))) = nullptr;
__thread simt_traffic traffic[TAG_COUNT] __attribute__((tls_model("initial-exec"))) = {};

const char *word_name(Word word) {
    static const char *const names[] = {"no word",    "warp_sync",    "shfl",     "shfl_up", "ballot",
                                        "any",        "sum_u32",      "sum_u64",  "max_u32", "scan_u64",
                                        "block_sync", "cluster_sync", "bulk_wait"};
    return names[static_cast<int>(word)];
}

namespace {

bool same(const Place &a, const Place &b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

uint64_t next_random(Cluster *c) {
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random * 0x2545f4914f6cdd1dull;
}

void make_ready(Cluster *c, Warp *w, uint32_t lanes) {
    w->ready |= lanes;
    c->ready_warps[w->number >> 6] |= uint64_t{1} << (w->number & 63);
}

int choose_bit(Cluster *c, uint64_t bits, int width) {
    if (c->order == 0) return __builtin_ctzll(bits);
    if (c->order == 1) return 63 - __builtin_clzll(bits);
    // the first set bit at or after a random place, round the end
    uint64_t from = bits & (~uint64_t{0} << (next_random(c) >> 32) % static_cast<unsigned>(width));
    return __builtin_ctzll(from ? from : bits);
}

Warp *choose_warp(Cluster *c) {
    uint32_t words = (c->warps + 63) / 64;
    uint32_t start = c->order == 2 && words > 1 ? static_cast<uint32_t>((next_random(c) >> 32) % words) : 0;
    for (uint32_t i = 0; i < words; i++) {
        uint32_t k = c->order == 1 ? words - 1 - i : (start + i) % words;
        if (!c->ready_warps[k]) continue;
        uint32_t rest = c->warps - 64 * k;
        int bit = choose_bit(c, c->ready_warps[k], rest < 64 ? static_cast<int>(rest) : 64);
        return c->block[0].warps + 64 * k + bit;
    }
    return nullptr;
}

// The lane that runs next, taken off the ready masks; null when every lane waits or has gone.
inline __attribute__((always_inline)) Thread *choose(Cluster *c) {
    Warp *w = c->current;
    if (!w || !w->ready) {
        w = choose_warp(c);
        if (!w) return nullptr;
        c->current = w;
    }
    int lane = choose_bit(c, w->ready, 32);
    w->ready &= ~(1u << lane);
    if (!w->ready) c->ready_warps[w->number >> 6] &= ~(uint64_t{1} << (w->number & 63));
    return w->threads + lane;
}

// Give up the OS thread until this lane is ready and chosen.
inline __attribute__((always_inline)) void wait(Thread *self) {
    self->state = State::waiting;
    Cluster *c = self->block->cluster;
    Thread *next = choose(c);
    if (next != self) {
        running = next;
        context_switch(&self->context, next ? &next->context : &c->scheduler);
    }
    self->state = State::running;
    self->word = Word::none;
}

void check_stack(const Thread *t) {
    if (!StackPool::intact(&t->context)) fault("the stack of a thread overflowed: keep large arrays out of kernels");
}

void wake_block(Block *b) {
    Cluster *c = b->cluster;
    c->current = nullptr; // the order starts again, not where the last to arrive was
    for (uint32_t w = 0; w < b->threads / 32; w++) {
        b->warps[w].elsewhere = 0;
        make_ready(c, b->warps + w, ~0u);
    }
}

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

void finish_word(Warp *w, uint32_t parity) {
    const uint64_t *in = w->operand[parity];
    uint64_t r = 0;
    switch (w->word) {
    case Word::ballot:
        for (int i = 0; i < 32; i++) r |= (in[i] & 1) << i;
        break;
    case Word::any:
        for (int i = 0; i < 32; i++) r |= in[i];
        break;
    case Word::sum_u32:
    case Word::sum_u64:
        for (int i = 0; i < 32; i++) r += in[i];
        break;
    case Word::max_u32:
        for (int i = 0; i < 32; i++) r = in[i] > r ? in[i] : r;
        break;
    case Word::scan_u64:
        for (int i = 0; i < 32; i++) r = w->operand[parity][i] += r;
        break;
    default: // lanes pick among the operands
        break;
    }
    w->result[parity] = r;
}

} // namespace

uint32_t warp_word(Word word, uint64_t operand, Place place) {
    Thread *t = running;
    Warp *w = t->warp;
    uint32_t parity = w->round & 1;
    if (!w->waiting) {
        w->word = word;
        w->place = place;
        if (w->exited | w->elsewhere)
            fault("absent lanes: lanes 0x%08x of the warp have exited and 0x%08x are at a barrier, not at %s (%s:%d)",
                  w->exited, w->elsewhere, word_name(word), place.file, place.line);
    } else if (w->word != word || !same(w->place, place)) {
        fault("absent lanes: lanes 0x%08x of the warp are at %s (%s:%d), this one at %s (%s:%d)", w->waiting,
              word_name(w->word), w->place.file, w->place.line, word_name(word), place.file, place.line);
    }
    w->operand[parity][t->id & 31] = operand;
    w->waiting |= t->bit;
    t->word = word;
    t->place = place;
    if (w->waiting == ~0u) {
        finish_word(w, parity);
        if (word == Word::warp_sync) w->synced = ++w->block->cluster->clock;
        w->waiting = 0;
        w->round++;
        make_ready(w->block->cluster, w, ~0u);
    }
    wait(t);
    return parity;
}

void block_barrier(Place place) {
    Thread *t = running;
    Block *b = t->block;
    if (t->warp->waiting)
        fault("absent lanes: this one is at block_sync (%s:%d), lanes 0x%08x of its warp at %s (%s:%d)", place.file,
              place.line, t->warp->waiting, word_name(t->warp->word), t->warp->place.file, t->warp->place.line);
    if (b->exited)
        fault("divergent barrier: block_sync (%s:%d) when %u threads of the block have exited", place.file, place.line,
              b->exited);
    if (b->at_cluster)
        fault("divergent barrier: block_sync (%s:%d) while %u threads of the block are at cluster_sync (%s:%d)",
              place.file, place.line, b->at_cluster, b->cluster->place.file, b->cluster->place.line);
    if (b->arrived && !same(b->place, place))
        fault("divergent barrier: block_sync (%s:%d) while %u threads of the block are at the one at %s:%d", place.file,
              place.line, b->arrived, b->place.file, b->place.line);
    b->place = place;
    t->word = Word::block_sync;
    t->place = place;
    t->warp->elsewhere |= t->bit;
    if (++b->arrived == b->threads) {
        b->arrived = 0;
        b->synced = ++b->cluster->clock;
        wake_block(b);
    }
    check_stack(t);
    wait(t);
}

void cluster_barrier(Place place) {
    Thread *t = running;
    Block *b = t->block;
    Cluster *c = b->cluster;
    if (t->warp->waiting)
        fault("absent lanes: this one is at cluster_sync (%s:%d), lanes 0x%08x of its warp at %s (%s:%d)", place.file,
              place.line, t->warp->waiting, word_name(t->warp->word), t->warp->place.file, t->warp->place.line);
    if (c->exited)
        fault("divergent barrier: cluster_sync (%s:%d) when %u threads of the cluster have exited", place.file,
              place.line, c->exited);
    if (b->arrived)
        fault("divergent barrier: cluster_sync (%s:%d) while %u threads of the block are at block_sync (%s:%d)",
              place.file, place.line, b->arrived, b->place.file, b->place.line);
    if (c->arrived && !same(c->place, place))
        fault("divergent barrier: cluster_sync (%s:%d) while %u threads of the cluster are at the one at %s:%d",
              place.file, place.line, c->arrived, c->place.file, c->place.line);
    c->place = place;
    t->word = Word::cluster_sync;
    t->place = place;
    t->warp->elsewhere |= t->bit;
    b->at_cluster++;
    if (++c->arrived == c->threads) {
        c->arrived = 0;
        c->round++;
        c->synced = ++c->clock;
        for (uint32_t r = 0; r < c->blocks; r++) {
            c->block[r].at_cluster = 0;
            c->block[r].synced = c->synced;
            wake_block(c->block + r);
        }
    }
    check_stack(t);
    wait(t);
}

// Another block's shared memory: it must have started and must not end before the next cluster barrier.
void far_use(Block *block, const char *name, size_t index) {
    if (!block) fault("shared memory: %s was not taken from an arena on the device", name);
    Cluster *c = block->cluster;
    if (c->round == 0)
        fault("shared memory: %s[%zu] of block rank %u is reached before the first cluster_sync", name, index,
              block->rank);
    if (block->exited == block->threads)
        fault("shared memory: %s[%zu] of block rank %u, which has exited", name, index, block->rank);
    block->remote = c->round + 1;
}

void shadow_fault(Block *block, uint32_t byte, uint32_t bytes, Use use, const char *name, size_t index) {
    const char *what = use == Use::read ? "read" : use == Use::write ? "written" : "changed";
    uint32_t i = byte;
    while (i + 1 < byte + bytes && block->shadow[i] == SHADOW_STORED) i++;
    switch (block->shadow[i]) {
    case SHADOW_EMPTY:
        fault("shared memory: %s[%zu] is %s and was never stored", name, index, what);
    case SHADOW_IN_FLIGHT:
        fault("shared memory: %s[%zu] is %s while a bulk copy into it is in flight", name, index, what);
    default:
        fault("shared memory: %s[%zu] is %s and holds a bulk barrier", name, index, what);
    }
}

static BulkBarrier *find_bulk(Block *b, uint32_t offset) {
    for (BulkBarrier &bar : b->bulk)
        if (bar.offset == offset) return &bar;
    return nullptr;
}

// Threads that use a barrier must have met the one that made it.
static void touch_barrier(Block *block, uint32_t offset, Use use) {
    static const uint64_t unlike = 0; // a barrier's bytes are never stored: no two stores of it are the same
    std::memset(block->shared + offset, 0xFF, sizeof unlike);
    if (block->accesses) check_races(block, offset, 8, 8, use, &unlike, "bulk barrier", 0);
}

void bulk_barrier_init(Block *block, uint32_t offset, Place place) {
    Thread *t = running;
    if (block != t->block) fault("bulk_init (%s:%d) of another block's barrier", place.file, place.line);
    if (offset + 8 > block->shared_bytes || offset % 8)
        fault("bulk_init (%s:%d): the barrier is not an aligned element of shared memory", place.file, place.line);
    if (BulkBarrier *bar = find_bulk(block, offset)) {
        if (bar->pending) fault("bulk_init (%s:%d) while its copy is in flight", place.file, place.line);
        bar->phase = 0;
    } else {
        block->bulk.push_back({offset, 0, false, 0, 0, 1, 0, nullptr});
    }
    touch_barrier(block, offset, Use::write);
    std::memset(block->shadow + offset, SHADOW_BARRIER, 8);
}

void bulk_copy_start(Block *block, uint32_t barrier, Block *to, uint32_t offset, uint32_t size, const char *name,
                     size_t index, const void *source, uint64_t bytes, Place place) {
    Thread *t = running;
    BulkBarrier *bar = find_bulk(block, barrier);
    if (block != t->block || to != t->block) fault("bulk_copy (%s:%d) into another block", place.file, place.line);
    if (!bar || block->shadow[barrier] != SHADOW_BARRIER)
        fault("bulk_copy (%s:%d) on a barrier without bulk_init", place.file, place.line);
    if (bar->pending) fault("bulk_copy (%s:%d) on a barrier whose copy nobody has waited for", place.file, place.line);
    if (bytes == 0 || bytes % 16 || bytes >= (1u << 20))
        fault("bulk_copy (%s:%d) of %llu bytes: not a multiple of 16 in (0, 2^20)", place.file, place.line,
              static_cast<unsigned long long>(bytes));
    if (reinterpret_cast<uintptr_t>(source) % 16 || offset % 16)
        fault("bulk_copy (%s:%d) from %p to shared byte %u: not 16-aligned", place.file, place.line, source, offset);
    if (std::memchr(block->shadow + offset, SHADOW_IN_FLIGHT, bytes) ||
        std::memchr(block->shadow + offset, SHADOW_BARRIER, bytes))
        fault("bulk_copy (%s:%d) over a barrier or another copy in flight", place.file, place.line);
    touch_barrier(block, barrier, Use::atomic);
    if (block->accesses) check_bulk_races(block, offset, static_cast<uint32_t>(bytes), size, name, index);
    std::memset(block->shadow + offset, SHADOW_IN_FLIGHT, bytes);
    uint32_t seen = 1u << ((bar - block->bulk.data()) & 31);
    for (uint32_t i = 0; i < block->threads; i++) block->first[i].bulk_waited &= ~seen;
    *bar = {barrier, bar->phase, true, offset, static_cast<uint32_t>(bytes), size, index, source};
    for (uint32_t i = 0; i < block->threads; i++) {
        Thread *o = block->first + i;
        if (o->state == State::waiting && o->word == Word::bulk_wait && o->bulk == barrier)
            make_ready(block->cluster, o->warp, o->bit);
    }
}

static void note_wait(Thread *t, const BulkBarrier *bar) {
    t->bulk_waited |= 1u << ((bar - t->block->bulk.data()) & 31);
    t->bulk_time = t->block->cluster->clock;
}

void bulk_barrier_wait(Block *block, uint32_t barrier, uint32_t phase, Place place) {
    Thread *t = running;
    if (block != t->block) fault("bulk_wait (%s:%d) on another block's barrier", place.file, place.line);
    if (phase > 1) fault("bulk_wait (%s:%d) for phase %u: phases are 0 and 1", place.file, place.line, phase);
    for (;;) {
        BulkBarrier *bar = find_bulk(block, barrier);
        if (!bar || block->shadow[barrier] != SHADOW_BARRIER)
            fault("bulk_wait (%s:%d) on a barrier without bulk_init", place.file, place.line);
        touch_barrier(block, barrier, Use::atomic);
        if (bar->phase != phase) { // as mbarrier.try_wait.parity: the phase before counts as complete
            if (!bar->pending) note_wait(t, bar);
            return;
        }
        if (bar->pending) {
            // The copy lands no sooner than somebody insists, so that what reads too early reads too early always.
            std::memcpy(block->shared + bar->destination, bar->source, bar->bytes);
            std::memset(block->shadow + bar->destination, SHADOW_STORED, bar->bytes);
            if (block->accesses)
                note_bulk_landing(block, bar->destination, bar->bytes, bar->size, bar->index,
                                  static_cast<uint32_t>(bar - block->bulk.data()));
            bar->pending = false;
            bar->phase ^= 1;
            note_wait(t, bar);
            return;
        }
        t->word = Word::bulk_wait;
        t->place = place;
        t->bulk = barrier;
        wait(t);
    }
}

// worker -------------------------------------------------------------------------------------------------------------

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
    size_t count = static_cast<size_t>(launch.cluster) * launch.threads;
    size_t bytes = launch.cluster * ((launch.shared + 255) & ~size_t{255});
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
    c->blocks = launch.cluster;
    c->threads = launch.cluster * launch.threads;
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
    std::memset(c->ready_warps, 0, sizeof c->ready_warps);
    size_t stride = (launch.shared + 255) & ~size_t{255};
    for (uint32_t r = 0; r < c->blocks; r++) {
        Block *b = c->block + r;
        b->shared = shared + r * stride;
        b->shadow = shadow + r * stride;
        b->accesses = launch.options.races ? accesses + r * stride / 2 : nullptr;
        b->shared_bytes = launch.shared;
        b->id = cluster_index * launch.cluster + r;
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
    auto rank_of = [](const Thread *t) { return t->warp->waiting & t->bit ? 0 : t->word == Word::bulk_wait ? 1 : 2; };
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
