/* prop_steps.c - what steps mean: neutral values, order, ties, greedy rows, and numbers worked out by hand. */
#include <math.h>

#include "tests/prop/prop_case.h"

/* ln of (.40, .25, .15, .10, .06, .04): the six-token example that the numbers below were computed for. */
static const float p6[] = {-0.91629073f, -1.3862944f, -1.8971200f, -2.3025851f, -2.8134107f, -3.2188758f};

/* The law of p6 after a list, read off exp(logprob) of 4,000 draws; probabilities of ids never drawn stay 0. */
static int32_t law_of_p6(ut_bed *bed, const urn_step *steps, int32_t count, double *p) {
    ut_job job = {.logits = p6, .rows = 1, .cols = 6, .draws = 4000, .seed_value = 2};
    ut_draws *d = ut_sample_steps(bed, &job, steps, count);
    for (int i = 0; i < 6; i++) p[i] = 0;
    for (int j = 0; j < 4000; j++) p[d->ids[j]] = exp(d->logprob[j]);
    int32_t kept = d->kept_count[0];
    ut_draws_free(d);
    return kept;
}

/* property  p6 after one step is the law worked out by hand
 * why       numbers from outside this project: top-k 3, top-p .75, min-p .3, temperatures .5 and 2 */
START_TEST(worked_numbers_come_out) {
    static const double cut[] = {.5, .3125, .1875, 0, 0, 0};
    static const double cold[] = {.61491161, .24019985, .08647194, .03843198, .01383551, .00614912};
    static const double hot[] = {.27727960, .21920877, .16979839, .13863980, .10738993, .08768351};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        const struct {
            const char *name;
            urn_step step;
            const double *law;
            int32_t kept;
        } cases[] = {{"top_k 3", urn_top_k(urn_i(3)), cut, 3},
                     {"top_p .75", urn_top_p(urn_f(0.75f)), cut, 3},
                     {"min_p .3", urn_min_p(urn_f(0.3f)), cut, 3},
                     {"temperature .5", urn_temperature(urn_f(0.5f)), cold, 6},
                     {"temperature 2", urn_temperature(urn_f(2.0f)), hot, 6}};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            double p[6];
            int32_t kept = law_of_p6(bed, &cases[i].step, 1, p);
            ut_note("%s", cases[i].name);
            UT_ASSERT(kept == cases[i].kept, "kept %d", kept);
            for (int id = 0; id < 6; id++) {
                UT_ASSERT(fabs(p[id] - cases[i].law[id]) < 5e-7, "id %d: %.9f, wanted %.9f", id, p[id],
                          cases[i].law[id]);
            }
        }
        ut_job job = {.logits = p6, .rows = 1, .cols = 6};
        ut_draws *plain = ut_sample_steps(bed, &job, NULL, 0);
        UT_ASSERT(fabs(plain->entropy[0] - 1.52547607) < 1e-6, "entropy %.9g", plain->entropy[0]);
        UT_ASSERT(fabs(plain->lse[0]) < 1e-6, "lse %.9g", plain->lse[0]);
        ut_draws_free(plain);
        ut_close(bed);
    }
}
END_TEST

/* property  {temperature 2, min_p .3} keeps all six ids of p6, {min_p .3, temperature 2} keeps three
 * why       the order of steps is the caller's; well-known stacks differ in exactly this */
START_TEST(order_of_steps_is_the_callers) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        double p[6];
        urn_step first[] = {urn_temperature(urn_f(2.0f)), urn_min_p(urn_f(0.3f))};
        urn_step last[] = {urn_min_p(urn_f(0.3f)), urn_temperature(urn_f(2.0f))};
        ut_note("min_p .3 and temperature 2 on p6");
        int32_t kept = law_of_p6(bed, first, 2, p);
        UT_ASSERT(kept == 6, "temperature first keeps %d", kept);
        kept = law_of_p6(bed, last, 2, p);
        UT_ASSERT(kept == 3, "min_p first keeps %d", kept);
        /* sqrt(.40) : sqrt(.25) : sqrt(.15), normalised */
        UT_ASSERT(fabs(p[0] - sqrt(.4) / (sqrt(.4) + .5 + sqrt(.15))) < 5e-7, "p of the largest is %.9f", p[0]);
        ut_close(bed);
    }
}
END_TEST

static urn_step neutral_step(int which, int by, const float *ones, const float *zeros, const int32_t *k,
                             const int32_t *none) {
    static const uint32_t word[64] = {0};
    urn_by b = (urn_by)by;
    if (which == 0) return urn_temperature(by ? urn_f_by(b, ones) : urn_f(1.0f));
    if (which == 1) return urn_top_p(by ? urn_f_by(b, ones) : urn_f(1.0f));
    if (which == 2) return urn_min_p(by ? urn_f_by(b, zeros) : urn_f(0.0f));
    if (which == 3) return urn_top_k(by ? urn_i_by(b, k) : urn_i(-1));
    return urn_mask(word, 1, 64, none); /* a table that allows nothing, used by no row */
}

