/* api_buffer.c - memory owned by the library, and copies. */
#include "urn/buffer.h"

#include "host/check.h"
#include "host/handles.h"

urn_status urn_buffer_create(urn_ctx *ctx, urn_memory kind, size_t bytes, urn_buffer **buffer) {
    static const char call[] = "urn_buffer_create";
    URN_TRY(urn_check_pointer(call, "buffer", buffer));
    *buffer = NULL;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "kind", (int64_t)kind, URN_DEVICE, URN_HOST));
    if (!bytes) return urn_fail(URN_E_VALUE, "%s: bytes is 0; wanted 1 or more", call);

    urn_buffer *made = urn_get(&ctx->allocator, sizeof *made);
    if (!made) return urn_fail_memory("a buffer's record", sizeof *made);
    made->ctx = ctx;
    made->kind = kind;
    made->bytes = bytes;
    urn_status status = ctx->backend->memory_get(ctx, kind, bytes, &made->data);
    if (status == URN_OK)
        *buffer = made;
    else
        urn_put(&ctx->allocator, made);
    return status;
}

void urn_buffer_destroy(urn_buffer *buffer) {
    if (!buffer) return;
    urn_ctx *ctx = buffer->ctx;
    ctx->backend->memory_put(ctx, buffer->kind, buffer->data);
    urn_put(&ctx->allocator, buffer);
}

void *urn_buffer_data(urn_buffer *buffer) { return buffer ? buffer->data : NULL; }

size_t urn_buffer_size(const urn_buffer *buffer) { return buffer ? buffer->bytes : 0; }

static urn_status check_span(const char *call, const urn_stream *stream, const urn_buffer *buffer, size_t offset,
                             size_t bytes) {
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "buffer", buffer));
    URN_TRY(urn_check_same_ctx(call, "buffer", buffer->ctx, "stream", stream->ctx));
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return urn_fail(URN_E_SHAPE, "%s: offset %zu and bytes %zu pass the end; the buffer has %zu bytes", call,
                        offset, bytes, buffer->bytes);
    return URN_OK;
}

static urn_status enqueue_copy(urn_stream *stream, void *to, const void *from, size_t bytes) {
    return bytes ? stream->ctx->backend->copy(stream->ctx, stream->handle, to, from, bytes) : URN_OK;
}

urn_status urn_buffer_write(urn_stream *stream, urn_buffer *buffer, size_t offset, const void *host, size_t bytes) {
    static const char call[] = "urn_buffer_write";
    URN_TRY(check_span(call, stream, buffer, offset, bytes));
    URN_TRY(urn_check_pointer(call, "host", host));
    return enqueue_copy(stream, (char *)buffer->data + offset, host, bytes);
}

static urn_status read_buffer(const char *call, urn_stream *stream, const urn_buffer *buffer, size_t offset, void *host,
                              size_t bytes) {
    URN_TRY(check_span(call, stream, buffer, offset, bytes));
    URN_TRY(urn_check_pointer(call, "host", host));
    return enqueue_copy(stream, host, (const char *)buffer->data + offset, bytes);
}

urn_status urn_buffer_read(urn_stream *stream, const urn_buffer *buffer, size_t offset, void *host, size_t bytes) {
    return read_buffer("urn_buffer_read", stream, buffer, offset, host, bytes);
}

urn_status urn_buffer_read_host(urn_stream *stream, const urn_buffer *buffer, size_t offset, void *host, size_t bytes) {
    static const char call[] = "urn_buffer_read_host";
    URN_TRY(check_span(call, stream, buffer, offset, bytes));
    URN_TRY(urn_check_not_capturing(call, stream)); /* before the copy becomes part of the graph */
    URN_TRY(read_buffer(call, stream, buffer, offset, host, bytes));
    return urn_stream_sync_host(stream);
}

/* A device can not fill pageable memory: plain host memory takes copies of a page of zeros, in the stream's order. */
static urn_status zero_host(urn_stream *stream, char *to, size_t bytes) {
    static const char zeros[4096];
    for (size_t done = 0, part; done < bytes; done += part) {
        part = bytes - done < sizeof zeros ? bytes - done : sizeof zeros;
        URN_TRY(enqueue_copy(stream, to + done, zeros, part));
    }
    return URN_OK;
}

urn_status urn_buffer_zero(urn_stream *stream, urn_buffer *buffer, size_t offset, size_t bytes) {
    static const char call[] = "urn_buffer_zero";
    URN_TRY(check_span(call, stream, buffer, offset, bytes));
    char *to = (char *)buffer->data + offset;
    if (buffer->kind == URN_HOST) return zero_host(stream, to, bytes);
    return bytes ? stream->ctx->backend->zero(stream->ctx, stream->handle, to, bytes) : URN_OK;
}
