// bulk_copy.cpp - mbarriers with one arrival, and the copies they guard.
#include "kernels/simt/race.h"
#include "kernels/simt/schedule.h"

#include <cstring>

namespace simt {

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

} // namespace simt
