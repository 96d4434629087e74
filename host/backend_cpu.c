/* backend_cpu.c - calls run in plain C before they return; there are no streams, and device memory is host memory. */
#include <stdio.h>

#include "host/cpu/cpu_calls.h"
#include "host/handles.h"
#include "host/inline_stream.h"
#include "host/processor.h"

static urn_status cpu_available(void) { return URN_OK; }

static urn_status cpu_open(urn_ctx *ctx) {
    urn_processor_name(ctx->info.device_name, sizeof ctx->info.device_name);
    snprintf(ctx->info.cpu_clone, sizeof ctx->info.cpu_clone, "%s", urnc_clone());
    return URN_OK;
}

static void cpu_close(urn_ctx *ctx) { (void)ctx; }

static urn_status cpu_sample(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call) {
    (void)stream;
    urnc_sample(&call->params, &call->lists, call->state.slots ? &call->state : NULL, call->workspace,
                call->workspace_bytes, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_slots_reset(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                  const int32_t *slot, int64_t n) {
    (void)ctx, (void)stream;
    urnc_slots_reset(view, slot, n);
    return URN_OK;
}

static urn_status cpu_slots_commit(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *slot, const int32_t *ids, int64_t ids_stride, const int32_t *accepted,
                                   int64_t rows) {
    (void)ctx, (void)stream;
    urnc_slots_commit(view, slot, ids, ids_stride, accepted, rows);
    return URN_OK;
}

static urn_status cpu_slots_prompt(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                                   int64_t rows) {
    (void)ctx, (void)stream;
    urnc_slots_prompt(view, slot, ids, size, offsets, rows);
    return URN_OK;
}

static urn_status cpu_slots_mirostat(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                     const int32_t *slot, const float *logprob, int64_t stride, const int32_t *accepted,
                                     int64_t rows, float tau, float eta) {
    (void)ctx, (void)stream;
    urnc_slots_mirostat(view, slot, logprob, stride, accepted, rows, tau, eta);
    return URN_OK;
}

static urn_status cpu_slots_gather(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *ancestors) {
    (void)ctx, (void)stream;
    urnc_slots_gather(view, ancestors);
    return URN_OK;
}

static urn_status cpu_tiny(urn_ctx *ctx, struct CUstream_st *stream, const urn_tiny_params *params) {
    (void)stream;
    urnc_tiny(params, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_unmask_choose(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    (void)stream;
    urnc_unmask_choose(params, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_unmask_settle(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    (void)stream;
    urnc_unmask_settle(params, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_shard_first(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                  urn_shard_message1 *mine) {
    (void)stream;
    urnc_shard_first(params, mine, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_shard_second(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                   const urn_shard_message1 *all, urn_shard_message2 *mine) {
    (void)stream;
    urnc_shard_second(params, all, mine, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_shard_finish(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                   const urn_shard_message1 *all1, const urn_shard_message2 *all2) {
    (void)stream;
    urnc_shard_finish(params, all1, all2, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_reject(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params) {
    (void)stream;
    urnc_reject(params, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_reject_round(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params,
                                   urn_reject_round *rounds) {
    (void)stream;
    urnc_reject_round(params, rounds, ctx->info.threads);
    return URN_OK;
}

static urn_status cpu_launch(urn_ctx *ctx, struct CUstream_st *stream, const char *name, urn_family_op op,
                             const void *call) {
    (void)name;
    (void)op(&ctx->device, call, stream);
    return URN_OK;
}

const urn_backend urn_backend_cpu = {
    .kind = URN_BACKEND_CPU,
    .available = cpu_available,
    .open = cpu_open,
    .close = cpu_close,
    .memory_get = urn_memory_get_host,
    .memory_put = urn_memory_put_host,
    .stream_open = urn_inline_stream_open,
    .stream_close = urn_inline_stream_close,
    .stream_sync = urn_inline_stream_sync,
    .stream_capturing = urn_inline_stream_capturing,
    .copy = urn_inline_copy,
    .zero = urn_inline_zero,
    .sample = cpu_sample,
    .slots_reset = cpu_slots_reset,
    .slots_commit = cpu_slots_commit,
    .slots_prompt = cpu_slots_prompt,
    .slots_mirostat = cpu_slots_mirostat,
    .slots_gather = cpu_slots_gather,
    .tiny = cpu_tiny,
    .unmask_choose = cpu_unmask_choose,
    .unmask_settle = cpu_unmask_settle,
    .shard_first = cpu_shard_first,
    .shard_second = cpu_shard_second,
    .shard_finish = cpu_shard_finish,
    .reject = cpu_reject,
    .reject_round = cpu_reject_round,
    .launch = cpu_launch,
};
