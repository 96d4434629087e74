/* backend_cuda.c - the CUDA runtime from C.
 *
 * Every call finds the caller's current device and puts it back. An error that was pending before us stays the
 * caller's; an error of our own calls is converted and cleared, so that it does not surface in the caller's next check.
 */
#include "host/backend.h"

#if URN_WITH_CUDA

#include <stdio.h>

#if defined(__GNUC__) /* CUDA's headers are not C99: they have unnamed structs */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <cuda_runtime_api.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "host/check.h"
#include "host/device_info.h"

static urn_status convert(const char *what, cudaError_t error) {
    if (error == cudaSuccess) return URN_OK;
    (void)cudaGetLastError(); /* it holds our failure now, whatever it held before */
    return urn_fail(error == cudaErrorMemoryAllocation ? URN_E_MEMORY : URN_E_CUDA, "%s: %s: %s", what,
                    cudaGetErrorName(error), cudaGetErrorString(error));
}

/* URN_CUDA - forward a failing runtime call. */
#define URN_CUDA(call) URN_TRY(convert(#call, call))

static urn_status cuda_available(void) {
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return URN_OK;
    if (error == cudaSuccess) return urn_fail(URN_E_BACKEND, "backend \"cuda\": the driver lists no device");
    (void)cudaGetLastError();
    return urn_fail(URN_E_BACKEND, "backend \"cuda\": no driver: cudaGetDeviceCount says %s: %s",
                    cudaGetErrorName(error), cudaGetErrorString(error));
}

/* Make the context's device current; *before is the caller's. Two cheap host calls at most, none when it is current. */
static urn_status enter(const urn_ctx *ctx, int *before) {
    URN_CUDA(cudaGetDevice(before));
    if (*before != ctx->device.device) URN_CUDA(cudaSetDevice(ctx->device.device));
    return URN_OK;
}

static void leave(const urn_ctx *ctx, int before) {
    if (before != ctx->device.device && cudaSetDevice(before) != cudaSuccess) (void)cudaGetLastError();
}

