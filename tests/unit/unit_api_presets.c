/* unit_api_presets.c - the orders of other stacks: which steps, in which order, with which values. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "tests/urn_test.h"

typedef urn_status (*make_preset)(const urn_preset *preset, urn_step *steps, int32_t *count);

static const make_preset STACKS[] = {urn_steps_hf, urn_steps_vllm, urn_steps_llama};

/* "temperature=0.5 top_k=40/1": names by op, parameters, flags where there are any. */
static void write_steps(const urn_step *steps, int32_t count, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (int32_t s = 0; s < count; s++) {
        used += (size_t)snprintf(text + used, size - used, "%s%d", s ? " " : "", steps[s].op);
        for (int i = 0; i < 4; i++)
            if (steps[s].param[i].f != 0 || steps[s].param[i].i != 0)
                used += (size_t)snprintf(text + used, size - used, ":%g",
                                         steps[s].param[i].i ? steps[s].param[i].i : (double)steps[s].param[i].f);
        if (steps[s].flags) used += (size_t)snprintf(text + used, size - used, "/%u", steps[s].flags);
    }
}

static void check_steps(make_preset make, const urn_preset *preset, const char *wanted) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count = -1;
    char text[512];
    UT_OK(make(preset, steps, &count));
    write_steps(steps, count, text, sizeof text);
    UT_ASSERT(strcmp(text, wanted) == 0, "\"%s\", wanted \"%s\"", text, wanted);
}

START_TEST(no_setting_is_no_step) {
    urn_preset preset = URN_PRESET_INIT;
    for (int i = 0; i < 3; i++) check_steps(STACKS[i], &preset, "");
    preset.top_k = -1; /* another neutral value */
    for (int i = 0; i < 3; i++) check_steps(STACKS[i], &preset, "");
}
END_TEST

/* facts     transformers, generation/utils.py: penalties see prompt and output; top-k keeps ties */
START_TEST(hugging_face_has_its_order) {
    urn_preset p = URN_PRESET_INIT;
    p.repetition = 1.5f, p.no_repeat = 3, p.temperature = 0.5f, p.top_k = 40, p.top_p = 0.75f, p.min_p = 0.0625f;
    p.typical_p = 0.875f, p.epsilon = 0.125f, p.eta = 0.25f;
    check_steps(urn_steps_hf, &p, "10:1.5/2 6:3 1:0.5 16:40/1 17:0.75 18:0.0625 22:0.875 20:0.125 21:0.25");
    p.repetition = 1, p.temperature = 1, p.typical_p = 1;
    check_steps(urn_steps_hf, &p, "6:3 16:40/1 17:0.75 18:0.0625 20:0.125 21:0.25");
}
END_TEST

/* facts     vllm, v1/sample: penalties, temperature, min-p, then top-k and top-p */
START_TEST(vllm_has_its_order) {
    urn_preset p = URN_PRESET_INIT;
    p.repetition = 1.5f, p.frequency = 0.25f, p.presence = -0.5f, p.temperature = 0.5f, p.min_p = 0.0625f, p.top_k = 40;
    p.top_p = 0.75f;
    check_steps(urn_steps_vllm, &p, "10:1.5:0.25:-0.5/2 1:0.5 18:0.0625 16:40/1 17:0.75");
    p.repetition = 1, p.presence = 0;
    check_steps(urn_steps_vllm, &p, "10:1:0.25/2 1:0.5 18:0.0625 16:40/1 17:0.75");
}
END_TEST

/* facts     llama.cpp, common/sampling.cpp: penalties over 64, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temp;
 *           with Mirostat only temp and Mirostat */
START_TEST(llama_has_its_order) {
    urn_preset p = URN_PRESET_INIT;
    p.repetition = 1.5f, p.dry_multiplier = 0.5f, p.top_n_sigma = 2, p.top_k = 40, p.typical_p = 0.875f;
    p.top_p = 0.75f, p.min_p = 0.0625f, p.xtc_probability = 0.5f, p.xtc_threshold = 0.25f, p.temperature = 0.5f;
    check_steps(urn_steps_llama, &p,
                "10:1.5:64 11:0.5:1.75:2:-1 24:2 16:40 22:0.875 17:0.75 18:0.0625 25:0.5:0.25 1:0.5");
    p.penalty_last_n = 9, p.dynamic_delta = 0.25f, p.dynamic_power = 2, p.dry_multiplier = 0, p.xtc_probability = 0;
    check_steps(urn_steps_llama, &p, "10:1.5:9 24:2 16:40 22:0.875 17:0.75 18:0.0625 7:0.5:0.25:2");
    p.mirostat_mu = 8;
    check_steps(urn_steps_llama, &p, "1:0.5 26:8");
    p.temperature = 1;
    check_steps(urn_steps_llama, &p, "26:8");
}
END_TEST

/* property  a setting is refused by name where its stack has it not or where its step would refuse it, and nothing is
 *           given then; also where the step would be neutral */
