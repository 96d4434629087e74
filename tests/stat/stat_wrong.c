/* stat_wrong.c - the tests' own tests: known p-values, wrong samplers rejected, right ones accepted, and what a cosine
 * over frequencies lets through. Runs without the library's draws. */
#include <math.h>

#include "tests/stat/stat.h"
#include "tests/stat/wrong.h"

/* property  p-values and powers are those of the tables */
START_TEST(p_values_are_those_of_the_tables) {
    static const double chi2[][3] = {{3.841458820694124, 1, 0.05},
                                     {18.30703805327515, 10, 0.05},
                                     {1074.679448803441, 1000, 0.05},
                                     {23.928126976934827, 1, 1e-6},
                                     {65.42068103504783, 20, 1e-6}};
    ut_note("tables");
    for (int i = 0; i < 5; i++) {
        double p = stat_chi2_p(chi2[i][0], chi2[i][1]);
        UT_ASSERT(fabs(p / chi2[i][2] - 1) < 1e-8, "chi2 %g of %g: %.12g", chi2[i][0], chi2[i][1], p);
    }
    UT_ASSERT(fabs(stat_normal_p(1.959963984540054) - 0.05) < 1e-12, "normal");
    UT_ASSERT(fabs(stat_chi2_critical(1) - 23.928126976934827) < 1e-6, "critical %.12g", stat_chi2_critical(1));
    /* with one degree of freedom a noncentral chi-square is a shifted normal's square */
    for (double shift = 3; shift < 8; shift++) {
        double a = stat_chi2_power(1, shift * shift), b = stat_normal_power(shift);
        UT_ASSERT(fabs(a - b) < 1e-9, "power at %g: %.12g and %.12g", shift, a, b);
    }
}
END_TEST

enum { SMALL = 111, LARGE = 32000 };

static double p_of(wrong_kind kind, const float *x, int64_t n, int64_t draws) {
    ut_job job = {.logits = x, .rows = 1, .cols = n};
    oracle_row *row = oracle_row_of(&job, 0);
    oracle_law *law = oracle_law_of(row);
    stat_cells *cells = stat_cells_make(law->prob, n, draws);
    int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)draws);
    wrong_sample(kind, x, n, 1, draws, ids);
    double p = stat_p(cells, ids);
    free(ids);
    stat_cells_free(cells);
    oracle_law_free(law);
    oracle_row_free(row);
    return p;
}

/* property  the chi-square of stat_sample rejects each wrong sampler and accepts the right one */
START_TEST(wrong_samplers_are_rejected) {
    int64_t draws = ut_quick() ? 1 << 18 : 1 << 20;
    float small[SMALL], *large = (float *)ut_malloc(4 * LARGE);
    ut_fill(small, SMALL, UT_NORMAL, 1, 101);
    ut_fill(large, LARGE, UT_NORMAL, 1, 102);
    static const wrong_kind kinds[] = {WRONG_TEMPERATURE, WRONG_LOST_TAIL, WRONG_OFF_BY_ONE};
    for (int i = 0; i < 3; i++) {
        ut_note("wrong sampler %d", (int)kinds[i]);
        double p = p_of(kinds[i], small, SMALL, draws);
        UT_ASSERT(p < STAT_ALPHA, "111 ids: p-value %.3g", p);
        p = p_of(kinds[i], large, LARGE, draws);
        UT_ASSERT(p < STAT_ALPHA, "32,000 ids: p-value %.3g", p);
    }
    ut_note("right sampler");
    double p = p_of(WRONG_NOT, small, SMALL, draws), q = p_of(WRONG_NOT, large, LARGE, draws);
    UT_ASSERT(p > STAT_ALPHA && q > STAT_ALPHA, "p-values %.3g and %.3g", p, q);
    small[0] = -INFINITY;
    ut_note("wrong sampler 5");
    p = p_of(WRONG_ZERO_DRAWN, small, SMALL, 1 << 20); /* 16 times expected: missed with probability 1e-7 */
    UT_ASSERT(p == 0, "a zero-weight id passed: p-value %.3g", p);
    free(large);
}
END_TEST

/* property  the head-and-tail z-test rejects 24-bit Gumbel noise at every gap and f32 prefix sums at some
 * why       the first is the peer's defect that the test was made for: -0.3 % at 10 nats, nearly all at 18 */
