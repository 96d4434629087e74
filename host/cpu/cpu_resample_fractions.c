/* cpu_resample_fractions.c - counts from floors and fractions of M * w / T: residual, branching, minimum error; and how
 * often each item was drawn. */
#include <string.h>

#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample_fractions.h"

/* n_i and f_i of every item of a chunk, to a visitor. */
void urnc_visit_fractions(const urnc_birth *b, int64_t begin, int64_t end, urnc_fraction_visit visit, void *argument) {
    const urnc_particles *row = &b->row;
    const urnc_resample_loops *loops = urnc_loops_here()[0]->resample;
    uint64_t w[URNC_LOT];
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        loops->weigh(&row->crowd, at, w);
        for (int64_t i = at; i < end && i < at + URNC_LOT; i++) {
            urnc_u128 f;
            int64_t floor = urnc_divide((urnc_u128)w[i - at] * (uint64_t)b->M, row->T, row->over_T, &f);
            visit(argument, i, floor, f);
        }
    }
}

typedef struct {
    urnc_birth *b;
    int64_t sum;
} tally;

static void put_floor(void *argument, int64_t i, int64_t floor, urnc_u128 f) {
    tally *t = argument;
    (void)f;
    t->b->counts[i] = (int32_t)floor;
    t->sum += floor;
}

static void floors_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    tally t = {argument, 0};
    urnc_visit_fractions(t.b, begin, end, put_floor, &t);
    t.b->row.spare[chunk] = (urnc_u128)t.sum;
}

static int64_t take_spare(const urnc_particles *row) {
    int64_t sum = 0;
    for (int64_t c = 0; c < row->chunks; c++) sum += (int64_t)row->spare[c];
    return sum;
}

/* n_i -> counts; R is returned. */
static int64_t fill_floors(urnc_birth *b) {
    urnc_over_chunks(b->row.n, b->row.team, floors_chunk, b);
    return b->M - take_spare(&b->row);
}

static void add_one(int32_t *count, int team) {
    if (team > 1)
        __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    else
        *count += 1;
}

/* ---- residual: the rest by independent draws from the fractions ---- */

/* f_0 + ... + f_i is what M * S_i has beyond N_i whole shares. */
static urnc_u128 fractions_at(const urnc_birth *b, int64_t i) {
    return urnc_sum_at(&b->row, i) * (uint64_t)b->M - (urnc_u128)b->floors[i] * b->row.T;
}

typedef struct {
    urnc_birth *b;
    int64_t R;
} remainder_call;

static urnc_u128 fraction_sum(const void *argument, int64_t i) { return fractions_at(argument, i); }

static void touch_fraction(const void *argument, int64_t i) {
    const urnc_birth *b = argument;
    __builtin_prefetch(b->row.prefix + i);
    __builtin_prefetch(b->floors + i);
}

static void remainder_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const remainder_call *c = argument;
    urnc_birth *b = c->b;
    (void)chunk;
    for (int64_t j = begin; j < end; j += URNC_ABREAST) {
        urnc_u128 y[URNC_ABREAST];
        int64_t found[URNC_ABREAST], count = end - j < URNC_ABREAST ? end - j : URNC_ABREAST;
        for (int64_t k = 0; k < count; k++)
            y[k] = urnc_wide_below(urnc_birth_block(b, j + k, 0, URN_STREAM_RESAMPLE), b->row.T * (uint64_t)c->R);
        urnc_guide_find(&b->guide, y, (int)count, found);
        for (int64_t k = 0; k < count; k++) add_one(&b->counts[found[k]], b->row.team);
    }
}

