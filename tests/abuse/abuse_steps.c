/* abuse_steps.c - every refusal of urn_sampler_create, with the place of what is wrong. */
#include <math.h>

#include "tests/abuse/abuse_args.h"

/* The step stands third in the second list; without it the lists are good. */
static void refused_step(ut_bed *bed, urn_step bad, const char *needle) {
    urn_step steps[3] = {urn_temperature(urn_f(0.5f)), urn_top_k(urn_i(4)), bad};
    urn_list lists[2] = {{NULL, 0}, {steps, 3}};
    urn_sampler *sampler = (urn_sampler *)bed;
    ut_note("bad step, op %d, \"%s\" wanted", bad.op, needle);
    REFUSED(urn_sampler_create(bed->ctx, lists, 2, &sampler), URN_E_STEP, "list 1 step 2");
    UT_ASSERT(strstr(urn_last_error(), needle), "\"%s\" does not have \"%s\"", urn_last_error(), needle);
    UT_ASSERT(!sampler, "the out pointer is not NULL");
    lists[1].count = 2;
    UT_OK(urn_sampler_create(bed->ctx, lists, 2, &sampler));
    urn_sampler_destroy(sampler);
}

/* property  a step that can not be run is refused with list, step and parameter; its neighbours are innocent
 * why       a scalar is checked in each parameter, an array only for where it is */
