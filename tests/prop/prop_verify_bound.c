/* prop_verify_bound.c - urn_verify_bound on random pairs of rows, against the oracle byte for byte. */
#include "tests/prop/verify_case.h"

typedef struct bound_call {
    urn_verify_bound_params p;
    const ut_job *target, *draft;
} bound_call;

static urn_status run_bound(ut_bed *bed, void *params) {
    bound_call *c = (bound_call *)params;
    ut_rows target = ut_rows_of(bed, c->target), draft = ut_rows_of(bed, c->draft);
    c->p.target = &target.params;
    c->p.draft = &draft.params;
    size_t bytes = urn_verify_bound_workspace(&c->p);
    UT_ASSERT(bytes > 0, "no workspace size: %s", urn_last_error());
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    urn_status status = urn_verify_bound(bed->stream, &c->p);
    UT_OK(urn_stream_sync_host(bed->stream));
    ut_rows_free(&draft);
    ut_rows_free(&target);
    return status;
}

static int hold(ut_bed *bed, uint64_t seed, const any_limits *limits) {
    urn_verify_bound_params fresh = URN_VERIFY_BOUND_PARAMS_INIT;
    static const double scales[] = {0, 0.05, 0.5, 3};
    ut_rng rng = ut_rng_make(seed);
    any_case *rows = any_case_of(seed, limits);
    ut_job *job = &rows->job, draft;
    bound_call c = {fresh, job, &draft};
    ut_call call;
    memset(&call, 0, sizeof call);
    call.params = &c;
    call.size = sizeof c;
    job->codes = NULL, job->codes_in_place = 0, job->draw_offsets = NULL, job->kept_offsets = NULL;
    job->given = NULL, job->in_place = 0, job->top_n = 0, job->probs_stride = job->processed_stride = 0;
    if (!job->list_count) job->list = NULL, job->list_value = 0;
    draft = verify_near(rows, job, scales[ut_below(&rng, 4)], ut_u64(&rng));
    if (ut_below(&rng, 4) == 0) c.p.target_rows = URN_ROWS_PROBS, verify_to_probs(rows, job, &rng, limits->good);
    if (ut_below(&rng, 4) == 0) c.p.draft_rows = URN_ROWS_PROBS, verify_to_probs(rows, &draft, &rng, limits->good);
    c.p.replacement = (int32_t)ut_below(&rng, 2);
    c.p.drafts = 1 + (int32_t)ut_below(&rng, c.p.replacement ? URN_VERIFY_MAX_CHILDREN : 2);
    if (ut_below(&rng, 4) == 0) {
        int32_t *map = (int32_t *)UT_TAKES(&call, &c.p, draft_of, job->cols);
        for (int64_t i = 0; i < job->cols; i++) map[i] = ut_below(&rng, 9) ? (int32_t)(job->cols - 1 - i) : -1;
    }
    UT_GIVES(&call, &c.p, bound, job->rows);
    UT_GIVES(&call, &c.p, overlap, job->rows);
    UT_GIVES(&call, &c.p, status, job->rows);
    ut_note("seed %llu, %lld rows of %lld, %d drafts %s replacement", (unsigned long long)seed, (long long)job->rows,
            (long long)job->cols, (int)c.p.drafts, c.p.replacement ? "with" : "without");
    oracle_verify_bound(&c.p, job, &draft);
    int here = ut_call_run(bed, &call, run_bound);
    if (here) UT_SAME_CALL(&call, urn_backend_name(bed->kind));
    ut_call_free(&call);
    any_case_free(rows);
    return here;
}

/* property  bound and overlap are what bits_verify.h says, over all steps, both kinds of rows and maps
 * shapes    up to 6 rows of up to 260 (3000 in some) */
START_TEST(any_bound_is_what_the_contract_says) {
    static const any_limits limits = {6, 260, 0, 1, 0}, longer = {2, 3000, 0, 1, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 600), here = 1;
        for (int n = 0; n < cases && here; n++) here = hold(bed, (uint64_t)(70000 + n), n % 12 ? &limits : &longer);
        ut_close(bed);
    }
}
END_TEST

Suite *prop_verify_bound_suite(void) {
    Suite *suite = suite_create("prop_verify_bound");
    TCase *tcase = tcase_create("bound");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, any_bound_is_what_the_contract_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
