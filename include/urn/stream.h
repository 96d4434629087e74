/* stream.h - an order of work on a device, and the scratch memory that work uses.
 *
 * A stream is used by one thread at a time. Work is enqueued and runs in order; only calls that end in _host
 * wait for it. On the cpu backend a call has run when it returns, and code that is right for cuda is right here. */
#ifndef URN_STREAM_H
#define URN_STREAM_H

#include "urn/ctx.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct urn_stream urn_stream;

/* urn_stream_create - a stream of our own.
 *
 *  in    reserve  bytes of scratch to hold from the start (see urn_stream_reserve); 0 is none
 *  out   stream   NULL when the call fails
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK | URN_E_NULL | URN_E_MEMORY | URN_E_CUDA */
URN_API urn_status urn_stream_create(urn_ctx *ctx, size_t reserve, urn_stream **stream);

/* urn_stream_wrap - enqueue on the caller's CUDA stream (simt: its simt stream), which must live longer; NULL is the
 * default stream. With cpu and none, cuda_stream must be NULL. returns as
 * urn_stream_create, and URN_E_VALUE for a stream given to a backend that has none. */
URN_API urn_status urn_stream_wrap(urn_ctx *ctx, struct CUstream_st *cuda_stream, size_t reserve, urn_stream **stream);

/* urn_stream_destroy - wait for the stream's work, free its scratch; a wrapped CUDA stream stays the caller's. NULL
 * is fine. */
URN_API void urn_stream_destroy(urn_stream *stream);

/* urn_stream_reserve - hold at least `bytes` of scratch for run calls on this stream.
 *
 * Run calls never allocate: a call that needs more than was reserved returns URN_E_WORKSPACE. Blocks once handed out
 * are neither moved nor freed before the stream's end, so captured graphs stay valid; reserve the largest size first.
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK (at once where a block is large enough) | URN_E_NULL | URN_E_MEMORY | URN_E_CUDA | URN_E_CAPTURE */
URN_API urn_status urn_stream_reserve(urn_stream *stream, size_t bytes);

/* urn_stream_sync_host - make this thread wait until the stream's work is done, and report what went wrong in it.
 *
 *  returns URN_OK | URN_E_NULL | URN_E_CUDA | URN_E_CAPTURE */
URN_API urn_status urn_stream_sync_host(urn_stream *stream);

/* urn_stream_ctx - the context that the stream was made for; NULL for NULL. */
URN_API urn_ctx *urn_stream_ctx(const urn_stream *stream);

/* Counters since the stream was made; tests of "one launch" and "no allocation" read them. */
typedef struct urn_stream_stats {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t launches;      /* kernels enqueued (cuda, simt, none); calls run (cpu) */
    uint64_t allocations;   /* of host or device memory, by calls on this stream */
    uint64_t scratch_bytes; /* held now */
} urn_stream_stats;

#define URN_STREAM_STATS_INIT { (uint32_t)sizeof(urn_stream_stats), 0, 0, 0, 0 }

/* urn_stream_get_stats - returns URN_OK | URN_E_NULL | URN_E_STRUCT. */
URN_API urn_status urn_stream_get_stats(const urn_stream *stream, urn_stream_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
