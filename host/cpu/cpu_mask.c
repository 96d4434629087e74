/* cpu_mask.c - ids whose bit is 0 leave K. */
#include <math.h>

#include "host/cpu/cpu_row.h"

/* Words of 32 ids at once; bits at and past the row's end may be anything in the table and are cleared here. */
static void mask_long(urnc_row *row, const uint32_t *words) {
    int64_t count = 0, n = row->kept.n, used = (n + 31) / 32, all = urnc_groups(&row->kept) * URNC_WORDS;
    const uint32_t *old = row->kept.bits;
    for (int64_t w = 0; w < used; w++) row->bits[w] = words[w] & (old ? old[w] : 0xffffffffu);
    if (n % 32) row->bits[used - 1] &= (1u << (n % 32)) - 1;
    for (int64_t w = used; w < all; w++) row->bits[w] = 0;
    for (int64_t w = 0; w < used; w++) count += __builtin_popcount(row->bits[w]);
    row->kept.bits = row->bits;
    row->count = count; /* at most: -inf has not been left out, compact does that */
    urnc_row_compact(row);
    if (!row->id) row->count = -1;
}

static void mask_short(urnc_row *row, const uint32_t *words) {
    int64_t count = 0;
    for (int64_t i = 0; i < row->kept.n; i++) {
        int32_t id = row->id[i];
        uint32_t old = row->kept.bits ? row->kept.bits[i / 32] >> (i % 32) & 1 : 1;
        if (!(old & words[id / 32] >> (id % 32)) || row->short_x[i] == -INFINITY) continue;
        row->short_x[count] = row->short_x[i];
        row->short_id[count++] = id;
    }
    row->kept.n = count;
    row->kept.bits = 0;
    row->count = count;
}

int urnc_mask(urnc_row *row, const urnc_act *act) {
    if (row->id)
        mask_short(row, act->table);
    else
        mask_long(row, act->table);
    row->top_stale = 1;
    row->weighed = 0;
    return URN_ROW_OK;
}
