/* cpu_keep_nsigma.c - keep logits within n standard deviations of the largest. */
#include <float.h>
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_wide.h"

typedef struct {
    float M;
    double unit; /* 2^e */
} spread_argument;

static void find_spread(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const spread_argument *a = argument;
    row->loops->spread(&row->kept, a->M, a->unit, g0, g1, tally);
}

static float below(float M, float x) {
    float q = M - x;
    return q > FLT_MAX ? FLT_MAX : q;
}

/* An f32 above 0, subnormal or not, is a normal f64. */
static int floor_log2(float R) { return (int)(urnc_bits_of_f64((double)R) >> 52) - 1023; }
static double power_of_2(int e) { return urnc_f64_of_bits((uint64_t)(1023 + e) << 52); }

/* n S2 - S1^2, an exact integer, as bits.h makes an f64 of it. */
static double variance(uint64_t n, uint64_t S1, uint64_t S2) {
    urnc_u128 V = (urnc_u128)n * S2 - (urnc_u128)S1 * S1;
    return (double)(uint64_t)(V >> 64) * 0x1p64 + (double)(uint64_t)V;
}

/* M - x falls as x rises, so the rule is a cut of the order: the least with M - x <= bound. */
static int32_t least_order(float M, int32_t top, float bound) {
    int32_t low = URNC_ORDER_LEAST, high = top;
    while (low < high) {
        int32_t middle = low + (int32_t)(((uint32_t)high - (uint32_t)low) / 2);
        if (below(M, urnc_f32_of_order(middle)) <= bound)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int urnc_keep_nsigma(urnc_row *row, const urnc_act *act) {
    spread_argument a = {urnc_f32_of_order(row->top), 0}; /* M, but in a link's epoch, where x is a weight */
    urnc_tally all = urnc_row_census(row);
    float R = below(a.M, urnc_f32_of_order(all.least));
    if (R == 0.0f) return URN_ROW_OK;
    int e = 19 - floor_log2(R);
    a.unit = power_of_2(e);
    urnc_tally sums = urnc_over_groups(row, &row->kept, find_spread, &a);
    double sd = sqrt(variance((uint64_t)all.count, sums.sum, sums.squares)) / (double)all.count * power_of_2(-e);
    float bound = (float)((double)act->f[0] * sd);
    urnc_cut cut = {urnc_by_value, least_order(a.M, row->top, bound), 0, 0};
    urnc_cut_keep(row, &cut);
    return URN_ROW_OK;
}
