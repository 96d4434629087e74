/* cpu_reject.c - weighted rejection (bits.h section 13): walks in the order of Gumbel keys, and trials.
 *
 * Each pass goes over the row in parts; a whole walk is four: the largest, the sum, the first that is accepted, what
 * comes before and after it. */
#include <math.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_outputs.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_weights.h"
#include "host/cpu/cpu_wide.h"

#define MOST_PARTS (URN_MAX_COLS / URNC_PART)

/* A row's law, and the sums by part that trials search. */
typedef struct {
    urnc_plan plan;
    urnc_parts parts;
    float M;
    uint64_t Z;
    int64_t n;                   /* parts */
    uint64_t before[MOST_PARTS]; /* sum of weights up to the end of each */
} law;

static int find_largest(void *argument, urnc_row *row) {
    float x = urnc_f32_of_order(row->top), *M = argument;
    if (x > *M) *M = x;
    return 1;
}

static int add_up(void *argument, urnc_row *row) {
    law *a = argument;
    a->Z += row->Z;
    a->before[a->n++] = a->Z;
    return 1;
}

static int find_law(const urn_reject_params *p, int64_t r, law *a) {
    urnc_labels labels = {p->seed, p->label, p->position, p->seed_value, p->position_value};
    int status = urnc_special_plan(&p->logits, &labels, 0, 0, r, &a->plan);
    urnc_parts parts = {&a->plan, p->logits.dtype, 0, 0};
    a->parts = parts;
    a->M = -INFINITY;
    a->Z = 0;
    a->n = 0;
    if (status == URN_ROW_OK) status = urnc_over_parts(&a->parts, find_largest, &a->M);
    if (status == URN_ROW_OK && a->M == -INFINITY) status = URN_ROW_EMPTY;
    if (status != URN_ROW_OK) return status;
    a->parts.M = &a->M;
    return urnc_over_parts(&a->parts, add_up, a);
}

/* An id on the walk. */
typedef struct {
    int64_t key;
    int32_t id; /* -1: none */
    uint64_t w;
} place;

static int comes_before(const place *a, const place *b) {
    return a->key > b->key || (a->key == b->key && a->id < b->id);
}

/* The first `room` places after `bound`, and what comes before it. */
typedef struct {
    const urnc_plan *plan;
    const place *bound;
    int room, count;
    place next[URN_REJECT_ROUND];
    uint64_t mass_before;
    int32_t before;
} walk;

static void insert(walk *a, place found) {
    int i = a->count < a->room ? a->count++ : a->room - 1;
    for (; i > 0 && comes_before(&found, &a->next[i - 1]); i--) a->next[i] = a->next[i - 1];
    a->next[i] = found;
}

static void look_at(walk *a, place found) {
    int last = a->count == a->room;
    if (a->bound->id >= 0 && !comes_before(a->bound, &found)) {
        if (found.id == a->bound->id) return;
        a->before++;
        a->mass_before += found.w;
    } else if (!last || comes_before(&found, &a->next[a->room - 1])) {
        insert(a, found);
    }
}

static int walk_part(void *argument, urnc_row *row) {
    walk *a = argument;
    int64_t key[URNC_GROUP];
    uint64_t weight[URNC_GROUP];
    urnc_noise noise = urnc_noise_of(row, a->plan, 0);
    for (int64_t g = 0; g < urnc_groups(&row->kept); g++) {
        if (!row->loops->outputs->keys(&row->kept, row->scale, &noise, g, row->kept_top, key)) continue;
        row->loops->weights(&row->kept, row->scale, g, weight);
        for (int64_t i = 0; i < URNC_GROUP; i++) {
            int64_t at = g * URNC_GROUP + i;
            if (key[i] == INT64_MIN) continue;
            place found = {key[i], (int32_t)(row->first + urnc_row_id(row, at)), weight[i]};
            look_at(a, found);
        }
    }
    return 1;
}

static walk walk_from(const law *a, const place *bound, int room) {
    walk found = {&a->plan, bound, room, 0, {{0, -1, 0}}, 0, 0};
    urnc_over_parts(&a->parts, walk_part, &found);
    return found;
}

static int find_accepted(void *argument, urnc_row *row) {
    place *best = argument;
    urnc_best found = urnc_gumbel_best(row, row->plan, 0);
    if (found.at < 0 || (best->id >= 0 && found.key <= best->key)) return 1;
    best->key = found.key;
    best->id = (int32_t)(row->first + urnc_row_id(row, found.at));
    best->w = urnc_weight_of(row->scale, urnc_view_at(&row->kept, found.at));
    return 1;
}

typedef struct {
    int32_t id, tried, status;
    uint64_t q, of; /* the weight is q / of; 0: no id */
} answer;

static int is_accepted(const uint32_t *accepted, int32_t id) { return (int)(accepted[id / 32] >> (id % 32) & 1); }

