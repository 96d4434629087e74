/* backend_none.c - every call is checked and planned, no kernel is run: what is left is the host's own cost. Memory and
 * copies are real, so that buffers hold what was written to them. */
#include <stdio.h>

#include "host/handles.h"
#include "host/inline_stream.h"

static urn_status none_available(void) { return URN_OK; }

static urn_status none_open(urn_ctx *ctx) {
    snprintf(ctx->info.device_name, sizeof ctx->info.device_name, "none");
    return URN_OK;
}

static void none_close(urn_ctx *ctx) { (void)ctx; }

static urn_status none_sample(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call) {
    (void)ctx, (void)stream, (void)call;
    return URN_OK;
}

static urn_status none_slots_reset(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *slot, int64_t n) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)n;
    return URN_OK;
}

static urn_status none_slots_commit(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                                    const int32_t *accepted, int64_t rows) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)ids, (void)ids_stride, (void)accepted, (void)rows;
    return URN_OK;
}

static urn_status none_slots_prompt(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                                    int64_t rows) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)ids, (void)size, (void)offsets, (void)rows;
    return URN_OK;
}

static urn_status none_slots_mirostat(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                      const int32_t *slot, const float *logprob, int64_t stride,
                                      const int32_t *accepted, int64_t rows, float tau, float eta) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)logprob, (void)stride, (void)accepted, (void)rows, (void)tau,
        (void)eta;
    return URN_OK;
}

static urn_status none_slots_gather(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *ancestors) {
    (void)ctx, (void)stream, (void)view, (void)ancestors;
    return URN_OK;
}

static urn_status none_tiny(urn_ctx *ctx, struct CUstream_st *stream, const urn_tiny_params *params) {
    (void)ctx, (void)stream, (void)params;
    return URN_OK;
}

static urn_status none_unmask_choose(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    (void)ctx, (void)stream, (void)params;
    return URN_OK;
}

static urn_status none_unmask_settle(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    (void)ctx, (void)stream, (void)params;
    return URN_OK;
}

static urn_status none_shard_first(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                   urn_shard_message1 *mine) {
    (void)ctx, (void)stream, (void)params, (void)mine;
    return URN_OK;
}

static urn_status none_shard_second(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all, urn_shard_message2 *mine) {
    (void)ctx, (void)stream, (void)params, (void)all, (void)mine;
    return URN_OK;
}

static urn_status none_shard_finish(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all1, const urn_shard_message2 *all2) {
    (void)ctx, (void)stream, (void)params, (void)all1, (void)all2;
    return URN_OK;
}

static urn_status none_reject(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params) {
    (void)ctx, (void)stream, (void)params;
    return URN_OK;
}

static urn_status none_reject_round(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params,
                                    urn_reject_round *rounds) {
    (void)ctx, (void)stream, (void)params, (void)rounds;
    return URN_OK;
}

static urn_status none_launch(urn_ctx *ctx, struct CUstream_st *stream, const char *name, urn_family_op op,
                              const void *call) {
    (void)ctx, (void)stream, (void)name, (void)op, (void)call;
    return URN_OK;
}

const urn_backend urn_backend_none = {
    .kind = URN_BACKEND_NONE,
    .available = none_available,
    .open = none_open,
    .close = none_close,
    .memory_get = urn_memory_get_host,
    .memory_put = urn_memory_put_host,
    .stream_open = urn_inline_stream_open,
    .stream_close = urn_inline_stream_close,
    .stream_sync = urn_inline_stream_sync,
    .stream_capturing = urn_inline_stream_capturing,
    .copy = urn_inline_copy,
    .zero = urn_inline_zero,
    .sample = none_sample,
    .slots_reset = none_slots_reset,
    .slots_commit = none_slots_commit,
    .slots_prompt = none_slots_prompt,
    .slots_mirostat = none_slots_mirostat,
    .slots_gather = none_slots_gather,
    .tiny = none_tiny,
    .unmask_choose = none_unmask_choose,
    .unmask_settle = none_unmask_settle,
    .shard_first = none_shard_first,
    .shard_second = none_shard_second,
    .shard_finish = none_shard_finish,
    .reject = none_reject,
    .reject_round = none_reject_round,
    .launch = none_launch,
};
