/* cpu_records.h - pairs of a key and an id in their total order: larger key first, then smaller id. */
#ifndef URN_CPU_RECORDS_H
#define URN_CPU_RECORDS_H

#include "urn/topk_long.h"

static inline int urnc_record_before(const urn_topk_record *a, const urn_topk_record *b) {
    return a->key > b->key || (a->key == b->key && a->id < b->id);
}

/* The first k of n records come to the front, in any order. */
void urnc_records_first(urn_topk_record *record, int64_t n, int64_t k);

/* In order; spare has room for n. On at most `threads` threads. */
void urnc_records_sort(urn_topk_record *record, int64_t n, urn_topk_record *spare, int threads);

/* The first k of a stream of records, in a buffer of `room` > k: records that come before `bound` go in; when it is
 * full, the first k stay. bound is the k-th of those seen at some time; until there is one, everything comes before it.
 */
typedef struct urnc_collector {
    urn_topk_record *record;
    int64_t n, k, room;
    urn_topk_record bound;
} urnc_collector;

/* k may be 0: then nothing goes in. */
void urnc_collect_begin(urnc_collector *to, urn_topk_record *record, int64_t room, int64_t k);
void urnc_collect_settle(urnc_collector *to); /* n is at most k, bound the last of them if they are k */
static inline void urnc_collect(urnc_collector *to, int64_t key, int64_t id) {
    urn_topk_record found = {key, id};
    if (!urnc_record_before(&found, &to->bound)) return;
    to->record[to->n++] = found;
    if (to->n == to->room) urnc_collect_settle(to);
}

#endif
