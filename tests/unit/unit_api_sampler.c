/* unit_api_sampler.c - lists as they are compiled: what is left out, what they need, which tables a call is held to. */
#include <math.h>

#include "tests/unit/unit_host_plant.h"

enum { COLS = 100 };

static const uint32_t words[8];
static const float floats[COLS + 1];
static const int32_t ids[4];
static const int64_t offsets[3];
static const urn_id_lists lists = {ids, floats, offsets, NULL, 2, 4};
static const urn_id_lists no_lists;

/* All that a compiled sampler is; the caller destroys it. */
static urn_sampler *compile(const urn_step *steps, int32_t count) {
    urn_list list = {steps, count};
    urn_sampler *sampler;
    UT_OK(urn_sampler_create(the_plant.ctx, &list, 1, &sampler));
    return sampler;
}

#define ONE urn_f(1.0f)
#define ZERO urn_f(0.0f)

/* property  a step that no row can notice is not compiled, whatever its other parameters; one that some row may is */
START_TEST(neutral_steps_are_left_out) {
    const urn_step neutral[] = {
        urn_temperature(ONE),
        urn_dynamic_temperature(ONE, ZERO, urn_f(3.0f)),
        urn_top_k(urn_i(0)),
        urn_top_k(urn_i(-1)),
        urn_top_p(ONE),
        urn_min_p(ZERO),
        urn_top_a(ZERO),
        urn_epsilon(urn_f(-0.0f)),
        urn_eta(ZERO),
        urn_typical(ONE),
        urn_tail_free(ONE),
        urn_top_n_sigma(ZERO),
        urn_top_n_sigma(urn_f(-2.0f)),
        urn_xtc(ZERO, urn_f(0.3f)),
        urn_xtc(ZERO, urn_f_by(URN_BY_ROW, floats)),
        urn_mirostat(urn_f(INFINITY)),
        urn_mirostat_v1(urn_f(INFINITY)),
        urn_min_tokens(urn_i(0), lists),
        urn_no_repeat(urn_i(0)),
        urn_penalties(ONE, ZERO, ZERO, urn_i(64)),
        urn_dry(ZERO, urn_f(2.0f), urn_i(3), urn_i(9), lists),
        urn_values(ZERO, lists),
        urn_mix(ONE, floats, 1, COLS, NULL),
        urn_quadratic(ZERO, urn_f(2.0f)),
    };
    const int32_t n = sizeof neutral / sizeof *neutral;
    urn_sampler *sampler = compile(neutral, n);
    UT_ASSERT(sampler->lists.begin[1] == 0 && sampler->lists.needs == 0, "%d steps, needs %d", sampler->lists.begin[1],
              sampler->lists.needs);
    UT_ASSERT(sampler->columns.stride == INT64_MAX, "a table that no row reads binds a call");
    urn_sampler_destroy(sampler);
    for (int32_t i = 0; i < n; i++) {
        urn_step step = neutral[i];
        ut_note("step %d, op %d", i, step.op);
        step.param[0].by = URN_BY_SLOT;
        step.param[0].array = floats;
        sampler = compile(&step, 1);
        UT_ASSERT(sampler->lists.begin[1] == 1, "a step by slot was left out");
        urn_sampler_destroy(sampler);
    }
}
END_TEST

/* property  a step is compiled as soon as one deciding parameter is not neutral */
START_TEST(steps_with_an_effect_are_kept) {
    const urn_step acting[] = {
        urn_temperature(urn_f(0.0f)),
        urn_dynamic_temperature(ONE, urn_f(0.5f), ZERO),
        urn_dynamic_temperature(urn_f(2.0f), ZERO, ONE),
        urn_top_k(urn_i(1)),
        urn_top_p(ZERO),
        urn_min_p(urn_f(1e-30f)),
        urn_top_n_sigma(urn_f(0x1p-149f)),
        urn_xtc(urn_f(0.5f), urn_f(0.1f)),
        urn_mirostat(urn_f(-INFINITY)),
        urn_penalties(ONE, urn_f(-0.5f), ZERO, urn_i(1)),
        urn_penalties(ONE, ZERO, urn_f(0.5f), urn_i(1)),
        urn_penalties(urn_f(0.5f), ZERO, ZERO, urn_i(1)),
        urn_mask(words, 1, 4, NULL),
        urn_allow(lists),
        urn_ban(lists, offsets, 1),
        urn_bias(lists),
        urn_dense_bias(floats, 1, COLS, NULL),
        urn_id_temperature(floats, 1, COLS, NULL),
        urn_quadratic_score(ZERO, ZERO, ZERO),
        urn_sparsemax(),
    };
    const int32_t n = sizeof acting / sizeof *acting;
    urn_sampler *sampler = compile(acting, n);
    UT_ASSERT(sampler->lists.begin[1] == n, "%d of %d steps", sampler->lists.begin[1], n);
    for (int32_t i = 0; i < n; i++)
        UT_ASSERT(memcmp(&sampler->lists.steps[i], &acting[i], sizeof acting[i]) == 0, "step %d changed", i);
    urn_sampler_destroy(sampler);
    const urn_step link[] = {urn_inverse_gap(ZERO, ZERO), urn_tsallis(ZERO), urn_mixture(ZERO, floats, 1, COLS, NULL)};
    for (int32_t i = 0; i < 3; i++) {
        sampler = compile(&link[i], 1);
        UT_ASSERT(sampler->lists.begin[1] == 1, "link %d was left out", i);
        urn_sampler_destroy(sampler);
    }
}
END_TEST