/* property  a step with its neutral value is bitwise no step, as a scalar, by slot, by row, anywhere in a list
 * why       a server gives all requests one list; whoever does not use a step must not notice it */
START_TEST(neutral_parameters_are_absent_steps) {
    FOR_EACH_BACKEND(kind) {
        enum { N = 4, COLS = 500 };
        float x[N * COLS], ones[N] = {1, 1, 1, 1}, zeros[N] = {0, -0.0f, 0, 0};
        int32_t k[N] = {0, -1, 0, -1}, none[N] = {-1, -1, -1, -1};
        ut_fill(x, N * COLS, UT_NORMAL, 2, 61);
        ut_bed *bed = ut_open(kind);
        urn_step base[] = {urn_top_k(urn_i(40)), urn_temperature(urn_f(1.7f)), urn_top_p(urn_f(0.9f))};
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .draws = 3};
        ut_draws *wanted = ut_sample_steps(bed, &job, base, 3);
        for (int which = 0; which < 5; which++) {
            for (int by = 0; by < 3; by++) {
                for (int at = 0; at <= 3; at++) {
                    urn_step steps[4];
                    for (int i = 0, from = 0; i < 4; i++) {
                        steps[i] = i == at ? neutral_step(which, by, ones, zeros, k, none) : base[from++];
                    }
                    ut_draws *found = ut_sample_steps(bed, &job, steps, 4);
                    ut_note("seed 61, neutral step %d by %d at place %d", which, by, at);
                    UT_SAME_DRAWS(found, wanted, urn_backend_name(kind));
                    ut_draws_free(found);
                }
            }
        }
        ut_draws_free(wanted);
        ut_close(bed);
    }
}
END_TEST

/* property  adding a constant to all logits changes lse by it and no other bit
 * why       softmax does not know it; here every difference x - M is the same f32, so not one bit may move
 * shapes    multiples of 1/256 within +-16 and the constant 32: every sum is exact */
START_TEST(adding_a_constant_changes_only_lse) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 1200 };
        float x[COLS], y[COLS];
        ut_fill(x, COLS, UT_NORMAL, 3, 71);
        for (int i = 0; i < COLS; i++) {
            x[i] = rintf(x[i] * 256) / 256;
            y[i] = x[i] + 32;
        }
        ut_bed *bed = ut_open(kind);
        urn_step steps[] = {urn_temperature(urn_f(0.6f)), urn_top_p(urn_f(0.8f))};
        ut_job job = {.logits = x, .rows = 1, .cols = COLS, .draws = 9};
        ut_note("seed 71");
        ut_draws *a = ut_sample_steps(bed, &job, steps, 2);
        job.logits = y;
        ut_draws *b = ut_sample_steps(bed, &job, steps, 2);
        UT_ASSERT(fabsf(b->lse[0] - a->lse[0] - 32) < 4e-6f, "lse moved by %.9g", b->lse[0] - a->lse[0]);
        b->lse[0] = a->lse[0];
        UT_SAME_DRAWS(a, b, urn_backend_name(kind));
        ut_draws_free(a);
        ut_draws_free(b);
        ut_close(bed);
    }
}
END_TEST

/* property  logits times two at temperature two draw the same ids with the same bits
 * why       c = log2(e) / 2 and d = 2 (x - M) are exact, so every weight is the same integer */
START_TEST(temperature_two_undoes_logits_times_two) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 1200 };
        float x[COLS], y[COLS];
        ut_fill(x, COLS, UT_NORMAL, 3, 81);
        for (int i = 0; i < COLS; i++) y[i] = 2 * x[i];
        ut_bed *bed = ut_open(kind);
        urn_step steps[] = {urn_temperature(urn_f(2.0f)), urn_top_p(urn_f(0.8f))};
        ut_job job = {.logits = x, .rows = 1, .cols = COLS, .draws = 9};
        ut_note("seed 81");
        ut_draws *a = ut_sample_steps(bed, &job, steps + 1, 1);
        job.logits = y;
        ut_draws *b = ut_sample_steps(bed, &job, steps, 2);
        UT_SAME_BITS(a->ids, b->ids, 9, "ids");
        UT_SAME_BITS(a->logprob, b->logprob, 9, "logprob");
        UT_SAME_BITS(a->entropy, b->entropy, 1, "entropy");
        UT_SAME_BITS(a->kept_count, b->kept_count, 1, "kept_count");
        UT_SAME_BITS(a->kept_logmass, b->kept_logmass, 1, "kept_logmass");
        ut_draws_free(a);
        ut_draws_free(b);
        ut_close(bed);
    }
}
END_TEST

