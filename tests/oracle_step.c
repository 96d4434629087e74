/* oracle_step.c - a list's steps for one row: parameters looked up and held against their ranges, neutral ones left
 * out, tables and lists found. */
#include <math.h>

#include "tests/oracle.h"

#define MOST 3.40282347e38f

/* Ranges of bits.h and steps.h: floats in [low, high], ints from `least`; '>' excludes low itself. */
typedef struct oracle_range {
    char kind; /* f, i, or > (a float above low) */
    float low, high;
    int32_t least;
} oracle_range;

#define UNIT                                                                                                           \
    { 'f', 0, 1, 0 }
#define POSITIVE                                                                                                       \
    { 'f', 0, MOST, 0 }
#define FINITE                                                                                                         \
    { 'f', -MOST, MOST, 0 }
#define INTEGER(least)                                                                                                 \
    { 'i', 0, 0, least }

typedef struct oracle_rule {
    int32_t op;
    oracle_range range[4];
} oracle_rule;

static const oracle_rule rules[] = {
    {URN_OP_TEMPERATURE, {POSITIVE}},
    {URN_OP_DYNAMIC_TEMPERATURE, {POSITIVE, POSITIVE, POSITIVE}},
    {URN_OP_MIN_TOKENS, {INTEGER(0)}},
    {URN_OP_NO_REPEAT, {INTEGER(0)}},
    {URN_OP_PENALTIES, {{'>', 0, MOST, 0}, FINITE, FINITE, INTEGER(0)}},
    {URN_OP_DRY, {POSITIVE, {'f', 1, MOST, 0}, INTEGER(1), INTEGER(-1)}},
    {URN_OP_VALUES, {FINITE}},
    {URN_OP_MIX, {FINITE}},
    {URN_OP_QUADRATIC, {POSITIVE, FINITE}},
    {URN_OP_QUADRATIC_SCORE, {FINITE, FINITE, FINITE}},
    {URN_OP_TOP_K, {INTEGER(-1)}},
    {URN_OP_TOP_P, {UNIT}},
    {URN_OP_MIN_P, {UNIT}},
    {URN_OP_TOP_A, {UNIT}},
    {URN_OP_EPSILON, {UNIT}},
    {URN_OP_ETA, {UNIT}},
    {URN_OP_TYPICAL, {UNIT}},
    {URN_OP_TAIL_FREE, {UNIT}},
    {URN_OP_TOP_N_SIGMA, {FINITE}},
    {URN_OP_XTC, {UNIT, UNIT}},
    {URN_OP_MIROSTAT, {{'f', -INFINITY, INFINITY, 0}}},
    {URN_OP_MIROSTAT_V1, {{'f', -INFINITY, INFINITY, 0}}},
    {URN_OP_INVERSE_GAP, {POSITIVE, POSITIVE}},
    {URN_OP_TSALLIS, {POSITIVE}},
    {URN_OP_MIXTURE, {UNIT}},
};

static int outside(const oracle_range *range, float f, int32_t i) {
    if (range->kind == 'i') return i < range->least;
    if (range->kind == '>' && f == range->low) return 1;
    return range->kind && !(f >= range->low && f <= range->high);
}

static void read_params(const urn_step *step, int64_t slot, int64_t row, oracle_step *out) {
    for (int k = 0; k < 4; k++) {
        const urn_param *p = step->param + k;
        int64_t at = p->by == URN_BY_SLOT ? slot : row;
        out->f[k] = p->by == URN_SCALAR ? p->f : ((const float *)p->array)[at];
        out->i[k] = p->by == URN_SCALAR ? p->i : ((const int32_t *)p->array)[at];
    }
}

static int out_of_range(const oracle_step *s) {
    int bad = s->op == URN_OP_INVERSE_GAP && s->f[1] != 0 && !(s->f[1] >= 1);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        for (int k = 0; rules[r].op == s->op && k < 4; k++) bad |= outside(rules[r].range + k, s->f[k], s->i[k]);
    }
    return bad;
}

static int is_neutral(const oracle_step *s) {
    switch (s->op) {
    case URN_OP_TEMPERATURE:
    case URN_OP_TOP_P:
    case URN_OP_TYPICAL:
    case URN_OP_TAIL_FREE:
    case URN_OP_MIX:
        return s->f[0] == 1;
    case URN_OP_DYNAMIC_TEMPERATURE:
        return s->f[0] == 1 && s->f[1] == 0;
    case URN_OP_MIN_TOKENS:
    case URN_OP_NO_REPEAT:
        return s->i[0] == 0;
    case URN_OP_TOP_K:
        return s->i[0] == 0 || s->i[0] == -1;
    case URN_OP_PENALTIES:
        return s->f[0] == 1 && s->f[1] == 0 && s->f[2] == 0;
    case URN_OP_TOP_N_SIGMA:
        return s->f[0] <= 0;
    case URN_OP_MIROSTAT:
    case URN_OP_MIROSTAT_V1:
        return s->f[0] == INFINITY;
    case URN_OP_MIN_P:
    case URN_OP_TOP_A:
    case URN_OP_EPSILON:
    case URN_OP_ETA:
    case URN_OP_XTC:
    case URN_OP_DRY:
    case URN_OP_VALUES:
    case URN_OP_QUADRATIC:
        return s->f[0] == 0;
    default:
        return 0;
    }
}

