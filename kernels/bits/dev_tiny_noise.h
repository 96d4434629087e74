// dev_tiny_noise.h - Gumbel noise of short rows in f32, from 64-bit uniforms, both tails kept (bits.h section 10).
#ifndef URN_DEV_TINY_NOISE_H
#define URN_DEV_TINY_NOISE_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

// log2(1 + t) + e, t in [1/sqrt 2 - 1, sqrt 2 - 1]. Any thread calls for itself, as all here.
URN_DEVICE float tiny_log2(float e, float t) {
    float q = fma_f32(URN_TINY_T8, t, URN_TINY_T7);
    q = fma_f32(q, t, URN_TINY_T6);
    q = fma_f32(q, t, URN_TINY_T5);
    q = fma_f32(q, t, URN_TINY_T4);
    q = fma_f32(q, t, URN_TINY_T3);
    q = fma_f32(q, t, URN_TINY_T2);
    q = fma_f32(q, t, URN_TINY_T1);
    q = fma_f32(q, t, URN_TINY_T0);
    return fma_f32(t, q, e);
}

struct TinySplit {
    float e, t;
};

// v > 0, normal, as 2^e (1 + t).
URN_DEVICE TinySplit tiny_split(float v) {
    int32_t i = (int32_t)(f32_bits(v) - 0x3f3504f3u);
    int32_t e = i >> 23; // of a negative one too: an arithmetic shift here, on every compiler that we have
    return {(float)e, bits_f32(f32_bits(v) - ((uint32_t)e << 23)) - 1.0f};
}

// G of one id. Which end of (0, 1) the uniform is near decides what E is made of, so that neither end loses bits; the
// two logarithms are one copy of the polynomial each for both ends.
URN_DEVICE float tiny_gumbel(uint32_t low, uint32_t high) {
    bool turn = high >= URN_TINY_TURN;
    uint32_t h = turn ? ~high : high, l = turn ? ~low : low;
    float a = fma_f32((float)(l | 1u), 0x1p-32f, (float)h) * 0x1p-32f;
    TinySplit s = tiny_split(a);
    float log_u = tiny_log2(turn ? 0.0f : s.e, turn ? -a : s.t);
    TinySplit g = tiny_split(-log_u);
    return -tiny_log2(g.e, g.t);
}

} // namespace urnd

#endif
