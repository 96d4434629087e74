/* stat_particle_gibbs.c - conditional SMC leaves the smoothing law as it is, for any number of particles.
 *
 * A hidden Markov chain of two states and two steps: the law of its paths is known exactly. Each row starts from a path
 * of that law and makes one move with two particles: the pinned one is the path, the other is drawn. Chi-square over
 * the four paths, n rows, false alarm 1e-6. An unpinned pair of particles gives paths a total variation of 0.1406 away;
 * that the test must see. */
#include <math.h>

#include "tests/stat/stat.h"
#include "tests/urn_test.h"

enum { PARTICLES = 2 };

static const double first[2] = {0.6, 0.4}, step[2][2] = {{0.7, 0.3}, {0.2, 0.8}};
static const double see[2][2] = {{0.9, 0.2}, {0.3, 0.8}}; /* by step, of state 0 and 1 */

typedef enum { PINNED, ANCESTOR, BACKWARD, UNPINNED } form;

typedef struct {
    int64_t rows;
    int32_t scheme;
    form form;
    int32_t trials; /* of backward draws */
    uint64_t seed;
} move;

static int choose(ut_rng *rng, double p_one) { return ut_uniform(rng) < p_one; }

static void paths_law(double law[4]) {
    double Z = 0;
    for (int k = 0; k < 4; k++) Z += law[k] = first[k / 2] * see[0][k / 2] * step[k / 2][k % 2] * see[1][k % 2];
    for (int k = 0; k < 4; k++) law[k] /= Z;
}

static float *floats(int64_t n) { return ut_malloc((size_t)n * 4); }

/* Draws of the second kind: which of two particles of weights lw leads to a child whose densities are log_m. */
static void draw_back(ut_bed *bed, const move *m, const float *lw, const float *log_m, uint32_t position,
                      int32_t *out) {
    urn_backward_params p = URN_BACKWARD_PARAMS_INIT;
    p.weights = urn_weights_dense(ut_upload(bed, lw, (size_t)m->rows * 8), URN_WEIGHT_LOG_F32, m->rows, PARTICLES);
    p.children = 1;
    p.log_m = ut_upload(bed, log_m, (size_t)m->rows * 8);
    p.seed_value = m->seed, p.position_value = position;
    p.trials = m->trials, p.bound_value = 0;
    int32_t *device = p.ancestors = ut_output(bed, (size_t)m->rows * 4);
    UT_OK(urn_stream_reserve(bed->stream, urn_backward_workspace(m->rows, PARTICLES, 1)));
    UT_OK(urn_backward_draws(bed->stream, &p));
    ut_download(bed, device, out, (size_t)m->rows * 4);
}

static void draw(ut_bed *bed, const move *m, const float *lw, int64_t outputs, uint32_t position, const int32_t *pin,
                 int32_t *out) {
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    int32_t *slot = calloc((size_t)m->rows, 4);
    p.scheme = outputs == 1 ? URN_RESAMPLE_MULTINOMIAL : m->scheme;
    p.weights = urn_weights_dense(ut_upload(bed, lw, (size_t)m->rows * 8), URN_WEIGHT_LOG_F32, m->rows, PARTICLES);
    p.outputs = outputs;
    p.seed_value = m->seed, p.position_value = position;
    if (pin) p.pin_slot = ut_upload(bed, slot, (size_t)m->rows * 4);
    if (pin) p.pin_ancestor = ut_upload(bed, pin, (size_t)m->rows * 4);
    int32_t *device = p.ancestors = ut_output(bed, (size_t)(m->rows * outputs) * 4);
    UT_OK(urn_stream_reserve(bed->stream,
                             urn_resample_workspace((urn_resample_scheme)p.scheme, m->rows, PARTICLES, outputs)));
    UT_OK(urn_resample(bed->stream, &p));
    ut_download(bed, device, out, (size_t)(m->rows * outputs) * 4);
    free(slot);
}

