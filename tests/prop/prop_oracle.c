/* prop_oracle.c - urn_sample against the fourth witness: every output bit on random jobs, and the law they follow. */
#include <math.h>

#include "tests/prop/prop_case.h"

/* property  the oracle's two layers agree with each other, and its Philox with the published vectors
 * why       a witness that is wrong by itself proves nothing; this runs without the library's bodies */
START_TEST(oracle_layers_agree) {
    static const uint32_t pi[] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    oracle_philox block = oracle_block(UINT64_C(0x299f31d0a4093822), 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
    UT_SAME_BITS(block.word, pi, 4, "Philox4x32-10 of pi");
    int decided = 0, rows = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)ut_loops(600); seed++) {
        prop_case *c = prop_case_make(seed, 6, 300);
        ut_draws *exact = oracle_draws(&c->job);
        for (int64_t r = 0; r < exact->rows; r++) decided += oracle_check_row(&c->job, exact, r);
        rows += (int)exact->rows;
        ut_draws_free(exact);
        prop_case_free(c);
    }
    ut_note("all cases");
    UT_ASSERT(decided > rows / 2, "only %d of %d rows are away from a boundary: the cases test too little", decided,
              rows);
}
END_TEST

/* property  every output of urn_sample is what bits.h says, byte for byte
 * why       ids, probabilities, ranks, entropy, kept sets and statuses at once, over every kind of argument
 * shapes    up to 6 rows of up to 300: dense, indexed, ragged; f32, f16, bf16; slots, lists, masks, padding */
