/* cpu_epoch.c - the span of a list over which M, c and the weights are fixed (bits.h section 2). */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"

typedef struct {
    const urnc_view *view;
    urnc_scale scale;
    uint64_t *sums;
} weigh_argument;

static void weigh(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const weigh_argument *a = argument;
    row->loops->weigh(a->view, a->scale, g0, g1, a->sums, tally);
}

urnc_tally urnc_weigh_view(const urnc_row *row, const urnc_view *view, urnc_scale scale, uint64_t *sums) {
    weigh_argument a = {view, scale, sums};
    return urnc_over_groups(row, view, weigh, &a);
}

void urnc_epoch_weigh(urnc_row *row) {
    if (row->weighed) return;
    row->Z = urnc_weigh_view(row, &row->kept, row->scale, row->sums).sum;
    row->weighed = 1;
}

static void find_extremes(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    row->loops->extremes(&row->kept, g0, g1, argument, tally);
}

void urnc_epoch_largest(urnc_row *row) {
    if (!row->top_stale) return;
    row->top = urnc_over_groups(row, &row->kept, find_extremes, row->tops[1]).largest;
    row->kept_top = row->tops[1];
    row->weighed = 0;
    row->top_stale = 0;
}

static int is_greedy(float T, float c) { return T == 0.0f || isinf(c); }

/* A part of a row has its M given, may be empty, and does not know who is first. */
int urnc_epoch_open(urnc_row *row) {
    if (row->open) return URN_ROW_OK;
    if (!row->M) urnc_epoch_largest(row);
    if (!row->M && row->top < URNC_ORDER_LEAST) return URN_ROW_EMPTY;
    urnc_scale before = row->scale;
    float largest = row->M ? *row->M : urnc_f32_of_order(row->top);
    if (!row->scale.linear) row->scale.M = largest; /* a link's is from before the change */
    row->scale.c = URN_LOG2E / row->T;
    row->W = urnc_weight_of(row->scale, largest);
    /* a temperature of 1 between two keep steps, or a rule that closes its epoch, need not change the weights */
    if (row->scale.M != before.M || row->scale.c != before.c) row->weighed = 0;
    row->greedy = is_greedy(row->T, row->scale.c);
    row->open = 1;
    if (!row->greedy) {
        urnc_epoch_weigh(row);
        row->Z_open = row->Z;
    } else if (!row->M) {
        urnc_row_only(row, row->top);
    }
    return URN_ROW_OK;
}

void urnc_epoch_close(urnc_row *row) {
    if (!row->open) return;
    row->open = 0;
    if (row->greedy) return;
    urnc_epoch_weigh(row);
    row->A += urnc_log2(row->Z) - urnc_log2(row->Z_open);
}
