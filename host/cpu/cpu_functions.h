/* cpu_functions.h - LOG2, EXP2 and POW of bits.h section 3, in f64; inline, so that loops over ids can be vectors. */
#ifndef URN_CPU_FUNCTIONS_H
#define URN_CPU_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "urn/bits.h"

static inline uint64_t urnc_bits_of_f64(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double urnc_f64_of_bits(uint64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* q of bits.h section 6: log2((1 + s) / (1 - s)) = s * q, z = s * s. */
static inline double urnc_log2_series(double z) {
    double q = URN_LOG2_C8;
    q = fma(q, z, URN_LOG2_C7);
    q = fma(q, z, URN_LOG2_C6);
    q = fma(q, z, URN_LOG2_C5);
    q = fma(q, z, URN_LOG2_C4);
    q = fma(q, z, URN_LOG2_C3);
    q = fma(q, z, URN_LOG2_C2);
    q = fma(q, z, URN_LOG2_C1);
    return fma(q, z, URN_LOG2_C0);
}

/* 1 where a significand with these 52 bits is above URN_SQRT2, as the sign of a difference: a comparison would become a
 * branch, and a loop with one no vectors. */
static inline uint64_t urnc_above_sqrt2(uint64_t fraction) { return (UINT64_C(0x6a09e667f3bcd) - fraction) >> 63; }

/* Of a normal v > 0. Halving m is one less in its exponent, so the turn at sqrt 2 is integer arithmetic. */
static inline double urnc_log2_of(double v) {
    uint64_t b = urnc_bits_of_f64(v), fraction = b & 0xfffffffffffffu;
    uint64_t half = urnc_above_sqrt2(fraction);
    double m = urnc_f64_of_bits(fraction | (UINT64_C(1023) - half) << 52);
    int32_t e = (int32_t)(b >> 52) - 1023 + (int32_t)half;
    double s = (m - 1.0) / (m + 1.0);
    return fma(s, urnc_log2_series(s * s), (double)e);
}

/* a where the mask is all ones, b where it is 0: gcc makes a branch of ?: here and then no vectors. */
static inline double urnc_choose(uint64_t mask, double a, double b) {
    return urnc_f64_of_bits((urnc_bits_of_f64(a) & mask) | (urnc_bits_of_f64(b) & ~mask));
}

/* floor of |v| < 2^62, by cutting: gcc calls floor and then converts one by one. */
static inline int64_t urnc_floor_i64(double v) {
    int64_t cut = (int64_t)v;
    return cut - (int64_t)((double)cut > v);
}

/* E of bits.h section 4. Both sides of the turn are one division and one series: what differs is chosen before. */
static inline double urnc_exponential(uint64_t U) {
    uint64_t turned = 0u - (uint64_t)(U >= URN_GUMBEL_TURN);
    double u = (double)(U ^ turned) + 0.5;
    uint64_t b = urnc_bits_of_f64(u), fraction = b & 0xfffffffffffffu;
    uint64_t half = urnc_above_sqrt2(fraction);
    double m = urnc_f64_of_bits(fraction | (UINT64_C(1023) - half) << 52);
    int32_t e = (int32_t)(b >> 52) - 1023 + (int32_t)half;
    double v = u * 0x1p-64;
    double s = urnc_choose(turned, v, m - 1.0) / urnc_choose(turned, 2.0 - v, m + 1.0);
    double q = urnc_log2_series(s * s);
    return urnc_choose(turned, s * q, 64.0 - fma(s, q, (double)e));
}

/* G of the same. */
static inline double urnc_gumbel(uint64_t U) { return -urnc_log2_of(urnc_exponential(U)); }

double urnc_exp2_of(double y);
double urnc_pow(double a, double b);

#endif
