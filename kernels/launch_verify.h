/* launch_verify.h - the kernels of the verify family as host/ sees them: a struct and two functions an operation.
 *
 * As in launch.h: arguments have been checked, defaults filled in, the workspace is large enough; a function returns 0
 * or the runtime's error number and allocates, waits for and reads back nothing. */
#ifndef URNK_LAUNCH_VERIFY_H
#define URNK_LAUNCH_VERIFY_H

#include "kernels/launch.h"
#include "urn/verify.h"
#include "urn/verify_draft.h"
#include "urn/verify_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What urn_verify and urn_verify_tree become. params.target, draft and workspace are not read: `target` and `draft`
 * here are complete. target.slots is final; its slot and position are [requests], its label by slot (NULL: the
 * request's number), its row_count one of requests. `draft` has the target's slot, position, row_count, slots, state
 * and done already (so label NULL likewise is the request's number), and rows by number. */
typedef struct urnk_verify_call {
    urn_verify_params params;
    urn_sample_params target, draft;
    urn_lists_view target_lists, draft_lists; /* count >= 1; of probabilities: one empty list */
    urn_slots_view state;                     /* slots 0: none */
    urn_draft_tree tree;                      /* all NULL: a chain */
    int32_t has_draft;
    int32_t reserved;
    void *workspace;
    size_t workspace_bytes;
} urnk_verify_call;

typedef struct urnk_verify_bound_call {
    urn_verify_bound_params params;
    urn_sample_params target, draft;
    urn_lists_view target_lists, draft_lists;
    urn_slots_view state;
    void *workspace;
    size_t workspace_bytes;
} urnk_verify_bound_call;

typedef struct urnk_tree_compact_call {
    const int32_t *path, *used;
    const int64_t *node_offsets;
    int32_t *rows;
    int64_t *offsets;
    int64_t requests, rows_size;
    int32_t nodes, depth;
} urnk_tree_compact_call;

typedef struct urnk_recycle_call {
    urn_recycle recycle;
    const int32_t *root; /* draft */
    int64_t requests;
    int32_t *drafted;
    const int32_t *tokens, *top; /* update */
    int64_t rows;
    void *workspace; /* 4 * cols bytes */
} urnk_recycle_call;

typedef struct urnk_draft_invert_call {
    const int32_t *map;
    int64_t n, cols;
    int32_t *draft_of, *status;
} urnk_draft_invert_call;

/* Sizes that a workspace depends on. */
typedef struct urnk_verify_sizes {
    int64_t requests;
    int64_t nodes, depth;
    int64_t rows, cols;             /* of the target */
    int64_t draft_rows, draft_cols; /* 0 without a draft */
    int32_t needs;                  /* URN_NEEDS_ bits of both samplers */
    int32_t verifier;
} urnk_verify_sizes;

/* Scratch of the kernels, monotone in every member; the host takes the larger of this and what plain C wants. For every
 * row of the target, and again for its draft row: 64 bytes that say its law, and its share of what urn_sample's kernels
 * want, where its kept bits (and values, where steps change them) stay for the walk. Besides, 4 bytes a row for its own
 * draw; of trees 16 and the path's tokens. needs: with URN_NEEDS_FULL where rows are probabilities. */
static inline size_t urnk_verify_workspace(const urnk_verify_sizes *z) {
    size_t rows = (size_t)z->rows, bytes = rows * (64 + 4 + 16 + (size_t)z->depth * 4);
    bytes += urnk_sample_workspace(z->rows, z->cols, z->needs);
    if (z->draft_rows) bytes += rows * 64 + urnk_sample_workspace(z->rows, z->draft_cols, z->needs);
    return (bytes + 8 * 256 + 255) & ~(size_t)255;
}

static inline size_t urnk_verify_bound_workspace(const urnk_verify_sizes *z) {
    return urnk_verify_workspace(z) + (size_t)z->rows * URN_VERIFY_BINS * 32;
}

/* X(operation, its struct) */
#define URNK_VERIFY_OPS(X) \
    X(verify, urnk_verify_call) \
    X(verify_bound, urnk_verify_bound_call) \
    X(tree_shape, urn_tree_shape_params) \
    X(tree_compact, urnk_tree_compact_call) \
    X(recycle_draft, urnk_recycle_call) \
    X(recycle_update, urnk_recycle_call) \
    X(draft_invert, urnk_draft_invert_call)

URNK_VERIFY_OPS(URNK_FAMILY_PROTOTYPES)

#ifdef __cplusplus
}
#endif

#endif
