// schedule.h - which lane runs next. Inline, because a word that waits jumps from here.
//
// A lane runs until it speaks a word that waits, then jumps straight to the next lane that can run; the OS thread's own
// stack is returned to only when none can. Lanes of the current warp go first, so that 32 stacks stay in cache.
#ifndef URN_SCHEDULE_H
#define URN_SCHEDULE_H

#include "kernels/simt/simt_machine.h"

namespace simt {

inline uint64_t next_random(Cluster *c) {
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random * 0x2545f4914f6cdd1dull;
}

inline void make_ready(Cluster *c, Warp *w, uint32_t lanes) {
    w->ready |= lanes;
    c->ready_warps[w->number >> 6] |= uint64_t{1} << (w->number & 63);
}

inline int choose_bit(Cluster *c, uint64_t bits, int width) {
    if (c->order == 0) return __builtin_ctzll(bits);
    if (c->order == 1) return 63 - __builtin_clzll(bits);
    // the first set bit at or after a random place, round the end
    uint64_t from = bits & (~uint64_t{0} << (next_random(c) >> 32) % static_cast<unsigned>(width));
    return __builtin_ctzll(from ? from : bits);
}

inline Warp *choose_warp(Cluster *c) {
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

inline void check_stack(const Thread *t) {
    if (!StackPool::intact(&t->context)) fault("the stack of a thread overflowed: keep large arrays out of kernels");
}

} // namespace simt

#endif
