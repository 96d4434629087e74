/* prop_each_output.c - every draw and output over the steps of the small kernels, on the kernels' launch shapes, against the
 * oracle. */
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

/* property  each output alone is what the contract says, and so are all together
 * why       an output alone must know what it needs: masses, ids, values as given
 * shapes    a warp, a block, a cluster, and rows that are read again  */
START_TEST(each_output_is_what_the_contract_says) {
    static const int32_t shapes[][4] = {{1, 64, 0, 0}, {2, 64, 0, 0}, {3, 32, 4, 0}, {3, 64, 2, 1}};
    FOR_EACH_BACKEND(kind) {
        if (kind != URN_BACKEND_SIMT && _i > 0) continue;
        urn_ctx_params params = URN_CTX_PARAMS_INIT;
        params.backend = kind;
        params.threads = kind == URN_BACKEND_CUDA ? 0 : 1;
        if (kind == URN_BACKEND_SIMT) {
            params.lane_order = _i % 3;
            params.hint.team = shapes[_i][0], params.hint.threads = shapes[_i][1];
            params.hint.cluster = shapes[_i][2], params.hint.streamed = shapes[_i][3];
        }
        ut_bed *bed = ut_open_with(&params);
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

Suite *prop_each_output_suite(void);
Suite *prop_each_output_suite(void) {
    Suite *suite = suite_create("prop_each_output");
    TCase *tcase = tcase_create("outputs");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, each_output_is_what_the_contract_says, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
