/* stat_sample.c - does urn_sample draw from the law that was asked for? Chi-square against the oracle's law, z-tests of
 * a head over a flat tail, independence over draws, positions, rows, seeds and labels. */
#include <math.h>
#include <stdio.h>

#include "tests/stat/stat.h"
#include "tests/stat/wrong.h"

/* Draws from one row, ids only; more than 2^20 through several positions. */
static int32_t *draw_many(ut_bed *bed, const float *x, int64_t cols, const urn_step *steps, int32_t count,
                          uint64_t seed, int64_t draws) {
    int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)draws);
    int32_t each = draws < 1 << 20 ? (int32_t)draws : 1 << 20;
    urn_list list = {steps, count};
    urn_sampler *sampler = NULL;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(ut_upload(bed, x, 4 * (size_t)cols), URN_F32, 1, cols, 0);
    p.sampler = sampler;
    p.draws = each;
    p.seed_value = seed;
    p.ids = (int32_t *)ut_output(bed, 4 * (size_t)each);
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, 1, cols)));
    for (int64_t done = 0; done < draws; done += each, p.position_value++) {
        UT_ASSERT(draws % each == 0, "draws must be a multiple of 2^20");
        UT_OK(urn_sample(bed->stream, &p));
        ut_download(bed, p.ids, ids + done, 4 * (size_t)each);
    }
    urn_sampler_destroy(sampler);
    ut_clear(bed);
    return ids;
}

static oracle_law *law_of(const float *x, int64_t cols, const urn_step *steps, int32_t count) {
    urn_list list = {steps, count};
    ut_job job = {.logits = x, .rows = 1, .cols = cols, .lists = &list, .list_count = 1};
    oracle_row *row = oracle_row_of(&job, 0);
    oracle_law *law = oracle_law_of(row);
    oracle_row_free(row);
    /* sums err by less than single weights do: a tenth of the oracle's margin decides here */
    UT_ASSERT(!law->empty && law->margin > ORACLE_MARGIN / 10,
              "a keep decision is %.3Lg from its boundary: change the case", law->margin);
    return law;
}

typedef struct law_case {
    const char *name;
    int64_t cols, draws;
    ut_shape shape;
    double scale;
    const char *steps;
    float seen; /* a temperature of this factor must be seen with power 0.999 */
} law_case;

/* design    n draws of one row; Pearson's chi-square over ids pooled to expect 5; false alarms 1e-6; must see every
 *           kept id's logit divided by `seen` with power 0.999, computed from the noncentral law before drawing */
static void check_law(ut_bed *bed, const law_case *c, uint64_t seed) {
    float *x = (float *)ut_malloc(4 * (size_t)c->cols);
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    ut_note("%s, seed %llu, 1 row of %lld, %lld draws of %s", c->name, (unsigned long long)seed, (long long)c->cols,
            (long long)c->draws, urn_backend_name(bed->kind));
    ut_fill(x, c->cols, c->shape, c->scale, seed);
    UT_OK(urn_steps_parse(c->steps, steps, &count));
    oracle_law *law = law_of(x, c->cols, steps, count);
    steps[count] = urn_temperature(urn_f(c->seen));
    oracle_law *other = law_of(x, c->cols, steps, count + 1);
    stat_cells *cells = stat_cells_make(law->prob, c->cols, c->draws);
    double power = stat_power(cells, other->prob);
    UT_ASSERT(power > 0.999, "the test sees a temperature of %g with power %.6f only", c->seen, power);
    int32_t *ids = draw_many(bed, x, c->cols, steps, count, seed, c->draws);
    double p = stat_p(cells, ids);
    UT_ASSERT(p > STAT_ALPHA, "chi-square p-value %.3g over %lld cells", p, (long long)cells->cells);
    free(ids);
    free(x);
    stat_cells_free(cells);
    oracle_law_free(law);
    oracle_law_free(other);
}

