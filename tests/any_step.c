/* any_step.c - one random step: parameters by scalar, slot and row, neutral and extreme ones, tables, lists, sets. */
#include <math.h>

#include "tests/any_case.h"

#define MOST 3.40282347e38f
#define COUNT(table) ((int64_t)(sizeof(table) / sizeof *(table)))

/* What a parameter may be: usual values first; `odd` ones come from arrays and are refused row by row. */
typedef struct any_param {
    const float *values;
    int64_t count;
    float spread; /* > 0: sometimes a uniform of [0, spread) */
    int whole;    /* an int32 */
} any_param;

static const float temperatures[] = {0.7f, 1, 1.3f, 0.5f, 2, 0.1f, 40, 0, 1e-3f, 1e-30f, 1e-40f, 1e30f};
static const float shares[] = {0.9f,  0.5f,     0.1f,           0,     1, 0.95f, 0.3f, 0.02f, 0.999f,
                               1e-4f, 0x1p-30f, 0x1.fffffep-1f, 1e-40f};
static const float deltas[] = {0.5f, 0, 0.3f, 1, 3};
static const float powers[] = {1, 2, 0.5f, 0, 7.5f};
static const float scales[] = {1, 1.5f, 0, -1, 3, 0.25f, 1e-3f, 1e20f};
static const float signs[] = {0.5f, 0, -0.7f, 1, 2, 10, -1e30f};
static const float repetitions[] = {1.2f, 1, 0.8f, 2, 1e-3f, 1e30f};
static const float sigmas[] = {1, 0, -1, 2, 0.5f, 1.5f, 3, 1e-3f, 1e30f};
static const float surprises[] = {3, 0, 1, 5, 8, 0.5f, 20, -2, INFINITY, -INFINITY, 1e10f};
static const float bases[] = {1.75f, 1, 1.2f, 3, 1e10f};
static const float multipliers[] = {0.8f, 0, 2, 0.1f, 1e30f};
static const float gaps[] = {1, 10, 0.1f, 100, 0, 1e10f};
static const float floors[] = {0, 4, 1, 50, 1e6f};
static const float factors[] = {0.3f, 0, 1, 2, 1e-3f, 1e10f};
static const float curves[] = {1, 1.5f, 3, 0.5f, -2, 4};
static const float counts[] = {0, 1, 2, 3, 5, 40, -1, 64, 1000, 2147483647};
static const float sizes[] = {0, 1, 2, 3, 4, 7};
static const float lengths[] = {1, 2, 3, 5};
static const float backs[] = {0, 64, 5, 1, 20, 1000};
static const float all_backs[] = {-1, 0, 10, 3, 100};
static const float positions[] = {0, 1, 5, 20, 80, 100000};

#define FLOATS(table, spread)                                                                                          \
    { table, COUNT(table), spread, 0 }
#define WHOLES(table)                                                                                                  \
    { table, COUNT(table), 0, 1 }
#define SHARE FLOATS(shares, 1)

