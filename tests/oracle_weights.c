/* oracle_weights.c - rows of weights: words, integer weights, sums and statistics (bits_resample.h, 1 and 2). */
#include "tests/oracle_resample.h"

#include <math.h>

#define WIDE_COLS (INT64_C(1) << 22)

static double f64_of(oracle_wide z) { return (double)(uint64_t)(z >> 64) * 0x1p64 + (double)(uint64_t)z; }

static double log2_of(oracle_wide z) {
    int bits = 0;
    while (bits < 128 && z >> bits) bits++;
    return bits <= 64 ? oracle_log2_of((uint64_t)z)
                      : oracle_log2_of((uint64_t)(z >> (bits - 64))) + (double)(bits - 64);
}

static double nan64(void) {
    uint64_t bits = URN_NAN_BITS_F64;
    double v;
    memcpy(&v, &bits, 8);
    return v;
}

int oracle_bad_offsets(const int64_t *offsets, int64_t r, int64_t size) {
    return offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size;
}

/* ---- words ---- */

uint64_t oracle_head(oracle_philox b) { return b.word[0] | (uint64_t)b.word[1] << 32; }
uint64_t oracle_tail(oracle_philox b) { return b.word[2] | (uint64_t)b.word[3] << 32; }
uint64_t oracle_times(uint64_t u, uint64_t n) { return (uint64_t)((oracle_wide)u * n >> 64); }

oracle_wide oracle_wide_pick(oracle_philox b, oracle_wide z) {
    /* (U 2^64 + V) (zh 2^64 + zl) / 2^128 by schoolbook, carries of the column below kept */
    uint64_t u = oracle_head(b), v = oracle_tail(b), zh = (uint64_t)(z >> 64), zl = (uint64_t)z;
    oracle_wide low = (oracle_wide)v * zl, a = (oracle_wide)u * zl, c = (oracle_wide)v * zh, high = (oracle_wide)u * zh;
    oracle_wide middle = (low >> 64) + (uint64_t)a + (uint64_t)c;
    return high + (a >> 64) + (c >> 64) + (middle >> 64);
}

oracle_wide oracle_pick(const oracle_row_weights *w, oracle_philox b, oracle_wide z) {
    return w->wide ? oracle_wide_pick(b, z) : (oracle_wide)oracle_head(b) * (uint64_t)z >> 64;
}

int64_t oracle_first_above(const oracle_row_weights *w, oracle_wide r) {
    oracle_wide s = 0;
    for (int64_t i = 0; i < w->n; i++) {
        s += w->w[i];
        if (s > r) return i;
    }
    ut_fail(__FILE__, __LINE__, "a draw at or past the sum");
}

/* ---- sections 1 and 2 ---- */

static uint64_t log_weight(float d, int f) {
    float c = URN_LOG2E, t = oracle_fma32(d, c, URN_ROUND_MAGIC), n = t - URN_ROUND_MAGIC;
    static const float p[] = {URN_EXP2_E4, URN_EXP2_E3, URN_EXP2_E2, URN_EXP2_E1, 1.0f};
    if (!(n >= -(float)f)) return 0;
    float g = oracle_fma32(d, c, -n), v = URN_EXP2_E5;
    for (int k = 0; k < 5; k++) v = oracle_fma32(v, g, p[k]);
    return oracle_scaled(v, f + (int)n, 0);
}

static void add_weights(oracle_row_weights *w, const double *x, int32_t type) {
    int64_t n = w->n;
    w->f = 40;
    if (w->wide) {
        int bits = 0;
        while (INT64_C(1) << bits < n) bits++;
        w->f = 18 + bits;
    }
    if (w->linear) {
        double part = frexp(w->largest, &w->e);
        if (part == 0.5) w->e--;
        if (w->largest == 0) w->e = 0;
    }
    for (int64_t i = 0; i < n; i++) {
        double d = x[i] - w->largest;
        if (type == URN_WEIGHT_LOG_F32) w->w[i] = log_weight((float)x[i] - (float)w->largest, w->f);
        if (type == URN_WEIGHT_LOG_F64) w->w[i] = log_weight((float)d, w->f);
        if (w->linear) w->w[i] = (uint64_t)floor(ldexp(x[i], w->f - w->e));
        if (w->w[i] > w->top) w->top = w->w[i];
        w->t += w->w[i];
        w->squares += (oracle_wide)w->w[i] * w->w[i];
    }
}

