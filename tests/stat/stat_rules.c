/* stat_rules.c - each rule draws from its law, and the law of each likely mistake is told from it. */
#include <math.h>

#include "tests/stat/stat.h"
#include "tests/stat/wrong_rules.h"

enum { DRAWS = 1 << 16 };

/* Logits of a case: ties at the cut for the rule that asks for them. */
static void logits_of(const wrong_rule *rule, float *x, ut_job *job) {
    ut_fill(x, WRONG_N, UT_NORMAL, 1.2, 11);
    if (rule->steps[0].flags == URN_STEP_TIES) {
        for (int i = 0; i < WRONG_N; i++) x[i] = (float)(i % 6) * 0.4f;
    }
    memset(job, 0, sizeof *job);
    job->logits = x, job->rows = 1, job->cols = WRONG_N;
    job->held = &wrong_state;
    job->seed_value = 31;
    job->draws = DRAWS;
    job->want = UT_WANT(ids);
}

static oracle_law *law_of(const wrong_rule *rule, const ut_job *job) {
    urn_list list = {rule->steps, rule->count};
    ut_job one = *job;
    one.lists = &list, one.list_count = 1;
    oracle_row *row = oracle_row_of(&one, 0);
    oracle_law *law = oracle_law_of(row);
    UT_ASSERT(!law->empty && law->margin > ORACLE_MARGIN, "%s: a keep decision is %.3Lg from its boundary", rule->name,
              law->margin);
    oracle_row_free(row);
    return law;
}

/* property  the draws of every rule follow its law
 * design    65,536 draws of 24 ids (4,096 on simt), Pearson's chi-square, false alarms 1e-6; must see the mistake named
 *           beside the rule with power 0.999, computed before drawing, or draw what cannot be drawn 14 times */