static const struct any_rule {
    int32_t op;
    const char *name;
    any_param param[4];
} rules[] = {
    {URN_OP_TEMPERATURE, "temperature", {FLOATS(temperatures, 2)}},
    {URN_OP_DYNAMIC_TEMPERATURE, "dynamic", {FLOATS(temperatures, 2), FLOATS(deltas, 2), FLOATS(powers, 2)}},
    {URN_OP_MIN_TOKENS, "min_tokens", {WHOLES(positions)}},
    {URN_OP_NO_REPEAT, "no_repeat", {WHOLES(sizes)}},
    {URN_OP_PENALTIES, "penalties", {FLOATS(repetitions, 2), FLOATS(signs, 1), FLOATS(signs, 1), WHOLES(backs)}},
    {URN_OP_DRY, "dry", {FLOATS(multipliers, 2), FLOATS(bases, 0), WHOLES(lengths), WHOLES(all_backs)}},
    {URN_OP_VALUES, "values", {FLOATS(signs, 2)}},
    {URN_OP_MIX, "mix", {FLOATS(scales, 2)}},
    {URN_OP_QUADRATIC, "quadratic", {FLOATS(factors, 2), FLOATS(curves, 3)}},
    {URN_OP_QUADRATIC_SCORE, "quadratic_score", {FLOATS(signs, 2), FLOATS(signs, 2), FLOATS(signs, 2)}},
    {URN_OP_TOP_K, "top_k", {WHOLES(counts)}},
    {URN_OP_TOP_P, "top_p", {SHARE}},
    {URN_OP_MIN_P, "min_p", {SHARE}},
    {URN_OP_TOP_A, "top_a", {SHARE}},
    {URN_OP_EPSILON, "epsilon", {FLOATS(shares, 0.05f)}},
    {URN_OP_ETA, "eta", {FLOATS(shares, 0.05f)}},
    {URN_OP_TYPICAL, "typical", {SHARE}},
    {URN_OP_TAIL_FREE, "tail_free", {SHARE}},
    {URN_OP_TOP_N_SIGMA, "top_n_sigma", {FLOATS(sigmas, 3)}},
    {URN_OP_XTC, "xtc", {SHARE, FLOATS(shares, 0.2f)}},
    {URN_OP_MIROSTAT, "mirostat", {FLOATS(surprises, 10)}},
    {URN_OP_MIROSTAT_V1, "mirostat_v1", {FLOATS(surprises, 10)}},
    {URN_OP_INVERSE_GAP, "inverse_gap", {FLOATS(gaps, 20), FLOATS(floors, 0)}},
    {URN_OP_TSALLIS, "tsallis", {FLOATS(gaps, 5)}},
    {URN_OP_MIXTURE, "mixture", {SHARE}},
    {URN_OP_MASK, "mask", {{0}}},
    {URN_OP_ALLOW, "allow", {{0}}},
    {URN_OP_BAN, "ban", {{0}}},
    {URN_OP_BIAS, "bias", {{0}}},
    {URN_OP_DENSE_BIAS, "dense_bias", {{0}}},
    {URN_OP_ID_TEMPERATURE, "id_temperature", {{0}}},
    {URN_OP_SPARSEMAX, "sparsemax", {{0}}},
};

/* Keep steps twice: they are what most lists are made of, and all that may follow a link. */
const int32_t any_ops[] = {URN_OP_TOP_K,
                           URN_OP_TOP_P,
                           URN_OP_MIN_P,
                           URN_OP_TOP_A,
                           URN_OP_EPSILON,
                           URN_OP_ETA,
                           URN_OP_TYPICAL,
                           URN_OP_TAIL_FREE,
                           URN_OP_XTC,
                           URN_OP_TOP_N_SIGMA,
                           URN_OP_MIROSTAT,
                           URN_OP_MIROSTAT_V1,
                           URN_OP_TOP_K,
                           URN_OP_TOP_P,
                           URN_OP_MIN_P,
                           URN_OP_TEMPERATURE,
                           URN_OP_TEMPERATURE,
                           URN_OP_MASK,
                           URN_OP_ALLOW,
                           URN_OP_MIN_TOKENS,
                           URN_OP_BAN,
                           URN_OP_NO_REPEAT,
                           URN_OP_DYNAMIC_TEMPERATURE,
                           URN_OP_BIAS,
                           URN_OP_DENSE_BIAS,
                           URN_OP_PENALTIES,
                           URN_OP_DRY,
                           URN_OP_ID_TEMPERATURE,
                           URN_OP_VALUES,
                           URN_OP_MIX,
                           URN_OP_QUADRATIC,
                           URN_OP_QUADRATIC_SCORE,
                           URN_OP_SPARSEMAX,
                           URN_OP_INVERSE_GAP,
                           URN_OP_TSALLIS,
                           URN_OP_MIXTURE};
const int any_op_count = (int)(sizeof any_ops / sizeof *any_ops);

const char *any_op_name(int32_t op) {
    for (int64_t i = 0; i < COUNT(rules); i++) {
        if (rules[i].op == op) return rules[i].name;
    }
    return "?";
}

static float pick_value(any_source *s, const any_param *p) {
    if (p->spread > 0 && any_one_in(s, 3)) return p->spread * (float)any_uniform(s);
    /* the first few are what people use: half of the picks */
    return p->values[any_below(s, any_one_in(s, 2) && p->count > 4 ? 4 : p->count)];
}