void oracle_weights_conclude(oracle_row_weights *w) {
    urn_weight_stats *s = &w->stats;
    s->status = w->status;
    s->ess = s->log_sum = s->log_mean = s->max = s->ratio = nan64();
    if (w->status == URN_ROW_EMPTY) {
        s->ess = s->ratio = 0;
        s->log_sum = s->log_mean = -INFINITY;
        s->max = w->linear ? 0 : -INFINITY;
    }
    if (w->status) return;
    double t = f64_of(w->t), l = log2_of(w->t) - (double)w->f;
    if (w->linear) l = l + (double)w->e;
    double mean = l - oracle_log2((double)w->n);
    s->ess = (t * t) / f64_of(w->squares);
    s->log_sum = w->linear ? l * URN_LN2 : oracle_fma64(l, URN_LN2, w->largest);
    s->log_mean = w->linear ? mean * URN_LN2 : oracle_fma64(mean, URN_LN2, w->largest);
    s->ratio = t / ((double)w->n * (double)w->top);
    s->max = w->largest;
}

oracle_row_weights *oracle_weights_from(const double *x, int32_t type, int64_t n) {
    oracle_row_weights *w = (oracle_row_weights *)ut_malloc(sizeof *w);
    memset(w, 0, sizeof *w);
    w->n = n;
    w->wide = n > WIDE_COLS;
    w->linear = type == URN_WEIGHT_F32 || type == URN_WEIGHT_F64;
    w->w = (uint64_t *)ut_malloc(8 * (size_t)n);
    w->largest = w->linear ? 0 : -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) w->status |= URN_ROW_NAN;
        if (x[i] == INFINITY) w->status |= URN_ROW_INF;
        if (w->linear && x[i] < 0) w->status |= URN_ROW_PARAM;
        if (x[i] > w->largest) w->largest = x[i];
    }
    w->largest = w->largest + 0.0;
    if (!w->status && w->largest == (w->linear ? 0 : -INFINITY)) w->status = URN_ROW_EMPTY;
    if (!w->status) add_weights(w, x, type);
    oracle_weights_conclude(w);
    return w;
}

oracle_row_weights *oracle_weights_of(const urn_weights *weights, const void *data, int64_t r) {
    int64_t stride = weights->stride ? weights->stride : weights->items, first = r * stride, n = weights->items;
    int bad = 0;
    if (weights->offsets) {
        bad = oracle_bad_offsets(weights->offsets, r, weights->size);
        first = weights->offsets[r];
        n = bad ? 0 : weights->offsets[r + 1] - first;
        bad |= n > weights->items;
        n = bad ? 0 : n;
    }
    double *x = (double *)ut_malloc(8 * (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        int narrow = weights->type == URN_WEIGHT_LOG_F32 || weights->type == URN_WEIGHT_F32;
        x[i] = (narrow ? (double)((const float *)data)[first + i] : ((const double *)data)[first + i]) + 0.0;
    }
    oracle_row_weights *w = oracle_weights_from(x, weights->type, n);
    free(x);
    w->first = first;
    if (bad) w->status = URN_ROW_INDEX, oracle_weights_conclude(w);
    return w;
}

void oracle_weights_free(oracle_row_weights *w) {
    free(w->w);
    free(w);
}

void oracle_weights_stats(const urn_weights_stats_params *p) {
    for (int64_t r = 0; r < p->weights.rows; r++) {
        oracle_row_weights *w = oracle_weights_of(&p->weights, p->weights.data, r);
        p->stats[r] = w->stats;
        oracle_weights_free(w);
    }
}
