/* prop_resample_around.c - what stands around resampling, on random calls against the oracle, byte for byte. */
#include <math.h>

#include "tests/prop/resample_case.h"

/* Each makes a call from the seed, fills what the oracle writes, and says how to run it. */

static void *begin(ut_call *call, size_t size) {
    memset(call, 0, sizeof *call);
    call->size = size;
    return call->params = ut_malloc(size);
}

#define BEGIN(type, init)                                                                                              \
    type fresh = init;                                                                                                 \
    type *p = (type *)begin(call, sizeof *p);                                                                          \
    *p = fresh

static void reserve(ut_bed *bed, size_t bytes) {
    UT_ASSERT(bytes > 0, "no workspace size");
    UT_OK(urn_stream_reserve(bed->stream, bytes));
}

/* ---- statistics ---- */

static void make_stats(ut_call *call, ut_rng *rng) {
    BEGIN(urn_weights_stats_params, URN_WEIGHTS_STATS_PARAMS_INIT);
    weights_plan plan = {5, 300, 0, 0, 0};
    resample_weights(call, &p->weights, rng, &plan);
    UT_GIVES(call, p, stats, p->weights.rows);
    oracle_weights_stats(p);
}

static urn_status run_stats(ut_bed *bed, void *params) {
    urn_weights_stats_params *p = (urn_weights_stats_params *)params;
    reserve(bed, urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, p->weights.rows, p->weights.items, 0));
    return urn_weights_stats(bed->stream, p);
}

/* ---- ancestors and offspring ---- */

static void give_sizes(urn_ancestors_params *p, ut_rng *rng) {
    p->rows = 1 + ut_below(rng, 4);
    p->items = 1 + ut_below(rng, 300);
    p->outputs = ut_below(rng, 4) ? ut_below(rng, 2 * p->items + 1) : ut_below(rng, 3);
}

static void fill_ancestors(int32_t *a, int64_t rows, int64_t items, int64_t outputs, ut_rng *rng, int holes, int good) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t spread = 1 + ut_below(rng, items), bad = !good && ut_below(rng, 6) == 0;
        for (int64_t m = 0; m < outputs; m++) {
            a[r * outputs + m] = (int32_t)ut_below(rng, spread);
            if (holes && ut_below(rng, 9) == 0) a[r * outputs + m] = -1;
            if (bad && ut_below(rng, outputs) == 0) a[r * outputs + m] = ut_below(rng, 2) ? -2 : (int32_t)items;
        }
    }
}

static void make_offspring(ut_call *call, ut_rng *rng) {
    BEGIN(urn_ancestors_params, URN_ANCESTORS_PARAMS_INIT);
    give_sizes(p, rng);
    fill_ancestors((int32_t *)UT_TAKES(call, p, ancestors, p->rows * p->outputs), p->rows, p->items, p->outputs, rng, 1,
                   0);
    UT_GIVES(call, p, offspring, p->rows * p->items);
    UT_GIVES(call, p, status, p->rows);
    oracle_offspring_from_ancestors(p);
}

static urn_status run_offspring(ut_bed *bed, void *params) {
    urn_ancestors_params *p = (urn_ancestors_params *)params;
    reserve(bed, urn_ancestors_workspace(p->rows, p->items, p->outputs));
    return urn_offspring_from_ancestors(bed->stream, p);
}

static void make_ancestors(ut_call *call, ut_rng *rng) {
    BEGIN(urn_ancestors_params, URN_ANCESTORS_PARAMS_INIT);
    give_sizes(p, rng);
    int32_t *o = (int32_t *)UT_TAKES(call, p, offspring, p->rows * p->items);
    int64_t most = 1 + 4 * p->outputs / p->items;
    for (int64_t i = 0; i < p->rows * p->items; i++) {
        o[i] = ut_below(rng, 2) ? 0 : (int32_t)ut_below(rng, most);
        if (ut_below(rng, 40 * p->items) == 0) o[i] = ut_below(rng, 2) ? -1 : INT32_MAX;
    }
    UT_GIVES(call, p, ancestors, p->rows * p->outputs);
    UT_GIVES(call, p, status, p->rows);
    oracle_ancestors_from_offspring(p);
}

static urn_status run_ancestors(ut_bed *bed, void *params) {
    urn_ancestors_params *p = (urn_ancestors_params *)params;
    reserve(bed, urn_ancestors_workspace(p->rows, p->items, p->outputs));
    return urn_ancestors_from_offspring(bed->stream, p);
}