static int32_t whole_of(float v) { return v >= 2147483647.0f ? INT32_MAX : (int32_t)v; }

static urn_param pick_param(any_case *c, any_source *s, const any_param *p) {
    int by = any_one_in(s, 2) ? URN_SCALAR : 1 + (int)any_below(s, 2);
    int64_t n = by == URN_BY_ROW ? c->job.rows : c->job.slots;
    if (by == URN_SCALAR) {
        float v = pick_value(s, p);
        return p->whole ? urn_i(whole_of(v)) : urn_f(v);
    }
    float *f = (float *)any_own(c, 4 * (size_t)n);
    int32_t *i = (int32_t *)any_own(c, 4 * (size_t)n);
    static const float odd[] = {NAN, -1, 1.5f, INFINITY, -0.0f, -INFINITY, 1e-45f};
    for (int64_t j = 0; j < n; j++) {
        f[j] = pick_value(s, p);
        i[j] = p->whole ? whole_of(f[j]) : 0;
        if (!c->limits.good && any_one_in(s, 60)) f[j] = odd[any_below(s, COUNT(odd))], i[j] = -2;
    }
    return p->whole ? urn_i_by((urn_by)by, i) : urn_f_by((urn_by)by, f);
}

/* ---- tables ---- */

/* NULL: a table row for each row of the call. */
static int32_t *pick_map(any_case *c, any_source *s, int64_t *rows) {
    *rows = c->job.rows;
    if (any_one_in(s, 3)) return NULL;
    *rows = 1 + any_below(s, 3);
    int32_t *map = (int32_t *)any_own(c, 4 * (size_t)c->job.rows);
    for (int64_t r = 0; r < c->job.rows; r++) {
        map[r] = (int32_t)any_below(s, any_one_in(s, 4) ? *rows + 1 : *rows);
        if (map[r] == *rows) map[r] = -1;
        if (!c->limits.good && any_one_in(s, 100)) map[r] = any_one_in(s, 2) ? -2 : (int32_t)*rows;
    }
    return map;
}

static int32_t pick_id(any_case *c, any_source *s) {
    if (any_one_in(s, 2)) return c->alphabet[any_below(s, 8)];
    return (int32_t)any_below(s, c->job.cols + 4) - 2; /* some outside */
}

static float pick_added(any_case *c, any_source *s) {
    if (any_one_in(s, 12)) return -INFINITY;
    if (!c->limits.good && any_one_in(s, 300)) return any_one_in(s, 2) ? NAN : INFINITY;
    return (float)(6 * any_uniform(s) - 3) * (any_one_in(s, 20) ? 1e30f : 1.0f);
}

/* twice: a list may name an id twice. */
static urn_id_lists pick_lists(any_case *c, any_source *s, int64_t most, int twice, int valued) {
    urn_id_lists lists = {NULL, NULL, NULL, NULL, 0, 0};
    lists.map = pick_map(c, s, &lists.rows);
    int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(lists.rows + 1)), size = any_below(s, 3);
    int32_t *ids = (int32_t *)any_own(c, 4 * (size_t)(size + lists.rows * most + 3));
    float *values = valued ? (float *)any_own(c, 4 * (size_t)(size + lists.rows * most + 3)) : NULL;
    for (int64_t i = 0; i < size; i++) ids[i] = 0; /* before the first list */
    for (int64_t l = 0; l < lists.rows; l++) {
        int64_t n = any_below(s, most + 1);
        offsets[l] = size;
        for (int64_t j = 0; j < n; j++) {
            int32_t id = pick_id(c, s);
            int again = 0;
            for (int64_t k = offsets[l]; !twice && k < size; k++) again |= ids[k] == id;
            if (!again || (!c->limits.good && any_one_in(s, 100))) ids[size++] = id;
        }
        offsets[l + 1] = size;
    }
    for (int64_t i = 0; valued && i < size; i++) values[i] = pick_added(c, s);
    if (!c->limits.good && any_one_in(s, 60)) {
        offsets[any_below(s, lists.rows + 1)] += any_one_in(s, 2) ? size + 1 : -size - 1;
    }
    lists.ids = ids, lists.values = values, lists.offsets = offsets, lists.size = size;
    return lists;
}

