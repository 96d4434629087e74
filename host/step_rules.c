/* step_rules.c - the table of steps: a row for each, read by the checks, the text form and the compiler of lists. */
#include "host/step_rules.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

/* Intervals as doubles, which hold every f32 and int32. */
#define FINITE -FLT_MAX, FLT_MAX
#define POSITIVE 0x1p-149, FLT_MAX
#define NOT_NEGATIVE 0.0, FLT_MAX
#define SHARE 0.0, 1.0
#define AT(value) value, value
#define ANY -(double)INFINITY, (double)INFINITY
#define NEVER 1.0, 0.0

#define INTS(least) least, INT32_MAX
#define INT_FROM_0 "an int, 0 or more"
#define INT_FROM_1 "an int, 1 or more"
#define INT_FROM_MINUS_1 "an int, -1 or more"
#define IN_SHARE "a float in [0, 1]"
#define IN_NOT_NEGATIVE "a finite float, 0 or more"
#define IN_FINITE "a finite float"

/* name, range, interval, neutral interval, usual value, whole numbers, 0 as well */
#define P_TEMPERATURE                                                                                                  \
    { "temperature", IN_NOT_NEGATIVE, NOT_NEGATIVE, AT(1.0), 1.0f, 0, 0 }
#define P_SHARE(name, neutral)                                                                                         \
    { name, IN_SHARE, SHARE, AT(neutral), 0.0f, 0, 0 }

#define CONTEXT (URN_NEEDS_FULL | URN_NEEDS_STATE)
#define LOGIT URN_GROUP_LOGIT
#define KEEP URN_GROUP_KEEP
#define LINK URN_GROUP_LINK

