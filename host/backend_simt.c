/* backend_simt.c - the kernels compiled for the CPU, driven as cudart is driven. */
#include "host/backend.h"

#if URN_WITH_SIMT

#include "host/check.h"
#include "host/device_info.h"
#include "host/processor.h"
#include "kernels/simt/simt_runtime.h"

/* The layer's error numbers are cudaError_t's. */
enum { SIMT_OK = 0, SIMT_MEMORY = 2 };

static urn_status convert(const char *what, int error) {
    if (error == SIMT_OK) return URN_OK;
    const char *fault = simt_first_fault();
    return urn_fail(error == SIMT_MEMORY ? URN_E_MEMORY : URN_E_CUDA, "%s: %s (%d)%s%s", what, simt_error_name(error),
                    error, fault && *fault ? "; first fault: " : "", fault && *fault ? fault : "");
}

static urn_status simt_available(void) { return URN_OK; }

static urn_status simt_open(urn_ctx *ctx) {
    URN_TRY(convert("urnk_simt_open", urnk_simt_open(&ctx->device)));
    urn_fill_device_info(ctx);
    urn_processor_name(ctx->info.device_name, sizeof ctx->info.device_name);
    return URN_OK;
}

static void simt_close(urn_ctx *ctx) { (void)ctx; }

static urn_status simt_memory_get(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer) {
    if (kind != URN_DEVICE) return urn_memory_get_host(ctx, kind, bytes, pointer);
    int error = simt_malloc(pointer, bytes);
    return error == SIMT_MEMORY ? urn_fail_memory("simt_malloc", bytes) : convert("simt_malloc", error);
}

static void simt_memory_put(urn_ctx *ctx, urn_memory kind, void *pointer) {
    if (kind != URN_DEVICE)
        urn_memory_put_host(ctx, kind, pointer);
    else if (pointer)
        (void)simt_free(pointer); /* a damaged redzone becomes a fault record */
}

static urn_status simt_stream_open(urn_ctx *ctx, struct CUstream_st **stream) {
    (void)ctx;
    return convert("simt_stream_create", simt_stream_create(stream));
}

static void simt_stream_close(urn_ctx *ctx, struct CUstream_st *stream) {
    (void)ctx;
    (void)simt_stream_destroy(stream);
}

static urn_status simt_stream_wait(urn_ctx *ctx, struct CUstream_st *stream) {
    (void)ctx;
    return convert("simt_stream_sync", simt_stream_sync(stream));
}

static urn_status simt_stream_capturing(urn_ctx *ctx, struct CUstream_st *stream, int *capturing) {
    (void)ctx;
    *capturing = simt_capturing(stream);
    return URN_OK;
}

static urn_status simt_copy(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes) {
    (void)ctx;
    return convert("simt_memcpy_async", simt_memcpy_async(dst, src, bytes, stream));
}

static urn_status simt_zero(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes) {
    (void)ctx;
    return convert("simt_memset_async", simt_memset_async(dst, 0, bytes, stream));
}

static urn_status simt_sample(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call) {
    return convert("urnk_simt_sample", urnk_simt_sample(&ctx->device, call, stream));
}

static urn_status simt_slots_reset(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *slot, int64_t n) {
    return convert("urnk_simt_slots_reset", urnk_simt_slots_reset(&ctx->device, view, slot, n, stream));
}

static urn_status simt_slots_commit(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                                    const int32_t *accepted, int64_t rows) {
    return convert("urnk_simt_slots_commit",
                   urnk_simt_slots_commit(&ctx->device, view, slot, ids, ids_stride, accepted, rows, stream));
}

static urn_status simt_slots_prompt(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                                    int64_t rows) {
    return convert("urnk_simt_slots_prompt",
                   urnk_simt_slots_prompt(&ctx->device, view, slot, ids, size, offsets, rows, stream));
}

static urn_status simt_slots_mirostat(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                      const int32_t *slot, const float *logprob, int64_t stride,
                                      const int32_t *accepted, int64_t rows, float tau, float eta) {
    return convert("urnk_simt_slots_mirostat", urnk_simt_slots_mirostat(&ctx->device, view, slot, logprob, stride,
                                                                        accepted, rows, tau, eta, stream));
}

static urn_status simt_slots_gather(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *ancestors) {
    return convert("urnk_simt_slots_gather", urnk_simt_slots_gather(&ctx->device, view, ancestors, stream));
}

static urn_status simt_tiny(urn_ctx *ctx, struct CUstream_st *stream, const urn_tiny_params *params) {
    return convert("urnk_simt_tiny", urnk_simt_tiny(&ctx->device, params, stream));
}

static urn_status simt_unmask_choose(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    return convert("urnk_simt_unmask_choose", urnk_simt_unmask_choose(&ctx->device, params, stream));
}

static urn_status simt_unmask_settle(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    return convert("urnk_simt_unmask_settle", urnk_simt_unmask_settle(&ctx->device, params, stream));
}

static urn_status simt_shard_first(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                   urn_shard_message1 *mine) {
    return convert("urnk_simt_shard_first", urnk_simt_shard_first(&ctx->device, params, mine, stream));
}

static urn_status simt_shard_second(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all, urn_shard_message2 *mine) {
    return convert("urnk_simt_shard_second", urnk_simt_shard_second(&ctx->device, params, all, mine, stream));
}

static urn_status simt_shard_finish(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all1, const urn_shard_message2 *all2) {
    return convert("urnk_simt_shard_finish", urnk_simt_shard_finish(&ctx->device, params, all1, all2, stream));
}

static urn_status simt_reject(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params) {
    return convert("urnk_simt_reject", urnk_simt_reject(&ctx->device, params, stream));
}

static urn_status simt_reject_round(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params,
                                    urn_reject_round *rounds) {
    return convert("urnk_simt_reject_round", urnk_simt_reject_round(&ctx->device, params, rounds, stream));
}

static urn_status simt_launch(urn_ctx *ctx, struct CUstream_st *stream, const char *name, urn_family_op op,
                              const void *call) {
    return convert(name, op(&ctx->device, call, stream));
}

const urn_backend urn_backend_simt = {
    .kind = URN_BACKEND_SIMT,
    .available = simt_available,
    .open = simt_open,
    .close = simt_close,
    .memory_get = simt_memory_get,
    .memory_put = simt_memory_put,
    .stream_open = simt_stream_open,
    .stream_close = simt_stream_close,
    .stream_sync = simt_stream_wait,
    .stream_capturing = simt_stream_capturing,
    .copy = simt_copy,
    .zero = simt_zero,
    .sample = simt_sample,
    .slots_reset = simt_slots_reset,
    .slots_commit = simt_slots_commit,
    .slots_prompt = simt_slots_prompt,
    .slots_mirostat = simt_slots_mirostat,
    .slots_gather = simt_slots_gather,
    .tiny = simt_tiny,
    .unmask_choose = simt_unmask_choose,
    .unmask_settle = simt_unmask_settle,
    .shard_first = simt_shard_first,
    .shard_second = simt_shard_second,
    .shard_finish = simt_shard_finish,
    .reject = simt_reject,
    .reject_round = simt_reject_round,
    .launch = simt_launch,
};

#endif
