/* cpu_resample.c - urn_resample: rows over threads or long rows over chunks; what a row gives beside its ancestors. */
#include "host/cpu/cpu_resample.h"

#include <math.h>
#include <string.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"

static size_t share_of(int32_t scheme, int64_t items) {
    return (urnc_particles_bytes(items) + urnc_birth_bytes(scheme, items) + 255) / 256 * 256;
}

size_t urnc_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs) {
    (void)outputs;
    return urnc_all_shares(rows, share_of(scheme, items));
}

/* Where a row's outputs are, and how many: M, and room for more that are filled with -1. */
typedef struct {
    int64_t first, room, M;
    int status;
} outputs_place;

static outputs_place place_outputs(const urn_resample_params *p, int64_t r) {
    outputs_place o = {r * p->outputs_stride, p->outputs, p->outputs, URN_ROW_OK};
    if (p->output_offsets) {
        int64_t end = p->output_offsets[r + 1];
        o.first = p->output_offsets[r];
        o.room = o.M = end - o.first;
        if (o.first < 0 || end < o.first || end > p->output_size) {
            o.first = o.room = o.M = 0;
            o.status = URN_ROW_INDEX;
        } else if (o.M > p->outputs) {
            o.status = URN_ROW_PARAM;
        }
    } else if (p->outputs_row) {
        o.M = p->outputs_row[r];
        if (o.M < 0 || o.M > p->outputs) o.status = URN_ROW_PARAM;
    }
    if (o.status) o.M = 0;
    return o;
}

static int check_row(const urnc_birth *b, float threshold) {
    const urn_resample_params *p = b->p;
    int64_t n = b->row.n;
    if (!(threshold >= 0)) return URN_ROW_PARAM;
    if (p->scheme == URN_RESAMPLE_KILLING && b->M != n) return URN_ROW_PARAM;
    if ((p->scheme == URN_RESAMPLE_METROPOLIS_C1 || p->scheme == URN_RESAMPLE_METROPOLIS_C2) && n % p->segment)
        return URN_ROW_PARAM;
    if (b->slot != -1 && (b->slot < 0 || b->slot >= b->M || b->pin < 0 || b->pin >= n)) return URN_ROW_PARAM;
    return URN_ROW_OK;
}

/* The row stays as it is: the identity. */
static void keep_row(urnc_birth *b) {
    for (int64_t i = 0; i < b->row.n; i++) {
        if (b->out) b->out[i] = (int32_t)i;
        if (b->offspring) b->offspring[i] = 1;
    }
    b->produced = b->row.n;
}

static int draw_row(urnc_birth *b) {
    int32_t scheme = b->p->scheme;
    if (b->M == 0) {
        if (b->offspring) memset(b->offspring, 0, (size_t)b->row.n * sizeof *b->offspring);
        return URN_ROW_OK;
    }
    if (b->p->cap > 0) {
        int status = urnc_birth_cap(b);
        if (status) return status;
    }
    if (b->slot >= 0 && urnc_weight_at(&b->row, b->pin) == 0) return URN_ROW_PARAM;
    if (scheme <= URN_RESAMPLE_STRATIFIED || scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED ||
        scheme == URN_RESAMPLE_RESIDUAL_SYSTEMATIC)
        return urnc_birth_ruled(b);
    if (scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING || scheme >= URN_RESAMPLE_METROPOLIS)
        return urnc_birth_drawn(b);
    return urnc_birth_counted(b);
}

/* What lw_out is made of: arrays of the row, in the weights' type. */
typedef struct {
    const urnc_birth *b;
    const void *lw, *lr; /* lr NULL: the same */
    void *lw_out;
    double mean;
    int kept;
} new_weights;

static double read_weight(int32_t type, const void *data, int64_t i) {
    return urnc_weight_bytes(type) == 4 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static void store_weight(int32_t type, void *data, int64_t i, double v) {
    if (urnc_weight_bytes(type) == 4)
        ((float *)data)[i] = isnan(v) ? urnc_f32_of_bits(URN_NAN_BITS) : (float)v;
    else
        ((double *)data)[i] = isnan(v) ? urnc_f64_of_bits(URN_NAN_BITS_F64) : v;
}

static void weigh_outputs(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const new_weights *v = argument;
    int32_t type = v->b->p->weights.type;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int64_t a = v->b->out ? v->b->out[m] : 0;
        double mean = a < 0 ? NAN : v->mean;
        if (v->lr && a >= 0) mean = (read_weight(type, v->lw, a) - read_weight(type, v->lr, a)) + v->mean;
        store_weight(type, v->lw_out, m, mean);
    }
}

