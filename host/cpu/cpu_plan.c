/* cpu_plan.c - everything about a row that is known before its logits are read: where it is, its list, its parameters.
 *
 * Statuses in the order of status.h: padding, then every index, then parameters and the slot's counts,
 * whose bits are or-ed. */
#include <math.h>
#include <stddef.h>

#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_rules.h"

static size_t element_bytes(int32_t dtype) { return dtype == URN_F32 ? 4 : 2; }

static int is_padding(const urn_sample_params *p, int64_t r) {
    return (p->row_count && r >= *p->row_count) || (p->slot && p->slot[r] == -1);
}

/* Row r's part of arrays that its offsets lay out: none, and 0, if they run backwards, past `size` or over `most`. */
static int part(const int64_t *offsets, int64_t r, int64_t size, int64_t most, int64_t *first, int64_t *n) {
    *first = 0;
    *n = 0;
    if (offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size) return 0;
    if (offsets[r + 1] - offsets[r] > most) return 0;
    *first = offsets[r];
    *n = offsets[r + 1] - offsets[r];
    return 1;
}

/* Where the row's draws and kept ids go. 0 if an offset is wrong; what is wrong gets nothing. */
static int place_outputs(const urn_sample_params *p, int64_t r, urnc_plan *plan) {
    int good = 1;
    plan->draw_first = r * p->draws;
    plan->draws = p->draws;
    plan->kept_first = plan->kept_room = 0;
    if (p->draw_offsets) good &= part(p->draw_offsets, r, p->draws_size, p->draws, &plan->draw_first, &plan->draws);
    if (p->kept_ids) good &= part(p->kept_offsets, r, p->kept_ids_size, INT64_MAX, &plan->kept_first, &plan->kept_room);
    return good;
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

static int64_t element(const urn_param *param, int64_t r, int64_t slot) { return param->by == URN_BY_SLOT ? slot : r; }

static float param_f(const urn_param *param, int64_t r, int64_t slot) {
    return param->by == URN_SCALAR ? param->f : ((const float *)param->array)[element(param, r, slot)];
}

static int32_t param_i(const urn_param *param, int64_t r, int64_t slot) {
    return param->by == URN_SCALAR ? param->i : ((const int32_t *)param->array)[element(param, r, slot)];
}

/* Look all parameters up. 0 if one is not in its range; NaN is in none. */
static int find_params(const urnc_rule *rule, const urn_step *step, int64_t r, int64_t slot, urnc_act *act) {
    int good = 1;
    for (int k = 0; k < 4 && rule->param[k].type; k++) {
        double value;
        if (rule->param[k].type == 'f')
            value = act->f[k] = param_f(&step->param[k], r, slot);
        else
            value = act->i[k] = param_i(&step->param[k], r, slot);
        good &= value >= rule->param[k].least && value <= rule->param[k].most;
    }
    if (act->op == URN_OP_INVERSE_GAP) good &= act->f[1] == 0.0f || act->f[1] >= 1.0f; /* a: 0, or at least 1 */
    return good;
}

/* Does the step read what the row's slot keeps? */
static int reads_slot(const urn_step *step) {
    return step->op == URN_OP_BAN || step->op == URN_OP_NO_REPEAT || step->op == URN_OP_PENALTIES ||
           step->op == URN_OP_DRY;
}

/* Penalties over all outputs want counts that the slot may have had no room for. */
static int is_full(const urnc_plan *plan, const urnc_act *act) {
    const urn_slots_view *state = plan->state;
    int counts = act->op == URN_OP_PENALTIES && act->i[3] == 0 && state && state->count_slots > 0;
    return counts && state->now.overflow[plan->slot];
}

int urnc_plan_slot(const urn_sample_params *p, const urn_lists_view *lists, const urn_slots_view *state, int64_t r,
                   int64_t slot, urnc_plan *plan) {
    int64_t list = p->list ? p->list[slot] : p->list_value;
    if (list < 0 || list >= lists->count) return URN_ROW_INDEX;
    int by_state = !p->position && state && state->slots > 0;
    if (by_state && slot >= state->slots) return URN_ROW_INDEX;
    uint64_t index;
    if (!place(&p->logits, r, plan, &index)) return URN_ROW_INDEX;
    const urn_step *begin = lists->steps + lists->begin[list], *end = lists->steps + lists->begin[list + 1];
    plan->params = p;
    plan->state = state && state->slots > 0 ? state : NULL;
    plan->r = r;
    plan->slot = slot;

    float T = 1.0f;
    int status = URN_ROW_OK; /* of parameters and counts: an index that is wrong later in the list goes before it */
    plan->acts = 0;
    for (const urn_step *step = begin; step < end; step++) {
        const urnc_rule *rule = urnc_rule_of(step->op);
        urnc_act *act = &plan->act[plan->acts];
        act->op = step->op;
        act->flags = step->flags;
        act->step = step;
        act->absent = 0;
        if (!find_params(rule, step, r, slot, act)) status |= URN_ROW_PARAM;
        if (rule->neutral(act)) continue;
        if (!urnc_table_find(step, r, p->logits.dtype, act)) return URN_ROW_INDEX;
        if (reads_slot(step) && state && slot >= state->slots) return URN_ROW_INDEX;
        if (act->absent) continue;
        if (act->op == URN_OP_DYNAMIC_TEMPERATURE && act->f[1] == 0.0f) act->op = URN_OP_TEMPERATURE;
        if (act->op == URN_OP_TEMPERATURE) T = T * act->f[0];
        if (is_full(plan, act)) status |= URN_ROW_STATE;
        plan->acts++;
    }
    /* No later factor makes a product finite again, so the last T tells about every epoch's. */
    if (!isfinite(T)) status |= URN_ROW_PARAM;
    if (status != URN_ROW_OK) return status;

    uint64_t seed = p->seed ? p->seed[slot] : p->seed_value;
    plan->key = urnc_row_key(seed, p->label ? p->label[slot] : index);
    return URN_ROW_OK;
}

int urnc_plan_row(const urn_sample_params *p, const urn_lists_view *lists, const urn_slots_view *state, int64_t r,
                  urnc_plan *plan) {
    int placed = place_outputs(p, r, plan);
    if (is_padding(p, r)) return URN_ROW_PADDING;

    int64_t slot = p->slot ? p->slot[r] : r;
    if (slot < 0 || slot >= p->slots) return URN_ROW_INDEX;
    if (p->done && p->done[slot]) return URN_ROW_PADDING;
    if (!placed) return URN_ROW_INDEX;
    int status = urnc_plan_slot(p, lists, state, r, slot, plan);
    if (status != URN_ROW_OK) return status;
    if (p->position)
        plan->position = p->position[r];
    else
        plan->position = state && state->slots > 0 ? state->now.position[slot] : p->position_value;
    return URN_ROW_OK;
}