/* property  temperature 0 gives the first of the largest, certain, and lives beside sampled rows
 * why       a tie goes to the smaller id on every launch shape; greedy requests share batches with others */
START_TEST(temperature_zero_is_the_first_argmax) {
    FOR_EACH_BACKEND(kind) {
        enum { N = 6, COLS = 400 };
        float x[N * COLS], temperature[N] = {0, 0.9f, 0, 1, 0, 0};
        ut_fill(x, N * COLS, UT_TIES, 1, 91);
        ut_bed *bed = ut_open(kind);
        urn_step steps[] = {urn_temperature(urn_f_by(URN_BY_ROW, temperature)), urn_top_p(urn_f(0.5f))};
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .draws = 4};
        ut_draws *d = ut_sample_steps(bed, &job, steps, 2);
        ut_note("seed 91");
        for (int r = 0; r < N; r++) {
            if (temperature[r] != 0) {
                UT_ASSERT(d->kept_count[r] > 1 && d->entropy[r] > 0, "row %d is not sampled", r);
                continue;
            }
            int32_t *order = oracle_order(x + r * COLS, COLS);
            for (int j = 0; j < 4; j++) {
                UT_ASSERT(d->ids[4 * r + j] == order[0], "row %d: id %d, the first argmax is %d", r, d->ids[4 * r + j],
                          order[0]);
                UT_ASSERT(d->rank[4 * r + j] == 0 && d->logprob[4 * r + j] == 0, "row %d: rank %d", r, d->rank[4 * r]);
            }
            UT_ASSERT(d->kept_count[r] == 1 && d->entropy[r] == 0 && d->kept_logmass[r] == 0, "row %d: entropy %g", r,
                      d->entropy[r]);
            free(order);
        }
        ut_draws_free(d);
        ut_close(bed);
    }
}
END_TEST

/* property  the first argmax of a row that is flat after its head is the first of the flat part, at any length
 * why       ties then lie in every lane, warp and block, and each of them must give way to the smallest id */
