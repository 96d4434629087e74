/* status.h - what a call answers, and what a row answers.
 *
 * A call returns urn_status: URN_OK or the reason nothing was enqueued. urn_last_error() has the argument's
 * name and the value found. A row that cannot be drawn from does not fail its call: its id is -1 and its
 * row status says why (a set of URN_ROW_ bits), and every other row is as if it had been alone. */
#ifndef URN_STATUS_H
#define URN_STATUS_H

#include "urn/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, text): values are pinned for life; gaps leave room by group. The text says what to do. */
#define URN_STATUS_LIST(X) \
    X(URN_OK, 0, "ok") \
    X(URN_E_NULL, 1, "a required pointer is NULL: pass the argument that the detail names") \
    X(URN_E_SHAPE, 2, "a size, stride or count does not fit: check the argument that the detail names") \
    X(URN_E_DTYPE, 3, "this dtype is not accepted here: use URN_F32, URN_F16 or URN_BF16") \
    X(URN_E_VALUE, 4, "a value is outside its range: the detail names the argument and its range") \
    X(URN_E_STRUCT, 5, "struct_size is not one this library knows: start from the struct's _INIT") \
    X(URN_E_STEP, 6, "a step of a list is not valid: the detail names the list, the step and the parameter") \
    X(URN_E_MISMATCH, 7, "two objects belong to different contexts: create both from the same urn_ctx") \
    X(URN_E_BACKEND, 20, "this backend is not available: the detail says why; URN_BACKEND_CPU always is") \
    X(URN_E_DEVICE, 21, "no such device: choose an ordinal that `urn info` lists") \
    X(URN_E_CUDA, 22, "a CUDA call failed: the detail has CUDA's name and text for it") \
    X(URN_E_MEMORY, 23, "out of memory: free some or ask for less") \
    X(URN_E_WORKSPACE, 24, "the workspace is too small: urn_stream_reserve the size in the detail, or pass one") \
    X(URN_E_CAPTURE, 25, "not allowed while the stream is being captured: make this call before capture begins")

typedef enum urn_status {
#define URN_STATUS_ENUM(name, value, text) name = value,
    URN_STATUS_LIST(URN_STATUS_ENUM)
#undef URN_STATUS_ENUM
} urn_status;

/* urn_status_name - "URN_E_SHAPE" for URN_E_SHAPE; "URN_E_UNKNOWN" for a value not in the list. Never NULL. */
URN_API const char *urn_status_name(urn_status status);

/* urn_status_text - one sentence: what is wrong and what to do next. Never NULL. */
URN_API const char *urn_status_text(urn_status status);

/* urn_last_error - the detail of the last call on this thread that did not return URN_OK: which argument, the
 * value found, the value wanted. Empty before the first failure. Valid until this thread's next failing call. */
URN_API const char *urn_last_error(void);

/* urn_set_last_error - for libraries built on this one: set this thread's detail (cut to 511 bytes; NULL: empty) and
 * return `status`. */
URN_API urn_status urn_set_last_error(urn_status status, const char *detail);

/* Row status bits: device memory, one int32 a row, 0 means drawn. Bits are or-ed, so no order matters; a row
 * with URN_ROW_INDEX or URN_ROW_PADDING reads nothing more, so it has no other bit; a step's PARAM and STATE
 * likewise come before the logits are read, but for values in lists and tables, which come when their step runs.
 * Indices of a step that is neutral for the row are not looked at. */
#define URN_ROW_LIST(X) \
    X(URN_ROW_OK, 0, "drawn") \
    X(URN_ROW_NAN, 1, "a logit is NaN") \
    X(URN_ROW_INF, 2, "a logit is +inf") \
    X(URN_ROW_EMPTY, 4, "no possible id: every logit is -inf or masked") \
    X(URN_ROW_PARAM, 8, "a step parameter in device memory is NaN or out of range") \
    X(URN_ROW_INDEX, 16, "a slot, list, row index, offset or table row in device memory is out of range") \
    X(URN_ROW_PADDING, 32, "slot is -1, its request is done, or the row is at or past the device's row count") \
    X(URN_ROW_STATE, 64, "the slot's counts are full: create urn_slots with more counts") \
    X(URN_ROW_DRAFT, 128, "a draft is no id, its draft law cannot give it, or its draft row has a status")

enum urn_row_status {
#define URN_ROW_ENUM(name, value, text) name = value,
    URN_ROW_LIST(URN_ROW_ENUM)
#undef URN_ROW_ENUM
};

/* urn_row_status_text - the text of the lowest bit set in a row status; "drawn" for 0. Never NULL. */
URN_API const char *urn_row_status_text(int row_status);

#ifdef __cplusplus
}
#endif

#endif
