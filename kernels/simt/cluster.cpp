// cluster.cpp - how lanes meet: warp words, block and cluster barriers; what they may do to shared memory.
#include "kernels/simt/schedule.h"

#include <cstring>

namespace simt {

__thread Thread *running __attribute__((tls_model("initial-exec"))) = nullptr;
__thread simt_traffic traffic[TAG_COUNT] __attribute__((tls_model("initial-exec"))) = {};

const char *word_name(Word word) {
    static const char *const names[] = {"no word",    "warp_sync",    "shfl",      "shfl_up",   "ballot",
                                        "any",        "sum_u32",      "sum_u64",   "max_u32",   "scan_u64",
                                        "block_sync", "cluster_sync", "bulk_wait", "count_wait"};
    return names[static_cast<int>(word)];
}

namespace {

bool same(const Place &a, const Place &b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

void wake_block(Block *b) {
    Cluster *c = b->cluster;
    c->current = nullptr; // the order starts again, not where the last to arrive was
    for (uint32_t w = 0; w < b->threads / 32; w++) {
        b->warps[w].elsewhere = 0;
        make_ready(c, b->warps + w, ~0u);
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
    if (c->launch->crew) fault("cluster_sync (%s:%d) among blocks that are no cluster", place.file, place.line);
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

// Blocks of a crew run on one OS thread, so a wait for another block ends there, or never.
static bool came(const uint32_t *counter, uint32_t target) {
    return static_cast<int32_t>(__atomic_load_n(counter, __ATOMIC_ACQUIRE) - target) >= 0;
}

void count_up(uint32_t *counter, uint32_t by, Place place) {
    Cluster *c = running->block->cluster;
    if (!c->launch->crew) fault("count_up (%s:%d) in a launch without crews", place.file, place.line);
    __atomic_fetch_add(counter, by, __ATOMIC_RELEASE);
    traffic[TAG_WORKSPACE].written += sizeof *counter;
    size_t left = 0;
    for (Thread *t : c->counting) {
        if (came(t->counter, t->target))
            make_ready(c, t->warp, t->bit);
        else
            c->counting[left++] = t;
    }
    c->counting.resize(left);
}

void count_wait(const uint32_t *counter, uint32_t target, Place place) {
    Thread *t = running;
    Cluster *c = t->block->cluster;
    if (!c->launch->crew) fault("count_wait (%s:%d) in a launch without crews", place.file, place.line);
    traffic[TAG_WORKSPACE].read += sizeof *counter;
    check_stack(t);
    if (came(counter, target)) return;
    t->word = Word::count_wait;
    t->place = place;
    t->counter = counter;
    t->target = target;
    c->counting.push_back(t);
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

} // namespace simt