/* p-value of the paths after one move of every row. */
static double paths_p(const move *m) {
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    ut_rng rng = ut_rng_make(m->seed);
    int64_t R = m->rows;
    float *lw = floats(2 * R), *log_m = floats(2 * R);
    int32_t *x1 = ut_malloc((size_t)R * 8), *x2 = ut_malloc((size_t)R * 8), *a = ut_malloc((size_t)R * 8);
    int32_t *pin = calloc((size_t)R, 4), *k = ut_malloc((size_t)R * 4);
    double law[4], chi2 = 0;
    int64_t count[4] = {0};
    paths_law(law);
    for (int64_t r = 0; r < R; r++) {
        double u = ut_uniform(&rng);
        int path = u < law[0] ? 0 : u < law[0] + law[1] ? 1 : u < law[0] + law[1] + law[2] ? 2 : 3;
        x1[2 * r] = m->form == UNPINNED ? choose(&rng, first[1]) : path / 2;
        x1[2 * r + 1] = choose(&rng, first[1]);
        x2[2 * r] = path % 2;
        for (int i = 0; i < 2; i++) {
            lw[2 * r + i] = (float)log(see[0][x1[2 * r + i]]);
            log_m[2 * r + i] = (float)log(step[x1[2 * r + i]][path % 2]);
        }
    }
    if (m->form == ANCESTOR) draw_back(bed, m, lw, log_m, 1, pin);
    draw(bed, m, lw, PARTICLES, 2, m->form == UNPINNED ? NULL : pin, a);
    float *lw2 = floats(2 * R);
    for (int64_t r = 0; r < R; r++) {
        for (int i = m->form == UNPINNED ? 0 : 1; i < 2; i++)
            x2[2 * r + i] = choose(&rng, step[x1[2 * r + a[2 * r + i]]][1]);
        for (int i = 0; i < 2; i++) lw2[2 * r + i] = (float)log(see[1][x2[2 * r + i]]);
    }
    draw(bed, m, lw2, 1, 3, NULL, k);
    for (int64_t r = 0; r < R; r++) {
        for (int i = 0; i < 2; i++) log_m[2 * r + i] = (float)log(step[x1[2 * r + i]][x2[2 * r + k[r]]]);
        pin[r] = a[2 * r + k[r]];
    }
    if (m->form == BACKWARD) draw_back(bed, m, lw, log_m, 4, pin);
    for (int64_t r = 0; r < R; r++) count[2 * x1[2 * r + pin[r]] + x2[2 * r + k[r]]]++;
    for (int i = 0; i < 4; i++) chi2 += pow((double)count[i] - (double)R * law[i], 2) / ((double)R * law[i]);
    free(lw), free(lw2), free(log_m), free(x1), free(x2), free(a), free(pin), free(k);
    ut_close(bed);
    return stat_chi2_p(chi2, 3);
}

static const move moves[] = {
    {0, URN_RESAMPLE_MULTINOMIAL, PINNED, 0, 1},   {0, URN_RESAMPLE_SYSTEMATIC, PINNED, 0, 2},
    {0, URN_RESAMPLE_KILLING, PINNED, 0, 3},       {0, URN_RESAMPLE_MULTINOMIAL, ANCESTOR, 0, 4},
    {0, URN_RESAMPLE_SYSTEMATIC, ANCESTOR, 3, 5},  {0, URN_RESAMPLE_KILLING, ANCESTOR, 1, 6},
    {0, URN_RESAMPLE_MULTINOMIAL, BACKWARD, 0, 7}, {0, URN_RESAMPLE_SYSTEMATIC, BACKWARD, 2, 8},
    {0, URN_RESAMPLE_KILLING, BACKWARD, 5, 9},
};

/* property  one conditional move leaves the law of paths as it is; n = 2^19 rows (quick 2^16), false alarm 1e-6 */
START_TEST(conditional_moves_keep_the_smoothing_law) {
    move m = moves[_i];
    m.rows = ut_quick() ? 1 << 16 : 1 << 19;
    ut_note("scheme %d, form %d, trials %d, seed %llu", m.scheme, m.form, m.trials, (unsigned long long)m.seed);
    double p = paths_p(&m);
    UT_ASSERT(p >= STAT_ALPHA, "p %g", p);
}
END_TEST

/* property  the same move without a pin is seen: its paths are 0.14 away in total variation */
START_TEST(unpinned_moves_are_seen) {
    static const int32_t schemes[] = {URN_RESAMPLE_MULTINOMIAL, URN_RESAMPLE_SYSTEMATIC, URN_RESAMPLE_KILLING};
    move m = {1 << 16, schemes[_i], UNPINNED, 0, 11};
    double p = paths_p(&m);
    UT_ASSERT(p < STAT_ALPHA, "p %g", p);
}
END_TEST

Suite *stat_particle_gibbs_suite(void) {
    Suite *suite = suite_create("stat_particle_gibbs");
    TCase *tc = tcase_create("paths");
    tcase_add_loop_test(tc, conditional_moves_keep_the_smoothing_law, 0, sizeof moves / sizeof moves[0]);
    tcase_add_loop_test(tc, unpinned_moves_are_seen, 0, 3);
    suite_add_tcase(suite, tc);
    return suite;
}
