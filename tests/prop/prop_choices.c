/* prop_choices.c - beams' selection, fixed sizes, uniform choices on random calls against the oracle, byte for byte. */
#include <math.h>

#include "tests/oracle_choices.h"
#include "tests/urn_call.h"

static void *begin(ut_call *call, size_t size) {
    memset(call, 0, sizeof *call);
    call->size = size;
    return call->params = ut_malloc(size);
}

#define BEGIN(type, init)                                                                                              \
    type fresh = init;                                                                                                 \
    type *p = (type *)begin(call, sizeof *p);                                                                          \
    *p = fresh

#define KEYS(rows)                                                                                                     \
    do {                                                                                                               \
        p->seed_value = ut_u64(rng);                                                                                   \
        p->position_value = (uint32_t)ut_below(rng, 1000);                                                             \
        if (ut_below(rng, 2)) words(rng, UT_TAKES(call, p, seed, (rows)), 8 * (rows));                                 \
        if (ut_below(rng, 2)) words(rng, UT_TAKES(call, p, label, (rows)), 8 * (rows));                                \
        if (ut_below(rng, 2)) words(rng, UT_TAKES(call, p, position, (rows)), 4 * (rows));                             \
    } while (0)

static void words(ut_rng *rng, void *data, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i++) ((unsigned char *)data)[i] = (unsigned char)ut_u64(rng);
}

static void make_select(ut_call *call, ut_rng *rng) {
    BEGIN(urn_beam_select_params, URN_BEAM_SELECT_PARAMS_INIT);
    p->groups = 1 + ut_below(rng, 4);
    p->beams = 1 + (int32_t)ut_below(rng, 12);
    p->k = 1 + (int32_t)ut_below(rng, 20);
    p->width = 1 + (int32_t)ut_below(rng, ut_below(rng, 3) ? 16 : 300);
    int64_t n = p->groups * p->beams * p->k;
    int32_t *ids = (int32_t *)UT_TAKES(call, p, ids, n);
    int64_t *keys = (int64_t *)UT_TAKES(call, p, beam_keys, n);
    double *logprob = (double *)UT_TAKES(call, p, beam_logprob, n);
    for (int64_t i = 0; i < n; i++) {
        ids[i] = ut_below(rng, 5) ? (int32_t)ut_below(rng, 1000) : -1;
        keys[i] = ut_below(rng, 3) ? (int64_t)ut_u64(rng) >> 3 : ut_below(rng, 4) - 2; /* ties */
        logprob[i] = -ut_uniform(rng);
    }
    if (ut_below(rng, 3)) UT_GIVES(call, p, parent, p->groups * p->width);
    if (ut_below(rng, 3)) UT_GIVES(call, p, next_ids, p->groups * p->width);
    if (ut_below(rng, 3)) UT_GIVES(call, p, key, p->groups * p->width);
    if (ut_below(rng, 3)) UT_GIVES(call, p, logprob, p->groups * p->width);
    UT_GIVES(call, p, found, p->groups);
    oracle_beam_select(p);
}

static urn_status run_select(ut_bed *bed, void *p) { return urn_beam_select(bed->stream, (urn_beam_select_params *)p); }

static void make_inclusion(ut_call *call, ut_rng *rng) {
    BEGIN(urn_inclusion_params, URN_INCLUSION_PARAMS_INIT);
    p->rows = 1 + ut_below(rng, 5);
    p->cols = 1 + ut_below(rng, 300);
    p->k = 1 + (int32_t)ut_below(rng, ut_below(rng, 2) ? p->cols + 3 : 5);
    if (ut_below(rng, 3) == 0) p->weights_stride = p->cols + ut_below(rng, 4);
    if (ut_below(rng, 3) == 0) p->p_stride = p->cols + ut_below(rng, 4);
    int64_t stride = p->weights_stride ? p->weights_stride : p->cols, n = (p->rows - 1) * stride + p->cols;
    float *x = (float *)UT_TAKES(call, p, weights, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t kind = i / stride % 5;
        x[i] = (float)exp(ut_normal(rng) * (kind == 0 ? 0.3 : 3));
        if (kind == 1) x[i] = 2.5f;
        if (kind == 2) x[i] = (float)ut_below(rng, 4);
        if (kind == 3 && ut_below(rng, 3)) x[i] = ut_below(rng, 2) ? 0.0f : -0.0f;
        if (kind == 4) x[i] = ut_below(rng, 20) ? x[i] * 1e-40f : x[i];
        if (ut_below(rng, 30 * p->cols) == 0) x[i] = (float[]){NAN, INFINITY, -1, 3e38f}[ut_below(rng, 4)];
    }
    if (ut_below(rng, 3) == 0) {
        int32_t *k = (int32_t *)UT_TAKES(call, p, k_of_row, p->rows);
        for (int64_t r = 0; r < p->rows; r++)
            k[r] = (int32_t)ut_below(rng, p->k + 1) + (ut_below(rng, 30) == 0 ? p->k + 1 : 0);
    }
    UT_GIVES(call, p, p, (p->rows - 1) * (p->p_stride ? p->p_stride : p->cols) + p->cols);
    UT_GIVES(call, p, status, p->rows);
    oracle_inclusion(p);
}

static urn_status run_inclusion(ut_bed *bed, void *p) { return urn_inclusion(bed->stream, (urn_inclusion_params *)p); }

