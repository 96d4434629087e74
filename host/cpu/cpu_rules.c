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
static int has_no_table(const urnc_act *act) { return act->table == NULL; }

#define SHARE                                                                                                          \
    { 'f', 0, 1 }

static const urnc_rule rules[] = {
    {URN_OP_TEMPERATURE, URNC_LOGIT, urnc_temperature, is_one, {{'f', 0, FLT_MAX}}},
    {URN_OP_MASK, URNC_LOGIT, urnc_mask, has_no_table, {{0}}},
    {URN_OP_TOP_K, URNC_KEEP, urnc_keep_topk, is_all, {{'i', -1, INT32_MAX}}},
    {URN_OP_TOP_P, URNC_KEEP, urnc_keep_topp, is_one, {SHARE}},
    {URN_OP_MIN_P, URNC_KEEP, urnc_keep_minp, is_zero, {SHARE}},
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
