/* cpu_resample_chains.c - Metropolis, its segments, Megopolis, rejection: an output's walk over items. */
#include "host/cpu/cpu_resample.h"

typedef struct {
    const urnc_birth *b;
    int64_t k; /* where it stands */
    uint64_t w;
} walk;

static void move_to(walk *at, int64_t j, uint64_t V) {
    uint64_t w = urnc_weight_at(&at->b->row, j);
    if (urnc_high(V, at->w) < w) {
        at->k = j;
        at->w = w;
    }
}

static uint64_t shared_code(const urnc_birth *b, int64_t index, uint32_t draw) {
    return urnc_block_u64(urnc_birth_block(b, index, draw, URN_STREAM_SEGMENT));
}

static int64_t proposal(const urnc_birth *b, int64_t m, uint32_t t, uint64_t U) {
    uint64_t n = (uint64_t)b->row.n, segment = (uint64_t)b->p->segment;
    switch (b->p->scheme) {
    case URN_RESAMPLE_METROPOLIS_C1:
    case URN_RESAMPLE_METROPOLIS_C2: {
        uint32_t draw = b->p->scheme == URN_RESAMPLE_METROPOLIS_C1 ? 0 : t;
        uint64_t s = urnc_high(shared_code(b, m / URN_RESAMPLE_TEAM, draw), n / segment);
        return (int64_t)(s * segment + urnc_high(U, segment));
    }
    case URN_RESAMPLE_MEGOPOLIS:
        return (int64_t)(((uint64_t)m + urnc_high(shared_code(b, 0, t), n)) % n);
    default:
        return (int64_t)urnc_high(U, n);
    }
}

/* The first proposal accepted, or -1. */
static int64_t reject(const urnc_birth *b, int64_t m) {
    for (int32_t t = 0; t < b->p->iterations; t++) {
        urnc_block block = urnc_birth_block(b, m, (uint32_t)t, URN_STREAM_CHAIN);
        int64_t j = t ? (int64_t)urnc_high(urnc_block_u64(block), (uint64_t)b->row.n) : m % b->row.n;
        if (urnc_high(urnc_block_v64(block), b->row.W) < urnc_weight_at(&b->row, j)) return j;
    }
    return -1;
}

int64_t urnc_chain_ancestor(const urnc_birth *b, int64_t m) {
    if (b->p->scheme == URN_RESAMPLE_REJECTION) return reject(b, m);
    walk at = {b, m % b->row.n, 0};
    at.w = urnc_weight_at(&b->row, at.k);
    for (int32_t t = 0; t < b->p->iterations; t++) {
        urnc_block block = urnc_birth_block(b, m, (uint32_t)t, URN_STREAM_CHAIN);
        move_to(&at, proposal(b, m, (uint32_t)t, urnc_block_u64(block)), urnc_block_v64(block));
    }
    return at.k;
}
