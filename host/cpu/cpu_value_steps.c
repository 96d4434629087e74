/* cpu_value_steps.c - value steps on a row: what each makes of its act (bits.h section 8). */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"

int urnc_value_bias(urnc_row *row, const urnc_act *act) {
    urnc_held held = urnc_values_hold(row);
    return urnc_bias(&held, &act->list);
}

int urnc_value_values(urnc_row *row, const urnc_act *act) {
    urnc_held held = urnc_values_hold(row);
    return urnc_add_values(&held, &act->list, act->f[0], (act->flags & URN_STEP_CENTRE) != 0);
}

int urnc_value_penalties(urnc_row *row, const urnc_act *act) {
    const urnc_plan *plan = row->plan;
    urnc_context h = urnc_context_of(plan->params, plan->state, plan->r, plan->slot);
    urnc_penalty penalty = {act->f[0], act->f[1], act->f[2], act->i[3], (act->flags & URN_STEP_PROMPT) != 0};
    urnc_held held = urnc_values_hold(row);
    return urnc_penalise(&held, &penalty, &h, plan->state, plan->slot);
}

int urnc_value_dry(urnc_row *row, const urnc_act *act) {
    const urnc_plan *plan = row->plan;
    urnc_context h = urnc_context_of(plan->params, plan->state, plan->r, plan->slot);
    urnc_dry dry = {act->f[0], act->f[1], act->i[2], act->i[3], act->list};
    urnc_held held = urnc_values_hold(row);
    return urnc_dry_penalise(&held, &dry, &h);
}

/* The formulas over all of K. `other`: a row of numbers of this dtype by id. */
static int change(urnc_row *row, urnc_change formula, const void *other, int32_t dtype) {
    urnc_values_settle(row);
    if (other) formula.y = urnc_values_other(row, other, &dtype);
    formula.dtype = dtype;
    return urnc_values_change(row, &formula);
}

int urnc_value_dense_bias(urnc_row *row, const urnc_act *act) {
    urnc_change add = {.formula = URNC_ADD};
    return change(row, add, act->table, URN_F32);
}

int urnc_value_id_temperature(urnc_row *row, const urnc_act *act) {
    urnc_change divide = {.formula = URNC_DIVIDE};
    return change(row, divide, act->table, URN_F32);
}

int urnc_value_mix(urnc_row *row, const urnc_act *act) {
    urnc_change mix = {.formula = URNC_MIX, .a = act->f[0]};
    return change(row, mix, act->table, row->raw.dtype);
}

int urnc_value_quadratic(urnc_row *row, const urnc_act *act) {
    float curve = act->f[1];
    urnc_change quadratic = {
        .formula = URNC_QUADRATIC, .a = act->f[0], .b = (3.0f - curve) / 2.0f, .c = (curve - 1.0f) / 2.0f};
    urnc_values_settle(row);
    urnc_epoch_largest(row);
    quadratic.M = urnc_f32_of_order(row->top);
    return change(row, quadratic, 0, 0);
}

int urnc_value_quadratic_score(urnc_row *row, const urnc_act *act) {
    urnc_change score = {.formula = URNC_SCORE, .a = act->f[0], .b = act->f[1], .c = act->f[2]};
    return change(row, score, 0, 0);
}