START_TEST(ties_everywhere_go_to_the_smallest_id) {
    static const int64_t lengths[] = {40, 1000, 5003, 40000};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int i = 0; i < 4; i++) {
            float *x = (float *)ut_malloc(4 * (size_t)lengths[i]);
            int32_t first = (int32_t)(lengths[i] / 3);
            for (int64_t j = 0; j < lengths[i]; j++) x[j] = j < first ? 1 : 2;
            urn_step steps[] = {urn_temperature(urn_f(0)), urn_top_k(urn_i(1))};
            ut_job job = {.logits = x, .rows = 1, .cols = lengths[i]};
            for (int s = 0; s < 2; s++) { /* greedy, then top-k 1 */
                ut_draws *d = ut_sample_steps(bed, &job, steps + s, 1);
                ut_note("%s, 1 row of %lld, step %d", urn_backend_name(kind), (long long)lengths[i], s);
                UT_ASSERT(d->ids[0] == first, "id %d, wanted %d", d->ids[0], first);
                ut_draws_free(d);
            }
            free(x);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  top-k keeps exactly k under ties: the k first in the order, and each of them can be drawn
 * why       the usual rule (all at least the k-th value) keeps more; a tie cut by launch shape would keep others */
START_TEST(top_k_keeps_exactly_k_under_ties) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 640, DRAWS = 2000 };
        float x[COLS];
        ut_bed *bed = ut_open(kind);
        for (int flat = 0; flat < 2; flat++) {
            ut_fill(x, COLS, flat ? UT_FLAT : UT_TIES, 1, 101);
            int32_t *order = oracle_order(x, COLS);
            for (int32_t k = 1; k <= 64; k = 3 * k + 1) {
                urn_step step = urn_top_k(urn_i(k));
                ut_job job = {.logits = x, .rows = 1, .cols = COLS, .draws = DRAWS};
                ut_draws *d = ut_sample_steps(bed, &job, &step, 1);
                ut_note("seed 101, flat %d, k %d", flat, k);
                UT_ASSERT(d->kept_count[0] == k, "kept %d", d->kept_count[0]);
                char seen[COLS] = {0};
                int32_t different = 0;
                for (int j = 0; j < DRAWS; j++) {
                    UT_ASSERT(d->rank[j] < k, "draw %d has rank %d", j, d->rank[j]);
                    UT_ASSERT(order[d->rank[j]] == d->ids[j], "rank %d is not id %d", d->rank[j], d->ids[j]);
                    different += !seen[d->ids[j]];
                    seen[d->ids[j]] = 1;
                }
                /* flat: an id is missed with probability (1 - 1/40)^2000 < 1e-21 */
                UT_ASSERT(!flat || different == k, "%d ids came up", different);
                ut_draws_free(d);
            }
            free(order);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  top_p 0 is top_k 1; min_p 1 keeps the ties of the maximum */
START_TEST(extreme_parameters_keep_the_top) {
    FOR_EACH_BACKEND(kind) {
        const float x[] = {1, 3, -INFINITY, 3, 2, 3};
        ut_bed *bed = ut_open(kind);
        urn_step p0 = urn_top_p(urn_f(0)), k1 = urn_top_k(urn_i(1)), m1 = urn_min_p(urn_f(1));
        ut_job job = {.logits = x, .rows = 1, .cols = 6, .draws = 50};
        ut_draws *a = ut_sample_steps(bed, &job, &p0, 1), *b = ut_sample_steps(bed, &job, &k1, 1);
        ut_draws *c = ut_sample_steps(bed, &job, &m1, 1);
        ut_note("six logits");
        UT_SAME_DRAWS(a, b, "top_p 0 and top_k 1");
        UT_ASSERT(a->ids[0] == 1 && a->kept_count[0] == 1, "id %d", a->ids[0]);
        UT_ASSERT(c->kept_count[0] == 3, "min_p 1 keeps %d", c->kept_count[0]);
        UT_ASSERT(fabsf(c->entropy[0] - logf(3)) < 1e-6f, "entropy %g", c->entropy[0]);
        ut_draws_free(a), ut_draws_free(b), ut_draws_free(c);
        ut_close(bed);
    }
}
END_TEST

/* property  thresholds are exact integers: ceil(p Z) and ceil(m 2^F), one unit of weight decides
 * why       the integers make a boundary that floats cannot have; rounding down keeps another set
 * shapes    weights 2^40, 2^40, 2 and 1: half of Z is 1.5 units above the first prefix, m = 1.5 * 2^-40 lies between
 * the last two */
START_TEST(thresholds_are_decided_by_one_unit) {
    const float x[] = {0, 0, -27.032f, -27.725f};
    const uint64_t weights[] = {UINT64_C(1) << 40, UINT64_C(1) << 40, 2, 1};
    const unsigned char all[] = {1, 1, 1, 1};
    const struct {
        urn_step step;
        int64_t cols;
        int32_t kept;
    } cases[] = {{urn_top_p(urn_f(0.5f)), 2, 1},      {urn_top_p(urn_f(0.5f)), 3, 2},
                 {urn_top_p(urn_f(0.5f)), 4, 2},      {urn_top_p(urn_f(0x1.fffffep-1f)), 4, 2},
                 {urn_min_p(urn_f(0x1p-40f)), 4, 4},  {urn_min_p(urn_f(0x1.8p-40f)), 4, 3},
                 {urn_min_p(urn_f(0x1p-39f)), 4, 3},  {urn_min_p(urn_f(0x1.000002p-39f)), 4, 2},
                 {urn_min_p(urn_f(0x1p-149f)), 4, 4}, {urn_top_p(urn_f(0x1p-149f)), 4, 1}};
    uint64_t w[4];
    oracle_weights(x, 4, all, 1.0f, w);
    ut_note("four logits");
    UT_SAME_BITS(w, weights, 4, "weights of the four logits");
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            ut_job job = {.logits = x, .rows = 1, .cols = cases[i].cols};
            ut_draws *d = ut_sample_steps(bed, &job, &cases[i].step, 1);
            ut_note("%s, case %zu", urn_backend_name(kind), i);
            UT_ASSERT(d->kept_count[0] == cases[i].kept, "kept %d, wanted %d", d->kept_count[0], cases[i].kept);
            ut_draws_free(d);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *prop_steps_suite(void) {
    Suite *suite = suite_create("prop_steps");
    TCase *tcase = tcase_create("steps");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, worked_numbers_come_out);
    tcase_add_test(tcase, order_of_steps_is_the_callers);
    tcase_add_test(tcase, neutral_parameters_are_absent_steps);
    tcase_add_test(tcase, adding_a_constant_changes_only_lse);
    tcase_add_test(tcase, temperature_two_undoes_logits_times_two);
    tcase_add_test(tcase, temperature_zero_is_the_first_argmax);
    tcase_add_test(tcase, ties_everywhere_go_to_the_smallest_id);
    tcase_add_test(tcase, top_k_keeps_exactly_k_under_ties);
    tcase_add_test(tcase, extreme_parameters_keep_the_top);
    tcase_add_test(tcase, thresholds_are_decided_by_one_unit);
    suite_add_tcase(suite, tcase);
    return suite;
}
