/* verify_draft.h - making trees of drafts, and what a server does with the path that was accepted.
 *
 * Siblings without replacement come from urn_topk by Gumbel keys over the draft's rows (with URN_DRAFT_SEED), those
 * with replacement from urn_sample with several draws. */
#ifndef URN_VERIFY_DRAFT_H
#define URN_VERIFY_DRAFT_H

#include "urn/verify_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments of urn_tree_shape. Start from URN_TREE_SHAPE_PARAMS_INIT. Requests, nodes, rows as in urn_verify_params. */
typedef struct urn_tree_shape_params {
    uint32_t struct_size;
    int32_t nodes;    /* 1 to URN_VERIFY_MAX_NODES */
    int64_t requests; /* 0 to 2^31 - 1 */
    int64_t rows;     /* that arrays by row have */
    int32_t depth;    /* 0 to nodes - 1 */
    int32_t distinct; /* 1: of equal siblings only the first is there; needs tokens */
    const int64_t *node_offsets;
    const int32_t *node_count;
    urn_draft_tree tree;      /* in either form */
    const int32_t *tokens;    /* by row; negative: not there; NULL: all are */
    const uint32_t *position; /* [requests] of the roots; NULL: position_value */
    uint32_t position_value;
    uint32_t reserved;

    int32_t *parent;       /* by row, and so on; outputs may be NULL, and may not be the inputs */
    int32_t *first_child;
    int32_t *next_sibling;
    int32_t *node_depth;   /* -1: not there */
    uint32_t *node_position;
    uint32_t *mask;        /* [rows, mask_stride] bit j % 32 of word j / 32: the node may attend to node j */
    int64_t mask_stride;   /* words, at least ceil(nodes / 32) */
} urn_tree_shape_params;

#define URN_TREE_SHAPE_PARAMS_INIT                                                                                     \
    {                                                                                                                  \
        (uint32_t)sizeof(urn_tree_shape_params), 1, 0, 0, 0, 0, NULL, NULL, {NULL, NULL, NULL}, NULL, NULL, 0, 0,      \
            NULL, NULL, NULL, NULL, NULL, NULL, 0                                                                      \
    }

/* urn_tree_shape - one form of a tree from the other, depths, positions, and masks for tree attention.
 *
 *  in    tree, tokens, position   device
 *  out   parent ... mask          device
 *
 *  draws   none
 *  bits    the same on every backend
 *  traffic each array once; a mask row has nodes / 8 bytes
 *  sync    enqueued on stream: one launch; capturable
 *  returns URN_OK | URN_E_NULL (stream, params, the tree; no output; tokens with distinct) | URN_E_STRUCT | URN_E_SHAPE
 *          | URN_E_VALUE (both forms of a tree; an array not aligned) | URN_E_BACKEND | URN_E_CUDA */
URN_API urn_status urn_tree_shape(urn_stream *stream, const urn_tree_shape_params *params);

/* urn_tree_compact - the rows of accepted paths, one after the other: gather indices for a cache of keys and values.
 *
 *  in    path          [requests, depth + 1] as urn_verify wrote it, device
 *  in    used          [requests] how many of a path count: `accepted` + 1 rows hold committed tokens, `emitted` is
 *                      right where no stop id ended the round; device
 *  in    node_offsets  [requests + 1], device; NULL: `nodes` rows a request
 *  out   rows          [rows_size] int32, device: rows_size at least requests * (depth + 1); -1 behind the last
 *  out   offsets       [requests + 1] int64, device
 *
 *  sync    enqueued, one launch; capturable
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (requests, nodes, depth, rows_size) | URN_E_VALUE | URN_E_BACKEND
 *          | URN_E_CUDA */
URN_API urn_status urn_tree_compact(urn_stream *stream, const int32_t *path, const int32_t *used, int64_t requests,
                                    int32_t nodes, int32_t depth, const int64_t *node_offsets, int32_t *rows,
                                    int64_t rows_size, int64_t *offsets);

