/* unit_leverage.c - leverage scores and Lewis weights of small matrices, worked out by hand, and what holds for any. */
#include "tests/urn_test.h"
#include "urn/leverage.h"

#include <math.h>

static const double x4[8] = {1, 0, 0, 1, 1, 1, 1, -1};

#if URN_WITH_LAPACK

/* check     (1, 0), (0, 1), (1, 1), (1, -1): 1/3, 1/3, 2/3, 2/3; twice the same column, or a row of zeros: as without
 */
START_TEST(small_scores) {
    static const double twice[12] = {1, 0, 1, 0, 1, 0, 1, 1, 1, 1, -1, 1}, wanted[4] = {1. / 3, 1. / 3, 2. / 3, 2. / 3};
    double zero[10] = {0}, h[5];
    UT_OK(urn_leverage(x4, 4, 2, 0, h));
    for (int i = 0; i < 4; i++) UT_ASSERT(fabs(h[i] - wanted[i]) < 1e-12, "h of %d is %g", i, h[i]);
    UT_OK(urn_leverage(twice, 4, 3, 0, h));
    for (int i = 0; i < 4; i++) UT_ASSERT(fabs(h[i] - wanted[i]) < 1e-12, "h of %d with a column twice is %g", i, h[i]);
    memcpy(zero + 2, x4, sizeof x4);
    UT_OK(urn_leverage(zero, 5, 2, 0, h));
    UT_ASSERT(h[0] == 0, "a row of zeros has %g", h[0]);
    for (int i = 0; i < 4; i++) UT_ASSERT(fabs(h[i + 1] - wanted[i]) < 1e-12, "h of %d below zeros is %g", i, h[i + 1]);
}
END_TEST

/* property  Lewis weights are the leverage of the rows that they scale, and sum to the rank; at p = 2 they are
 * leverage; no |a_i x|^p has a larger share than a weight for p <= 2, over random x */
START_TEST(lewis_weights_are_a_fixed_point) {
    enum { N = 60, D = 5 };
    static const double ps[] = {1, 1.5, 2, 3};
    double a[N * D], w[N], h[N], scaled[N * D], p = ps[_i], sum = 0;
    ut_rng rng = ut_rng_make(5);
    for (int i = 0; i < N * D; i++) a[i] = ut_normal(&rng) * (i < 20 ? 4 : 1);
    UT_OK(urn_lewis_weights(a, N, D, 0, p, 60, w));
    for (int i = 0; i < N * D; i++) scaled[i] = a[i] * pow(w[i / D], 0.5 - 1 / p);
    UT_OK(urn_leverage(scaled, N, D, 0, h));
    for (int i = 0; i < N; i++) {
        UT_ASSERT(fabs(w[i] - h[i]) < 1e-9, "row %d: weight %g, leverage %g", i, w[i], h[i]);
        sum += w[i];
    }
    UT_ASSERT(fabs(sum - D) < 1e-8, "sum %g", sum);
    for (int t = 0; t < 2000 && p <= 2; t++) {
        double x[D], value[N], all = 0;
        for (int j = 0; j < D; j++) x[j] = ut_normal(&rng);
        for (int i = 0; i < N; i++) {
            double dot = 0;
            for (int j = 0; j < D; j++) dot += a[i * D + j] * x[j];
            all += value[i] = pow(fabs(dot), p);
        }
        for (int i = 0; i < N; i++) UT_ASSERT(value[i] <= all * w[i] * (1 + 1e-9), "row %d has a larger share", i);
    }
}
END_TEST

#endif

/* property  what is refused, by name */
START_TEST(refusals) {
    double h[4], bad[8] = {1, 0, NAN, 1, 1, 1, 1, -1};
#define REFUSED(call, status, needle)                                                                                  \
    do {                                                                                                               \
        UT_IS(call, status);                                                                                           \
        UT_ASSERT(strstr(urn_last_error(), needle), "%s", urn_last_error());                                           \
    } while (0)
    REFUSED(urn_leverage(NULL, 4, 2, 0, h), URN_E_NULL, "a is NULL");
    REFUSED(urn_leverage(x4, 4, 2, 0, NULL), URN_E_NULL, "output");
    REFUSED(urn_leverage(x4, 0, 2, 0, h), URN_E_SHAPE, "n is 0");
    REFUSED(urn_leverage(x4, 4, 5, 0, h), URN_E_SHAPE, "d is 5");
    REFUSED(urn_leverage(x4, 4, 2, 1, h), URN_E_SHAPE, "stride");
    REFUSED(urn_leverage(bad, 4, 2, 0, h), URN_E_VALUE, "row 1");
#if URN_WITH_LAPACK
    REFUSED(urn_lewis_weights(x4, 4, 2, 0, 4, 5, h), URN_E_VALUE, "p is 4");
    REFUSED(urn_lewis_weights(x4, 4, 2, 0, 1, 0, h), URN_E_VALUE, "rounds");
#else
    REFUSED(urn_leverage(x4, 4, 2, 0, h), URN_E_BACKEND, "LAPACK");
#endif
}
END_TEST

Suite *unit_leverage_suite(void) {
    Suite *suite = suite_create("unit_leverage");
    TCase *tests = tcase_create("leverage");
#if URN_WITH_LAPACK
    tcase_add_test(tests, small_scores);
    tcase_add_loop_test(tests, lewis_weights_are_a_fixed_point, 0, 4);
#endif
    tcase_add_test(tests, refusals);
    suite_add_tcase(suite, tests);
    return suite;
}
