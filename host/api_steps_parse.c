/* api_steps_parse.c - steps from text: name, name=value or name=value:value..., separated by commas, in its order. */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/check.h"
#include "host/step_rules.h"

static const char call[] = "urn_steps_parse";

static const char *skip_spaces(const char *at) { return at + strspn(at, " \t\n"); }

/* Text can give what needs no memory: DRY goes without breakers. */
static int in_text(const urn_step_rule *rule) {
    return rule->memory == URN_READS_NOTHING || rule->memory == URN_MAY_READ_LISTS;
}

static const urn_step_rule *rule_named(const char *name, size_t length) {
    const urn_step_rule *rule;
    for (int32_t i = 0; (rule = urn_step_rule_at(i)) != NULL; i++)
        if (in_text(rule) && strlen(rule->name) == length && memcmp(rule->name, name, length) == 0) return rule;
    return NULL;
}

/* All names that text can give, as "temperature, ..., tsallis". */
static void list_names(char *text, size_t size) {
    const urn_step_rule *rule;
    size_t used = 0;
    text[0] = 0;
    for (int32_t i = 0; (rule = urn_step_rule_at(i)) != NULL; i++)
        if (in_text(rule) && used + strlen(rule->name) + 3 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", rule->name);
}

/* A number of the parameter's type at `at`; returns its end, or NULL. Decimal points are points in every locale. */
static const char *parse_value(const char *at, const urn_param_rule *rule, urn_param *value) {
    char *end;
    if (rule->is_int) {
        errno = 0;
        long long number = strtoll(at, &end, 10);
        if (end == at || errno || number < INT32_MIN || number > INT32_MAX) return NULL;
        *value = urn_i((int32_t)number);
        return end;
    }
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc's own constant: nothing is allocated */
    if (!plain) return NULL;
    *value = urn_f(strtof_l(at, &end, plain));
    freelocale(plain);
    return end == at ? NULL : end;
}

/* value:value... from `at`; those left out are the usual ones. Returns where it ended. */
static urn_status parse_values(const char *text, const char **at, const urn_step_rule *rule, urn_step *step) {
    for (int32_t i = 0; i < rule->params; i++) {
        const urn_param_rule *wanted = &rule->param[i];
        step->param[i] = wanted->is_int ? urn_i((int32_t)wanted->usual) : urn_f(wanted->usual);
    }
    for (int32_t i = 0; i < rule->params; i++) {
        const urn_param_rule *wanted = &rule->param[i];
        const char *value = skip_spaces(*at + 1), *end = parse_value(value, wanted, &step->param[i]);
        size_t length = strcspn(value, ",:");
        if (!end || !urn_param_good(wanted, step->param[i]))
            return urn_fail(URN_E_STEP, "%s: position %td: %s: %s is \"%.*s\"; wanted %s", call, value - text,
                            rule->name, wanted->name, (int)(length < 40 ? length : 40), value, wanted->range);
        *at = skip_spaces(end);
        if (**at != ':') return URN_OK;
    }
    return urn_fail(URN_E_STEP, "%s: position %td: %s has %d parameter%s; wanted ',' or the end", call, *at - text,
                    rule->name, rule->params, rule->params == 1 ? "" : "s");
}

/* One name, or name=value...; returns where it ended. */
static urn_status parse_step(const char *text, const char **at, urn_step *step) {
    const char *name = *at;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    const urn_step_rule *rule = rule_named(name, length);
    if (!rule) {
        char names[URN_ERROR_TEXT - 100];
        list_names(names, sizeof names);
        return urn_fail(URN_E_STEP, "%s: position %td: \"%.*s\" is no step; known: %s", call, name - text,
                        length ? (int)(length < 24 ? length : 24) : (int)(*name != 0), name, names);
    }
    memset(step, 0, sizeof *step);
    step->op = rule->op;
    *at = skip_spaces(name + length);
    if (rule->params && **at != '=')
        return urn_fail(URN_E_STEP, "%s: position %td: wanted '=' after %s", call, *at - text, rule->name);
    return rule->params ? parse_values(text, at, rule, step) : URN_OK;
}

urn_status urn_steps_parse(const char *text, urn_step *steps, int32_t *count) {
    URN_TRY(urn_check_pointer(call, "count", count));
    *count = 0;
    URN_TRY(urn_check_pointer(call, "text", text));
    URN_TRY(urn_check_pointer(call, "steps", steps));
    const char *at = skip_spaces(text);
    if (!*at || (strncmp(at, "none", 4) == 0 && !*skip_spaces(at + 4))) return URN_OK;
    for (int32_t done = 0;;) {
        if (done == URN_MAX_STEPS)
            return urn_fail(URN_E_STEP, "%s: position %td: wanted at most %d steps", call, at - text, URN_MAX_STEPS);
        URN_TRY(parse_step(text, &at, &steps[done]));
        done += 1;
        if (!*at) {
            *count = done;
            return URN_OK;
        }
        if (*at != ',')
            return urn_fail(URN_E_STEP, "%s: position %td: \"%.1s\" after a step; wanted ',' or the end", call,
                            at - text, at);
        at = skip_spaces(at + 1);
    }
}
