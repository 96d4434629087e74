/* unit_value_steps.c - masks, value steps and links on rows of a few ids, against numbers worked out by hand. */
#include <float.h>
#include <math.h>

#include "tests/urn_test.h"

enum { MOST = 8, DRAWS = 4096 };

/* One row, its steps, and what its slot has seen. */
typedef struct hand {
    int32_t cols;
    const float *x;
    const urn_step *steps;
    int32_t count;
    const int32_t *prompt, *outputs, *drafts;
    int32_t prompt_count, output_count, draft_count;
    uint32_t position;
} hand;

static urn_slots *make_slots(ut_bed *bed, const hand *h) {
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    urn_slots *slots;
    params.slots = 1, params.history = 32, params.counts = 16, params.prompt_cols = 40;
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    if (h->prompt_count) {
        int64_t offsets[2] = {0, h->prompt_count};
        const int32_t *ids = ut_upload(bed, h->prompt, 4 * (size_t)h->prompt_count);
        UT_OK(urn_slots_prompt(bed->stream, slots, NULL, ids, h->prompt_count, ut_upload(bed, offsets, sizeof offsets),
                               1));
    }
    if (h->output_count) {
        const int32_t *ids = ut_upload(bed, h->outputs, 4 * (size_t)h->output_count);
        const int32_t *accepted = ut_upload(bed, &h->output_count, 4);
        UT_OK(urn_slots_commit(bed->stream, slots, NULL, ids, h->output_count, accepted, 1));
    }
    return slots;
}

/* The law drawn from, by the log-probability of whatever was drawn: 0 for ids that never were. Returns the status. */
static int32_t law_of(ut_bed *bed, const hand *h, double law[MOST]) {
    static int32_t ids[DRAWS];
    static float logprob[DRAWS];
    int32_t status;
    urn_list list = {h->steps, h->count};
    urn_sampler *sampler;
    urn_slots *slots = make_slots(bed, h);
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    p.logits.data = ut_upload(bed, h->x, 4 * (size_t)h->cols);
    p.logits.dtype = URN_F32, p.logits.rows = 1, p.logits.cols = p.logits.row_stride = h->cols;
    p.sampler = sampler, p.state = slots, p.draws = DRAWS, p.seed_value = 7;
    p.position = ut_upload(bed, &h->position, 4);
    p.overlay = ut_upload(bed, h->drafts, 4 * (size_t)h->draft_count);
    p.overlay_stride = h->draft_count;
    p.ids = ut_output(bed, sizeof ids);
    p.logprob = ut_output(bed, sizeof logprob);
    p.status = ut_output(bed, 4);
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, 1, h->cols)));
    UT_OK(urn_sample(bed->stream, &p));
    ut_download(bed, p.ids, ids, sizeof ids);
    ut_download(bed, p.logprob, logprob, sizeof logprob);
    ut_download(bed, p.status, &status, 4);
    for (int i = 0; i < MOST; i++) law[i] = 0;
    for (int j = 0; j < DRAWS && status == 0; j++) law[ids[j]] = exp((double)logprob[j]);
    urn_sampler_destroy(sampler);
    urn_slots_destroy(slots);
    return status;
}

static void expect_law(ut_bed *bed, const hand *h, const double *wanted, const char *what) {
    double law[MOST];
    ut_note("%s", urn_backend_name(bed->kind));
    int32_t status = law_of(bed, h, law);
    UT_ASSERT(status == 0, "%s: status %d", what, status);
    for (int i = 0; i < h->cols; i++)
        UT_ASSERT(fabs(law[i] - wanted[i]) <= 1e-6 + 1e-6 * wanted[i], "%s: id %d has %.9f, not %.9f", what, i, law[i],
                  wanted[i]);
}

/* The same, where the values after the steps are known instead; -INFINITY is impossible. */
static void expect_values(ut_bed *bed, const hand *h, const double *values, const char *what) {
    double wanted[MOST], z = 0;
    for (int i = 0; i < h->cols; i++) z += wanted[i] = exp(values[i]);
    for (int i = 0; i < h->cols; i++) wanted[i] /= z;
    expect_law(bed, h, wanted, what);
}

