/* stat_resample.c - offspring follow the exact law of every scheme; pins keep it; wrong resamplers are rejected. */
#include <math.h>

#include "tests/stat/resample_law.h"

/* N rows of the same weights, one label each: their ancestors [N, m]. NULL where the backend has no resampling. */
static int32_t *ancestors_of(ut_bed *bed, urn_resample_params p, const double *w, int n, int m, int64_t rows,
                             const int32_t *slots, const int32_t *pins) {
    double *all = (double *)ut_malloc(8 * (size_t)(rows * n));
    for (int64_t i = 0; i < rows * n; i++) all[i] = w[i % n];
    p.weights = urn_weights_dense(ut_upload(bed, all, 8 * (size_t)(rows * n)), URN_WEIGHT_F64, rows, n);
    p.outputs = m;
    p.seed_value = 20261122;
    p.pin_slot = (const int32_t *)ut_upload(bed, slots, 4 * (size_t)rows);
    p.pin_ancestor = (const int32_t *)ut_upload(bed, pins, 4 * (size_t)rows);
    p.ancestors = (int32_t *)ut_output(bed, 4 * (size_t)(rows * m));
    UT_OK(urn_stream_reserve(bed->stream, urn_resample_workspace((urn_resample_scheme)p.scheme, rows, n, m)));
    urn_status status = urn_resample(bed->stream, &p);
    int32_t *found = NULL;
    if (status != URN_E_BACKEND || bed->kind == URN_BACKEND_CPU) {
        UT_OK(status);
        found = (int32_t *)ut_malloc(4 * (size_t)(rows * m));
        ut_download(bed, p.ancestors, found, 4 * (size_t)(rows * m));
    }
    ut_clear(bed);
    free(all);
    return found;
}

static int32_t *cells_of(const resample_law *law, const int32_t *ancestors, int64_t rows) {
    int32_t *cell = (int32_t *)ut_malloc(4 * (size_t)rows);
    for (int64_t r = 0; r < rows; r++) cell[r] = (int32_t)resample_law_cell(law, ancestors + r * law->m);
    return cell;
}

static double p_of(const resample_law *law, const int32_t *ancestors, int64_t rows) {
    stat_cells *cells = stat_cells_make(law->prob, law->cells, rows);
    int32_t *cell = cells_of(law, ancestors, rows);
    double p = stat_p(cells, cell);
    free(cell);
    stat_cells_free(cells);
    return p;
}

static int64_t rows_for(urn_backend_kind kind) {
    return kind == URN_BACKEND_SIMT ? 1 << 9 : ut_quick() ? 1 << 12 : 1 << 16;
}

/* One of each kind: a head, dust, a weight of 0, equal ones, whole numbers M p. */
static const double sets[4][LAW_ITEMS] = {{1, 2, 3, 4, 6}, {16, 1, 1, 0, 5}, {3, 3, 3, 3, 3}, {8, 0, 4, 1, 3}};

/* property  the whole vector of offspring has the scheme's law, and so every mean, floor, ceiling and covariance
 * why       a scheme can have right means and wrong covariances: that is what tells the schemes apart
 * design    2^16 rows; chi-square over all vectors, pooled to expect 5; the laws by exact enumeration; false alarms
 *           1e-6. A vector that cannot come fails at once */
