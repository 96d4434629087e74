/* cpu_resample_drawn.c - schemes that draw each output by itself: multinomial, killing, rejection and the chains. */
#include <string.h>

#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_resample.h"

static int64_t draw_exact(const urnc_birth *b, int64_t m, uint32_t draw) {
    return urnc_first_above(&b->row,
                            urnc_below(b->row.wide, urnc_birth_block(b, m, draw, URN_STREAM_RESAMPLE), b->row.T));
}

static int64_t survive_or_draw(const urnc_birth *b, int64_t m) {
    urnc_u128 r = urnc_below(b->row.wide, urnc_birth_block(b, m, 0, URN_STREAM_RESAMPLE), b->row.W);
    return r < urnc_weight_at(&b->row, m) ? m : draw_exact(b, m, 1);
}

static int64_t ancestor_of(const urnc_birth *b, int64_t m) {
    switch (b->p->scheme) {
    case URN_RESAMPLE_MULTINOMIAL:
        return draw_exact(b, m, 0);
    case URN_RESAMPLE_KILLING:
        return survive_or_draw(b, m);
    case URN_RESAMPLE_REJECTION: {
        int64_t a = urnc_chain_ancestor(b, m);
        return a < 0 ? draw_exact(b, m, 0) : a;
    }
    default:
        return urnc_chain_ancestor(b, m);
    }
}

typedef struct {
    urnc_birth *b;
    int64_t pinned; /* output, before it is turned, whose ancestor is the pin; -1: none */
} drawn_call;

static void draw_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const drawn_call *c = argument;
    urnc_birth *b = c->b;
    (void)chunk;
    for (int64_t m = begin; m < end; m++) {
        int32_t a = (int32_t)(m == c->pinned ? b->pin : ancestor_of(b, m));
        int64_t at = m + b->turn;
        if (b->out) b->out[at < b->M ? at : at - b->M] = a;
        if (b->offspring && b->row.team > 1)
            __atomic_fetch_add(&b->offspring[a], 1, __ATOMIC_RELAXED);
        else if (b->offspring)
            b->offspring[a] += 1;
    }
}

int urnc_birth_drawn(urnc_birth *b) {
    int32_t scheme = b->p->scheme;
    drawn_call c = {b, -1};
    if (scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING || scheme == URN_RESAMPLE_REJECTION)
        urnc_particles_scan(&b->row, b->prefix);
    if (b->slot >= 0) c.pinned = scheme == URN_RESAMPLE_KILLING ? urnc_pinned_pivot(b) : b->slot;
    if (b->offspring) memset(b->offspring, 0, (size_t)b->row.n * sizeof *b->offspring);
    urnc_over_chunks(b->M, b->row.team, draw_chunk, &c);
    return URN_ROW_OK;
}
