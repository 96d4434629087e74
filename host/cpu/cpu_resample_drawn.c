/* cpu_resample_drawn.c - schemes that draw each output by itself: multinomial, killing, rejection and the chains. */
#include <string.h>

#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

static int64_t draw_exact(const urnc_birth *b, int64_t m) {
    return urnc_first_above(&b->row, urnc_below(b->row.wide, urnc_birth_block(b, m, 0, URN_STREAM_RESAMPLE), b->row.T));
}

static urnc_u128 sum_of(const void *argument, int64_t i) {
    const urnc_birth *b = argument;
    return urnc_sum_at(&b->row, i);
}

static void touch_sum(const void *argument, int64_t i) {
    const urnc_birth *b = argument;
    __builtin_prefetch(b->row.prefix + i);
}

void urnc_birth_prepare(urnc_birth *b, int64_t draws) {
    urnc_particles_scan(&b->row, b->prefix);
    if (draws < b->row.n / 16) return;
    b->guide = (urnc_guide){.n = b->row.n, .sums = sum_of, .touch = touch_sum, .argument = b};
    urnc_guide_make(&b->guide, b->guide_room, b->row.T, b->row.team);
}

void urnc_birth_find(const urnc_birth *b, const urnc_u128 *r, int count, int64_t *found) {
    if (b->guide.cells) {
        urnc_guide_find(&b->guide, r, count, found);
        return;
    }
    for (int k = 0; k < count; k++) found[k] = urnc_first_above(&b->row, r[k]);
}

void urnc_birth_independent(const urnc_birth *b, int64_t begin, int64_t end, int64_t found[URNC_ABREAST]) {
    urnc_u128 r[URNC_ABREAST];
    for (int64_t m = begin; m < end; m++)
        r[m - begin] = urnc_below(b->row.wide, urnc_birth_block(b, m, 0, URN_STREAM_RESAMPLE), b->row.T);
    urnc_birth_find(b, r, (int)(end - begin), found);
}

/* Killing: who survives keeps its place, the others draw. */
static void survivors(const urnc_birth *b, int64_t begin, int64_t end, int64_t found[URNC_ABREAST]) {
    urnc_u128 r[URNC_ABREAST];
    int64_t dead[URNC_ABREAST], drawn[URNC_ABREAST];
    int count = 0;
    for (int64_t m = begin; m < end; m++) {
        urnc_u128 coin = urnc_below(b->row.wide, urnc_birth_block(b, m, 0, URN_STREAM_RESAMPLE), b->row.W);
        found[m - begin] = m;
        if (coin < urnc_weight_at(&b->row, m)) continue;
        dead[count] = m - begin;
        r[count++] = urnc_below(b->row.wide, urnc_birth_block(b, m, 1, URN_STREAM_RESAMPLE), b->row.T);
    }
    urnc_birth_find(b, r, count, drawn);
    for (int k = 0; k < count; k++) found[dead[k]] = drawn[k];
}

/* By a chain; rejection that comes to no end draws exactly. */
static int64_t walked(const urnc_birth *b, int64_t m) {
    int64_t a = urnc_chain_ancestor(b, m);
    return a < 0 ? draw_exact(b, m) : a;
}

typedef struct {
    urnc_birth *b;
    int64_t pinned; /* output, before it is turned, whose ancestor is the pin; -1: none */
} drawn_call;

static void give(const drawn_call *c, int64_t m, int64_t found) {
    urnc_birth *b = c->b;
    int32_t a = (int32_t)(m == c->pinned ? b->pin : found);
    int64_t at = m + b->turn;
    if (b->out) b->out[at < b->M ? at : at - b->M] = a;
    if (b->offspring && b->row.team > 1)
        __atomic_fetch_add(&b->offspring[a], 1, __ATOMIC_RELAXED);
    else if (b->offspring)
        b->offspring[a] += 1;
}

static void draw_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const drawn_call *c = argument;
    int32_t scheme = c->b->p->scheme;
    (void)chunk;
    for (int64_t m = begin; m < end; m += URNC_ABREAST) {
        int64_t found[URNC_ABREAST], count = end - m < URNC_ABREAST ? end - m : URNC_ABREAST;
        if (scheme == URN_RESAMPLE_MULTINOMIAL)
            urnc_birth_independent(c->b, m, m + count, found);
        else if (scheme == URN_RESAMPLE_KILLING)
            survivors(c->b, m, m + count, found);
        else
            for (int64_t k = 0; k < count; k++) found[k] = walked(c->b, m + k);
        for (int64_t k = 0; k < count; k++) give(c, m + k, found[k]);
    }
}

int urnc_birth_drawn(urnc_birth *b) {
    int32_t scheme = b->p->scheme;
    drawn_call c = {b, -1};
    if (scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING)
        urnc_birth_prepare(b, b->M);
    else if (scheme == URN_RESAMPLE_REJECTION)
        urnc_birth_prepare(b, 0);
    if (b->slot >= 0) c.pinned = scheme == URN_RESAMPLE_KILLING ? urnc_pinned_pivot(b) : b->slot;
    if (b->offspring) memset(b->offspring, 0, (size_t)b->row.n * sizeof *b->offspring);
    urnc_over_chunks(b->M, b->row.team, draw_chunk, &c);
    return URN_ROW_OK;
}
