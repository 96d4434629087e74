/* step_rules.h - each step as host/ knows it: names, parameters, ranges, neutral values, and the memory it reads. */
#ifndef URN_STEP_RULES_H
#define URN_STEP_RULES_H

#include "urn/steps.h"

enum { URN_MAX_PARAMS = 4 };

typedef enum urn_step_group { URN_GROUP_LOGIT, URN_GROUP_KEEP, URN_GROUP_LINK } urn_step_group;

/* What a step reads in device memory besides parameters. */
typedef enum urn_step_memory {
    URN_READS_NOTHING,
    URN_READS_WORDS,   /* a table of bits */
    URN_READS_FLOATS,  /* a table of f32, a column an id */
    URN_READS_LOGITS,  /* a table of the logits' dtype, a column an id */
    URN_READS_LISTS,   /* ids by row */
    URN_READS_VALUES,  /* ids by row, with values */
    URN_READS_SETS,    /* sequences in sets by row */
    URN_MAY_READ_LISTS /* ids by row, or none at all */
} urn_step_memory;

/* A parameter is good in [low, high], or at 0 with or_zero; NaN is in no interval. Its step is neutral where every
 * parameter lies in [neutral_low, neutral_high]; an empty interval makes a step that is never neutral. */
typedef struct urn_param_rule {
    const char *name, *range;
    double low, high, neutral_low, neutral_high;
    float usual; /* in the text form, where it is left out; the first parameter never is */
    int8_t is_int, or_zero;
} urn_param_rule;

typedef struct urn_step_rule {
    int32_t op; /* urn_op */
    const char *name;
    urn_step_group group;
    urn_step_memory memory;
    uint32_t flags; /* URN_STEP_ bits that the step knows */
    int32_t needs;  /* URN_NEEDS_ bits whatever its parameters are */
    int32_t params;
    urn_param_rule param[URN_MAX_PARAMS];
} urn_step_rule;

/* urn_step_rule_of - by number; NULL for an unknown op. urn_step_rule_at - by place in the table; NULL past its end. */
const urn_step_rule *urn_step_rule_of(int32_t op);
const urn_step_rule *urn_step_rule_at(int32_t place);

/* urn_param_good - does a scalar lie in its range? urn_step_neutral - can no row notice the step? */
int urn_param_good(const urn_param_rule *rule, urn_param value);
int urn_step_neutral(const urn_step_rule *rule, const urn_step *step);

/* urn_step_needs - the URN_NEEDS_ bits of a step that is not neutral. */
int32_t urn_step_needs(const urn_step_rule *rule, const urn_step *step);

#endif
