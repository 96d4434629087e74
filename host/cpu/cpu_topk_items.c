/* cpu_topk_items.c - items into a collector, over threads by slices, and records into results.
 *
 * What is among the first k does not depend on who looked at an item or when, so threads take slices as they come; a
 * bound that is a little old lets through records that the collector then refuses. */
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_topk_long.h"

#if defined(_OPENMP)
#include <omp.h>
#define URNC_THREAD omp_get_thread_num()
#else
#define URNC_THREAD 0
#endif

typedef struct {
    const urnc_items *items;
    const urnc_item_rule *rule;
    urnc_collector *to;
    int64_t g0, g1; /* groups */
    int alone;
} chunk;

static void tell(const chunk *a, const urn_topk_record *found, int64_t n, urn_topk_record *bound) {
    for (int64_t i = 0; i < n; i++) urnc_collect(a->to, found[i].key, found[i].id);
    *bound = a->to->bound;
}

/* Groups of one slice; what they found goes to the collector together. */
static void take_slice(const chunk *a, int64_t slice, urn_topk_record *found, urn_topk_record *bound,
                       urnc_item_tally *tally) {
    const struct urnc_topk_loops *loops = urnc_loops_here()[0]->topk;
    int64_t from = a->g0 + slice * URNC_SLICE_GROUPS, n = 0;
    int64_t to = from + URNC_SLICE_GROUPS < a->g1 ? from + URNC_SLICE_GROUPS : a->g1;
    for (int64_t g = from; g < to; g++) n += loops->items(a->items, a->rule, g, bound, found + n, tally);
    if (a->alone) {
        tell(a, found, n, bound);
        return;
    }
#pragma omp critical(urnc_items)
    tell(a, found, n, bound);
}

void urnc_collect_items(const urnc_items *items, const urnc_item_rule *rule, urnc_collector *to, urn_topk_record *found,
                        int threads, urnc_item_tally *tally) {
    if (items->n < 1) return;
    chunk a = {items,       rule, to, items->first / URNC_GROUP, (items->first + items->n - 1) / URNC_GROUP + 1,
               threads <= 1};
    int64_t slices = (a.g1 - a.g0 + URNC_SLICE_GROUPS - 1) / URNC_SLICE_GROUPS;
    int64_t team = threads < slices ? threads : slices;
    (void)team;
#pragma omp parallel num_threads((int)team) if (team > 1)
    {
        urnc_item_tally own = {0, 0};
        urn_topk_record bound = to->bound;
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
#pragma omp for schedule(dynamic, 4)
        for (int64_t s = 0; s < slices; s++) take_slice(&a, s, found + (int64_t)URNC_THREAD * URNC_SLICE, &bound, &own);
        urnc_fpenv_leave(&saved);
#pragma omp critical(urnc_items)
        {
            tally->possible += own.possible;
            tally->status |= own.status;
        }
    }
}

/* Key and id change places, the id so that a smaller one comes first. Twice is as it was. */
static void turn(urn_topk_record *record, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        urn_topk_record t = {-record[i].id, record[i].key};
        record[i] = t;
    }
}

static void turn_back(urn_topk_record *record, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        urn_topk_record t = {record[i].id, -record[i].key};
        record[i] = t;
    }
}

void urnc_long_results(const urnc_long_places *to, int64_t k, urn_topk_record *record, int64_t n,
                       urn_topk_record *spare, int threads) {
    int64_t found = n < k ? n : k;
    urnc_records_first(record, n, found);
    if (to->threshold) *to->threshold = n > k ? record[k].key : INT64_MIN;
    if (to->found) *to->found = found;
    if (!to->ids && !to->keys) return;
    if (to->by_id) turn(record, found);
    urnc_records_sort(record, found, spare, threads);
    if (to->by_id) turn_back(record, found);
    for (int64_t i = 0; to->ids && i < to->room; i++) to->ids[i] = i < found ? record[i].id + to->shift : -1;
    for (int64_t i = 0; to->keys && i < to->room; i++) to->keys[i] = i < found ? record[i].key : INT64_MIN;
}
