/* cpu_topk_segments.c - the first k of each of many segments (bits_topk.h T6): segments over threads, or few long ones
 * each over all of them. */
#include "host/cpu/cpu_topk_long.h"

#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_fpenv.h"
#include "host/cpu/cpu_philox.h"

#if defined(_OPENMP)
#include <omp.h>
#define URNC_THREAD omp_get_thread_num()
#else
#define URNC_THREAD 0
#endif

#define MANY_ITEMS 262144         /* a shorter segment is not shared out over threads */
#define SHARED (INT64_C(4) << 20) /* bytes of a share that every thread may have at once */

/* A collector and a slice. */
static int64_t share_records(int64_t k) { return urnc_long_room(k + 1) + URNC_SLICE; }

size_t urnc_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    int64_t share = share_records(k) * (int64_t)sizeof(urn_topk_record);
    int64_t each = share < SHARED ? share : SHARED, teams = segments < URNC_MAX_TEAM ? segments : URNC_MAX_TEAM;
    int64_t slices = longest < MANY_ITEMS ? 0 : (int64_t)URNC_MAX_TEAM * URNC_SLICE * (int64_t)sizeof(urn_topk_record);
    (void)out;
    return (size_t)((share > teams * each ? share : teams * each) + slices);
}

/* The row's part of an array that its offsets lay out; 0 if they are wrong. */
static int part(const int64_t *offsets, int64_t s, int64_t size, int64_t most, int64_t *first, int64_t *n) {
    *first = 0, *n = 0;
    if (offsets[s] < 0 || offsets[s + 1] < offsets[s] || offsets[s + 1] > size) return 0;
    if (offsets[s + 1] - offsets[s] > most) return 0;
    *first = offsets[s], *n = offsets[s + 1] - offsets[s];
    return 1;
}

/* A segment before its items are read. */
typedef struct {
    urnc_items items;
    urnc_item_rule rule;
    urnc_long_places to;
    int64_t k;
} segment;

static int plan_segment(const urn_topk_segments_params *p, int64_t s, segment *a) {
    int64_t from = 0, n = 0, place = s * p->k, room = p->k;
    int good = 1;
    if (p->out_offsets) good = part(p->out_offsets, s, p->out_size, p->k, &place, &room);
    good &= part(p->offsets, s, p->size, p->longest, &from, &n);
    const urnc_long_places to = {p->ids ? p->ids + place : NULL,
                                 p->keys ? p->keys + place : NULL,
                                 p->found ? p->found + s : NULL,
                                 p->threshold ? p->threshold + s : NULL,
                                 room,
                                 p->flags & URN_TOPK_LOCAL ? 0 : from,
                                 (p->flags & URN_TOPK_BY_ID) != 0};
    int64_t k = p->k_of_segment ? p->k_of_segment[s] : room;
    float t = p->temperature ? p->temperature[s] : p->temperature_value;
    a->to = to;
    a->k = k;
    if (!good) return URN_ROW_INDEX;
    if (k < 0 || k > room) return URN_ROW_PARAM;
    if (p->by == URN_TOPK_GUMBEL && !(t > 0.0f && t < INFINITY)) return URN_ROW_PARAM;
    const char *values = p->values;
    urnc_items items = {values ? values + from * (p->type == URN_ITEM_F64 ? 8 : 4) : NULL, p->type, n, 0};
    urnc_item_rule rule = {p->by == URN_TOPK_VALUE, URN_LOG2E_F64 / (double)t,
                           urnc_row_key(p->seed ? p->seed[s] : p->seed_value, p->label ? p->label[s] : (uint64_t)s),
                           p->position_value};
    a->items = items;
    a->rule = rule;
    return URN_ROW_OK;
}

static void take_segment(const urn_topk_segments_params *p, int64_t s, urn_topk_record *share, urn_topk_record *slices,
                         int threads) {
    segment a;
    urnc_item_tally tally = {0, 0};
    urnc_collector all;
    int status = plan_segment(p, s, &a);
    urnc_collect_begin(&all, share, status ? 1 : urnc_long_room(a.k + 1), status ? 0 : a.k + 1);
    if (status == URN_ROW_OK) {
        urnc_collect_items(&a.items, &a.rule, &all, slices ? slices : share + urnc_long_room(p->k + 1), threads,
                           &tally);
        status = tally.status ? tally.status : tally.possible ? URN_ROW_OK : URN_ROW_EMPTY;
        urnc_collect_settle(&all);
    }
    int64_t n = status == URN_ROW_OK ? all.n : 0;
    urnc_long_results(&a.to, status == URN_ROW_OK ? a.k : 0, share, n, share + n, threads);
    if (p->status) p->status[s] = status;
}

void urnc_topk_segments(const urn_topk_segments_params *p, void *workspace, size_t workspace_bytes, int threads) {
    int64_t share = share_records(p->k), team = threads < URNC_MAX_TEAM ? threads : URNC_MAX_TEAM;
    int64_t shares = (int64_t)(workspace_bytes / ((size_t)share * sizeof(urn_topk_record)));
    urn_topk_record *room = workspace;
    if (p->segments < team && p->longest >= MANY_ITEMS) {
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
        for (int64_t s = 0; s < p->segments; s++) take_segment(p, s, room, room + share, (int)team);
        urnc_fpenv_leave(&saved);
        return;
    }
    int64_t lanes = team < p->segments ? team : p->segments;
    if (lanes > shares) lanes = shares;
    if (p->size < MANY_ITEMS / 8) lanes = 1;
#pragma omp parallel num_threads((int)lanes) if (lanes > 1)
    {
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
#pragma omp for schedule(dynamic, 1)
        for (int64_t s = 0; s < p->segments; s++) take_segment(p, s, room + share * (int64_t)URNC_THREAD, NULL, 1);
        urnc_fpenv_leave(&saved);
    }
}
