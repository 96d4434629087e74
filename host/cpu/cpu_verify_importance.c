/* cpu_verify_importance.c - one child is selected, by weights that bring its law near the target's, and then tested
 * (bits_verify.h section 8). */
#include <string.h>

#include "host/cpu/cpu_verify.h"

#define MOST URN_VERIFY_LP

/* a * b / T. */
typedef struct {
    uint64_t N;
} product;

static uint64_t prod(product of, uint64_t a, uint64_t b) {
    return urnc_mul63((uint64_t)((urnc_u128)a * b >> 62), of.N);
}

/* The heads: few ids whose pairs are shared out one by one. */
typedef struct {
    int n;
    int32_t id[MOST];
    int64_t gain[MOST];
    uint64_t A[MOST], q[MOST], P[MOST];
    uint64_t pair[MOST][MOST];  /* mass of {u, v} */
    uint64_t share[MOST][MOST]; /* share[u][v]: u's of it */
    uint64_t load[MOST];
} heads;

typedef struct {
    uint64_t TA, TQ, HA, HQ, BA, BQ;
} sums;

static int head_of(const heads *h, int32_t id) {
    for (int u = 0; u < h->n; u++)
        if (h->id[u] == id) return u;
    return -1;
}

static void find_heads(const urnc_verifier *v, const uint64_t *A, product of, heads *h) {
    h->n = 0;
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t q = urnc_mul63(v->Q[i], v->R);
        if (A[i] + q == 0) continue;
        int64_t gain = (int64_t)v->P[i] - (int64_t)prod(of, A[i], q);
        int u = h->n;
        if (u == MOST && gain <= h->gain[MOST - 1]) continue;
        if (u < MOST) h->n++;
        for (u = h->n - 1; u > 0 && gain > h->gain[u - 1]; u--) {
            h->id[u] = h->id[u - 1];
            h->gain[u] = h->gain[u - 1];
        }
        h->id[u] = (int32_t)i;
        h->gain[u] = gain;
    }
}

static sums add_up(const urnc_verifier *v, const uint64_t *A, const heads *h) {
    sums s = {0, 0, 0, 0, 0, 0};
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t q = urnc_mul63(v->Q[i], v->R);
        s.TA += A[i];
        s.TQ += q;
        if (v->P[i] > A[i]) continue;
        s.BA += A[i];
        s.BQ += q;
    }
    for (int u = 0; u < h->n; u++) {
        s.HA += h->A[u];
        s.HQ += h->q[u];
        if (h->P[u] > h->A[u]) continue;
        s.BA -= h->A[u];
        s.BQ -= h->q[u];
    }
    return s;
}

/* All of a pair is the first one's; what does not depend on shares is in load too. */
static void share_out(const sums *s, product of, heads *h) {
    for (int u = 0; u < h->n; u++) {
        h->load[u] = prod(of, h->A[u], h->q[u]) + prod(of, h->A[u], s->TQ - s->HQ) + prod(of, h->q[u], s->TA - s->HA);
        for (int w = 0; w < h->n; w++) {
            int first = u < w ? u : w, last = u < w ? w : u;
            if (u == w) continue;
            h->pair[u][w] = prod(of, h->A[first], h->q[last]) + prod(of, h->q[first], h->A[last]);
            h->share[u][w] = u == first ? h->pair[u][w] : 0;
            h->load[u] += h->share[u][w];
        }
    }
}

/* A shortest path over shares from an id with too much to one with too little: from[] leads back to -1. */
static int find_path(const heads *h, int from[MOST]) {
    int queue[MOST], head = 0, tail = 0, reached[MOST] = {0};
    for (int u = 0; u < h->n; u++) {
        if (h->load[u] <= h->P[u]) continue;
        from[u] = -1;
        reached[u] = 1;
        queue[tail++] = u;
    }
    while (head < tail) {
        int u = queue[head++];
        for (int w = 0; w < h->n; w++) {
            if (reached[w] || w == u || !h->share[u][w]) continue;
            from[w] = u;
            if (h->load[w] < h->P[w]) return w;
            reached[w] = 1;
            queue[tail++] = w;
        }
    }
    return -1;
}

static int move(heads *h) {
    int from[MOST], end = find_path(h, from), start = end;
    if (end < 0) return 0;
    uint64_t most = h->P[end] - h->load[end];
    for (int w = end; from[w] >= 0; w = from[w]) {
        start = from[w];
        if (h->share[start][w] < most) most = h->share[start][w];
    }
    if (h->load[start] - h->P[start] < most) most = h->load[start] - h->P[start];
    for (int w = end; from[w] >= 0; w = from[w]) {
        h->share[from[w]][w] -= most;
        h->share[w][from[w]] += most;
    }
    h->load[start] -= most;
    h->load[end] += most;
    return 1;
}

/* The incumbent x of law A against y: who stays. */
static int32_t select_one(const urnc_verifier *v, const uint64_t *A, const heads *h, int32_t x, int32_t y, uint64_t U) {
    int u = head_of(h, x), w = head_of(h, y);
    if (x == y) return x;
    if (u >= 0 && w >= 0) return urnc_mulhi(U, h->pair[u][w]) < h->share[u][w] ? x : y;
    if (u >= 0 || w >= 0) return u >= 0 ? x : y;
    int x_wanted = v->P[x] > A[x], y_wanted = v->P[y] > A[y];
    return y_wanted && !x_wanted ? y : x;
}

static void next_law(const urnc_verifier *v, uint64_t *A, const heads *h, const sums *s, product of) {
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t q = urnc_mul63(v->Q[i], v->R);
        A[i] = v->P[i] > A[i] ? prod(of, A[i], s->TQ - s->HQ) + prod(of, q, s->BA) : prod(of, A[i], s->BQ);
    }
    for (int u = 0; u < h->n; u++) A[h->id[u]] = h->load[u];
}

static int32_t challenge(urnc_verifier *v, uint64_t *A, product of, int32_t x, int32_t y, uint64_t U) {
    heads h;
    memset(&h, 0, sizeof h);
    find_heads(v, A, of, &h);
    for (int u = 0; u < h.n; u++) {
        h.A[u] = A[h.id[u]];
        h.q[u] = urnc_mul63(v->Q[h.id[u]], v->R);
        h.P[u] = v->P[h.id[u]];
    }
    sums s = add_up(v, A, &h);
    share_out(&s, of, &h);
    for (int i = 0; i < URN_VERIFY_LP_PATHS && move(&h); i++) continue;
    x = select_one(v, A, &h, x, y, U);
    next_law(v, A, &h, &s, of);
    return x;
}

int32_t urnc_verify_importance(urnc_verifier *v) {
    int32_t X = -1, first = -1;
    urnc_verify_fill(v);
    product of = {(uint64_t)(((urnc_u128)1 << 125) / v->T)};
    uint64_t *A = v->A;
    for (int64_t i = 0; i < v->n; i++) A[i] = urnc_mul63(v->Q[i], v->R);
    for (int32_t c = v->child[v->node]; c >= 0; c = v->next[c]) {
        int32_t x = urnc_verify_token(v, c);
        if (x >= v->n || !v->Q[x]) {
            v->status |= URN_ROW_DRAFT;
            continue;
        }
        if (first < 0) {
            first = c;
            X = x;
        } else {
            X = challenge(v, A, of, X, x, urnc_verify_coin(v, c));
        }
    }
    if (first < 0) return urnc_verify_own(v);
    if (urnc_mulhi(urnc_verify_coin(v, first), A[X]) < v->P[X]) return X;
    urnc_verify_take(v, A);
    return urnc_verify_end(v);
}