/* property  needs says of a list exactly what its steps need, and of a sampler what any of its lists does */
START_TEST(needs_say_what_steps_read) {
    enum { K = URN_NEEDS_KEEP, F = URN_NEEDS_FULL, S = URN_NEEDS_STATE, C = URN_NEEDS_COUNTS, R = URN_NEEDS_SORT };
    urn_step ties = urn_top_k(urn_i(3)), ties_p = urn_top_p(urn_f(0.5f));
    ties.flags = ties_p.flags = URN_STEP_TIES;
    const struct {
        urn_step step;
        int32_t needs;
    } steps[] = {
        {urn_temperature(ZERO), 0},
        {urn_mask(words, 1, 4, NULL), 0},
        {urn_top_k(urn_i(3)), K},
        {urn_top_p(urn_f(0.5f)), K},
        {urn_min_p(urn_f(0.5f)), K},
        {ties, K | F},
        {ties_p, K | F},
        {urn_dynamic_temperature(ONE, ONE, ONE), F},
        {urn_top_a(ONE), K | F},
        {urn_epsilon(ONE), K | F},
        {urn_eta(ONE), K | F},
        {urn_typical(ZERO), K | F},
        {urn_tail_free(ZERO), K | F | R},
        {urn_top_n_sigma(ONE), K | F},
        {urn_xtc(ONE, ZERO), K | F},
        {urn_mirostat(ONE), K | F},
        {urn_mirostat_v1(ONE), K | F},
        {urn_allow(lists), F},
        {urn_min_tokens(urn_i(2), lists), F},
        {urn_ban(lists, offsets, 1), F | S},
        {urn_no_repeat(urn_i(2)), F | S},
        {urn_bias(lists), F},
        {urn_dense_bias(floats, 1, COLS, NULL), F},
        {urn_penalties(urn_f(2.0f), ZERO, ZERO, urn_i(64)), F | S},
        {urn_penalties(urn_f(2.0f), ZERO, ZERO, urn_i(0)), F | S | C},
        {urn_penalties(urn_f(2.0f), ZERO, ZERO, urn_i_by(URN_BY_SLOT, ids)), F | S | C},
        {urn_dry(ONE, ONE, urn_i(2), urn_i(-1), no_lists), F | S},
        {urn_id_temperature(floats, 1, COLS, NULL), F},
        {urn_values(ONE, lists), F},
        {urn_mix(ZERO, floats, 1, COLS, NULL), F},
        {urn_quadratic(ONE, ONE), F},
        {urn_quadratic_score(ONE, ONE, ONE), F},
        {urn_sparsemax(), F},
        {urn_inverse_gap(ONE, ONE), F},
        {urn_tsallis(ONE), F},
        {urn_mixture(ONE, floats, 1, COLS, NULL), F},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const urn_step before = urn_temperature(urn_f(0.5f));
        urn_list both[2] = {{&before, 1}, {&steps[i].step, 1}};
        urn_sampler *sampler;
        ut_note("case %zu, op %d", i, steps[i].step.op);
        UT_OK(urn_sampler_create(the_plant.ctx, both, 2, &sampler));
        UT_ASSERT(sampler->lists.needs == steps[i].needs, "needs %d, wanted %d", sampler->lists.needs, steps[i].needs);
        urn_sampler_destroy(sampler);
    }
}
END_TEST

