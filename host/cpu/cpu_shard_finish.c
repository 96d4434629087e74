/* cpu_shard_finish.c - the third round: what all shards said, as the whole row would have it (bits.h section 12). */
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_shard.h"
#include "host/cpu/cpu_wide.h"

typedef struct {
    const urn_shard_params *p;
    const urn_shard_message1 *all1;
    const urn_shard_message2 *all2;
} finish_call;

typedef struct {
    int32_t id, kept;
    float logprob, lse, entropy;
} results;

static void put(const urn_shard_params *p, int64_t r, const results *found, int32_t status) {
    if (p->ids) p->ids[r] = found->id;
    if (p->logprob) p->logprob[r] = found->logprob;
    if (p->lse) p->lse[r] = found->lse;
    if (p->entropy) p->entropy[r] = found->entropy;
    if (p->kept_count) p->kept_count[r] = found->kept;
    if (p->status) p->status[r] = status;
}

static urnc_shard_list gather_lists(const finish_call *call, int64_t r, int32_t most) {
    urnc_shard_list list = {0, {0}, {0}};
    for (int32_t s = 0; s < call->p->shards; s++) {
        const urn_shard_message1 *message = &call->all1[s * call->p->logits.rows + r];
        urnc_shard_merge(&list, message->x, message->id, message->listed, most);
    }
    return list;
}

/* The row engine takes elements in id order. */
static void sort_by_id(urnc_shard_list *list) {
    for (int32_t i = 1; i < list->count; i++) {
        int32_t id = list->id[i], j = i;
        float x = list->x[i];
        for (; j > 0 && list->id[j - 1] > id; j--) {
            list->id[j] = list->id[j - 1];
            list->x[j] = list->x[j - 1];
        }
        list->id[j] = id;
        list->x[j] = x;
    }
}

/* From the top-k on, all of K that matters is in the lists: a short row goes on where the slices stopped. */
static void finish_listed(const finish_call *call, urnc_shard_row *row, results *found) {
    const urn_shard_params *p = call->p;
    urnc_shard_list list = gather_lists(call, row->r, URN_SHARD_K);
    urnc_plan plan = row->plan;
    uint64_t scratch[URNC_PART_BYTES / 8];
    urnc_row k;
    sort_by_id(&list);
    plan.data = list.x;
    plan.n = list.count;
    plan.acts = row->acts - row->logits;
    memmove(plan.act, plan.act + row->logits, sizeof *plan.act * (size_t)plan.acts);
    urnc_row_begin(&k, &plan, URN_F32, scratch, 1);
    k.id = list.id;
    k.T = row->T;
    urnc_row_run(&k, &plan); /* no step of these has a status */
    urnc_law law = urnc_law_of(&k);
    urnc_draw_begin(&k);
    int64_t at =
        p->method == URN_DRAW_GUMBEL ? urnc_draw_gumbel(&k, &plan, 0) : urnc_draw(&k, plan.key, plan.position, 0);
    found->id = urnc_row_id(&k, at);
    found->logprob = urnc_law_logprob(&law, urnc_view_at(&k.kept, at));
    found->entropy = k.greedy ? 0.0f : urnc_entropy(urnc_entropy_sum(&k), law.Z, law.L);
    found->kept = (int32_t)urnc_row_count(&k);
}

static void finish_greedy(const finish_call *call, const urnc_shard_row *row, results *found) {
    urnc_shard_list list = gather_lists(call, row->r, 1);
    found->id = list.id[0];
    found->logprob = found->entropy = 0.0f;
    found->kept = 1;
}

/* An id that lies `left` above the beginning of the slice, in weights. */
typedef struct {
    uint64_t left;
    int32_t id;
    float x;
} searched;

static int search(void *argument, urnc_row *row) {
    searched *a = argument;
    if (a->left >= row->Z) {
        a->left -= row->Z;
        return 1;
    }
    urnc_draw_begin(row);
    int64_t at = urnc_draw_at(row, a->left);
    a->id = (int32_t)(row->first + urnc_row_id(row, at));
    a->x = urnc_view_at(&row->kept, at);
    return 0;
}

static searched find_drawn(const finish_call *call, urnc_shard_row *row, uint64_t Z, uint64_t before, uint64_t mine) {
    uint64_t U = urnc_block_u64(urnc_row_block(row->plan.key, 0, 0, row->plan.position, URN_STREAM_DRAW));
    uint64_t r = (uint64_t)((urnc_u128)U * Z >> 64);
    searched found = {r - before, -1, 0.0f};
    if (r < before || r - before >= mine) return found;
    urnc_parts parts = {&row->plan, call->p->logits.dtype, call->p->first, &row->M};
    row->plan.acts = row->acts;
    urnc_over_parts(&parts, search, &found);
    return found;
}

static void finish_summed(const finish_call *call, urnc_shard_row *row, results *found) {
    const urn_shard_params *p = call->p;
    uint64_t Z = 0, E = 0, before = 0, mine = 0;
    int64_t key = 0;
    searched drawn = {0, -1, 0.0f};
    found->kept = 0;
    for (int32_t s = 0; s < p->shards; s++) {
        const urn_shard_message2 *message = &call->all2[s * p->logits.rows + row->r];
        if (s == p->shard) before = Z, mine = message->mass;
        Z += message->mass;
        E += message->entropy;
        found->kept += message->kept;
        if (message->id < 0 || (drawn.id >= 0 && message->gumbel <= key)) continue;
        key = message->gumbel;
        drawn.id = message->id;
        drawn.x = message->x;
    }
    double L = urnc_log2_mass(Z);
    if (p->method != URN_DRAW_GUMBEL && (p->ids || p->logprob)) drawn = find_drawn(call, row, Z, before, mine);
    found->id = drawn.id;
    if (drawn.id >= 0) found->logprob = urnc_logprob(drawn.x, row->M, URN_LOG2E / row->T, L);
    found->entropy = urnc_entropy(E, Z, L);
}

static float finish_lse(const finish_call *call, const urnc_shard_row *row) {
    uint64_t Z = 0;
    for (int32_t s = 0; s < call->p->shards; s++) Z += call->all2[s * call->p->logits.rows + row->r].raw_mass;
    return urnc_lse(row->raw_max, urnc_log2_mass(Z));
}

static void finish_row(const void *argument, int64_t r) {
    const finish_call *call = argument;
    float nan = urnc_f32_of_bits(URN_NAN_BITS);
    results found = {-1, 0, nan, nan, nan};
    urnc_shard_row row;
    urnc_shard_begin(call->p, r, &row);
    urnc_shard_gather(call->all1, &row);
    if (row.status == URN_ROW_OK) {
        if (row.listed)
            finish_listed(call, &row, &found);
        else if (row.greedy)
            finish_greedy(call, &row, &found);
        else
            finish_summed(call, &row, &found);
        if (call->p->lse) found.lse = finish_lse(call, &row);
    }
    put(call->p, r, &found, row.status);
}

void urnc_shard_finish(const urn_shard_params *params, const urn_shard_message1 *all1, const urn_shard_message2 *all2,
                       int threads) {
    finish_call call = {params, all1, all2};
    urnc_over_rows(params->logits.rows, params->logits.cols, threads, finish_row, &call);
}
