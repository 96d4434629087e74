/* oracle_verify_bound.c - the best acceptance that a verifier can have, by bins (bits_verify.h, section 12). */
#include <math.h>

#include "tests/oracle_verify.h"

typedef struct bin {
    oracle_wide p, q, u, v;
} bin;

static float bound_of(const oracle_pair *pair, const urn_verify_bound_params *params) {
    bin *bins = (bin *)memset(ut_malloc(sizeof *bins * URN_VERIFY_BINS), 0, sizeof *bins * URN_VERIFY_BINS),
        sum = {0, 0, 0, 0};
    double t = (double)pair->t, least = 0;
    for (int64_t i = 0; i < pair->n; i++) {
        uint64_t q = oracle_q(pair, i, -1);
        int at = 0, e, m;
        if (q == 0) continue;
        if (pair->p[i]) {
            float z = (float)((double)q / (double)pair->p[i]), part = frexpf(z, &e);
            e--;
            m = (int)((part * 2 - 1) * 64);
            if (e < -32) e = -32, m = 0;
            if (e > 31) e = 31, m = 63;
            at = 1 + (31 - e) * 64 + (63 - m);
        }
        double h = (double)q / t;
        if (h > 1 - 0x1p-20) h = 1 - 0x1p-20;
        double u = h / (1 - h);
        bins[at].p += pair->p[i];
        bins[at].q += q;
        bins[at].u += (uint64_t)floor(u * 0x1p40);
        bins[at].v += (uint64_t)floor((u * h) * 0x1p40);
    }
    for (int j = 0; j < URN_VERIFY_BINS; j++) {
        sum.p += bins[j].p, sum.q += bins[j].q, sum.u += bins[j].u, sum.v += bins[j].v;
        double p = (double)(uint64_t)sum.p / t, h = (double)(uint64_t)sum.q / t;
        h = h < 1 ? h : 1;
        double f = h;
        for (int k = 1; k < params->drafts && params->replacement; k++) f = f * h;
        if (!params->replacement && params->drafts == 2) {
            f = h * ((double)(uint64_t)sum.u * 0x1p-40) - (double)(uint64_t)sum.v * 0x1p-40;
        }
        least = p - f < least ? p - f : least;
    }
    free(bins);
    return (float)(1 + least < 1 ? 1 + least : 1);
}

void oracle_verify_bound(const urn_verify_bound_params *params, const ut_job *target, const ut_job *draft) {
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    urn_draft_tree root = {NULL, NULL, NULL};
    oracle_drafts call = {&p, &root, target, draft}; /* as trees of a root: draft row t is row t */
    p.requests = target->rows;
    p.target_rows = params->target_rows;
    p.draft_rows = params->draft_rows;
    p.draft_of = params->draft_of;
    for (int64_t b = 0; b < target->rows; b++) {
        oracle_request r;
        oracle_node node;
        uint32_t nan = URN_NAN_BITS;
        memset(&r, 0, sizeof r);
        memset(&node, 0, sizeof node);
        r.call = &call, r.b = b, r.node = &node;
        if (params->bound) memcpy(params->bound + b, &nan, 4);
        if (params->overlap) memcpy(params->overlap + b, &nan, 4);
        r.status = oracle_find_request(&r);
        if (!r.status) {
            r.position = target->position_value;
            if (target->held) {
                const int64_t *o = target->held->output_offsets;
                r.position = target->held->output ? (uint32_t)(o[r.slot + 1] - o[r.slot]) : 0;
            }
            if (target->position) r.position = target->position[b];
            r.status = oracle_target_law(&r, 0)->status;
        }
        if (!r.status && oracle_draft_law(&r, 0)->status) r.status = URN_ROW_DRAFT;
        if (!r.status) {
            oracle_pair *pair = oracle_pair_of(&r, 0);
            oracle_wide shared = 0;
            for (int64_t i = 0; i < pair->n; i++) {
                uint64_t q = oracle_q(pair, i, -1);
                shared += q < pair->p[i] ? q : pair->p[i];
            }
            if (params->overlap) params->overlap[b] = (float)((double)(uint64_t)shared / (double)pair->t);
            if (params->bound) params->bound[b] = bound_of(pair, params);
            oracle_pair_free(pair);
        }
        if (params->status) params->status[b] = r.status;
        oracle_vlaw_free(node.target);
        oracle_vlaw_free(node.draft);
    }
}
