/* prog_preset.c - --steps, or --preset with --set: which steps a command runs. */
#include "host/prog_steps.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS, PRESET, SET };

typedef struct setting {
    const char *name;
    size_t at;
    int is_int;
} setting;

#define FLOAT(member)                                                                                                  \
    { #member, offsetof(urn_preset, member), 0 }
#define INT(member)                                                                                                    \
    { #member, offsetof(urn_preset, member), 1 }

static const setting SETTINGS[] = {FLOAT(temperature),   FLOAT(top_p),          FLOAT(min_p),
                                   FLOAT(typical_p),     FLOAT(epsilon),        FLOAT(eta),
                                   FLOAT(top_n_sigma),   FLOAT(tail_free),      FLOAT(repetition),
                                   FLOAT(frequency),     FLOAT(presence),       FLOAT(xtc_probability),
                                   FLOAT(xtc_threshold), FLOAT(dry_multiplier), FLOAT(dry_base),
                                   FLOAT(dynamic_delta), FLOAT(dynamic_power),  FLOAT(mirostat_mu),
                                   INT(top_k),           INT(penalty_last_n),   INT(dry_allowed),
                                   INT(dry_last_n),      INT(no_repeat)};

enum { SETTING_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

static const setting *find_setting(const char *name, size_t length) {
    int i;
    for (i = 0; i < SETTING_COUNT; i++)
        if (strlen(SETTINGS[i].name) == length && memcmp(SETTINGS[i].name, name, length) == 0) return &SETTINGS[i];
    return NULL;
}

/* One name=value at `at`; returns its end, NULL with error. */
static const char *read_setting(const char *at, urn_preset *preset, prog_error *error) {
    const size_t length = strcspn(at, "=,");
    const setting *found = find_setting(at, length);
    const char *value = at + length + 1;
    char *end;
    if (found == NULL) {
        prog_fail(error, "--set: there is no setting '%.*s'; the help of --set lists them", (int)length, at);
        return NULL;
    }
    if (at[length] != '=') {
        prog_fail(error, "--set: %s has no value; write %s=VALUE", found->name, found->name);
        return NULL;
    }
    if (found->is_int) {
        const long number = strtol(value, &end, 10);
        const int32_t kept = number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : (int32_t)number;
        memcpy((char *)preset + found->at, &kept, sizeof kept);
    } else {
        const float number = strtof(value, &end); /* the program never leaves the C locale */
        memcpy((char *)preset + found->at, &number, sizeof number);
    }
    if (end == value || (*end != ',' && *end != 0)) {
        prog_fail(error, "--set: %s takes %s, not '%.*s'", found->name, found->is_int ? "an integer" : "a number",
                  (int)strcspn(value, ","), value);
        return NULL;
    }
    return end;
}

static int read_preset(const prog_value *which, const char *text, urn_step *steps, int32_t *count, prog_error *error) {
    static urn_status (*const MAKE[])(const urn_preset *, urn_step *, int32_t *) = {urn_steps_hf, urn_steps_vllm,
                                                                                    urn_steps_llama};
    urn_preset preset = URN_PRESET_INIT;
    const char *at = text;
    while (*at) {
        at = read_setting(at, &preset, error);
        if (at == NULL) return -1;
        if (*at == ',' && *++at == 0) return prog_fail(error, "--set: there is nothing after the last comma");
    }
    if (MAKE[which->number](&preset, steps, count) == URN_OK) return 0;
    return prog_fail(error, "--set: %s", urn_last_error());
}

int prog_get_steps(const prog_values *values, int first, urn_step *steps, int32_t *count, prog_error *error) {
    const prog_value *list = &values->of[first + STEPS], *preset = &values->of[first + PRESET];
    const prog_value *set = &values->of[first + SET];
    *count = 0;
    if (preset->given && list->given) return prog_fail(error, "--steps and --preset exclude each other");
    if (set->given && !preset->given)
        return prog_fail(error, "--set is for --preset; --steps has its values in the list");
    if (preset->given) return read_preset(preset, set->text, steps, count, error);
    if (urn_steps_parse(list->text, steps, count) == URN_OK) return 0;
    return prog_fail(error, "--steps '%s': %s", list->text, urn_last_error());
}

int prog_reads_context(const urn_step *steps, int32_t count) {
    int32_t s;
    for (s = 0; s < count; s++)
        if (steps[s].op == URN_OP_PENALTIES || steps[s].op == URN_OP_DRY || steps[s].op == URN_OP_NO_REPEAT) return 1;
    return 0;
}