/* Outputs from `begin` up to the room's end that no ancestor came to. */
static void clear_outputs(const urnc_birth *b, const outputs_place *o, void *lw_out, int64_t begin) {
    for (int64_t m = begin; m < o->room; m++) {
        if (b->out) b->out[m] = -1;
        if (lw_out) store_weight(b->p->weights.type, lw_out, m, NAN);
    }
}

static void give_weights(const urnc_birth *b, const urnc_place *place, void *lw_out, double mean, int kept) {
    int32_t type = b->p->weights.type;
    size_t size = urnc_weight_bytes(type);
    if (kept) {
        memcpy(lw_out, place->data, (size_t)b->row.n * size);
        return;
    }
    new_weights v = {b, place->data, NULL, lw_out, mean, kept};
    if (b->p->law) v.lr = (const char *)b->p->law + (size_t)place->first * size;
    int64_t given = b->produced < b->M ? b->produced : b->M;
    urnc_over_chunks(given, b->row.team, weigh_outputs, &v);
}

/* The row's numbers, and whether its trigger holds it back. */
static urn_weight_stats measure_row(urnc_birth *b, const urnc_place *place, float threshold, char *room, int *kept) {
    const urn_resample_params *p = b->p;
    const void *law =
        p->law ? (const char *)p->law + (size_t)place->first * urnc_weight_bytes(p->weights.type) : place->data;
    int triggered = b->M == b->row.n && b->slot < 0 && threshold < URN_RESAMPLE_ALWAYS;
    int team = b->row.team;
    urnc_particles_begin(&b->row, law, p->weights.type, place->n, team, room);
    if (!b->row.status) urnc_particles_sum(&b->row, triggered || p->stats);
    urn_weight_stats stats = urnc_particles_stats(&b->row);
    *kept = !b->row.status && triggered && !(stats.ess < (double)threshold * (double)b->row.n);
    return stats;
}

static void run_row(const void *argument, int64_t r, void *room, int team) {
    const urn_resample_params *p = argument;
    urnc_place place = {0};
    int status = urnc_place_row(&p->weights, r, &place), placed = status == URN_ROW_OK, kept = 0;
    outputs_place o = place_outputs(p, r);
    void *lw_out = p->lw_out ? (char *)p->lw_out + (size_t)o.first * urnc_weight_bytes(p->weights.type) : NULL;
    float threshold = p->threshold ? p->threshold[r] : p->threshold_value;
    urnc_birth b = {.p = p, .M = o.M, .produced = o.M, .slot = p->pin_slot ? p->pin_slot[r] : -1};
    b.row.n = place.n;
    b.row.team = team;
    b.out = p->ancestors ? p->ancestors + o.first : NULL;
    b.offspring = p->offspring && placed ? p->offspring + place.flat : NULL;
    b.pin = p->pin_slot ? p->pin_ancestor[r] : -1;
    b.position = p->position ? p->position[r] : p->position_value;
    if (!status)
        status = o.status;
    else if (o.status == URN_ROW_INDEX)
        o.room = 0;
    if (!status) status = check_row(&b, threshold);
    urn_weight_stats stats = {0};
    if (!status) {
        b.key = urnc_row_key(p->seed ? p->seed[r] : p->seed_value, p->label ? p->label[r] : (uint64_t)r);
        stats = measure_row(&b, &place, threshold, room, &kept);
        status = b.row.status;
        urnc_birth_room(&b, (char *)room + urnc_particles_bytes(p->weights.items));
        if (!status && kept)
            keep_row(&b);
        else if (!status)
            status = draw_row(&b);
    }
    if (status) {
        b.row.status = status;
        stats = urnc_particles_stats(&b.row);
        b.produced = 0;
        if (b.offspring) memset(b.offspring, 0, (size_t)place.n * sizeof *b.offspring);
    } else if (lw_out) {
        give_weights(&b, &place, lw_out, stats.log_mean, kept);
    }
    clear_outputs(&b, &o, lw_out, b.produced < b.M ? b.produced : b.M);
    stats.status = status;
    stats.resampled = !status && !kept;
    if (p->stats) p->stats[r] = stats;
    if (p->resampled) p->resampled[r] = !status && !kept;
    if (p->produced) p->produced[r] = (int32_t)b.produced;
    if (p->status) p->status[r] = status;
}

void urnc_resample(const urn_resample_params *p, int threads) {
    size_t share = share_of(p->scheme, p->weights.items);
    urnc_shares shares = {p->weights.rows, p->weights.items, share, p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, run_row, p);
}
