/* cpu_topk_long.c - the first k of a long row, chunk by chunk (bits_topk.h T4, T5). A state holds one record more than
 * k, whose key is the threshold. */
#include "host/cpu/cpu_topk_long.h"

#include <string.h>

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_philox.h"

static urn_topk_state *state_of(const urn_topk_long_params *p) { return p->state; }
static urn_topk_record *records_of(urn_topk_state *state) { return (urn_topk_record *)(state + 1); }

static int is_state(const urn_topk_state *state, int64_t k) {
    return state->mark == URN_TOPK_STATE_MARK && state->k == k && state->held >= 0 && state->held <= k + 1;
}

/* A collector with room, and slices for as many threads as a call may have. */
size_t urnc_topk_long_workspace(int64_t k, int64_t n) {
    int64_t slices = n / URNC_SLICE + 2, teams = slices < URNC_MAX_TEAM ? slices : URNC_MAX_TEAM;
    return (size_t)(urnc_long_room(k + 1) + teams * URNC_SLICE) * sizeof(urn_topk_record);
}

void urnc_topk_long_begin(const urn_topk_long_params *p) {
    urn_topk_state *state = state_of(p);
    memset(state, 0, sizeof *state);
    state->mark = URN_TOPK_STATE_MARK;
    state->k = p->k;
}

/* The state's records go into a collector in the workspace, and come back. */
static urnc_collector take_out(urn_topk_state *state, int64_t k, urn_topk_record *room) {
    urnc_collector all;
    urnc_collect_begin(&all, room, urnc_long_room(k + 1), k + 1);
    memcpy(room, records_of(state), (size_t)state->held * sizeof *room);
    all.n = state->held;
    urnc_collect_settle(&all);
    return all;
}

static void put_back(urn_topk_state *state, urnc_collector *all) {
    urnc_collect_settle(all);
    memcpy(records_of(state), all->record, (size_t)all->n * sizeof *all->record);
    state->held = all->n;
}

void urnc_topk_long_push(const urn_topk_long_params *p, const void *values, int32_t type, int64_t n, int64_t first,
                         void *workspace, int threads) {
    urn_topk_state *state = state_of(p);
    if (!is_state(state, p->k) || n < 1) return;
    urnc_fpenv saved;
    urnc_fpenv_enter(&saved);
    urn_topk_record *room = workspace;
    urnc_collector all = take_out(state, p->k, room);
    urnc_items items = {values, type, n, first};
    urnc_item_rule rule = {p->by == URN_TOPK_VALUE, URN_LOG2E_F64 / (double)p->temperature,
                           urnc_row_key(p->seed, p->label), p->position};
    urnc_item_tally tally = {0, 0};
    if (threads > URNC_MAX_TEAM) threads = URNC_MAX_TEAM;
    urnc_collect_items(&items, &rule, &all, room + urnc_long_room(p->k + 1), threads, &tally);
    put_back(state, &all);
    state->possible += tally.possible;
    state->items += n;
    state->status |= tally.status;
    urnc_fpenv_leave(&saved);
}

void urnc_topk_long_merge(const urn_topk_long_params *p, const void *other, void *workspace) {
    urn_topk_state *state = state_of(p);
    const urn_topk_state *from = other;
    if (!is_state(state, p->k)) return;
    if (!is_state(from, p->k)) {
        state->status |= URN_ROW_PARAM;
        return;
    }
    const urn_topk_record *record = (const urn_topk_record *)(from + 1);
    urnc_collector all = take_out(state, p->k, workspace);
    for (int64_t i = 0; i < from->held; i++) urnc_collect(&all, record[i].key, record[i].id);
    put_back(state, &all);
    state->possible += from->possible;
    state->items += from->items;
    state->status |= from->status;
}

void urnc_topk_long_finish(const urn_topk_long_params *p, const urn_topk_long_results *results, void *workspace,
                           int threads) {
    urn_topk_state *state = state_of(p);
    urn_topk_record *room = workspace;
    urnc_long_places to = {
        results->ids, results->keys, results->found, results->threshold, p->k, 0, (p->flags & URN_TOPK_BY_ID) != 0};
    int good = is_state(state, p->k);
    int status = !good ? URN_ROW_PARAM : state->status ? state->status : state->held ? URN_ROW_OK : URN_ROW_EMPTY;
    int64_t n = status == URN_ROW_OK ? state->held : 0;
    memcpy(room, records_of(state), (size_t)n * sizeof *room);
    urnc_long_results(&to, p->k, room, n, room + p->k + 1, threads < URNC_MAX_TEAM ? threads : URNC_MAX_TEAM);
    if (results->status) *results->status = status;
}
