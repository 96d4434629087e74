/* buffer.h - memory owned by the library, for callers that have no allocator of their own for the device. */
#ifndef URN_BUFFER_H
#define URN_BUFFER_H

#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct urn_buffer urn_buffer;

typedef enum urn_memory {
    URN_DEVICE = 0, /* what kernels read; plain host memory on cpu */
    URN_PINNED = 1, /* host memory that copies without a stop; plain host memory on cpu */
    URN_HOST = 2    /* plain host memory */
} urn_memory;

/* urn_buffer_create - `bytes` of memory of a kind, 256-byte aligned, contents undefined. bytes 0 is URN_E_VALUE.
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK | URN_E_NULL | URN_E_VALUE (kind, bytes) | URN_E_MEMORY | URN_E_CUDA */
URN_API urn_status urn_buffer_create(urn_ctx *ctx, urn_memory kind, size_t bytes, urn_buffer **buffer);

/* urn_buffer_destroy - free it; work that uses it must be done. NULL is fine. */
URN_API void urn_buffer_destroy(urn_buffer *buffer);

/* urn_buffer_data - its address, in the memory of its kind; NULL for NULL. urn_buffer_size - its bytes. */
URN_API void *urn_buffer_data(urn_buffer *buffer);
URN_API size_t urn_buffer_size(const urn_buffer *buffer);

/* urn_buffer_write - enqueue a copy of `bytes` from host memory to buffer[offset..]. The source must stay unchanged
 * until the stream has run it. urn_buffer_read - the other way. urn_buffer_zero - enqueue a fill with zero bytes.
 *
 *  sync    enqueued; capturable from and to pinned memory
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (offset + bytes passes the end) | URN_E_MISMATCH | URN_E_CUDA */
URN_API urn_status urn_buffer_write(urn_stream *stream, urn_buffer *buffer, size_t offset, const void *host,
                                    size_t bytes);
URN_API urn_status urn_buffer_read(urn_stream *stream, const urn_buffer *buffer, size_t offset, void *host,
                                   size_t bytes);
URN_API urn_status urn_buffer_zero(urn_stream *stream, urn_buffer *buffer, size_t offset, size_t bytes);

/* urn_buffer_read_host - urn_buffer_read, then urn_stream_sync_host: the bytes are there when it returns. returns what
 * those two return; URN_E_CAPTURE before anything is enqueued. */
URN_API urn_status urn_buffer_read_host(urn_stream *stream, const urn_buffer *buffer, size_t offset, void *host,
                                        size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
