/* cpu_resample_ruled.c - systematic and stratified resampling: cumulated counts straight from prefix sums. */
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

typedef struct {
    urnc_birth *b;
    const urnc_resample_loops *loops;
    urnc_u128 r; /* systematic's offset */
} ruled;

/* X = M * S_(begin - 1) + offset, as a whole number of shares and a rest. */
static int64_t chunk_start(const ruled *c, int64_t chunk, urnc_u128 offset, urnc_u128 *rest) {
    const urnc_particles *row = &c->b->row;
    return urnc_divide(row->base[chunk] * (uint64_t)c->b->M + offset, row->T, row->over_T, rest);
}

static void systematic_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const ruled *c = argument;
    urnc_birth *b = c->b;
    const urnc_particles *row = &b->row;
    urnc_u128 rest;
    int64_t start = chunk_start(c, chunk, c->r, &rest), before = start, C[URNC_LOT];
    urnc_ruler ruler = {(double)b->M * row->over_T, urnc_f64_of_wide(rest) * row->over_T};
    uint64_t s[URNC_LOT], sum = 0;
    int32_t k[URNC_LOT];
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        int64_t n = end - at < URNC_LOT ? end - at : URNC_LOT;
        c->loops->weigh(&row->crowd, at, s);
        for (int i = 0; i < URNC_LOT; i++) s[i] = sum += s[i];
        int near = c->loops->measure(ruler, s, k);
        for (int i = 0; i < URNC_LOT; i++) C[i] = start + k[i];
        for (int64_t i = 0; near && i < n; i++) {
            urnc_u128 left;
            C[i] = start + urnc_divide(rest + (urnc_u128)s[i] * (uint64_t)b->M, row->T, row->over_T, &left);
        }
        urnc_birth_emit(b, at, n, before, C);
        before = C[n - 1];
    }
}

/* One uniform a stratum; neighbours ask for the same one. */
typedef struct {
    int64_t number;
    urnc_u128 r;
} stratum;

static int below_cut(const urnc_birth *b, stratum *last, int64_t number, urnc_u128 f) {
    if (f == 0) return 0;
    if (last->number != number) {
        last->number = number;
        last->r = urnc_below(b->row.wide, urnc_birth_block(b, number, 0, URN_STREAM_RESAMPLE), b->row.T);
    }
    return last->r < f;
}

static int64_t floor_share(const urnc_birth *b, uint64_t w) {
    urnc_u128 left;
    return urnc_divide((urnc_u128)w * (uint64_t)b->M, b->row.T, b->row.over_T, &left);
}

/* Cumulated counts of one chunk's items; the last chunk before asks what it needs of this for its own start. */
static void stratified_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const ruled *c = argument;
    urnc_birth *b = c->b;
    const urnc_particles *row = &b->row;
    int residual = b->p->scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED;
    urnc_u128 rest;
    int64_t start = chunk_start(c, chunk, 0, &rest), floors = residual ? (int64_t)row->spare[chunk] : 0;
    int64_t C[URNC_LOT];
    stratum last = {-1, 0};
    int64_t before = start + below_cut(b, &last, start - floors, rest);
    uint64_t w[URNC_LOT], sum = 0;
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        int64_t n = end - at < URNC_LOT ? end - at : URNC_LOT;
        c->loops->weigh(&row->crowd, at, w);
        for (int64_t i = 0; i < n; i++) {
            urnc_u128 f;
            sum += w[i];
            int64_t k = start + urnc_divide(rest + (urnc_u128)sum * (uint64_t)b->M, row->T, row->over_T, &f);
            if (residual) floors += floor_share(b, w[i]);
            C[i] = k + below_cut(b, &last, k - floors, f);
        }
        urnc_birth_emit(b, at, n, before, C);
        before = C[n - 1];
    }
}

static void floors_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const ruled *c = argument;
    uint64_t w[URNC_LOT];
    int64_t sum = 0;
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        c->loops->weigh(&c->b->row.crowd, at, w);
        for (int64_t i = 0; i < URNC_LOT && at + i < end; i++) sum += floor_share(c->b, w[i]);
    }
    c->b->row.spare[chunk] = (urnc_u128)sum;
}

int urnc_birth_ruled(urnc_birth *b) {
    ruled c = {b, urnc_loops_here()[0]->resample, 0};
    urnc_particles *row = &b->row;
    if (b->p->scheme == URN_RESAMPLE_STRATIFIED || b->p->scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED) {
        if (b->p->scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED) {
            urnc_over_chunks(row->n, row->team, floors_chunk, &c);
            urnc_u128 sum = 0;
            for (int64_t i = 0; i < row->chunks; i++) {
                urnc_u128 own = row->spare[i];
                row->spare[i] = sum;
                sum += own;
            }
        }
        urnc_over_chunks(row->n, row->team, stratified_chunk, &c);
        return URN_ROW_OK;
    }
    c.r = b->slot >= 0 ? urnc_pinned_offset(b)
                       : urnc_below(row->wide, urnc_birth_block(b, 0, 0, URN_STREAM_RESAMPLE), row->T);
    urnc_over_chunks(row->n, row->team, systematic_chunk, &c);
    return URN_ROW_OK;
}
