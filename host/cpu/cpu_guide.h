/* cpu_guide.h - where in a long row of growing sums a search may begin: a table of one cell for eight items, so that
 * most searches end within a line or two of memory. */
#ifndef URN_CPU_GUIDE_H
#define URN_CPU_GUIDE_H

#include <stddef.h>
#include <stdint.h>

#include "host/cpu/cpu_wide.h"

/* Sum number i of something; they never fall, and the last one is the total. */
typedef urnc_u128 (*urnc_sums)(const void *argument, int64_t i);

typedef struct urnc_guide {
    int32_t *first;   /* [cells + 1] */
    int64_t n, cells; /* cells 0: no guide was made */
    double scale;     /* a sum's cell is its share of the total, rounded in any way that keeps the order */
    urnc_sums sums;
    void (*touch)(const void *argument, int64_t i); /* ask for the memory of sum i early */
    const void *argument;
} urnc_guide;

size_t urnc_guide_bytes(int64_t n);

/* A guide to sums whose total is above 0; n, sums, touch and argument are set. */
void urnc_guide_make(urnc_guide *guide, void *room, urnc_u128 total, int team);

/* The first sum above y, which is below the total; of `count` numbers, whose misses of cache overlap. */
void urnc_guide_find(const urnc_guide *guide, const urnc_u128 *y, int count, int64_t *found);

#endif
