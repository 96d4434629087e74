// dev_exp2.h - the weight of a logit: floor(2^F * 2^((x - M) c)) by bits.h section 2, step for step.
#ifndef URN_DEV_EXP2_H
#define URN_DEV_EXP2_H

#include "kernels/bits/dev_fixed.h"

namespace urnd {

// 2^(d c) as v * 2^n. live: n >= -F; where it is false v and n mean nothing and the weight is 0. F is URN_F but in the
// long rows of the resample family, where it is up to 48.
struct Power {
    float v;
    int n;
    bool live;
};

// Any thread calls for itself. d = x - M, which may be -inf.
URN_DEVICE Power power(float d, float c, int fraction = URN_F) {
    float t = fma_f32(d, c, URN_ROUND_MAGIC);
    float n = t - URN_ROUND_MAGIC;
    float f = fma_f32(d, c, -n);
    float v = fma_f32(URN_EXP2_E5, f, URN_EXP2_E4);
    v = fma_f32(v, f, URN_EXP2_E3);
    v = fma_f32(v, f, URN_EXP2_E2);
    v = fma_f32(v, f, URN_EXP2_E1);
    v = fma_f32(v, f, 1.0f);
    bool live = n >= (float)-fraction;
    // t - magic counts units in the last place of t, so the integer n is also the difference of their bits
    return {v, live ? (int)(f32_bits(t) - f32_bits(URN_ROUND_MAGIC)) : 0, live};
}

// floor(v * 2^(F + n)) for a live power: v lies in [1/2, 2), so its significand stands 16 or 17 bits below 2^F, and
// n <= 0 for d <= 0. One 64-bit shift to the right.
URN_DEVICE uint64_t power_weight(Power p, int fraction = URN_F) {
    uint32_t bits = f32_bits(p.v);
    uint64_t at_one = (uint64_t)((bits & 0x7fffffu) | 0x800000u) << (fraction - 23);
    uint32_t right = (uint32_t)-p.n + (bits < 0x3f800000u ? 1u : 0u);
    return p.live ? at_one >> (right & 63u) : 0;
}

// g in [0, 1] as a power, for links: its significand and exponent, so that power_weight gives floor(g * 2^F).
URN_DEVICE Power linear_power(float g) {
    uint32_t bits = f32_bits(g);
    int n = (int)(bits >> 23) - 127;
    return {bits_f32((bits & 0x7fffffu) | 0x3f800000u), n, n >= -URN_F};
}

// Any thread calls for itself. x <= max; x may be -inf, which weighs 0.
URN_DEVICE uint64_t weight(float x, float max, float c) { return power_weight(power(x - max, c)); }

// The term of the entropy's sum E: floor(v a * 2^(F + n)), a = -(d c).
URN_DEVICE uint64_t entropy_term(float x, float max, float c) {
    float d = x - max;
    Power p = power(d, c);
    float a = -(d * c);
    return p.live ? floor_scaled(p.v * a, URN_F + p.n) : 0;
}

} // namespace urnd

#endif
