/* inline_stream.c - streams where work is done before a call returns: there is nothing to open or to wait for. */
#include "host/inline_stream.h"

#include <string.h>

urn_status urn_inline_stream_open(urn_ctx *ctx, struct CUstream_st **stream) {
    (void)ctx;
    *stream = NULL;
    return URN_OK;
}

void urn_inline_stream_close(urn_ctx *ctx, struct CUstream_st *stream) { (void)ctx, (void)stream; }

urn_status urn_inline_stream_sync(urn_ctx *ctx, struct CUstream_st *stream) {
    (void)ctx, (void)stream;
    return URN_OK;
}

urn_status urn_inline_stream_capturing(urn_ctx *ctx, struct CUstream_st *stream, int *capturing) {
    (void)ctx, (void)stream;
    *capturing = 0;
    return URN_OK;
}

urn_status urn_inline_copy(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes) {
    (void)ctx, (void)stream;
    memcpy(dst, src, bytes);
    return URN_OK;
}

urn_status urn_inline_zero(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes) {
    (void)ctx, (void)stream;
    memset(dst, 0, bytes);
    return URN_OK;
}
