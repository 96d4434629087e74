/* cpu_keep_typical.c - keep the ids whose surprise is nearest to the entropy until their mass reaches p. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

/* No id that weighs something is further than this from the centre: surprises are in [-1, 41]. */
#define FURTHEST 64.0f

int urnc_keep_typical(urnc_row *row, const urnc_act *act) {
    urnc_cut cut;
    urnc_epoch_weigh(row);
    uint64_t need = urnc_ceil_product(act->f[0], row->Z);
    if (need < 1) need = 1;
    cut.key.kind = URNC_BY_DEVIATION;
    cut.key.centre = (float)((double)urnc_entropy_sum(row) / (double)row->Z);
    cut.key.least = urnc_f32_of_order(urnc_least_heavy(row));
    if (urnc_cut_find(row, 1, need, urnc_order(-FURTHEST), &cut)) urnc_cut_keep(row, &cut);
    row->top_stale = 1;
    urnc_epoch_close(row);
    return URN_ROW_OK;
}