/* property  frequencies are the law's: plain, top-k, top-p, min-p, with temperatures, from 5 to 32,000 ids */
START_TEST(draws_follow_the_law) {
    static const law_case cases[] = {
        {"plain", 5, 1 << 20, UT_NORMAL, 1, "", 1.02f},
        {"plain", 111, 1 << 20, UT_NORMAL, 1, "", 1.02f},
        {"plain", 32000, 1 << 21, UT_NORMAL, 1, "", 1.05f},
        {"peaked", 32000, 1 << 20, UT_NORMAL, 5, "", 1.05f},
        {"gumbel", 32000, 1 << 20, UT_GUMBEL, 1, "", 1.05f},
        {"cold", 111, 1 << 20, UT_NORMAL, 2, "temperature=0.5", 1.02f},
        {"top_k", 111, 1 << 20, UT_NORMAL, 2, "top_k=10", 1.03f},
        {"top_k", 32000, 1 << 20, UT_NORMAL, 2, "top_k=500", 1.05f},
        {"top_p", 111, 1 << 20, UT_NORMAL, 2, "temperature=0.8,top_p=0.9", 1.02f},
        {"top_p", 32000, 1 << 20, UT_NORMAL, 3, "top_p=0.9", 1.05f},
        {"min_p", 111, 1 << 20, UT_NORMAL, 2, "min_p=0.05", 1.02f},
        {"min_p last", 32000, 1 << 20, UT_NORMAL, 2, "min_p=0.02,temperature=1.5", 1.05f},
        {"all", 32000, 1 << 20, UT_NORMAL, 3, "temperature=1.2,top_k=1000,top_p=0.95,min_p=0.01", 1.05f},
    };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            law_case c = cases[i];
            int small = kind == URN_BACKEND_SIMT || ut_quick();
            if (small && c.cols > 111) continue; /* the SIMT layer and sanitizers get the short rows */
            if (small) c.draws = 1 << 14, c.seen = 1.25f;
            check_law(bed, &c, 100 + i);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  one head and a flat tail of 128,255: the tail gets its share at 10 to 18 nats, in sum and evenly
 * why       24-bit Gumbel noise and f32 prefix sums lose it, the more the larger the gap
 * design    n = 2^21; z of the tail's count, exact binomial moments; false alarms 1e-6; must see the share that
 *           24-bit Gumbel noise gives, power 0.999 */
START_TEST(a_head_leaves_the_tail_its_share) {
    static const double gaps[] = {10, 12, 14, 16, 18};
    FOR_EACH_BACKEND(kind) {
        int64_t cols = kind == URN_BACKEND_SIMT ? 20001 : 128256, tail = cols - 1;
        int64_t draws = kind == URN_BACKEND_SIMT || ut_quick() ? 1 << 14 : 1 << 21;
        float *x = (float *)ut_malloc(4 * (size_t)cols);
        ut_bed *bed = ut_open(kind);
        for (int g = 0; g < 5; g++) {
            int64_t head = g * (cols - 1) / 4;
            ut_fill(x, cols, UT_FLAT, -3, 0);
            x[head] = (float)(gaps[g] - 3);
            double share = (double)tail / ((double)tail + exp(gaps[g])), n = (double)draws;
            double wrong = wrong_gumbel_tail_p(gaps[g], tail), sigma = sqrt(share * (1 - share) / n);
            ut_note("gap %g, 1 row of %lld, %lld draws of %s", gaps[g], (long long)cols, (long long)draws,
                    urn_backend_name(kind));
            if (draws == 1 << 21) {
                double power = stat_normal_power((wrong - share) / sigma);
                UT_ASSERT(power > 0.999, "24-bit noise gives %.6g for %.6g: power %.6f only", wrong, share, power);
            }
            int32_t *ids = draw_many(bed, x, cols, NULL, 0, 7, draws);
            double p = stat_head_p(ids, draws, (int32_t)head, tail, share);
            UT_ASSERT(p > STAT_ALPHA, "the tail's share %.6g or its evenness: p-value %.3g", share, p);
            free(ids);
        }
        free(x);
        ut_close(bed);
    }
}
END_TEST

/* property  draws are independent of each other over draw numbers, positions, rows, labels and seeds
 * why       a counter that two of them share gives the right frequencies and wrong pairs
 * design    8 ids; chi-square of 64 pair cells; false alarms 1e-6; one pair in 100 equal to the draw before it adds
 *           lambda = n / 100^2 * 7 to the statistic, seen with power 0.999 at n = 2^18 */
START_TEST(neighbouring_draws_are_independent) {
    enum { K = 8, ROWS = 512 };
    float x[K];
    int32_t index[ROWS] = {0};
    ut_fill(x, K, UT_NORMAL, 1, 9);
    oracle_law *law = law_of(x, K, NULL, 0);
    FOR_EACH_BACKEND(kind) {
        int small = kind == URN_BACKEND_SIMT || ut_quick();
        int32_t draws = small ? 32 : 512;
        int64_t n = (int64_t)ROWS * draws;
        double power = stat_chi2_power(K * K - 1, (double)(K - 1) * (double)n * (small ? 0.01 : 1e-4));
        ut_note("%s, seed 9, %d rows of %d, %d draws", urn_backend_name(kind), ROWS, K, draws);
        UT_ASSERT(power > 0.999, "power %.6f", power);
        ut_bed *bed = ut_open(kind);
        ut_draws *by[5]; /* rows; then rows with one thing moved by one */
        uint64_t seed[ROWS], label[ROWS];
        uint32_t position[ROWS];
        for (int way = 0; way < 5; way++) {
            for (int r = 0; r < ROWS; r++) {
                seed[r] = 40 + (way == 1 ? 1 : 0);
                label[r] = (uint64_t)(1000 * r + (way == 2 ? 1 : 0));
                position[r] = 70 + (way == 3 ? 1 : 0);
                if (way == 4) position[r] = 70 + (uint32_t)r, label[r] = 5; /* one request at many positions */
            }
            ut_job job = {.logits = x, .rows = ROWS, .cols = K, .row_index = index, .data_rows = 1, .draws = draws};
            job.seed = seed;
            job.label = label;
            job.position = position;
            by[way] = ut_sample_all(bed, &job);
        }
        static const char *names[] = {"seed", "label", "position"};
        for (int way = 1; way <= 3; way++) {
            double p = stat_pairs_p(by[0]->ids, by[way]->ids, n, law->prob, K);
            UT_ASSERT(p > STAT_ALPHA, "%s and the next: p-value %.3g", names[way - 1], p);
        }
        double p = stat_pairs_p(by[0]->ids, by[0]->ids + draws, n - draws, law->prob, K);
        UT_ASSERT(p > STAT_ALPHA, "row and the next: p-value %.3g", p);
        p = stat_pairs_p(by[4]->ids, by[4]->ids + draws, n - draws, law->prob, K);
        UT_ASSERT(p > STAT_ALPHA, "token and the next: p-value %.3g", p);
        p = stat_pairs_p(by[0]->ids, by[0]->ids + 1, n - 1, law->prob, K);
        UT_ASSERT(p > STAT_ALPHA, "draw and the next: p-value %.3g", p);
        for (int way = 0; way < 5; way++) ut_draws_free(by[way]);
        ut_close(bed);
    }
    oracle_law_free(law);
}
END_TEST

/* property  the mean of -logprob over draws is the entropy
 * why       ties three outputs together: ids, logprob and entropy of one law
 * design    n = 2^18; z with the law's own variance; false alarms 1e-6; sees 1 % of entropy, power asserted */
START_TEST(mean_surprise_is_the_entropy) {
    enum { COLS = 5000 };
    float x[COLS];
    ut_fill(x, COLS, UT_NORMAL, 2, 13);
    urn_step step = urn_top_p(urn_f(0.95f));
    oracle_law *law = law_of(x, COLS, &step, 1);
    double second = 0, mean = (double)law->entropy;
    for (int i = 0; i < COLS; i++) {
        if (law->kept[i]) second += (double)(law->prob[i] * law->logprob[i] * law->logprob[i]);
    }
    FOR_EACH_BACKEND(kind) {
        int small = kind == URN_BACKEND_SIMT || ut_quick();
        ut_job job = {.logits = x, .rows = 1, .cols = COLS, .draws = small ? 1 << 13 : 1 << 18, .seed_value = 12};
        double sigma = sqrt((second - mean * mean) / job.draws), sum = 0;
        ut_note("%s, seed 13, 1 row of %d", urn_backend_name(kind), COLS);
        UT_ASSERT(stat_normal_power((small ? 0.05 : 0.01) * mean / sigma) > 0.999, "sigma %.4g", sigma);
        ut_bed *bed = ut_open(kind);
        ut_draws *d = ut_sample_steps(bed, &job, &step, 1);
        for (int32_t j = 0; j < d->draws; j++) sum -= d->logprob[j];
        double z = (sum / d->draws - d->entropy[0]) / sigma;
        UT_ASSERT(stat_normal_p(z) > STAT_ALPHA, "mean surprise %.6f, entropy %.6f: z = %.2f", sum / d->draws,
                  d->entropy[0], z);
        ut_draws_free(d);
        ut_close(bed);
    }
    oracle_law_free(law);
}
END_TEST

Suite *stat_sample_suite(void) {
    Suite *suite = suite_create("stat_sample");
    TCase *tcase = tcase_create("sample");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, draws_follow_the_law);
    tcase_add_test(tcase, a_head_leaves_the_tail_its_share);
    tcase_add_test(tcase, neighbouring_draws_are_independent);
    tcase_add_test(tcase, mean_surprise_is_the_entropy);
    suite_add_tcase(suite, tcase);
    return suite;
}
