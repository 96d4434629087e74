/* cpu_verify.c - requests over threads; each thread has room for one. */
#include "host/cpu/cpu_verify.h"

#include "host/cpu/cpu_fpenv.h"

#if defined(_OPENMP)
#include <omp.h>
#define URNC_THREAD omp_get_thread_num()
#else
#define URNC_THREAD 0
#endif

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t row_bytes(int64_t cols, int32_t needs) {
    return round_up(urnc_row_bytes(cols) + urnc_values_bytes(cols, needs) + urnc_sort_bytes(cols, needs)) +
           round_up((size_t)cols * sizeof(float));
}

/* An engine's scratch and a row of f32 for either side, three laws, eight arrays by node. */
static size_t share_bytes(int64_t nodes, int64_t cols, int64_t draft_cols, int32_t needs) {
    size_t longest = (size_t)(cols > draft_cols ? cols : draft_cols);
    return row_bytes(cols, needs) + row_bytes(draft_cols, needs) + 3 * round_up(longest * 8) +
           9 * round_up((size_t)(nodes + 1) * 8);
}

size_t urnc_verify_workspace(int64_t requests, int64_t nodes, int64_t cols, int64_t draft_cols, int32_t needs) {
    return share_bytes(nodes, cols, draft_cols, needs) * (size_t)(requests < URNC_MAX_TEAM ? requests : URNC_MAX_TEAM);
}

static void *take(char **rest, size_t bytes) {
    void *part = *rest;
    *rest += round_up(bytes);
    return part;
}

typedef struct {
    int64_t nodes, cols, draft_cols;
    int32_t needs;
} room;

static room room_of(const urnc_verify_call *call) {
    room of = {call->params->nodes, call->target.rows->logits.cols, 0, 0};
    if (call->draft.rows) of.draft_cols = call->draft.rows->logits.cols;
    if (call->target.lists) of.needs |= call->target.lists->needs;
    if (call->draft.lists) of.needs |= call->draft.lists->needs;
    return of;
}

size_t urnc_verify_share(const urnc_verify_call *call) {
    room of = room_of(call);
    return share_bytes(of.nodes, of.cols, of.draft_cols, of.needs);
}

char *urnc_verify_settle_in(urnc_verifier *v, const urnc_verify_call *call, char *rest) {
    room of = room_of(call);
    size_t nodes = (size_t)of.nodes + 1, longest = (size_t)(of.cols > of.draft_cols ? of.cols : of.draft_cols);
    v->call = call;
    v->p = call->params;
    v->target.side = &call->target;
    v->draft.side = &call->draft;
    v->target.scratch = take(&rest, row_bytes(of.cols, of.needs) - round_up((size_t)of.cols * sizeof(float)));
    v->target.linear = take(&rest, (size_t)of.cols * sizeof(float));
    v->draft.scratch =
        take(&rest, row_bytes(of.draft_cols, of.needs) - round_up((size_t)of.draft_cols * sizeof(float)));
    v->draft.linear = take(&rest, (size_t)of.draft_cols * sizeof(float));
    v->P = take(&rest, longest * 8);
    v->Q = take(&rest, longest * 8);
    v->A = take(&rest, longest * 8);
    v->parent = take(&rest, nodes * 4);
    v->depth = take(&rest, nodes * 4);
    v->child = take(&rest, nodes * 4);
    v->next = take(&rest, nodes * 4);
    v->flight = take(&rest, nodes * 4);
    v->weight = take(&rest, nodes * 8);
    v->now = take(&rest, nodes * 8);
    v->score = take(&rest, nodes * 8);
    v->gone = take(&rest, nodes);
    return rest;
}

static void verify_request(urnc_verifier *v, char *extra, int64_t b, const void *argument) {
    (void)extra, (void)argument;
    v->status = urnc_verify_begin(v, b);
    if (v->status == URN_ROW_OK) {
        urnc_verify_nodes(v);
        if (v->p->verifier == URN_VERIFY_TRAVERSAL)
            urnc_verify_traverse(v);
        else if (v->p->verifier == URN_VERIFY_TYPICAL)
            urnc_verify_typical(v);
        else if (v->p->verifier == URN_VERIFY_SYNTHETIC)
            urnc_verify_synthetic(v);
        else
            urnc_verify_walk(v);
    }
    urnc_verify_finish(v);
}

void urnc_over_requests(const urnc_verify_call *call, size_t extra, urnc_verify_work work, const void *argument) {
    const urn_verify_params *p = call->params;
    size_t share = urnc_verify_share(call) + round_up(extra);
    int64_t lanes = call->threads < URNC_MAX_TEAM ? call->threads : URNC_MAX_TEAM, backward = urnc_find_backward(p);
    if (lanes > p->requests) lanes = p->requests;
    if (lanes > (int64_t)(call->workspace_bytes / share)) lanes = (int64_t)(call->workspace_bytes / share);
    if (p->requests * p->nodes * call->target.rows->logits.cols < 32768) lanes = 1; /* not worth waking a team for */
#pragma omp parallel num_threads((int)lanes) if (lanes > 1)
    {
        urnc_verifier v;
        urnc_fpenv saved;
        urnc_fpenv_enter(&saved);
        char *rest = urnc_verify_settle_in(&v, call, (char *)call->workspace + share * (size_t)URNC_THREAD);
        v.backward = backward;
#pragma omp for schedule(dynamic, 1)
        for (int64_t b = 0; b < p->requests; b++) work(&v, rest, b, argument);
        urnc_fpenv_leave(&saved);
    }
}

void urnc_verify(const urnc_verify_call *call) { urnc_over_requests(call, 0, verify_request, NULL); }
