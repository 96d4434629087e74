/* cpu_verify_walk.c - from the root on, one token a node (bits_verify.h section 4). */
#include "host/cpu/cpu_verify.h"

/* y at the node in hand, which has children. */
static int32_t token_of(urnc_verifier *v) {
    int32_t verifier = v->p->verifier;
    if (verifier == URN_VERIFY_MATCH) return urnc_verify_own(v);
    if (verifier == URN_VERIFY_GREEDY) return urnc_lawrow_first(&v->target);
    if (verifier == URN_VERIFY_TARGET_ONLY) return urnc_verify_target_only(v);
    if (!urnc_verify_open_draft(v)) {
        v->child[v->node] = -1;
        return urnc_verify_own(v);
    }
    if (verifier == URN_VERIFY_RECURSIVE || !v->has_draft) return urnc_verify_recursive(v, 0);
    if (verifier == URN_VERIFY_MULTISTEP) return urnc_verify_recursive(v, 1);
    if (verifier == URN_VERIFY_KSEQ) return urnc_verify_kseq(v);
    if (verifier == URN_VERIFY_GREEDY_DRAFTS) return urnc_verify_greedy_drafts(v);
    return urnc_verify_importance(v);
}

static int32_t last_token(urnc_verifier *v) {
    return v->p->verifier == URN_VERIFY_GREEDY ? urnc_lawrow_first(&v->target) : urnc_verify_own(v);
}

void urnc_verify_walk(urnc_verifier *v) {
    for (int32_t n = 0;;) {
        int status = urnc_verify_open(v, n);
        if (status != URN_ROW_OK) {
            v->status |= status;
            return;
        }
        int32_t y = v->child[n] >= 0 ? token_of(v) : last_token(v), c = urnc_verify_child(v, n, y);
        urnc_verify_emit(v, n, y, c >= 0);
        if (c < 0 || urnc_verify_is_stop(v, y)) return;
        n = c;
    }
}

/* Coins alone decide, whatever the rows say. */
void urnc_verify_synthetic(urnc_verifier *v) {
    const urn_verify_params *p = v->p;
    for (int32_t n = 0;;) {
        int status = urnc_verify_open(v, n);
        if (status != URN_ROW_OK) {
            v->status |= status;
            return;
        }
        int32_t c = v->child[n];
        for (; c >= 0; c = v->next[c]) {
            if (urnc_verify_token(v, c) >= v->n) {
                v->status |= URN_ROW_DRAFT;
                continue;
            }
            float rate = p->rates ? p->rates[v->depth[c] - 1] : p->rate;
            rate = rate > 0.0f ? rate < 1.0f ? rate : 1.0f : 0.0f;
            if (urnc_verify_coin(v, c) >> 24 < urnc_ceil_product(rate, UINT64_C(1) << 40)) break;
        }
        int32_t y = c >= 0 ? urnc_verify_token(v, c) : urnc_verify_own(v);
        urnc_verify_emit(v, n, y, c >= 0);
        if (c < 0 || urnc_verify_is_stop(v, y)) return;
        n = c;
    }
}
