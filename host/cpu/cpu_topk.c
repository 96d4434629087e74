/* cpu_topk.c - the first k of each row (bits_topk.h T1).
 *
 * By value and by key a pass over the row collects what comes before the k-th found so far; one more than k is looked
 * for, because its key is the threshold. A row over several threads is one collector each, taken together at the end.
 */
#include <string.h>

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_step_rows.h"
#include "host/cpu/cpu_topk.h"
#include "host/cpu/cpu_weights.h"

#define LOOKED(k) ((int64_t)(k) + 1)
#define ROOM(k) (2 * LOOKED(k) + URNC_GROUP)
#define MOST_ROOM ROOM(URN_TOPK_K)

/* A row in flight: the collector's records, which also serve for sorting, and the picks. */
static size_t records_bytes(int32_t k) { return ((size_t)ROOM(k) * sizeof(urn_topk_record) + 63) / 64 * 64; }
static size_t extra_bytes(int32_t k) { return records_bytes(k) + (size_t)k * sizeof(urnc_pick); }

size_t urnc_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs) {
    return urnc_step_rows_workspace(rows, cols, needs, extra_bytes(k));
}

/* What one pass collects by. */
typedef struct {
    const urnc_view *view;
    const int32_t *top; /* by group: order of its largest; NULL: not known */
    int by_key, least_first;
    int32_t least; /* lower orders do not count */
    urnc_noise noise;
    urnc_collector all;
    int32_t nans;
} look;

/* By value: the key is the order, so that a group whose largest does not reach the bound is not read. */
static void collect_orders(const urnc_row *row, const look *a, int64_t g, urnc_collector *to, int32_t *nans) {
    int32_t order[URNC_GROUP], bound = to->bound.key > a->least ? (int32_t)to->bound.key : a->least;
    uint32_t words[URNC_WORDS];
    uint8_t place[URNC_GROUP];
    if (a->top && a->top[g] < bound) return;
    if (!row->loops->topk->orders(a->view, g, a->least_first, bound, order, words, nans)) return;
    int n = urnc_places(words, place);
    for (int i = 0; i < n; i++) urnc_collect(to, order[place[i]], g * URNC_GROUP + place[i]);
}

static int64_t exact_key(const urnc_row *row, float x, uint64_t U) {
    double y = (double)(x - row->scale.M) * (double)row->scale.c;
    return urnc_floor_i64(((y > -0x1p20 ? y : -0x1p20) + urnc_gumbel(U)) * 0x1p40);
}

static void collect_all_keys(const urnc_row *row, const look *a, int64_t g, urnc_collector *to) {
    int64_t key[URNC_GROUP];
    if (!row->loops->outputs->keys(a->view, row->scale, &a->noise, g, a->top, key)) return;
    for (int64_t i = 0; i < URNC_GROUP; i++)
        if (key[i] != INT64_MIN) urnc_collect(to, key[i], g * URNC_GROUP + i);
}

static void collect_keys(const urnc_row *row, const look *a, int64_t g, urnc_collector *to) {
    int64_t first = g * URNC_GROUP;
    uint64_t U[URNC_GROUP];
    uint32_t words[URNC_WORDS];
    uint8_t place[URNC_GROUP];
    if (row->scale.linear || to->bound.key == INT64_MIN) {
        collect_all_keys(row, a, g, to);
        return;
    }
    if (!row->loops->topk->near_keys(a->view, row->scale, &a->noise, g, a->top, to->bound.key, U, words)) return;
    int n = urnc_places(words, place);
    if (n > URNC_MANY_NEAR) {
        collect_all_keys(row, a, g, to);
        return;
    }
    for (int i = 0; i < n; i++) {
        int64_t at = first + place[i];
        urnc_collect(to, exact_key(row, urnc_view_at(a->view, at), U[place[i]]), at);
    }
}

static void collect(const urnc_row *row, const look *a, int64_t g0, int64_t g1, urnc_collector *to, int32_t *nans) {
    for (int64_t g = g0; g < g1; g++)
        if (a->by_key)
            collect_keys(row, a, g, to);
        else
            collect_orders(row, a, g, to, nans);
}

static void collect_pass(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    look *a = argument;
    int32_t nans = 0;
    (void)tally;
    if (row->team <= 1) {
        collect(row, a, g0, g1, &a->all, &a->nans);
        return;
    }
    urn_topk_record record[MOST_ROOM];
    urnc_collector own;
    urnc_collect_begin(&own, record, ROOM(a->all.k - 1), a->all.k);
    collect(row, a, g0, g1, &own, &nans);
#pragma omp critical(urnc_collect)
    {
        a->nans |= nans;
        for (int64_t i = 0; i < own.n; i++) urnc_collect(&a->all, own.record[i].key, own.record[i].id);
    }
}

