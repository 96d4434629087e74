/* prop_topk_oracle.c - every output of urn_topk on random calls over all steps, against the oracle, byte for byte. */
#include "tests/any_case.h"
#include "tests/oracle_topk.h"
#include "tests/urn_call.h"

typedef struct topk_call {
    urn_topk_params p;
    const ut_job *job;
} topk_call;

static urn_status run_topk(ut_bed *bed, void *params) {
    topk_call *c = (topk_call *)params;
    ut_rows rows = ut_rows_of(bed, c->job);
    c->p.rows = &rows.params;
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(rows.sampler, c->job->rows, c->job->cols, c->p.k)));
    urn_status status = urn_topk(bed->stream, &c->p);
    UT_OK(urn_stream_sync_host(bed->stream));
    ut_rows_free(&rows);
    return status;
}

/* How many picks each row has, and where they go. Returns entries of the [.., k] arrays. */
static int64_t pick_places(ut_call *call, urn_topk_params *p, const ut_job *job, ut_rng *rng, int good) {
    int64_t rows = job->rows;
    if (ut_below(rng, 4) == 0) {
        int64_t *offsets = (int64_t *)UT_TAKES(call, p, offsets, rows + 1);
        offsets[0] = ut_below(rng, 3);
        for (int64_t r = 0; r < rows; r++) offsets[r + 1] = offsets[r] + ut_below(rng, p->k + 1);
        p->out_size = offsets[rows] + ut_below(rng, 3);
        if (!good && ut_below(rng, 5) == 0) offsets[ut_below(rng, rows + 1)] += ut_below(rng, 2) ? -1 - p->k : 1 + p->k;
        return p->out_size;
    }
    if (ut_below(rng, 3) == 0) {
        int32_t *k = (int32_t *)UT_TAKES(call, p, k_of_row, rows);
        for (int64_t r = 0; r < rows; r++) {
            k[r] = (int32_t)ut_below(rng, p->k + 1);
            if (!good && ut_below(rng, 12) == 0) k[r] = ut_below(rng, 2) ? -1 : p->k + 1;
        }
    }
    return rows * p->k;
}

/* Parents: roots, likely keys, and keys far from what the row's picks have. */
static void give_beams(ut_call *call, urn_topk_params *p, int64_t out, int64_t rows, ut_rng *rng) {
    int64_t *key = (int64_t *)UT_TAKES(call, p, parent_key, rows);
    double *logprob = (double *)UT_TAKES(call, p, parent_logprob, rows);
    for (int64_t r = 0; r < rows; r++) {
        logprob[r] = -10 * ut_uniform(rng) * (double)ut_below(rng, 3);
        key[r] = (int64_t)((logprob[r] * 1.4 + ut_normal(rng)) * 0x1p40);
        if (ut_below(rng, 4) == 0) key[r] = INT64_MAX;
        if (ut_below(rng, 6) == 0) key[r] = (int64_t)(ut_normal(rng) * 100) * (INT64_C(1) << 40);
    }
    UT_GIVES(call, p, beam_keys, out);
    UT_GIVES(call, p, beam_logprob, out);
}

