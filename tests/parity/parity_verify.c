/* parity_verify.c - every verifier over random chains and trees: the same bytes as the plain-C witness, whatever team
 * takes the rows and walks the requests, in every lane order. */
#include "tests/parity/shapes.h"
#include "tests/parity/verify_calls.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

static const hint hints[] = {
    {"chosen", 0, 0, 0, 0, 300},         {"block of 64", 2, 64, 0, 0, 300}, {"cluster of 2", 3, 64, 2, 0, 1500},
    {"cluster of 4", 3, 32, 4, 0, 3000}, {"streamed", 2, 64, 0, 1, 1500},
};
enum { HINTS = sizeof hints / sizeof *hints, VERIFIERS = URN_VERIFY_SYNTHETIC + 1 };

static void hold_verify(ut_bed *cpu, ut_bed *simt, uint64_t seed, const verify_limits *limits, const char *shape) {
    verify_outputs a = verify_run(cpu, seed, limits), b = verify_run(simt, seed, limits);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", shape, simt_first_fault());
    verify_same(&a, &b, shape);
    verify_free(&a);
    verify_free(&b);
}

/* property  ids, paths, counts, log-probabilities, statuses and counters of each verifier are the same bytes */
START_TEST(verifiers_agree) {
    const hint *h = hints + _i % HINTS;
    int32_t verifier = _i / HINTS;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, _i % 3, 1);
    for (int n = 0; n < ut_loops(160); n++) {
        verify_limits limits = {n % 3 ? 40 : h->cols, verifier, n % 4 ? 8 : 20, n % 2};
        hold_verify(cpu, simt, (uint64_t)(10000 * _i + n), &limits, h->name);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

Suite *parity_verify_suite(void);
Suite *parity_verify_suite(void) {
    Suite *suite = suite_create("parity_verify");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, verifiers_agree, 0, HINTS * VERIFIERS);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_verify_suite(void);
Suite *parity_verify_suite(void) { return suite_create("parity_verify (no simt backend)"); }

#endif
