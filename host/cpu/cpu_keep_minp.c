/* cpu_keep_minp.c - keep ids at least m times as likely as the likeliest. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"

typedef struct {
    uint64_t least;
    int32_t floor_order;
} minp_argument;

static void keep_weight(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const minp_argument *a = argument;
    row->loops->keep_weight(&row->kept, row->scale, a->least, a->floor_order, g0, g1, row->kept_top, row->bits,
                            row->sums, tally);
}

/* No value below this has a weight of `least`: weights follow 2^(d * c) within 5e-6 of themselves (bits.h section 2,
 * |d * c| <= 41), and floor only lowers them, so a hundredth of a power of two is more than enough. The order below the
 * f32 nearest to the bound makes up for its rounding. The rule itself is a test of each weight: they need not be
 * monotone to the last bit. */
static int32_t floor_order(const urnc_row *row, uint64_t least) {
    if (row->scale.linear) return urnc_order((float)((double)least * 0x1p-40)) - 1;
    double y = URN_F - urnc_log2(least) + 0.01;
    double bound = (double)row->scale.M - y / (double)row->scale.c;
    if (!(bound > -3e38)) return URNC_ORDER_LEAST;
    return urnc_order((float)bound) - 1;
}

int urnc_keep_minp(urnc_row *row, const urnc_act *act) {
    uint64_t least = urnc_ceil_product(act->f[0], row->W);
    minp_argument a = {least, floor_order(row, least)};
    urnc_tally found = urnc_over_groups(row, &row->kept, keep_weight, &a);
    row->count = found.count;
    row->Z = found.sum;
    row->weighed = 1; /* all weights were at hand, so nothing need be weighed again */
    row->kept.bits = row->bits;
    urnc_row_compact(row);
    return URN_ROW_OK;
}
