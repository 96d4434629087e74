/* cpu_keep_topk.c - keep the first k of the order. */
#include <string.h>

#include "host/cpu/cpu_row.h"

#define STEPS 1024

/* An order that at least k elements of K reach: the k-th largest of the groups' largest, rounded down. Where K has lost
 * some of them to an earlier step the hint may be too high, and the search notices. */
int32_t urnc_order_hint(const urnc_row *row, int64_t k) {
    int64_t groups = urnc_groups(&row->kept), bin[STEPS];
    if (!row->kept_top || groups < k) return INT32_MIN;
    int32_t least = row->top;
    for (int64_t g = 0; g < groups; g++) least = row->kept_top[g] < least ? row->kept_top[g] : least;
    uint32_t step = ((uint32_t)row->top - (uint32_t)least) / STEPS + 1;
    memset(bin, 0, sizeof bin);
    for (int64_t g = 0; g < groups; g++)
        if (row->kept_top[g] <= row->top) bin[((uint32_t)row->kept_top[g] - (uint32_t)least) / step]++;
    int64_t b = STEPS, reached = 0;
    while (b > 0 && reached < k) reached += bin[--b];
    return (int32_t)((uint32_t)least + (uint32_t)b * step);
}

void urnc_keep_first(urnc_row *row, int64_t k, int with_ties) {
    urnc_cut cut;
    if (k >= row->kept.n || (row->count >= 0 && k >= row->count)) return;
    cut.key = urnc_by_value;
    if (!urnc_cut_find(row, 0, (uint64_t)k, urnc_order_hint(row, k), &cut)) return;
    if (with_ties) cut.ties_kept = cut.ties;
    urnc_cut_keep(row, &cut);
}

int urnc_keep_topk(urnc_row *row, const urnc_act *act) {
    urnc_keep_first(row, act->i[0], (act->flags & URN_STEP_TIES) != 0);
    return URN_ROW_OK;
}