static void make_permute(ut_call *call, ut_rng *rng) {
    BEGIN(urn_ancestors_params, URN_ANCESTORS_PARAMS_INIT);
    give_sizes(p, rng);
    p->outputs = p->items;
    int32_t *a = (int32_t *)ut_call_array(call, &p->ancestors, UT_INOUT, p->rows * p->items, 4, "ancestors");
    fill_ancestors(a, p->rows, p->items, p->items, rng, 0, 0);
    UT_GIVES(call, p, status, p->rows);
    ut_call_start(call);
    oracle_ancestors_permute(p);
}

static urn_status run_permute(ut_bed *bed, void *params) {
    urn_ancestors_params *p = (urn_ancestors_params *)params;
    reserve(bed, urn_ancestors_workspace(p->rows, p->items, p->outputs));
    return urn_ancestors_permute(bed->stream, p);
}

/* ---- particles ---- */

static void make_gather(ut_call *call, ut_rng *rng) {
    static const int64_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 17, 32, 48, 64, 100};
    BEGIN(urn_particles_gather_params, URN_PARTICLES_GATHER_PARAMS_INIT);
    int in_place = (int)ut_below(rng, 2);
    p->rows = 1 + ut_below(rng, 4);
    p->items = 1 + ut_below(rng, 120);
    p->outputs = in_place ? p->items : ut_below(rng, 2 * p->items);
    p->particle_bytes = sizes[ut_below(rng, 13)];
    int32_t *a = (int32_t *)UT_TAKES(call, p, ancestors, p->rows * p->outputs);
    fill_ancestors(a, p->rows, p->items, p->outputs, rng, 1, in_place);
    if (in_place && ut_below(rng, 5)) { /* mostly as urn_ancestors_permute leaves them */
        urn_ancestors_params order = URN_ANCESTORS_PARAMS_INIT;
        for (int64_t i = 0; i < p->rows * p->items; i++) a[i] = a[i] < 0 ? 0 : a[i];
        order.rows = p->rows, order.items = order.outputs = p->items, order.ancestors = a;
        oracle_ancestors_permute(&order);
    }
    if (ut_below(rng, 3) == 0) {
        int32_t *resampled = (int32_t *)UT_TAKES(call, p, resampled, p->rows);
        for (int64_t r = 0; r < p->rows; r++) resampled[r] = (int32_t)ut_below(rng, 2);
    }
    UT_GIVES(call, p, status, p->rows);
    p->reserved = !in_place; /* a note to run_gather */
    if (!in_place) {
        resample_words(rng, ut_call_array(call, &p->from, UT_IN, p->rows * p->items * p->particle_bytes, 1, "from"),
                       p->rows * p->items * p->particle_bytes);
        ut_call_array(call, &p->to, UT_OUT, p->rows * p->outputs * p->particle_bytes, 1, "to");
    } else {
        int64_t bytes = p->rows * p->items * p->particle_bytes;
        resample_words(rng, ut_call_array(call, &p->to, UT_INOUT, bytes, 1, "to"), bytes);
        p->from = p->to;
    }
    ut_call_start(call);
    oracle_particles_gather(p);
}

static urn_status run_gather(ut_bed *bed, void *params) {
    urn_particles_gather_params *p = (urn_particles_gather_params *)params;
    if (!p->reserved) p->from = p->to; /* in place: only `to` was uploaded */
    p->reserved = 0;
    return urn_particles_gather(bed->stream, p);
}

/* ---- moments ---- */

static void make_moments(ut_call *call, ut_rng *rng) {
    BEGIN(urn_segments_moments_params, URN_SEGMENTS_MOMENTS_PARAMS_INIT);
    weights_plan plan = {5, 300, 0, 0, 0};
    int64_t elements = resample_weights(call, &p->weights, rng, &plan);
    if (p->weights.stride) elements = (int64_t)call->member[0].bytes / (p->weights.type % 2 ? 8 : 4);
    p->dims = 1 + (int32_t)ut_below(rng, 5);
    float *x = (float *)UT_TAKES(call, p, values, elements * p->dims);
    for (int64_t i = 0; i < elements * p->dims; i++) {
        int64_t kind = ut_below(rng, 9);
        x[i] = (float)(ut_normal(rng) * (i % 3 == 0 ? 1e6 : 1) + (i % 3 == 1 ? 1000 : 0));
        if (kind == 0) x[i] = 0;
        if (kind == 1) x[i] *= 1e-42f;
        if (ut_below(rng, 40 * elements) == 0) x[i] = ut_below(rng, 2) ? NAN : INFINITY;
    }
    UT_GIVES(call, p, mean, p->weights.rows * p->dims);
    if (ut_below(rng, 4)) UT_GIVES(call, p, variance, p->weights.rows * p->dims);
    if (ut_below(rng, 2)) UT_GIVES(call, p, stats, p->weights.rows);
    UT_GIVES(call, p, status, p->weights.rows);
    oracle_segments_moments(p);
}

