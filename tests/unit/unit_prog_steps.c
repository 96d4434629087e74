/* unit_prog_steps.c - what the program says of steps is what the library takes: the page, presets and their settings.
 */
#include "host/prog_steps.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *unit_prog_steps_suite(void);

/* property  the page's steps of scalars are the names that the library knows, no more and no fewer
 * why       urn_steps_parse lists its names when it refuses one */
START_TEST(the_page_lists_what_the_library_knows) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count, known = 0;
    char names[512], needle[64];
    const prog_step_help *s;
    int i;
    ck_assert_int_eq(urn_steps_parse("?", steps, &count), URN_E_STEP);
    snprintf(names, sizeof names, " %s,", strstr(urn_last_error(), "known: ") + 7);
    for (i = 0; (s = prog_step_at(i)) != NULL; i++) {
        snprintf(needle, sizeof needle, " %s,", s->name);
        ck_assert_msg((strstr(names, needle) != NULL) == (s->form != NULL), "%s", s->name);
        if (s->form == NULL) continue;
        known++;
        ck_assert_msg(strncmp(s->form, s->name, strlen(s->name)) == 0 && strchr("=", s->form[strlen(s->name)]), "%s",
                      s->form);
    }
    for (i = 0; names[i] != 0; i++) known -= names[i] == ',';
    ck_assert_int_eq(known, 0);
}
END_TEST

/* property  a form of the page with numbers in place of its names is taken, with as many values as it shows, and one
 *           more is refused; the page names every parameter in its ranges */
START_TEST(forms_of_the_page_are_taken) {
    const prog_step_help *s;
    int i;
    for (i = 0; (s = prog_step_at(i)) != NULL && s->form != NULL; i++) {
        urn_step steps[URN_MAX_STEPS];
        int32_t count;
        char text[128], more[130], parameter[32];
        const char *at = s->form + strcspn(s->form, "=");
        size_t used = (size_t)(at - s->form);
        memcpy(text, s->form, used);
        text[used] = 0;
        while (*at != 0) {
            const size_t length = strcspn(at + 1, ":");
            used += (size_t)snprintf(text + used, sizeof text - used, "%c1", *at);
            snprintf(parameter, sizeof parameter, "%.*s", (int)length, at + 1);
            ck_assert_msg(strstr(s->range, parameter) != NULL, "%s: no word on %s", s->name, parameter);
            at += 1 + length;
        }
        ck_assert_msg(urn_steps_parse(text, steps, &count) == URN_OK && count == 1, "%s: %s", text, urn_last_error());
        snprintf(more, sizeof more, "%s%c1", text, strchr(text, '=') ? ':' : '=');
        ck_assert_msg(urn_steps_parse(more, steps, &count) == URN_E_STEP, "%s was taken", more);
    }
}
END_TEST

static int get(const char *steps, const char *preset, const char *set, urn_step *made, int32_t *count,
               prog_error *error) {
    static const char *const PRESETS[] = {"hf", "vllm", "llama"};
    prog_values values;
    memset(&values, 0, sizeof values);
    values.of[2].text = steps != NULL ? steps : "none";
    values.of[2].given = steps != NULL;
    values.of[3].given = preset != NULL;
    while (preset != NULL && strcmp(PRESETS[values.of[3].number], preset) != 0) values.of[3].number++;
    values.of[4].text = set != NULL ? set : "";
    values.of[4].given = set != NULL;
    return prog_get_steps(&values, 2, made, count, error);
}

START_TEST(presets_take_settings_by_name) {
    urn_step steps[URN_MAX_STEPS];
    prog_error error;
    int32_t count;
    ck_assert_int_eq(get(NULL, NULL, NULL, steps, &count, &error), 0);
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(get("top_k=3,min_p=0.5", NULL, NULL, steps, &count, &error), 0);
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(
        get(NULL, "llama", "top_k=40,temperature=0.5,dry_multiplier=0.75,dry_allowed=3", steps, &count, &error), 0);
    ck_assert(count == 3 && steps[0].op == URN_OP_DRY && steps[0].param[0].f == 0.75f && steps[0].param[2].i == 3);
    ck_assert(steps[1].op == URN_OP_TOP_K && steps[1].param[0].i == 40 && steps[2].op == URN_OP_TEMPERATURE);
    ck_assert_int_eq(get(NULL, "vllm", "temperature=0.5,min_p=0.25", steps, &count, &error), 0);
    ck_assert(count == 2 && steps[0].op == URN_OP_TEMPERATURE && steps[1].op == URN_OP_MIN_P);
    ck_assert_int_eq(get(NULL, "hf", "top_k=4294967297", steps, &count, &error), 0); /* 2^32 + 1 is not 1 */
    ck_assert(count == 1 && steps[0].param[0].i == INT32_MAX);
    ck_assert_int_eq(get(NULL, "hf", NULL, steps, &count, &error), 0);
    ck_assert_int_eq(count, 0);
}
END_TEST

