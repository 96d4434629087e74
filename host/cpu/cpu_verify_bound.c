/* cpu_verify_bound.c - the best acceptance that any verifier can have (bits_verify.h section 12).
 *
 * It is 1 + the least p(H) - F(H) over sets H, F the chance that all drafts are in H; and the sets that matter are ids
 * by falling q / p, here by bins of it. */
#include <math.h>
#include <string.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_verify.h"

typedef struct {
    uint64_t P, q, u, v;
} bin;

static int bin_of(uint64_t P, uint64_t q) {
    if (!P) return 0;
    uint32_t bits = urnc_bits_of_f32((float)((double)q / (double)P));
    int e = (int)(bits >> 23) - 127, m = (int)(bits >> 17 & 63);
    if (e < -32) e = -32, m = 0;
    if (e > 31) e = 31, m = 63;
    return 1 + (31 - e) * 64 + (63 - m);
}

static double all_inside(const urn_verify_bound_params *p, const bin *sum, double T) {
    double h = (double)sum->q / T, F;
    if (h > 1.0) h = 1.0;
    F = h;
    if (!p->replacement && p->drafts == 2) {
        double u = (double)sum->u * 0x1p-40, v = (double)sum->v * 0x1p-40, hu = h * u;
        return hu - v;
    }
    for (int32_t k = 1; k < p->drafts; k++) F = F * h;
    return F;
}

static float bound_of(const urn_verify_bound_params *p, const bin *bins, double T) {
    bin sum = {0, 0, 0, 0};
    double least = 0.0;
    for (int j = 0; j < URN_VERIFY_BINS; j++) {
        sum.P += bins[j].P;
        sum.q += bins[j].q;
        sum.u += bins[j].u;
        sum.v += bins[j].v;
        double slack = (double)sum.P / T - all_inside(p, &sum, T);
        if (slack < least) least = slack;
    }
    double bound = 1.0 + least;
    return (float)(bound < 1.0 ? bound : 1.0);
}

static uint64_t fill_bins(urnc_verifier *v, bin *bins) {
    uint64_t overlap = 0;
    double T = (double)v->T;
    memset(bins, 0, sizeof *bins * URN_VERIFY_BINS);
    urnc_verify_fill(v);
    for (int64_t i = 0; i < v->n; i++) {
        uint64_t P = v->P[i], q = urnc_mul63(v->Q[i], v->R);
        if (!q) continue;
        bin *b = &bins[bin_of(P, q)];
        double h = (double)q / T;
        if (h > 1.0 - 0x1p-20) h = 1.0 - 0x1p-20;
        double u = h / (1.0 - h), uh = u * h;
        b->P += P;
        b->q += q;
        b->u += (uint64_t)(u * 0x1p40);
        b->v += (uint64_t)(uh * 0x1p40);
        overlap += P < q ? P : q;
    }
    return overlap;
}

static void bound_row(urnc_verifier *v, char *extra, int64_t r, const void *argument) {
    const urn_verify_bound_params *p = argument;
    bin *bins = (bin *)(void *)extra;
    float bound = urnc_f32_of_bits(URN_NAN_BITS), overlap = bound;
    v->status = urnc_verify_begin(v, r);
    if (v->status == URN_ROW_OK) {
        v->depth[0] = 0;
        v->status = urnc_verify_open(v, 0);
    }
    if (v->status == URN_ROW_OK && urnc_verify_open_draft(v)) {
        overlap = (float)((double)fill_bins(v, bins) / (double)v->T);
        bound = bound_of(p, bins, (double)v->T);
    }
    if (p->bound) p->bound[r] = bound;
    if (p->overlap) p->overlap[r] = overlap;
    if (p->status) p->status[r] = v->status;
}

size_t urnc_verify_bound_workspace(int64_t rows, int64_t cols, int64_t draft_cols, int32_t needs) {
    size_t lanes = (size_t)(rows < URNC_MAX_TEAM ? rows : URNC_MAX_TEAM);
    return urnc_verify_workspace(rows, 1, cols, draft_cols, needs) + lanes * (sizeof(bin) * URN_VERIFY_BINS + 64);
}

/* A row is a request of one node, and a tree's: so its draft row has its own number. */
void urnc_verify_bound(const urn_verify_bound_params *params, const urnc_verify_call *given) {
    static const int32_t unread = 0;
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    urnc_verify_call call = *given;
    p.requests = call.target.rows->logits.rows;
    p.draft_of = params->draft_of;
    call.params = &p;
    call.tree.parent = &unread;
    urnc_over_requests(&call, sizeof(bin) * URN_VERIFY_BINS, bound_row, params);
}
