/* cpu_shard.c - a row that is cut over shards: its list, and the first two rounds (bits.h section 12). */
#include "host/cpu/cpu_shard.h"

#include <math.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_rules.h"

/* Does the list cut to what first messages hold? 1: by a top-k; 0: it has none; -1: its top-k breaks the contract. */
static int is_listed(const urn_shard_params *p, const urnc_plan *plan) {
    for (int32_t i = 0; i < p->count; i++) {
        const urn_step *step = &p->steps[i];
        if (step->op != URN_OP_TOP_K) continue;
        for (int32_t a = 0; a < plan->acts; a++)
            if (plan->act[a].step == step) return plan->act[a].i[0] <= URN_SHARD_K ? 1 : -1;
        return -1; /* neutral */
    }
    return 0;
}

/* What T is and whether an epoch is greedy depends on the list alone: it runs on no ids. */
static void run_dry(urnc_shard_row *row, int32_t acts) {
    const float any = 0.0f;
    urnc_parts parts = {&row->plan, row->p->logits.dtype, row->p->first, &any};
    urnc_part_room room;
    urnc_row dry;
    int64_t n = row->plan.n;
    row->plan.n = 0;
    row->plan.acts = 0;
    urnc_part_run(&parts, 0, &room, &dry);
    for (int32_t a = 0; a <= acts; a++) {
        if (a < acts) urnc_row_act(&dry, &row->plan.act[a]);
        if (a == acts) urnc_epoch_open(&dry);
        row->greedy |= dry.open && dry.greedy;
    }
    row->T = dry.T;
    row->plan.n = n;
}

void urnc_shard_begin(const urn_shard_params *p, int64_t r, urnc_shard_row *row) {
    urnc_labels labels = {p->seed, p->label, p->position, p->seed_value, p->position_value};
    row->p = p;
    row->r = r;
    row->greedy = 0;
    row->M = row->raw_max = -INFINITY;
    row->acts = row->logits = 0;
    row->plan.acts = 0;
    row->status = urnc_special_plan(&p->logits, &labels, p->steps, p->count, r, &row->plan);
    row->listed = is_listed(p, &row->plan);
    if (row->listed < 0 && !(row->status & URN_ROW_INDEX)) row->status |= URN_ROW_PARAM;
    if (row->status != URN_ROW_OK) return;
    row->acts = row->plan.acts;
    while (row->logits < row->acts && urnc_rule_of(row->plan.act[row->logits].op)->kind == URNC_LOGIT) row->logits++;
    run_dry(row, row->listed ? row->logits : row->acts);
}

/* The first that is there; bits of one kind together. */
static int32_t first_of(int32_t status) {
    int32_t logits = status & (URN_ROW_NAN | URN_ROW_INF);
    return status & URN_ROW_INDEX ? URN_ROW_INDEX : logits ? logits : status;
}

void urnc_shard_gather(const urn_shard_message1 *all, urnc_shard_row *row) {
    int32_t status = 0;
    for (int32_t s = 0; s < row->p->shards; s++) {
        const urn_shard_message1 *message = &all[s * row->p->logits.rows + row->r];
        status |= message->status;
        if (message->raw_max > row->raw_max) row->raw_max = message->raw_max;
        if (message->listed > 0 && (row->M == -INFINITY || message->x[0] > row->M)) row->M = message->x[0];
    }
    int some = 0;
    for (int32_t s = 0; s < row->p->shards; s++) some |= all[s * row->p->logits.rows + row->r].listed > 0;
    row->status = status ? first_of(status) : some ? URN_ROW_OK : URN_ROW_EMPTY;
}

typedef struct {
    int32_t most, possible;
    float raw_max;
    urnc_shard_list list;
} looked;

