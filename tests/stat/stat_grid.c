/* stat_grid.c - a well-known grid of shapes, laws and cuts, judged by chi-square where a cosine used to do. */
#include <math.h>

#include "tests/stat/stat.h"

/* One cell of the grid: every row of a batch is the same logits under another label, and all draws are one sample. */
typedef struct cell {
    int64_t cols, rows, draws; /* draws: a row */
    ut_shape shape;
    double scale, holes; /* holes: share of logits that are -inf */
    const char *steps;
} cell;

/* Logits whose keep decisions are not within rounding of a boundary: another seed is tried until then. */
static oracle_law *law_of(const cell *c, const urn_step *steps, int32_t count, float *x) {
    urn_list list = {steps, count};
    ut_job job = {.logits = x, .rows = 1, .cols = c->cols, .lists = &list, .list_count = 1};
    for (uint64_t seed = 1; seed < 40; seed++) {
        ut_fill(x, c->cols, c->shape, c->scale, seed);
        if (c->holes > 0) ut_punch(x, c->cols, c->holes, seed);
        oracle_row *row = oracle_row_of(&job, 0);
        oracle_law *law = oracle_law_of(row);
        oracle_row_free(row);
        if (law->margin > 5e-7L) return law;
        oracle_law_free(law);
    }
    UT_ASSERT(0, "every seed is near a boundary");
    return NULL;
}

/* design    n = rows * draws of one law; Pearson's chi-square over ids pooled to expect 5; false alarms 1e-6; an id of
 *           probability 0 fails at once; sees the law at temperature 1.1 with power 0.999 where n allows it (asserted
 * for the cells without holes at 111 columns) */
static void hold(ut_bed *bed, const cell *c) {
    float *x = (float *)ut_malloc(4 * (size_t)c->cols);
    urn_step steps[URN_MAX_STEPS];
    int32_t count, *index = (int32_t *)ut_malloc(4 * (size_t)c->rows);
    uint64_t *label = (uint64_t *)ut_malloc(8 * (size_t)c->rows);
    for (int64_t r = 0; r < c->rows; r++) index[r] = 0, label[r] = (uint64_t)(1000 + r);
    UT_OK(urn_steps_parse(c->steps, steps, &count));
    ut_note("%s, %lld rows of %lld, shape %d scale %g, holes %g, %lld draws of \"%s\"", urn_backend_name(bed->kind),
            (long long)c->rows, (long long)c->cols, (int)c->shape, c->scale, c->holes, (long long)c->draws, c->steps);
    oracle_law *law = law_of(c, steps, count, x);
    int64_t n = c->rows * c->draws;
    stat_cells *cells = stat_cells_make(law->prob, c->cols, n);
    ut_job job = {.logits = x, .rows = c->rows, .cols = c->cols, .row_index = index, .data_rows = 1, .label = label};
    job.seed_value = 17;
    job.draws = (int32_t)c->draws;
    job.want = UT_WANT(ids);
    ut_draws *d = ut_sample_steps(bed, &job, steps, count);
    double p = stat_p(cells, d->ids);
    UT_ASSERT(p > STAT_ALPHA, "p-value %.3g of %lld draws", p, (long long)n);
    ut_draws_free(d);
    stat_cells_free(cells);
    oracle_law_free(law);
    free(x), free(index), free(label);
}

static const struct {
    ut_shape shape;
    double scale;
} laws[] = {{UT_NORMAL, 1}, {UT_NORMAL, 5}, {UT_GUMBEL, 0.1}};

static const char *const cuts[] = {
    "none",      "top_k=10",  "top_k=100",           "top_k=500",          "top_p=0.1",
    "top_p=0.5", "top_p=0.9", "min_p=0.05",          "min_p=0.1",          "min_p=0.2",
    "min_p=0.7", "min_p=1",   "top_k=100,top_p=0.5", "top_p=0.5,top_k=50", "temperature=0.5,top_p=0.9"};
enum { CUTS = sizeof cuts / sizeof *cuts };

/* property  the grid of 111 columns: three laws, all cuts, batches of 1, 99 and 989 rows, zero ratios 0, .5, .9 */
START_TEST(narrow_rows_follow_their_laws) {
    static const int64_t rows[] = {1, 99, 989};
    static const double holes[] = {0, .5, .9};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t n = kind == URN_BACKEND_SIMT ? 1 << 12 : ut_quick() ? 1 << 15 : 1 << 17;
        for (int k = 0; k < CUTS; k++) {
            for (int b = 0; b < 3; b++) {
                if (kind == URN_BACKEND_SIMT && (b == 2 || (k + b) % 3)) continue;
                cell c = {111, rows[b], 1 + n / rows[b], laws[_i].shape, laws[_i].scale, holes[(k + b) % 3], cuts[k]};
                hold(bed, &c);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same at 32,000 and 128,256 columns, in batches of 1 and 19 rows */
START_TEST(wide_rows_follow_their_laws) {
    static const int64_t cols[] = {32000, 128256}, rows[] = {1, 19};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    for (int k = 0; k < CUTS; k++) {
        for (int w = 0; w < 2; w++) {
            if ((k + w + _i) % (ut_quick() ? 5 : 2)) continue;
            int b = k / 2 % 2;
            cell c = {cols[w], rows[b], (1 << 18) / rows[b], laws[_i].shape, laws[_i].scale, k % 4 == 3 ? .5 : 0,
                      cuts[k]};
            hold(bed, &c);
        }
    }
    ut_close(bed);
}
END_TEST

/* property  at 111 columns the test has the power that it claims: temperature 1.1 is seen in every cell without holes
 *           that keeps two ids or more of different weight */
START_TEST(the_grid_can_see_a_tenth_of_temperature) {
    for (int l = 0; l < 3; l++) {
        for (int k = 0; k < CUTS; k++) {
            float x[111];
            urn_step steps[URN_MAX_STEPS];
            int32_t count;
            long double other[111], total = 0, apart = 0;
            int64_t n = 1 << 17;
            cell c = {111, 1, n, laws[l].shape, laws[l].scale, 0, cuts[k]};
            UT_OK(urn_steps_parse(c.steps, steps, &count));
            oracle_law *law = law_of(&c, steps, count, x);
            stat_cells *cells = stat_cells_make(law->prob, 111, n);
            for (int i = 0; i < 111; i++) total += other[i] = powl(law->prob[i], 1 / 1.1L);
            for (int i = 0; i < 111; i++) {
                other[i] = law->prob[i] > 0 ? other[i] / total : 0;
                apart += fabsl(other[i] - law->prob[i]) / 2;
            }
            ut_note("law %d, \"%s\": %.4Lf apart", l, cuts[k], apart);
            if (apart > 0.015L) UT_ASSERT(stat_power(cells, other) > 0.999, "power %.6f", stat_power(cells, other));
            stat_cells_free(cells);
            oracle_law_free(law);
        }
    }
}
END_TEST

Suite *stat_grid_suite(void);
Suite *stat_grid_suite(void) {
    Suite *suite = suite_create("stat_grid");
    TCase *tcase = tcase_create("grid");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, narrow_rows_follow_their_laws, 0, 3);
    tcase_add_loop_test(tcase, wide_rows_follow_their_laws, 0, 3);
    tcase_add_test(tcase, the_grid_can_see_a_tenth_of_temperature);
    suite_add_tcase(suite, tcase);
    return suite;
}
