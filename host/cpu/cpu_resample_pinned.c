/* cpu_resample_pinned.c - what a pinned output changes (conditional resampling), and the cap on offspring. */
#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

static urnc_block pin_block(const urnc_birth *b) { return urnc_birth_block(b, 0, 4, URN_STREAM_RESAMPLE); }

static int64_t turn_to(const urnc_birth *b, int64_t from) {
    int64_t turn = (b->slot - from) % b->M;
    return turn < 0 ? turn + b->M : turn;
}

/* Offsets from the pin's own first share, each as likely as it gives the pin offspring: y counts pairs of an offset and
 * one of the pin's outputs. */
urnc_u128 urnc_pinned_offset(urnc_birth *b) {
    const urnc_particles *row = &b->row;
    urnc_u128 A = (urnc_u128)urnc_weight_at(row, b->pin) * (uint64_t)b->M, T = row->T, before, r, c, X;
    urnc_u128 q = A / T, f = A % T, y = urnc_wide_below(pin_block(b), A), z = q * (T - f);
    if (y < z) {
        r = y / q;
        c = y % q;
    } else {
        r = T - f + (y - z) / (q + 1);
        c = (y - z) % (q + 1);
    }
    before = urnc_sum_before(row, b->pin) * (uint64_t)b->M;
    r = (r + T - before % T) % T;
    X = (before + r) / T; /* C_(p-1) */
    b->turn = turn_to(b, (int64_t)(X + c));
    return r;
}

/* With prefix. D_j grows with j, so the first j above y is found by halving. */
static urnc_u128 deaths_up_to(const urnc_birth *b, int64_t j) {
    const urnc_particles *row = &b->row;
    urnc_u128 all = (urnc_u128)row->W * (uint64_t)(j + 1) - urnc_sum_at(row, j);
    return j >= b->pin ? all - (row->W - urnc_weight_at(row, b->pin)) : all;
}

int64_t urnc_pinned_pivot(urnc_birth *b) {
    urnc_u128 y = urnc_wide_below(pin_block(b), (urnc_u128)b->row.W * (uint64_t)b->row.n);
    int64_t low = 0, high = b->row.n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (deaths_up_to(b, middle) > y)
            high = middle;
        else
            low = middle + 1;
    }
    int64_t J = low < b->row.n ? low : b->pin;
    b->turn = turn_to(b, J);
    return J;
}

typedef struct {
    const urnc_birth *b;
    uint64_t most;
} cut_call;

static void cut_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const cut_call *c = argument;
    const urnc_resample_loops *loops = urnc_loops_here()[0]->resample;
    urnc_crowd crowd = c->b->row.crowd;
    urnc_totals totals = {0};
    uint64_t w[URNC_LOT];
    crowd.most = c->most;
    for (int64_t at = begin; at < end; at += URNC_LOT) {
        loops->weigh(&crowd, at, w);
        loops->total(w, 0, &totals);
    }
    c->b->row.spare[chunk] = totals.sum;
}

static int fits(const urnc_birth *b, uint64_t most) {
    cut_call c = {b, most};
    urnc_u128 sum = 0;
    urnc_over_chunks(b->row.n, b->row.team, cut_chunk, &c);
    for (int64_t i = 0; i < b->row.chunks; i++) sum += b->row.spare[i];
    return (urnc_u128)most * (uint64_t)b->M <= sum * (uint32_t)b->p->cap;
}

/* cap * sum of min(w, t) - M * t is concave in t and 0 at 0, so what fits is an interval from 0. */
int urnc_birth_cap(urnc_birth *b) {
    uint64_t low = 0, high = b->row.W;
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (fits(b, middle))
            low = middle;
        else
            high = middle - 1;
    }
    if (low == 0) return URN_ROW_PARAM;
    urnc_particles_cut(&b->row, low);
    return URN_ROW_OK;
}
