/* prop_any.c - every output of random calls over all steps, against the oracle, byte for byte. */
#include "tests/any_case.h"
#include "tests/oracle.h"

/* Several outputs, all steps, wrong parameters and indices now and then. */
static const any_limits whole = {6, 260, 0, 0, 0};

static void hold(ut_bed *bed, uint64_t seed, const any_limits *limits) {
    any_case *c = any_case_of(seed, limits);
    ut_draws *wanted = oracle_draws(&c->job), *found = ut_sample_all(bed, &c->job);
    any_check(c, found, wanted, urn_backend_name(bed->kind));
    ut_draws_free(found);
    ut_draws_free(wanted);
    any_case_free(c);
}

/* property  every output of a call is what bits.h says, whatever its steps, parameters, tables, state and outputs
 * why       rules meet here that no one thought of together; each third list closes and opens epochs several times
 * shapes    up to 6 rows of up to 260, all views and dtypes, on every backend */
START_TEST(any_call_is_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 400 : 2400);
        for (int n = 0; n < cases; n++) hold(bed, (uint64_t)(100000 * _i + n), &whole);
        ut_close(bed);
    }
}
END_TEST

/* property  the same for each step alone, so that each one's rules are surely reached
 * why       in mixed lists an early step may leave little for a late one to decide */
START_TEST(any_step_alone_is_what_the_contract_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 8 : 40);
        for (int o = 0; o < any_op_count; o++) {
            any_limits limits = {4, 200, UINT64_C(1) << any_ops[o] | UINT64_C(1) << URN_OP_TEMPERATURE, 0, 1};
            for (int n = 0; n < cases; n++) hold(bed, (uint64_t)(500000 + 1000 * o + n), &limits);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  rows longer than a block's first share agree with the oracle too
 * shapes    up to 3 rows of up to 3000 */
START_TEST(any_longer_row_is_what_the_contract_says) {
    static const any_limits longer = {3, 3000, 0, 0, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 60 : 240);
        for (int n = 0; n < cases; n++) hold(bed, (uint64_t)(700000 + n), &longer);
        ut_close(bed);
    }
}
END_TEST

/* property  the bits follow the law that the steps ask for: sets, probabilities, entropy, mass, in long double
 * why       bits.h could be followed by all witnesses and be wrong; runs without the library's bodies */
START_TEST(the_contract_follows_the_law) {
    any_limits classic = {4, 120, 0, UT_WANT_CLASSIC, 1};
    int decided = 0, rows = 0;
    for (int n = 0; n < ut_loops(1500); n++) {
        any_case *c = any_case_of((uint64_t)(800000 + n), &classic);
        c->job.want = UT_WANT_CLASSIC;
        if (c->job.draw_offsets) c->job.codes = NULL; /* they were as many as the offsets said */
        c->job.draw_offsets = NULL;
        ut_draws *exact = oracle_draws(&c->job);
        for (int64_t r = 0; r < exact->rows; r++) decided += oracle_check_row(&c->job, exact, r);
        rows += (int)exact->rows;
        ut_draws_free(exact);
        any_case_free(c);
    }
    UT_ASSERT(decided > rows / 3, "only %d of %d rows are away from a boundary", decided, rows);
}
END_TEST

/* property  a case is a function of its bytes: the same bytes, the same outputs; other bytes, other cases */
START_TEST(a_case_is_a_function_of_its_bytes) {
    uint8_t data[300];
    ut_rng rng = ut_rng_make(5);
    int differing = 0;
    int64_t cols = 0;
    for (int n = 0; n < 40; n++) {
        size_t size = (size_t)ut_below(&rng, sizeof data);
        for (size_t i = 0; i < size; i++) data[i] = (uint8_t)ut_u64(&rng);
        any_case *a = any_case_from_bytes(data, size, &whole), *b = any_case_from_bytes(data, size, &whole);
        ut_draws *x = oracle_draws(&a->job), *y = oracle_draws(&b->job);
        any_check(a, x, y, "the same bytes");
        differing += n > 0 && a->job.cols != cols;
        cols = a->job.cols;
        ut_draws_free(x);
        ut_draws_free(y);
        any_case_free(a);
        any_case_free(b);
    }
    UT_ASSERT(differing > 20, "only %d of 39 cases have other columns", differing);
}
END_TEST

Suite *prop_any_suite(void);
Suite *prop_any_suite(void) {
    Suite *suite = suite_create("prop_any");
    TCase *tcase = tcase_create("any");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_call_is_what_the_contract_says, 0, 2);
    tcase_add_test(tcase, any_step_alone_is_what_the_contract_says);
    tcase_add_test(tcase, any_longer_row_is_what_the_contract_says);
    tcase_add_test(tcase, the_contract_follows_the_law);
    tcase_add_test(tcase, a_case_is_a_function_of_its_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}
