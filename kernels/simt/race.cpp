// race.cpp - the check of race.h.
#include "kernels/simt/race.h"

#include <algorithm>
#include <cstring>

namespace simt {

namespace {

// In a crew no block reaches another's shared memory, and there may be more of them than this has room for.
uint16_t number(const Thread *t) {
    uint32_t rank = t->block->cluster->launch->crew ? 0 : t->block->rank;
    return static_cast<uint16_t>(rank * 1024 + t->id);
}

uint32_t warp_clock(const Thread *t) { return std::max(t->warp->synced, t->block->synced); }

// Has the running thread waited for what barrier `index` of its block guards, itself or by a lane of its warp that it
// has met since?
bool has_waited(const Thread *t, uint32_t index) {
    uint32_t bit = 1u << (index & 31);
    if (t->bulk_waited & bit) return true;
    for (const Thread *lane = t->warp->threads; lane < t->warp->threads + 32; lane++)
        if ((lane->bulk_waited & bit) && lane->bulk_time < warp_clock(t)) return true;
    return false;
}

// The narrowest crowd that holds those who touched and thread `me`.
Crowd meeting(const Touch &touch, uint16_t me) {
    Crowd pair = touch.thread == me                 ? Crowd::thread
                 : touch.thread / 32 == me / 32     ? Crowd::warp
                 : touch.thread / 1024 == me / 1024 ? Crowd::block
                                                    : Crowd::cluster;
    return std::max(pair, touch.crowd);
}

bool ordered(const Touch &touch, const Thread *t, uint16_t me) {
    if (touch.time == 0) return true;
    if (touch.thread & kBulkWriter) {
        return touch.time < t->block->synced || has_waited(t, touch.thread & ~kBulkWriter);
    }
    switch (meeting(touch, me)) {
    case Crowd::thread:
        return true;
    case Crowd::warp:
        return touch.time < warp_clock(t);
    case Crowd::block:
        return touch.time < t->block->synced;
    default:
        return touch.time < t->block->cluster->synced;
    }
}

// Join the crowd of those whom nothing orders, or start a new one.
void join(Touch *touch, const Thread *t, uint16_t me) {
    touch->crowd = ordered(*touch, t, me) ? Crowd::thread : meeting(*touch, me);
    touch->thread = me;
    touch->time = t->block->cluster->clock;
}

[[noreturn]] void race(const Touch &touch, const char *did, Use use, const char *name, size_t index) {
    const char *what = use == Use::read ? "read" : use == Use::write ? "written" : "changed";
    if (touch.thread & kBulkWriter)
        fault("race: %s[%zu] is %s without a bulk_wait for the copy that wrote it", name, index, what);
    fault("race: %s[%zu] is %s after thread %u of block rank %u %s it, with no barrier between", name, index, what,
          touch.thread % 1024, touch.thread / 1024, did);
}

// Records of an array lie side by side from that of its first byte on, whatever its elements' size.
Access *record_of(Block *block, uint32_t byte, uint32_t size, size_t index) {
    return block->accesses + (byte - index * size) / 2 + index;
}

} // namespace

void check_races(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, Use use, const void *value,
                 const char *name, size_t index) {
    const Thread *t = running;
    uint16_t me = number(t);
    Access *a = record_of(block, byte, size, index);
    const Touch now = {block->cluster->clock, me, Crowd::thread};
    const uint32_t met = block == t->block ? block->synced : block->cluster->synced;
    for (uint32_t at = 0; at < bytes; at += size, index++, a++) {
        // mostly: nobody since the last barrier, or a crowd of readers that this one adds nothing to
        if (std::max(a->write.time, a->atomic.time) < met) {
            if (a->read.time < met || (a->read.thread == me && a->read.crowd == Crowd::thread)) {
                (use == Use::read ? a->read : use == Use::write ? a->write : a->atomic) = now;
                continue;
            }
            if (use == Use::read && a->read.time == now.time &&
                (a->read.crowd == Crowd::cluster ||
                 (a->read.crowd == Crowd::block && a->read.thread / 1024 == me / 1024)))
                continue;
        }
        if (!ordered(a->write, t, me) &&
            !(use == Use::write &&
              std::memcmp(block->shared + byte + at, static_cast<const char *>(value) + at, size) == 0))
            race(a->write, "stored", use, name, index);
        if (use != Use::atomic && !ordered(a->atomic, t, me)) race(a->atomic, "changed", use, name, index);
        if (use != Use::read && !ordered(a->read, t, me)) race(a->read, "read", use, name, index);
        if (use == Use::write)
            a->write = now;
        else
            join(use == Use::read ? &a->read : &a->atomic, t, me);
    }
}

void check_bulk_races(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, const char *name, size_t index) {
    const Thread *t = running;
    uint16_t me = number(t);
    const Access *a = record_of(block, byte, size, index);
    for (const Access *end = a + bytes / size; a < end; a++, index++)
        for (const Touch *touch : {&a->write, &a->read, &a->atomic})
            if (!ordered(*touch, t, me)) race(*touch, "touched", Use::write, name, index);
}

void note_bulk_landing(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, size_t index, uint32_t barrier) {
    Touch landing = {block->cluster->clock, static_cast<uint16_t>(kBulkWriter | barrier), Crowd::thread};
    Access *a = record_of(block, byte, size, index);
    for (Access *end = a + bytes / size; a < end; a++) a->write = landing;
}

} // namespace simt
