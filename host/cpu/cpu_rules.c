/* cpu_rules.c - the table of steps: epoch, parameters with their ranges and neutral values, function. */
#include "host/cpu/cpu_rules.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

static int is_one(const urnc_act *act) { return act->f[0] == 1.0f; }
static int is_zero(const urnc_act *act) { return act->f[0] == 0.0f; }
static int is_not_above_zero(const urnc_act *act) { return act->f[0] <= 0.0f; }
static int is_infinite(const urnc_act *act) { return act->f[0] == INFINITY; }
static int is_all(const urnc_act *act) { return act->i[0] <= 0; }
static int is_none(const urnc_act *act) { return act->i[0] == 0; }
static int is_no_dynamic(const urnc_act *act) { return act->f[0] == 1.0f && act->f[1] == 0.0f; }
static int is_no_penalty(const urnc_act *act) { return act->f[0] == 1.0f && act->f[1] == 0.0f && act->f[2] == 0.0f; }
static int is_never(const urnc_act *act) {
    (void)act;
    return 0;
}

#define FINITE                                                                                                         \
    { 'f', -FLT_MAX, FLT_MAX }
#define NOT_NEGATIVE                                                                                                   \
    { 'f', 0, FLT_MAX }
#define POSITIVE                                                                                                       \
    { 'f', 0x1p-149, FLT_MAX }
#define COUNT(least)                                                                                                   \
    { 'i', least, INT32_MAX }
#define SHARE                                                                                                          \
    { 'f', 0, 1 }

static const urnc_rule rules[] = {
    {URN_OP_TEMPERATURE, URNC_LOGIT, urnc_temperature, is_one, {{'f', 0, FLT_MAX}}},
    {URN_OP_MASK, URNC_LOGIT, urnc_mask, is_never, {{0}}},
    {URN_OP_TOP_K, URNC_KEEP, urnc_keep_topk, is_all, {{'i', -1, INT32_MAX}}},
    {URN_OP_TOP_P, URNC_KEEP, urnc_keep_topp, is_one, {SHARE}},
    {URN_OP_MIN_P, URNC_KEEP, urnc_keep_minp, is_zero, {SHARE}},
    {URN_OP_ALLOW, URNC_LOGIT, urnc_mask_allow, is_never, {{0}}},
    {URN_OP_MIN_TOKENS, URNC_LOGIT, urnc_mask_min_tokens, is_none, {COUNT(0)}},
    {URN_OP_BAN, URNC_LOGIT, urnc_mask_ban, is_never, {{0}}},
    {URN_OP_NO_REPEAT, URNC_LOGIT, urnc_mask_no_repeat, is_none, {COUNT(0)}},
    {URN_OP_DYNAMIC_TEMPERATURE,
     URNC_OWN,
     urnc_dynamic_temperature,
     is_no_dynamic,
     {NOT_NEGATIVE, NOT_NEGATIVE, NOT_NEGATIVE}},
    {URN_OP_BIAS, URNC_LOGIT, urnc_value_bias, is_never, {{0}}},
    {URN_OP_DENSE_BIAS, URNC_LOGIT, urnc_value_dense_bias, is_never, {{0}}},
    {URN_OP_PENALTIES, URNC_LOGIT, urnc_value_penalties, is_no_penalty, {POSITIVE, FINITE, FINITE, COUNT(0)}},
    {URN_OP_DRY, URNC_LOGIT, urnc_value_dry, is_zero, {NOT_NEGATIVE, {'f', 1, FLT_MAX}, COUNT(1), COUNT(-1)}},
    {URN_OP_ID_TEMPERATURE, URNC_LOGIT, urnc_value_id_temperature, is_never, {{0}}},
    {URN_OP_VALUES, URNC_LOGIT, urnc_value_values, is_zero, {FINITE}},
    {URN_OP_MIX, URNC_LOGIT, urnc_value_mix, is_one, {FINITE}},
    {URN_OP_QUADRATIC, URNC_LOGIT, urnc_value_quadratic, is_zero, {NOT_NEGATIVE, FINITE}},
    {URN_OP_QUADRATIC_SCORE, URNC_LOGIT, urnc_value_quadratic_score, is_never, {FINITE, FINITE, FINITE}},
    {URN_OP_SPARSEMAX, URNC_LOGIT, urnc_link_sparsemax, is_never, {{0}}},
    {URN_OP_INVERSE_GAP, URNC_LOGIT, urnc_link_inverse_gap, is_never, {NOT_NEGATIVE, NOT_NEGATIVE}},
    {URN_OP_TSALLIS, URNC_LOGIT, urnc_link_tsallis, is_never, {NOT_NEGATIVE}},
    {URN_OP_MIXTURE, URNC_LOGIT, urnc_link_mixture, is_never, {SHARE}},
    {URN_OP_TOP_A, URNC_KEEP, urnc_keep_topa, is_zero, {SHARE}},
    {URN_OP_EPSILON, URNC_KEEP, urnc_keep_epsilon, is_zero, {SHARE}},
    {URN_OP_ETA, URNC_KEEP, urnc_keep_eta, is_zero, {SHARE}},
    {URN_OP_TYPICAL, URNC_KEEP, urnc_keep_typical, is_one, {SHARE}},
    {URN_OP_TAIL_FREE, URNC_KEEP, urnc_keep_tailfree, is_one, {SHARE}},
    {URN_OP_TOP_N_SIGMA, URNC_KEEP, urnc_keep_nsigma, is_not_above_zero, {{'f', -FLT_MAX, FLT_MAX}}},
    {URN_OP_XTC, URNC_KEEP, urnc_keep_xtc, is_zero, {SHARE, SHARE}},
    {URN_OP_MIROSTAT, URNC_KEEP, urnc_keep_mirostat, is_infinite, {{'f', -INFINITY, INFINITY}}},
    {URN_OP_MIROSTAT_V1, URNC_KEEP, urnc_keep_mirostat_v1, is_infinite, {{'f', -INFINITY, INFINITY}}},
};

const urnc_rule *urnc_rule_of(int32_t op) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].op == op) return &rules[i];
    return NULL;
}
