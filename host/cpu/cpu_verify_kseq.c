/* cpu_verify_kseq.c - K-SEQ: children tested against p / rho, rho as small as it may be (bits_verify.h section 6). */
#include "host/cpu/cpu_verify.h"

/* p / rho, and what min(p / rho, q) sums to. */
typedef struct {
    uint64_t I, a, b;
} scaled;

static uint64_t over_rho(const scaled *s, uint64_t P) { return urnc_mul63(P, s->I); }

/* A holds q. b = beta, a = the chance that one of k is accepted, Q0.63. */
static scaled scale(const urnc_verifier *v, uint64_t rho, uint64_t k) {
    scaled s = {(uint64_t)(((urnc_u128)1 << 73) / rho), 0, 0};
    uint64_t B = 0, t = URNC_ONE;
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t p = over_rho(&s, v->P[i]);
        B += p < v->A[i] ? p : v->A[i];
    }
    s.b = urnc_div63(B, v->T);
    if (s.b > URNC_ONE) s.b = URNC_ONE;
    for (uint64_t j = 0; j < k; j++) t = urnc_mul63(t, URNC_ONE - s.b);
    s.a = URNC_ONE - t;
    if ((urnc_u128)s.b * k < s.a) s.a = (uint64_t)((urnc_u128)s.b * k);
    return s;
}

static int is_valid(const scaled *s, uint64_t rho) { return (urnc_u128)s->a * URN_VERIFY_RHO <= (urnc_u128)rho * s->b; }

int32_t urnc_verify_kseq(urnc_verifier *v) {
    uint64_t k = 0, low = URN_VERIFY_RHO, high;
    for (int32_t c = v->child[v->node]; c >= 0; c = v->next[c]) k++;
    urnc_verify_fill(v);
    for (int64_t i = 0; i < v->n; i++) v->A[i] = urnc_mul63(v->Q[i], v->R);
    for (high = k * URN_VERIFY_RHO; low < high;) {
        uint64_t middle = (low + high) >> 1;
        scaled s = scale(v, middle, k);
        if (is_valid(&s, middle))
            high = middle;
        else
            low = middle + 1;
    }
    scaled s = scale(v, low, k);
    for (int32_t c = v->child[v->node]; c >= 0; c = v->next[c]) {
        int32_t x = urnc_verify_token(v, c);
        if (x >= v->n || !v->Q[x])
            v->status |= URN_ROW_DRAFT;
        else if (urnc_mulhi(urnc_verify_coin(v, c), v->A[x]) < over_rho(&s, v->P[x]))
            return x;
    }
    uint64_t G = s.b ? (uint64_t)(((urnc_u128)s.a << 57) / s.b) : k << 57;
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t p = over_rho(&s, v->P[i]), m = p < v->A[i] ? p : v->A[i];
        v->A[i] = (uint64_t)((urnc_u128)m * G >> 57);
    }
    urnc_verify_take(v, v->A);
    return urnc_verify_end(v);
}