static urn_id_lists one_list(ut_bed *bed, const int32_t *ids, const float *values, int64_t count) {
    int64_t offsets[2] = {0, count};
    urn_id_lists lists = {
        ut_upload(bed, ids, 4 * (size_t)count), NULL, ut_upload(bed, offsets, sizeof offsets), NULL, 1, count};
    if (values) lists.values = ut_upload(bed, values, 4 * (size_t)count);
    return lists;
}

static const float p6[6] = {-0.91629073f, -1.38629436f, -1.89711998f, -2.30258509f, -2.81341072f, -3.21887582f};

#define ON_EACH_BACKEND(bed)                                                                                           \
    FOR_EACH_BACKEND(kind)                                                                                             \
    for (ut_bed *bed = ut_open(kind); bed; ut_close(bed), bed = NULL)

/* property  penalties follow Keskar et al. and the two additive ones, outputs and drafts and prompt each in their part
 */
START_TEST(penalties_by_hand) {
    static const float x[4] = {2.0f, -1.0f, 0.0f, 0.5f};
    static const int32_t outputs[] = {0, 1, 0, 2}, drafts[] = {3, 0, 3}, prompt[] = {3, 3};
    static const double repeated[] = {1.53846154, -1.3, 0, 0.5}, all[] = {1.13846154, -1.6, -0.3, 0.5};
    ON_EACH_BACKEND(bed) {
        urn_step step = urn_penalties(urn_f(1.3f), urn_f(0), urn_f(0), urn_i(0));
        hand h = {4, x, &step, 1, NULL, outputs, NULL, 0, 4, 0, 0};
        expect_values(bed, &h, repeated, "repetition");
        step = urn_penalties(urn_f(1.3f), urn_f(0.1f), urn_f(0.2f), urn_i(0));
        expect_values(bed, &h, all, "all three");
        step = urn_penalties(urn_f(1.3f), urn_f(0.1f), urn_f(0.2f), urn_i(4));
        expect_values(bed, &h, all, "all three over a window");
        h.drafts = drafts, h.draft_count = 3;
        step = urn_penalties(urn_f(1.3f), urn_f(0.1f), urn_f(0.2f), urn_i(0));
        expect_values(bed, &h, (double[]){2 / 1.3 - 0.5, -1.6, -0.3, 0.5 / 1.3 - 0.4}, "with drafts");
        step = urn_penalties(urn_f(1.3f), urn_f(0.1f), urn_f(0.2f), urn_i(2));
        expect_values(bed, &h, (double[]){2 / 1.3 - 0.3, -1, 0, 0.5 / 1.3 - 0.3}, "a window of two drafts");
        h.draft_count = 0, h.prompt = prompt, h.prompt_count = 2;
        step = urn_penalties(urn_f(1.3f), urn_f(0.1f), urn_f(0.2f), urn_i(0));
        expect_values(bed, &h, all, "the prompt unseen");
        step.flags = URN_STEP_PROMPT;
        expect_values(bed, &h, (double[]){1.13846154, -1.6, -0.3, 0.5 / 1.3}, "the prompt seen");
    }
}
END_TEST

/* property  DRY takes multiplier * base^(m - allowed) for the longest match, once, and no match crosses a breaker
 * shapes    "abccbcyabc" (a 0, b 1, c 2, y 3): c follows "abc", b follows "c", y follows "bc"  */
