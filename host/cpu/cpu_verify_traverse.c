/* cpu_verify_traverse.c - from the leaves to the root; of a chain it is block verification (bits_verify.h section 5).
 *
 * Only the laws of the node in hand are held. To come back to a node is to open its rows again and to repeat what its
 * rejected children did to them: a pass each, and a node is come back to once a child. */
#include <string.h>

#include "host/cpu/cpu_verify.h"

enum { STAYS = 0, LEFT = 1, TAKEN = 2 }; /* of v->gone: a child that left, or left and took its share of the laws */

/* Child c, of weight x's, is taken off the laws of the node in hand, whose weight was `weight`; what it is then. */
static uint64_t take_off(urnc_verifier *v, int32_t c, uint64_t weight) {
    int32_t x = urnc_verify_token(v, c);
    uint64_t W = 0, C = urnc_mul63(URNC_ONE - weight, v->T);
    urnc_verify_fill(v);
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t p = urnc_mul63(weight, v->P[i]);
        uint64_t q = v->has_draft ? urnc_mul63(v->Q[i], v->R) : i == x ? v->T : 0;
        uint64_t D = p > q ? p - q : 0;
        v->A[i] = D;
        W += D;
    }
    uint64_t after = W + C ? urnc_div63(W, W + C) : URNC_ONE;
    urnc_verify_adopt(v, v->A, W);
    if (v->has_draft) urnc_verify_drop(v, x);
    return after;
}

/* Make n the node in hand, its laws as its rejected children have left them. 0: a row has a status. */
static int enter(urnc_verifier *v, int32_t n) {
    if (v->node == n) return 1;
    if (urnc_verify_open(v, n) != URN_ROW_OK || !urnc_verify_open_draft(v)) return 0;
    uint64_t weight = v->weight[n];
    for (int32_t c = v->child[n]; c >= 0; c = v->next[c])
        if (v->gone[c] == TAKEN) weight = take_off(v, c, weight);
    return 1;
}

/* v_c of bits_verify.h, n in hand and of weight `weight`. */
static uint64_t weight_of(urnc_verifier *v, int32_t c, uint64_t weight) {
    int32_t x = urnc_verify_token(v, c);
    if (x >= v->n || (v->has_draft && (!v->S || !urnc_verify_Q(v, x)))) {
        v->status |= URN_ROW_DRAFT;
        return 0;
    }
    uint64_t P = urnc_verify_P(v, x), q = v->has_draft ? urnc_verify_q(v, x) : v->T;
    if (!P) return 0;
    if (!q || urnc_mul63(weight, P) >= q) return URNC_ONE;
    return (uint64_t)((urnc_u128)weight * P / q);
}

static int32_t first_left(const urnc_verifier *v, int32_t n) {
    int32_t c = v->child[n];
    while (c >= 0 && v->gone[c]) c = v->next[c];
    return c;
}

static int32_t find_end(urnc_verifier *v) {
    uint64_t *now = v->now;
    int32_t n = 0;
    memset(v->gone, STAYS, (size_t)v->count);
    now[0] = v->weight[0] = URNC_ONE;
    for (;;) {
        int32_t c = now[n] > 0 ? first_left(v, n) : -1;
        if (c >= 0 && !enter(v, n)) { /* statuses are told where the walk stops, or are a draft's */
            v->status |= v->target.status;
            v->child[n] = c = -1;
            v->node = -1;
        }
        if (c >= 0) {
            v->weight[c] = now[c] = weight_of(v, c, now[n]);
            n = c;
            continue;
        }
        if (n == 0 || urnc_verify_coin(v, n) >> 1 < now[n]) return n;
        c = n;
        n = v->parent[c];
        enter(v, n);
        int32_t x = urnc_verify_token(v, c);
        v->gone[c] = LEFT;
        if (x >= v->n || (v->has_draft && (!v->S || !urnc_verify_Q(v, x)))) continue;
        now[n] = take_off(v, c, now[n]);
        v->gone[c] = TAKEN;
    }
}

void urnc_verify_traverse(urnc_verifier *v) {
    int32_t n = find_end(v), rejected = 0;
    if (!urnc_verify_emit_path(v, n)) return;
    for (int32_t c = v->child[n]; c >= 0; c = v->next[c]) rejected |= v->gone[c] != STAYS;
    if (!rejected) {
        int status = urnc_verify_open(v, n);
        v->status |= status;
        if (status == URN_ROW_OK) urnc_verify_emit(v, n, urnc_verify_own(v), 0);
        return;
    }
    v->node = -1;
    enter(v, n);
    urnc_verify_emit(v, n, urnc_verify_end(v), 0);
}
