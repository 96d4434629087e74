/* cpu_calls_verify.h - the verify family in plain C as host/ calls it; as in cpu_calls.h, arguments have been checked.
 */
#ifndef URN_CPU_CALLS_VERIFY_H
#define URN_CPU_CALLS_VERIFY_H

#include "urn/verify.h"
#include "urn/verify_draft.h"
#include "urn/verify_tree.h"

/* A side's rows, complete: the draft has the target's slot, position, row_count, slots, state and done. */
typedef struct urnc_verify_side {
    const urn_sample_params *rows; /* NULL: no draft */
    const urn_lists_view *lists;   /* NULL: none */
    int32_t kind;                  /* urn_rows_kind */
} urnc_verify_side;

typedef struct urnc_verify_call {
    const urn_verify_params *params;
    urnc_verify_side target, draft;
    const urn_slots_view *state; /* NULL: none */
    urn_draft_tree tree;         /* all NULL: a chain */
    void *workspace;
    size_t workspace_bytes;
    int threads;
} urnc_verify_call;

/* Bytes of scratch that one thread needs; a call takes as many threads as there is room for. */
size_t urnc_verify_workspace(int64_t requests, int64_t nodes, int64_t cols, int64_t draft_cols, int32_t needs);
void urnc_verify(const urnc_verify_call *call);

size_t urnc_verify_bound_workspace(int64_t rows, int64_t cols, int64_t draft_cols, int32_t needs);
void urnc_verify_bound(const urn_verify_bound_params *params, const urnc_verify_call *call);

void urnc_tree_shape(const urn_tree_shape_params *params, int threads);
void urnc_tree_compact(const int32_t *path, const int32_t *used, int64_t requests, int32_t nodes, int32_t depth,
                       const int64_t *node_offsets, int32_t *rows, int64_t rows_size, int64_t *offsets);
void urnc_recycle_draft(const urn_recycle *recycle, const int32_t *root, int64_t requests, int32_t *tokens,
                        int threads);
void urnc_recycle_update(const urn_recycle *recycle, const int32_t *tokens, const int32_t *top, int64_t rows);
void urnc_draft_invert(const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of, int32_t *status);

#endif