START_TEST(dry_by_hand) {
    static const float x[5] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    static const int32_t text[] = {0, 1, 2, 2, 1, 2, 3, 0, 1, 2}, breaker[] = {0}, letter[] = {3};
    ON_EACH_BACKEND(bed) {
        urn_id_lists none = {NULL, NULL, NULL, NULL, 0, 0};
        urn_step step = urn_dry(urn_f(0.8f), urn_f(1.75f), urn_i(2), urn_i(-1), none);
        hand h = {5, x, &step, 1, NULL, text, NULL, 0, 10, 0, 0};
        expect_values(bed, &h, (double[]){0.1, 0.2, 0.3 - 1.4, 0.4 - 0.8, 0.5}, "c and y lose");
        step = urn_dry(urn_f(0.8f), urn_f(1.75f), urn_i(1), urn_i(-1), none);
        expect_values(bed, &h, (double[]){0.1, 0.2 - 0.8, 0.3 - 0.8 * 1.75 * 1.75, 0.4 - 1.4, 0.5}, "allowed 1");
        step = urn_dry(urn_f(0.8f), urn_f(1.75f), urn_i(2), urn_i(6), none); /* "bcyabc": y follows "bc" */
        expect_values(bed, &h, (double[]){0.1, 0.2, 0.3, 0.4 - 0.8, 0.5}, "the last six");
        step = urn_dry(urn_f(0.8f), urn_f(1.75f), urn_i(2), urn_i(-1), one_list(bed, breaker, NULL, 1));
        expect_values(bed, &h, (double[]){0.1, 0.2, 0.3 - 0.8, 0.4 - 0.8, 0.5}, "a breaks: matches of two");
        step = urn_dry(urn_f(0.8f), urn_f(1.75f), urn_i(2), urn_i(-1), one_list(bed, letter, NULL, 1));
        expect_values(bed, &h, (double[]){0.1, 0.2, 0.3 - 1.4, 0.4, 0.5}, "y is a breaker itself");
    }
}
END_TEST

/* property  quadratic smoothing and dynamic temperature give the laws of the stacks that have them */
START_TEST(smoothing_by_hand) {
    ON_EACH_BACKEND(bed) {
        urn_step step = urn_quadratic(urn_f(1), urn_f(1));
        hand h = {6, p6, &step, 1, NULL, NULL, NULL, 0, 0, 0, 0};
        expect_law(bed, &h, (double[]){.42326519, .33937154, .16173722, .06194128, .01157601, .00210876}, "factor 1");
        step = urn_quadratic(urn_f(0.3f), urn_f(1.5f));
        expect_law(bed, &h, (double[]){.27670679, .26124751, .20762505, .14704460, .07377941, .03359664}, "curve 1.5");
        step = urn_dynamic_temperature(urn_f(1), urn_f(0.5f), urn_f(1));
        expect_law(bed, &h, (double[]){.33598626, .23728836, .16259694, .12045034, .08253610, .06114200}, "dynamic");
        urn_step two[2] = {urn_temperature(urn_f(0.5f)), urn_quadratic_score(urn_f(0.25f), urn_f(0.5f), urn_f(-3))};
        double wanted[6];
        h.steps = two, h.count = 2;
        for (int i = 0; i < 6; i++) wanted[i] = -0.25 * (2 * p6[i] + 2.5) * (2 * p6[i] + 2.5);
        expect_values(bed, &h, wanted, "temperature settles before a score");
    }
}
END_TEST

/* property  value-augmented sampling adds beta (v - mean); biases add, ban, and are refused where they are no numbers
 */
START_TEST(list_values_by_hand) {
    static const float x[3] = {-0.69314718f, -1.20397280f, -1.60943791f}, q[3] = {0, 1, 2};
    static const int32_t ids[3] = {0, 1, 2}, twice[3] = {1, 7, 1}, far[3] = {-1, 3, 1};
    static const float bans[3] = {0.5f, -INFINITY, 0}, wrong[3] = {0, NAN, 0}, over[3] = {NAN, INFINITY, 1};
    ON_EACH_BACKEND(bed) {
        double law[MOST];
        urn_step step = urn_values(urn_f(1), one_list(bed, ids, q, 3));
        hand h = {3, x, &step, 1, NULL, NULL, NULL, 0, 0, 0, 0};
        expect_law(bed, &h, (double[]){.17900002, .29194350, .52905648}, "three values");
        step = urn_values(urn_f(1), one_list(bed, ids, q, 2));
        expect_law(bed, &h, (double[]){.32992748, .53810153, .13197099}, "two values");
        step.flags = URN_STEP_CENTRE;
        expect_law(bed, &h, (double[]){.30390910, .49566635, .20042456}, "two values less their mean");
        step = urn_bias(one_list(bed, ids, bans, 3));
        expect_values(bed, &h, (double[]){x[0] + 0.5, -INFINITY, x[2]}, "a banned id");
        step = urn_bias(one_list(bed, far, over, 3));
        expect_values(bed, &h, (double[]){x[0], x[1] + 1, x[2]}, "ids outside of the row are skipped");
        step = urn_bias(one_list(bed, ids, wrong, 3));
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_PARAM, "a NaN bias");
        step = urn_bias(one_list(bed, twice, q, 3));
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_PARAM, "an id twice in a list");
    }
}
END_TEST