/* Sequences that the contexts are likely to be about to complete. */
static urn_step pick_ban(any_case *c, any_source *s) {
    urn_id_lists q = {NULL, NULL, NULL, NULL, 1 + any_below(s, 12), 0};
    int64_t sets_rows, at = 0;
    q.map = pick_map(c, s, &sets_rows);
    int64_t *offsets = (int64_t *)any_own(c, 8 * (size_t)(q.rows + 1));
    int64_t *sets = (int64_t *)any_own(c, 8 * (size_t)(sets_rows + 1));
    int32_t *ids = (int32_t *)any_own(c, 4 * (size_t)(4 * q.rows + 1));
    for (int64_t j = 0; j < q.rows; j++) {
        int64_t n = any_one_in(s, 12) ? 0 : 1 + any_below(s, 4);
        offsets[j] = q.size;
        for (int64_t i = 0; i < n; i++) ids[q.size++] = pick_id(c, s);
    }
    offsets[q.rows] = q.size;
    for (int64_t i = 0; i <= sets_rows; i++) {
        sets[i] = at;
        at += any_below(s, q.rows - at + 1);
    }
    if (!c->limits.good && any_one_in(s, 60))
        sets[any_below(s, sets_rows + 1)] += any_one_in(s, 2) ? q.rows + 1 : -q.rows - 1;
    q.ids = ids, q.offsets = offsets;
    return urn_ban(q, sets, sets_rows);
}

static urn_step pick_mask(any_case *c, any_source *s) {
    int64_t rows, stride = (c->job.cols + 31) / 32 + any_below(s, 3);
    int32_t *map = pick_map(c, s, &rows);
    uint32_t *words = (uint32_t *)any_own(c, 4 * (size_t)(rows * stride));
    ut_rng rng = ut_rng_make((uint64_t)any_below(s, 1 << 16));
    int density = (int)any_below(s, 4);
    for (int64_t i = 0; i < rows * stride; i++) {
        words[i] = (uint32_t)ut_u64(&rng);
        if (density > 1) words[i] |= (uint32_t)ut_u64(&rng);
        if (density > 2) words[i] |= (uint32_t)ut_u64(&rng);
        if (density == 0) words[i] &= (uint32_t)ut_u64(&rng);
    }
    return urn_mask(words, rows, stride, map);
}

static float *pick_dense(any_case *c, any_source *s, int64_t rows, int64_t stride, int positive) {
    float *table = (float *)any_own(c, 4 * (size_t)(rows * stride));
    ut_rng rng = ut_rng_make((uint64_t)any_below(s, 1 << 16));
    for (int64_t i = 0; i < rows * stride; i++) {
        table[i] = positive ? 0.3f + 2 * (float)ut_uniform(&rng) : (float)ut_normal(&rng);
        if (!positive && ut_below(&rng, 20) == 0) table[i] = -INFINITY;
    }
    if (!c->limits.good && any_one_in(s, 30)) table[any_below(s, rows * stride)] = positive ? 0 : NAN;
    return table;
}

static void *pick_second(any_case *c, any_source *s, int64_t rows, int64_t stride) {
    int64_t n = rows * stride;
    float *x = (float *)any_own(c, 4 * (size_t)n);
    void *packed = any_own(c, 4 * (size_t)n);
    ut_fill(x, n, any_one_in(s, 3) ? UT_TIES : UT_NORMAL, 2, (uint64_t)any_below(s, 1 << 16));
    if (any_one_in(s, 3)) ut_punch(x, n, 0.2, (uint64_t)any_below(s, 1 << 16));
    if (!c->limits.good && any_one_in(s, 30)) x[any_below(s, n)] = any_one_in(s, 2) ? NAN : INFINITY;
    ut_pack(x, n, c->job.dtype, packed);
    return packed;
}

