/* cpu_verify_typical.c - typical acceptance: every child that is likely enough, and the longest path of such (section 9
 * of bits_verify.h). */
#include <string.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_verify.h"

/* Weights above this are accepted at the node in hand. */
static uint64_t threshold(const urnc_verifier *v, const urnc_law *law) {
    const urnc_row *row = &v->target.row;
    if (law->greedy) return 0;
    double H2 = (double)urnc_entropy_sum(row) / (double)law->Z + law->L;
    double t = (double)v->p->alpha * urnc_exp2_of(-H2), most = (double)v->p->epsilon;
    return (uint64_t)urnc_product((float)(t < most ? t : most), law->Z, 0);
}

static void reach_children(urnc_verifier *v, int32_t n) {
    urnc_lawrow_full(&v->target);
    urnc_law law = urnc_law_of(&v->target.row);
    uint64_t least = threshold(v, &law);
    for (int32_t c = v->child[n]; c >= 0; c = v->next[c]) {
        int32_t x = urnc_verify_token(v, c);
        if (urnc_lawrow_weight(&v->target, x) >> v->target.shift <= least) continue;
        v->gone[c] = 1;
        v->score[c] = v->score[n];
        if (law.greedy) continue;
        v->score[c] += urnc_law_y(&law, urnc_view_at(&v->target.row.kept, urnc_row_element(&v->target.row, x))) - law.L;
    }
}

static int is_better(const urnc_verifier *v, int32_t n, int32_t best) {
    if (v->depth[n] != v->depth[best]) return v->depth[n] > v->depth[best];
    return v->score[n] > v->score[best];
}

void urnc_verify_typical(urnc_verifier *v) {
    int32_t best = 0;
    memset(v->gone, 0, (size_t)v->count);
    v->gone[0] = 1;
    v->score[0] = 0.0;
    for (int32_t n = 0; n < v->count; n++) {
        if (!v->gone[n]) continue;
        if (is_better(v, n, best)) best = n;
        if (v->child[n] < 0) continue;
        int status = urnc_verify_open(v, n);
        v->status |= status;
        if (status == URN_ROW_OK) reach_children(v, n);
    }
    if (!urnc_verify_emit_path(v, best)) return;
    int status = urnc_verify_open(v, best);
    v->status |= status;
    if (status == URN_ROW_OK) urnc_verify_emit(v, best, urnc_verify_own(v), 0);
}
