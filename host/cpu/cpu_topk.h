/* cpu_topk.h - the first k of a row: the loops behind it, compiled once an instruction set like those of cpu_loops.h,
 * and the picks that outputs are made from (bits_topk.h T1 to T3).
 *
 * Few elements of a long row can still be among the first k once k are held. So loops only ask, in f32, whether an
 * element may come before a bound, with an answer that is never wrongly no; the key itself is made for those that may.
 */
#ifndef URN_CPU_TOPK_H
#define URN_CPU_TOPK_H

#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_records.h"
#include "urn/topk.h"

/* Items of a long row, by number in the caller's chunk. */
typedef struct urnc_items {
    const void *values; /* NULL: all 0 */
    int32_t type;       /* urn_item_type */
    int64_t n, first;   /* the chunk holds indices first .. first + n - 1 */
} urnc_items;

/* How items are keyed. */
typedef struct urnc_item_rule {
    int by_value;
    double c; /* y = x * c */
    uint64_t key;
    uint32_t position;
} urnc_item_rule;

/* What came along a chunk. */
typedef struct urnc_item_tally {
    int64_t possible;
    int32_t status;
} urnc_item_tally;

/* So many elements of a group, and their keys are made in vectors with all the others' and not one by one. */
#define URNC_MANY_NEAR 24

/* The numbers of the bits that are set, ascending; how many. */
static inline int urnc_places(const uint32_t words[URNC_WORDS], uint8_t place[URNC_GROUP]) {
    int n = 0;
    for (int w = 0; w < URNC_WORDS; w++)
        for (uint32_t left = words[w]; left; left &= left - 1) place[n++] = (uint8_t)(32 * w + __builtin_ctz(left));
    return n;
}

struct urnc_topk_loops {
    /* orders of one group's values, with least_first turned round; a NaN is the largest value, and nans is then not 0.
     * Bits of those at least `bound` -> words; 0: none */
    int (*orders)(const urnc_view *view, int64_t g, int least_first, int32_t bound, int32_t order[URNC_GROUP],
                  uint32_t words[URNC_WORDS], int32_t *nans);
    /* Gumbel keys of one group against a bound: bits of those that may reach it -> words, uniforms -> U; 0: none. Not
     * for linear epochs */
    int (*near_keys)(const urnc_view *view, urnc_scale scale, const urnc_noise *noise, int64_t g, const int32_t *top,
                     int64_t bound, uint64_t U[URNC_GROUP], uint32_t words[URNC_WORDS]);
    /* items of group g (indices 256 g .. 256 g + 255) that come before bound: keys and indices -> record, room for 256;
     * how many -> returned. Tallies what it reads */
    int (*items)(const urnc_items *items, const urnc_item_rule *rule, int64_t g, const urn_topk_record *bound,
                 urn_topk_record *record, urnc_item_tally *tally);
};

/* One of the first k of a row. */
typedef struct urnc_pick {
    int64_t key;
    uint64_t w;
    int32_t id;
    float x;
} urnc_pick;

/* What a row's outputs are made from; picks are in picking order. */
typedef struct urnc_picks {
    const urnc_plan *plan;
    const urnc_law *law; /* NULL: plain */
    urnc_pick *pick;
    int32_t found;
    int64_t threshold;      /* INT64_MIN: none */
    urn_topk_record *spare; /* room for 2 * found */
} urnc_picks;

/* cpu_topk_outputs.c: row r's entries; or those of a row with a status. */
void urnc_topk_outputs(const urn_topk_params *params, int64_t r, const urnc_picks *picks);
void urnc_topk_outputs_none(const urn_topk_params *params, int64_t r, const urnc_plan *plan, int status);

/* cpu_topk_race.c: picks from the top (bits_topk.h T2); how many. */
int32_t urnc_race(urnc_row *row, const urnc_law *law, int32_t k, urnc_pick *pick, int64_t *threshold);

#endif
