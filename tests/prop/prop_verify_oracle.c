/* prop_verify_oracle.c - every output of urn_verify and urn_verify_tree on random calls, against the oracle. */
#include "tests/prop/verify_case.h"

static void hold(ut_bed *bed, uint64_t seed, int32_t verifier, const any_limits *limits, int *here) {
    verify_holder *h = verify_case_make(seed, verifier, limits);
    verify_case_oracle(h);
    *here = ut_call_run(bed, &h->call, verify_case_run);
    for (int i = 0; *here && i < h->call.count; i++) {
        const ut_member *m = h->call.member + i;
        if (m->way != UT_IN && memcmp(m->host, m->found, m->bytes) != 0) {
            any_case_print(h->rows, stderr);
            break;
        }
    }
    if (*here) UT_SAME_CALL(&h->call, urn_backend_name(bed->kind));
    verify_case_free(h);
}

/* property  every output is what bits_verify.h says, whatever the steps, trees, words, maps, rows and wrong arguments
 * why       eleven verifiers over laws that are arrays here and are never formed there
 * shapes    up to 20 rows of up to 120 (nodes of up to 12 a request), chains and trees, logits and probabilities */
START_TEST(any_verification_is_what_the_contract_says) {
    static const any_limits limits = {20, 120, 0, 1, 0}, good = {20, 120, 0, 1, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 400), here = 1;
        for (int n = 0; n < cases && here; n++) {
            hold(bed, (uint64_t)(100000 * _i + n), _i, n % 3 ? &good : &limits, &here);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same for few rows of thousands, which several threads, blocks or passes share */
START_TEST(any_longer_verification_is_what_the_contract_says) {
    static const any_limits limits = {6, 3000, 0, 1, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 8 : 30), here = 1;
        for (int n = 0; n < cases && here; n++) hold(bed, (uint64_t)(5000000 + 1000 * _i + n), _i, &limits, &here);
        ut_close(bed);
    }
}
END_TEST

Suite *prop_verify_oracle_suite(void) {
    Suite *suite = suite_create("prop_verify_oracle");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_verification_is_what_the_contract_says, 0, URN_VERIFY_SYNTHETIC + 1);
    tcase_add_loop_test(tcase, any_longer_verification_is_what_the_contract_says, 0, URN_VERIFY_SYNTHETIC + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
