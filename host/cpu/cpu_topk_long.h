/* cpu_topk_long.h - items into a collector, and a collector into results: what long rows and segments share. */
#ifndef URN_CPU_TOPK_LONG_H
#define URN_CPU_TOPK_LONG_H

#include "host/cpu/cpu_topk.h"

#define URNC_SLICE_GROUPS 32 /* a thread takes so many groups at a time, and then tells the others what it found */
#define URNC_SLICE (URNC_SLICE_GROUPS * URNC_GROUP)

/* Records that a collector of the first k wants: more room, fewer selections. */
static inline int64_t urnc_long_room(int64_t k) { return 2 * k + 4096; }

/* Every item of a chunk. found: URNC_SLICE records for each of `threads`. */
void urnc_collect_items(const urnc_items *items, const urnc_item_rule *rule, urnc_collector *to, urn_topk_record *found,
                        int threads, urnc_item_tally *tally);

/* Where results go; NULL: not wanted. */
typedef struct urnc_long_places {
    int64_t *ids, *keys, *found, *threshold;
    int64_t room;  /* entries of ids and keys */
    int64_t shift; /* added to ids */
    int by_id;
} urnc_long_places;

/* The first k of n <= k + 1 records; spare has room for n. Records are spoilt. */
void urnc_long_results(const urnc_long_places *to, int64_t k, urn_topk_record *record, int64_t n,
                       urn_topk_record *spare, int threads);

#endif
