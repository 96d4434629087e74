/* cpu_links.c - other maps from values to probabilities (bits.h section 9): x becomes the weight itself, and what
 * follows is an epoch whose weights are linear in x. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"

#define ONE (UINT64_C(1) << URN_F)

/* Settle, and find M. 0 where no link is needed: K is empty or the epoch greedy, *status says so. */
static int begin(urnc_row *row, urnc_change *change, int *status) {
    urnc_values_settle(row);
    urnc_epoch_largest(row);
    int greedy = row->T == 0.0f || isinf(URN_LOG2E / row->T);
    if (row->top < URNC_ORDER_LEAST || greedy) {
        *status = urnc_epoch_open(row);
        return 0;
    }
    change->M = urnc_f32_of_order(row->top);
    return 1;
}

static int open_linear(urnc_row *row, const urnc_change *change) {
    row->scale.M = change->M;
    row->scale.linear = 1;
    return urnc_epoch_open(row);
}

typedef void (*urnc_value_sum)(const urnc_view *view, const urnc_change *change, int64_t g0, int64_t g1,
                               urnc_tally *tally);
typedef struct {
    urnc_value_sum sum;
    const urnc_change *change;
} sum_argument;

static void sum_groups(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const sum_argument *a = argument;
    a->sum(&row->kept, a->change, g0, g1, tally);
}

static urnc_tally sum_over(const urnc_row *row, urnc_value_sum sum, const urnc_change *change) {
    sum_argument a = {sum, change};
    return urnc_over_groups(row, &row->kept, sum_groups, &a);
}

/* With the gaps below t alone, the sum of t - u is a straight line in t that is nowhere above the true one, so the
 * place where it reaches 2^30 is never below the answer; it only falls, and stands still at the answer. */
int urnc_link_sparsemax(urnc_row *row, const urnc_act *act) {
    urnc_change change = {.formula = URNC_SPARSEMAX, .t = 1 << 30};
    int status;
    (void)act;
    if (!begin(row, &change, &status)) return status;
    for (int32_t next = change.t - 1; next < change.t;) {
        urnc_tally below = sum_over(row, row->loops->values->gaps, &change);
        next = (int32_t)(((UINT64_C(1) << 30) + below.sum) / (uint64_t)below.count);
        if (next < change.t) change.t = next, next = change.t - 1;
    }
    urnc_values_change(row, &change);
    return open_linear(row, &change);
}

int urnc_link_inverse_gap(urnc_row *row, const urnc_act *act) {
    urnc_change change = {.formula = URNC_INVERSE_GAP, .a = act->f[1], .b = act->f[0]};
    urnc_scale linear = {0, 0, 1};
    int status;
    if (!begin(row, &change, &status)) return status;
    if (change.a == 0.0f) change.a = (float)urnc_row_count(row);
    int64_t first = urnc_row_first(row, row->top);
    urnc_values_change(row, &change);
    float *x = row->id ? row->short_x : row->wide;
    uint64_t others = urnc_weigh_view(row, &row->kept, linear, row->sums).sum - urnc_weight_linear(x[first]);
    if (others > ONE) return URN_ROW_PARAM;
    x[first] = (float)((ONE - others) >> 16) * 0x1p-24f;
    row->top_stale = 1;
    return open_linear(row, &change);
}

/* The sum of weights falls with z, so the smallest z at which it is at most 2^F is found between two floats, by their
 * bits. 1 / sqrt(sum) is nearly straight in z, which brings the bounds together in a few passes. */
int urnc_link_tsallis(urnc_row *row, const urnc_act *act) {
    urnc_change change = {.formula = URNC_TSALLIS, .a = act->f[0], .b = 2.0f};
    urnc_value_sum sum = row->loops->values->tsallis;
    int status;
    if (!begin(row, &change, &status)) return status;
    uint32_t low = urnc_bits_of_f32(2.0f), high = urnc_bits_of_f32(0x1p12f); /* 2^22 gaps of 0 need 2^12 */
    double low_sum = (double)sum_over(row, sum, &change).sum, high_sum = 0;
    int fits = low_sum <= (double)ONE;
    for (int pass = 0; !fits && high - low > 1; pass++) {
        uint32_t middle = low + (high - low) / 2;
        if (high_sum > 0 && pass % 3) {
            double l = 1 / sqrt(low_sum), h = 1 / sqrt(high_sum), wanted = 1 / sqrt((double)ONE);
            double z0 = urnc_f32_of_bits(low), z1 = urnc_f32_of_bits(high);
            double z = z0 + (z1 - z0) * ((wanted - l) / (h - l));
            if (z > z0 && z < z1) middle = urnc_bits_of_f32((float)z);
            /* one step further than the guess, so that both bounds move */
            middle = pass % 3 == 1 ? middle - 1 : middle + 1;
            if (middle <= low || middle >= high) middle = low + (high - low) / 2;
        }
        change.b = urnc_f32_of_bits(middle);
        double found = (double)sum_over(row, sum, &change).sum;
        if (found <= (double)ONE)
            high = middle, high_sum = found;
        else
            low = middle, low_sum = found;
    }
    change.b = urnc_f32_of_bits(fits ? low : high);
    urnc_values_change(row, &change);
    return open_linear(row, &change);
}

static void find_extremes(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    row->loops->extremes(argument, g0, g1, row->tops[1], tally);
}

static void find_possible(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    urnc_scale unused = {0, 0, 0};
    (void)argument;
    row->loops->keep_order(&row->kept, unused, urnc_by_value, URNC_ORDER_LEAST, g0, g1, 0, row->bits, tally);
}

/* What is no number among the ids of K in the second row. */
static int faults(const urnc_view *other) {
    int status = 0;
    for (int64_t i = 0; i < other->n; i++) {
        if (!(other->bits[i / 32] >> (i % 32) & 1)) continue;
        float x = urnc_view_at(other, i);
        if (isnan(x)) status |= URN_ROW_NAN;
        if (x == INFINITY) status |= URN_ROW_INF;
    }
    return status;
}

int urnc_link_mixture(urnc_row *row, const urnc_act *act) {
    urnc_change change = {.formula = URNC_MIXTURE, .a = act->f[0], .dtype = row->raw.dtype};
    int status;
    if (!begin(row, &change, &status)) return status;
    change.y = urnc_values_other(row, act->table, &change.dtype);
    urnc_over_groups(row, &row->kept, find_possible, 0);
    urnc_view other = {change.y, row->bits, row->kept.n, change.dtype};
    urnc_tally found = urnc_over_groups(row, &other, find_extremes, &other);
    if (found.largest >= URNC_ORDER_INF || found.least < URNC_ORDER_MINUS_INF) return faults(&other);
    if (found.largest < URNC_ORDER_LEAST) return URN_ROW_EMPTY;
    for (int k = 0; k < 2; k++) {
        change.scale[k].M = k ? urnc_f32_of_order(found.largest) : change.M;
        change.scale[k].c = URN_LOG2E;
        change.scale[k].linear = 0;
        change.Z[k] = (double)urnc_weigh_view(row, k ? &other : &row->kept, change.scale[k], row->sums).sum;
    }
    urnc_values_change(row, &change);
    return open_linear(row, &change);
}
