/* prop_resample_oracle.c - every output of urn_resample on random calls, against the oracle, byte for byte. */
#include <math.h>

#include "tests/prop/resample_case.h"

static urn_status run_resample(ut_bed *bed, void *params) {
    urn_resample_params *p = (urn_resample_params *)params;
    size_t bytes =
        urn_resample_workspace((urn_resample_scheme)p->scheme, p->weights.rows, p->weights.items, p->outputs);
    UT_ASSERT(bytes > 0, "no workspace size");
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    return urn_resample(bed->stream, p);
}

static int is_pinnable(int32_t scheme) {
    return scheme == URN_RESAMPLE_SYSTEMATIC || scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING;
}

/* How many outputs each row has, and where. Returns elements of an output array. */
static int64_t pick_outputs(ut_call *call, urn_resample_params *p, ut_rng *rng) {
    int64_t rows = p->weights.rows, n = p->weights.items;
    p->outputs = ut_below(rng, 3) ? n : ut_below(rng, 2 * n + 2);
    if (p->scheme == URN_RESAMPLE_KILLING && ut_below(rng, 8)) p->outputs = n;
    if (ut_below(rng, 4) == 0) { /* as many as there are items, or any number */
        int64_t *offsets = (int64_t *)UT_TAKES(call, p, output_offsets, rows + 1);
        int same = p->weights.offsets != NULL && ut_below(rng, 2);
        offsets[0] = same ? p->weights.offsets[0] : ut_below(rng, 3);
        for (int64_t r = 0; r < rows; r++) {
            offsets[r + 1] = same ? p->weights.offsets[r + 1] : offsets[r] + ut_below(rng, p->outputs + 1);
        }
        p->output_size = same ? p->weights.size : offsets[rows] + ut_below(rng, 3);
        if (ut_below(rng, 10) == 0) offsets[ut_below(rng, rows + 1)] -= 1 + p->outputs;
        if (ut_below(rng, 10) == 0 && p->outputs > 1) p->outputs -= 1; /* a longest row may not fit */
        return p->output_size;
    }
    if (ut_below(rng, 3) == 0) {
        int32_t *m = (int32_t *)UT_TAKES(call, p, outputs_row, rows);
        for (int64_t r = 0; r < rows; r++) {
            m[r] = (int32_t)ut_below(rng, p->outputs + 1);
            if (ut_below(rng, 3) == 0) m[r] = (int32_t)p->outputs;
            if (p->weights.offsets && p->weights.offsets[r + 1] - p->weights.offsets[r] <= p->outputs &&
                ut_below(rng, 2)) {
                m[r] = (int32_t)(p->weights.offsets[r + 1] - p->weights.offsets[r]);
            }
            if (ut_below(rng, 20) == 0) m[r] = ut_below(rng, 2) ? -1 : (int32_t)p->outputs + 1;
        }
    }
    if (ut_below(rng, 3) == 0) p->outputs_stride = p->outputs + ut_below(rng, 4);
    return (rows - 1) * (p->outputs_stride ? p->outputs_stride : p->outputs) + p->outputs;
}

static void pick_rules(ut_call *call, urn_resample_params *p, ut_rng *rng) {
    static const float thresholds[] = {INFINITY, 0.5f, 0.0f, 0.9f, 1.0f, 2.0f};
    int64_t rows = p->weights.rows;
    p->threshold_value = thresholds[ut_below(rng, 6)];
    if (ut_below(rng, 4) == 0) {
        float *t = (float *)UT_TAKES(call, p, threshold, rows);
        for (int64_t r = 0; r < rows; r++)
            t[r] = ut_below(rng, 12) ? thresholds[ut_below(rng, 6)] : ut_below(rng, 2) ? NAN : -1;
    }
    if (ut_below(rng, 6) == 0) p->cap = 1 + (int32_t)ut_below(rng, 5);
    p->iterations = (int32_t)ut_below(rng, 2) ? (int32_t)ut_below(rng, 9) : 0;
    p->segment = 1;
    for (int64_t s = 2; s <= 32; s++) {
        if (p->weights.items % s == 0 && ut_below(rng, 2)) p->segment = (int32_t)s;
    }
    if (ut_below(rng, 12) == 0) p->segment = 1 + (int32_t)ut_below(rng, p->weights.items < 9 ? p->weights.items : 9);
    if (!is_pinnable(p->scheme) || ut_below(rng, 2)) return;
    int32_t *slot = (int32_t *)UT_TAKES(call, p, pin_slot, rows),
            *pin = (int32_t *)UT_TAKES(call, p, pin_ancestor, rows);
    for (int64_t r = 0; r < rows; r++) {
        slot[r] = (int32_t)ut_below(rng, p->outputs + 1) - (p->outputs ? 0 : 1);
        if (ut_below(rng, 4) && slot[r] == p->outputs) slot[r] = -1;
        pin[r] = (int32_t)ut_below(rng, ut_below(rng, 8) ? p->weights.items : p->weights.items + 2);
    }
}

