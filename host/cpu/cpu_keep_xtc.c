/* cpu_keep_xtc.c - now and then, the likely ids leave but for the least likely of them. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_row.h"

typedef struct {
    uint64_t least;
    int32_t floor_order;
} heavy_argument;

static void find_heavy(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const heavy_argument *a = argument;
    row->loops->heavy(&row->kept, row->scale, a->least, a->floor_order, g0, g1, row->kept_top, tally);
}

static void keep_light(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const heavy_argument *a = argument;
    row->loops->keep_light(&row->kept, row->scale, a->least, g0, g1, row->bits, tally);
}

/* The last of A is the last element with the least order in A; equal values weigh the same, so all of them are in A. */
static void keep_one_heavy(urnc_row *row, heavy_argument *a, int32_t order) {
    int64_t one = row->loops->find(&row->kept, order, 1, row->kept_top);
    row->count = urnc_over_groups(row, &row->kept, keep_light, a).count + 1;
    row->bits[one / 32] |= 1u << (one % 32);
    row->kept.bits = row->bits;
    row->weighed = 0;
    row->top_stale = 1;
    urnc_row_compact(row);
}

int urnc_keep_xtc(urnc_row *row, const urnc_act *act) {
    uint64_t U = urnc_block_u64(urnc_row_block(row->plan->key, 0, 0, row->plan->position, URN_STREAM_XTC));
    if (U >> 24 >= urnc_ceil_product(act->f[0], UINT64_C(1) << 40)) return URN_ROW_OK;
    urnc_epoch_weigh(row);
    uint64_t least = urnc_ceil_product(act->f[1], row->Z);
    if (least < 1) least = 1;
    if (least <= row->W) {
        heavy_argument a = {least, urnc_floor_order(row, least)};
        urnc_tally found = urnc_over_groups(row, &row->kept, find_heavy, &a);
        if (found.count >= 2) keep_one_heavy(row, &a, found.least);
    }
    urnc_epoch_close(row);
    return URN_ROW_OK;
}
