/* cpu_resample_loops.h - the loops over a row of particles' weights (bits_resample.h section 1), once a clone. */
#ifndef URN_CPU_RESAMPLE_LOOPS_H
#define URN_CPU_RESAMPLE_LOOPS_H

#include <stdint.h>

#include "urn/resample.h"

#define URNC_LOT 256 /* weights that stand in the first-level cache at a time */

/* A row, and how its items become integers. */
typedef struct urnc_crowd {
    const void *data;
    int64_t n;
    int32_t type; /* urn_weight_type */
    int32_t F;
    double M;      /* the largest log-weight; linear: unused */
    double unit;   /* linear: a power of two, exact, that puts the largest into the normal f64 */
    int32_t e;     /* linear: 2^e is the least power of two >= the largest times unit */
    uint64_t most; /* no weight is above it */
} urnc_crowd;

/* The orders of the largest and least item: bits of f32 or f64 whose signed order is the order of values. */
typedef struct urnc_reach {
    int64_t largest, least;
} urnc_reach;

typedef struct urnc_totals {
    uint64_t sum;       /* of at most 2^14 weights of at most 2^48 */
    uint64_t square[3]; /* sums of h * h, h * l, l * l, w = h * 2^24 + l */
    uint64_t top;       /* the largest weight */
} urnc_totals;

/* Where a lot's prefix sums s stand against M equal shares of the mass: share = fma(s, per, first). */
typedef struct urnc_ruler {
    double per, first;
} urnc_ruler;

typedef struct urnc_resample_loops {
    void (*reach)(const urnc_crowd *crowd, int64_t begin, int64_t end, urnc_reach *reach);
    /* the weights of the lot that begins at item `begin`, 0 past the row's end */
    void (*weigh)(const urnc_crowd *crowd, int64_t begin, uint64_t w[URNC_LOT]);
    uint64_t (*one)(const urnc_crowd *crowd, int64_t i);
    /* adds the lot's; squares only if wanted */
    void (*total)(const uint64_t w[URNC_LOT], int squares, urnc_totals *totals);
    /* floor of each share -> k; returned: whether some share is so near a whole number that floor may be wrong */
    int (*measure)(urnc_ruler ruler, const uint64_t s[URNC_LOT], int32_t k[URNC_LOT]);
} urnc_resample_loops;

#endif
