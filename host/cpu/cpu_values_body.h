/* cpu_values_body.h - the source of one table of value loops; included after cpu_loops_body.h, whose groups it uses. */
#include <float.h>

#include "host/cpu/cpu_values.h"
#include "urn/status.h"

/* v + 0.0f within the finite numbers; a NaN stays one. */
static inline float fin(float v) {
    v = v + 0.0f;
    v = v > FLT_MAX ? FLT_MAX : v;
    return v < -FLT_MAX ? -FLT_MAX : v;
}

static inline int32_t is_nan(float v) { return (urnc_bits_of_f32(v) & 0x7fffffffu) > 0x7f800000u ? -1 : 0; }

/* M - x, which may overflow where x is far below. */
static inline float gap_of(float x, float M) {
    float gap = -(x - M);
    return gap > FLT_MAX ? FLT_MAX : gap;
}

/* The integer gap of sparsemax, exact below 2^30; larger ones only have to stay larger. */
static inline int32_t sparse_gap(float x, float M) {
    float gap = -(x - M);
    return (int32_t)((gap > 1.5f ? 1.5f : gap) * 0x1p30f);
}

static inline float tsallis_of(float x, const urnc_change *a) {
    float h = a->a * gap_of(x, a->M) + a->b;
    return (4.0f / h) / h;
}

/* f64(w): below 2^52 an integer becomes a float by its bits, which has vectors everywhere. */
static inline float share_of(float x, urnc_scale scale, double Z) {
    uint64_t b = urnc_weight(x, scale.M, scale.c) | UINT64_C(0x4330000000000000);
    double w;
    memcpy(&w, &b, sizeof w);
    return (float)((w - 0x1p52) / Z);
}

/* Group g of the second operand; past the row's end anything that is no number of K. */
static void load_other(const urnc_change *a, int64_t g, int64_t n, float *y) {
    urnc_view other = {a->y, 0, n, a->dtype};
    load(&other, g, y);
}

/* The formula over a group. keep: all ones for ids of K; an id that leaves, or whose operand is no such value, gets 0.
 * Returns the status of operands. */
static int32_t apply(const urnc_change *change, const float *x, const float *y, float *v, int32_t *keep) {
    urnc_change a = *change;
    int32_t status = 0;
    switch (a.formula) {
    case URNC_SETTLE:
        FOR_GROUP(i) v[i] = x[i] / a.a;
        break;
    case URNC_ADD:
        FOR_GROUP(i) {
            int32_t order = urnc_order(y[i]), gone = order == URNC_ORDER_MINUS_INF ? -1 : 0;
            int32_t bad = keep[i] & ((order >= URNC_ORDER_INF ? -1 : 0) | (order < URNC_ORDER_MINUS_INF ? -1 : 0));
            status |= bad & URN_ROW_PARAM;
            keep[i] &= ~(bad | gone);
            v[i] = x[i] + y[i];
        }
        break;
    case URNC_DIVIDE:
        FOR_GROUP(i) {
            int32_t order = urnc_order(y[i]), bad = keep[i] & ~(order > 0 && order < URNC_ORDER_INF ? -1 : 0);
            status |= bad & URN_ROW_PARAM;
            keep[i] &= ~bad;
            v[i] = x[i] / y[i];
        }
        break;
    case URNC_MIX:
        FOR_GROUP(i) {
            int32_t order = urnc_order(y[i]), bad = keep[i] & is_nan(y[i]);
            int32_t infinite = keep[i] & (order == URNC_ORDER_INF ? -1 : 0);
            status |= (bad & URN_ROW_NAN) | (infinite & URN_ROW_INF);
            keep[i] &= ~(bad | infinite) & (order == URNC_ORDER_MINUS_INF ? 0 : -1);
            v[i] = y[i] + a.a * (x[i] - y[i]);
        }
        break;
    case URNC_QUADRATIC:
        FOR_GROUP(i) {
            float d = x[i] - a.M;
            v[i] = a.M + a.a * ((d * d) * (a.c * d - a.b));
        }
        break;
    case URNC_SCORE:
        FOR_GROUP(i) {
            float e = (x[i] - a.c) - a.b;
            v[i] = -(a.a * (e * e));
        }
        break;
    case URNC_SPARSEMAX:
        FOR_GROUP(i) {
            int32_t left = a.t - sparse_gap(x[i], a.M);
            keep[i] &= left > 0 ? -1 : 0;
            v[i] = (float)left * 0x1p-30f;
        }
        break;
    case URNC_INVERSE_GAP:
        FOR_GROUP(i) v[i] = 1.0f / (a.a + a.b * gap_of(x[i], a.M));
        break;
    case URNC_TSALLIS:
        FOR_GROUP(i) v[i] = tsallis_of(x[i], &a);
        break;
    default:
        FOR_GROUP(i) {
            float p = share_of(x[i], a.scale[0], a.Z[0]), q = share_of(y[i], a.scale[1], a.Z[1]);
            v[i] = (1.0f - a.a) * p + a.a * q;
        }
        break;
    }
    return status;
}