static void make_fixed(ut_call *call, ut_rng *rng) {
    BEGIN(urn_fixed_params, URN_FIXED_PARAMS_INIT);
    p->method = (int32_t)ut_below(rng, 3);
    p->rows = 1 + ut_below(rng, 5);
    p->cols = 1 + ut_below(rng, 300);
    p->room = (int32_t)ut_below(rng, p->cols + 1);
    if (ut_below(rng, 3) == 0) p->p_stride = p->cols + ut_below(rng, 4);
    int64_t stride = p->p_stride ? p->p_stride : p->cols, n = (p->rows - 1) * stride + p->cols;
    uint64_t *chance = (uint64_t *)UT_TAKES(call, p, p, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t kind = i / stride % 4;
        chance[i] = ut_u64(rng) >> (2 + (kind == 1 ? 4 : 0));
        if (kind == 2) chance[i] = URN_FIXED_ONE / 4 * (uint64_t)ut_below(rng, 5);
        if (ut_below(rng, 6) == 0) chance[i] = ut_below(rng, 2) ? 0 : URN_FIXED_ONE;
        if (ut_below(rng, 20 * p->cols) == 0) chance[i] = URN_FIXED_ONE + 1;
    }
    KEYS(p->rows);
    if (ut_below(rng, 4)) UT_GIVES(call, p, ids, p->rows * p->room);
    if (ut_below(rng, 2)) UT_GIVES(call, p, weight, p->rows * p->room);
    UT_GIVES(call, p, found, p->rows);
    if (ut_below(rng, 2)) {
        p->bits_stride = (p->cols + 31) / 32 + ut_below(rng, 3);
        UT_GIVES(call, p, bits, p->rows * p->bits_stride);
    }
    UT_GIVES(call, p, status, p->rows);
    oracle_fixed(p);
}

static urn_status run_fixed(ut_bed *bed, void *params) {
    urn_fixed_params *p = (urn_fixed_params *)params;
    UT_OK(urn_stream_reserve(bed->stream, urn_fixed_workspace(p->rows, p->cols)));
    return urn_fixed(bed->stream, p);
}

static void make_permute(ut_call *call, ut_rng *rng) {
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 100, 1000, 65537, INT64_C(1) << 33, (INT64_C(1) << 40) - 1};
    BEGIN(urn_permute_params, URN_PERMUTE_PARAMS_INIT);
    p->n = sizes[ut_below(rng, 10)];
    p->count = ut_below(rng, 300);
    p->inverse = (int32_t)ut_below(rng, 2);
    p->seed = ut_u64(rng), p->label = ut_u64(rng), p->position = (uint32_t)ut_u64(rng);
    if (p->count > p->n || ut_below(rng, 2)) {
        int64_t *index = (int64_t *)UT_TAKES(call, p, index, p->count);
        for (int64_t i = 0; i < p->count; i++) index[i] = ut_below(rng, p->n + 2) - (ut_below(rng, 9) == 0);
    } else {
        p->first = ut_below(rng, p->n - p->count + 1);
    }
    UT_GIVES(call, p, out, p->count);
    oracle_permute(p);
}

static urn_status run_permute(ut_bed *bed, void *p) { return urn_permute(bed->stream, (urn_permute_params *)p); }

static void make_bootstrap(ut_call *call, ut_rng *rng) {
    BEGIN(urn_bootstrap_params, URN_BOOTSTRAP_PARAMS_INIT);
    p->rows = 1 + ut_below(rng, 5);
    p->n = 1 + ut_below(rng, 300);
    p->draws = ut_below(rng, 3) ? p->n : 1 + ut_below(rng, 500);
    KEYS(p->rows);
    UT_GIVES(call, p, ids, p->rows * p->draws);
    if (ut_below(rng, 3)) UT_GIVES(call, p, counts, p->rows * p->n);
    oracle_bootstrap(p);
}

static urn_status run_bootstrap(ut_bed *bed, void *p) { return urn_bootstrap(bed->stream, (urn_bootstrap_params *)p); }

static void make_field(ut_call *call, ut_rng *rng) {
    BEGIN(urn_field_params, URN_FIELD_PARAMS_INIT);
    p->rows = 1 + ut_below(rng, 5);
    p->n = 1 + ut_below(rng, 900);
    p->p_value = (uint64_t)ut_below(rng, (INT64_C(1) << 32) + 1);
    p->bits_stride = (p->n + 31) / 32 + ut_below(rng, 3);
    if (ut_below(rng, 2)) {
        uint64_t *chance = (uint64_t *)UT_TAKES(call, p, p, p->rows);
        for (int64_t r = 0; r < p->rows; r++) {
            chance[r] = ut_below(rng, 4) ? ut_u64(rng) >> 32 : UINT64_C(1) << (ut_below(rng, 4) ? 32 : 33);
        }
    }
    KEYS(p->rows);
    UT_GIVES(call, p, bits, p->rows * p->bits_stride);
    UT_GIVES(call, p, status, p->rows);
    oracle_field(p);
}

static urn_status run_field(ut_bed *bed, void *p) { return urn_field(bed->stream, (urn_field_params *)p); }

static const ut_call_kind calls[] = {{"urn_beam_select", make_select, run_select},
                                     {"urn_inclusion", make_inclusion, run_inclusion},
                                     {"urn_fixed", make_fixed, run_fixed},
                                     {"urn_permute", make_permute, run_permute},
                                     {"urn_bootstrap", make_bootstrap, run_bootstrap},
                                     {"urn_field", make_field, run_field}};

/* property  every output of the call is what bits_topk.h says, byte for byte
 * shapes    up to 5 rows of up to 300 (bits: 900), wrong weights and probabilities among them */
START_TEST(any_choice_is_what_the_contract_says) { ut_call_hold(calls + _i, (uint64_t)(3000000 + 1000 * _i)); }
END_TEST

Suite *prop_choices_suite(void) {
    Suite *suite = suite_create("prop_choices");
    TCase *tcase = tcase_create("choices");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_choice_is_what_the_contract_says, 0, (int)(sizeof calls / sizeof *calls));
    suite_add_tcase(suite, tcase);
    return suite;
}
