/* cpu_backward.c - backward draws: by rejection from the filter's weights, or exactly (bits_resample.h section 5). */
#include <math.h>

#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"
#include "host/cpu/cpu_weights.h"

#define LITTER 64 /* children that share one reading of the weights */

typedef struct {
    const urn_backward_params *p;
    int64_t r;
    urnc_particles row; /* the weights */
    const char *data;
    uint64_t key;
    uint32_t position;
    float bound;
    void *joint; /* [n] x of one child's row */
    void *room;  /* of its sums */
} parents;

static size_t share_of(int64_t items) {
    size_t n = (size_t)(items + 3) / 4 * 4;
    return (2 * urnc_particles_bytes(items) + n * 16 + 255) / 256 * 256;
}

static int64_t litters_of(int64_t children) { return (children + LITTER - 1) / LITTER; }

size_t urnc_backward_workspace(int64_t rows, int64_t items, int64_t children) {
    int64_t litters = litters_of(children);
    return urnc_all_shares(litters > 0 && rows > INT64_MAX / litters ? INT64_MAX : rows * litters, share_of(items));
}

static urnc_block block_of(const parents *s, int64_t index, uint32_t draw) {
    return urnc_row_block(s->key, (uint32_t)index, draw, s->position, URN_STREAM_BACKWARD);
}

/* An ancestor by rejection; -1: none of the trials was accepted; *status: a density above the bound. */
static int64_t try_draws(const parents *s, const float *log_m, int64_t index, int *status) {
    for (int32_t t = 0; t < s->p->trials; t++) {
        urnc_block block = block_of(s, index, 2 * (uint32_t)t);
        int64_t i = urnc_first_above(&s->row, urnc_high(urnc_block_u64(block), (uint64_t)s->row.T));
        float d = log_m[i] - s->bound;
        if (!(d <= 0)) {
            *status = URN_ROW_PARAM;
            return -1;
        }
        if (urnc_block_v64(block) >> 24 < urnc_weight(d, 0.0f, URN_LOG2E)) return i;
    }
    return -1;
}

/* The child's own row, weights times densities, as log-weights. */
static void join(const parents *s, const float *log_m, urnc_particles *own) {
    int64_t n = s->row.n;
    if (s->p->weights.type == URN_WEIGHT_LOG_F32) {
        const float *lw = (const float *)(const void *)s->data;
        float *x = s->joint;
        for (int64_t i = 0; i < n; i++)
            x[i] = lw[i] == -INFINITY || log_m[i] == -INFINITY ? -INFINITY : lw[i] + log_m[i];
    } else {
        const double *lw = (const double *)(const void *)s->data;
        double *x = s->joint;
        for (int64_t i = 0; i < n; i++)
            x[i] = lw[i] == -INFINITY || log_m[i] == -INFINITY ? -INFINITY : lw[i] + (double)log_m[i];
    }
    urnc_particles_begin(own, s->joint, s->p->weights.type, n, s->row.team, s->room);
    if (!own->status) urnc_particles_sum(own, 0);
}

static int32_t fallback_of(const parents *s, int64_t child, int *status) {
    if (!s->p->fallback) return -1;
    int32_t own = s->p->fallback[s->r * s->p->children + child];
    if (own >= 0 && own < s->row.n) return own;
    *status |= URN_ROW_INDEX;
    return -1;
}

static int run_child(const parents *s, int64_t child, int32_t *out) {
    const urn_backward_params *p = s->p;
    const float *log_m = p->log_m + (s->r * p->children + child) * p->log_m_stride;
    urnc_particles own;
    int status = URN_ROW_OK, joined = 0;
    for (int32_t j = 0; j < p->draws; j++) {
        int64_t index = child * p->draws + j;
        int found = URN_ROW_OK;
        int64_t i = try_draws(s, log_m, index, &found);
        status |= found;
        if (i < 0 && !found) {
            if (!joined) join(s, log_m, &own);
            joined = 1;
            status |= own.status;
            if (own.status == URN_ROW_EMPTY)
                i = fallback_of(s, child, &status);
            else if (!own.status)
                i = urnc_first_by_lots(&own, urnc_high(urnc_block_u64(block_of(s, index, 1)), (uint64_t)own.T));
        }
        out[j] = (int32_t)i;
    }
    return status;
}

static void run_litter(const void *argument, int64_t number, void *room, int team) {
    const urn_backward_params *p = argument;
    int64_t litters = litters_of(p->children), r = number / litters, begin = number % litters * LITTER;
    int64_t end = begin + LITTER < p->children ? begin + LITTER : p->children;
    size_t n = (size_t)(p->weights.items + 3) / 4 * 4, sums = urnc_particles_bytes(p->weights.items);
    urnc_place place = {0};
    parents s = {.p = p, .r = r, .row = {.status = urnc_place_row(&p->weights, r, &place)}};
    s.data = place.data;
    s.position = p->position ? p->position[r] : p->position_value;
    s.bound = p->bound ? p->bound[r] : p->bound_value;
    s.room = (char *)room + sums;
    s.joint = (char *)room + 2 * sums + n * 8;
    if (!s.row.status) {
        s.key = urnc_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
        urnc_particles_begin(&s.row, place.data, p->weights.type, place.n, team, room);
        if (!s.row.status && p->trials) {
            urnc_particles_sum(&s.row, 0);
            urnc_particles_scan(&s.row, (uint64_t *)(void *)((char *)room + 2 * sums));
        }
    }
    for (int64_t child = begin; child < end; child++) {
        int32_t *out = p->ancestors + (r * p->children + child) * p->draws;
        int status = s.row.status;
        if (!status) status = run_child(&s, child, out);
        for (int32_t j = 0; s.row.status && j < p->draws; j++) out[j] = -1;
        if (p->status) p->status[r * p->children + child] = status;
    }
}

void urnc_backward_draws(const urn_backward_params *p, int threads) {
    if (p->children == 0) return;
    urnc_shares shares = {p->weights.rows * litters_of(p->children), p->weights.items * LITTER,
                          share_of(p->weights.items), p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, run_litter, p);
}
