/* api_verify_draft.c - calls that make trees of drafts and use accepted paths: check, enqueue. */
#include "urn/verify_draft.h"

#include <stdint.h>

#include "host/check_verify.h"
#include "host/params.h"
#include "host/special_call.h"
#include "urn/bits.h"

/* Run an operation of the family; NULL: this backend does not have it. */
static const urn_verify_ops *ops_of(const urn_stream *stream) { return urn_verify_ops_of(stream->ctx->backend->kind); }

static urn_status check_shape(const char *call, const urn_tree_shape_params *p) {
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "nodes", p->nodes, 1, URN_VERIFY_MAX_NODES));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "requests", p->requests, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p->rows, p->node_offsets ? 0 : p->requests * p->nodes,
                            URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "depth", p->depth, 0, p->nodes - 1));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "distinct", p->distinct, 0, 1));
    URN_TRY(urn_check_draft_tree(call, &p->tree));
    if (p->distinct) URN_TRY(urn_check_pointer(call, "tokens", p->tokens));
    if (!p->parent && !p->first_child && !p->next_sibling && !p->node_depth && !p->node_position && !p->mask)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of parent .. mask", call);
    if (p->mask)
        URN_TRY(urn_check_range(URN_E_SHAPE, call, "mask_stride", p->mask_stride, (p->nodes + 31) / 32,
                                INT64_MAX / 4 / (p->rows ? p->rows : 1)));
    const urn_named_array arrays[] = {
        {"node_offsets", p->node_offsets, 8},
        {"node_count", p->node_count, 4},
        {"tokens", p->tokens, 4},
        {"position", p->position, 4},
        {"parent", p->parent, 4},
        {"first_child", p->first_child, 4},
        {"next_sibling", p->next_sibling, 4},
        {"node_depth", p->node_depth, 4},
        {"node_position", p->node_position, 4},
        {"mask", p->mask, 4},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_tree_shape(urn_stream *stream, const urn_tree_shape_params *params) {
    static const char call[] = "urn_tree_shape";
    static const urn_struct_sizes sizes = {sizeof *params, sizeof *params, sizeof(void *)};
    urn_tree_shape_params p = URN_TREE_SHAPE_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(check_shape(call, &p));
    return p.requests ? urn_run_family(call, stream, ops_of(stream)->tree_shape, &p) : URN_OK;
}

urn_status urn_tree_compact(urn_stream *stream, const int32_t *path, const int32_t *used, int64_t requests,
                            int32_t nodes, int32_t depth, const int64_t *node_offsets, int32_t *rows, int64_t rows_size,
                            int64_t *offsets) {
    static const char call[] = "urn_tree_compact";
    const urnk_tree_compact_call c = {path, used, node_offsets, rows, offsets, requests, rows_size, nodes, depth};
    const urn_named_array arrays[] = {{"path", path, 4}, {"used", used, 4}, {"rows", rows, 4}, {"offsets", offsets, 8}};
    const urn_named_array bases = {"node_offsets", node_offsets, 8};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "requests", requests, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "nodes", nodes, 1, URN_VERIFY_MAX_NODES));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "depth", depth, 0, nodes - 1));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows_size", rows_size, requests * (depth + 1), INT64_MAX / 4));
    for (size_t i = 0; i < 4; i++) URN_TRY(urn_check_pointer(call, arrays[i].name, arrays[i].pointer));
    URN_TRY(urn_check_aligned(call, arrays, 4));
    URN_TRY(urn_check_aligned(call, &bases, 1));
    return urn_run_family(call, stream, ops_of(stream)->tree_compact, &c);
}

static urn_status check_recycle(const char *call, const urn_stream *stream, const urn_recycle *r) {
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "recycle", r));
    URN_TRY(urn_check_pointer(call, "recycle->matrix", r->matrix));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "recycle->cols", r->cols, 1, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "recycle->k", r->k, 1, URN_MAX_TOP_N));
    const urn_named_array arrays[] = {
        {"recycle->matrix", r->matrix, 4}, {"recycle->parent", r->parent, 4}, {"recycle->rank", r->rank, 4}};
    return urn_check_aligned(call, arrays, 3);
}

urn_status urn_recycle_draft(urn_stream *stream, const urn_recycle *recycle, const int32_t *root, int64_t requests,
                             int32_t *tokens) {
    static const char call[] = "urn_recycle_draft";
    const urn_named_array arrays[] = {{"root", root, 4}, {"tokens", tokens, 4}};
    URN_TRY(check_recycle(call, stream, recycle));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "recycle->nodes", recycle->nodes, 1, URN_VERIFY_MAX_NODES));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "requests", requests, 0, URN_MAX_ROWS / recycle->nodes));
    if (recycle->nodes > 1) {
        URN_TRY(urn_check_pointer(call, "recycle->parent", recycle->parent));
        URN_TRY(urn_check_pointer(call, "recycle->rank", recycle->rank));
    }
    for (size_t i = 0; i < 2; i++) URN_TRY(urn_check_pointer(call, arrays[i].name, arrays[i].pointer));
    URN_TRY(urn_check_aligned(call, arrays, 2));
    const urnk_recycle_call c = {*recycle, root, requests, tokens, NULL, NULL, 0, NULL};
    return requests ? urn_run_family(call, stream, ops_of(stream)->recycle_draft, &c) : URN_OK;
}

urn_status urn_recycle_update(urn_stream *stream, const urn_recycle *recycle, const int32_t *tokens, const int32_t *top,
                              int64_t rows) {
    static const char call[] = "urn_recycle_update";
    const urn_named_array arrays[] = {{"tokens", tokens, 4}, {"top", top, 4}};
    URN_TRY(check_recycle(call, stream, recycle));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", rows, 0, URN_MAX_ROWS));
    for (size_t i = 0; i < 2; i++) URN_TRY(urn_check_pointer(call, arrays[i].name, arrays[i].pointer));
    URN_TRY(urn_check_aligned(call, arrays, 2));
    urn_workspace room = {NULL, 0};
    URN_TRY(urn_check_workspace(call, stream, urn_round_up((size_t)recycle->cols * 4), &room));
    const urnk_recycle_call c = {*recycle, NULL, 0, NULL, tokens, top, rows, room.pointer};
    return rows ? urn_run_family(call, stream, ops_of(stream)->recycle_update, &c) : URN_OK;
}

urn_status urn_draft_invert(urn_stream *stream, const int32_t *map, int64_t n, int64_t cols, int32_t *draft_of,
                            int32_t *status) {
    static const char call[] = "urn_draft_invert";
    const urnk_draft_invert_call c = {map, n, cols, draft_of, status};
    const urn_named_array arrays[] = {{"map", map, 4}, {"draft_of", draft_of, 4}, {"status", status, 4}};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", n, 1, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "cols", cols, 1, URN_MAX_COLS));
    for (size_t i = 0; i < 2; i++) URN_TRY(urn_check_pointer(call, arrays[i].name, arrays[i].pointer));
    URN_TRY(urn_check_aligned(call, arrays, 3));
    return urn_run_family(call, stream, ops_of(stream)->draft_invert, &c);
}