/* Token recycling: for every id the k ids that were likeliest after it when it was last looked at, [cols, k] in device
 * memory, made by the caller (zeros will do: siblings that are equal are left out). A template is a tree of ranks. */
typedef struct urn_recycle {
    int32_t *matrix; /* [cols, k] */
    int64_t cols;    /* 1 to URN_MAX_COLS */
    int32_t k;       /* 1 to URN_MAX_TOP_N */
    int32_t nodes;   /* of the template, root included: 1 to URN_VERIFY_MAX_NODES */
    const int32_t *parent; /* [nodes] device; lower numbers than their children's; the root's is not read */
    const int32_t *rank;   /* [nodes] device; which of the parent's k ids */
} urn_recycle;

/* urn_recycle_draft - tokens of the template's nodes for every request.
 *
 *  in    root    [requests] int32, device: the last committed tokens
 *  out   tokens  [requests, nodes] int32, device; -1 where there is none, and at duplicates
 *
 *  sync    enqueued, one launch; capturable
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE | URN_E_VALUE | URN_E_BACKEND | URN_E_CUDA
 *  paper   Luo et al. 2024 */
URN_API urn_status urn_recycle_draft(urn_stream *stream, const urn_recycle *recycle, const int32_t *root,
                                     int64_t requests, int32_t *tokens);

/* urn_recycle_update - what the target says after every node, accepted or not, becomes the matrix's rows.
 *
 *  in    tokens  [rows] int32, device; ids outside [0, cols) are skipped
 *  in    top     [rows, k] int32, device: urn_sample's top_id, or urn_topk's ids
 *  work  4 * cols bytes of the stream's scratch
 *
 *  Of rows with equal tokens the last one counts, on every backend.
 *  sync    enqueued, at most three launches; capturable
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE | URN_E_VALUE | URN_E_WORKSPACE | URN_E_BACKEND | URN_E_CUDA */
URN_API urn_status urn_recycle_update(urn_stream *stream, const urn_recycle *recycle, const int32_t *tokens,
                                      const int32_t *top, int64_t rows);

/* urn_draft_invert - urn_verify's draft_of from a sub-vocabulary's map.
 *
 *  in    map       [n] int32, device: the target's id of each draft id
 *  out   draft_of  [cols] int32, device
 *  out   status    [1] int32, device: 0, URN_ROW_INDEX (an id outside), URN_ROW_PARAM (two are equal); NULL: not wanted
 *
 *  sync    enqueued, at most three launches; capturable
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (n, cols) | URN_E_VALUE | URN_E_BACKEND | URN_E_CUDA
 *  paper   Zhao et al. 2025 (FR-Spec) */
URN_API urn_status urn_draft_invert(urn_stream *stream, const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of,
                                    int32_t *status);

/* urn_tree_plan - the tree of `nodes` nodes that gives the most tokens a pass, if the b-th child of any node is the one
 * accepted with chance rates[b - 1], not deeper than `depth`. Computed on the host; touches no device.
 *
 *  in    rates    [children] host; each in [0, 1], none larger than the one before; 1 to URN_VERIFY_MAX_CHILDREN
 *  in    nodes    with the root, 1 to URN_VERIFY_MAX_NODES
 *  in    depth    at most so many drafts on a path, 0 to nodes - 1
 *  out   parent   [nodes] host: the root's is -1. Nodes come by falling chance of being accepted, then smaller parent;
 *                 what depth and children leave no room for has parent -1 too, behind all others
 *  out   expected host: tokens a pass, the last one among them; NULL: not wanted
 *
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE | URN_E_VALUE (rates)
 *  paper   Chen et al. 2024 (Sequoia) */
URN_API urn_status urn_tree_plan(const float *rates, int32_t children, int32_t nodes, int32_t depth, int32_t *parent,
                                 double *expected);

#ifdef __cplusplus
}
#endif

#endif