START_TEST(every_rule_draws_from_its_law) {
    int count;
    const wrong_rule *rules = wrong_rules(&count);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int k = 0; k < count; k++) {
            float x[WRONG_N];
            ut_job job;
            logits_of(rules + k, x, &job);
            if (kind == URN_BACKEND_SIMT) job.draws = 1 << 12;
            oracle_law *law = law_of(rules + k, &job);
            ut_note("%s on %s", rules[k].name, urn_backend_name(kind));
            stat_cells *cells = stat_cells_make(law->prob, WRONG_N, job.draws);
            ut_draws *d = ut_sample_steps(bed, &job, rules[k].steps, rules[k].count);
            double p = stat_p(cells, d->ids);
            UT_ASSERT(p > STAT_ALPHA, "p-value %.3g", p);
            ut_draws_free(d);
            stat_cells_free(cells);
            oracle_law_free(law);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  by Gumbel keys and by codes that are uniform the laws are the same */
START_TEST(other_draws_follow_the_same_law) {
    int count;
    const wrong_rule *rules = wrong_rules(&count);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int k = 0; k < count; k += 3) {
            float x[WRONG_N];
            ut_job job;
            logits_of(rules + k, x, &job);
            job.draws = kind == URN_BACKEND_SIMT ? 1 << 11 : 1 << 14;
            oracle_law *law = law_of(rules + k, &job);
            stat_cells *cells = stat_cells_make(law->prob, WRONG_N, job.draws);
            uint64_t *codes = (uint64_t *)ut_malloc(8 * (size_t)job.draws);
            ut_rng rng = ut_rng_make(99);
            for (int j = 0; j < job.draws; j++) codes[j] = ut_u64(&rng);
            for (int by_code = 0; by_code < 2; by_code++) {
                job.method = by_code ? URN_DRAW_INVERSE : URN_DRAW_GUMBEL;
                job.codes = by_code ? codes : NULL;
                job.want = by_code ? UT_WANT(ids) | UT_WANT(codes_out) : UT_WANT(ids);
                ut_draws *d = ut_sample_steps(bed, &job, rules[k].steps, rules[k].count);
                ut_note("%s on %s, by %s", rules[k].name, urn_backend_name(kind), by_code ? "codes" : "Gumbel keys");
                double p = stat_p(cells, d->ids);
                UT_ASSERT(p > STAT_ALPHA, "p-value %.3g", p);
                if (by_code) { /* what is left of a uniform code is uniform: 64 cells of the high bits */
                    long double even[64];
                    int32_t *cell = (int32_t *)ut_malloc(4 * (size_t)job.draws);
                    for (int i = 0; i < 64; i++) even[i] = 1.0L / 64;
                    for (int j = 0; j < job.draws; j++) cell[j] = (int32_t)(d->codes_out[j] >> 58);
                    stat_cells *uniform = stat_cells_make(even, 64, job.draws);
                    p = stat_p(uniform, cell);
                    UT_ASSERT(p > STAT_ALPHA, "codes left over: p-value %.3g", p);
                    stat_cells_free(uniform);
                    free(cell);
                }
                ut_draws_free(d);
            }
            free(codes);
            stat_cells_free(cells);
            oracle_law_free(law);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the test above rejects each mistake, and does not reject the rule's own law drawn by other means
 * why       a test of laws that accepts wrong ones proves nothing; runs without the library's draws */
START_TEST(each_mistake_is_rejected) {
    int count;
    const wrong_rule *rules = wrong_rules(&count);
    int32_t *ids = (int32_t *)ut_malloc(4 * DRAWS);
    for (int k = 0; k < count; k++) {
        float x[WRONG_N];
        double wide[WRONG_N], wrong[WRONG_N], right[WRONG_N], total = 0, beyond = 0;
        long double share[WRONG_N];
        ut_job job;
        logits_of(rules + k, x, &job);
        oracle_law *law = law_of(rules + k, &job);
        stat_cells *cells = stat_cells_make(law->prob, WRONG_N, DRAWS);
        for (int i = 0; i < WRONG_N; i++) wide[i] = (double)x[i], right[i] = (double)law->prob[i];
        rules[k].law(wide, wrong);
        for (int i = 0; i < WRONG_N; i++) total += wrong[i];
        for (int i = 0; i < WRONG_N; i++) {
            share[i] = wrong[i] / total;
            beyond += law->prob[i] > 0 ? 0 : wrong[i] / total;
        }
        ut_note("%s: %s", rules[k].name, rules[k].mistake);
        UT_ASSERT(beyond * DRAWS > 14 || stat_power(cells, share) > 0.999, "power %.6f", stat_power(cells, share));
        wrong_draws(wrong, WRONG_N, 5, DRAWS, ids);
        double p = stat_p(cells, ids);
        UT_ASSERT(p < STAT_ALPHA, "the mistake passes: p-value %.3g", p);
        wrong_draws(right, WRONG_N, 6, DRAWS, ids);
        p = stat_p(cells, ids);
        UT_ASSERT(p > STAT_ALPHA, "the rule's own law is rejected: p-value %.3g", p);
        stat_cells_free(cells);
        oracle_law_free(law);
    }
    free(ids);
}
END_TEST

/* ---- Mirostat's loop ---- */

/* Surprises of `steps` tokens under feedback; full: the mistake of measuring them before truncation. */
static double mean_surprise(ut_bed *bed, int full, int steps, float *first, float *last) {
    float x[WRONG_N];
    ut_fill(x, WRONG_N, UT_NORMAL, 1.2, 11);
    const float tau = 2.5f, eta = 0.1f;
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.mu = 2 * tau;
    urn_slots *slots;
    urn_slots_view view;
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    UT_OK(urn_slots_get_view(slots, &view));
    urn_step step = urn_mirostat(urn_f_by(URN_BY_SLOT, view.now.mu));
    urn_list list = {&step, 1};
    urn_sampler *sampler;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(ut_upload(bed, x, sizeof x), URN_F32, 1, WRONG_N, 0);
    p.sampler = sampler;
    p.state = slots;
    p.seed_value = 8;
    p.ids = (int32_t *)ut_output(bed, 4);
    p.logprob = (float *)ut_output(bed, 4);
    p.logprob_raw = (float *)ut_output(bed, 4);
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, 1, WRONG_N)));
    double sum = 0;
    *first = params.mu;
    for (int t = 0; t < steps; t++) {
        UT_OK(urn_sample(bed->stream, &p));
        UT_OK(urn_slots_commit(bed->stream, slots, NULL, p.ids, 1, NULL, 1));
        UT_OK(urn_slots_mirostat(bed->stream, slots, NULL, full ? p.logprob_raw : p.logprob, 1, NULL, 1, tau, eta));
        float logprob;
        ut_download(bed, p.logprob, &logprob, 4);
        sum -= logprob / 0.6931471805599453;
    }
    UT_OK(urn_stream_sync_host(bed->stream));
    *last = view.now.mu[0]; /* cpu and simt: device memory is host memory */
    urn_sampler_destroy(sampler);
    ut_clear(bed);
    urn_slots_destroy(slots);
    return sum / steps;
}

/* property  Mirostat's feedback brings the mean surprise to tau: mu's path is the sum of the errors, so the mean is tau
 * + (mu_0 - mu_n) / (eta n) exactly; measured before truncation it is not why       the surprise that moves mu must be
 * of the law drawn from; the mistake shipped in a reference */
START_TEST(mirostat_finds_its_surprise) {
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    float first, last;
    int steps = ut_quick() ? 500 : 3000;
    double mean = mean_surprise(bed, 0, steps, &first, &last), wanted = 2.5 + (first - last) / (0.1 * steps);
    ut_note("%d steps", steps);
    UT_ASSERT(fabs(mean - wanted) < 1e-4, "mean surprise %.6f, mu says %.6f", mean, wanted);
    UT_ASSERT(fabs(mean - 2.5) < 0.1, "mean surprise %.6f for 2.5 bits", mean);
    mean = mean_surprise(bed, 1, steps, &first, &last);
    UT_ASSERT(fabs(mean - 2.5) > 0.1, "the mistake passes: mean surprise %.6f", mean);
    ut_close(bed);
}
END_TEST

Suite *stat_rules_suite(void);
Suite *stat_rules_suite(void) {
    Suite *suite = suite_create("stat_rules");
    TCase *tcase = tcase_create("rules");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, every_rule_draws_from_its_law);
    tcase_add_test(tcase, other_draws_follow_the_same_law);
    tcase_add_test(tcase, each_mistake_is_rejected);
    tcase_add_test(tcase, mirostat_finds_its_surprise);
    suite_add_tcase(suite, tcase);
    return suite;
}