START_TEST(head_and_tail_rejects_short_noise) {
    static const double gaps[] = {10, 12, 14, 16, 18};
    static const double known[] = {.8512, .4323, .0835, .00505, 1.6e-6}; /* by another integration, for this recipe */
    int64_t tail = 128255, draws = 1 << 21, cols = tail + 1;
    float *x = (float *)ut_malloc(4 * (size_t)cols);
    int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)draws);
    int f32_rejected = 0;
    for (int g = 0; g < 5; g++) {
        double share = (double)tail / ((double)tail + exp(gaps[g])), n = (double)draws;
        double sigma = sqrt(share * (1 - share) / n), expected = wrong_gumbel_tail_p(gaps[g], tail);
        double found = (double)wrong_gumbel_tail(gaps[g], tail, 1, draws) / n;
        ut_note("gap %g", gaps[g]);
        UT_ASSERT(stat_normal_p((found - share) / sigma) < STAT_ALPHA, "24-bit noise passes: %.6f for %.6f", found,
                  share);
        UT_ASSERT(fabs(expected / known[g] - 1) < 0.04, "the share is computed as %.6g, known as %.6g", expected,
                  known[g]);
        double spread = sqrt(expected * (1 - expected) / n) + 1e-7;
        UT_ASSERT(fabs(found - expected) < 5 * spread, "the computed share %.8f is not the drawn one %.8f", expected,
                  found);
        ut_fill(x, cols, UT_FLAT, 0, 0);
        x[0] = (float)gaps[g];
        int64_t tried = ut_quick() ? 1 << 16 : draws;
        wrong_sample(WRONG_F32_CDF, x, cols, 1, tried, ids);
        f32_rejected += stat_head_p(ids, tried, 0, tail, share) < STAT_ALPHA;
        wrong_sample(WRONG_NOT, x, cols, 2, tried, ids);
        UT_ASSERT(stat_head_p(ids, tried, 0, tail, share) > STAT_ALPHA, "a right sampler is rejected");
    }
    ut_note("all gaps");
    UT_ASSERT(f32_rejected >= 1, "f32 prefix sums pass at every gap");
    free(ids);
    free(x);
}
END_TEST

/* property  pairs that share a word have the right frequencies and are rejected by the pair test only */
START_TEST(shared_words_are_rejected_by_pairs) {
    enum { K = 8, N = 1 << 18 };
    float x[K];
    ut_fill(x, K, UT_NORMAL, 1, 9);
    ut_job job = {.logits = x, .rows = 1, .cols = K};
    oracle_row *row = oracle_row_of(&job, 0);
    oracle_law *law = oracle_law_of(row);
    int32_t *ids = (int32_t *)ut_malloc(4 * N), *even = (int32_t *)ut_malloc(4 * N);
    wrong_sample(WRONG_NOT, x, K, 3, N, ids);
    ut_note("pairs");
    double p = stat_pairs_p(ids, ids + 1, N - 1, law->prob, K);
    UT_ASSERT(p > STAT_ALPHA, "a right sampler is rejected: %.3g", p);
    wrong_sample(WRONG_SHARED_WORD, x, K, 3, N, ids);
    for (int i = 0; i < N / 2; i++) even[i] = ids[2 * i];
    stat_cells *cells = stat_cells_make(law->prob, K, N / 2);
    UT_ASSERT(stat_p(cells, even) > STAT_ALPHA, "frequencies are wrong too");
    p = stat_pairs_p(ids, ids + 1, N - 1, law->prob, K);
    UT_ASSERT(p < STAT_ALPHA, "shared words pass: %.3g", p);
    stat_cells_free(cells);
    oracle_law_free(law);
    oracle_row_free(row);
    free(ids);
    free(even);
}
END_TEST

/* property  a cosine of frequencies with the law above 0.99 accepts two samplers that the chi-square rejects
 * why       that is a well-known peer's only test of frequencies; it is kept here so that nobody adopts it */
START_TEST(a_cosine_lets_wrong_samplers_through) {
    enum { N = 1 << 20 };
    static const wrong_kind kinds[] = {WRONG_TEMPERATURE, WRONG_LOST_TAIL};
    float x[SMALL];
    ut_fill(x, SMALL, UT_NORMAL, 1, 101);
    ut_job job = {.logits = x, .rows = 1, .cols = SMALL};
    oracle_row *row = oracle_row_of(&job, 0);
    oracle_law *law = oracle_law_of(row);
    stat_cells *cells = stat_cells_make(law->prob, SMALL, N);
    int32_t *ids = (int32_t *)ut_malloc(4 * N);
    for (int i = 0; i < 2; i++) {
        double count[SMALL] = {0}, dot = 0, a = 0, b = 0;
        wrong_sample(kinds[i], x, SMALL, 1, N, ids);
        for (int j = 0; j < N; j++) count[ids[j]]++;
        for (int k = 0; k < SMALL; k++) {
            dot += count[k] * (double)law->prob[k];
            a += count[k] * count[k];
            b += (double)(law->prob[k] * law->prob[k]);
        }
        double cosine = dot / sqrt(a * b), p = stat_p(cells, ids);
        ut_note("wrong sampler %d", (int)kinds[i]);
        UT_ASSERT(cosine > 0.99, "cosine %.6f", cosine);
        UT_ASSERT(p < STAT_ALPHA, "p-value %.3g", p);
    }
    stat_cells_free(cells);
    oracle_law_free(law);
    oracle_row_free(row);
    free(ids);
}
END_TEST

Suite *stat_wrong_suite(void) {
    Suite *suite = suite_create("stat_wrong");
    TCase *tcase = tcase_create("wrong");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, p_values_are_those_of_the_tables);
    tcase_add_test(tcase, wrong_samplers_are_rejected);
    tcase_add_test(tcase, head_and_tail_rejects_short_noise);
    tcase_add_test(tcase, shared_words_are_rejected_by_pairs);
    tcase_add_test(tcase, a_cosine_lets_wrong_samplers_through);
    suite_add_tcase(suite, tcase);
    return suite;
}
