// dev_philox.h - Philox4x32-10 on the device (bits.h section 5).
#ifndef URN_DEV_PHILOX_H
#define URN_DEV_PHILOX_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

struct Counter {
    uint32_t index, draw, position, stream;
};

struct Random4 {
    uint32_t word[4];
    URN_DEVICE uint64_t low64() const { return (uint64_t)word[1] << 32 | word[0]; }
};

// Any thread calls for itself.
URN_DEVICE Random4 philox(uint64_t key, Counter counter) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t x0 = counter.index, x1 = counter.draw, x2 = counter.position, x3 = counter.stream;
    URN_UNROLL
    for (int round = 0; round < URN_PHILOX_ROUNDS; round++) {
        uint64_t a = (uint64_t)URN_PHILOX_M0 * x0, b = (uint64_t)URN_PHILOX_M1 * x2;
        x0 = (uint32_t)(b >> 32) ^ x1 ^ k0;
        x1 = (uint32_t)b;
        x2 = (uint32_t)(a >> 32) ^ x3 ^ k1;
        x3 = (uint32_t)a;
        k0 += URN_PHILOX_W0, k1 += URN_PHILOX_W1;
    }
    return {{x0, x1, x2, x3}};
}

// The row's key: 64 bits of the label's block under the seed.
URN_DEVICE uint64_t row_key(uint64_t seed, uint64_t label) {
    return philox(seed, {(uint32_t)label, (uint32_t)(label >> 32), 0, URN_STREAM_KEY}).low64();
}

// The 64 bits of draw number `draw` at `position`, on the stream of urn_sample.
URN_DEVICE uint64_t draw_bits(uint64_t key, uint32_t draw, uint32_t position) {
    return philox(key, {0, draw, position, URN_STREAM_DRAW}).low64();
}

} // namespace urnd

#endif