/* property  dense tables, a second row and a table of temperatures act id by id */
START_TEST(dense_steps_by_hand) {
    static const float x[4] = {1, 0, -1, 2}, table[4] = {0.5f, 1, -INFINITY, 0}, hot[4] = {2, 4, 0.5f, 1};
    static const float other[4] = {0, 1, -INFINITY, 0}, nan[4] = {NAN, 0, 0, 0}, inf[4] = {0, 0, 0, INFINITY};
    ON_EACH_BACKEND(bed) {
        double law[MOST];
        urn_step step = urn_dense_bias(ut_upload(bed, table, sizeof table), 1, 4, NULL);
        hand h = {4, x, &step, 1, NULL, NULL, NULL, 0, 0, 0, 0};
        expect_values(bed, &h, (double[]){1.5, 1, -INFINITY, 2}, "dense bias");
        step = urn_id_temperature(ut_upload(bed, hot, sizeof hot), 1, 4, NULL);
        expect_values(bed, &h, (double[]){0.5, 0, -2, 2}, "per-id temperature");
        step = urn_mix(urn_f(1.5f), ut_upload(bed, other, sizeof other), 1, 4, NULL);
        expect_values(bed, &h, (double[]){1.5, -0.5, -INFINITY, 3}, "guidance");
        step = urn_dense_bias(ut_upload(bed, nan, sizeof nan), 1, 4, NULL);
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_PARAM, "a NaN bias");
        step = urn_id_temperature(ut_upload(bed, table, sizeof table), 1, 4, NULL);
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_PARAM, "a temperature of 0");
        step = urn_mix(urn_f(1.5f), ut_upload(bed, nan, sizeof nan), 1, 4, NULL);
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_NAN, "a NaN in the second row");
        step = urn_mix(urn_f(1.5f), ut_upload(bed, inf, sizeof inf), 1, 4, NULL);
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_INF, "+inf in the second row");
    }
}
END_TEST

/* property  masks by list and by context take out what they name and nothing else */
START_TEST(masks_by_hand) {
    static const float x[5] = {0, 0, 0, 0, 0};
    static const int32_t text[] = {3, 1, 2, 4, 1, 2}, some[] = {1, 4, -1, 9}, words[] = {2, 0, 1, 2, 3, 1, 2, 1, 2};
    static const int64_t starts[] = {0, 2, 5, 5, 6, 9}, set[] = {0, 5};
    ON_EACH_BACKEND(bed) {
        double law[MOST];
        urn_step step = urn_allow(one_list(bed, some, NULL, 4));
        hand h = {5, x, &step, 1, NULL, text, NULL, 0, 6, 0, 3};
        expect_law(bed, &h, (double[]){0, .5, 0, 0, .5}, "allowed ids");
        step = urn_min_tokens(urn_i(4), one_list(bed, some, NULL, 4));
        expect_law(bed, &h, (double[]){1 / 3., 0, 1 / 3., 1 / 3., 0}, "before the fourth token");
        step = urn_min_tokens(urn_i(3), one_list(bed, some, NULL, 4));
        expect_law(bed, &h, (double[]){.2, .2, .2, .2, .2}, "at the minimum");
        step = urn_no_repeat(urn_i(3)); /* "1 2" was followed by 4 */
        expect_law(bed, &h, (double[]){.25, .25, .25, .25, 0}, "no 3-gram twice");
        step = urn_no_repeat(urn_i(1));
        expect_law(bed, &h, (double[]){1, 0, 0, 0, 0}, "no id twice");
        h.output_count = 4; /* 3 1 2 4: the last id counts too */
        expect_law(bed, &h, (double[]){1, 0, 0, 0, 0}, "no id twice, the last one neither");
        h.output_count = 6;
        step = urn_no_repeat(urn_i(7));
        expect_law(bed, &h, (double[]){.2, .2, .2, .2, .2}, "n longer than the context");
        /* (2 0) ends in 2: 0 leaves. (1 2 3): 3 leaves. () nothing. (1): 1 leaves. (2 1 2): nothing */
        urn_id_lists sequences = {
            ut_upload(bed, words, sizeof words), NULL, ut_upload(bed, starts, sizeof starts), NULL, 5, 9};
        step = urn_ban(sequences, ut_upload(bed, set, sizeof set), 1);
        expect_law(bed, &h, (double[]){0, 0, .5, 0, .5}, "banned sequences");
        step = urn_allow(one_list(bed, some + 2, NULL, 2));
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_EMPTY, "nothing allowed");
    }
}
END_TEST

