/* special_call.c - checks that unmask, reject, tiny, shard and the families share. */
#include "host/special_call.h"

#include "urn/bits.h"

urn_status urn_check_aligned(const char *call, const urn_named_array *arrays, size_t count) {
    for (size_t i = 0; i < count; i++)
        if ((uintptr_t)arrays[i].pointer & (arrays[i].element - 1))
            return urn_fail(URN_E_VALUE, "%s: %s is %p; wanted a multiple of %zu", call, arrays[i].name,
                            arrays[i].pointer, arrays[i].element);
    return URN_OK;
}

urn_status urn_check_dense(const char *call, const urn_matrix *m) {
    int64_t size = (int64_t)urn_dtype_size((urn_dtype)m->dtype), last;
    URN_TRY(urn_check_pointer(call, "logits.data", m->data));
    if (!size)
        return urn_fail(URN_E_DTYPE, "%s: logits.dtype is %d; wanted URN_F32, URN_F16 or URN_BF16", call, m->dtype);
    const urn_named_array data = {"logits.data", m->data, (size_t)size};
    URN_TRY(urn_check_aligned(call, &data, 1));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.rows", m->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.cols", m->cols, 1, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "logits.row_stride", m->row_stride, 0, INT64_MAX));
    if (m->row_index || m->offsets)
        return urn_fail(URN_E_SHAPE, "%s: logits has row_index or offsets; wanted a dense view", call);
    if (m->rows && (__builtin_mul_overflow(m->rows - 1, m->row_stride, &last) || last > INT64_MAX / size - m->cols))
        return urn_fail(URN_E_SHAPE, "%s: logits.rows %lld times row_stride %lld passes 2^63 bytes", call,
                        (long long)m->rows, (long long)m->row_stride);
    return URN_OK;
}

urn_status urn_fail_absent(const char *call, const urn_stream *stream) {
    return urn_fail(URN_E_BACKEND, "%s: the backend \"%s\" does not have it in this build", call,
                    urn_backend_name(stream->ctx->backend->kind));
}

urn_status urn_find_workspace(const char *call, const urn_stream *stream, void *given, size_t given_bytes, size_t need,
                              void **workspace, size_t *bytes) {
    *workspace = given ? given : stream->blocks ? stream->blocks->pointer : NULL;
    *bytes = given ? given_bytes : stream->blocks ? stream->blocks->bytes : 0;
    const urn_named_array array = {"workspace", *workspace, 256};
    URN_TRY(urn_check_aligned(call, &array, 1));
    if (*bytes >= need) return URN_OK;
    return urn_fail(URN_E_WORKSPACE, "%s: %s has %zu bytes; wanted %zu", call,
                    given ? "workspace" : "the stream's scratch", *bytes, need);
}

urn_status urn_run_family(const char *call, urn_stream *stream, urn_family_op op, const void *operands) {
    if (!op) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->launch(stream->ctx, stream->handle, call, op, operands));
    stream->launches += 1;
    return URN_OK;
}