START_TEST(bad_steps_are_refused_with_their_place) {
    const uint32_t words[4] = {0};
    const float array[4] = {0};
    const int64_t offsets[4] = {0};
    const int32_t map[4] = {0};
    const void *odd = (const char *)array + 1;
    const float *half = (const float *)(const void *)((const char *)array + 2);
    const urn_param one = urn_f(1.0f);
    const urn_id_lists lists = {map, array, offsets, NULL, 3, 4}, none = {0};
    struct {
        urn_step step;
        const char *needle;
    } bad[] = {
        {urn_temperature(urn_f(-0.5f)), "temperature: temperature: param[0].f is -0.5"},
        {urn_temperature(urn_f(NAN)), "temperature"},
        {urn_temperature(urn_f(INFINITY)), "temperature"},
        {urn_top_p(urn_f(-0.01f)), "top_p"},
        {urn_top_p(urn_f(1.01f)), "top_p: p: param[0].f is 1.01"},
        {urn_top_p(urn_f(NAN)), "top_p"},
        {urn_min_p(urn_f(1.5f)), "min_p"},
        {urn_min_p(urn_f(NAN)), "min_p"},
        {urn_top_k(urn_i(-2)), "top_k: k: param[0].i is -2"},
        {urn_top_k(urn_i_by(URN_BY_SLOT, NULL)), "array is NULL"},
        {urn_top_p(urn_f_by(URN_BY_ROW, NULL)), "array is NULL"},
        {urn_top_p(urn_f_by((urn_by)3, array)), "by is 3"},
        {urn_top_p(urn_f_by(URN_BY_ROW, (const float *)odd)), "multiple of 4"},
        {urn_mask(NULL, 1, 1, NULL), "mask: table is NULL"},
        {urn_mask(words, 0, 1, NULL), "table_rows is 0"},
        {urn_mask(words, 1, 0, NULL), "table_stride is 0"},
        {urn_mask(words, INT64_MAX / 100, 100, NULL), "2^63"},
        {urn_mask((const uint32_t *)odd, 1, 1, NULL), "mask: table is"},
        {urn_mask(words, 1, 1, (const int32_t *)odd), "mask: map is"},
        {urn_dynamic_temperature(urn_f(-1), one, one), "dynamic_temperature: temperature: param[0].f is -1"},
        {urn_dynamic_temperature(one, urn_f(-1), one), "delta: param[1].f is -1"},
        {urn_dynamic_temperature(one, one, urn_f(INFINITY)), "power: param[2].f is inf"},
        {urn_top_a(urn_f(2)), "top_a: a: param[0].f is 2"},
        {urn_epsilon(urn_f(-1)), "epsilon: e:"},
        {urn_eta(urn_f(NAN)), "eta: e:"},
        {urn_typical(urn_f(2)), "typical: p:"},
        {urn_tail_free(urn_f(-1)), "tail_free: z:"},
        {urn_top_n_sigma(urn_f(INFINITY)), "top_n_sigma: n: param[0].f is inf; wanted a finite float"},
        {urn_xtc(urn_f(1.5f), one), "xtc: probability: param[0].f is 1.5"},
        {urn_xtc(urn_f(0), urn_f(1.5f)), "xtc: threshold: param[1].f is 1.5"},
        {urn_xtc(one, urn_f_by(URN_BY_ROW, NULL)), "xtc: threshold: param[1].array is NULL"},
        {urn_mirostat(urn_f(NAN)), "mirostat: mu: param[0].f is nan; wanted a float, not NaN"},
        {urn_mirostat_v1(urn_f(NAN)), "mirostat_v1: mu:"},
        {urn_min_tokens(urn_i(-1), lists), "min_tokens: n: param[0].i is -1"},
        {urn_no_repeat(urn_i(-1)), "no_repeat: n:"},
        {urn_penalties(urn_f(0), one, one, urn_i(0)), "penalties: repetition: param[0].f is 0"},
        {urn_penalties(urn_f(INFINITY), one, one, urn_i(0)), "penalties: repetition: param[0].f is inf"},
        {urn_penalties(one, urn_f(INFINITY), one, urn_i(0)), "frequency: param[1].f is inf"},
        {urn_penalties(one, one, urn_f(NAN), urn_i(0)), "presence: param[2].f is nan"},
        {urn_penalties(one, one, one, urn_i(-1)), "last_n: param[3].i is -1; wanted an int, 0 or more"},
        {urn_penalties(one, one, one, urn_i_by((urn_by)7, map)), "last_n: param[3].by is 7"},
        {urn_dry(urn_f(-1), one, urn_i(1), urn_i(0), none), "dry: multiplier:"},
        {urn_dry(one, urn_f(0.5f), urn_i(1), urn_i(0), none), "dry: base: param[1].f is 0.5"},
        {urn_dry(one, one, urn_i(0), urn_i(0), none), "dry: allowed: param[2].i is 0"},
        {urn_dry(one, one, urn_i(1), urn_i(-2), none), "dry: last_n: param[3].i is -2"},
        {urn_values(urn_f(INFINITY), lists), "values: beta:"},
        {urn_mix(urn_f(NAN), array, 1, 1, NULL), "mix: scale:"},
        {urn_quadratic(urn_f(-1), one), "quadratic: factor:"},
        {urn_quadratic(one, urn_f(NAN)), "quadratic: curve:"},
        {urn_quadratic_score(urn_f(INFINITY), one, one), "quadratic_score: a:"},
        {urn_quadratic_score(one, urn_f(INFINITY), one), "b: param[1].f"},
        {urn_quadratic_score(one, one, urn_f(NAN)), "at: param[2].f"},
        {urn_inverse_gap(urn_f(-1), one), "inverse_gap: gamma:"},
        {urn_inverse_gap(one, urn_f(0.5f)), "a: param[1].f is 0.5; wanted 0 or a finite float, 1 or more"},
        {urn_tsallis(urn_f(-1)), "tsallis: eta:"},
        {urn_mixture(urn_f(1.5f), array, 1, 1, NULL), "mixture: share:"},
        {urn_dense_bias(NULL, 1, 1, NULL), "dense_bias: table is NULL"},
        {urn_id_temperature(half, 1, 1, NULL), "id_temperature: table is"},
        {urn_mix(one, odd, 1, 1, NULL), "mix: table is"},
        {urn_mixture(one, array, INT64_MAX / 3, 1, NULL), "mixture: table_rows is"},
        {urn_mixture(one, array, INT64_MAX / 100, 100, NULL), "passes 2^63 bytes"},
        {urn_allow(none), "allow: lists.rows is 0"},
        {urn_ban(lists, NULL, 1), "ban: sets is NULL"},
        {urn_ban(lists, offsets, 0), "ban: sets_rows is 0"},
        {urn_ban(none, offsets, 1), "ban: offsets is NULL"},
        {urn_top_k(urn_i(1)), "op is 99"},
        {urn_top_k(urn_i(1)), "flags is 2; wanted 0 or 1"},
    };
    const size_t n = sizeof bad / sizeof *bad;
    bad[n - 2].step.op = 99;
    bad[n - 1].step.flags = 2;
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    for (size_t i = 0; i < n; i++) refused_step(bed, bad[i].step, bad[i].needle);
    ut_close(bed);
}
END_TEST

