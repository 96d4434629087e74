/* cpu_outputs.c - what a row gives besides its ids (bits.h section 6); what is not asked for is not computed. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_row.h"

/* The law of the raw logits: T = 1, nothing masked. */
typedef struct {
    urnc_scale scale;
    double L;
} raw_law;

static int32_t largest(const urnc_row *row) {
    int32_t order = row->raw_top[0];
    for (int64_t g = 1; g < urnc_groups(&row->raw); g++) order = row->raw_top[g] > order ? row->raw_top[g] : order;
    return order;
}

/* One more pass over the row, unless K is all of it and T is 1. */
static raw_law find_raw_law(urnc_row *row) {
    raw_law law;
    uint64_t Z = row->Z;
    law.scale.M = urnc_f32_of_order(largest(row));
    law.scale.c = URN_LOG2E / 1.0f;
    law.scale.linear = 0;
    int same = !row->greedy && row->kept.data == row->raw.data && !row->kept.bits && row->scale.c == law.scale.c;
    if (!same) Z = urnc_weigh_view(row, &row->raw, law.scale, row->sums).sum;
    law.L = urnc_log2_mass(Z);
    return law;
}

typedef struct {
    int32_t order;
    int64_t id;
} rank_argument;

static void rank(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    const rank_argument *a = argument;
    row->loops->rank(&row->raw, a->order, a->id, g0, g1, row->raw_top, tally);
}

static int32_t rank_of(const urnc_row *row, float x, int64_t id) {
    rank_argument a = {urnc_order(x), id};
    return (int32_t)urnc_over_groups(row, &row->raw, rank, &a).count;
}

static void sum_entropy(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    (void)argument;
    row->loops->entropy(&row->kept, row->scale, g0, g1, tally);
}

static float entropy(const urnc_row *row) {
    if (row->greedy) return 0.0f;
    uint64_t E = urnc_over_groups(row, &row->kept, sum_entropy, 0).sum;
    return urnc_entropy(E, row->Z, urnc_log2_mass(row->Z));
}

static void count_possible(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    (void)argument;
    row->loops->keep_order(&row->kept, row->scale, urnc_by_value, URNC_ORDER_LEAST, g0, g1, row->kept_top, row->bits,
                           tally);
}

static int32_t kept_count(const urnc_row *row) {
    if (row->count >= 0) return (int32_t)row->count;
    return (int32_t)urnc_over_groups(row, &row->kept, count_possible, 0).count;
}

void urnc_outputs_drawn(urnc_row *row, const urnc_plan *plan, const urn_sample_params *p, int64_t r) {
    int64_t first = r * p->draws;
    int drawn = p->ids || p->logprob || p->logprob_raw || p->rank, raw = p->logprob_raw || p->lse;
    double L = 0;
    raw_law law = {{0, 0, 0}, 0};

    if (!row->greedy) urnc_epoch_weigh(row);
    if (drawn) urnc_draw_begin(row);
    if (p->logprob && !row->greedy) L = urnc_log2_mass(row->Z);
    for (int32_t j = 0; drawn && j < p->draws; j++) {
        int64_t i = urnc_draw(row, plan->key, plan->position, (uint32_t)j);
        int32_t id = urnc_row_id(row, i);
        if (p->ids) p->ids[first + j] = id;
        float x = urnc_view_at(&row->kept, i);
        if (p->logprob) p->logprob[first + j] = row->greedy ? 0.0f : urnc_logprob(x, row->scale.M, row->scale.c, L);
        if (p->rank) p->rank[first + j] = rank_of(row, x, id);
        if (p->logprob_raw) p->logprob_raw[first + j] = x; /* its logit, until the raw law is known */
    }
    if (p->entropy) p->entropy[r] = entropy(row);
    if (p->kept_count) p->kept_count[r] = kept_count(row);
    if (p->kept_logmass) {
        urnc_epoch_close(row);
        p->kept_logmass[r] = urnc_nats(row->A);
    }
    /* last, because it takes the place of K's sums */
    if (raw) law = find_raw_law(row);
    for (int32_t j = 0; p->logprob_raw && j < p->draws; j++)
        p->logprob_raw[first + j] = urnc_logprob(p->logprob_raw[first + j], law.scale.M, law.scale.c, law.L);
    if (p->lse) p->lse[r] = urnc_lse(law.scale.M, law.L);
}

void urnc_outputs_none(const urn_sample_params *p, int64_t r) {
    float nan = urnc_f32_of_bits(URN_NAN_BITS);
    for (int64_t j = r * p->draws; j < (r + 1) * p->draws; j++) {
        if (p->ids) p->ids[j] = -1;
        if (p->rank) p->rank[j] = -1;
        if (p->logprob) p->logprob[j] = nan;
        if (p->logprob_raw) p->logprob_raw[j] = nan;
    }
    if (p->kept_count) p->kept_count[r] = 0;
    if (p->lse) p->lse[r] = nan;
    if (p->entropy) p->entropy[r] = nan;
    if (p->kept_logmass) p->kept_logmass[r] = nan;
}
