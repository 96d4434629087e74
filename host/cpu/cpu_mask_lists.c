/* cpu_mask_lists.c - masks that lists and contexts name: their ids become the bits of a mask. */
#include "host/cpu/cpu_row.h"

static urnc_context context_of(const urnc_plan *plan) {
    return urnc_context_of(plan->params, plan->state, plan->r, plan->slot);
}

static int apply_set(urnc_row *row) {
    urnc_act mask = {.op = URN_OP_MASK, .table = row->set.words};
    return urnc_mask(row, &mask);
}

int urnc_mask_allow(urnc_row *row, const urnc_act *act) {
    urnc_allow(&row->set, &act->list);
    return apply_set(row);
}

int urnc_mask_min_tokens(urnc_row *row, const urnc_act *act) {
    if (row->plan->position >= (uint32_t)act->i[0]) return URN_ROW_OK;
    urnc_forbid(&row->set, &act->list);
    return apply_set(row);
}

int urnc_mask_ban(urnc_row *row, const urnc_act *act) {
    urnc_context h = context_of(row->plan);
    urnc_ban(&row->set, &act->set, &h);
    return apply_set(row);
}

int urnc_mask_no_repeat(urnc_row *row, const urnc_act *act) {
    urnc_context h = context_of(row->plan);
    urnc_no_repeat(&row->set, act->i[0], &h);
    return apply_set(row);
}
