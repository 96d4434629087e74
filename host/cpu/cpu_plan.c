/* cpu_plan.c - everything about a row that is known before its logits are read: where it is, its list, its parameters.
 *
 * Statuses in the order of status.h: padding, then every index, then every parameter. */
#include <math.h>
#include <stddef.h>

#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_rules.h"

static size_t element_bytes(int32_t dtype) { return dtype == URN_F32 ? 4 : 2; }

static int is_padding(const urn_sample_params *p, int64_t r) {
    return (p->row_count && r >= *p->row_count) || (p->slot && p->slot[r] == -1);
}

/* Row r of a view: its elements, how many, and its index in the caller's matrix. 0 if out of range. */
static int place(const urn_matrix *m, int64_t r, urnc_plan *plan, uint64_t *index) {
    int64_t first;
    *index = (uint64_t)r;
    plan->n = m->cols;
    if (m->offsets) {
        first = m->offsets[r];
        int64_t end = m->offsets[r + 1];
        if (first < 0 || end < first || end > m->data_size || end - first > m->cols) return 0;
        plan->n = end - first;
    } else if (m->row_index) {
        int64_t at = m->row_index[r];
        if (at < 0 || at >= m->data_rows) return 0;
        *index = (uint64_t)at;
        first = at * m->row_stride;
    } else {
        first = r * m->row_stride;
    }
    plan->data = (const char *)m->data + first * (int64_t)element_bytes(m->dtype);
    return 1;
}

/* The row's words of a mask: NULL for none. 0 if out of range. */
static int mask_words(const urn_step *step, int64_t r, const uint32_t **words) {
    int64_t at = step->map ? step->map[r] : r;
    *words = NULL;
    if (step->map && at == -1) return 1;
    if (at < 0 || at >= step->table_rows) return 0;
    *words = (const uint32_t *)step->table + at * step->table_stride;
    return 1;
}

static int64_t element(const urn_param *param, int64_t r, int64_t slot) { return param->by == URN_BY_SLOT ? slot : r; }

static float param_f(const urn_param *param, int64_t r, int64_t slot) {
    return param->by == URN_SCALAR ? param->f : ((const float *)param->array)[element(param, r, slot)];
}

static int32_t param_i(const urn_param *param, int64_t r, int64_t slot) {
    return param->by == URN_SCALAR ? param->i : ((const int32_t *)param->array)[element(param, r, slot)];
}

/* Look the parameters up. 0 if one is not in its range; NaN is in none. */
static int find_params(const urnc_rule *rule, const urn_step *step, int64_t r, int64_t slot, urnc_act *act) {
    for (int k = 0; k < 4 && rule->param[k].type; k++) {
        double value;
        if (rule->param[k].type == 'f')
            value = act->f[k] = param_f(&step->param[k], r, slot);
        else
            value = act->i[k] = param_i(&step->param[k], r, slot);
        if (!(value >= rule->param[k].least && value <= rule->param[k].most)) return 0;
    }
    return 1;
}

int urnc_plan_row(const urn_sample_params *p, const urn_lists_view *lists, const urn_slots_view *state, int64_t r,
                  urnc_plan *plan) {
    if (is_padding(p, r)) return URN_ROW_PADDING;

    int64_t slot = p->slot ? p->slot[r] : r;
    if (slot < 0 || slot >= p->slots) return URN_ROW_INDEX;
    int64_t list = p->list ? p->list[slot] : p->list_value;
    if (list < 0 || list >= lists->count) return URN_ROW_INDEX;
    int by_state = !p->position && state && state->slots > 0;
    if (by_state && slot >= state->slots) return URN_ROW_INDEX;
    uint64_t index;
    if (!place(&p->logits, r, plan, &index)) return URN_ROW_INDEX;
    const urn_step *begin = lists->steps + lists->begin[list], *end = lists->steps + lists->begin[list + 1];
    const uint32_t *words[URN_MAX_STEPS] = {NULL};
    for (const urn_step *step = begin; step < end; step++)
        if (step->op == URN_OP_MASK && !mask_words(step, r, &words[step - begin])) return URN_ROW_INDEX;

    float T = 1.0f;
    plan->acts = 0;
    for (const urn_step *step = begin; step < end; step++) {
        const urnc_rule *rule = urnc_rule_of(step->op);
        urnc_act *act = &plan->act[plan->acts];
        act->op = step->op;
        act->flags = step->flags;
        act->table = words[step - begin];
        act->step = step;
        if (!find_params(rule, step, r, slot, act)) return URN_ROW_PARAM;
        if (rule->neutral(act)) continue;
        if (act->op == URN_OP_TEMPERATURE) T = T * act->f[0];
        plan->acts++;
    }
    /* No later factor makes a product finite again, so the last T tells about every epoch's. */
    if (!isfinite(T)) return URN_ROW_PARAM;

    uint64_t seed = p->seed ? p->seed[slot] : p->seed_value;
    plan->key = urnc_row_key(seed, p->label ? p->label[slot] : index);
    plan->position = p->position ? p->position[r] : by_state ? state->now.position[slot] : p->position_value;
    return URN_ROW_OK;
}
