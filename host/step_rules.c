/* step_rules.c - the table of steps. Ranges are written so that NaN is outside. */
#include "host/step_rules.h"

#include <float.h>
#include <string.h>

static int good_temperature(urn_param v) { return v.f >= 0.0f && v.f <= FLT_MAX; }
static int good_share(urn_param v) { return v.f >= 0.0f && v.f <= 1.0f; }
static int good_top_k(urn_param v) { return v.i >= -1; }
static int always(urn_param v) { return (void)v, 1; }

static int is_one(urn_param v) { return v.f == 1.0f; }
static int is_zero(urn_param v) { return v.f == 0.0f; }
static int is_all(urn_param v) { return v.i == 0 || v.i == -1; }
static int never(urn_param v) { return (void)v, 0; }

static const urn_step_rule rules[] = {
    {URN_OP_TEMPERATURE, "temperature", "a finite float, 0 or more", URN_PARAM_FLOAT, 0, good_temperature, is_one},
    {URN_OP_MASK, "mask", "", URN_PARAM_NONE, 0, always, never},
    {URN_OP_TOP_K, "top_k", "an int, -1 or more", URN_PARAM_INT, 1, good_top_k, is_all},
    {URN_OP_TOP_P, "top_p", "a float in [0, 1]", URN_PARAM_FLOAT, 1, good_share, is_one},
    {URN_OP_MIN_P, "min_p", "a float in [0, 1]", URN_PARAM_FLOAT, 1, good_share, is_zero},
};

enum { RULES = sizeof rules / sizeof rules[0] };

const urn_step_rule *urn_step_rule_of(int32_t op) {
    for (int i = 0; i < RULES; i++)
        if (rules[i].op == op) return &rules[i];
    return NULL;
}

const urn_step_rule *urn_step_rule_named(const char *name, size_t length) {
    for (int i = 0; i < RULES; i++)
        if (rules[i].type != URN_PARAM_NONE && strlen(rules[i].name) == length &&
            memcmp(rules[i].name, name, length) == 0)
            return &rules[i];
    return NULL;
}
