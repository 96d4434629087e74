/* cpu_scan.c - the first read of a row: the largest of each group, and what is no number. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

static void find_extremes(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    row->loops->extremes(&row->raw, g0, g1, argument, tally);
}

/* Which of NaN and +inf a row has; only rows that have one pay for this. */
static int faults(const urnc_view *view) {
    int status = 0;
    for (int64_t i = 0; i < view->n; i++) {
        int32_t order = urnc_order(urnc_view_at(view, i));
        if (order == URNC_ORDER_INF) status |= URN_ROW_INF;
        if (order > URNC_ORDER_INF || order < URNC_ORDER_MINUS_INF) status |= URN_ROW_NAN;
    }
    return status;
}

int urnc_row_scan(urnc_row *row) {
    urnc_tally found = urnc_over_groups(row, &row->raw, find_extremes, row->tops[0]);
    row->raw_top = row->kept_top = row->tops[0];
    row->top = found.largest;
    if (found.largest >= URNC_ORDER_INF || found.least < URNC_ORDER_MINUS_INF) return faults(&row->raw);
    return URN_ROW_OK;
}
