/* urn_input.c - what tests feed in: a small counter-based generator, shapes of logits, half-precision conversions. */
#include <math.h>

#include "tests/urn_test.h"

ut_rng ut_rng_make(uint64_t seed) {
    ut_rng rng = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1, 0};
    return rng;
}

/* splitmix64's finaliser over (seed, counter). */
uint64_t ut_u64(ut_rng *rng) {
    uint64_t z = rng->seed + ++rng->next * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t ut_below(ut_rng *rng, int64_t n) { return (int64_t)(ut_u64(rng) % (uint64_t)n); }

double ut_uniform(ut_rng *rng) { return ((double)(ut_u64(rng) >> 12) + 0.5) * 0x1p-52; }

double ut_normal(ut_rng *rng) {
    double radius = sqrt(-2.0 * log(ut_uniform(rng)));
    return radius * cos(6.283185307179586 * ut_uniform(rng));
}

void ut_fill(float *x, int64_t n, ut_shape shape, double scale, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    for (int64_t i = 0; i < n; i++) {
        switch (shape) {
        case UT_NORMAL:
            x[i] = (float)(scale * ut_normal(&rng));
            break;
        case UT_GUMBEL:
            x[i] = (float)(-scale * log(-log(ut_uniform(&rng))));
            break;
        case UT_FLAT:
            x[i] = (float)scale;
            break;
        case UT_TIES:
            x[i] = (float)(scale / 2 * rint(2 * ut_normal(&rng)));
            break;
        }
    }
}

void ut_punch(float *x, int64_t n, double fraction, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    int64_t spared = ut_below(&rng, n);
    for (int64_t i = 0; i < n; i++) {
        if (ut_uniform(&rng) < fraction && i != spared) x[i] = -INFINITY;
    }
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

static float value_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

/* Rounding in integers: a half of the dropped part goes to even, a carry runs into the exponent as it should. */
uint16_t ut_f16_bits(float x) {
    uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, body = bits & 0x7fffffff;
    if (body > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (body >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (body < 0x33000000) return (uint16_t)sign;
    uint32_t exponent = body >> 23, wide, drop;
    if (exponent >= 113) {
        wide = body - (112u << 23);
        drop = 13;
    } else {
        wide = (body & 0x7fffff) | 0x800000;
        drop = 126 - exponent;
    }
    uint32_t kept = wide >> drop, rest = wide & ((1u << drop) - 1), half = 1u << (drop - 1);
    return (uint16_t)(sign | (kept + (rest > half || (rest == half && (kept & 1)))));
}

uint16_t ut_bf16_bits(float x) {
    uint32_t bits = bits_of(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float ut_bf16_value(uint16_t bits) { return value_of((uint32_t)bits << 16); }

float ut_f16_value(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return value_of(sign | 0x7f800000 | fraction << 13);
    if (exponent) return value_of(sign | (exponent + 112) << 23 | fraction << 13);
    return sign ? -ldexpf((float)fraction, -24) : ldexpf((float)fraction, -24);
}

void ut_pack(const float *x, int64_t n, urn_dtype dtype, void *packed) {
    if (dtype == URN_F32) {
        memcpy(packed, x, 4 * (size_t)n);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        ((uint16_t *)packed)[i] = dtype == URN_F16 ? ut_f16_bits(x[i]) : ut_bf16_bits(x[i]);
    }
}

void ut_round(float *x, int64_t n, urn_dtype dtype) {
    for (int64_t i = 0; i < n && dtype != URN_F32; i++) {
        x[i] = dtype == URN_F16 ? ut_f16_value(ut_f16_bits(x[i])) : ut_bf16_value(ut_bf16_bits(x[i]));
    }
}
