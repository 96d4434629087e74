/* cpu_first.c - the first few of K in the order, in the order. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

/* Elements come in their own order, so moving up past smaller ones only leaves equal values by smaller id. */
static void sort_few(int32_t *order, int32_t *at, int n) {
    for (int i = 1; i < n; i++) {
        int32_t key = order[i], element = at[i];
        int j = i;
        for (; j > 0 && order[j - 1] < key; j--) {
            order[j] = order[j - 1];
            at[j] = at[j - 1];
        }
        order[j] = key;
        at[j] = element;
    }
}

int urnc_first(const urnc_row *row, int most, int32_t *order, int32_t *at) {
    urnc_cut cut = {urnc_by_value, URNC_ORDER_LEAST, 0, 0};
    int more = urnc_cut_find(row, 0, (uint64_t)most, urnc_order_hint(row, most), &cut);
    int32_t above = more ? cut.order + 1 : URNC_ORDER_LEAST;
    int64_t n = row->loops->gather(&row->kept, above, row->top, most, row->kept_top, order, at);
    sort_few(order, at, (int)n);
    if (more) n += row->loops->gather(&row->kept, cut.order, cut.order, most - n, row->kept_top, order + n, at + n);
    return (int)n;
}
