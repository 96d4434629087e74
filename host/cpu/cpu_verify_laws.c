/* cpu_verify_laws.c - the two laws at a node, brought to one size; residuals (bits_verify.h section 3). */
#include "host/cpu/cpu_verify.h"

static urnc_lawplace place_of(urnc_verifier *v, int32_t node) {
    const urn_sample_params *rows = v->call->target.rows;
    int64_t t = urnc_verify_row(v, node);
    urnc_lawplace place = {t, v->slot, v->b, v->P0 + (uint32_t)v->depth[node], v->flight, v->depth[node], NULL};
    if (rows->overlay) {
        int64_t n = rows->overlay_count ? rows->overlay_count[t] : rows->overlay_stride;
        place.overlay = rows->overlay + t * rows->overlay_stride;
        place.overlay_n = n < 0 ? 0 : n > rows->overlay_stride ? rows->overlay_stride : n;
    } else {
        for (int32_t n = node; n > 0; n = v->parent[n]) v->flight[v->depth[n] - 1] = urnc_verify_token(v, n);
    }
    return place;
}

int urnc_verify_open(urnc_verifier *v, int32_t node) {
    urnc_lawplace place = place_of(v, node);
    if (v->p->target_summary) place.summary = v->p->target_summary + place.r;
    v->node = node;
    v->filled = 0;
    v->has_draft = 0;
    v->hot = -1;
    urnc_lawrow_open(&v->target, v->call, &place);
    v->n = v->target.n;
    v->T = v->target.T;
    return v->target.status;
}

int urnc_verify_open_draft(urnc_verifier *v) {
    const urn_verify_params *p = v->p;
    int tree = v->call->tree.parent || v->call->tree.first_child;
    int64_t t = urnc_verify_row(v, v->node), r = p->draft_row ? p->draft_row[t] : tree ? t : t - v->b;
    v->has_draft = v->call->draft.rows && r >= 0;
    if (!v->has_draft) return 1;
    urnc_lawplace place = place_of(v, v->node);
    place.r = r;
    if (v->p->draft_summary && r < v->call->draft.rows->logits.rows) place.summary = v->p->draft_summary + r;
    urnc_lawrow_open(&v->draft, v->call, &place);
    if (v->draft.status != URN_ROW_OK) {
        v->status |= URN_ROW_DRAFT;
        return 0;
    }
    v->S = v->draft.T;
    urnc_verify_rate(v);
    return 1;
}

void urnc_verify_rate(urnc_verifier *v) {
    if (v->has_draft && v->S) v->R = urnc_div63(v->T, v->S);
}

/* Through the map of a smaller vocabulary, A is where the draft's law lies in its own ids. */
void urnc_verify_fill(urnc_verifier *v) {
    const int32_t *draft_of = v->p->draft_of;
    if (v->filled) return;
    v->filled = 1;
    urnc_lawrow_fill(&v->target, v->P, v->n);
    if (!v->has_draft) return;
    if (!draft_of) {
        urnc_lawrow_fill(&v->draft, v->Q, v->n);
        return;
    }
    urnc_lawrow_fill(&v->draft, v->A, v->draft.n);
    for (int64_t i = 0; i < v->n; i++) v->Q[i] = draft_of[i] >= 0 && draft_of[i] < v->draft.n ? v->A[draft_of[i]] : 0;
}

uint64_t urnc_verify_P(const urnc_verifier *v, int64_t id) {
    if (id >= v->n) return 0;
    return v->filled ? v->P[id] : urnc_lawrow_weight(&v->target, id);
}

uint64_t urnc_verify_Q(const urnc_verifier *v, int64_t id) {
    if (id >= v->n) return 0;
    if (v->filled) return v->Q[id];
    return urnc_lawrow_weight(&v->draft, v->p->draft_of ? v->p->draft_of[id] : id);
}

uint64_t urnc_verify_q(const urnc_verifier *v, int64_t id) { return urnc_mul63(urnc_verify_Q(v, id), v->R); }

int urnc_verify_test(urnc_verifier *v, int32_t token, uint64_t coin) {
    uint64_t q = v->T;
    v->hot = token;
    if (token >= v->n || (v->has_draft && (!v->S || !urnc_verify_Q(v, token)))) {
        v->status |= URN_ROW_DRAFT;
        return 0;
    }
    if (v->has_draft) q = urnc_verify_q(v, token);
    return urnc_mulhi(coin, q) < urnc_verify_P(v, token);
}

uint64_t urnc_lift(uint64_t *weights, int64_t n, uint64_t total) {
    int shift = total >> 63 ? 0 : __builtin_clzll(total) - 1; /* only a wrong summary has more than 63 bits */
    if (shift)
        for (int64_t i = 0; i < n; i++) weights[i] <<= shift;
    return total << shift;
}

int urnc_verify_adopt(urnc_verifier *v, uint64_t *D, uint64_t W) {
    if (!W) return 0;
    uint64_t *before = v->P;
    v->P = D;
    v->A = before;
    v->T = urnc_lift(v->P, v->n, W);
    urnc_verify_rate(v);
    return 1;
}

/* Of a one-hot draft the residual takes one id out. */
static void take_hot(urnc_verifier *v) {
    if (v->P[v->hot] == v->T) return;
    v->T -= v->P[v->hot];
    v->P[v->hot] = 0;
    v->T = urnc_lift(v->P, v->n, v->T);
}

/* What was A becomes P; where minus is A, each element is read before it is written. */
void urnc_verify_take(urnc_verifier *v, const uint64_t *minus) {
    urnc_verify_fill(v);
    if (!v->has_draft) {
        take_hot(v);
        return;
    }
    uint64_t W = 0;
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t q = minus ? minus[i] : urnc_mul63(v->Q[i], v->R);
        uint64_t D = v->P[i] > q ? v->P[i] - q : 0;
        v->A[i] = D;
        W += D;
    }
    urnc_verify_adopt(v, v->A, W);
}

void urnc_verify_drop(urnc_verifier *v, int32_t token) {
    urnc_verify_fill(v);
    v->S -= v->Q[token];
    v->Q[token] = 0;
    if (v->S) v->S = urnc_lift(v->Q, v->n, v->S);
    urnc_verify_rate(v);
}
