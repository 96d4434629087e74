/* special_call.h - checks that unmask, reject, tiny, shard and the families share. */
#ifndef URN_SPECIAL_CALL_H
#define URN_SPECIAL_CALL_H

#include "host/check.h"
#include "host/handles.h"

/* An array and how large its elements are. */
typedef struct urn_named_array {
    const char *name;
    const void *pointer;
    size_t element;
} urn_named_array;

/* urn_check_aligned - every array at a multiple of its element, or URN_E_VALUE. */
urn_status urn_check_aligned(const char *call, const urn_named_array *arrays, size_t count);

/* urn_check_dense - a dense view of logits: no row_index, no offsets. */
urn_status urn_check_dense(const char *call, const urn_matrix *m);

/* urn_fail_absent - this backend does not have the call. */
urn_status urn_fail_absent(const char *call, const urn_stream *stream);

/* urn_find_workspace - the caller's, or where that is NULL the stream's scratch; URN_E_WORKSPACE if it is too small,
 * URN_E_VALUE if it is not 256-aligned. `workspace` and `bytes` may be where `given` came from. */
urn_status urn_find_workspace(const char *call, const urn_stream *stream, void *given, size_t given_bytes, size_t need,
                              void **workspace, size_t *bytes);

/* urn_run_family - enqueue an operation of a family's table (NULL: absent) and count a launch. */
urn_status urn_run_family(const char *call, urn_stream *stream, urn_family_op op, const void *operands);

#endif
