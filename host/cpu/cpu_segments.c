/* cpu_segments.c - weighted mean and variance of segments, by integers (bits_resample.h section 4). */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"

#define SIDE 16 /* dimensions at a time */

__extension__ typedef __int128 wide_signed;

/* Some dimensions of one segment. */
typedef struct {
    const urnc_particles *row;
    const float *values; /* of item 0, dimension `first` */
    int64_t dims;        /* between items */
    int count;           /* at most SIDE */
    float largest[SIDE]; /* |x|; NaN or inf where one is there */
    int e[SIDE];
    double unit[SIDE]; /* 2^(30 - e) */
    wide_signed A[SIDE];
    int64_t g[SIDE];
    urnc_u128 Y[SIDE];
} side;

typedef void (*item_visit)(side *s, const float *x, uint64_t w);

/* Items of weight above 0. */
static void over_items(side *s, item_visit visit) {
    const urnc_resample_loops *loops = urnc_loops_here()[0]->resample;
    uint64_t w[URNC_LOT];
    for (int64_t at = 0; at < s->row->n; at += URNC_LOT) {
        loops->weigh(&s->row->crowd, at, w);
        for (int64_t i = at; i < s->row->n && i < at + URNC_LOT; i++)
            if (w[i - at]) visit(s, s->values + i * s->dims, w[i - at]);
    }
}

static void see_largest(side *s, const float *x, uint64_t w) {
    (void)w;
    for (int k = 0; k < s->count; k++) {
        uint32_t b = urnc_bits_of_f32(x[k]) & 0x7fffffffu, old = urnc_bits_of_f32(s->largest[k]);
        s->largest[k] = urnc_f32_of_bits(b > old ? b : old); /* infinities and NaNs are larger still */
    }
}

/* Where the unit is 0, the dimension has zeros only, or something that is not finite and makes it NaN. */
static int64_t step_of(const side *s, int k, float x) {
    return s->unit[k] > 0.0 ? urnc_floor_i64((double)x * s->unit[k]) : 0;
}

static void add_first(side *s, const float *x, uint64_t w) {
    for (int k = 0; k < s->count; k++) s->A[k] += (wide_signed)w * step_of(s, k, x[k]);
}

static void add_second(side *s, const float *x, uint64_t w) {
    for (int k = 0; k < s->count; k++) {
        int64_t d = step_of(s, k, x[k]) - s->g[k];
        s->Y[k] += (urnc_u128)(uint64_t)(d * d) * w;
    }
}

static void set_units(side *s) {
    for (int k = 0; k < s->count; k++) {
        double top = (double)s->largest[k];
        uint64_t b = urnc_bits_of_f64(top);
        s->e[k] = (int)(b >> 52) - 1023 + ((b & 0xfffffffffffffu) != 0);
        int usable = top > 0 && isfinite(top);
        s->unit[k] = usable ? urnc_f64_of_bits((uint64_t)(1023 + 30 - s->e[k]) << 52) : 0.0;
    }
}

static double scale(int e) { return urnc_f64_of_bits((uint64_t)(1023 + e) << 52); }

static float mean_of(const side *s, int k) {
    double T = urnc_f64_of_wide(s->row->T);
    if (!isfinite(s->largest[k])) return urnc_f32_of_bits(URN_NAN_BITS);
    if (s->largest[k] == 0.0f) return 0.0f;
    double A = s->A[k] < 0 ? -urnc_f64_of_wide((urnc_u128)-s->A[k]) : urnc_f64_of_wide((urnc_u128)s->A[k]);
    return (float)(A / T * scale(s->e[k] - 30));
}

static float variance_of(const side *s, int k) {
    if (!isfinite(s->largest[k])) return urnc_f32_of_bits(URN_NAN_BITS);
    if (s->largest[k] == 0.0f) return 0.0f;
    return (float)(urnc_f64_of_wide(s->Y[k]) / urnc_f64_of_wide(s->row->T) * scale(2 * s->e[k] - 60));
}

static wide_signed floor_divide(wide_signed A, urnc_u128 T) {
    wide_signed q = A / (wide_signed)T;
    return q - (A % (wide_signed)T < 0);
}

static void run_side(const urn_segments_moments_params *p, const urnc_particles *row, int64_t r, int64_t first_item,
                     int32_t first, int count) {
    side s = {.row = row, .dims = p->dims, .count = count};
    s.values = p->values + first_item * p->dims + first;
    over_items(&s, see_largest);
    set_units(&s);
    over_items(&s, add_first);
    for (int k = 0; k < count; k++) {
        p->mean[r * p->dims + first + k] = mean_of(&s, k);
        s.g[k] = (int64_t)floor_divide(s.A[k], row->T);
    }
    if (!p->variance) return;
    over_items(&s, add_second);
    for (int k = 0; k < count; k++) p->variance[r * p->dims + first + k] = variance_of(&s, k);
}

static void run_row(const void *argument, int64_t r, void *room, int team) {
    const urn_segments_moments_params *p = argument;
    urnc_place place = {0};
    urnc_particles row = {.status = urnc_place_row(&p->weights, r, &place)};
    if (!row.status) {
        urnc_particles_begin(&row, place.data, p->weights.type, place.n, team, room);
        if (!row.status) urnc_particles_sum(&row, p->stats != NULL);
    }
    for (int32_t k = 0; k < p->dims; k += SIDE) {
        int count = p->dims - k < SIDE ? p->dims - k : SIDE;
        if (!row.status) run_side(p, &row, r, place.first, k, count);
        for (int j = 0; row.status && j < count; j++) {
            p->mean[r * p->dims + k + j] = urnc_f32_of_bits(URN_NAN_BITS);
            if (p->variance) p->variance[r * p->dims + k + j] = urnc_f32_of_bits(URN_NAN_BITS);
        }
    }
    if (p->stats) p->stats[r] = urnc_particles_stats(&row);
    if (p->status) p->status[r] = row.status;
}

void urnc_segments_moments(const urn_segments_moments_params *p, int threads) {
    size_t share = (urnc_particles_bytes(p->weights.items) + 255) / 256 * 256;
    urnc_shares shares = {p->weights.rows, p->weights.items, share, p->workspace, p->workspace_bytes};
    urnc_over_shares(&shares, threads, run_row, p);
}