static const urn_step_rule rules[] = {
    {URN_OP_TEMPERATURE, "temperature", LOGIT, URN_READS_NOTHING, 0, 0, 1, {P_TEMPERATURE}},
    {URN_OP_DYNAMIC_TEMPERATURE,
     "dynamic_temperature",
     LOGIT,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     3,
     {P_TEMPERATURE,
      {"delta", IN_NOT_NEGATIVE, NOT_NEGATIVE, AT(0.0), 0.0f, 0, 0},
      {"power", IN_NOT_NEGATIVE, NOT_NEGATIVE, ANY, 1.0f, 0, 0}}},
    {URN_OP_TOP_K,
     "top_k",
     KEEP,
     URN_READS_NOTHING,
     URN_STEP_TIES,
     0,
     1,
     {{"k", INT_FROM_MINUS_1, INTS(-1), -1.0, 0.0, 0.0f, 1, 0}}},
    {URN_OP_TOP_P, "top_p", KEEP, URN_READS_NOTHING, URN_STEP_TIES, 0, 1, {P_SHARE("p", 1.0)}},
    {URN_OP_MIN_P, "min_p", KEEP, URN_READS_NOTHING, 0, 0, 1, {P_SHARE("m", 0.0)}},
    {URN_OP_TOP_A, "top_a", KEEP, URN_READS_NOTHING, 0, URN_NEEDS_FULL, 1, {P_SHARE("a", 0.0)}},
    {URN_OP_EPSILON, "epsilon", KEEP, URN_READS_NOTHING, 0, URN_NEEDS_FULL, 1, {P_SHARE("e", 0.0)}},
    {URN_OP_ETA, "eta", KEEP, URN_READS_NOTHING, 0, URN_NEEDS_FULL, 1, {P_SHARE("e", 0.0)}},
    {URN_OP_TYPICAL, "typical", KEEP, URN_READS_NOTHING, 0, URN_NEEDS_FULL, 1, {P_SHARE("p", 1.0)}},
    {URN_OP_TAIL_FREE,
     "tail_free",
     KEEP,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL | URN_NEEDS_SORT,
     1,
     {P_SHARE("z", 1.0)}},
    {URN_OP_TOP_N_SIGMA,
     "top_n_sigma",
     KEEP,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     1,
     {{"n", IN_FINITE, FINITE, -FLT_MAX, 0.0, 0.0f, 0, 0}}},
    {URN_OP_XTC,
     "xtc",
     KEEP,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     2,
     {P_SHARE("probability", 0.0), {"threshold", IN_SHARE, SHARE, ANY, 0.1f, 0, 0}}},
    {URN_OP_MIROSTAT,
     "mirostat",
     KEEP,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     1,
     {{"mu", "a float, not NaN", ANY, AT((double)INFINITY), 10.0f, 0, 0}}},
    {URN_OP_MIROSTAT_V1,
     "mirostat_v1",
     KEEP,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     1,
     {{"mu", "a float, not NaN", ANY, AT((double)INFINITY), 10.0f, 0, 0}}},
    {URN_OP_MASK, "mask", LOGIT, URN_READS_WORDS, 0, 0, 0, {{0}}},
    {URN_OP_ALLOW, "allow", LOGIT, URN_READS_LISTS, 0, URN_NEEDS_FULL, 0, {{0}}},
    {URN_OP_MIN_TOKENS,
     "min_tokens",
     LOGIT,
     URN_READS_LISTS,
     0,
     URN_NEEDS_FULL,
     1,
     {{"n", INT_FROM_0, INTS(0), AT(0.0), 0.0f, 1, 0}}},
    {URN_OP_BAN, "ban", LOGIT, URN_READS_SETS, 0, CONTEXT, 0, {{0}}},
    {URN_OP_NO_REPEAT,
     "no_repeat",
     LOGIT,
     URN_READS_NOTHING,
     0,
     CONTEXT,
     1,
     {{"n", INT_FROM_0, INTS(0), AT(0.0), 0.0f, 1, 0}}},
    {URN_OP_BIAS, "bias", LOGIT, URN_READS_VALUES, 0, URN_NEEDS_FULL, 0, {{0}}},
    {URN_OP_DENSE_BIAS, "dense_bias", LOGIT, URN_READS_FLOATS, 0, URN_NEEDS_FULL, 0, {{0}}},
    {URN_OP_PENALTIES,
     "penalties",
     LOGIT,
     URN_READS_NOTHING,
     URN_STEP_PROMPT,
     CONTEXT,
     4,
     {{"repetition", "a finite float above 0", POSITIVE, AT(1.0), 1.0f, 0, 0},
      {"frequency", IN_FINITE, FINITE, AT(0.0), 0.0f, 0, 0},
      {"presence", IN_FINITE, FINITE, AT(0.0), 0.0f, 0, 0},
      {"last_n", INT_FROM_0, INTS(0), ANY, 0.0f, 1, 0}}},
    {URN_OP_DRY,
     "dry",
     LOGIT,
     URN_MAY_READ_LISTS,
     0,
     CONTEXT,
     4,
     {{"multiplier", IN_NOT_NEGATIVE, NOT_NEGATIVE, AT(0.0), 0.0f, 0, 0},
      {"base", "a finite float, 1 or more", 1.0, FLT_MAX, ANY, 1.75f, 0, 0},
      {"allowed", INT_FROM_1, INTS(1), ANY, 2.0f, 1, 0},
      {"last_n", INT_FROM_MINUS_1, INTS(-1), ANY, -1.0f, 1, 0}}},
    {URN_OP_ID_TEMPERATURE, "id_temperature", LOGIT, URN_READS_FLOATS, 0, URN_NEEDS_FULL, 0, {{0}}},
    {URN_OP_VALUES,
     "values",
     LOGIT,
     URN_READS_VALUES,
     URN_STEP_CENTRE,
     URN_NEEDS_FULL,
     1,
     {{"beta", IN_FINITE, FINITE, AT(0.0), 0.0f, 0, 0}}},
    {URN_OP_MIX,
     "mix",
     LOGIT,
     URN_READS_LOGITS,
     0,
     URN_NEEDS_FULL,
     1,
     {{"scale", IN_FINITE, FINITE, AT(1.0), 1.0f, 0, 0}}},
    {URN_OP_QUADRATIC,
     "quadratic",
     LOGIT,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     2,
     {{"factor", IN_NOT_NEGATIVE, NOT_NEGATIVE, AT(0.0), 0.0f, 0, 0}, {"curve", IN_FINITE, FINITE, ANY, 1.0f, 0, 0}}},
    {URN_OP_QUADRATIC_SCORE,
     "quadratic_score",
     LOGIT,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     3,
     {{"a", IN_FINITE, FINITE, NEVER, 1.0f, 0, 0},
      {"b", IN_FINITE, FINITE, NEVER, 0.0f, 0, 0},
      {"at", IN_FINITE, FINITE, NEVER, 0.0f, 0, 0}}},
    {URN_OP_SPARSEMAX, "sparsemax", LINK, URN_READS_NOTHING, 0, URN_NEEDS_FULL, 0, {{0}}},
    {URN_OP_INVERSE_GAP,
     "inverse_gap",
     LINK,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     2,
     {{"gamma", IN_NOT_NEGATIVE, NOT_NEGATIVE, NEVER, 0.0f, 0, 0},
      {"a", "0 or a finite float, 1 or more", 1.0, FLT_MAX, NEVER, 0.0f, 0, 1}}},
    {URN_OP_TSALLIS,
     "tsallis",
     LINK,
     URN_READS_NOTHING,
     0,
     URN_NEEDS_FULL,
     1,
     {{"eta", IN_NOT_NEGATIVE, NOT_NEGATIVE, NEVER, 0.0f, 0, 0}}},
    {URN_OP_MIXTURE,
     "mixture",
     LINK,
     URN_READS_LOGITS,
     0,
     URN_NEEDS_FULL,
     1,
     {{"share", IN_SHARE, SHARE, NEVER, 0.0f, 0, 0}}},
};

