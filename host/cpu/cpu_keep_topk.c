/* cpu_keep_topk.c - keep the first k of the order. */
#include <string.h>

#include "host/cpu/cpu_row.h"

#define STEPS 1024

/* An order that at least k elements of K reach: the k-th largest of the groups' largest, rounded down. Where K has lost
 * some of them to an earlier step the hint may be too high, and the search notices. */
static int32_t hint(const urnc_row *row, int64_t k) {
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

int urnc_keep_topk(urnc_row *row, const urnc_act *act) {
    urnc_cut cut;
    int32_t k = act->i[0];
    if (k >= row->kept.n || (row->count >= 0 && k >= row->count)) return URN_ROW_OK;
    if (urnc_cut_find(row, 0, (uint64_t)k, hint(row, k), &cut)) urnc_cut_keep(row, &cut);
    return URN_ROW_OK;
}