static urn_status run_moments(ut_bed *bed, void *params) {
    urn_segments_moments_params *p = (urn_segments_moments_params *)params;
    reserve(bed, urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, p->weights.rows, p->weights.items, 0));
    return urn_segments_moments(bed->stream, p);
}

/* ---- tables ---- */

static void make_alias(ut_call *call, ut_rng *rng) {
    BEGIN(urn_alias_params, URN_ALIAS_PARAMS_INIT);
    weights_plan plan = {5, 300, 0, 0, 0};
    int64_t elements = resample_weights(call, &p->weights, rng, &plan);
    UT_GIVES(call, p, cut, elements);
    UT_GIVES(call, p, alias, elements);
    UT_GIVES(call, p, status, p->weights.rows);
    oracle_alias_build(p);
}

static urn_status run_alias(ut_bed *bed, void *params) {
    urn_alias_params *p = (urn_alias_params *)params;
    reserve(bed, urn_alias_workspace(p->weights.rows, p->weights.items));
    return urn_alias_build(bed->stream, p);
}

static void make_alias_draw(ut_call *call, ut_rng *rng) {
    BEGIN(urn_alias_params, URN_ALIAS_PARAMS_INIT);
    weights_plan plan = {5, 300, 0, 0, 0};
    int64_t elements = resample_weights(call, &p->weights, rng, &plan);
    UT_TAKES(call, p, cut, elements);
    UT_TAKES(call, p, alias, elements);
    oracle_alias_build(p); /* draws read what build wrote */
    p->draws = ut_below(rng, 400);
    RESAMPLE_KEYS(call, p, rng, p->weights.rows);
    UT_GIVES(call, p, ids, p->weights.rows * p->draws);
    UT_GIVES(call, p, status, p->weights.rows);
    oracle_alias_draw(p);
}

static urn_status run_alias_draw(ut_bed *bed, void *params) {
    return urn_alias_draw(bed->stream, (urn_alias_params *)params);
}

static void make_inverse(ut_call *call, ut_rng *rng) {
    BEGIN(urn_inverse_params, URN_INVERSE_PARAMS_INIT);
    weights_plan plan = {5, 300, 0, 1, 0};
    resample_weights(call, &p->weights, rng, &plan);
    int64_t rows = p->weights.rows, n = p->weights.items;
    p->points = (int32_t)ut_below(rng, 4);
    p->outputs = ut_below(rng, 300);
    if (ut_below(rng, 3) == 0) p->edges_stride = n + 1 + ut_below(rng, 3);
    int64_t edges = p->edges_stride ? (rows - 1) * p->edges_stride + n + 1 : n + 1;
    float *e = (float *)UT_TAKES(call, p, edges, edges);
    for (int64_t i = 0; i < edges; i++) {
        e[i] = (float)((double)i * 0.37 - 3 + ut_uniform(rng) * 0.3);
        if (ut_below(rng, 8 * edges) == 0) e[i] = ut_below(rng, 2) ? INFINITY : NAN;
    }
    if (ut_below(rng, 3) == 0) {
        uint64_t *codes = (uint64_t *)UT_TAKES(call, p, codes, rows * p->outputs);
        for (int64_t i = 0; i < rows * p->outputs; i++) {
            codes[i] = ut_below(rng, 12) ? ut_u64(rng) : ut_below(rng, 2) ? 0 : UINT64_MAX;
        }
    }
    RESAMPLE_KEYS(call, p, rng, rows);
    UT_GIVES(call, p, values, rows * p->outputs);
    if (ut_below(rng, 2)) UT_GIVES(call, p, bins, rows * p->outputs);
    UT_GIVES(call, p, status, rows);
    oracle_inverse_grid(p);
}

