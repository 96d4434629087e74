/* api_verify.c - urn_verify and urn_verify_tree: check, complete both sides' rows, find the workspace, enqueue. */
#include "urn/verify_tree.h"

#include <math.h>

#include "host/check_verify.h"
#include "host/params.h"
#include "host/special_call.h"
#include "urn/bits.h"

static urn_status check_values(const char *call, const urn_verify_params *p) {
    URN_TRY(urn_check_range(URN_E_VALUE, call, "verifier", p->verifier, URN_VERIFY_MATCH, URN_VERIFY_SYNTHETIC));
    const struct {
        const char *name;
        float value, most;
    } numbers[] = {{"threshold", p->threshold, 1.0f},
                   {"threshold_single", p->threshold_single, 1.0f},
                   {"epsilon", p->epsilon, 1.0f},
                   {"alpha", p->alpha, INFINITY},
                   {"rate", p->rate, 1.0f}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!(numbers[i].value >= 0.0f && numbers[i].value <= numbers[i].most) || isinf(numbers[i].value))
            return urn_fail(URN_E_VALUE, "%s: %s is %g; wanted 0 to %g", call, numbers[i].name,
                            (double)numbers[i].value, (double)numbers[i].most);
    return URN_OK;
}

static urn_status check_own(const char *call, const urn_verify_params *p) {
    URN_TRY(check_values(call, p));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "requests", p->requests, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "nodes", p->nodes, 1, URN_VERIFY_MAX_NODES));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "depth", p->depth, 0, p->nodes - 1));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "stops", p->stops, 0, URN_VERIFY_MAX_STOPS));
    if (p->stops) URN_TRY(urn_check_pointer(call, "stop", p->stop));
    URN_TRY(urn_check_pointer(call, "ids", p->ids));
    if (p->nodes > 1) URN_TRY(urn_check_pointer(call, "drafts", p->drafts));
    const urn_named_array arrays[] = {
        {"node_offsets", p->node_offsets, 8},
        {"node_count", p->node_count, 4},
        {"drafts", p->drafts, 4},
        {"draft_row", p->draft_row, 4},
        {"draft_of", p->draft_of, 4},
        {"target_summary", p->target_summary, 8},
        {"draft_summary", p->draft_summary, 8},
        {"stop", p->stop, 4},
        {"rates", p->rates, 4},
        {"coins", p->coins, 8},
        {"draws", p->draws, 8},
        {"ids", p->ids, 4},
        {"accepted", p->accepted, 4},
        {"emitted", p->emitted, 4},
        {"path", p->path, 4},
        {"logprob", p->logprob, 4},
        {"status", p->status, 4},
        {"stats", p->stats, 8},
        {"workspace", p->workspace, URN_ALIGNMENT},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

static urnk_verify_sizes sizes_of(const urn_verify_params *p, const urn_sample_params *target,
                                  const urn_sample_params *draft) {
    urnk_verify_sizes sizes = {p->requests, p->nodes, p->depth, target->logits.rows, target->logits.cols,
                               0,           0,        0,        p->verifier};
    sizes.needs = urn_verify_needs(target, draft);
    if (p->target_rows == URN_ROWS_PROBS || (draft && p->draft_rows == URN_ROWS_PROBS)) sizes.needs |= URN_NEEDS_FULL;
    if (!draft) return sizes;
    sizes.draft_rows = draft->logits.rows;
    sizes.draft_cols = draft->logits.cols;
    return sizes;
}

static int are_sizes(const urnk_verify_sizes *s) {
    return s->requests >= 1 && s->requests <= URN_MAX_ROWS && s->nodes >= 1 && s->nodes <= URN_VERIFY_MAX_NODES &&
           s->depth >= 0 && s->depth < s->nodes && s->rows >= 0 && s->rows <= URN_MAX_ROWS && s->cols >= 1 &&
           s->cols <= URN_MAX_COLS && s->draft_rows >= 0 && s->draft_rows <= URN_MAX_ROWS && s->draft_cols >= 0 &&
           s->draft_cols <= URN_MAX_COLS;
}

static const urn_struct_sizes verify_sizes = {sizeof(urn_verify_params), sizeof(urn_verify_params), sizeof(void *)};

size_t urn_verify_workspace(const urn_verify_params *params) {
    urn_verify_params p = URN_VERIFY_PARAMS_INIT;
    if (!params || urn_params_copy("urn_verify_workspace", "params", &p, params, verify_sizes) != URN_OK) return 0;
    if (!p.target) return 0;
    urnk_verify_sizes sizes = sizes_of(&p, p.target, p.draft);
    return are_sizes(&sizes) ? urn_backend_verify_workspace(&sizes) : 0;
}

static urn_status plan(const char *call, const urn_stream *stream, const urn_verify_params *given,
                       const urn_draft_tree *tree, urnk_verify_call *verify) {
    static const urn_verify_params defaults = URN_VERIFY_PARAMS_INIT;
    urn_verify_params *p = &verify->params;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    *p = defaults;
    URN_TRY(urn_params_copy(call, "params", p, given, verify_sizes));
    URN_TRY(check_own(call, p));
    if (tree) URN_TRY(urn_check_draft_tree(call, tree));
    const urn_verify_given rows = {p->target, p->draft, p->target_rows, p->draft_rows, p->draft_of, p->requests};
    urn_verify_sides sides;
    URN_TRY(urn_check_verify_sides(call, stream, &rows, &sides));
    verify->target = sides.target;
    verify->target_lists = sides.target_lists;
    verify->state = sides.state;
    verify->has_draft = p->draft != NULL;
    if (p->draft) {
        verify->draft = sides.draft;
        verify->draft_lists = sides.draft_lists;
    }
    if (!p->node_offsets && verify->target.logits.rows < p->requests * p->nodes)
        return urn_fail(URN_E_SHAPE, "%s: target has %lld rows; wanted requests %lld times nodes %d", call,
                        (long long)verify->target.logits.rows, (long long)p->requests, p->nodes);
    if (tree) verify->tree = *tree;
    urnk_verify_sizes sizes = sizes_of(p, p->target, p->draft);
    urn_workspace room = {p->workspace, p->workspace_bytes};
    URN_TRY(urn_check_workspace(call, stream, p->requests ? urn_backend_verify_workspace(&sizes) : 0, &room));
    verify->workspace = room.pointer;
    verify->workspace_bytes = room.bytes;
    return URN_OK;
}

static urn_status verify(const char *call, urn_stream *stream, const urn_verify_params *params,
                         const urn_draft_tree *tree) {
    urnk_verify_call verify = {.has_draft = 0};
    URN_TRY(plan(call, stream, params, tree, &verify));
    if (verify.params.requests == 0) return URN_OK;
    return urn_run_family(call, stream, urn_verify_ops_of(stream->ctx->backend->kind)->verify, &verify);
}

urn_status urn_verify(urn_stream *stream, const urn_verify_params *params) {
    return verify("urn_verify", stream, params, NULL);
}

urn_status urn_verify_tree(urn_stream *stream, const urn_verify_params *params, const urn_draft_tree *tree) {
    static const char call[] = "urn_verify_tree";
    URN_TRY(urn_check_pointer(call, "tree", tree));
    return verify(call, stream, params, tree);
}
