/* cpu_topk_beam.c - the beams of each group that go on (bits_topk.h T7). */
#include "host/cpu/cpu_calls_topk.h"
#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_parts.h"
#include "host/cpu/cpu_records.h"

#define ROOM (2 * URN_BEAM_WIDTH + 256)

static void put_beam(const urn_beam_select_params *p, int64_t g, int64_t to, const urn_topk_record *from) {
    int64_t at = from ? g * p->beams * p->k + from->id : -1;
    if (p->parent) p->parent[to] = from ? (int32_t)(from->id / p->k) : -1;
    if (p->next_ids) p->next_ids[to] = from ? p->ids[at] : -1;
    if (p->key) p->key[to] = from ? from->key : INT64_MIN;
    if (p->logprob) p->logprob[to] = from ? p->beam_logprob[at] : urnc_f64_of_bits(URN_NAN_BITS_F64);
}

static void select_group(const void *argument, int64_t g) {
    const urn_beam_select_params *p = argument;
    int64_t candidates = (int64_t)p->beams * p->k, first = g * candidates;
    urn_topk_record record[ROOM];
    urnc_collector all;
    urnc_collect_begin(&all, record, ROOM, p->width);
    for (int64_t i = 0; i < candidates; i++)
        if (p->ids[first + i] != -1) urnc_collect(&all, p->beam_keys[first + i], i);
    urnc_collect_settle(&all);
    urnc_records_sort(record, all.n, record + URN_BEAM_WIDTH, 1);
    for (int64_t i = 0; i < p->width; i++) put_beam(p, g, g * p->width + i, i < all.n ? &record[i] : NULL);
    if (p->found) p->found[g] = (int32_t)all.n;
}

void urnc_beam_select(const urn_beam_select_params *params, int threads) {
    urnc_over_rows(params->groups, (int64_t)params->beams * params->k, threads, select_group, params);
}
