/* oracle_verify_paths.c - verifiers that look past a node: TRAVERSAL, TYPICAL, SYNTHETIC (bits_verify.h, 5, 9, 10). */
#include <math.h>

#include "tests/oracle_verify.h"

static const uint64_t one = UINT64_C(1) << 63;

/* ---- TRAVERSAL ---- */

/* Whether node n's rows let it have children; they are looked at here for the first time. */
static int opens(oracle_request *r, int32_t n) {
    oracle_node *node = r->node + n;
    if (node->pair) return 1;
    oracle_vlaw *target = oracle_target_law(r, n), *draft = NULL;
    r->status |= target->status;
    if (!target->status) draft = oracle_draft_law(r, n);
    if (draft && draft->status) r->status |= URN_ROW_DRAFT;
    if (target->status || (draft && draft->status)) {
        node->left = node->children;
        return 0;
    }
    node->pair = oracle_pair_of(r, n);
    return 1;
}

static uint64_t weight_of_child(oracle_request *r, const oracle_node *node, int64_t x) {
    const oracle_pair *pair = node->pair;
    if (x >= pair->cols || (!pair->one_hot && pair->q[x] == 0)) {
        r->status |= URN_ROW_DRAFT;
        return 0;
    }
    uint64_t q = oracle_q(pair, x, x);
    if (pair->p[x] == 0) return 0;
    if (q == 0) return one;
    oracle_wide v = (oracle_wide)node->v * pair->p[x] / q;
    return v < one ? (uint64_t)v : one;
}

static void reject(oracle_request *r, int32_t n, int64_t x) {
    oracle_node *node = r->node + n;
    oracle_pair *pair = node->pair;
    node->left++;
    if (x >= pair->cols || (!pair->one_hot && pair->q[x] == 0)) return;
    uint64_t *d = (uint64_t *)ut_malloc(8 * (size_t)pair->n), w = 0;
    for (int64_t i = 0; i < pair->n; i++) {
        uint64_t p = (uint64_t)((oracle_wide)node->v * pair->p[i] >> 63), q = oracle_q(pair, i, x);
        d[i] = p > q ? p - q : 0;
        w += d[i];
    }
    uint64_t c = (uint64_t)((oracle_wide)(one - node->v) * pair->t >> 63);
    node->v = w + c == 0 ? one : (uint64_t)(((oracle_wide)w << 63) / (w + c));
    oracle_residual_of(pair, d);
    free(d);
    if (pair->one_hot) return;
    pair->s -= pair->q[x];
    pair->q[x] = 0;
    oracle_lift(pair->q, pair->n, &pair->s);
}

void oracle_traversal(oracle_request *r) {
    int32_t n = 0;
    r->node[0].v = one;
    for (;;) {
        oracle_node *node = r->node + n;
        if (node->v > 0 && node->left < node->children && opens(r, n)) {
            int32_t c = node->child[node->left];
            r->node[c].v = weight_of_child(r, node, r->node[c].token);
            n = c;
            continue;
        }
        if (n == 0 || oracle_coin(r, n) >> 1 < node->v) break;
        int32_t up = node->parent;
        reject(r, up, node->token);
        n = up;
    }
    oracle_node *node = r->node + n;
    oracle_emit_path(r, n);
    if (r->ended) return;
    int64_t y = node->pair && node->left ? oracle_end_draw(r, n, node->pair) : oracle_own_draw(r, n);
    oracle_finish(r, n, y);
}

/* ---- TYPICAL ---- */

typedef struct typical {
    int reached;
    double score;
} typical;

void oracle_typical(oracle_request *r) {
    const urn_verify_params *p = r->call->p;
    typical *at = (typical *)memset(ut_malloc(sizeof *at * (size_t)r->count), 0, sizeof *at * (size_t)r->count);
    int32_t best = 0;
    at[0].reached = 1;
    for (int32_t n = 0; n < r->count; n++) {
        oracle_node *node = r->node + n;
        if (!at[n].reached) continue;
        if (node->depth > r->node[best].depth || (node->depth == r->node[best].depth && at[n].score > at[best].score))
            best = n;
        if (!node->children) continue;
        oracle_vlaw *law = oracle_target_law(r, n);
        r->status |= law->status;
        if (law->status) continue;
        double l = oracle_log2_of(law->z) - URN_F;
        double h2 = (double)oracle_surprise(law->run) / (double)law->z + l, alpha = (double)p->alpha * oracle_exp2(-h2);
        float t = law->run->greedy ? 0.0f : (float)((double)p->epsilon < alpha ? (double)p->epsilon : alpha);
        uint64_t floor_of = (uint64_t)oracle_share(t, law->z, 0);
        for (int k = 0; k < node->children; k++) {
            int32_t c = node->child[k], x = r->node[c].token;
            uint64_t w = x < law->n && law->run->kept[x] ? law->run->w[x] : 0;
            if (w <= floor_of) continue;
            at[c].reached = 1;
            at[c].score = at[n].score + (law->run->greedy ? 0 : oracle_y(law->run, x, 0) - l);
        }
    }
    free(at);
    oracle_emit_path(r, best);
    if (!r->ended) oracle_finish(r, best, oracle_own_draw(r, best));
}

/* ---- SYNTHETIC ---- */

void oracle_synthetic(oracle_request *r) {
    const urn_verify_params *p = r->call->p;
    int32_t n = 0;
    while (!r->ended) {
        const oracle_node *node = r->node + n;
        oracle_vlaw *law = oracle_target_law(r, n);
        int32_t next = -1;
        if (law->status) {
            oracle_finish(r, n, -1);
            return;
        }
        for (int k = 0; k < node->children && next < 0; k++) {
            int32_t c = node->child[k];
            float rate = p->rates ? p->rates[r->node[c].depth - 1] : p->rate;
            rate = rate > 0 ? rate < 1 ? rate : 1 : 0;
            if (r->node[c].token >= law->n)
                r->status |= URN_ROW_DRAFT;
            else if (oracle_coin(r, c) >> 24 < oracle_scaled(rate, 40, 1))
                next = c;
        }
        if (next < 0) {
            oracle_finish(r, n, oracle_own_draw(r, n));
            return;
        }
        oracle_emit(r, r->node[next].token, n, 1);
        n = next;
    }
}
