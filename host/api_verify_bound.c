/* api_verify_bound.c - urn_verify_bound: check, complete both sides' rows, find the workspace, enqueue. */
#include <string.h>

#include "host/check_verify.h"
#include "host/params.h"
#include "host/special_call.h"
#include "urn/bits.h"
#include "urn/verify.h"

static const char name[] = "urn_verify_bound";
static const urn_struct_sizes bound_sizes = {sizeof(urn_verify_bound_params), sizeof(urn_verify_bound_params),
                                             sizeof(void *)};

static urnk_verify_sizes sizes_of(const urn_verify_bound_params *p) {
    urnk_verify_sizes sizes = {
        p->target->logits.rows, 1, 0, p->target->logits.rows, p->target->logits.cols, p->draft->logits.rows,
        p->draft->logits.cols,  0, 0};
    sizes.needs = urn_verify_needs(p->target, p->draft);
    if (p->target_rows == URN_ROWS_PROBS || p->draft_rows == URN_ROWS_PROBS) sizes.needs |= URN_NEEDS_FULL;
    return sizes;
}

size_t urn_verify_bound_workspace(const urn_verify_bound_params *params) {
    urn_verify_bound_params p = URN_VERIFY_BOUND_PARAMS_INIT;
    if (!params || urn_params_copy("urn_verify_bound_workspace", "params", &p, params, bound_sizes) != URN_OK) return 0;
    if (!p.target || !p.draft) return 0;
    urnk_verify_sizes s = sizes_of(&p);
    if (s.rows < 1 || s.rows > URN_MAX_ROWS || s.cols < 1 || s.cols > URN_MAX_COLS || s.draft_cols < 1 ||
        s.draft_cols > URN_MAX_COLS || s.draft_rows < 0 || s.draft_rows > URN_MAX_ROWS)
        return 0;
    return urn_backend_verify_bound_workspace(&s);
}

static urn_status check_own(const urn_verify_bound_params *p) {
    URN_TRY(urn_check_range(URN_E_VALUE, name, "drafts", p->drafts, 1, URN_VERIFY_MAX_CHILDREN));
    URN_TRY(urn_check_range(URN_E_VALUE, name, "replacement", p->replacement, 0, 1));
    if (!p->replacement && p->drafts > 2)
        return urn_fail(URN_E_VALUE, "%s: drafts is %d without replacement; wanted 1 or 2", name, p->drafts);
    URN_TRY(urn_check_pointer(name, "draft", p->draft));
    if (!p->bound && !p->overlap && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted bound, overlap or status", name);
    const urn_named_array arrays[] = {{"draft_of", p->draft_of, 4},
                                      {"bound", p->bound, 4},
                                      {"overlap", p->overlap, 4},
                                      {"status", p->status, 4},
                                      {"workspace", p->workspace, URN_ALIGNMENT}};
    return urn_check_aligned(name, arrays, sizeof arrays / sizeof arrays[0]);
}

static urn_status plan(const urn_stream *stream, const urn_verify_bound_params *given, urnk_verify_bound_call *call) {
    static const urn_verify_bound_params defaults = URN_VERIFY_BOUND_PARAMS_INIT;
    urn_verify_bound_params *p = &call->params;
    urn_verify_sides sides;
    URN_TRY(urn_check_pointer(name, "stream", stream));
    URN_TRY(urn_check_pointer(name, "params", given));
    *p = defaults;
    URN_TRY(urn_params_copy(name, "params", p, given, bound_sizes));
    URN_TRY(check_own(p));
    URN_TRY(urn_check_pointer(name, "target", p->target));
    const urn_verify_given rows = {p->target,     p->draft,    p->target_rows,
                                   p->draft_rows, p->draft_of, p->target->logits.rows};
    URN_TRY(urn_check_verify_sides(name, stream, &rows, &sides));
    if (sides.draft.logits.rows != sides.target.logits.rows)
        return urn_fail(URN_E_SHAPE, "%s: draft has %lld rows and target %lld; wanted as many", name,
                        (long long)sides.draft.logits.rows, (long long)sides.target.logits.rows);
    call->target = sides.target;
    call->draft = sides.draft;
    call->target_lists = sides.target_lists;
    call->draft_lists = sides.draft_lists;
    call->state = sides.state;
    urnk_verify_sizes sizes = sizes_of(p);
    urn_workspace room = {p->workspace, p->workspace_bytes};
    URN_TRY(urn_check_workspace(name, stream, sizes.rows ? urn_backend_verify_bound_workspace(&sizes) : 0, &room));
    call->workspace = room.pointer;
    call->workspace_bytes = room.bytes;
    return URN_OK;
}

urn_status urn_verify_bound(urn_stream *stream, const urn_verify_bound_params *params) {
    urnk_verify_bound_call call;
    memset(&call, 0, sizeof call);
    URN_TRY(plan(stream, params, &call));
    if (call.target.logits.rows == 0) return URN_OK;
    return urn_run_family(name, stream, urn_verify_ops_of(stream->ctx->backend->kind)->verify_bound, &call);
}