urn_step any_step(any_case *c, any_source *s, int32_t op) {
    urn_param p[4] = {urn_f(0), urn_f(0), urn_f(0), urn_f(0)};
    for (int64_t r = 0; r < COUNT(rules); r++) {
        for (int k = 0; rules[r].op == op && k < 4; k++) {
            if (rules[r].param[k].count) p[k] = pick_param(c, s, rules[r].param + k);
        }
    }
    int64_t rows = 0, stride = c->job.cols + any_below(s, 3), some = c->job.cols < 12 ? c->job.cols : 12;
    int32_t *map = NULL;
    int flag = any_one_in(s, 2);
    if (op == URN_OP_DENSE_BIAS || op == URN_OP_ID_TEMPERATURE || op == URN_OP_MIX || op == URN_OP_MIXTURE)
        map = pick_map(c, s, &rows);
    urn_step step;
    c->needs_state |= op == URN_OP_BAN || op == URN_OP_NO_REPEAT || op == URN_OP_PENALTIES || op == URN_OP_DRY;
    switch (op) {
    case URN_OP_TEMPERATURE:
        return urn_temperature(p[0]);
    case URN_OP_DYNAMIC_TEMPERATURE:
        return urn_dynamic_temperature(p[0], p[1], p[2]);
    case URN_OP_MASK:
        return pick_mask(c, s);
    case URN_OP_ALLOW:
        return urn_allow(pick_lists(c, s, any_one_in(s, 2) ? c->job.cols : some, 1, 0));
    case URN_OP_MIN_TOKENS:
        return urn_min_tokens(p[0], pick_lists(c, s, some, 1, 0));
    case URN_OP_BAN:
        return pick_ban(c, s);
    case URN_OP_NO_REPEAT:
        return urn_no_repeat(p[0]);
    case URN_OP_BIAS:
        return urn_bias(pick_lists(c, s, any_one_in(s, 8) ? (c->job.cols < 300 ? c->job.cols : 300) : some, 0, 1));
    case URN_OP_DENSE_BIAS:
        return urn_dense_bias(pick_dense(c, s, rows, stride, 0), rows, stride, map);
    case URN_OP_PENALTIES:
        step = urn_penalties(p[0], p[1], p[2], p[3]);
        if (flag) step.flags = URN_STEP_PROMPT, c->has_prompt_steps = 1;
        return step;
    case URN_OP_DRY: {
        urn_id_lists none = {NULL, NULL, NULL, NULL, 0, 0};
        return urn_dry(p[0], p[1], p[2], p[3], flag ? none : pick_lists(c, s, 3, 1, 0));
    }
    case URN_OP_ID_TEMPERATURE:
        return urn_id_temperature(pick_dense(c, s, rows, stride, 1), rows, stride, map);
    case URN_OP_VALUES:
        step = urn_values(p[0], pick_lists(c, s, some, 0, 1));
        if (flag) step.flags = URN_STEP_CENTRE;
        return step;
    case URN_OP_MIX:
        return urn_mix(p[0], pick_second(c, s, rows, stride), rows, stride, map);
    case URN_OP_QUADRATIC:
        return urn_quadratic(p[0], p[1]);
    case URN_OP_QUADRATIC_SCORE:
        return urn_quadratic_score(p[0], p[1], p[2]);
    case URN_OP_TOP_K:
    case URN_OP_TOP_P:
        step = op == URN_OP_TOP_K ? urn_top_k(p[0]) : urn_top_p(p[0]);
        if (flag) step.flags = URN_STEP_TIES;
        return step;
    case URN_OP_MIN_P:
        return urn_min_p(p[0]);
    case URN_OP_TOP_A:
        return urn_top_a(p[0]);
    case URN_OP_EPSILON:
        return urn_epsilon(p[0]);
    case URN_OP_ETA:
        return urn_eta(p[0]);
    case URN_OP_TYPICAL:
        return urn_typical(p[0]);
    case URN_OP_TAIL_FREE:
        return urn_tail_free(p[0]);
    case URN_OP_TOP_N_SIGMA:
        return urn_top_n_sigma(p[0]);
    case URN_OP_XTC:
        return urn_xtc(p[0], p[1]);
    case URN_OP_MIROSTAT:
        return urn_mirostat(p[0]);
    case URN_OP_MIROSTAT_V1:
        return urn_mirostat_v1(p[0]);
    case URN_OP_SPARSEMAX:
        return urn_sparsemax();
    case URN_OP_INVERSE_GAP:
        return urn_inverse_gap(p[0], p[1]);
    case URN_OP_TSALLIS:
        return urn_tsallis(p[0]);
    default:
        return urn_mixture(p[0], pick_second(c, s, rows, stride), rows, stride, map);
    }
}
