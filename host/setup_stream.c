/* setup_stream.c - a create call's own stream: its waits and errors touch nobody else's work. */
#include "host/check.h"
#include "host/handles.h"

urn_status urn_setup_stream(urn_ctx *ctx, struct CUstream_st **stream) {
    *stream = NULL;
    return ctx->backend->stream_open(ctx, stream);
}

urn_status urn_setup_finish(urn_ctx *ctx, struct CUstream_st *stream, urn_status so_far) {
    char first[URN_ERROR_TEXT];
    urn_error_save(first);
    urn_status status = ctx->backend->stream_sync(ctx, stream); /* also after a failure: copies in flight must end */
    ctx->backend->stream_close(ctx, stream);
    if (so_far == URN_OK) return status;
    urn_error_restore(first);
    return so_far;
}
