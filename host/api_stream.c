/* api_stream.c - streams and their scratch. */
#include "host/check.h"
#include "host/handles.h"
#include "host/params.h"

urn_status urn_check_not_capturing(const char *call, const urn_stream *stream) {
    int capturing = 0;
    URN_TRY(stream->ctx->backend->stream_capturing(stream->ctx, stream->handle, &capturing));
    if (!capturing) return URN_OK;
    return urn_fail(URN_E_CAPTURE, "%s: stream is being captured; wanted this call before capture begins", call);
}

static urn_status add_block(urn_stream *stream, size_t bytes) {
    urn_ctx *ctx = stream->ctx;
    urn_block *block = urn_get(&ctx->allocator, sizeof *block);
    if (!block) return urn_fail_memory("a scratch block's record", sizeof *block);
    urn_status status = ctx->backend->memory_get(ctx, URN_DEVICE, bytes, &block->pointer);
    if (status != URN_OK) {
        urn_put(&ctx->allocator, block);
        return status;
    }
    block->bytes = bytes;
    block->next = stream->blocks;
    stream->blocks = block;
    stream->allocations += 2;
    stream->scratch_bytes += bytes;
    return URN_OK;
}

static urn_status reserve(const char *call, urn_stream *stream, size_t bytes) {
    if (bytes <= (stream->blocks ? stream->blocks->bytes : 0)) return URN_OK;
    if (bytes > SIZE_MAX - URN_ALIGNMENT) return urn_fail_memory(call, bytes);
    URN_TRY(urn_check_not_capturing(call, stream));
    return add_block(stream, urn_round_up(bytes));
}

/* Free everything but the backend's stream; the stream's work is done. */
static void free_stream(urn_stream *stream) {
    urn_ctx *ctx = stream->ctx;
    for (urn_block *block = stream->blocks, *next; block; block = next) {
        next = block->next;
        ctx->backend->memory_put(ctx, URN_DEVICE, block->pointer);
        urn_put(&ctx->allocator, block);
    }
    if (stream->owned) ctx->backend->stream_close(ctx, stream->handle);
    urn_put(&ctx->allocator, stream);
}

static urn_status make_stream(const char *call, urn_ctx *ctx, int owned, struct CUstream_st *handle, size_t bytes,
                              urn_stream **stream) {
    urn_stream *made = urn_get(&ctx->allocator, sizeof *made);
    if (!made) return urn_fail_memory("a stream", sizeof *made);
    made->ctx = ctx;
    made->handle = handle;
    urn_status status = owned ? ctx->backend->stream_open(ctx, &made->handle) : URN_OK;
    if (status == URN_OK) {
        made->owned = owned;
        status = reserve(call, made, bytes);
    }
    if (status == URN_OK)
        *stream = made;
    else
        free_stream(made);
    return status;
}

urn_status urn_stream_create(urn_ctx *ctx, size_t reserve, urn_stream **stream) {
    static const char call[] = "urn_stream_create";
    URN_TRY(urn_check_pointer(call, "stream", stream));
    *stream = NULL;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    return make_stream(call, ctx, 1, NULL, reserve, stream);
}

urn_status urn_stream_wrap(urn_ctx *ctx, struct CUstream_st *cuda_stream, size_t reserve, urn_stream **stream) {
    static const char call[] = "urn_stream_wrap";
    URN_TRY(urn_check_pointer(call, "stream", stream));
    *stream = NULL;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    urn_backend_kind kind = ctx->backend->kind;
    if (cuda_stream && (kind == URN_BACKEND_CPU || kind == URN_BACKEND_NONE))
        return urn_fail(URN_E_VALUE, "%s: cuda_stream is %p; backend %s has no streams, wanted NULL", call,
                        (void *)cuda_stream, urn_backend_name(kind));
    return make_stream(call, ctx, 0, cuda_stream, reserve, stream);
}

void urn_stream_destroy(urn_stream *stream) {
    char earlier[URN_ERROR_TEXT];
    int capturing = 0;
    if (!stream) return;
    urn_error_save(earlier); /* a failure in the stream's work has nobody to answer to here */
    urn_ctx *ctx = stream->ctx;
    if (ctx->backend->stream_capturing(ctx, stream->handle, &capturing) == URN_OK && !capturing)
        (void)ctx->backend->stream_sync(ctx, stream->handle);
    free_stream(stream);
    urn_error_restore(earlier);
}

urn_status urn_stream_reserve(urn_stream *stream, size_t bytes) {
    static const char call[] = "urn_stream_reserve";
    URN_TRY(urn_check_pointer(call, "stream", stream));
    return reserve(call, stream, bytes);
}

urn_status urn_stream_sync_host(urn_stream *stream) {
    static const char call[] = "urn_stream_sync_host";
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_not_capturing(call, stream));
    return stream->ctx->backend->stream_sync(stream->ctx, stream->handle);
}

urn_status urn_stream_get_stats(const urn_stream *stream, urn_stream_stats *stats) {
    static const char call[] = "urn_stream_get_stats";
    static const urn_struct_sizes sizes = {URN_END_OF(urn_stream_stats, launches), sizeof(urn_stream_stats),
                                           sizeof(uint64_t)};
    urn_stream_stats now = URN_STREAM_STATS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "stats", stats));
    now.launches = stream->launches;
    now.allocations = stream->allocations;
    now.scratch_bytes = stream->scratch_bytes;
    return urn_params_give(call, "stats", stats, &now, sizes);
}

urn_ctx *urn_stream_ctx(const urn_stream *stream) { return stream ? stream->ctx : NULL; }
