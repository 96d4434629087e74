/* backend_verify.c - the verify family's operations in plain C, their tables and scratch. */
#include "host/backend_verify.h"

#include "host/cpu/cpu_calls_verify.h"
#include "host/memory.h"

/* Plain C knows nothing of the kernels' structs. */
static int cpu_verify(const urnk_device *device, const void *given, struct CUstream_st *stream) {
    const urnk_verify_call *call = given;
    const urnc_verify_side no_draft = {NULL, NULL, 0},
                           draft = {&call->draft, &call->draft_lists, call->params.draft_rows};
    const urnc_verify_side target = {&call->target, &call->target_lists, call->params.target_rows};
    const urnc_verify_call plain = {&call->params,
                                    target,
                                    call->has_draft ? draft : no_draft,
                                    call->state.slots ? &call->state : NULL,
                                    call->tree,
                                    call->workspace,
                                    call->workspace_bytes,
                                    device->threads};
    (void)stream;
    urnc_verify(&plain);
    return 0;
}

static int cpu_verify_bound(const urnk_device *device, const void *given, struct CUstream_st *stream) {
    const urnk_verify_bound_call *call = given;
    const urnc_verify_call plain = {
        .target = {&call->target, &call->target_lists, call->params.target_rows},
        .draft = {&call->draft, &call->draft_lists, call->params.draft_rows},
        .state = call->state.slots ? &call->state : NULL,
        .workspace = call->workspace,
        .workspace_bytes = call->workspace_bytes,
        .threads = device->threads,
    };
    (void)stream;
    urnc_verify_bound(&call->params, &plain);
    return 0;
}

URN_FAMILY_PLAIN(tree_shape, urn_tree_shape_params)

static int cpu_tree_compact(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_tree_compact_call *c = call;
    (void)device, (void)stream;
    urnc_tree_compact(c->path, c->used, c->requests, c->nodes, c->depth, c->node_offsets, c->rows, c->rows_size,
                      c->offsets);
    return 0;
}

static int cpu_recycle_draft(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_recycle_call *c = call;
    (void)stream;
    urnc_recycle_draft(&c->recycle, c->root, c->requests, c->drafted, device->threads);
    return 0;
}

static int cpu_recycle_update(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_recycle_call *c = call;
    (void)device, (void)stream;
    urnc_recycle_update(&c->recycle, c->tokens, c->top, c->rows);
    return 0;
}

static int cpu_draft_invert(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_draft_invert_call *c = call;
    (void)device, (void)stream;
    urnc_draft_invert(c->map, c->n, c->cols, c->draft_of, c->status);
    return 0;
}

URN_FAMILY_TABLES(verify, URNK_VERIFY_OPS)

size_t urn_backend_verify_workspace(const urnk_verify_sizes *z) {
    size_t bytes = urnc_verify_workspace(z->requests, z->nodes, z->cols, z->draft_cols, z->needs);
#if URN_WITH_SIMT || URN_WITH_CUDA
    size_t kernels = urnk_verify_workspace(z);
    if (bytes < kernels) bytes = kernels;
#endif
    return urn_round_up(bytes);
}

size_t urn_backend_verify_bound_workspace(const urnk_verify_sizes *z) {
    size_t bytes = urnc_verify_bound_workspace(z->requests, z->cols, z->draft_cols, z->needs);
#if URN_WITH_SIMT || URN_WITH_CUDA
    size_t kernels = urnk_verify_bound_workspace(z);
    if (bytes < kernels) bytes = kernels;
#endif
    return urn_round_up(bytes);
}
