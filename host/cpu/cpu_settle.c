/* cpu_settle.c - a row becomes f32 that value steps may write: once from the caller's elements, then in place.
 *
 * The first change reads what K is now and writes `wide`, 4 bytes an element; a short K has its values in short_x
 * already. After it the row has no bits: what is above -inf is K. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t set_bytes(int64_t n) { return round_up((size_t)(n + 31) / 32 * sizeof(uint32_t)); }

size_t urnc_values_bytes(int64_t cols, int32_t needs) {
    size_t bytes = 0;
    if (needs & URN_NEEDS_FULL) bytes += round_up((size_t)cols * sizeof(float)) + set_bytes(cols);
    if (needs & URN_NEEDS_STATE) bytes += round_up((size_t)cols * sizeof(uint32_t));
    return bytes;
}

void urnc_values_begin(urnc_row *row, int32_t needs, void *scratch) {
    char *rest = scratch;
    int64_t n = row->raw.n;
    if (needs & URN_NEEDS_FULL) {
        row->wide = (float *)(void *)rest;
        rest += round_up((size_t)n * sizeof(float));
        row->set.words = (uint32_t *)(void *)rest;
        row->set.n = n;
        rest += set_bytes(n);
    }
    if (needs & URN_NEEDS_STATE) row->tally = (uint32_t *)(void *)rest;
}

typedef struct {
    const urnc_change *change;
    float *out;
} change_argument;

static void change_groups(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const change_argument *a = argument;
    row->loops->values->change(&row->kept, a->change, g0, g1, a->out, row->tops[1], tally);
}

int urnc_values_change(urnc_row *row, const urnc_change *change) {
    change_argument a = {change, row->id ? row->short_x : row->wide};
    urnc_tally found = urnc_over_groups(row, &row->kept, change_groups, &a);
    urnc_view view = {a.out, 0, row->kept.n, URN_F32};
    row->kept = view;
    row->count = found.count;
    row->top = found.largest;
    row->kept_top = row->tops[1];
    row->top_stale = 0;
    row->weighed = 0;
    return found.status;
}

/* Dividing by 1 copies. */
static void divide(urnc_row *row, float T) {
    urnc_change change = {.formula = URNC_SETTLE, .a = T};
    urnc_values_change(row, &change); /* finite by finite: no NaN */
}

void urnc_values_settle(urnc_row *row) {
    if (row->T == 1.0f || row->T == 0.0f || isinf(URN_LOG2E / row->T)) return;
    divide(row, row->T);
    row->T = 1.0f;
}

static int is_held(const urnc_row *row) { return !row->kept.bits && row->kept.data != row->raw.data; }

urnc_held urnc_values_hold(urnc_row *row) {
    urnc_values_settle(row);
    if (!is_held(row)) divide(row, 1.0f);
    row->top_stale = 1;
    row->kept_top = 0;
    row->count = -1;
    urnc_held held = {row->id ? row->short_x : row->wide, row->id, row->kept.n, row->set, row->tally};
    return held;
}

/* A short K's part of the table is gathered into `wide`, which it does not use. */
const void *urnc_values_other(urnc_row *row, const void *table, int32_t *dtype) {
    urnc_view view = {table, 0, row->raw.n, *dtype};
    if (!row->id) return table;
    for (int64_t i = 0; i < row->kept.n; i++) row->wide[i] = urnc_view_at(&view, row->id[i]);
    *dtype = URN_F32;
    return row->wide;
}