static int look(void *argument, urnc_row *row) {
    looked *a = argument;
    int32_t order[URN_SHARD_K], at[URN_SHARD_K], id[URN_SHARD_K];
    float x[URN_SHARD_K];
    for (int64_t g = 0; g < urnc_groups(&row->raw); g++) {
        float top = urnc_f32_of_order(row->raw_top[g]);
        if (top > a->raw_max) a->raw_max = top;
    }
    a->possible += (int32_t)urnc_row_count(row);
    urnc_epoch_largest(row);
    if (row->top < URNC_ORDER_LEAST) return 1;
    if (a->list.count == a->most && a->list.x[a->most - 1] >= urnc_f32_of_order(row->top)) return 1;
    int n = urnc_first(row, a->most, order, at);
    for (int i = 0; i < n; i++) {
        x[i] = urnc_f32_of_order(order[i]);
        id[i] = (int32_t)(row->first + urnc_row_id(row, at[i]));
    }
    urnc_shard_merge(&a->list, x, id, n, a->most);
    return 1;
}

typedef struct {
    const urn_shard_params *p;
    const urn_shard_message1 *all1;
    urn_shard_message1 *mine1;
    urn_shard_message2 *mine2;
} shard_call;

static void first_row(const void *argument, int64_t r) {
    const shard_call *call = argument;
    urn_shard_message1 *message = &call->mine1[r];
    urnc_shard_row row;
    urnc_shard_begin(call->p, r, &row);
    looked a = {row.listed ? URN_SHARD_K : 1, 0, -INFINITY, {0, {0}, {0}}};
    urnc_parts parts = {&row.plan, call->p->logits.dtype, call->p->first, 0};
    row.plan.acts = row.logits;
    if (row.status == URN_ROW_OK) row.status = urnc_over_parts(&parts, look, &a);
    int good = row.status == URN_ROW_OK;
    message->status = row.status;
    message->possible = good ? a.possible : 0;
    message->raw_max = good ? a.raw_max : -INFINITY;
    message->listed = good ? a.list.count : 0;
    for (int i = 0; i < URN_SHARD_K; i++) {
        int real = i < message->listed;
        message->x[i] = real ? a.list.x[i] : -INFINITY;
        message->id[i] = real ? a.list.id[i] : -1;
    }
}

void urnc_shard_first(const urn_shard_params *params, urn_shard_message1 *mine, int threads) {
    shard_call call = {params, 0, mine, 0};
    urnc_over_rows(params->logits.rows, params->logits.cols, threads, first_row, &call);
}

/* What an open part adds. */
typedef struct {
    const urnc_shard_row *row;
    urn_shard_message2 *message;
} added;

static int add_law(void *argument, urnc_row *row) {
    added *a = argument;
    const urn_shard_params *p = a->row->p;
    urn_shard_message2 *message = a->message;
    message->mass += row->Z;
    message->kept += (int32_t)urnc_row_count(row);
    if (p->entropy) message->entropy += urnc_entropy_sum(row);
    if (p->method != URN_DRAW_GUMBEL) return 1;
    urnc_best best = urnc_gumbel_best(row, &a->row->plan, 0);
    if (best.at < 0 || (message->id >= 0 && best.key <= message->gumbel)) return 1;
    message->gumbel = best.key;
    message->id = (int32_t)(row->first + urnc_row_id(row, best.at));
    message->x = urnc_view_at(&row->kept, best.at);
    return 1;
}

static int add_raw(void *argument, urnc_row *row) {
    added *a = argument;
    a->message->raw_mass += row->Z;
    return 1;
}

static void second_row(const void *argument, int64_t r) {
    const shard_call *call = argument;
    const urn_shard_params *p = call->p;
    urn_shard_message2 *message = &call->mine2[r];
    urnc_shard_row row;
    added a = {&row, message};
    memset(message, 0, sizeof *message);
    message->id = -1;
    urnc_shard_begin(p, r, &row);
    urnc_shard_gather(call->all1, &row);
    if (row.status != URN_ROW_OK) return;
    urnc_parts law = {&row.plan, p->logits.dtype, p->first, &row.M}, raw = law;
    raw.M = &row.raw_max;
    row.plan.acts = row.acts;
    if (!row.listed && !row.greedy) urnc_over_parts(&law, add_law, &a);
    row.plan.acts = 0;
    if (p->lse) urnc_over_parts(&raw, add_raw, &a);
}

void urnc_shard_second(const urn_shard_params *params, const urn_shard_message1 *all, urn_shard_message2 *mine,
                       int threads) {
    shard_call call = {params, all, 0, mine};
    urnc_over_rows(params->logits.rows, params->logits.cols, threads, second_row, &call);
}
