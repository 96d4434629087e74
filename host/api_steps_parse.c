/* api_steps_parse.c - steps from text: name=value, separated by commas, in the text's order. */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "host/check.h"
#include "host/step_rules.h"

static const char call[] = "urn_steps_parse";

static const char *skip_spaces(const char *at) { return at + strspn(at, " \t\n"); }

/* A number of the rule's type at `at`; returns its end, or NULL. Decimal points are points in every locale. */
static const char *parse_value(const char *at, const urn_step_rule *rule, urn_param *value) {
    char *end;
    if (rule->type == URN_PARAM_INT) {
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

/* One name=value; returns where it ended. */
static urn_status parse_step(const char *text, const char **at, urn_step *step) {
    const char *name = *at;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    const urn_step_rule *rule = urn_step_rule_named(name, length);
    if (!rule)
        return urn_fail(URN_E_STEP, "%s: position %td: \"%.*s\" is no step; known: %s", call, name - text,
                        length ? (int)(length < 40 ? length : 40) : (int)(*name != 0), name, URN_STEP_NAMES);
    const char *equals = skip_spaces(name + length);
    if (*equals != '=')
        return urn_fail(URN_E_STEP, "%s: position %td: wanted '=' after %s", call, equals - text, rule->name);
    const char *value = skip_spaces(equals + 1);
    urn_param param = urn_i(0);
    const char *end = parse_value(value, rule, &param);
    if (!end || !rule->good(param))
        return urn_fail(URN_E_STEP, "%s: position %td: %s is \"%.*s\"; wanted %s", call, value - text, rule->name,
                        (int)(strcspn(value, ",") < 40 ? strcspn(value, ",") : 40), value, rule->range);
    memset(step, 0, sizeof *step);
    step->op = rule->op;
    step->param[0] = param;
    *at = skip_spaces(end);
    return URN_OK;
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
            return urn_fail(URN_E_STEP, "%s: position %td: \"%.1s\" after a value; wanted ',' or the end", call,
                            at - text, at);
        at = skip_spaces(at + 1);
    }
}
