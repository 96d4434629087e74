/* parity_outputs.c - every draw and output of the full form over the steps that the small kernels know too: the same
 * bytes as the plain-C witness in every launch shape, and the same as without the extra outputs. */
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

static const hint hints[] = {
    {"warp", 1, 64, 0, 0, 1024},         {"block of 64", 2, 64, 0, 0, 2000},
    {"cluster of 2", 3, 64, 2, 0, 2000}, {"cluster of 4", 3, 32, 4, 0, 5000},
    {"crew of 2", 4, 64, 2, 0, 5000},    {"crew of 4", 4, 32, 4, 0, 5000},
    {"streamed", 2, 64, 0, 1, 5000},     {"streamed crew of 4", 4, 32, 4, 1, 5000},
};
enum { HINTS = sizeof hints / sizeof *hints };

static const uint64_t small_ops = UINT64_C(1) << URN_OP_TEMPERATURE | UINT64_C(1) << URN_OP_MASK |
                                  UINT64_C(1) << URN_OP_TOP_K | UINT64_C(1) << URN_OP_TOP_P |
                                  UINT64_C(1) << URN_OP_MIN_P;

/* property  each output alone, and all together, agree in every launch shape
 * why       an output alone must know what it needs: masses, ids, values as given  */
START_TEST(each_output_agrees) {
    const hint *h = hints + _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, _i % 3, 1);
    for (int o = 0; o < UT_OUTPUT_COUNT; o++)
        for (int n = 0; n < ut_loops(16); n++) {
            any_limits limits = {3, 700, small_ops, UINT32_C(1) << o, n % 2};
            if (o >= UT_OUT_distinct_count && o <= UT_OUT_distinct) limits.wants |= UT_WANT(distinct_id);
            hold(cpu, simt, (uint64_t)(80000 + 100 * o + 10000 * _i + n), &limits, h->name);
        }
    any_limits all = {3, h->cols, small_ops, 0, 0};
    for (int n = 0; n < ut_loops(40); n++) hold(cpu, simt, (uint64_t)(90000 + 1000 * _i + n), &all, h->name);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  asking for more changes nothing of what was asked before
 * why       a call that asks for a rare output runs another kernel, which holds its row as f32  */
START_TEST(more_outputs_change_nothing) {
    const hint *h = hints + _i;
    ut_bed *simt = hinted(h, (_i + 1) % 3, 1);
    any_limits limits = {4, h->cols < 2000 ? h->cols : 2000, small_ops, UT_WANT_CLASSIC, 0};
    for (int n = 0; n < ut_loops(120); n++) {
        any_case *c = any_case_of((uint64_t)(140000 + 1000 * _i + n), &limits);
        ut_draws *a = ut_sample_all(simt, &c->job);
        c->job.want |= UT_WANT(summary) | UT_WANT(kept_bits) | UT_WANT(probs) | UT_WANT(distinct_id);
        ut_draws *b = ut_sample_all(simt, &c->job);
        if (simt_fault_count()) any_case_print(c, stderr);
        UT_ASSERT(simt_fault_count() == 0, "%s: %s", h->name, simt_first_fault());
        any_check(c, a, b, h->name);
        ut_draws_free(a);
        ut_draws_free(b);
        any_case_free(c);
    }
    ut_close(simt);
}
END_TEST

Suite *parity_outputs_suite(void);
Suite *parity_outputs_suite(void) {
    Suite *suite = suite_create("parity_outputs");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt parity");
    tcase_add_loop_test(tcase, each_output_agrees, 0, HINTS);
    tcase_add_loop_test(tcase, more_outputs_change_nothing, 0, HINTS);
    suite_add_tcase(suite, tcase);
    return suite;
}
#else
Suite *parity_outputs_suite(void);
Suite *parity_outputs_suite(void) { return suite_create("parity_outputs"); }
#endif
