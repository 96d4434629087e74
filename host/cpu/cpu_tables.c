/* cpu_tables.c - what a step's map and offsets give a row: its part of a table, its list, its set of sequences. */
#include <stddef.h>

#include "host/cpu/cpu_row.h"

/* Row `at` of `rows`, by the step's map. 0 if out of range. */
static int row_of(const urn_step *step, int64_t rows, int64_t r, urnc_act *act, int64_t *at) {
    *at = step->map ? step->map[r] : r;
    act->absent = step->map && *at == -1;
    return act->absent || (*at >= 0 && *at < rows);
}

static int dense(const urn_step *step, int64_t r, size_t bytes, urnc_act *act) {
    int64_t at;
    if (!row_of(step, step->table_rows, r, act, &at)) return 0;
    if (!act->absent) act->table = (const char *)step->table + at * step->table_stride * (int64_t)bytes;
    return 1;
}

/* offsets[at] .. offsets[at + 1] within what exists. */
static int range_of(const int64_t *offsets, int64_t at, int64_t size, int64_t *begin, int64_t *end) {
    *begin = offsets[at];
    *end = offsets[at + 1];
    return *begin >= 0 && *end >= *begin && *end <= size;
}

static int list(const urn_step *step, int64_t r, urnc_act *act) {
    int64_t at, begin, end;
    if (!row_of(step, step->table_rows, r, act, &at)) return 0;
    if (act->absent) return 1;
    if (!range_of(step->offsets, at, step->table_stride, &begin, &end)) return 0;
    act->list.n = end - begin;
    if (!act->list.n) return 1; /* the arrays may be NULL */
    act->list.ids = (const int32_t *)step->table + begin;
    act->list.values = step->values ? step->values + begin : NULL;
    return 1;
}

static int set(const urn_step *step, int64_t r, urnc_act *act) {
    int64_t at, begin, end;
    if (!row_of(step, step->sets_rows, r, act, &at)) return 0;
    if (act->absent) return 1;
    if (!range_of(step->sets, at, step->table_rows, &act->set.first, &act->set.end)) return 0;
    for (int64_t j = act->set.first; j < act->set.end; j++)
        if (!range_of(step->offsets, j, step->table_stride, &begin, &end)) return 0;
    act->set.ids = step->table;
    act->set.offsets = step->offsets;
    return 1;
}

int urnc_table_find(const urn_step *step, int64_t r, int32_t dtype, urnc_act *act) {
    static const urnc_list no_list = {NULL, NULL, 0};
    act->table = NULL;
    act->list = no_list;
    act->absent = 0;
    switch (step->op) {
    case URN_OP_MASK:
    case URN_OP_DENSE_BIAS:
    case URN_OP_ID_TEMPERATURE:
        return dense(step, r, 4, act);
    case URN_OP_MIX:
    case URN_OP_MIXTURE:
        return dense(step, r, dtype == URN_F32 ? 4 : 2, act);
    case URN_OP_ALLOW:
    case URN_OP_MIN_TOKENS:
    case URN_OP_BIAS:
    case URN_OP_VALUES:
        return list(step, r, act);
    case URN_OP_DRY: /* 0 lists: no breakers */
        return step->table_rows == 0 || list(step, r, act);
    case URN_OP_BAN:
        return set(step, r, act);
    default:
        return 1;
    }
}
