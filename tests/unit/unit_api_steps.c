/* unit_api_steps.c - constructors and the text form of steps. */
#include <locale.h>
#include <stdio.h>

#include "tests/urn_test.h"

START_TEST(constructors_fill_one_parameter) {
    const float f[1] = {0};
    const int32_t i[1] = {0};
    urn_step steps[] = {urn_temperature(urn_f(0.5f)), urn_top_k(urn_i(-7)), urn_top_p(urn_f_by(URN_BY_SLOT, f)),
                        urn_min_p(urn_f_by(URN_BY_ROW, f)), urn_top_k(urn_i_by(URN_BY_ROW, i))};
    static const int ops[] = {URN_OP_TEMPERATURE, URN_OP_TOP_K, URN_OP_TOP_P, URN_OP_MIN_P, URN_OP_TOP_K};
    static const int by[] = {URN_SCALAR, URN_SCALAR, URN_BY_SLOT, URN_BY_ROW, URN_BY_ROW};
    const void *arrays[] = {NULL, NULL, f, f, i};
    for (int s = 0; s < 5; s++) {
        ut_note("step %d", s);
        UT_ASSERT(steps[s].op == ops[s] && steps[s].flags == 0, "op %d", steps[s].op);
        UT_ASSERT(steps[s].param[0].by == by[s] && steps[s].param[0].array == arrays[s], "parameter");
        UT_ASSERT(!steps[s].table && !steps[s].map && !steps[s].table_rows && !steps[s].table_stride, "a table");
    }
    UT_ASSERT(steps[0].param[0].f == 0.5f && steps[1].param[0].i == -7, "values");
    uint32_t words[1];
    urn_step mask = urn_mask(words, 5, 7, i);
    UT_ASSERT(mask.op == URN_OP_MASK && mask.table == words && mask.map == i && mask.table_rows == 5 &&
                  mask.table_stride == 7,
              "mask");
}
END_TEST

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

/* property  a bad text is refused at its position and no count is given */
START_TEST(bad_texts_are_refused_with_their_position) {
    static const struct {
        const char *text, *position, *needle;
    } bad[] = {
        {"temp=1", "position 0", "known: temperature, top_k, top_p, min_p"},
        {"top_k=5,", "position 8", "known"},
        {",top_k=5", "position 0", "known"},
        {"top_k=5,,top_p=1", "position 8", "known"},
        {"top_k", "position 5", "'='"},
        {"top_k 5", "position 6", "'='"},
        {"top_k=", "position 6", "an int"},
        {"top_k=x", "position 6", "an int"},
        {"top_k=1.5", "position 7", "','"},
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

Suite *unit_api_steps_suite(void) {
    Suite *suite = suite_create("unit_api_steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_test(tcase, constructors_fill_one_parameter);
    tcase_add_test(tcase, good_texts_are_parsed_in_order);
    tcase_add_test(tcase, bad_texts_are_refused_with_their_position);
    tcase_add_test(tcase, texts_mean_the_same_in_every_locale);
    suite_add_tcase(suite, tcase);
    return suite;
}