static void put_elements(float *out, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = x[i];
}

static void change(const urnc_view *view, const urnc_change *a, int64_t g0, int64_t g1, float *out, int32_t *top,
                   urnc_tally *tally) {
    float x[URNC_GROUP], y[URNC_GROUP], v[URNC_GROUP];
    int32_t keep[URNC_GROUP];
    int32_t status = 0, largest = INT32_MIN;
    int64_t count = 0;
    for (int64_t g = g0; g < g1; g++) {
        int64_t first = g * URNC_GROUP, n = view->n - first < URNC_GROUP ? view->n - first : URNC_GROUP;
        int32_t high = INT32_MIN, nans = 0, few = 0;
        if (load(view, g, x)) {
            FOR_GROUP(i) keep[i] = urnc_order(x[i]) > URNC_ORDER_MINUS_INF ? -1 : 0;
            if (a->y) load_other(a, g, view->n, y);
            status |= apply(a, x, y, v, keep);
            FOR_GROUP(i) {
                float next = fin(v[i]);
                nans |= keep[i] & is_nan(next);
                next = keep[i] ? next : -INFINITY;
                few -= keep[i];
                int32_t order = urnc_order(next);
                high = order > high ? order : high;
                x[i] = next;
            }
            if (nans) status |= URN_ROW_NAN;
            count += few;
        } else {
            FOR_GROUP(i) x[i] = -INFINITY;
        }
        put_elements(out + first, x, n);
        top[g] = high;
        largest = high > largest ? high : largest;
    }
    tally->count = count;
    tally->largest = largest;
    tally->status = status;
}

static void tsallis(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    urnc_change a = *change;
    uint64_t total = 0;
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        FOR_GROUP(i) {
            float g = tsallis_of(x[i], &a);
            total += urnc_floor(urnc_order(x[i]) > URNC_ORDER_MINUS_INF ? g : 0.0f, 0);
        }
    }
    tally->sum = total;
}

static void gaps(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1, urnc_tally *tally) {
    float x[URNC_GROUP];
    int32_t u[URNC_GROUP];
    urnc_change a = *change;
    int64_t count = 0, total = 0;
    for (int64_t g = g0; g < g1; g++) {
        if (!load(view, g, x)) continue;
        int32_t few = 0;
        FOR_GROUP(i) {
            int32_t gap = sparse_gap(x[i], a.M), inside = gap < a.t ? -1 : 0;
            few -= inside;
            u[i] = gap & inside;
        }
        FOR_GROUP(i) total += u[i];
        count += few;
    }
    tally->count = count;
    tally->sum = (uint64_t)total;
}

static const urnc_value_loops value_loops = {change, tsallis, gaps};