/* property  a link's weights are its own: known points of the simplex, and laws that sum to 1 */
START_TEST(links_by_hand) {
    static const float x[3] = {1, 0.5f, -1}, flat[4] = {0.5f, 0.5f, 0.5f, -INFINITY}, other[3] = {0, -INFINITY, 0};
    ON_EACH_BACKEND(bed) {
        urn_step step = urn_sparsemax();
        hand h = {3, x, &step, 1, NULL, NULL, NULL, 0, 0, 0, 0};
        expect_law(bed, &h, (double[]){.75, .25, 0}, "sparsemax");
        urn_step two[2] = {urn_temperature(urn_f(0.5f)), urn_sparsemax()};
        h.steps = two, h.count = 2;
        expect_law(bed, &h, (double[]){1, 0, 0}, "sparsemax of doubled values");
        h.steps = &step, h.count = 1;
        step = urn_inverse_gap(urn_f(2), urn_f(0));
        expect_law(bed, &h, (double[]){1 - 1 / 4. - 1 / 7., 1 / 4., 1 / 7.}, "inverse gap");
        step = urn_inverse_gap(urn_f(0.5f), urn_f(1));
        double law[MOST];
        UT_ASSERT(law_of(bed, &h, law) == URN_ROW_PARAM, "inverse gaps that sum to more than 1");
        step = urn_tsallis(urn_f(0));
        expect_law(bed, &h, (double[]){1 / 3., 1 / 3., 1 / 3.}, "Tsallis at eta 0");
        step = urn_mixture(urn_f(0.25f), ut_upload(bed, other, sizeof other), 1, 3, NULL);
        double z = exp(1) + exp(.5) + exp(-1);
        expect_law(bed, &h, (double[]){.75 * exp(1) / z + .125, .75 * exp(.5) / z, .75 * exp(-1) / z + .125},
                   "two softmaxes");
        h.x = flat, h.cols = 4;
        step = urn_sparsemax();
        expect_law(bed, &h, (double[]){1 / 3., 1 / 3., 1 / 3., 0}, "sparsemax of ties");
        h.x = x, h.cols = 3;
        step = urn_tsallis(urn_f(3));
        double zz = 2, sum = 9; /* the normaliser by halving: gaps 0, 0.5, 2 */
        for (double low = 2, high = 4; high - low > 1e-12;) {
            zz = (low + high) / 2;
            sum = 4 / (zz * zz) + 4 / ((zz + 1.5) * (zz + 1.5)) + 4 / ((zz + 6) * (zz + 6));
            if (sum > 1)
                low = zz;
            else
                high = zz;
        }
        expect_law(bed, &h, (double[]){4 / (zz * zz), 4 / ((zz + 1.5) * (zz + 1.5)), 4 / ((zz + 6) * (zz + 6))},
                   "Tsallis");
    }
}
END_TEST

Suite *unit_value_steps_suite(void);
Suite *unit_value_steps_suite(void) {
    Suite *suite = suite_create("unit_value_steps");
    TCase *tcase = tcase_create("by_hand");
    tcase_set_tags(tcase, "simt cpu gpu");
    tcase_add_test(tcase, penalties_by_hand);
    tcase_add_test(tcase, dry_by_hand);
    tcase_add_test(tcase, smoothing_by_hand);
    tcase_add_test(tcase, list_values_by_hand);
    tcase_add_test(tcase, dense_steps_by_hand);
    tcase_add_test(tcase, masks_by_hand);
    tcase_add_test(tcase, links_by_hand);
    suite_add_tcase(suite, tcase);
    return suite;
}
