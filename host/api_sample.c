/* api_sample.c - urn_sample: check, complete the params, find the workspace, enqueue. No step of it allocates, waits,
 * or asks the device anything. */
#include "urn/sample.h"

#include "host/backend_workspace.h"
#include "host/check.h"
#include "host/check_sample.h"
#include "host/handles.h"

static const char call[] = "urn_sample";

size_t urn_sample_workspace(const urn_sampler *sampler, int64_t rows, int64_t cols) {
    if (rows < 1 || rows > URN_MAX_ROWS || cols < 1 || cols > URN_MAX_COLS) return 0;
    size_t bytes = urn_backend_sample_workspace(rows, cols, sampler ? sampler->lists.needs : 0);
    return urn_round_up(bytes ? bytes : 1);
}

static urn_status find_workspace(const urn_stream *stream, const urn_sampler *sampler, urnk_sample_call *sample) {
    const urn_sample_params *p = &sample->params;
    size_t need = urn_sample_workspace(sampler, p->logits.rows, p->logits.cols);
    if (p->workspace) {
        sample->workspace = p->workspace;
        sample->workspace_bytes = p->workspace_bytes;
    } else {
        sample->workspace = stream->blocks ? stream->blocks->pointer : NULL;
        sample->workspace_bytes = stream->blocks ? stream->blocks->bytes : 0;
    }
    if (sample->workspace_bytes >= need) return URN_OK;
    return urn_fail(URN_E_WORKSPACE, "%s: %s has %zu bytes; wanted %zu for %lld rows of %lld", call,
                    p->workspace ? "workspace" : "the stream's scratch", sample->workspace_bytes, need,
                    (long long)p->logits.rows, (long long)p->logits.cols);
}

/* Everything that a call may be refused for; afterwards `sample` is what the backend gets. */
static urn_status plan_sample(const urn_stream *stream, const urn_sample_params *given, urnk_sample_call *sample) {
    static const urn_slots_view no_state = {0};
    urn_sample_params *p = &sample->params;
    URN_TRY(urn_sample_copy(call, p, given));
    const urn_sampler *sampler = p->sampler ? p->sampler : stream->ctx->plain;
    URN_TRY(urn_check_same_ctx(call, "sampler", sampler->ctx, "stream", stream->ctx));
    if (p->state) URN_TRY(urn_check_same_ctx(call, "state", p->state->ctx, "stream", stream->ctx));
    URN_TRY(urn_check_sample(call, p, sampler));
    sample->lists = sampler->lists;
    sample->state = p->state ? p->state->view : no_state;
    return find_workspace(stream, sampler, sample);
}

urn_status urn_sample(urn_stream *stream, const urn_sample_params *params) {
    urnk_sample_call sample;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(plan_sample(stream, params, &sample));
    if (sample.params.logits.rows == 0) return URN_OK;
    URN_TRY(stream->ctx->backend->sample(stream->ctx, stream->handle, &sample));
    stream->launches += 1;
    return URN_OK;
}