/* property  a call is held to the narrowest table of each kind, and told where it stands */
START_TEST(tables_are_held_against_the_call) {
    static float logits[2 * COLS];
    static int32_t out[2];
    const char *odd = (const char *)floats + 2;
    const urn_step wide[] = {urn_mask(words, 1, 9, NULL), urn_dense_bias(floats, 1, COLS + 9, NULL)};
    const urn_step narrow[] = {urn_temperature(ONE), urn_id_temperature(floats, 1, COLS, NULL),
                               urn_mask(words, 1, 4, NULL)};
    const urn_step halves[] = {urn_mix(ZERO, odd, 1, COLS, NULL)};
    const urn_step link[] = {urn_mixture(ONE, floats, 1, COLS - 1, NULL)};
    const urn_list all[] = {{wide, 2}, {narrow, 3}, {halves, 1}, {link, 1}};
    urn_sampler *sampler;
    urn_stream *stream;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    UT_OK(urn_stream_create(the_plant.ctx, 0, &stream));
    p.ids = out;

    UT_OK(urn_sampler_create(the_plant.ctx, all, 2, &sampler));
    p.sampler = sampler;
    UT_OK(urn_stream_reserve(stream, urn_sample_workspace(sampler, 2, COLS + 50)));
    p.logits = urn_matrix_dense(logits, URN_F32, 1, COLS, 0);
    UT_OK(urn_sample(stream, &p));
    p.logits = urn_matrix_dense(logits, URN_F32, 1, COLS + 1, 0);
    UT_IS(urn_sample(stream, &p), URN_E_SHAPE);
    UT_ASSERT(strstr(urn_last_error(), "list 1 step 1 id_temperature: table_stride is 100"), "%s", urn_last_error());
    p.logits = urn_matrix_dense(logits, URN_F32, 1, 129, 0);
    UT_IS(urn_sample(stream, &p), URN_E_SHAPE);
    UT_ASSERT(strstr(urn_last_error(), "list 1 step 2 mask: table_stride is 4 words"), "%s", urn_last_error());
    urn_sampler_destroy(sampler);

    UT_OK(urn_sampler_create(the_plant.ctx, all, 3, &sampler));
    p.sampler = sampler;
    UT_OK(urn_stream_reserve(stream, urn_sample_workspace(sampler, 2, COLS + 50)));
    p.logits = urn_matrix_dense(logits, URN_BF16, 1, COLS, 0);
    UT_OK(urn_sample(stream, &p));
    p.logits.dtype = URN_F32;
    UT_IS(urn_sample(stream, &p), URN_E_VALUE);
    UT_ASSERT(strstr(urn_last_error(), "list 2 step 0 mix: table is not aligned"), "%s", urn_last_error());
    urn_sampler_destroy(sampler);

    UT_OK(urn_sampler_create(the_plant.ctx, all + 3, 1, &sampler));
    p.sampler = sampler;
    UT_IS(urn_sample(stream, &p), URN_E_SHAPE);
    UT_ASSERT(strstr(urn_last_error(), "list 0 step 0 mixture"), "%s", urn_last_error());
    urn_sampler_destroy(sampler);
    urn_stream_destroy(stream);
}
END_TEST

/* property  lists stand one after another without their neutral steps, and are the caller's no longer */
START_TEST(lists_are_copied_in_order) {
    const urn_step neutral[] = {urn_temperature(ONE), urn_top_k(urn_i(0))};
    const urn_step logit[] = {urn_temperature(ZERO), urn_top_p(ONE), urn_mask(words, 1, 4, NULL)};
    urn_step keep[] = {urn_top_k(urn_i(0)), urn_top_p(urn_f_by(URN_BY_ROW, floats)), urn_temperature(urn_f(2))};
    const urn_list all[] = {{neutral, 2}, {logit, 3}, {NULL, 0}, {keep, 3}};
    static const int32_t begin[] = {0, 0, 2, 2, 4};
    static const int32_t ops[] = {URN_OP_TEMPERATURE, URN_OP_MASK, URN_OP_TOP_P, URN_OP_TEMPERATURE};
    urn_sampler *sampler;
    UT_OK(urn_sampler_create(the_plant.ctx, all, 4, &sampler));
    memset(keep, 0xee, sizeof keep);
    const urn_lists_view *seen = &sampler->lists;
    UT_ASSERT(seen->count == 4 && seen->needs == URN_NEEDS_KEEP, "%d lists, needs %d", seen->count, seen->needs);
    UT_SAME_BITS(seen->begin, begin, 5, "begin");
    for (int i = 0; i < 4; i++) UT_ASSERT(seen->steps[i].op == ops[i], "step %d is op %d", i, seen->steps[i].op);
    UT_ASSERT(seen->steps[2].param[0].array == floats && seen->steps[3].param[0].f == 2, "parameters");
    urn_sampler_destroy(sampler);
}
END_TEST

Suite *unit_api_sampler_suite(void) {
    Suite *suite = suite_create("unit_api_sampler");
    TCase *tcase = tcase_create("planted");
    tcase_add_checked_fixture(tcase, plant_open, plant_close);
    tcase_add_test(tcase, neutral_steps_are_left_out);
    tcase_add_test(tcase, steps_with_an_effect_are_kept);
    tcase_add_test(tcase, needs_say_what_steps_read);
    tcase_add_test(tcase, tables_are_held_against_the_call);
    tcase_add_test(tcase, lists_are_copied_in_order);
    suite_add_tcase(suite, tcase);
    return suite;
}