static urn_status run_inverse(ut_bed *bed, void *params) {
    urn_inverse_params *p = (urn_inverse_params *)params;
    reserve(bed, urn_resample_workspace(URN_RESAMPLE_MULTINOMIAL, p->weights.rows, p->weights.items, p->outputs));
    return urn_inverse_grid(bed->stream, p);
}

/* ---- backward ---- */

static void make_backward(ut_call *call, ut_rng *rng) {
    BEGIN(urn_backward_params, URN_BACKWARD_PARAMS_INIT);
    weights_plan plan = {3, 120, 1, 0, (int)ut_below(rng, 2)};
    resample_weights(call, &p->weights, rng, &plan);
    int64_t rows = p->weights.rows, n = p->weights.items;
    p->children = ut_below(rng, 8) ? 1 + ut_below(rng, 12) : 0;
    p->draws = 1 + (int32_t)ut_below(rng, 4);
    p->trials = ut_below(rng, 3) ? (int32_t)ut_below(rng, 20) : 0;
    if (ut_below(rng, 3) == 0) p->log_m_stride = n + ut_below(rng, 4);
    int64_t elements = rows * p->children * (p->log_m_stride ? p->log_m_stride : n);
    float *m = (float *)UT_TAKES(call, p, log_m, elements);
    double scale = ut_below(rng, 2) ? 1 : 8;
    p->bound_value = 0.5f;
    for (int64_t i = 0; i < elements; i++) {
        m[i] = (float)(0.5 - scale * fabs(ut_normal(rng)));
        if (ut_below(rng, 6) == 0) m[i] = -INFINITY;
        if (ut_below(rng, 60 * n) == 0) m[i] = ut_below(rng, 2) ? NAN : 3.0f;
    }
    for (int64_t c = 0; c < rows * p->children; c++) { /* a child that nothing leads to */
        int64_t stride = p->log_m_stride ? p->log_m_stride : n;
        for (int64_t i = 0; i < n && ut_below(rng, 6) == 0 && i == 0; i++) {
            for (int64_t k = 0; k < n; k++) m[c * stride + k] = -INFINITY;
        }
    }
    if (ut_below(rng, 3) == 0) {
        float *bound = (float *)UT_TAKES(call, p, bound, rows);
        for (int64_t r = 0; r < rows; r++) bound[r] = ut_below(rng, 8) ? 0.5f : ut_below(rng, 2) ? 0.1f : NAN;
    }
    if (ut_below(rng, 2)) {
        int32_t *back = (int32_t *)UT_TAKES(call, p, fallback, rows * p->children);
        for (int64_t c = 0; c < rows * p->children; c++) back[c] = (int32_t)ut_below(rng, n + 2) - 1;
    }
    RESAMPLE_KEYS(call, p, rng, rows);
    UT_GIVES(call, p, ancestors, rows * p->children * p->draws);
    UT_GIVES(call, p, status, rows * p->children);
    oracle_backward_draws(p);
}

static urn_status run_backward(ut_bed *bed, void *params) {
    urn_backward_params *p = (urn_backward_params *)params;
    reserve(bed, urn_backward_workspace(p->weights.rows, p->weights.items, p->children));
    return urn_backward_draws(bed->stream, p);
}

static const ut_call_kind calls[] = {
    {"urn_weights_stats", make_stats, run_stats},
    {"urn_offspring_from_ancestors", make_offspring, run_offspring},
    {"urn_ancestors_from_offspring", make_ancestors, run_ancestors},
    {"urn_ancestors_permute", make_permute, run_permute},
    {"urn_particles_gather", make_gather, run_gather},
    {"urn_segments_moments", make_moments, run_moments},
    {"urn_alias_build", make_alias, run_alias},
    {"urn_alias_draw", make_alias_draw, run_alias_draw},
    {"urn_inverse_grid", make_inverse, run_inverse},
    {"urn_backward_draws", make_backward, run_backward},
};

/* property  every output of the call is what bits_resample.h says, byte for byte
 * shapes    up to 5 rows of up to 300, dense and ragged, all kinds of weights, wrong ones among them */
START_TEST(any_call_is_what_the_contract_says) { ut_call_hold(calls + _i, (uint64_t)(1000000 + 1000 * _i)); }
END_TEST

Suite *prop_resample_around_suite(void) {
    Suite *suite = suite_create("prop_resample_around");
    TCase *tcase = tcase_create("around");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_call_is_what_the_contract_says, 0, (int)(sizeof calls / sizeof *calls));
    suite_add_tcase(suite, tcase);
    return suite;
}
