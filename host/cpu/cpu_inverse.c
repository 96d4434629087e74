/* cpu_inverse.c - points of a law on a grid, linear inside a bin (bits_resample.h section 5). */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"

typedef struct {
    const urn_inverse_params *p;
    const urnc_particles *row;
    int64_t r;
    const float *edges;
    uint64_t key, shift; /* shift: systematic's one uniform */
    uint32_t position;
} grid;

static uint64_t uniform_of(const grid *g, int64_t m) {
    return urnc_block_u64(urnc_row_block(g->key, (uint32_t)m, 3, g->position, URN_STREAM_RESAMPLE));
}

/* Strata and midpoints: m and a half or a uniform, over M. */
static uint64_t code_of(const grid *g, int64_t m) {
    const urn_inverse_params *p = g->p;
    urnc_u128 M = (uint64_t)p->outputs, at = (urnc_u128)(uint64_t)m << 64;
    if (p->codes) return p->codes[g->r * p->outputs + m];
    switch (p->points) {
    case URN_INVERSE_STRATIFIED:
        return (uint64_t)((at + uniform_of(g, m)) / M);
    case URN_INVERSE_SYSTEMATIC:
        return (uint64_t)((at + g->shift) / M);
    case URN_INVERSE_MIDPOINTS:
        return (uint64_t)((at + (UINT64_C(1) << 63)) / M);
    default:
        return uniform_of(g, m);
    }
}

static void point_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const grid *g = argument;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int64_t at = g->r * g->p->outputs + m;
        urnc_u128 mass = (urnc_u128)code_of(g, m) * (uint64_t)g->row->T;
        int64_t i = urnc_first_above(g->row, mass >> 64);
        if (g->p->bins) g->p->bins[at] = (int32_t)i;
        if (!g->p->values) continue;
        uint64_t rest = (uint64_t)((mass - (urnc_sum_before(g->row, i) << 64)) / urnc_weight_at(g->row, i));
        double y = (double)(rest >> 11) * 0x1p-53, left = (double)g->edges[i], right = (double)g->edges[i + 1];
        float v = (float)fma(y, right - left, left);
        g->p->values[at] = isnan(v) ? urnc_f32_of_bits(URN_NAN_BITS) : v;
    }
}

static void run_row(const void *argument, int64_t r, void *room, int team) {
    const urn_inverse_params *p = argument;
    urnc_place place = {0};
    urnc_particles row = {.status = urnc_place_row(&p->weights, r, &place)};
    if (!row.status) {
        urnc_particles_begin(&row, place.data, p->weights.type, place.n, team, room);
        if (!row.status) {
            urnc_particles_sum(&row, 0);
            urnc_particles_scan(&row, (uint64_t *)(void *)((char *)room + urnc_particles_bytes(p->weights.items)));
        }
    }
    grid g = {.p = p, .row = &row, .r = r, .edges = p->edges ? p->edges + r * p->edges_stride : NULL};
    g.key = urnc_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    g.position = p->position ? p->position[r] : p->position_value;
    g.shift = uniform_of(&g, 0);
    if (!row.status) urnc_over_chunks(p->outputs, team, point_chunk, &g);
    for (int64_t m = r * p->outputs; row.status && m < (r + 1) * p->outputs; m++) {
        if (p->bins) p->bins[m] = -1;
        if (p->values) p->values[m] = urnc_f32_of_bits(URN_NAN_BITS);
    }
    if (p->status) p->status[r] = row.status;
}

void urnc_inverse_grid(const urn_inverse_params *p, int threads) {
    size_t n = (size_t)(p->weights.items + 3) / 4 * 4;
    size_t share = (urnc_particles_bytes(p->weights.items) + n * 8 + 255) / 256 * 256;
    urnc_shares shares = {p->weights.rows, p->weights.items, share, p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, run_row, p);
}
