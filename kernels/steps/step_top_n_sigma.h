// step_top_n_sigma.h - how far below the largest a logit may lie: n standard deviations, from integers.
#ifndef URN_STEP_TOP_N_SIGMA_H
#define URN_STEP_TOP_N_SIGMA_H

#include "kernels/bits/dev_fixed.h"

namespace urnd {

// e of bits.h section 3, for the largest gap R > 0.
URN_DEVICE int gap_scale(float largest) {
    uint32_t bits = f32_bits(largest), exponent = bits >> 23;
    int log = exponent ? (int)exponent - 127 : 63 - clz_u64(bits) - 149;
    return 19 - log;
}

// floor(q * 2^e), below 2^20, denormals too.
URN_DEVICE uint32_t scaled_gap(float q, int e) {
    uint32_t bits = f32_bits(q), exponent = bits >> 23;
    uint32_t significand = exponent ? (bits & 0x7fffffu) | 0x800000u : bits;
    int shift = (int)(exponent ? exponent : 1) - 150 + e;
    if (shift >= 0) return significand << (shift & 31);
    return shift > -32 ? significand >> (-shift & 31) : 0;
}

// One thread calls. s1, s2: the sums of the scaled gaps and of their squares over `count` ids.
URN_DEVICE float gap_bound(float s, uint64_t count, uint64_t s1, uint64_t s2, int e) {
    Wide v = wide_difference(wide_product(count, s2), wide_product(s1, s1));
    double variance = (double)v.high * 0x1p64 + (double)v.low;
    double sd = sqrt_f64(variance) / (double)count * bits_f64((uint64_t)(1023 - e) << 52);
    return (float)((double)s * sd);
}

} // namespace urnd

#endif
