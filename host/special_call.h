/* special_call.h - checks that unmask, reject, tiny and shard share. */
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

#endif
