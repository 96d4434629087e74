/* cpu_keep_tailfree.c - cut where the second differences of the sorted law have spent their share. */
#include <string.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_wide.h"

static size_t one_copy(int64_t cols) { return ((size_t)cols * sizeof(int32_t) + 63) / 64 * 64; }

size_t urnc_sort_bytes(int64_t cols, int32_t needs) { return needs & URN_NEEDS_SORT ? 2 * one_copy(cols) : 0; }

void urnc_sort_begin(urnc_row *row, int64_t cols, int32_t needs, void *scratch) {
    if (!(needs & URN_NEEDS_SORT)) return;
    row->sort[0] = scratch;
    row->sort[1] = (int32_t *)(void *)((char *)scratch + one_copy(cols));
}

/* Largest first, 11 bits of top - order a pass; a pass whose digit all orders share is not walked. Returns which of the
 * two copies is sorted. */
static int32_t *sort_orders(int32_t *from, int32_t *to, int64_t n, int32_t top) {
    int64_t begin[3][URNC_BINS];
    memset(begin, 0, sizeof begin);
    for (int64_t i = 0; i < n; i++) {
        uint32_t below = (uint32_t)top - (uint32_t)from[i];
        for (int pass = 0; pass < 3; pass++) begin[pass][below >> 11 * pass & 2047]++;
    }
    for (int pass = 0; pass < 3; pass++) {
        int64_t first = 0;
        if (begin[pass][((uint32_t)top - (uint32_t)from[0]) >> 11 * pass & 2047] == n) continue;
        for (int b = 0; b < URNC_BINS; b++) {
            int64_t count = begin[pass][b];
            begin[pass][b] = first;
            first += count;
        }
        for (int64_t i = 0; i < n; i++) {
            uint32_t below = (uint32_t)top - (uint32_t)from[i];
            to[begin[pass][below >> 11 * pass & 2047]++] = from[i];
        }
        int32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* w_i: only the ids that weigh something were sorted; the others come after them in the order. Weighed a group at a
 * time, as they are walked. */
typedef struct {
    const urnc_row *row;
    urnc_view view;
    int64_t group;
    uint64_t weight[URNC_GROUP];
} sorted_law;

static int64_t weight_at(sorted_law *law, int64_t i) {
    if (i >= law->view.n) return 0;
    if (i / URNC_GROUP != law->group) {
        law->group = i / URNC_GROUP;
        law->row->loops->weights(&law->view, law->row->scale, law->group, law->weight);
    }
    return (int64_t)law->weight[i % URNC_GROUP];
}

/* How many of the first `last` second differences it takes, from the first on, to pass `limit`; and their sum. The sum
 * of all is at most four times the law's variation, far below 2^63. */
static int64_t walk(sorted_law *law, int64_t last, uint64_t limit, uint64_t *sum) {
    int64_t w0 = weight_at(law, 0), w1 = weight_at(law, 1), steps = 0;
    *sum = 0;
    for (; steps < last && *sum <= limit; steps++) {
        int64_t w2 = weight_at(law, steps + 2), D = w0 - 2 * w1 + w2;
        *sum += (uint64_t)(D < 0 ? -D : D);
        w0 = w1;
        w1 = w2;
    }
    return steps;
}

int urnc_keep_tailfree(urnc_row *row, const urnc_act *act) {
    if (urnc_row_count(row) < 3) return URN_ROW_OK;
    int64_t n =
        row->loops->gather(&row->kept, urnc_least_heavy(row), row->top, row->count, row->kept_top, row->sort[0], 0);
    int32_t *order = sort_orders(row->sort[0], row->sort[1], n, row->top);
    float *x = (float *)(void *)(order == row->sort[0] ? row->sort[1] : row->sort[0]);
    for (int64_t i = 0; i < n; i++) x[i] = urnc_f32_of_order(order[i]);
    sorted_law law = {.row = row, .view = {x, 0, n, URN_F32}, .group = -1};

    /* D past the last weight are 0 */
    int64_t last = n < row->count - 2 ? n : row->count - 2;
    uint64_t S, spent;
    walk(&law, last, UINT64_MAX, &S);
    if (S == 0) return URN_ROW_OK;
    uint64_t limit = (uint64_t)urnc_product(act->f[0], S, 0);
    /* the walk's last step is the one that passes the limit: all j before it count */
    int64_t k = walk(&law, last, limit, &spent);
    urnc_cut cut = {urnc_by_value, order[k - 1], 0, 0};
    for (int64_t i = k; i-- > 0 && order[i] == cut.order;) cut.ties_kept++;
    cut.ties = cut.ties_kept;
    for (int64_t i = k; i < n && order[i] == cut.order; i++) cut.ties++;
    urnc_cut_keep(row, &cut);
    return URN_ROW_OK;
}
