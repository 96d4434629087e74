/* cpu_gumbel.c - the draw by keys: log weight plus noise that belongs to the id (bits.h section 4). */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_outputs.h"

typedef struct {
    urnc_noise noise;
    urnc_best best;
} gumbel_argument;

static void take_if_first(urnc_best *best, int64_t key, int64_t at) {
    if (best->at >= 0 && (key < best->key || (key == best->key && at > best->at))) return;
    best->key = key;
    best->at = at;
}

static void find_best(const urnc_row *row, void *argument, int64_t g0, int64_t g1, urnc_tally *tally) {
    gumbel_argument *a = argument;
    urnc_best own = {0, -1};
    (void)tally;
    row->loops->outputs->gumbel(&row->kept, row->scale, &a->noise, g0, g1, row->kept_top, &own);
    if (own.at < 0) return;
#pragma omp critical(urnc_best)
    take_if_first(&a->best, own.key, own.at);
}

urnc_noise urnc_noise_of(const urnc_row *row, const urnc_plan *plan, uint32_t j) {
    urnc_noise noise = {plan->key, j, plan->position, urnc_f32_of_order(urnc_least_heavy(row)), row->first, row->id};
    return noise;
}

urnc_best urnc_gumbel_best(const urnc_row *row, const urnc_plan *plan, uint32_t j) {
    gumbel_argument a = {urnc_noise_of(row, plan, j), {0, -1}};
    urnc_over_groups(row, &row->kept, find_best, &a);
    return a.best;
}

int64_t urnc_draw_gumbel(const urnc_row *row, const urnc_plan *plan, uint32_t j) {
    return row->greedy ? 0 : urnc_gumbel_best(row, plan, j).at;
}
