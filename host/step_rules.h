/* step_rules.h - each step as host/ knows it: name, parameter, range, neutral value. */
#ifndef URN_STEP_RULES_H
#define URN_STEP_RULES_H

#include "urn/steps.h"

typedef enum urn_param_type { URN_PARAM_NONE, URN_PARAM_FLOAT, URN_PARAM_INT } urn_param_type;

typedef struct urn_step_rule {
    int32_t op; /* urn_op */
    const char *name, *range;
    urn_param_type type;
    int keeps; /* a keep step; else a logit step */
    int (*good)(urn_param value);
    int (*neutral)(urn_param value);
} urn_step_rule;

#define URN_STEP_NAMES "temperature, top_k, top_p, min_p" /* those that text can give; mask needs a table */

/* urn_step_rule_of - by number; NULL for an unknown op. urn_step_rule_named - by the first `length` bytes of a name
 * that text can give; NULL for an unknown one. */
const urn_step_rule *urn_step_rule_of(int32_t op);
const urn_step_rule *urn_step_rule_named(const char *name, size_t length);

#endif
