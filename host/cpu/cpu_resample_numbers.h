/* cpu_resample_numbers.h - wide integers of bits_resample.h: draws below Z, division by T, f64 and log2. */
#ifndef URN_CPU_RESAMPLE_NUMBERS_H
#define URN_CPU_RESAMPLE_NUMBERS_H

#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_wide.h"
#include "urn/bits_resample.h"

static inline double urnc_f64_of_wide(urnc_u128 Z) {
    return (double)(uint64_t)(Z >> 64) * 0x1p64 + (double)(uint64_t)Z;
}

static inline double urnc_log2_wide(urnc_u128 Z) {
    int beyond = 0;
    while (Z >> beyond >> 64) beyond++;
    double log2 = urnc_log2((uint64_t)(Z >> beyond));
    return beyond ? log2 + (double)beyond : log2;
}

static inline uint64_t urnc_block_v64(urnc_block block) { return block.word[2] | (uint64_t)block.word[3] << 32; }

static inline uint64_t urnc_high(uint64_t a, uint64_t b) { return (uint64_t)((urnc_u128)a * b >> 64); }

/* WIDE: floor((U * 2^64 + V) * Z / 2^128) by halves of Z. */
static inline urnc_u128 urnc_wide_below(urnc_block block, urnc_u128 Z) {
    uint64_t U = urnc_block_u64(block), V = urnc_block_v64(block), low = (uint64_t)Z, high = (uint64_t)(Z >> 64);
    urnc_u128 VL = (urnc_u128)V * low, UL = (urnc_u128)U * low, VH = (urnc_u128)V * high, UH = (urnc_u128)U * high;
    urnc_u128 middle = (VL >> 64) + (uint64_t)UL + (uint64_t)VH;
    return UH + (UL >> 64) + (VH >> 64) + (middle >> 64);
}

/* PICK */
static inline urnc_u128 urnc_below(int wide, urnc_block block, urnc_u128 Z) {
    return wide ? urnc_wide_below(block, Z) : urnc_high(urnc_block_u64(block), (uint64_t)Z);
}

/* floor(X / T) for a quotient below 2^32, and the rest. The estimate is off by one at the most, which its remainder in
 * wrapped integers shows. over_T is about 1 / T. */
static inline int64_t urnc_divide(urnc_u128 X, urnc_u128 T, double over_T, urnc_u128 *rest) {
    int64_t k = (int64_t)(urnc_f64_of_wide(X) * over_T);
    urnc_u128 left = X - (urnc_u128)k * T;
    if (left >> 127) {
        left += T;
        k--;
    } else if (left >= T) {
        left -= T;
        k++;
    }
    *rest = left;
    return k;
}

#endif