/* Neutral whatever its arrays hold: such a step is gone before any row is read. */
static int scalars_are_neutral(const urn_step *step) {
    oracle_step s;
    memset(&s, 0, sizeof s);
    s.op = step->op;
    for (int k = 0; k < 4; k++) {
        int scalar = step->param[k].by == URN_SCALAR;
        s.f[k] = scalar ? step->param[k].f : NAN;
        s.i[k] = scalar ? step->param[k].i : 7; /* no step's neutral value */
    }
    return is_neutral(&s);
}

static int in_order(const int64_t *offsets, int64_t i, int64_t size) {
    return offsets[i] >= 0 && offsets[i + 1] >= offsets[i] && offsets[i + 1] <= size;
}

/* The table, list or set of a row. 1: found; 0: none for this row; -1: an index is wrong. */
static int find_table(const ut_job *job, const urn_step *step, int64_t r, const oracle_row *row, oracle_step *out) {
    int64_t rows = step->op == URN_OP_BAN ? step->sets_rows : step->table_rows, at = step->map ? step->map[r] : r;
    if (step->op == URN_OP_DRY && !step->offsets) return 1; /* no breakers at all */
    if (!step->table && !step->offsets) return 1;           /* a step without tables */
    if (step->map && at == -1) return 0;
    if (at < 0 || at >= rows) return -1;
    if (step->op == URN_OP_BAN) {
        if (!in_order(step->sets, at, step->table_rows)) return -1;
        out->ids = (const int32_t *)step->table;
        out->ends = step->offsets + step->sets[at];
        out->sequences = step->sets[at + 1] - step->sets[at];
        for (int64_t j = 0; j < out->sequences; j++) {
            if (!in_order(out->ends, j, step->table_stride)) return -1;
        }
        return 1;
    }
    if (step->offsets) {
        if (!in_order(step->offsets, at, step->table_stride)) return -1;
        out->ids = (const int32_t *)step->table + step->offsets[at];
        out->values = step->values ? step->values + step->offsets[at] : NULL;
        out->count = step->offsets[at + 1] - step->offsets[at];
        return 1;
    }
    int64_t first = at * step->table_stride;
    if (step->op == URN_OP_MASK) out->words = (const uint32_t *)step->table + first;
    if (step->op == URN_OP_DENSE_BIAS || step->op == URN_OP_ID_TEMPERATURE)
        out->dense = (const float *)step->table + first;
    if (step->op == URN_OP_MIX || step->op == URN_OP_MIXTURE) {
        out->second = (float *)ut_malloc(4 * (size_t)row->n);
        for (int64_t i = 0; i < row->n; i++) out->second[i] = oracle_element(job, step->table, first + i);
    }
    return 1;
}

void oracle_read_steps(const ut_job *job, const urn_list *list, int64_t r, oracle_row *row) {
    float temperature = 1.0f; /* rows of products past f32's range are refused before anything is read */
    for (int32_t i = 0; i < list->count; i++) {
        const urn_step *step = list->steps + i;
        oracle_step *s = row->steps + row->count;
        memset(s, 0, sizeof *s);
        s->op = step->op;
        s->flags = step->flags;
        if (scalars_are_neutral(step)) continue;
        read_params(step, row->slot, r, s);
        if (out_of_range(s)) row->status |= URN_ROW_PARAM;
        if (is_neutral(s)) continue;
        int found = find_table(job, step, r, row, s);
        if (found < 0) row->status |= URN_ROW_INDEX;
        if (found <= 0) continue;
        if (s->op == URN_OP_TEMPERATURE || (s->op == URN_OP_DYNAMIC_TEMPERATURE && s->f[1] == 0))
            temperature = temperature * s->f[0];
        if (s->op == URN_OP_PENALTIES && s->i[3] == 0 && row->overflow) row->status |= URN_ROW_STATE;
        row->count++;
    }
    if (!isfinite(temperature)) row->status |= URN_ROW_PARAM;
    if (row->status & URN_ROW_INDEX) row->status = URN_ROW_INDEX;
}
