/* inline_stream.h - the stream functions of backends that have no streams: cpu and none. */
#ifndef URN_INLINE_STREAM_H
#define URN_INLINE_STREAM_H

#include "host/backend.h"

urn_status urn_inline_stream_open(urn_ctx *ctx, struct CUstream_st **stream);
void urn_inline_stream_close(urn_ctx *ctx, struct CUstream_st *stream);
urn_status urn_inline_stream_sync(urn_ctx *ctx, struct CUstream_st *stream);
urn_status urn_inline_stream_capturing(urn_ctx *ctx, struct CUstream_st *stream, int *capturing);
urn_status urn_inline_copy(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes);
urn_status urn_inline_zero(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes);

#endif
