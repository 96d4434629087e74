/* cpu_view.c - single elements of a view, and a small K copied out of its row. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

float urnc_view_at(const urnc_view *view, int64_t i) {
    switch (view->dtype) {
    case URN_F32:
        return ((const float *)view->data)[i] + 0.0f;
    case URN_F16:
        return urnc_f32_of_f16(((const uint16_t *)view->data)[i]) + 0.0f;
    default:
        return urnc_f32_of_bf16(((const uint16_t *)view->data)[i]) + 0.0f;
    }
}

/* K becomes the elements that short_x holds. */
static void become_short(urnc_row *row, int64_t count) {
    urnc_view view = {row->short_x, 0, count, URN_F32};
    row->kept = view;
    row->id = row->short_id;
    row->kept_top = 0;
    row->weighed = 0; /* its groups are others */
    row->count = count;
}

/* A row may become short more than once: elements move only towards the front, so in place is fine. */
void urnc_row_compact(urnc_row *row) {
    const urnc_view *kept = &row->kept;
    if (!kept->bits || row->count < 0 || row->count > kept->n / 8) return;
    int64_t count = 0, words = urnc_groups(kept) * URNC_WORDS;
    for (int64_t w = 0; w < words; w++)
        for (uint32_t word = kept->bits[w]; word; word &= word - 1) {
            int64_t i = 32 * w + __builtin_ctz(word);
            float x = urnc_view_at(kept, i);
            if (x == -INFINITY) continue;
            row->short_id[count] = urnc_row_id(row, i);
            row->short_x[count++] = x;
        }
    become_short(row, count);
}

int64_t urnc_row_first(const urnc_row *row, int32_t order) {
    return row->loops->find(&row->kept, order, 0, row->kept_top);
}

static void take_census(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    (void)argument;
    row->loops->census(&row->kept, g0, g1, tally);
}

urnc_tally urnc_row_census(const urnc_row *row) { return urnc_over_groups(row, &row->kept, take_census, 0); }

int64_t urnc_row_count(urnc_row *row) {
    if (row->count < 0) row->count = urnc_row_census(row).count;
    return row->count;
}

void urnc_row_only(urnc_row *row, int32_t order) {
    int32_t id = urnc_row_id(row, urnc_row_first(row, order));
    row->short_x[0] = urnc_f32_of_order(order);
    row->short_id[0] = id;
    become_short(row, 1);
}
