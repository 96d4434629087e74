/* unit_api_text.c - the text form of steps. */
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "tests/urn_test.h"

START_TEST(good_texts_are_parsed_in_order) {
    static const struct {
        const char *text;
        int32_t count;
        int32_t ops[4];
        double values[4];
    } good[] = {
        {"", 0, {0}, {0}},
        {"  ", 0, {0}, {0}},
        {"none", 0, {0}, {0}},
        {" none ", 0, {0}, {0}},
        {"temperature=0.8,top_k=50,top_p=0.95,min_p=0.02",
         4,
         {URN_OP_TEMPERATURE, URN_OP_TOP_K, URN_OP_TOP_P, URN_OP_MIN_P},
         {0.8f, 50, 0.95f, 0.02f}},
        {"min_p=1,temperature=0", 2, {URN_OP_MIN_P, URN_OP_TEMPERATURE}, {1, 0}},
        {" top_k = -1 , top_k = 7 ", 2, {URN_OP_TOP_K, URN_OP_TOP_K}, {-1, 7}},
        {"top_k=2147483647", 1, {URN_OP_TOP_K}, {2147483647}},
        {"temperature=1e-5", 1, {URN_OP_TEMPERATURE}, {1e-5f}},
        {"top_p=.5", 1, {URN_OP_TOP_P}, {0.5}},
        {"temperature=0.1", 1, {URN_OP_TEMPERATURE}, {0.1f}},
        {"temperature=0x1p-3", 1, {URN_OP_TEMPERATURE}, {0.125}},
    };
    for (size_t t = 0; t < sizeof good / sizeof *good; t++) {
        urn_step steps[URN_MAX_STEPS];
        int32_t count = -1;
        ut_note("\"%s\"", good[t].text);
        UT_OK(urn_steps_parse(good[t].text, steps, &count));
        UT_ASSERT(count == good[t].count, "%d steps", count);
        for (int32_t s = 0; s < count; s++) {
            const urn_param *param = &steps[s].param[0];
            double value = steps[s].op == URN_OP_TOP_K ? (double)param->i : (double)param->f;
            UT_ASSERT(steps[s].op == good[t].ops[s] && param->by == URN_SCALAR, "step %d: op %d", s, steps[s].op);
            UT_ASSERT(value == good[t].values[s], "step %d: %.9g", s, value);
        }
    }
}
END_TEST