START_TEST(bad_settings_are_refused_by_name) {
#define FLOAT(member, value)                                                                                           \
    { #member, offsetof(urn_preset, member), value, 0 }
#define INT(member, value)                                                                                             \
    { #member, offsetof(urn_preset, member), value, 1 }
    static const struct {
        const char *name;
        size_t at;
        double bad;
        int is_int;
    } settings[] = {FLOAT(temperature, -1),   FLOAT(top_p, 1.5),         FLOAT(min_p, -0.5),
                    FLOAT(typical_p, 2),      FLOAT(epsilon, 2),         FLOAT(eta, -1),
                    FLOAT(top_n_sigma, NAN),  FLOAT(tail_free, 0.5),     FLOAT(repetition, 0),
                    FLOAT(frequency, NAN),    FLOAT(presence, NAN),      FLOAT(xtc_probability, 2),
                    FLOAT(xtc_threshold, -1), FLOAT(dry_multiplier, -1), FLOAT(dry_base, 0.5),
                    FLOAT(dynamic_delta, -1), FLOAT(dynamic_power, -1),  FLOAT(mirostat_mu, NAN),
                    INT(top_k, -2),           INT(penalty_last_n, -1),   INT(dry_allowed, 0),
                    INT(dry_last_n, -2),      INT(no_repeat, -1)};
#undef FLOAT
#undef INT
    for (int s = 0; s < 3; s++)
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
            urn_preset p = URN_PRESET_INIT;
            urn_step steps[URN_MAX_STEPS];
            int32_t count = -1, whole = (int32_t)(settings[i].is_int ? settings[i].bad : 0);
            float real = (float)settings[i].bad;
            char needle[64];
            p.top_p = 0.5f; /* a step before or after the bad one */
            memcpy((char *)&p + settings[i].at, settings[i].is_int ? (void *)&whole : (void *)&real, 4);
            ut_note("stack %d, %s", s, settings[i].name);
            UT_IS(STACKS[s](&p, steps, &count), URN_E_VALUE);
            snprintf(needle, sizeof needle, "preset->%s is ", settings[i].name);
            UT_ASSERT(strstr(urn_last_error(), needle) && count == 0, "%d steps, \"%s\"", count, urn_last_error());
        }
}
END_TEST

START_TEST(settings_of_other_stacks_are_unknown) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    for (int s = 0; s < 3; s++) {
        urn_preset p = URN_PRESET_INIT;
        p.tail_free = 0.5f; /* no stack of today has it */
        UT_IS(STACKS[s](&p, steps, &count), URN_E_VALUE);
        UT_ASSERT(strstr(urn_last_error(), "no such setting"), "%s", urn_last_error());
    }
    urn_preset p = URN_PRESET_INIT;
    p.frequency = 0.5f;
    UT_IS(urn_steps_hf(&p, steps, &count), URN_E_VALUE);
    UT_OK(urn_steps_vllm(&p, steps, &count));
    p = (urn_preset)URN_PRESET_INIT;
    p.typical_p = 0.5f;
    UT_OK(urn_steps_hf(&p, steps, &count));
    UT_IS(urn_steps_vllm(&p, steps, &count), URN_E_VALUE);
    p = (urn_preset)URN_PRESET_INIT;
    p.mirostat_mu = 5.0f;
    UT_IS(urn_steps_hf(&p, steps, &count), URN_E_VALUE);
    UT_OK(urn_steps_llama(&p, steps, &count));
}
END_TEST

START_TEST(pointers_and_sizes_are_checked) {
    urn_preset p = URN_PRESET_INIT;
    urn_step steps[URN_MAX_STEPS];
    int32_t count = -1;
    for (int s = 0; s < 3; s++) {
        UT_IS(STACKS[s](NULL, steps, &count), URN_E_NULL);
        UT_IS(STACKS[s](&p, NULL, &count), URN_E_NULL);
        UT_IS(STACKS[s](&p, steps, NULL), URN_E_NULL);
        p.struct_size += 4;
        UT_IS(STACKS[s](&p, steps, &count), URN_E_STRUCT);
        p.struct_size = 4;
        UT_IS(STACKS[s](&p, steps, &count), URN_E_STRUCT);
        p.struct_size = (uint32_t)sizeof p;
    }
}
END_TEST

Suite *unit_api_presets_suite(void) {
    Suite *suite = suite_create("unit_api_presets");
    TCase *tcase = tcase_create("presets");
    tcase_add_test(tcase, no_setting_is_no_step);
    tcase_add_test(tcase, hugging_face_has_its_order);
    tcase_add_test(tcase, vllm_has_its_order);
    tcase_add_test(tcase, llama_has_its_order);
    tcase_add_test(tcase, bad_settings_are_refused_by_name);
    tcase_add_test(tcase, settings_of_other_stacks_are_unknown);
    tcase_add_test(tcase, pointers_and_sizes_are_checked);
    suite_add_tcase(suite, tcase);
    return suite;
}