START_TEST(random_jobs_match_every_bit) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        uint64_t cases = (uint64_t)ut_loops(kind == URN_BACKEND_SIMT ? 500 : 1500);
        for (uint64_t seed = 1; seed <= cases; seed++) {
            prop_case *c = prop_case_make(seed, 6, 300);
            ut_draws *found = ut_sample_all(bed, &c->job), *wanted = oracle_draws(&c->job);
            UT_SAME_DRAWS(found, wanted, urn_backend_name(kind));
            for (int64_t r = 0; r < found->rows; r++) oracle_check_row(&c->job, found, r);
            ut_draws_free(found);
            ut_draws_free(wanted);
            prop_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same at the lengths where block, cluster and streamed rows begin, and at real vocabularies
 * why       a row that is split over teams has seams that short rows do not have */
START_TEST(long_rows_match_every_bit) {
    static const int64_t cols[] = {1023, 1025, 4099, 32000, 128256};
    urn_step steps[] = {urn_temperature(urn_f(0.8f)), urn_top_k(urn_i(900)), urn_top_p(urn_f(0.95f)),
                        urn_min_p(urn_f(0.001f))};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int lengths = ut_quick() ? 3 : 5;
        for (int i = 0; i < lengths; i++) {
            for (int with = 0; with <= 4; with += 2) {
                float *x = (float *)ut_malloc(4 * (size_t)cols[i]);
                uint64_t seed = (uint64_t)(100 * i + with);
                ut_note("seed %d, 1 row of %lld, %d steps", (int)seed, (long long)cols[i], with);
                ut_fill(x, cols[i], i % 2 ? UT_TIES : UT_NORMAL, 2.5, seed);
                ut_punch(x, cols[i], 0.1, seed);
                ut_job job = {.logits = x, .rows = 1, .cols = cols[i], .seed_value = seed, .draws = 1000};
                urn_list list = {steps, with};
                job.lists = &list;
                job.list_count = 1;
                ut_draws *found = ut_sample_all(bed, &job), *wanted = oracle_draws(&job);
                UT_SAME_DRAWS(found, wanted, urn_backend_name(kind));
                oracle_check_row(&job, found, 0);
                ut_draws_free(found);
                ut_draws_free(wanted);
                free(x);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  weights at extreme scales neither overflow nor lose the maximum
 * why       fixed-point weights are relative to M: a scale of logits or a tiny temperature must not matter
 * shapes    M = 516 at T = 1e-5; log-weights near -1e9; M = 65,504 at T = 1e-4; M = 3e38; differences past f32 */
START_TEST(extreme_scales_match_every_bit) {
    static const struct {
        float x[4], temperature;
    } cases[] = {{{516, 515.99994f, 500, -516}, 1e-5f},    {{-1e9f, -1.00000006e9f, -1.1e9f, -3e9f}, 1.0f},
                 {{65504, 65503.996f, -65504, 0}, 1e-4f},  {{3e38f, 2.9999998e38f, -3e38f, 0}, 1.0f},
                 {{3e38f, -3e38f, -3e38f, -3e38f}, 3e38f}, {{1e-40f, 0, -1e-40f, -0.0f}, 1e-30f},
                 {{1e-40f, 0, -1e-40f, -0.0f}, 1e-39f},    {{1, 0, -1, -2}, 1e-45f},
                 {{-87, -88, -1000, -INFINITY}, 100.0f}};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            ut_note("case %zu", i);
            urn_step step = urn_temperature(urn_f(cases[i].temperature));
            urn_list list = {&step, 1};
            ut_job job = {.logits = cases[i].x, .rows = 1, .cols = 4, .draws = 64, .lists = &list, .list_count = 1};
            ut_draws *found = ut_sample_all(bed, &job), *wanted = oracle_draws(&job);
            UT_SAME_DRAWS(found, wanted, urn_backend_name(kind));
            UT_ASSERT(found->status[0] == URN_ROW_OK, "status %d", found->status[0]);
            ut_draws_free(found);
            ut_draws_free(wanted);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  a row of 2^20 follows the law asked for, after top-p too
 * why       the longest rows run in another regime, and n * 2^-F is largest there */
START_TEST(million_columns_follow_the_law) {
    const int64_t n = ut_quick() ? 1 << 17 : 1 << 20;
    float *x = (float *)ut_malloc(4 * (size_t)n);
    ut_fill(x, n, UT_NORMAL, 2, 77);
    urn_step steps[] = {urn_temperature(urn_f(0.9f)), urn_top_p(urn_f(0.9f))};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    for (int with = 0; with <= 2; with += 2) {
        ut_note("seed 77, 1 row of %lld, %d steps", (long long)n, with);
        urn_list list = {steps, with};
        ut_job job = {.logits = x, .rows = 1, .cols = n, .draws = 500, .lists = &list, .list_count = 1};
        ut_draws *found = ut_sample_all(bed, &job);
        /* one id of 2^20 weighs about 1e-6 of p, inside the margin of any boundary: the kept count is left to parity */
        UT_ASSERT(with || oracle_check_row(&job, found, 0), "a plain draw has no boundary");
        UT_ASSERT(!with || fabs(found->kept_logmass[0] - log(0.9)) < 2e-5, "kept mass %.7g",
                  exp(found->kept_logmass[0]));
        int32_t low = 0;
        for (int j = 0; j < 500; j++) low += found->ids[j] < n / 2;
        UT_ASSERT(low > 150 && low < 350, "%d of 500 draws in the first half", low); /* 9 sigma */
        ut_draws_free(found);
    }
    ut_close(bed);
    free(x);
}
END_TEST

/* property  odd rows get the status and the bits that bits.h says: NaN and +inf together, masked or among -inf; zeros
 * of both signs tie; denormals differ why       each is a branch that random rows do not take; a NaN behind a mask
 * still spoils its row */
START_TEST(odd_rows_match_every_bit) {
    enum { N = 10, COLS = 6 };
    const float no = -INFINITY, in = INFINITY, na = NAN;
    const float x[N * COLS] = {na,   no,      no, no,     no,       no,     /* NaN among -inf: not also empty */
                               na,   in,      0,  0,      0,        0,      /* both bits */
                               no,   no,      no, no,     in,       no,     /* +inf alone */
                               0,    na,      1,  2,      3,        4,      /* NaN where the mask forbids */
                               0,    in,      1,  2,      3,        4,      /* +inf there */
                               no,   5,       no, no,     no,       no,     /* the only possible id is masked */
                               -0.f, 7,       0,  -0.f,   0,        no,     /* zeros tie: top-k goes by id */
                               no,   no,      no, -1e30f, no,       no,     /* one possible id */
                               0,    0,       0,  1e-45f, 2e-45f,   1e-38f, /* denormals order, and weigh alike */
                               no,   3.4e38f, 0,  0,      -3.4e38f, 3.4e38f};
    static const int32_t wanted[N] = {
        URN_ROW_NAN, URN_ROW_NAN | URN_ROW_INF, URN_ROW_INF, URN_ROW_NAN, URN_ROW_INF, URN_ROW_EMPTY, 0, 0, 0, 0};
    const uint32_t words[1] = {~2u};
    int32_t map[N] = {0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_step steps[] = {urn_mask(words, 1, 1, map), urn_top_k(urn_i(3)), urn_temperature(urn_f(0.5f))};
        for (int32_t count = 0; count <= 3; count++) {
            urn_list list = {steps, count};
            ut_job job = {.logits = x, .rows = N, .cols = COLS, .draws = 40, .lists = &list, .list_count = 1};
            ut_draws *found = ut_sample_all(bed, &job), *exact = oracle_draws(&job);
            ut_note("%s, %d steps", urn_backend_name(kind), count);
            UT_SAME_DRAWS(found, exact, urn_backend_name(kind));
            for (int r = 0; r < N && count; r++) {
                UT_ASSERT(found->status[r] == wanted[r], "row %d: status %d, wanted %d", r, found->status[r],
                          wanted[r]);
            }
            ut_draws_free(found);
            ut_draws_free(exact);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_oracle_suite(void) {
    Suite *suite = suite_create("prop_oracle");
    TCase *tcase = tcase_create("oracle");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, oracle_layers_agree);
    tcase_add_test(tcase, random_jobs_match_every_bit);
    tcase_add_test(tcase, long_rows_match_every_bit);
    tcase_add_test(tcase, extreme_scales_match_every_bit);
    tcase_add_test(tcase, odd_rows_match_every_bit);
    tcase_add_test(tcase, million_columns_follow_the_law);
    suite_add_tcase(suite, tcase);
    return suite;
}
