/* cpu_weights_stats.c - what is known of rows of weights (bits_resample.h section 2). */
#include "host/cpu/cpu_particles.h"

static size_t share_of(int64_t items) { return (urnc_particles_bytes(items) + 255) / 256 * 256; }

static void run_row(const void *argument, int64_t r, void *room, int team) {
    const urn_weights_stats_params *p = argument;
    urnc_place place;
    urnc_particles row = {.status = urnc_place_row(&p->weights, r, &place)};
    if (!row.status) {
        urnc_particles_begin(&row, place.data, p->weights.type, place.n, team, room);
        if (!row.status) urnc_particles_sum(&row, 1);
    }
    p->stats[r] = urnc_particles_stats(&row);
}

void urnc_weights_stats(const urn_weights_stats_params *p, int threads) {
    urnc_shares shares = {p->weights.rows, p->weights.items, share_of(p->weights.items), p->workspace,
                          p->workspace_bytes};
    urnc_over_shares(&shares, threads, run_row, p);
}