static urn_resample_params *make_call(ut_call *call, uint64_t seed, int32_t scheme, int64_t rows, int64_t items) {
    urn_resample_params fresh = URN_RESAMPLE_PARAMS_INIT, *p = (urn_resample_params *)ut_malloc(sizeof *p);
    weights_plan plan = {rows, items, 0, 0, 0};
    ut_rng rng = ut_rng_make(seed);
    *p = fresh;
    memset(call, 0, sizeof *call);
    call->params = p;
    call->size = sizeof *p;
    p->scheme = scheme;
    int64_t each = resample_weights(call, &p->weights, &rng, &plan), n = p->weights.rows;
    int64_t out = pick_outputs(call, p, &rng);
    int logs = p->weights.type <= URN_WEIGHT_LOG_F64;
    size_t unit = p->weights.type == URN_WEIGHT_LOG_F32 ? 4 : 8;
    pick_rules(call, p, &rng);
    RESAMPLE_KEYS(call, p, &rng, n);
    if (logs && ut_below(&rng, 3) == 0) {
        int64_t elements = (int64_t)(call->member[p->weights.offsets ? 1 : 0].bytes / unit);
        resample_values(&rng, p->weights.type, ut_call_array(call, &p->law, UT_IN, elements, unit, "law"), elements, 0);
    }
    uint64_t wants = ut_u64(&rng) | ut_u64(&rng);
    UT_GIVES(call, p, status, n);
    if (wants & 1 || p->law) UT_GIVES(call, p, ancestors, out);
    if (wants & 2) UT_GIVES(call, p, offspring, each);
    if (wants & 4 && logs && !p->cap) ut_call_array(call, &p->lw_out, UT_OUT, out, unit, "lw_out");
    if (wants & 8) UT_GIVES(call, p, resampled, n);
    if (wants & 16) UT_GIVES(call, p, produced, n);
    if (wants & 32) UT_GIVES(call, p, stats, n);
    ut_note("seed %llu, scheme %d, type %d, %lld rows of %lld, %lld outputs%s%s%s, cap %d, iterations %d, segment %d",
            (unsigned long long)seed, (int)scheme, (int)p->weights.type, (long long)n, (long long)p->weights.items,
            (long long)p->outputs, p->weights.offsets ? ", ragged" : "", p->pin_slot ? ", pins" : "",
            p->law ? ", law" : "", (int)p->cap, (int)p->iterations, (int)p->segment);
    return p;
}

/* property  every output of urn_resample is what bits_resample.h says, byte for byte
 * why       ancestors, offspring, log-weights, statistics and statuses at once, over every scheme and kind of argument
 * shapes    up to 5 rows of up to 300, both dtypes of both kinds of weights, dense and ragged, wrong ones among them */
START_TEST(any_resampling_is_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 400), here = 1;
        for (int n = 0; n < cases && here; n++) {
            ut_call call;
            urn_resample_params *p = make_call(&call, (uint64_t)(1000 * _i + n), _i, 5, 300);
            oracle_resample(p);
            here = ut_call_run(bed, &call, run_resample);
            if (here) UT_SAME_CALL(&call, urn_backend_name(kind));
            ut_call_free(&call);
            free(p);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same for rows of thousands, which a block or a cluster shares */
START_TEST(longer_rows_are_resampled_as_the_contract_says) {
    static const int64_t lengths[] = {1023, 1025, 4099, 9001};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int here = 1;
        for (int i = 0; i < (ut_quick() ? 2 : 4) && here; i++) {
            ut_call call;
            urn_resample_params *p = make_call(&call, (uint64_t)(90000 + 100 * _i + i), _i, 2, lengths[i]);
            oracle_resample(p);
            here = ut_call_run(bed, &call, run_resample);
            if (here) UT_SAME_CALL(&call, urn_backend_name(kind));
            ut_call_free(&call);
            free(p);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_resample_oracle_suite(void) {
    Suite *suite = suite_create("prop_resample_oracle");
    TCase *tcase = tcase_create("resample");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_resampling_is_what_the_contract_says, 0, 16);
    tcase_add_loop_test(tcase, longer_rows_are_resampled_as_the_contract_says, 0, 16);
    suite_add_tcase(suite, tcase);
    return suite;
}