/* property  every step of scalars can be said, with all its parameters or with the usual ones */
START_TEST(steps_of_several_parameters_are_parsed) {
    static const struct {
        const char *text;
        int32_t op, params;
        double values[4];
        int ints; /* bit i: parameter i is an int */
    } good[] = {
        {"dynamic_temperature=0.7", URN_OP_DYNAMIC_TEMPERATURE, 3, {0.7f, 0, 1}, 0},
        {"dynamic_temperature=1:0.5:2", URN_OP_DYNAMIC_TEMPERATURE, 3, {1, 0.5, 2}, 0},
        {"top_a=0.2", URN_OP_TOP_A, 1, {0.2f}, 0},
        {"epsilon=3e-4", URN_OP_EPSILON, 1, {3e-4f}, 0},
        {"eta=3e-4", URN_OP_ETA, 1, {3e-4f}, 0},
        {"typical=0.95", URN_OP_TYPICAL, 1, {0.95f}, 0},
        {"tail_free=0.9", URN_OP_TAIL_FREE, 1, {0.9f}, 0},
        {"top_n_sigma=-1", URN_OP_TOP_N_SIGMA, 1, {-1}, 0},
        {"xtc=0.5", URN_OP_XTC, 2, {0.5, 0.1f}, 0},
        {" xtc = 0.5 : 0.2 ", URN_OP_XTC, 2, {0.5, 0.2f}, 0},
        {"mirostat=inf", URN_OP_MIROSTAT, 1, {INFINITY}, 0},
        {"mirostat_v1=-3", URN_OP_MIROSTAT_V1, 1, {-3}, 0},
        {"no_repeat=3", URN_OP_NO_REPEAT, 1, {3}, 1},
        {"penalties=1.1", URN_OP_PENALTIES, 4, {1.1f, 0, 0, 0}, 8},
        {"penalties=1.1:0.5:-0.25:64", URN_OP_PENALTIES, 4, {1.1f, 0.5, -0.25, 64}, 8},
        {"dry=0.8", URN_OP_DRY, 4, {0.8f, 1.75, 2, -1}, 12},
        {"dry=0.8:1.5:4:256", URN_OP_DRY, 4, {0.8f, 1.5, 4, 256}, 12},
        {"quadratic=0.3", URN_OP_QUADRATIC, 2, {0.3f, 1}, 0},
        {"quadratic_score=2:-1:0.5", URN_OP_QUADRATIC_SCORE, 3, {2, -1, 0.5}, 0},
        {"sparsemax", URN_OP_SPARSEMAX, 0, {0}, 0},
        {"inverse_gap=2", URN_OP_INVERSE_GAP, 2, {2, 0}, 0},
        {"inverse_gap=2:1", URN_OP_INVERSE_GAP, 2, {2, 1}, 0},
        {"tsallis=0", URN_OP_TSALLIS, 1, {0}, 0},
    };
    for (size_t t = 0; t < sizeof good / sizeof *good; t++) {
        urn_step steps[URN_MAX_STEPS];
        char text[128];
        int32_t count = -1;
        snprintf(text, sizeof text, "top_k=5,%s,top_p=0.5", good[t].text);
        ut_note("\"%s\"", text);
        UT_OK(urn_steps_parse(text, steps, &count));
        UT_ASSERT(count == 3 && steps[1].op == good[t].op && steps[2].op == URN_OP_TOP_P, "%d steps", count);
        for (int i = 0; i < good[t].params; i++) {
            const urn_param *param = &steps[1].param[i];
            double value = good[t].ints >> i & 1 ? (double)param->i : (double)param->f;
            UT_ASSERT(param->by == URN_SCALAR && value == good[t].values[i], "parameter %d is %.9g", i, value);
        }
        UT_ASSERT(!steps[1].table && !steps[1].offsets && !steps[1].table_rows, "memory from nowhere");
    }
}
END_TEST

/* property  the names that a refusal lists are those that can be said, none cut off */
START_TEST(the_names_that_are_listed_are_known) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count, names = 0;
    char said[512];
    UT_IS(urn_steps_parse("nothing_of_that_name_and_a_rather_long_one_too=1", steps, &count), URN_E_STEP);
    const char *at = strstr(urn_last_error(), "known: ");
    UT_ASSERT(at, "no names: %s", urn_last_error());
    snprintf(said, sizeof said, "%s", at + 7);
    for (char *name = strtok(said, ", "); name; name = strtok(NULL, ", "), names++) {
        char text[64];
        snprintf(text, sizeof text, "%s=1:1:1:1:1", name);
        UT_IS(urn_steps_parse(text, steps, &count), URN_E_STEP);
        UT_ASSERT(!strstr(urn_last_error(), "is no step"), "%s is listed and not known", name);
    }
    UT_ASSERT(names == 22, "%d names", names);
}
END_TEST

