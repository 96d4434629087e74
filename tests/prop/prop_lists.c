/* prop_lists.c - properties of lists of steps: neutral steps, what masks promise, what does not depend on what. */
#include <math.h>

#include "tests/any_case.h"

static const any_limits good = {4, 200, 0, 0, 1};

/* A step that does nothing by its parameter, whatever its table and its other parameters. */
static urn_step neutral_of(any_case *c, any_source *s, int32_t op) {
    urn_step step = any_step(c, s, op);
    float one = op == URN_OP_TEMPERATURE || op == URN_OP_TOP_P || op == URN_OP_TYPICAL || op == URN_OP_TAIL_FREE ||
                        op == URN_OP_MIX || op == URN_OP_DYNAMIC_TEMPERATURE || op == URN_OP_PENALTIES
                    ? 1.0f
                    : 0.0f;
    int whole = op == URN_OP_TOP_K || op == URN_OP_MIN_TOKENS || op == URN_OP_NO_REPEAT;
    step.param[0] = whole ? urn_i(op == URN_OP_TOP_K && any_one_in(s, 2) ? -1 : 0) : urn_f(one);
    if (op == URN_OP_MIROSTAT || op == URN_OP_MIROSTAT_V1) step.param[0] = urn_f(INFINITY);
    if (op == URN_OP_TOP_N_SIGMA && any_one_in(s, 2)) step.param[0] = urn_f(-2);
    if (op == URN_OP_DYNAMIC_TEMPERATURE || op == URN_OP_PENALTIES) step.param[1] = urn_f(0);
    if (op == URN_OP_PENALTIES) step.param[2] = urn_f(0);
    return step;
}

static int has_neutral(int32_t op) {
    return op != URN_OP_MASK && op != URN_OP_ALLOW && op != URN_OP_BAN && op != URN_OP_BIAS &&
           op != URN_OP_DENSE_BIAS && op != URN_OP_ID_TEMPERATURE && op != URN_OP_QUADRATIC_SCORE &&
           op < URN_OP_SPARSEMAX;
}

/* property  a step with its neutral value anywhere in a list is the same bits as its absence
 * why       an implementation that runs it anyway closes an epoch, settles a temperature or rounds a value */
START_TEST(neutral_is_absent) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 3 : 24);
        for (int o = 0; o < any_op_count; o++) {
            if (!has_neutral(any_ops[o])) continue;
            for (int n = 0; n < cases; n++) {
                any_case *c = any_case_of((uint64_t)(1000 * o + n), &good);
                any_source s = {NULL, 0, 0, ut_rng_make((uint64_t)(77000 + 1000 * o + n))};
                urn_step steps[URN_MAX_STEPS];
                urn_list list = {steps, 0};
                int64_t length = c->job.list_count ? c->job.lists[0].count : 0, at = any_below(&s, length + 1);
                int linked = 0;
                for (int64_t i = 0; i < at; i++) {
                    linked |= c->job.lists[0].steps[i].op >= URN_OP_SPARSEMAX;
                    steps[i] = c->job.lists[0].steps[i];
                }
                steps[at] = neutral_of(c, &s, any_ops[o]);
                for (int64_t i = at; i < length; i++) steps[i + 1] = c->job.lists[0].steps[i];
                list.count = (int32_t)length + 1;
                if (linked || (c->needs_state && !c->job.held)) { /* a link takes only keep steps after it */
                    any_case_free(c);
                    continue;
                }
                ut_job with = c->job, without = c->job;
                urn_list before = {c->job.list_count ? c->job.lists[0].steps : steps, (int32_t)length};
                with.lists = &list, without.lists = &before;
                with.list_count = without.list_count = 1;
                with.list = without.list = NULL;
                with.list_value = without.list_value = 0;
                ut_draws *a = ut_sample_all(bed, &with), *b = ut_sample_all(bed, &without);
                ut_note("%s: neutral %s at %d of list 0, case %llu", urn_backend_name(kind), any_op_name(any_ops[o]),
                        (int)at, (unsigned long long)c->seed);
                any_check(c, a, b, "with and without it");
                ut_draws_free(a);
                ut_draws_free(b);
                any_case_free(c);
            }
        }
        ut_close(bed);
    }
}
END_TEST

enum { COLS = 300 };

static void kept_of(ut_bed *bed, const float *x, const urn_step *steps, int count, uint32_t *bits, int32_t *kept) {
    ut_job job = {.logits = x, .rows = 1, .cols = COLS, .want = UT_WANT(kept_bits) | UT_WANT(kept_count)};
    ut_draws *d = ut_sample_steps(bed, &job, steps, count);
    memcpy(bits, d->kept_bits, 4 * ((COLS + 31) / 32));
    *kept = d->kept_count[0];
    ut_draws_free(d);
}