/* What is accepted is a mask on the row. */
static answer recursive(law *a, const uint32_t *accepted) {
    place x = {0, -1, 0};
    a->plan.acts = 1;
    a->plan.act[0].op = URN_OP_MASK;
    a->plan.act[0].table = accepted;
    urnc_over_parts(&a->parts, find_accepted, &x);
    a->plan.acts = 0;
    place end = {INT64_MIN, INT32_MAX, 0};
    walk found = walk_from(a, x.id < 0 ? &end : &x, 1);
    answer none = {-1, found.before, URN_ROW_EMPTY, 0, a->Z};
    if (x.id < 0) return none;
    answer some = {x.id, found.before + 1 + found.count, URN_ROW_OK, a->Z - found.mass_before, a->Z};
    if (found.count && !is_accepted(accepted, found.next[0].id)) some.q = x.w;
    return some;
}

/* Trials hop over the parts; the one that was last in the cache stays there. */
typedef struct {
    const law *law;
    urnc_part_room room;
    urnc_row row;
    int64_t part; /* -1: none */
} trials;

static int32_t draw_trial(trials *t, uint32_t j) {
    const law *a = t->law;
    uint64_t U = urnc_block_u64(urnc_row_block(a->plan.key, 0, j, a->plan.position, URN_STREAM_DRAW));
    uint64_t r = (uint64_t)((urnc_u128)U * a->Z >> 64);
    int64_t low = 0, high = a->n - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (a->before[middle] > r)
            high = middle;
        else
            low = middle + 1;
    }
    if (low != t->part) {
        urnc_part_run(&a->parts, low * URNC_PART, &t->room, &t->row);
        urnc_draw_begin(&t->row);
        t->part = low;
    }
    return (int32_t)(t->row.first + urnc_draw_at(&t->row, r - (low ? a->before[low - 1] : 0)));
}

static answer geometric(const law *a, const urn_reject_params *p, const uint32_t *accepted) {
    trials t;
    answer found = {-1, 0, URN_ROW_OK, 0, 0};
    int32_t in = 0, out = 0;
    t.law = a;
    t.part = -1;
    while (in < p->accepts && out < p->rejects) {
        int32_t id = draw_trial(&t, (uint32_t)(in + out));
        int good = is_accepted(accepted, id);
        if (good && found.id < 0) found.id = id;
        in += good;
        out += !good;
    }
    found.tried = in + out;
    found.q = (uint64_t)(in < p->accepts - 1 ? in : p->accepts - 1);
    found.of = (uint64_t)(in + out - 1);
    return found;
}

static float log_weight(uint64_t q, uint64_t of) { return (float)((urnc_log2(q) - urnc_log2(of)) * URN_LN2); }

static void reject_row(const void *argument, int64_t r) {
    const urn_reject_params *p = argument;
    law a;
    answer found = {-1, 0, find_law(p, r, &a), 0, 0};
    const uint32_t *accepted = p->accepted + r * p->accepted_stride;
    float weight = urnc_f32_of_bits(URN_NAN_BITS);
    if (found.status == URN_ROW_OK) {
        found = p->estimator == URN_ESTIMATOR_RECURSIVE ? recursive(&a, accepted) : geometric(&a, p, accepted);
        weight = found.id >= 0 ? log_weight(found.q, found.of) : -INFINITY;
    }
    if (p->ids) p->ids[r] = found.id;
    if (p->log_weight) p->log_weight[r] = weight;
    if (p->tried) p->tried[r] = found.tried;
    if (p->status) p->status[r] = found.status;
}

void urnc_reject(const urn_reject_params *params, int threads) {
    urnc_over_rows(params->logits.rows, params->logits.cols, threads, reject_row, params);
}

static void give_places(const law *a, urn_reject_round *round) {
    place bound = {round->key, round->id, 0};
    walk found = walk_from(a, &bound, URN_REJECT_ROUND);
    round->count = found.count;
    for (int i = 0; i < found.count; i++) {
        round->ids[i] = round->id = found.next[i].id;
        round->weight[i] = found.next[i].w;
        round->key = found.next[i].key;
    }
}

static void give_trials(const law *a, urn_reject_round *round) {
    trials t;
    t.law = a;
    t.part = -1;
    round->count = URN_REJECT_ROUND;
    for (int i = 0; i < URN_REJECT_ROUND; i++) round->ids[i] = draw_trial(&t, (uint32_t)(round->next + i));
}

typedef struct {
    const urn_reject_params *params;
    urn_reject_round *rounds;
} round_call;

static void round_row(const void *argument, int64_t r) {
    const round_call *call = argument;
    urn_reject_round *round = &call->rounds[r];
    law a;
    if (round->next == URN_REJECT_LOG) round->log_weight = log_weight(round->weight[0], round->mass);
    if (round->next < 0) return;
    round->status = find_law(call->params, r, &a);
    round->mass = round->status ? 0 : a.Z;
    round->count = 0;
    for (int i = 0; i < URN_REJECT_ROUND; i++) {
        round->weight[i] = 0;
        round->ids[i] = -1;
    }
    if (round->status) return;
    if (call->params->estimator == URN_ESTIMATOR_RECURSIVE)
        give_places(&a, round);
    else
        give_trials(&a, round);
}

void urnc_reject_round(const urn_reject_params *params, urn_reject_round *rounds, int threads) {
    round_call call = {params, rounds};
    urnc_over_rows(params->logits.rows, params->logits.cols, threads, round_row, &call);
}