/* property  each setting that the help of --set names is one, of some stack; the others say what is wrong */
START_TEST(settings_are_those_of_the_help) {
    static const prog_option option = PROG_OPTION_SET;
    static const char *const STACKS[] = {"hf", "vllm", "llama"};
    urn_step steps[URN_MAX_STEPS];
    prog_error error;
    char names[512];
    int32_t count, found = 0;
    char *name;
    snprintf(names, sizeof names, "%s", strstr(option.help, "Names: ") + 7);
    *strchr(names, ';') = 0;
    for (name = strtok(names, ", "); name != NULL; name = strtok(NULL, ", "), found++) {
        char text[64];
        int stack, taken = 0;
        snprintf(text, sizeof text, "%s=1", name);
        for (stack = 0; stack < 3; stack++) taken += get(NULL, STACKS[stack], text, steps, &count, &error) == 0;
        ck_assert_msg(taken > 0, "%s", error.text);
    }
    ck_assert_int_eq(found, 22);
}
END_TEST

START_TEST(bad_settings_are_refused_in_words) {
    static const struct {
        const char *steps, *preset, *set, *needle;
    } bad[] = {
        {"top_k=1", "hf", NULL, "exclude"},
        {NULL, NULL, "top_k=1", "--preset"},
        {"top_q=1", NULL, NULL, "is no step"},
        {NULL, "hf", "top_q=1", "no setting 'top_q'"},
        {NULL, "hf", "top_k", "top_k=VALUE"},
        {NULL, "hf", "top_k,min_p=1", "top_k=VALUE"},
        {NULL, "hf", "top_k=", "an integer"},
        {NULL, "hf", "top_k=1.5", "an integer, not '1.5'"},
        {NULL, "hf", "min_p=x", "a number, not 'x'"},
        {NULL, "hf", "min_p=0.5,", "last comma"},
        {NULL, "hf", "=1", "no setting ''"},
        {NULL, "hf", "frequency=1", "no such setting"},
        {NULL, "hf", "min_p=2", "[0, 1]"},
        {NULL, "vllm", "top_k=-5", "-1 or more"},
        {NULL, "vllm", "top_k=-99999999999999", "-1 or more"},
    };
    urn_step steps[URN_MAX_STEPS];
    prog_error error;
    int32_t count;
    ck_assert_msg(get(bad[_i].steps, bad[_i].preset, bad[_i].set, steps, &count, &error) == -1, "case %d", _i);
    ck_assert_msg(strstr(error.text, bad[_i].needle) != NULL, "\"%s\" has no \"%s\"", error.text, bad[_i].needle);
    ck_assert_int_eq(count, 0);
}
END_TEST

START_TEST(steps_that_read_contexts_are_known) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    static const char *const READING[] = {"penalties=1.1", "dry=1", "no_repeat=2"};
    int i;
    ck_assert_int_eq(urn_steps_parse("temperature=1,top_k=4,xtc=0.5,mirostat=3,sparsemax", steps, &count), URN_OK);
    ck_assert_int_eq(prog_reads_context(steps, count), 0);
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(urn_steps_parse(READING[i], steps + 5, &count), URN_OK);
        ck_assert_int_eq(prog_reads_context(steps, 6), 1);
    }
}
END_TEST

Suite *unit_prog_steps_suite(void) {
    Suite *suite = suite_create("unit_prog_steps");
    TCase *c = tcase_create("steps");
    tcase_add_test(c, the_page_lists_what_the_library_knows);
    tcase_add_test(c, forms_of_the_page_are_taken);
    tcase_add_test(c, presets_take_settings_by_name);
    tcase_add_test(c, settings_are_those_of_the_help);
    tcase_add_loop_test(c, bad_settings_are_refused_in_words, 0, 15);
    tcase_add_test(c, steps_that_read_contexts_are_known);
    suite_add_tcase(suite, c);
    return suite;
}