/* property  top-n-sigma keeps the same ids at every temperature before or after it
 * why       that is the rule's point; an implementation over tempered values or weights fails it */
START_TEST(top_n_sigma_knows_no_temperature) {
    static const float temperatures[] = {0.3f, 0.9f, 1.7f, 5, 30};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < ut_loops(24); n++) {
            float x[COLS], sigmas = 0.5f + 0.25f * (float)(n % 6);
            uint32_t one[10], two[10];
            int32_t kept, kept_too;
            ut_fill(x, COLS, n % 2 ? UT_NORMAL : UT_GUMBEL, 1.5, (uint64_t)n);
            urn_step steps[] = {urn_temperature(urn_f(temperatures[n % 5])), urn_top_n_sigma(urn_f(sigmas))};
            kept_of(bed, x, steps + 1, 1, one, &kept);
            kept_of(bed, x, steps, 2, two, &kept_too);
            ut_note("%s case %d", urn_backend_name(kind), n);
            UT_ASSERT(kept == kept_too && kept > 0 && kept < COLS, "%d and %d ids kept", kept, kept_too);
            if (temperatures[n % 5] >= 0.9f) UT_SAME_BITS(one, two, 10, "kept sets"); /* lower: some weigh nothing */
        }
        ut_close(bed);
    }
}
END_TEST

/* property  an id that a mask, a list, a bias of -inf, a ban or an n-gram takes out is never drawn and has probability
 * 0 why       the promise that grammars and safety lists stand on; the likeliest id is taken out each time */
START_TEST(banned_ids_are_never_drawn) {
    enum { N = 12, TOP = 5 };
    int32_t text[6] = {1, 2, TOP, 3, 1, 2}, ids[3] = {1, 2, TOP}, only[1] = {TOP};
    int64_t text_offsets[2] = {0, 6}, whole[2] = {0, 3}, one[2] = {0, 1}, sets[2] = {0, 1};
    float minus[1] = {-INFINITY}, dense[N] = {0};
    uint32_t words[1] = {~(UINT32_C(1) << TOP)};
    int32_t others[N - 1];
    int64_t all_others[2] = {0, N - 1};
    for (int i = 0; i < N - 1; i++) others[i] = i < TOP ? i : i + 1;
    dense[TOP] = -INFINITY;
    ut_state state = {1, 16, 16, N, NULL, NULL, text, text_offsets};
    urn_id_lists top = {only, minus, one, NULL, 1, 1}, sequence = {ids, NULL, whole, NULL, 1, 3};
    urn_id_lists rest = {others, NULL, all_others, NULL, 1, N - 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        const urn_step takes[] = {urn_mask(words, 1, 1, NULL),       urn_allow(rest),
                                  urn_min_tokens(urn_i(100), top),   urn_ban(sequence, sets, 1),
                                  urn_no_repeat(urn_i(3)),           urn_bias(top),
                                  urn_dense_bias(dense, 1, N, NULL), urn_values(urn_f(0.5f), top)};
        for (size_t k = 0; k < sizeof takes / sizeof *takes; k++) {
            for (int after = 0; after < 2; after++) {
                float x[N];
                ut_fill(x, N, UT_NORMAL, 1, k + 1);
                x[TOP] = 9;
                urn_step steps[3];
                steps[after] = takes[k];
                steps[!after] = urn_temperature(urn_f(2));
                steps[2] = urn_top_p(urn_f(0.9f));
                ut_job job = {.logits = x, .rows = 1, .cols = N, .held = &state, .draws = 400};
                job.want = UT_WANT(ids) | UT_WANT(probs) | UT_WANT(status);
                ut_draws *d = ut_sample_steps(bed, &job, steps, 3);
                ut_note("%s: %s", urn_backend_name(kind), any_op_name(takes[k].op));
                UT_ASSERT(d->status[0] == 0 && d->probs[TOP] == 0, "status %d, probability %g", d->status[0],
                          (double)d->probs[TOP]);
                for (int j = 0; j < 400; j++)
                    UT_ASSERT(d->ids[j] != TOP && d->ids[j] >= 0, "draw %d is %d", j, d->ids[j]);
                ut_draws_free(d);
            }
        }
        ut_close(bed);
    }
}
END_TEST

/* property  what a rejected draft would have changed, the overlay changes, and nothing stays: a call with drafts in
 *           flight is the call after they were committed, and the call after that is as if they had never been
 * why       speculative decoding samples at every draft's place before any of them is accepted */
