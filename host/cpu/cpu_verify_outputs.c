/* cpu_verify_outputs.c - what a request gives, and its part of the statistics (bits_verify.h sections 4 and 11). */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_verify.h"

void urnc_verify_emit(urnc_verifier *v, int32_t node, int32_t id, int accepted) {
    const urn_verify_params *p = v->p;
    int64_t at = v->b * (p->depth + 1) + v->emitted;
    p->ids[at] = id;
    if (p->path) p->path[at] = node;
    if (p->logprob) p->logprob[at] = urnc_lawrow_logprob(&v->target, id);
    v->emitted++;
    v->accepted += accepted;
}

/* From the root down; paths are short enough to be climbed for every node. */
int urnc_verify_emit_path(urnc_verifier *v, int32_t node) {
    for (int32_t d = 1; d <= v->depth[node]; d++) {
        int32_t c = node;
        while (v->depth[c] > d) c = v->parent[c];
        int32_t x = urnc_verify_token(v, c);
        if (v->p->logprob) urnc_verify_open(v, v->parent[c]);
        urnc_verify_emit(v, v->parent[c], x, 1);
        if (urnc_verify_is_stop(v, x)) return 0;
    }
    return 1;
}

static void count(uint64_t *counter, uint64_t n) {
#pragma omp atomic
    *counter += n;
}

static void add_statistics(const urnc_verifier *v) {
    urn_verify_stats *stats = v->p->stats;
    int32_t deepest = 0, drafted = 0;
    for (int32_t c = 1; c < v->count; c++) {
        if (v->parent[c] < 0) continue;
        drafted++;
        if (v->depth[c] > deepest) deepest = v->depth[c];
    }
    count(&stats->requests, 1);
    count(&stats->drafted, (uint64_t)drafted);
    count(&stats->accepted, (uint64_t)v->accepted);
    count(&stats->emitted, (uint64_t)v->emitted);
    for (int32_t d = 0; d < deepest && d <= v->accepted; d++)
        count(&stats->tried[d < URN_VERIFY_DEPTHS ? d : URN_VERIFY_DEPTHS - 1], 1);
    for (int32_t d = 0; d < v->accepted; d++)
        count(&stats->taken[d < URN_VERIFY_DEPTHS ? d : URN_VERIFY_DEPTHS - 1], 1);
}

void urnc_verify_finish(urnc_verifier *v) {
    const urn_verify_params *p = v->p;
    int64_t first = v->b * (p->depth + 1);
    for (int64_t j = first + v->emitted; j <= first + p->depth; j++) {
        p->ids[j] = -1;
        if (p->path) p->path[j] = -1;
        if (p->logprob) p->logprob[j] = urnc_f32_of_bits(URN_NAN_BITS);
    }
    if (p->accepted) p->accepted[v->b] = v->accepted;
    if (p->emitted) p->emitted[v->b] = v->emitted;
    if (p->status) p->status[v->b] = v->status;
    if (p->stats && !(v->status & URN_ROW_PADDING)) add_statistics(v);
}