/* URN_ON_DEVICE - run one runtime or kernel call with the context's device current. */
#define URN_ON_DEVICE(ctx, call)                                                                                       \
    do {                                                                                                               \
        int before_;                                                                                                   \
        URN_TRY(enter(ctx, &before_));                                                                                 \
        urn_status status_ = convert(#call, (cudaError_t)(call));                                                      \
        leave(ctx, before_);                                                                                           \
        return status_;                                                                                                \
    } while (0)

static urn_status open_device(urn_ctx *ctx) { URN_ON_DEVICE(ctx, urnk_cuda_open(&ctx->device)); }

static urn_status cuda_open(urn_ctx *ctx) {
    int count = 0;
    URN_CUDA(cudaGetDeviceCount(&count));
    if (ctx->device.device >= count)
        return urn_fail(URN_E_DEVICE, "urn_ctx_create: device is %d; wanted 0 to %d", ctx->device.device, count - 1);
    URN_TRY(open_device(ctx));
    urn_fill_device_info(ctx);
    snprintf(ctx->info.device_name, sizeof ctx->info.device_name, "%s", ctx->device.name);
    return URN_OK;
}

static void cuda_close(urn_ctx *ctx) { (void)ctx; }

static urn_status get_device_memory(urn_ctx *ctx, size_t bytes, void **pointer) {
    URN_ON_DEVICE(ctx, cudaMalloc(pointer, bytes));
}

static urn_status get_pinned_memory(urn_ctx *ctx, size_t bytes, void **pointer) {
    URN_ON_DEVICE(ctx, cudaHostAlloc(pointer, bytes, cudaHostAllocPortable));
}

static urn_status cuda_memory_get(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer) {
    if (kind == URN_HOST) return urn_memory_get_host(ctx, kind, bytes, pointer);
    int device = kind == URN_DEVICE;
    urn_status status = device ? get_device_memory(ctx, bytes, pointer) : get_pinned_memory(ctx, bytes, pointer);
    return status == URN_E_MEMORY ? urn_fail_memory(device ? "cudaMalloc" : "cudaHostAlloc", bytes) : status;
}

static urn_status put_device_memory(urn_ctx *ctx, void *pointer) { URN_ON_DEVICE(ctx, cudaFree(pointer)); }

static urn_status put_pinned_memory(urn_ctx *ctx, void *pointer) { URN_ON_DEVICE(ctx, cudaFreeHost(pointer)); }

static void cuda_memory_put(urn_ctx *ctx, urn_memory kind, void *pointer) {
    switch (kind) {
    case URN_DEVICE:
        (void)put_device_memory(ctx, pointer);
        return;
    case URN_PINNED:
        (void)put_pinned_memory(ctx, pointer);
        return;
    case URN_HOST:
        urn_memory_put_host(ctx, kind, pointer);
        return;
    }
}

static urn_status cuda_stream_open(urn_ctx *ctx, struct CUstream_st **stream) {
    URN_ON_DEVICE(ctx, cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
}

static urn_status destroy_stream(urn_ctx *ctx, struct CUstream_st *stream) {
    URN_ON_DEVICE(ctx, cudaStreamDestroy(stream));
}

static void cuda_stream_close(urn_ctx *ctx, struct CUstream_st *stream) { (void)destroy_stream(ctx, stream); }

static urn_status cuda_stream_sync(urn_ctx *ctx, struct CUstream_st *stream) {
    URN_ON_DEVICE(ctx, cudaStreamSynchronize(stream));
}

static urn_status ask_capturing(urn_ctx *ctx, struct CUstream_st *stream, enum cudaStreamCaptureStatus *found,
                                cudaError_t *error) {
    int before;
    URN_TRY(enter(ctx, &before));
    *error = cudaStreamIsCapturing(stream, found);
    leave(ctx, before);
    return URN_OK;
}

/* The default stream counts as captured while another stream that it would wait for is. */
static urn_status cuda_stream_capturing(urn_ctx *ctx, struct CUstream_st *stream, int *capturing) {
    enum cudaStreamCaptureStatus found = cudaStreamCaptureStatusNone;
    cudaError_t error;
    URN_TRY(ask_capturing(ctx, stream, &found, &error));
    *capturing = error == cudaErrorStreamCaptureImplicit || found != cudaStreamCaptureStatusNone;
    if (error != cudaErrorStreamCaptureImplicit) return convert("cudaStreamIsCapturing", error);
    (void)cudaGetLastError();
    return URN_OK;
}

static urn_status cuda_copy(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes) {
    URN_ON_DEVICE(ctx, cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDefault, stream));
}

static urn_status cuda_zero(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes) {
    URN_ON_DEVICE(ctx, cudaMemsetAsync(dst, 0, bytes, stream));
}

static urn_status cuda_sample(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call) {
    URN_ON_DEVICE(ctx, urnk_cuda_sample(&ctx->device, call, stream));
}

static urn_status cuda_slots_reset(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                   const int32_t *slot, int64_t n) {
    URN_ON_DEVICE(ctx, urnk_cuda_slots_reset(&ctx->device, view, slot, n, stream));
}

static urn_status cuda_slots_commit(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                                    const int32_t *accepted, int64_t rows) {
    URN_ON_DEVICE(ctx, urnk_cuda_slots_commit(&ctx->device, view, slot, ids, ids_stride, accepted, rows, stream));
}

static urn_status cuda_slots_prompt(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                                    int64_t rows) {
    URN_ON_DEVICE(ctx, urnk_cuda_slots_prompt(&ctx->device, view, slot, ids, size, offsets, rows, stream));
}

static urn_status cuda_slots_mirostat(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                      const int32_t *slot, const float *logprob, int64_t stride,
                                      const int32_t *accepted, int64_t rows, float tau, float eta) {
    URN_ON_DEVICE(
        ctx, urnk_cuda_slots_mirostat(&ctx->device, view, slot, logprob, stride, accepted, rows, tau, eta, stream));
}

static urn_status cuda_slots_gather(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                    const int32_t *ancestors) {
    URN_ON_DEVICE(ctx, urnk_cuda_slots_gather(&ctx->device, view, ancestors, stream));
}

static urn_status cuda_tiny(urn_ctx *ctx, struct CUstream_st *stream, const urn_tiny_params *params) {
    URN_ON_DEVICE(ctx, urnk_cuda_tiny(&ctx->device, params, stream));
}

static urn_status cuda_unmask_choose(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    URN_ON_DEVICE(ctx, urnk_cuda_unmask_choose(&ctx->device, params, stream));
}

static urn_status cuda_unmask_settle(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params) {
    URN_ON_DEVICE(ctx, urnk_cuda_unmask_settle(&ctx->device, params, stream));
}

static urn_status cuda_shard_first(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                   urn_shard_message1 *mine) {
    URN_ON_DEVICE(ctx, urnk_cuda_shard_first(&ctx->device, params, mine, stream));
}

static urn_status cuda_shard_second(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all, urn_shard_message2 *mine) {
    URN_ON_DEVICE(ctx, urnk_cuda_shard_second(&ctx->device, params, all, mine, stream));
}

static urn_status cuda_shard_finish(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                                    const urn_shard_message1 *all1, const urn_shard_message2 *all2) {
    URN_ON_DEVICE(ctx, urnk_cuda_shard_finish(&ctx->device, params, all1, all2, stream));
}

static urn_status cuda_reject(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params) {
    URN_ON_DEVICE(ctx, urnk_cuda_reject(&ctx->device, params, stream));
}

static urn_status cuda_reject_round(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params,
                                    urn_reject_round *rounds) {
    URN_ON_DEVICE(ctx, urnk_cuda_reject_round(&ctx->device, params, rounds, stream));
}

static urn_status cuda_launch(urn_ctx *ctx, struct CUstream_st *stream, const char *name, urn_family_op op,
                              const void *call) {
    int before;
    URN_TRY(enter(ctx, &before));
    urn_status status = convert(name, (cudaError_t)op(&ctx->device, call, stream));
    leave(ctx, before);
    return status;
}

const urn_backend urn_backend_cuda = {
    .kind = URN_BACKEND_CUDA,
    .available = cuda_available,
    .open = cuda_open,
    .close = cuda_close,
    .memory_get = cuda_memory_get,
    .memory_put = cuda_memory_put,
    .stream_open = cuda_stream_open,
    .stream_close = cuda_stream_close,
    .stream_sync = cuda_stream_sync,
    .stream_capturing = cuda_stream_capturing,
    .copy = cuda_copy,
    .zero = cuda_zero,
    .sample = cuda_sample,
    .slots_reset = cuda_slots_reset,
    .slots_commit = cuda_slots_commit,
    .slots_prompt = cuda_slots_prompt,
    .slots_mirostat = cuda_slots_mirostat,
    .slots_gather = cuda_slots_gather,
    .tiny = cuda_tiny,
    .unmask_choose = cuda_unmask_choose,
    .unmask_settle = cuda_unmask_settle,
    .shard_first = cuda_shard_first,
    .shard_second = cuda_shard_second,
    .shard_finish = cuda_shard_finish,
    .reject = cuda_reject,
    .reject_round = cuda_reject_round,
    .launch = cuda_launch,
};

#endif