START_TEST(drafts_in_flight_are_outputs) {
    enum { N = 40, HELD = 9, DRAFTS = 4 };
    int32_t text[HELD + DRAFTS];
    int64_t before[2] = {0, HELD}, after[2] = {0, HELD + DRAFTS};
    uint32_t position = 77;
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int n = 0; n < ut_loops(24); n++) {
            ut_rng rng = ut_rng_make((uint64_t)n);
            float x[N];
            ut_fill(x, N, UT_NORMAL, 1, (uint64_t)n);
            for (int i = 0; i < HELD + DRAFTS; i++) text[i] = (int32_t)ut_below(&rng, 5);
            urn_id_lists none = {NULL, NULL, NULL, NULL, 0, 0};
            urn_step steps[] = {urn_penalties(urn_f(1.3f), urn_f(.2f), urn_f(.1f), urn_i(n % 2 ? 0 : 7)),
                                urn_dry(urn_f(.5f), urn_f(1.5f), urn_i(1), urn_i(-1), none),
                                urn_no_repeat(urn_i(2 + n % 3))};
            ut_state held = {1, 64, 64, N, NULL, NULL, text, before}, later = {1, 64, 64, N, NULL, NULL, text, after};
            ut_job job = {.logits = x, .rows = 1, .cols = N, .held = &held, .position = &position, .draws = 3};
            job.want = UT_WANT_CLASSIC | UT_WANT(processed);
            job.overlay = text + HELD, job.overlay_stride = DRAFTS;
            ut_job committed = job;
            committed.held = &later, committed.overlay = NULL, committed.overlay_stride = 0;
            ut_draws *a = ut_sample_steps(bed, &job, steps, 3), *b = ut_sample_steps(bed, &committed, steps, 3);
            ut_note("%s case %d", urn_backend_name(kind), n);
            UT_SAME_DRAWS(a, b, "in flight and committed");
            ut_draws_free(a);
            ut_draws_free(b);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  XTC acts in as many rows as its probability says, by a coin of its own: 4096 rows, five sigma
 * why       a coin shared with the draw, or one per step instead of one per position, is seen here */
START_TEST(xtc_acts_with_its_probability) {
    enum { ROWS = 4096, N = 4 };
    static const float probabilities[] = {0.1f, 0.5f, 0.9f, 1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int rows = kind == URN_BACKEND_CPU ? ROWS : ROWS / 8;
        float *x = (float *)ut_malloc(4 * ROWS * N);
        for (int i = 0; i < ROWS * N; i++) x[i] = (float)(i % N) * 0.1f;
        for (int k = 0; k < 4; k++) {
            double p = probabilities[k], acted = 0, first = 0, drawn_low = 0;
            urn_step steps[] = {urn_xtc(urn_f(probabilities[k]), urn_f(0.1f))};
            ut_job job = {.logits = x, .rows = rows, .cols = N, .seed_value = 5, .position_value = 9};
            ut_draws *d = ut_sample_steps(bed, &job, steps, 1);
            for (int r = 0; r < rows; r++) {
                UT_ASSERT(d->kept_count[r] == N || d->kept_count[r] == 1, "%d ids kept", d->kept_count[r]);
                acted += d->kept_count[r] == 1;
                UT_ASSERT(d->kept_count[r] == N || d->ids[r] == 0, "the one that stays is %d", d->ids[r]);
                if (d->kept_count[r] == N) first++, drawn_low += d->ids[r] == 0;
            }
            ut_note("%s probability %g", urn_backend_name(kind), p);
            UT_ASSERT(fabs(acted - p * rows) <= 5 * sqrt(p * (1 - p) * rows), "acted %g times in %d rows", acted, rows);
            double q = 1 / (1 + exp(.1) + exp(.2) + exp(.3)); /* draws of the other rows know nothing of the coin */
            UT_ASSERT(fabs(drawn_low - q * first) <= 5 * sqrt(q * first) + 1, "id 0 drawn %g times of %g", drawn_low,
                      first);
            ut_draws_free(d);
        }
        free(x);
        ut_close(bed);
    }
}
END_TEST

Suite *prop_lists_suite(void);
Suite *prop_lists_suite(void) {
    Suite *suite = suite_create("prop_lists");
    TCase *tcase = tcase_create("lists");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, neutral_is_absent);
    tcase_add_test(tcase, top_n_sigma_knows_no_temperature);
    tcase_add_test(tcase, banned_ids_are_never_drawn);
    tcase_add_test(tcase, drafts_in_flight_are_outputs);
    tcase_add_test(tcase, xtc_acts_with_its_probability);
    suite_add_tcase(suite, tcase);
    return suite;
}