static void hold(ut_bed *bed, uint64_t seed, int32_t by, const any_limits *limits, int *here) {
    any_case *c = any_case_of(seed, limits);
    topk_call params = {URN_TOPK_PARAMS_INIT, &c->job};
    ut_call call;
    urn_topk_params *p = &params.p;
    ut_job *job = &c->job;
    ut_rng rng = ut_rng_make(seed);
    memset(&call, 0, sizeof call);
    call.params = &params;
    call.size = sizeof params;
    /* members that urn_topk does not read */
    job->codes = NULL, job->codes_in_place = 0, job->draw_offsets = NULL, job->kept_offsets = NULL;
    job->given = NULL, job->in_place = 0, job->top_n = 0, job->probs_stride = job->processed_stride = 0;
    job->method = URN_DRAW_INVERSE;
    if (by == URN_TOPK_PLAIN) job->lists = NULL, job->list = NULL, job->list_count = job->list_value = 0;
    p->by = by;
    p->draw = ut_below(&rng, 3) ? 0 : (uint32_t)ut_u64(&rng);
    int64_t most = by == URN_TOPK_RACE ? URN_TOPK_RACE_K : URN_TOPK_K;
    p->k = 1 + (int32_t)ut_below(&rng, ut_below(&rng, 3) ? 12 : ut_below(&rng, 4) ? 40 : most);
    if (ut_below(&rng, 2)) p->flags |= URN_TOPK_BY_ID;
    if (by == URN_TOPK_PLAIN) p->flags |= (uint32_t)ut_below(&rng, 4) * URN_TOPK_SMALLEST;
    int64_t out = pick_places(&call, p, job, &rng, limits->good);
    uint64_t wants = ut_u64(&rng) | ut_u64(&rng);
    UT_GIVES(&call, p, status, job->rows);
    if (wants & 1) UT_GIVES(&call, p, ids, out);
    if (wants & 2) UT_GIVES(&call, p, values, out);
    if (wants & 4) UT_GIVES(&call, p, keys, out);
    if (wants & 8) UT_GIVES(&call, p, found, job->rows);
    if (by != URN_TOPK_PLAIN && wants & 16) UT_GIVES(&call, p, logprob, out);
    if (by != URN_TOPK_PLAIN && wants & 32) UT_GIVES(&call, p, logmass, out);
    if (by >= URN_TOPK_GUMBEL) {
        if (wants & 64) UT_GIVES(&call, p, inclusion_logprob, out);
        if (wants & 128) UT_GIVES(&call, p, ordered_logprob, job->rows);
        if (wants & 256) UT_GIVES(&call, p, set_logprob, job->rows);
        if (wants & 512) UT_GIVES(&call, p, threshold, job->rows);
        if (wants & 1024) give_beams(&call, p, out, job->rows, &rng);
    }
    ut_note("seed %llu, by %d, %lld rows of %lld, k %d, flags %u, draw %u%s%s", (unsigned long long)seed, (int)by,
            (long long)job->rows, (long long)job->cols, (int)p->k, (unsigned)p->flags, (unsigned)p->draw,
            p->offsets ? ", offsets" : "", p->k_of_row ? ", k of row" : "");
    oracle_topk(job, p);
    *here = ut_call_run(bed, &call, run_topk);
    if (*here) {
        for (int i = 0; i < call.count; i++) {
            const ut_member *m = call.member + i;
            if (m->way == UT_OUT && memcmp(m->host, m->found, m->bytes) != 0) {
                any_case_print(c, stderr);
                break;
            }
        }
        UT_SAME_CALL(&call, urn_backend_name(bed->kind));
    }
    ut_call_free(&call);
    any_case_free(c);
}

/* property  every output of urn_topk is what bits_topk.h says, whatever the steps, parameters, tables, state and views
 * why       four orders of candidates, the race's own words, ten outputs and their empty entries at once
 * shapes    up to 6 rows of up to 300; all dtypes and views; k up to the largest; wrong arguments among them */
START_TEST(any_first_k_is_what_the_contract_says) {
    static const any_limits limits = {6, 300, 0, 1, 0}, good = {6, 300, 0, 1, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 120 : 800), here = 1;
        for (int n = 0; n < cases && here; n++) {
            hold(bed, (uint64_t)(100000 * _i + n), _i, n % 2 ? &good : &limits, &here);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same for rows longer than a block's first share, with k beyond a warp's and a block's */
START_TEST(any_longer_first_k_is_what_the_contract_says) {
    static const any_limits limits = {2, 5000, 0, 1, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 8 : 40), here = 1;
        for (int n = 0; n < cases && here; n++) hold(bed, (uint64_t)(900000 + 1000 * _i + n), _i, &limits, &here);
        ut_close(bed);
    }
}
END_TEST

Suite *prop_topk_oracle_suite(void) {
    Suite *suite = suite_create("prop_topk_oracle");
    TCase *tcase = tcase_create("topk");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_first_k_is_what_the_contract_says, URN_TOPK_PLAIN, URN_TOPK_RACE + 1);
    tcase_add_loop_test(tcase, any_longer_first_k_is_what_the_contract_says, URN_TOPK_PLAIN, URN_TOPK_RACE + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