/* property  lists without the memory that they name are refused by that name; without ids they need none */
START_TEST(lists_of_ids_need_their_memory) {
    const float array[4] = {0};
    const int64_t offsets[4] = {0};
    const int32_t map[4] = {0};
    const void *odd = (const char *)array + 1;
    const urn_id_lists good = {map, array, offsets, NULL, 3, 4};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
#define WITHOUT(change, needle)                                                                                        \
    do {                                                                                                               \
        urn_id_lists lists = good;                                                                                     \
        lists.change;                                                                                                  \
        refused_step(bed, urn_bias(lists), needle);                                                                    \
    } while (0)
    WITHOUT(rows = 0, "bias: lists.rows is 0");
    WITHOUT(size = -1, "bias: lists.size is -1");
    WITHOUT(rows = INT64_MAX / 8, "bias: lists.rows is");
    WITHOUT(size = INT64_MAX / 4, "bias: lists.size is");
    WITHOUT(offsets = NULL, "bias: offsets is NULL");
    WITHOUT(offsets = (const int64_t *)((const char *)offsets + 4), "bias: offsets is");
    WITHOUT(ids = NULL, "bias: ids is NULL");
    WITHOUT(ids = (const int32_t *)odd, "bias: ids is");
    WITHOUT(values = NULL, "bias: values is NULL");
    WITHOUT(map = (const int32_t *)odd, "bias: map is");
#undef WITHOUT
    urn_id_lists empty = good, none = {0};
    empty.ids = NULL, empty.values = NULL, empty.size = 0;
    urn_id_lists valueless = good;
    valueless.values = NULL;
    const urn_step fine[] = {urn_bias(empty),
                             urn_values(urn_f(1), empty),
                             urn_allow(valueless),
                             urn_min_tokens(urn_i(1), valueless),
                             urn_ban(valueless, offsets, 3),
                             urn_dry(urn_f(1), urn_f(1), urn_i(1), urn_i(0), none)};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        urn_list list = {&fine[i], 1};
        urn_sampler *sampler;
        ut_note("op %d", fine[i].op);
        UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
        urn_sampler_destroy(sampler);
    }
    ut_close(bed);
}
END_TEST

/* property  flags that a step does not know are refused, each of its own is taken */
START_TEST(flags_belong_to_their_steps) {
    const float array[4] = {0};
    const int64_t offsets[4] = {0};
    const int32_t map[4] = {0};
    const urn_id_lists lists = {map, array, offsets, NULL, 3, 4};
    const urn_param one = urn_f(1.0f), half = urn_f(0.5f);
    const struct {
        urn_step step;
        uint32_t flags;
    } steps[] = {
        {urn_top_k(urn_i(3)), URN_STEP_TIES},
        {urn_top_p(half), URN_STEP_TIES},
        {urn_penalties(half, one, one, urn_i(0)), URN_STEP_PROMPT},
        {urn_values(one, lists), URN_STEP_CENTRE},
        {urn_min_p(half), 0},
        {urn_temperature(half), 0},
        {urn_bias(lists), 0},
        {urn_sparsemax(), 0},
    };
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int bit = 0; bit < 32; bit++) {
            urn_step step = steps[i].step;
            urn_list list = {&step, 1};
            urn_sampler *sampler;
            step.flags = 1u << bit;
            if (step.flags != steps[i].flags)
                refused_step(bed, step, "flags is ");
            else {
                UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
                urn_sampler_destroy(sampler);
            }
        }
    ut_close(bed);
}
END_TEST