/* The first k + 1 in order; how many there are. */
static int64_t look_for(const urnc_row *row, look *a, int32_t k, urn_topk_record *record) {
    urnc_collect_begin(&a->all, record, ROOM(k), LOOKED(k));
    urnc_over_groups(row, a->view, collect_pass, a);
    urnc_collect_settle(&a->all);
    urnc_records_sort(record, a->all.n, record + LOOKED(k), 1);
    return a->all.n;
}

/* What a plain row is read as: no steps, and no number is left out. */
static int plain_picks(const urn_topk_params *p, const urnc_row *row, int32_t k, urnc_picks *to) {
    look a = {.view = &row->raw, .least = INT32_MIN, .least_first = (p->flags & URN_TOPK_SMALLEST) != 0};
    if (row->raw.n < 1) return URN_ROW_EMPTY;
    int64_t n = look_for(row, &a, k, to->spare);
    if (a.nans && !(p->flags & URN_TOPK_NANS)) return URN_ROW_NAN;
    to->found = (int32_t)(n < k ? n : k);
    for (int32_t j = 0; j < to->found; j++) {
        int64_t at = to->spare[j].id, order = a.least_first ? -1 - to->spare[j].key : to->spare[j].key;
        urnc_pick pick = {order + (INT64_C(1) << 31), 0, (int32_t)at, urnc_view_at(&row->raw, at)};
        if (order == INT32_MAX) pick.x = urnc_f32_of_bits(URN_NAN_BITS);
        to->pick[j] = pick;
    }
    return URN_ROW_OK;
}

/* Of the epoch's law. A greedy row has one candidate, and its key is 0. */
static void law_picks(const urn_topk_params *p, urnc_row *row, int32_t k, urnc_picks *to) {
    const urnc_law *law = to->law;
    if (p->by == URN_TOPK_RACE && !row->greedy) {
        to->found = urnc_race(row, law, k, to->pick, &to->threshold);
        return;
    }
    look a = {.view = &row->kept, .top = row->kept_top, .by_key = p->by == URN_TOPK_GUMBEL, .least = URNC_ORDER_LEAST};
    int64_t n;
    if (row->greedy) {
        urn_topk_record only = {p->by == URN_TOPK_VALUE ? urnc_order(urnc_view_at(&row->kept, 0)) : 0, 0};
        to->spare[0] = only;
        n = 1;
    } else {
        if (a.by_key) a.noise = urnc_noise_of(row, row->plan, p->draw);
        n = look_for(row, &a, k, to->spare);
    }
    to->found = (int32_t)(n < k ? n : k);
    if (n > k) to->threshold = to->spare[k].key;
    for (int32_t j = 0; j < to->found; j++) {
        int64_t at = to->spare[j].id;
        float x = urnc_view_at(&row->kept, at);
        urnc_pick pick = {to->spare[j].key, 0, urnc_row_id(row, at), x};
        if (p->by == URN_TOPK_VALUE) pick.key += INT64_C(1) << 31;
        pick.w = row->greedy ? UINT64_C(1) << URN_F : urnc_weight_of(row->scale, x);
        to->pick[j] = pick;
    }
}

/* The row's k, -1 if it is out of range. */
static int32_t k_of(const urn_topk_params *p, const urnc_step_row *at) {
    if (p->offsets) return (int32_t)at->plan.draws;
    if (!p->k_of_row) return p->k;
    int32_t k = p->k_of_row[at->r];
    return k >= 0 && k <= p->k ? k : -1;
}

static void topk_row(const void *argument, urnc_step_row *at) {
    const urn_topk_params *p = argument;
    urnc_picks picks = {&at->plan, NULL, NULL, 0, INT64_MIN, at->extra};
    urnc_law law;
    int status = at->status;
    picks.pick = (urnc_pick *)((char *)at->extra + records_bytes(p->k));
    int32_t k = status == URN_ROW_OK ? k_of(p, at) : 0;
    if (k < 0) status = URN_ROW_PARAM;
    if (status == URN_ROW_OK && p->by == URN_TOPK_PLAIN) {
        status = plain_picks(p, &at->row, k, &picks);
    } else if (status == URN_ROW_OK) {
        status = urnc_row_run(&at->row, &at->plan);
        if (status == URN_ROW_OK) {
            law = urnc_law_of(&at->row);
            picks.law = &law;
            law_picks(p, &at->row, k, &picks);
        }
    }
    if (p->status) p->status[at->r] = status;
    if (status == URN_ROW_OK)
        urnc_topk_outputs(p, at->r, &picks);
    else
        urnc_topk_outputs_none(p, at->r, &at->plan, status);
}

void urnc_topk(const urn_topk_params *params, const urn_sample_params *rows, const urn_lists_view *lists,
               const urn_slots_view *state, void *workspace, size_t workspace_bytes, int threads) {
    urnc_over_step_rows(rows, lists, state, extra_bytes(params->k), workspace, workspace_bytes, threads, topk_row,
                        params);
}