enum { RULES = sizeof rules / sizeof rules[0] };

const urn_step_rule *urn_step_rule_at(int32_t place) { return place < RULES ? &rules[place] : NULL; }

const urn_step_rule *urn_step_rule_of(int32_t op) {
    for (int i = 0; i < RULES; i++)
        if (rules[i].op == op) return &rules[i];
    return NULL;
}

static double number_of(const urn_param_rule *rule, urn_param value) {
    return rule->is_int ? (double)value.i : (double)value.f;
}

int urn_param_good(const urn_param_rule *rule, urn_param value) {
    double number = number_of(rule, value);
    return (number >= rule->low && number <= rule->high) || (rule->or_zero && number == 0.0);
}

/* A parameter that decides nothing may be an array: the step does not exist whatever it holds. */
static int param_neutral(const urn_param_rule *rule, const urn_param *param) {
    if (rule->neutral_low == -(double)INFINITY && rule->neutral_high == (double)INFINITY) return 1;
    double number = number_of(rule, *param);
    return param->by == URN_SCALAR && number >= rule->neutral_low && number <= rule->neutral_high;
}

int urn_step_neutral(const urn_step_rule *rule, const urn_step *step) {
    for (int32_t i = 0; i < rule->params; i++)
        if (!param_neutral(&rule->param[i], &step->param[i])) return 0;
    return rule->params > 0;
}

/* Penalties count over all outputs where last_n is 0, as any element of an array may be. */
int32_t urn_step_needs(const urn_step_rule *rule, const urn_step *step) {
    int32_t needs = rule->needs;
    if (rule->group == URN_GROUP_KEEP) needs |= URN_NEEDS_KEEP;
    if (step->flags) needs |= URN_NEEDS_FULL;
    if (step->op == URN_OP_PENALTIES && (step->param[3].by != URN_SCALAR || step->param[3].i == 0))
        needs |= URN_NEEDS_COUNTS;
    return needs;
}