static int64_t fill_residual(urnc_birth *b) {
    remainder_call c = {b, fill_floors(b)};
    int32_t sum = 0;
    for (int64_t i = 0; i < b->row.n; i++) b->floors[i] = sum += b->counts[i];
    urnc_particles_scan(&b->row, b->prefix);
    if (c.R == 0) return b->M;
    b->guide = (urnc_guide){.n = b->row.n, .sums = fraction_sum, .touch = touch_fraction, .argument = b};
    urnc_guide_make(&b->guide, b->guide_room, b->row.T * (uint64_t)c.R, b->row.team);
    urnc_over_chunks(c.R, b->row.team, remainder_chunk, &c);
    return b->M;
}

/* ---- branching: each fraction a coin ---- */

static void put_coin(void *argument, int64_t i, int64_t floor, urnc_u128 f) {
    tally *t = argument;
    urnc_birth *b = t->b;
    if (f) floor += urnc_below(b->row.wide, urnc_birth_block(b, i, 0, URN_STREAM_RESAMPLE), b->row.T) < f;
    b->counts[i] = (int32_t)floor;
    t->sum += floor;
}

static void branching_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    tally t = {argument, 0};
    urnc_visit_fractions(t.b, begin, end, put_coin, &t);
    t.b->row.spare[chunk] = (urnc_u128)t.sum;
}

/* ---- minimum error: the R largest fractions, found by digits from the top ---- */

typedef struct {
    urnc_birth *b;
    urnc_u128 known; /* digits above `shift` of the fraction sought */
    int shift;
    int64_t bin[256];
    int64_t left; /* of those equal to it, how many get one more */
} digits;

static void put_digit(void *argument, int64_t i, int64_t floor, urnc_u128 f) {
    digits *d = argument;
    (void)i, (void)floor;
    if (f >> d->shift >> 8 == d->known) d->bin[(int)(f >> d->shift) & 255]++;
}

static void put_largest(void *argument, int64_t i, int64_t floor, urnc_u128 f) {
    digits *d = argument;
    int more = f > d->known || (f == d->known && d->left-- > 0);
    d->b->counts[i] = (int32_t)(floor + more);
}

static int64_t fill_minimum_error(urnc_birth *b) {
    digits d = {.b = b, .left = fill_floors(b)};
    if (d.left == 0) return b->M;
    for (d.shift = 72; d.shift >= 0; d.shift -= 8) {
        int digit = 255;
        memset(d.bin, 0, sizeof d.bin);
        urnc_visit_fractions(b, 0, b->row.n, put_digit, &d);
        while (d.left > d.bin[digit]) d.left -= d.bin[digit--];
        d.known = d.known << 8 | (unsigned)digit;
    }
    urnc_visit_fractions(b, 0, b->row.n, put_largest, &d);
    return b->M;
}

/* ---- multinomial, sorted: draws by item ---- */

static void count_draws(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    urnc_birth *b = argument;
    (void)chunk;
    for (int64_t m = begin; m < end; m += URNC_ABREAST) {
        int64_t found[URNC_ABREAST], count = end - m < URNC_ABREAST ? end - m : URNC_ABREAST;
        urnc_birth_independent(b, m, m + count, found);
        for (int64_t k = 0; k < count; k++) add_one(&b->counts[found[k]], b->row.team);
    }
}

static int64_t fill_drawn(urnc_birth *b) {
    memset(b->counts, 0, (size_t)b->row.n * sizeof *b->counts);
    urnc_birth_prepare(b, b->M);
    urnc_over_chunks(b->M, b->row.team, count_draws, b);
    return b->M;
}

int64_t urnc_fill_counts(urnc_birth *b) {
    switch (b->p->scheme) {
    case URN_RESAMPLE_RESIDUAL:
        return fill_residual(b);
    case URN_RESAMPLE_SSP:
        return urnc_fill_pairs(b);
    case URN_RESAMPLE_MINIMUM_ERROR:
        return fill_minimum_error(b);
    case URN_RESAMPLE_BRANCHING:
        urnc_over_chunks(b->row.n, b->row.team, branching_chunk, b);
        return take_spare(&b->row);
    default:
        return fill_drawn(b);
    }
}