/* property  after a link only keep steps stand, and it is the only one; what stands before it does not matter */
START_TEST(links_stand_before_keep_steps_only) {
    const float table[4] = {0};
    const urn_param one = urn_f(1.0f);
    const urn_step link[] = {urn_sparsemax(), urn_inverse_gap(one, one), urn_tsallis(one),
                             urn_mixture(one, table, 1, 4, NULL)};
    const urn_step keep[] = {urn_top_k(urn_i(2)), urn_min_p(one), urn_typical(urn_f(0.5f)), urn_xtc(one, one)};
    const urn_step logit[] = {urn_temperature(one), urn_quadratic(one, one), urn_no_repeat(urn_i(2)),
                              urn_quadratic_score(one, one, one)};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    for (int l = 0; l < 4; l++) {
        urn_step steps[4] = {logit[3], link[l], keep[0], keep[0]};
        urn_list lists[2] = {{NULL, 0}, {steps, 4}};
        urn_sampler *sampler;
        ut_note("link %d", l);
        for (int i = 0; i < 4; i++) {
            steps[2] = steps[3] = keep[i];
            UT_OK(urn_sampler_create(bed->ctx, lists, 2, &sampler));
            urn_sampler_destroy(sampler);
            steps[3] = logit[i];
            REFUSED(urn_sampler_create(bed->ctx, lists, 2, &sampler), URN_E_STEP, "list 1 step 3");
            UT_ASSERT(strstr(urn_last_error(), "after step 1") && !sampler, "%s", urn_last_error());
            steps[3] = link[i];
            REFUSED(urn_sampler_create(bed->ctx, lists, 2, &sampler), URN_E_STEP, "is a link");
        }
    }
    ut_close(bed);
}
END_TEST

START_TEST(bad_lists_are_refused) {
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    urn_step steps[URN_MAX_STEPS + 1];
    for (int i = 0; i <= URN_MAX_STEPS; i++) steps[i] = urn_top_k(urn_i(i + 1));
    urn_list *lists = ut_malloc((URN_MAX_LISTS + 1) * sizeof *lists);
    for (int l = 0; l <= URN_MAX_LISTS; l++) lists[l] = (urn_list){steps, URN_MAX_STEPS};
    urn_sampler *sampler = (urn_sampler *)bed;
    REFUSED(urn_sampler_create(NULL, lists, 1, &sampler), URN_E_NULL, "ctx");
    UT_ASSERT(!sampler, "the out pointer is not NULL");
    REFUSED(urn_sampler_create(bed->ctx, NULL, 1, &sampler), URN_E_NULL, "lists");
    REFUSED(urn_sampler_create(bed->ctx, lists, 1, NULL), URN_E_NULL, "sampler");
    REFUSED(urn_sampler_create(bed->ctx, lists, 0, &sampler), URN_E_SHAPE, "count");
    REFUSED(urn_sampler_create(bed->ctx, lists, URN_MAX_LISTS + 1, &sampler), URN_E_SHAPE, "count");
    UT_OK(urn_sampler_create(bed->ctx, lists, URN_MAX_LISTS, &sampler));
    urn_sampler_destroy(sampler);
    urn_sampler_destroy(NULL);
    lists[7].count = URN_MAX_STEPS + 1;
    REFUSED(urn_sampler_create(bed->ctx, lists, 8, &sampler), URN_E_SHAPE, "lists[7].count");
    lists[7].count = -1;
    REFUSED(urn_sampler_create(bed->ctx, lists, 8, &sampler), URN_E_SHAPE, "lists[7].count");
    lists[7] = (urn_list){NULL, 1};
    REFUSED(urn_sampler_create(bed->ctx, lists, 8, &sampler), URN_E_NULL, "lists[7].steps");
    free(lists);
    ut_close(bed);
}
END_TEST

Suite *abuse_steps_suite(void) {
    Suite *suite = suite_create("abuse_steps");
    TCase *tcase = tcase_create("steps");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, bad_steps_are_refused_with_their_place);
    tcase_add_test(tcase, lists_of_ids_need_their_memory);
    tcase_add_test(tcase, flags_belong_to_their_steps);
    tcase_add_test(tcase, links_stand_before_keep_steps_only);
    tcase_add_test(tcase, bad_lists_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
