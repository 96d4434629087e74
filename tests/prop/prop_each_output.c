/* prop_each_output.c - every draw and output over the steps of the small kernels, on the kernels' launch shapes,
 * against the oracle. */
#include "tests/any_case.h"
#include "tests/oracle.h"
#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#endif

static const uint64_t small_ops = UINT64_C(1) << URN_OP_TEMPERATURE | UINT64_C(1) << URN_OP_MASK |
                                  UINT64_C(1) << URN_OP_TOP_K | UINT64_C(1) << URN_OP_TOP_P |
                                  UINT64_C(1) << URN_OP_MIN_P;

static void hold(ut_bed *bed, uint64_t seed, const any_limits *limits, const char *what) {
    any_case *c = any_case_of(seed, limits);
    if (c->job.draw_offsets) c->job.codes_in_place = 0; /* codes that no row draws stay, the oracle's stay unwritten */
    ut_draws *wanted = oracle_draws(&c->job), *found = ut_sample_all(bed, &c->job);
#if URN_WITH_SIMT
    if (simt_fault_count()) any_case_print(c, stderr);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", what, simt_first_fault());
#endif
    any_check(c, found, wanted, what);
    ut_draws_free(found);
    ut_draws_free(wanted);
    any_case_free(c);
}

/* A bed of launch shape number `shape`, with races looked for; NULL where the backend has but one shape. */
static ut_bed *shaped(urn_backend_kind kind, int shape) {
    static const int32_t shapes[][4] = {{1, 64, 0, 0}, {2, 64, 0, 0}, {3, 32, 4, 0}, {3, 64, 2, 1}};
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    if (kind != URN_BACKEND_SIMT && shape > 0) return NULL;
    params.backend = kind;
    params.threads = kind == URN_BACKEND_CUDA ? 0 : 1;
    if (kind == URN_BACKEND_SIMT) {
#if URN_WITH_SIMT
        simt_options options = simt_get_options();
        options.races = 1;
        simt_set_options(&options);
#endif
        params.lane_order = shape % 3;
        params.hint.team = shapes[shape][0], params.hint.threads = shapes[shape][1];
        params.hint.cluster = shapes[shape][2], params.hint.streamed = shapes[shape][3];
    }
    return ut_open_with(&params);
}

/* property  each output alone is what the contract says, and so are all together
 * why       an output alone must know what it needs: masses, ids, values as given
 * shapes    a warp, a block, a cluster, and rows that are read again  */
START_TEST(each_output_is_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = shaped(kind, _i);
        if (!bed) continue;
        for (int o = 0; o < UT_OUTPUT_COUNT; o++)
            for (int n = 0; n < ut_loops(16); n++) {
                any_limits limits = {3, 300, small_ops, UINT32_C(1) << o, n % 2};
                if (o >= UT_OUT_distinct_count && o <= UT_OUT_distinct) limits.wants |= UT_WANT(distinct_id);
                hold(bed, (uint64_t)(800000 + 100 * o + 10000 * _i + n), &limits, urn_backend_name(kind));
            }
        any_limits all = {3, 900, small_ops, 0, 0};
        for (int n = 0; n < ut_loops(40); n++)
            hold(bed, (uint64_t)(900000 + 1000 * _i + n), &all, urn_backend_name(kind));
        ut_close(bed);
    }
}
END_TEST

/* property  thousands of draws and hundreds of given ids a row are what the contract says
 * why       more draws than a tile of the sort, and more ids than one walk ranks
 * shapes    5,000 and 700 draws, Gumbel's 70; 150 given ids  */
START_TEST(many_draws_are_what_the_contract_says) {
    enum { COLS = 333, DRAWS = 5000, GIVEN = 150 };
    static const int32_t draws[] = {DRAWS, 700, 70};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = shaped(kind, _i);
        if (!bed) continue;
        for (int n = 0; n < 3; n++) {
            float x[2 * COLS];
            int32_t given[2 * GIVEN];
            ut_fill(x, 2 * COLS, UT_NORMAL, 2, (uint64_t)n);
            ut_punch(x, 2 * COLS, 0.1, 7);
            for (int i = 0; i < 2 * GIVEN; i++) given[i] = (i * 7) % (COLS + 5) - 2;
            urn_step steps[] = {urn_temperature(urn_f(1.5f)), urn_top_p(urn_f(0.97f))};
            urn_list list = {steps, 2};
            ut_job job = {.logits = x,
                          .rows = 2,
                          .cols = COLS,
                          .misalign = 4,
                          .draws = draws[n],
                          .lists = &list,
                          .list_count = 1,
                          .seed_value = 11};
            job.method = n == 2 ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE;
            job.given = given, job.given_stride = GIVEN;
            job.want = UT_WANT_CLASSIC | UT_WANT(distinct_id) | UT_WANT(distinct_count) | UT_WANT(distinct_weight) |
                       UT_WANT(distinct) | UT_WANT(given_logprob) | UT_WANT(given_rank);
            ut_note("%d draws, shape %d", draws[n], _i);
            ut_draws *wanted = oracle_draws(&job), *found = ut_sample_all(bed, &job);
#if URN_WITH_SIMT
            UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
#endif
            UT_SAME_DRAWS(found, wanted, "many draws");
            ut_draws_free(found);
            ut_draws_free(wanted);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  whole rows that start anywhere are what the contract says, where blocks meet as elsewhere
 * why       a word of 32 ids that starts in one block's slice may end in the next one's
 * shapes    1,100 f16 at each offset from a 16-byte boundary; half of the ids kept, here and there  */
START_TEST(whole_rows_that_start_anywhere_are_what_the_contract_says) {
    enum { COLS = 1100 };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = shaped(kind, _i);
        if (!bed) continue;
        for (int shift = 0; shift < 8; shift++) {
            float x[COLS];
            uint16_t half[COLS];
            int64_t room[2] = {0, COLS};
            ut_fill(x, COLS, UT_NORMAL, 2, (uint64_t)shift);
            ut_pack(x, COLS, URN_F16, half);
            urn_step steps[] = {urn_top_k(urn_i(COLS / 2)), urn_temperature(urn_f(0.8f))};
            urn_list list = {steps, 2};
            ut_job job = {.logits = half, .dtype = URN_F16, .rows = 1, .cols = COLS, .lists = &list, .list_count = 1};
            job.misalign = 2 * (size_t)shift;
            job.kept_offsets = room, job.kept_ids_size = COLS;
            job.want = UT_WANT(kept_bits) | UT_WANT(kept_ids) | UT_WANT(probs) | UT_WANT(processed) | UT_WANT(summary);
            ut_note("shift %d, shape %d", shift, _i);
            ut_draws *wanted = oracle_draws(&job), *found = ut_sample_all(bed, &job);
#if URN_WITH_SIMT
            UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
#endif
            UT_SAME_DRAWS(found, wanted, "whole rows");
            ut_draws_free(found);
            ut_draws_free(wanted);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_each_output_suite(void);
Suite *prop_each_output_suite(void) {
    Suite *suite = suite_create("prop_each_output");
    TCase *tcase = tcase_create("outputs");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, each_output_is_what_the_contract_says, 0, 4);
    tcase_add_loop_test(tcase, many_draws_are_what_the_contract_says, 0, 4);
    tcase_add_loop_test(tcase, whole_rows_that_start_anywhere_are_what_the_contract_says, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
