/* cpu_verify_rules.c - which token a node gives: children tried one after the other (bits_verify.h section 4). */
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_verify.h"

#define FOR_CHILDREN(c, v) for (int32_t c = (v)->child[(v)->node]; c >= 0; c = (v)->next[c])

int32_t urnc_verify_recursive(urnc_verifier *v, int replace) {
    FOR_CHILDREN(c, v) {
        int32_t x = urnc_verify_token(v, c);
        if (urnc_verify_test(v, x, urnc_verify_coin(v, c))) return x;
        if (x >= v->n || (v->has_draft && (!v->S || !urnc_verify_Q(v, x)))) continue;
        urnc_verify_take(v, NULL);
        if (v->has_draft && !replace) urnc_verify_drop(v, x);
    }
    return urnc_verify_end(v);
}

int32_t urnc_verify_target_only(urnc_verifier *v) {
    uint64_t coin = urnc_verify_coin(v, v->child[v->node]), sum = 0;
    uint64_t of = urnc_ceil_product(v->p->threshold, v->T), single = urnc_ceil_product(v->p->threshold_single, v->T);
    uint64_t r = urnc_mulhi(coin, of ? of : 1);
    if (!single) single = 1;
    FOR_CHILDREN(c, v) {
        int32_t x = urnc_verify_token(v, c);
        uint64_t P = urnc_verify_P(v, x);
        sum += P;
        if (r < sum || P >= single) return x;
    }
    if (sum < v->T) {
        urnc_verify_fill(v);
        FOR_CHILDREN(c, v) {
            int32_t x = urnc_verify_token(v, c);
            if (x < v->n) v->P[x] = 0;
        }
        v->T = urnc_lift(v->P, v->n, v->T - sum);
    }
    return urnc_verify_end(v);
}

int32_t urnc_verify_greedy_drafts(urnc_verifier *v) {
    FOR_CHILDREN(c, v) {
        int32_t x = urnc_verify_token(v, c);
        if (v->next[c] >= 0) {
            if (x < v->n && v->S) urnc_verify_drop(v, x);
            continue;
        }
        if (!v->S) break;
        if (urnc_verify_test(v, x, urnc_verify_coin(v, c))) return x;
        if (x >= v->n || !urnc_verify_Q(v, x)) break;
        urnc_verify_take(v, NULL);
        return urnc_verify_end(v);
    }
    return urnc_verify_own(v);
}
