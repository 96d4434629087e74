// dev_gumbel.h - Gumbel keys: noise that belongs to ids, in fixed point (bits.h section 4).
#ifndef URN_DEV_GUMBEL_H
#define URN_DEV_GUMBEL_H

#include "kernels/bits/dev_log2.h"
#include "kernels/bits/dev_philox.h"

namespace urnd {

// -log2 of the uniform u in (0, 1), accurate at both ends: near 1 it is made from 1 - u. Any thread calls for itself.
URN_DEVICE double exponential_bits(uint64_t u) {
    if (u < URN_GUMBEL_TURN) return 64.0 - log2_f64((double)u + 0.5);
    double v = ((double)~u + 0.5) * 0x1p-64;
    double s = v / (2.0 - v);
    return s * log2_series(s * s);
}

// The key of an id with y = log2 of its weight against the law's largest. |key| < 2^61.
URN_DEVICE int64_t gumbel_key(double y, uint64_t u) {
    double at = (y - log2_f64(exponential_bits(u))) * 0x1p40;
    int64_t whole = (int64_t)at; // towards 0
    return (double)whole > at ? whole - 1 : whole;
}

// The block that an even id and the one after it share, and the word pair of one of them.
URN_DEVICE Random4 gumbel_block(uint64_t key, uint32_t id, uint32_t draw, uint32_t position) {
    return philox(key, {id >> 1, draw, position, URN_STREAM_GUMBEL});
}
URN_DEVICE uint64_t gumbel_bits(const Random4 &block, uint32_t id) {
    uint32_t low = (id & 1) ? block.word[2] : block.word[0], high = (id & 1) ? block.word[3] : block.word[1];
    return (uint64_t)high << 32 | low;
}

} // namespace urnd

#endif
