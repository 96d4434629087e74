/* check_verify.c - the rows of target and draft, as urn_sample would check them, but for slots: those are by request.
 */
#include "host/check_verify.h"

#include "host/check_sample.h"
#include "host/special_call.h"

static int32_t needs_of(const urn_sample_params *rows) {
    return rows && rows->sampler ? rows->sampler->lists.needs : 0;
}

int32_t urn_verify_needs(const urn_sample_params *target, const urn_sample_params *draft) {
    return needs_of(target) | needs_of(draft);
}

urn_status urn_check_workspace(const char *call, const urn_stream *stream, size_t need, urn_workspace *w) {
    int own = w->pointer != NULL;
    if (!own) {
        w->pointer = stream->blocks ? stream->blocks->pointer : NULL;
        w->bytes = stream->blocks ? stream->blocks->bytes : 0;
    }
    if (w->bytes >= need) return URN_OK;
    return urn_fail(URN_E_WORKSPACE, "%s: %s has %zu bytes; wanted %zu", call,
                    own ? "workspace" : "the stream's scratch", w->bytes, need);
}

/* One side: what urn_sample says of its rows. Rows are not slots here, so its slot is taken for given. */
static urn_status check_rows(const char *call, const urn_stream *stream, int32_t kind, urn_sample_params *rows,
                             urn_lists_view *lists) {
    static const int32_t given = 0;
    const int32_t *slot = rows->slot, method = rows->method;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "rows kind", kind, URN_ROWS_LOGITS, URN_ROWS_PROBS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "method", method, URN_DRAW_INVERSE, URN_DRAW_GUMBEL));
    if (kind == URN_ROWS_PROBS && rows->sampler)
        return urn_fail(URN_E_VALUE, "%s: sampler is given and rows are URN_ROWS_PROBS; wanted NULL", call);
    const urn_sampler *sampler = rows->sampler ? rows->sampler : stream->ctx->plain;
    URN_TRY(urn_check_same_ctx(call, "sampler", sampler->ctx, "stream", stream->ctx));
    if (rows->state) URN_TRY(urn_check_same_ctx(call, "state", rows->state->ctx, "stream", stream->ctx));
    if (!slot) rows->slot = &given;
    URN_TRY(urn_check_sample_inputs(call, rows, sampler));
    rows->slot = slot;
    rows->method = method;
    *lists = sampler->lists;
    return URN_OK;
}

/* The draft's rows belong to the same requests. */
static void share_requests(urn_sample_params *draft, const urn_sample_params *target) {
    draft->slot = target->slot;
    draft->slots = target->slots;
    draft->position = target->position;
    draft->position_value = target->position_value;
    draft->row_count = target->row_count;
    draft->state = target->state;
    draft->done = target->done;
    draft->overlay = target->overlay;
    draft->overlay_count = target->overlay_count;
    draft->overlay_stride = target->overlay_stride;
}

urn_status urn_check_verify_sides(const char *call, const urn_stream *stream, const urn_verify_given *given,
                                  urn_verify_sides *sides) {
    static const urn_slots_view no_state = {0};
    urn_sample_params *target = &sides->target, *draft = &sides->draft;
    URN_TRY(urn_check_pointer(call, "target", given->target));
    URN_TRY(urn_sample_copy(call, target, given->target));
    if (!target->slots && !target->state) target->slots = given->requests;
    URN_TRY(check_rows(call, stream, given->target_rows, target, &sides->target_lists));
    if (!target->slot && target->slots < given->requests)
        return urn_fail(URN_E_SHAPE, "%s: slot is NULL, requests is %lld and slots is %lld; wanted a slot for each",
                        call, (long long)given->requests, (long long)target->slots);
    sides->state = target->state ? target->state->view : no_state;
    if (!given->draft) return URN_OK;
    URN_TRY(urn_sample_copy(call, draft, given->draft));
    share_requests(draft, target);
    URN_TRY(check_rows(call, stream, given->draft_rows, draft, &sides->draft_lists));
    if (!given->draft_of && draft->logits.cols != target->logits.cols)
        return urn_fail(URN_E_SHAPE, "%s: draft has %lld cols and target %lld; wanted as many, or draft_of", call,
                        (long long)draft->logits.cols, (long long)target->logits.cols);
    return URN_OK;
}

urn_status urn_check_draft_tree(const char *call, const urn_draft_tree *tree) {
    if (!tree->parent && !tree->first_child)
        return urn_fail(URN_E_NULL, "%s: tree has neither parent nor first_child; wanted one of them", call);
    if (tree->parent && (tree->first_child || tree->next_sibling))
        return urn_fail(URN_E_VALUE, "%s: tree has parent and first_child; wanted one of them", call);
    if (!tree->parent) URN_TRY(urn_check_pointer(call, "tree.next_sibling", tree->next_sibling));
    const urn_named_array arrays[] = {{"tree.parent", tree->parent, 4},
                                      {"tree.first_child", tree->first_child, 4},
                                      {"tree.next_sibling", tree->next_sibling, 4}};
    return urn_check_aligned(call, arrays, 3);
}
