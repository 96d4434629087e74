/* cpu_keep_topp.c - keep the shortest prefix of the order whose mass reaches p. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"

/* The order below which all of K together weighs less than what may be left out: n * 2^(F - y) <= slack, so y, in
 * powers of two below the largest, need go no further. Only a hint; the search checks it. */
static int32_t hint(const urnc_row *row, uint64_t slack) {
    if (row->scale.linear) return urnc_order((float)((double)slack / (double)row->kept.n * 0x1p-40)) - 1;
    double y = slack ? URN_F + 1 + urnc_log2((uint64_t)row->kept.n) - urnc_log2(slack) : URN_F + 1;
    if (y > URN_F + 1) y = URN_F + 1;
    return urnc_order((float)((double)row->scale.M - y / (double)row->scale.c));
}

int urnc_keep_topp(urnc_row *row, const urnc_act *act) {
    urnc_cut cut;
    urnc_epoch_weigh(row);
    uint64_t need = urnc_ceil_product(act->f[0], row->Z);
    if (need < 1) need = 1;
    cut.key = urnc_by_value;
    if (!urnc_cut_find(row, 1, need, hint(row, row->Z - need), &cut)) return URN_ROW_OK;
    if (act->flags & URN_STEP_TIES) cut.ties_kept = cut.ties;
    urnc_cut_keep(row, &cut);
    return URN_ROW_OK;
}
