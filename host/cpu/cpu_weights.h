/* cpu_weights.h - the weight of a value, as an integer (bits.h section 2). */
#ifndef URN_CPU_WEIGHTS_H
#define URN_CPU_WEIGHTS_H

#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_loops.h"
#include "urn/bits.h"

#define URNC_ROUND_MAGIC_BITS 0x4b400000u

/* 2^f on [-1/2, 1/2]. */
static inline float urnc_exp2_poly(float f) {
    float v = URN_EXP2_E5;
    v = fmaf(v, f, URN_EXP2_E4);
    v = fmaf(v, f, URN_EXP2_E3);
    v = fmaf(v, f, URN_EXP2_E2);
    v = fmaf(v, f, URN_EXP2_E1);
    return fmaf(v, f, 1.0f);
}

/* floor(a * 2^(F - m)) for a >= 0, m in [0, F] and a * 2^-m < 2: a's significand is (bits & ..) | 1 << 23 and counts
 * units of 2^(exponent - 150), so floor is a right shift of significand << 17. For larger m: 0. Zero and subnormal a
 * are shifted out whole, so their missing leading bit does not matter. */
static inline uint64_t urnc_floor(float a, uint32_t m) {
    uint32_t b = urnc_bits_of_f32(a);
    uint32_t inside = 0u - (uint32_t)(m <= URN_F); /* a mask: gcc makes a branch of ?: here and then no vectors */
    uint32_t significand = ((b & 0x7fffffu) | 0x800000u) & inside;
    uint32_t shift = 127u + m - (b >> 23);
    return (uint64_t)significand << 17 >> (shift < 63u ? shift : 63u);
}

/* 2^(d * c) = v * 2^-m. t's low bits count n from URN_ROUND_MAGIC, so m = -n is an integer subtraction; anything
 * outside [0, F], an infinite d included, comes out above F. */
static inline float urnc_exp2(float d, float c, uint32_t *m) {
    float t = fmaf(d, c, URN_ROUND_MAGIC);
    float n = t - URN_ROUND_MAGIC;
    float f = fmaf(d, c, -n);
    *m = URNC_ROUND_MAGIC_BITS - urnc_bits_of_f32(t);
    return urnc_exp2_poly(f);
}

static inline uint64_t urnc_weight(float x, float M, float c) {
    uint32_t m;
    float v = urnc_exp2(x - M, c, &m);
    return urnc_floor(v, m);
}

/* In a link's epoch x is the weight as a real number, in [0, 1], or -inf outside K: floor(x * 2^F). */
static inline uint64_t urnc_weight_linear(float x) { return urnc_floor(x > 0.0f ? x : 0.0f, 0); }

static inline uint64_t urnc_weight_of(urnc_scale scale, float x) {
    return scale.linear ? urnc_weight_linear(x) : urnc_weight(x, scale.M, scale.c);
}

/* a of bits.h section 3: minus log2 of the weight as a real number. */
static inline float urnc_surprise_exp(float x, float M, float c) {
    float d = x - M;
    return -(d * c);
}

static inline float urnc_surprise_linear(float x) {
    float a = (float)-urnc_log2_of((double)urnc_positive(x));
    return x > 0.0f ? a : INFINITY;
}

static inline float urnc_surprise(urnc_scale scale, float x) {
    return scale.linear ? urnc_surprise_linear(x) : urnc_surprise_exp(x, scale.M, scale.c);
}

/* What the id adds to E, the sum behind entropy (bits.h section 6): floor of g * 2^(F + n), g = v * a. */
static inline uint64_t urnc_weight_entropy(float x, float M, float c) {
    float d = x - M;
    uint32_t m;
    float v = urnc_exp2(d, c, &m);
    float a = -(d * c);
    return urnc_floor(v * a, m);
}

static inline uint64_t urnc_weight_entropy_linear(float x) {
    float g = urnc_positive(x); /* the least one adds nothing either */
    float a = (float)-urnc_log2_of((double)g);
    return urnc_floor(g * a, 0);
}

#endif