/* property  a bad text is refused at its position and no count is given */
START_TEST(bad_texts_are_refused_with_their_position) {
    static const struct {
        const char *text, *position, *needle;
    } bad[] = {
        {"temp=1", "position 0", "known: temperature, dynamic_temperature, top_k, top_p, min_p, top_a"},
        {"top_k=5,", "position 8", "known"},
        {",top_k=5", "position 0", "known"},
        {"top_k=5,,top_p=1", "position 8", "known"},
        {"top_k", "position 5", "'='"},
        {"top_k 5", "position 6", "'='"},
        {"top_k=", "position 6", "an int"},
        {"top_k=x", "position 6", "an int"},
        {"top_k=1.5", "position 7", "','"},
        {"top_k=1:2", "position 7", "1 parameter;"},
        {"xtc=0.5:", "position 8", "threshold is \"\"; wanted a float in [0, 1]"},
        {"xtc=0.5:1.5", "position 8", "threshold is \"1.5\"; wanted a float in [0, 1]"},
        {"xtc=0.5:0.1:3", "position 11", "xtc has 2 parameters"},
        {"xtc=:0.1", "position 4", "probability is \"\""},
        {"dry=0.8:0.5", "position 8", "base is"},
        {"dry=0.8:2:0", "position 10", "allowed is \"0\"; wanted an int, 1 or more"},
        {"dry=0.8:2:2:-2", "position 12", "last_n is"},
        {"penalties=0", "position 10", "repetition is \"0\"; wanted a finite float above 0"},
        {"penalties=1.1:inf", "position 14", "frequency is"},
        {"mirostat=nan", "position 9", "not NaN"},
        {"inverse_gap=1:0.5", "position 14", "a is \"0.5\"; wanted 0 or a finite float, 1 or more"},
        {"sparsemax=1", "position 9", "','"},
        {"quadratic", "position 9", "'='"},
        {"allow=1", "position 0", "known"},
        {"bias=1", "position 0", "known"},
        {"mixture=0.5", "position 0", "known"},
        {"xtc=0.5 0.1", "position 8", "','"},
        {"top_k=-2", "position 6", "-1 or more"},
        {"top_k=99999999999", "position 6", "an int"},
        {"top_k=99999999999999999999", "position 6", "an int"},
        {"top_p=1.5", "position 6", "[0, 1]"},
        {"top_p=-0.1", "position 6", "[0, 1]"},
        {"top_p=nan", "position 6", "[0, 1]"},
        {"min_p=inf", "position 6", "[0, 1]"},
        {"temperature=-1", "position 12", "0 or more"},
        {"temperature=inf", "position 12", "finite"},
        {"temperature=1e99", "position 12", "finite"},
        {"temperature=1;top_k=2", "position 13", "','"},
        {"temperature=0,8", "position 14", "known"},
        {"mask=1", "position 0", "known"},
        {"none,top_k=1", "position 0", "known"},
        {"TOP_K=1", "position 0", "known"},
        {"=1", "position 0", "known"},
        {"%s%n=1", "position 0", "known"},
    };
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    for (size_t t = 0; t < sizeof bad / sizeof *bad; t++) {
        ut_note("\"%s\"", bad[t].text);
        count = -1;
        UT_IS(urn_steps_parse(bad[t].text, steps, &count), URN_E_STEP);
        UT_ASSERT(count == 0, "%d steps", count);
        UT_ASSERT(strstr(urn_last_error(), bad[t].position) && strstr(urn_last_error(), bad[t].needle),
                  "the detail is \"%s\"", urn_last_error());
    }
    char text[(URN_MAX_STEPS + 1) * 8 + 1] = "";
    for (int i = 0; i < URN_MAX_STEPS; i++) strcat(text, i ? ",top_k=1" : "top_k=1");
    UT_OK(urn_steps_parse(text, steps, &count));
    UT_ASSERT(count == URN_MAX_STEPS, "%d steps", count);
    strcat(text, ",top_k=1");
    UT_IS(urn_steps_parse(text, steps, &count), URN_E_STEP);
    UT_IS(urn_steps_parse(NULL, steps, &count), URN_E_NULL);
    UT_IS(urn_steps_parse("", NULL, &count), URN_E_NULL);
    UT_IS(urn_steps_parse("", steps, NULL), URN_E_NULL);
}
END_TEST

/* property  0.8 is 0.8 where the decimal point is a comma; runs where such a locale is installed */
START_TEST(texts_mean_the_same_in_every_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "pl_PL.UTF-8"};
    const char *found = NULL;
    for (int i = 0; i < 4 && !found; i++) found = setlocale(LC_ALL, names[i]);
    if (!found) fprintf(stderr, "skip a comma as decimal point: no such locale is installed\n");
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    UT_OK(urn_steps_parse("temperature=0.8,top_p=0.9", steps, &count));
    UT_ASSERT(count == 2 && steps[0].param[0].f == 0.8f && steps[1].param[0].f == 0.9f, "in %s", found ? found : "C");
}
END_TEST

Suite *unit_api_text_suite(void) {
    Suite *suite = suite_create("unit_api_text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, good_texts_are_parsed_in_order);
    tcase_add_test(tcase, steps_of_several_parameters_are_parsed);
    tcase_add_test(tcase, the_names_that_are_listed_are_known);
    tcase_add_test(tcase, bad_texts_are_refused_with_their_position);
    tcase_add_test(tcase, texts_mean_the_same_in_every_locale);
    suite_add_tcase(suite, tcase);
    return suite;
}
