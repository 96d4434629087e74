/* cpu_alias.c - alias tables by one sweep, and draws from them (bits_resample.h section 5). */
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"

static size_t share_of(int64_t items) {
    size_t n = (size_t)(items + 3) / 4 * 4;
    return (urnc_particles_bytes(items) + n * 8 + 255) / 256 * 256;
}

size_t urnc_alias_workspace(int64_t rows, int64_t items) { return urnc_all_shares(rows, share_of(items)); }

/* Of one row, n * w as masses against buckets of T. */
typedef struct {
    const urnc_particles *row;
    uint64_t *cut;
    int32_t *alias;
} table;

static uint64_t mass_at(const table *t, int64_t i) { return urnc_weight_at(t->row, i) * (uint64_t)t->row->n; }

static int is_heavy(const table *t, int64_t i) { return mass_at(t, i) > (uint64_t)t->row->T; }

static int64_t next_of(const table *t, int64_t i, int heavy) {
    while (i < t->row->n && is_heavy(t, i) != heavy) i++;
    return i;
}

/* A share of the bucket's mass as a code's; a full one keeps the item to itself. */
static void put(const table *t, int64_t i, uint64_t mass, int64_t other) {
    if (mass >= (uint64_t)t->row->T) return;
    t->cut[i] = (uint64_t)(((urnc_u128)mass << 64) / t->row->T);
    t->alias[i] = (int32_t)other;
}

static void sweep(const table *t) {
    int64_t n = t->row->n, light = next_of(t, 0, 0), heavy = next_of(t, 0, 1);
    uint64_t T = (uint64_t)t->row->T, left = heavy < n ? mass_at(t, heavy) : 0;
    while (heavy < n) {
        if (left > T) {
            uint64_t mass = mass_at(t, light);
            put(t, light, mass, heavy);
            left -= T - mass;
            light = next_of(t, light + 1, 0);
        } else {
            int64_t next = next_of(t, heavy + 1, 1);
            if (next < n) {
                put(t, heavy, left, next);
                left += mass_at(t, next) - T;
            }
            heavy = next;
        }
    }
}

static void build_row(const void *argument, int64_t r, void *room, int team) {
    const urn_alias_params *p = argument;
    urnc_place place = {0};
    urnc_particles row = {.status = urnc_place_row(&p->weights, r, &place)};
    table t = {&row, p->cut + place.flat, p->alias + place.flat};
    if (!row.status) {
        urnc_particles_begin(&row, place.data, p->weights.type, place.n, team, room);
        if (!row.status) {
            urnc_particles_sum(&row, 0);
            urnc_particles_scan(&row, (uint64_t *)(void *)((char *)room + urnc_particles_bytes(p->weights.items)));
        }
    }
    for (int64_t i = 0; i < place.n; i++) {
        t.cut[i] = row.status ? 0 : UINT64_MAX;
        t.alias[i] = row.status ? -1 : (int32_t)i;
    }
    if (!row.status) sweep(&t);
    if (p->status) p->status[r] = row.status;
}

void urnc_alias_build(const urn_alias_params *p, int threads) {
    urnc_shares shares = {p->weights.rows, p->weights.items, share_of(p->weights.items), p->workspace,
                          p->workspace_bytes};
    urnc_over_shares(&shares, threads, build_row, p);
}

typedef struct {
    const uint64_t *cut;
    const int32_t *alias;
    uint64_t n, key;
    uint32_t position;
    int32_t *ids;
    int status;
} draws;

static void draw_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const draws *d = argument;
    (void)chunk;
    for (int64_t j = begin; j < end; j++) {
        urnc_block block = urnc_row_block(d->key, (uint32_t)j, 2, d->position, URN_STREAM_RESAMPLE);
        urnc_u128 P = (urnc_u128)urnc_block_u64(block) * d->n;
        uint64_t k = (uint64_t)(P >> 64);
        d->ids[j] = (uint64_t)P < d->cut[k] ? (int32_t)k : d->alias[k];
    }
}

static void draw_row(const void *argument, int64_t r, void *room, int team) {
    const urn_alias_params *p = argument;
    urnc_place place = {0};
    int status = urnc_place_row(&p->weights, r, &place);
    (void)room;
    draws d = {p->cut + place.flat, p->alias + place.flat, (uint64_t)place.n, 0, 0, p->ids + r * p->draws, status};
    if (!status && (place.n == 0 || d.alias[0] < 0)) status = URN_ROW_EMPTY;
    d.key = urnc_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
    d.position = p->position ? p->position[r] : p->position_value;
    if (!status) urnc_over_chunks(p->draws, team, draw_chunk, &d);
    for (int64_t j = 0; status && j < p->draws; j++) d.ids[j] = -1;
    if (p->status) p->status[r] = status;
}

void urnc_alias_draw(const urn_alias_params *p, int threads) {
    urnc_shares shares = {.rows = p->weights.rows, .each = p->draws};
    urnc_over_shares(&shares, threads, draw_row, p);
}
