/* cpu_verify_words.c - which random words a decision uses, and the draws that end a round (bits_verify.h section 2). */
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_verify.h"

static uint64_t word(const urnc_verifier *v, int32_t node, uint32_t stream) {
    return urnc_block_u64(urnc_row_block(v->key, (uint32_t)node, 0, v->P0, stream));
}

uint64_t urnc_verify_coin(const urnc_verifier *v, int32_t node) {
    return v->p->coins ? v->p->coins[urnc_verify_row(v, node)] : word(v, node, URN_STREAM_COIN);
}

int32_t urnc_verify_own(urnc_verifier *v) {
    const uint64_t *code = v->p->draws ? v->p->draws + urnc_verify_row(v, v->node) : NULL;
    return urnc_lawrow_draw(&v->target, v->call->target.rows->method, code);
}

int32_t urnc_verify_end(urnc_verifier *v) {
    uint64_t U = v->p->draws ? v->p->draws[urnc_verify_row(v, v->node)] : word(v, v->node, URN_STREAM_RESIDUAL);
    uint64_t r = urnc_mulhi(U, v->T), sum = 0;
    int64_t i = 0;
    urnc_verify_fill(v);
    while (i < v->n - 1 && (sum += v->P[i]) <= r) i++; /* a wrong summary's T is no sum: stay in the row */
    return (int32_t)i;
}
