/* resample_case.c - random rows of weights. */
#include "tests/prop/resample_case.h"

#include <math.h>

void resample_words(ut_rng *rng, void *data, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i++) ((unsigned char *)data)[i] = (unsigned char)ut_u64(rng);
}

static double value_of(ut_rng *rng, int kind, double scale, int logs) {
    double v = ut_normal(rng) * scale;
    if (kind == 1) v = 0.25;                            /* flat */
    if (kind == 2) v = floor(v) * 0.5;                  /* ties, exact halves */
    if (kind == 3 && ut_below(rng, 3)) v = -INFINITY;   /* holes */
    if (kind == 4) v = ut_below(rng, 12) ? -40.0 : 0.0; /* a few heads over dust */
    if (kind == 5) v *= 1e-3, v += logs ? 1e4 : 0;      /* far from 0 */
    if (logs) return v;
    if (kind == 6) return (double)ut_below(rng, 4);     /* small integers, zeros */
    if (kind == 7) return ldexp(ut_uniform(rng), -140); /* subnormal in f32 */
    return v == -INFINITY ? 0 : exp(v);
}

void resample_values(ut_rng *rng, int32_t type, void *data, int64_t n, int good) {
    static const double scales[] = {0.1, 1, 3, 12};
    int logs = type <= URN_WEIGHT_LOG_F64, kind = (int)ut_below(rng, 9), bad = !good && ut_below(rng, 6) == 0;
    double scale = scales[ut_below(rng, 4)];
    for (int64_t i = 0; i < n; i++) {
        double v = value_of(rng, kind, scale, logs);
        if (kind == 8 && !good && i >= n / 3) v = logs ? -INFINITY : -0.0; /* often all of a short row */
        if (bad && ut_below(rng, n) == 0) {
            const double odd[] = {NAN, INFINITY, logs ? -INFINITY : -1.0, logs ? -1e300 : 1e-300};
            v = odd[ut_below(rng, 4)];
        }
        if (type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_F32)
            ((float *)data)[i] = (float)v;
        else
            ((double *)data)[i] = v;
    }
    if (good && n > 0) { /* one item at least has weight */
        if (type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_F32)
            ((float *)data)[ut_below(rng, n)] = 1;
        else
            ((double *)data)[ut_below(rng, n)] = 1;
    }
}

int64_t resample_weights(ut_call *call, urn_weights *weights, ut_rng *rng, const weights_plan *plan) {
    static const int64_t edges[] = {1, 2, 3, 31, 32, 33, 64, 100, 255, 257};
    int64_t edge = edges[ut_below(rng, 10)];
    memset(weights, 0, sizeof *weights);
    weights->type = (int32_t)ut_below(rng, plan->logs ? 2 : 4);
    weights->rows = 1 + ut_below(rng, plan->rows);
    weights->items = ut_below(rng, 2) && edge <= plan->items ? edge : 1 + ut_below(rng, plan->items);
    size_t unit = weights->type == URN_WEIGHT_LOG_F32 || weights->type == URN_WEIGHT_F32 ? 4 : 8;
    int64_t elements = weights->rows * weights->items;
    if (!plan->dense && ut_below(rng, 3) == 0) {
        int64_t *offsets =
            (int64_t *)ut_call_array(call, &weights->offsets, UT_IN, weights->rows + 1, 8, "weights.offsets");
        offsets[0] = ut_below(rng, 4);
        for (int64_t r = 0; r < weights->rows; r++) {
            int empty = !plan->good && ut_below(rng, 10) == 0;
            offsets[r + 1] = offsets[r] + (empty ? 0 : 1 + ut_below(rng, weights->items));
        }
        weights->size = elements = offsets[weights->rows] + ut_below(rng, 3);
        if (!plan->good && ut_below(rng, 10) == 0) offsets[ut_below(rng, weights->rows + 1)] -= weights->items;
    } else if (ut_below(rng, 3) == 0) {
        weights->stride = weights->items + ut_below(rng, 5);
        elements = (weights->rows - 1) * weights->stride + weights->items;
    }
    void *data = ut_call_array(call, &weights->data, UT_IN, elements, unit, "weights.data");
    call->member[call->count - 1].misalign = unit * (size_t)ut_below(rng, 9);
    int64_t row = weights->stride ? weights->stride : weights->items;
    for (int64_t at = 0; at < elements; at += row) { /* ragged rows: kinds mix */
        int64_t n = elements - at < row ? elements - at : row;
        resample_values(rng, weights->type, (char *)data + (size_t)at * unit, n, plan->good);
    }
    return weights->offsets ? weights->size : weights->rows * weights->items;
}