START_TEST(offspring_have_the_law_of_the_scheme) {
    static const int32_t schemes[] = {URN_RESAMPLE_SYSTEMATIC,  URN_RESAMPLE_STRATIFIED,
                                      URN_RESAMPLE_MULTINOMIAL, URN_RESAMPLE_MULTINOMIAL_SORTED,
                                      URN_RESAMPLE_RESIDUAL,    URN_RESAMPLE_RESIDUAL_STRATIFIED,
                                      URN_RESAMPLE_SSP,         URN_RESAMPLE_KILLING,
                                      URN_RESAMPLE_BRANCHING,   URN_RESAMPLE_METROPOLIS,
                                      URN_RESAMPLE_REJECTION,   URN_RESAMPLE_RESIDUAL_SYSTEMATIC};
    static const int outputs[] = {5, 3, 7, 5};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t rows = rows_for(kind);
        for (int k = 0; k < (int)(sizeof schemes / sizeof *schemes); k++) {
            for (int s = 0; s < 4; s++) {
                int m = schemes[k] == URN_RESAMPLE_KILLING ? 5 : outputs[s];
                urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
                p.scheme = schemes[k];
                p.iterations = 2 + s;
                p.position_value = (uint32_t)(10 * k + s);
                ut_note("%s, scheme %d, weights %d, %d outputs, %lld rows", urn_backend_name(kind), (int)schemes[k], s,
                        m, (long long)rows);
                int32_t *found = ancestors_of(bed, p, sets[s], LAW_ITEMS, m, rows, NULL, NULL);
                if (!found) break;
                resample_law *law = resample_law_of(schemes[k], sets[s], LAW_ITEMS, m, p.iterations);
                double value = p_of(law, found, rows);
                UT_ASSERT(value > STAT_ALPHA, "chi-square p-value %.3g", value);
                resample_law_free(law);
                free(found);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  each output of a chain has the law of its number of steps, whatever outputs share
 * design    chi-square of each output over the items, 2^16 rows */
START_TEST(outputs_of_chains_have_the_law_of_their_steps) {
    static const int32_t schemes[] = {URN_RESAMPLE_METROPOLIS, URN_RESAMPLE_METROPOLIS_C1, URN_RESAMPLE_METROPOLIS_C2,
                                      URN_RESAMPLE_MEGOPOLIS, URN_RESAMPLE_REJECTION};
    static const double w[4] = {5, 1, 2, 0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t rows = rows_for(kind);
        for (int k = 0; k < 5; k++) {
            for (int b = 1; b < 4; b++) {
                urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
                p.scheme = schemes[k];
                p.iterations = b;
                p.segment =
                    schemes[k] == URN_RESAMPLE_METROPOLIS_C1 || schemes[k] == URN_RESAMPLE_METROPOLIS_C2 ? 2 : 0;
                int32_t *found = ancestors_of(bed, p, w, 4, 6, rows, NULL, NULL), *column;
                if (!found) break;
                column = (int32_t *)ut_malloc(4 * (size_t)rows);
                for (int m = 0; m < 6; m++) {
                    long double law[LAW_ITEMS];
                    resample_chain_law(schemes[k], w, 4, m % 4, b, p.segment, law);
                    for (int64_t r = 0; r < rows; r++) column[r] = found[6 * r + m];
                    stat_cells *cells = stat_cells_make(law, 4, rows);
                    double value = stat_p(cells, column);
                    ut_note("%s, scheme %d, %d steps, output %d", urn_backend_name(kind), (int)schemes[k], b, m);
                    UT_ASSERT(value > STAT_ALPHA, "chi-square p-value %.3g", value);
                    stat_cells_free(cells);
                }
                free(column);
                free(found);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* A pin for every row: an ancestor by weight, a slot of any output. */
static void draw_pins(const double *w, int n, int m, int64_t rows, int32_t *slots, int32_t *pins) {
    ut_rng rng = ut_rng_make(77);
    for (int64_t r = 0; r < rows; r++) {
        wrong_resample(WRONG_RESAMPLER_NOT, w, n, 1, &rng, pins + r, 0);
        slots[r] = (int32_t)ut_below(&rng, m);
    }
}

/* property  with the pin drawn by weight, pinned resampling has the law of plain resampling; the pin always holds
 * why       this is what makes particle Gibbs leave its target invariant, and what an overwritten slot breaks
 * design    2^16 rows, chi-square over offspring vectors */
START_TEST(pins_drawn_by_weight_leave_the_law_as_it_is) {
    static const int32_t schemes[] = {URN_RESAMPLE_SYSTEMATIC, URN_RESAMPLE_MULTINOMIAL, URN_RESAMPLE_KILLING};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t rows = rows_for(kind);
        int32_t *slots = (int32_t *)ut_malloc(4 * (size_t)rows), *pins = (int32_t *)ut_malloc(4 * (size_t)rows);
        for (int k = 0; k < 3; k++) {
            for (int s = 0; s < 4; s++) {
                int m = schemes[k] == URN_RESAMPLE_SYSTEMATIC && s % 2 ? 7 : 5;
                urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
                p.scheme = schemes[k];
                draw_pins(sets[s], LAW_ITEMS, m, rows, slots, pins);
                int32_t *found = ancestors_of(bed, p, sets[s], LAW_ITEMS, m, rows, slots, pins);
                if (!found) break;
                ut_note("%s, scheme %d, weights %d", urn_backend_name(kind), (int)schemes[k], s);
                for (int64_t r = 0; r < rows; r++) {
                    UT_ASSERT(found[r * m + slots[r]] == pins[r], "row %lld: the pin does not hold", (long long)r);
                }
                resample_law *law = resample_law_of(schemes[k], sets[s], LAW_ITEMS, m, 0);
                double value = p_of(law, found, rows);
                UT_ASSERT(value > STAT_ALPHA, "chi-square p-value %.3g", value);
                resample_law_free(law);
                free(found);
            }
        }
        free(slots);
        free(pins);
        ut_close(bed);
    }
}
END_TEST

/* property  the same statistics reject resamplers that shipped wrong somewhere, and accept a right one
 * why       a test that accepts everything says nothing */
START_TEST(wrong_resamplers_are_rejected) {
    static const struct {
        wrong_resampler kind;
        int32_t of;
        int right;
    } cases[] = {{WRONG_RESAMPLER_NOT, URN_RESAMPLE_MULTINOMIAL, 1},
                 {WRONG_RESAMPLER_FIXED, URN_RESAMPLE_SYSTEMATIC, 0},
                 {WRONG_RESAMPLER_RESIDUE, URN_RESAMPLE_RESIDUAL, 0},
                 {WRONG_RESAMPLER_FIRST, URN_RESAMPLE_MULTINOMIAL, 0},
                 {WRONG_RESAMPLER_CLOSED, URN_RESAMPLE_KILLING, 0}};
    enum { ROWS = 1 << 14, M = 5 };
    int32_t *found = (int32_t *)ut_malloc(4 * ROWS * M), *slots = (int32_t *)ut_malloc(4 * ROWS),
            *pins = (int32_t *)ut_malloc(4 * ROWS);
    draw_pins(sets[0], LAW_ITEMS, M, ROWS, slots, pins);
    for (int k = 0; k < 5; k++) {
        ut_rng rng = ut_rng_make(5);
        ut_note("wrong resampler %d", (int)cases[k].kind);
        for (int r = 0; r < ROWS; r++) {
            wrong_resample(cases[k].kind, sets[0], LAW_ITEMS, M, &rng, found + r * M, pins[r]);
        }
        resample_law *law = resample_law_of(cases[k].of, sets[0], LAW_ITEMS, M, 0);
        double value = p_of(law, found, ROWS);
        UT_ASSERT((value > STAT_ALPHA) == cases[k].right, "p-value %.3g", value);
        resample_law_free(law);
    }
    free(found);
    free(slots);
    free(pins);
}
END_TEST

/* property  only multinomial outputs are exchangeable: output 0 alone is a draw by weight; the sorted one's is not
 * why       taking the first of sorted draws as one draw biases backward sampling and Gibbs moves */
START_TEST(sorted_outputs_are_not_draws) {
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    int64_t rows = rows_for(URN_BACKEND_CPU);
    long double law[LAW_ITEMS];
    int32_t *first = (int32_t *)ut_malloc(4 * (size_t)rows);
    for (int i = 0; i < LAW_ITEMS; i++) law[i] = sets[0][i] / 16.0L;
    stat_cells *cells = stat_cells_make(law, LAW_ITEMS, rows);
    for (int sorted = 0; sorted < 2; sorted++) {
        urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
        p.scheme = sorted ? URN_RESAMPLE_MULTINOMIAL_SORTED : URN_RESAMPLE_MULTINOMIAL;
        int32_t *found = ancestors_of(bed, p, sets[0], LAW_ITEMS, 4, rows, NULL, NULL);
        for (int64_t r = 0; r < rows; r++) first[r] = found[4 * r];
        double value = stat_p(cells, first);
        ut_note("sorted %d", sorted);
        UT_ASSERT((value > STAT_ALPHA) == !sorted, "p-value %.3g", value);
        free(found);
    }
    stat_cells_free(cells);
    free(first);
    ut_close(bed);
}
END_TEST

/* property  backward draws have the law of weight times transition, by trials and by exact draws alike
 * why       the two ways of one call must not differ in law; (.2, .5, .3) times (.3, .8, .3) gives (6, 40, 9) / 55
 * design    2^16 children, chi-square over three items; false alarms 1e-6 */
START_TEST(backward_draws_have_the_smoothing_law) {
    static const int32_t trials[] = {0, 1, 3, 50};
    const float w[3] = {logf(0.2f), logf(0.5f), logf(0.3f)}, m[3] = {logf(0.3f), logf(0.8f), logf(0.3f)};
    long double law[3] = {6 / 55.0L, 40 / 55.0L, 9 / 55.0L};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t children = rows_for(kind);
        float *log_m = (float *)ut_malloc(12 * (size_t)children);
        int32_t *found = (int32_t *)ut_malloc(4 * (size_t)children);
        for (int64_t i = 0; i < 3 * children; i++) log_m[i] = m[i % 3];
        for (int t = 0; t < 4; t++) {
            urn_backward_params p = URN_BACKWARD_PARAMS_INIT;
            p.weights = urn_weights_dense(ut_upload(bed, w, sizeof w), URN_WEIGHT_LOG_F32, 1, 3);
            p.children = children, p.trials = trials[t], p.bound_value = m[1], p.seed_value = (uint64_t)t;
            p.log_m = (const float *)ut_upload(bed, log_m, 12 * (size_t)children);
            p.ancestors = (int32_t *)ut_output(bed, 4 * (size_t)children);
            UT_OK(urn_stream_reserve(bed->stream, urn_backward_workspace(1, 3, children)));
            urn_status status = urn_backward_draws(bed->stream, &p);
            int here = status != URN_E_BACKEND || kind == URN_BACKEND_CPU;
            if (here) {
                UT_OK(status);
                ut_download(bed, p.ancestors, found, 4 * (size_t)children);
                stat_cells *cells = stat_cells_make(law, 3, children);
                double value = stat_p(cells, found);
                ut_note("%s, %d trials", urn_backend_name(kind), (int)trials[t]);
                UT_ASSERT(value > STAT_ALPHA, "chi-square p-value %.3g", value);
                stat_cells_free(cells);
            }
            ut_clear(bed);
        }
        free(log_m);
        free(found);
        ut_close(bed);
    }
}
END_TEST

Suite *stat_resample_suite(void) {
    Suite *suite = suite_create("stat_resample");
    TCase *tcase = tcase_create("resample");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, offspring_have_the_law_of_the_scheme);
    tcase_add_test(tcase, outputs_of_chains_have_the_law_of_their_steps);
    tcase_add_test(tcase, pins_drawn_by_weight_leave_the_law_as_it_is);
    tcase_add_test(tcase, backward_draws_have_the_smoothing_law);
    tcase_add_test(tcase, wrong_resamplers_are_rejected);
    tcase_add_test(tcase, sorted_outputs_are_not_draws);
    suite_add_tcase(suite, tcase);
    return suite;
}
