/* cpu_keep_weight.c - rules that are a least weight: min-p, top-a, epsilon, eta, Mirostat 2. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"
#include "host/cpu/cpu_wide.h"

typedef struct {
    uint64_t least;
    int32_t floor_order;
} weight_argument;

static void keep_weight(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const weight_argument *a = argument;
    row->loops->keep_weight(&row->kept, row->scale, a->least, a->floor_order, g0, g1, row->kept_top, row->bits,
                            row->sums, tally);
}

/* Weights follow 2^(d * c) within 5e-6 of themselves (bits.h section 2, |d * c| <= 41), and floor only lowers them, so
 * a hundredth of a power of two is more than enough. The order below the f32 nearest to the bound makes up for its
 * rounding. The rule itself is a test of each weight: they need not be monotone to the last bit. */
int32_t urnc_floor_order(const urnc_row *row, uint64_t least) {
    if (row->scale.linear) return urnc_order((float)((double)least * 0x1p-40)) - 1;
    double y = URN_F - urnc_log2(least) + 0.01;
    double bound = (double)row->scale.M - y / (double)row->scale.c;
    if (!(bound > -3e38)) return URNC_ORDER_LEAST;
    return urnc_order((float)bound) - 1;
}

int32_t urnc_least_heavy(const urnc_row *row) {
    int32_t low = URNC_ORDER_LEAST, high = row->scale.linear ? row->top : urnc_order(row->scale.M);
    while (low < high) {
        int32_t middle = low + (int32_t)(((uint32_t)high - (uint32_t)low) / 2);
        if (urnc_weight_of(row->scale, urnc_f32_of_order(middle)) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void urnc_keep_heavy(urnc_row *row, uint64_t least) {
    if (least == 0) return;
    if (least > row->W) { /* W is the largest */
        urnc_row_only(row, row->top);
        row->weighed = 0;
        return;
    }
    weight_argument a = {least, urnc_floor_order(row, least)};
    urnc_tally found = urnc_over_groups(row, &row->kept, keep_weight, &a);
    row->count = found.count;
    row->Z = found.sum;
    row->weighed = 1; /* all weights were at hand, so nothing need be weighed again */
    row->kept.bits = row->bits;
    urnc_row_compact(row);
}

int urnc_keep_minp(urnc_row *row, const urnc_act *act) {
    urnc_keep_heavy(row, urnc_ceil_product(act->f[0], row->W));
    return URN_ROW_OK;
}

/* w * Z >= need, for integers: w >= ceil(need / Z). */
int urnc_keep_topa(urnc_row *row, const urnc_act *act) {
    urnc_epoch_weigh(row);
    urnc_u128 need = urnc_product(act->f[0], (urnc_u128)row->W * row->W, 1);
    urnc_keep_heavy(row, (uint64_t)((need + row->Z - 1) / row->Z));
    return URN_ROW_OK;
}

int urnc_keep_epsilon(urnc_row *row, const urnc_act *act) {
    urnc_epoch_weigh(row);
    urnc_keep_heavy(row, urnc_ceil_product(act->f[0], row->Z));
    return URN_ROW_OK;
}

int urnc_keep_eta(urnc_row *row, const urnc_act *act) {
    urnc_epoch_weigh(row);
    double e = (double)act->f[0], H2 = (double)urnc_entropy_sum(row) / (double)row->Z + urnc_log2_mass(row->Z);
    double t = sqrt(e) * urnc_exp2_of(-H2);
    urnc_keep_heavy(row, urnc_ceil_product((float)(t < e ? t : e), row->Z));
    return URN_ROW_OK;
}

int urnc_keep_mirostat(urnc_row *row, const urnc_act *act) {
    urnc_epoch_weigh(row);
    double t = urnc_exp2_of(-(double)act->f[0]);
    urnc_keep_heavy(row, urnc_ceil_product((float)(t < 1.0 ? t : 1.0), row->Z));
    return URN_ROW_OK;
}
