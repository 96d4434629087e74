/* backend_verify.c - the verify family's table of each backend, forwarded by one macro. */
#include "host/backend_verify.h"

#include "host/cpu/cpu_calls_verify.h"
#include "host/memory.h"

/* Kernels: the struct of the operation gets its type back. What is not there is NULL. */
#define FORWARD_0(side, op, type)
#define FORWARD_1(side, op, type)                                                                                      \
    static int side##_##op(const urnk_device *device, const void *call, struct CUstream_st *stream) {                  \
        return urnk_##side##_##op(device, (const type *)call, stream);                                                 \
    }
#define ENTRY_0(side, op) NULL
#define ENTRY_1(side, op) side##_##op

#if URN_WITH_SIMT
#define SIMT_FORWARD(op, type, there) FORWARD_##there(simt, op, type)
#define SIMT_ENTRY(op, type, there) .op = ENTRY_##there(simt, op),
URNK_VERIFY_OPS(SIMT_FORWARD)
static const urn_verify_ops simt_ops = {URNK_VERIFY_OPS(SIMT_ENTRY)};
#endif

#if URN_WITH_CUDA
#define CUDA_FORWARD(op, type, there) FORWARD_##there(cuda, op, type)
#define CUDA_ENTRY(op, type, there) .op = ENTRY_##there(cuda, op),
URNK_VERIFY_OPS(CUDA_FORWARD)
static const urn_verify_ops cuda_ops = {URNK_VERIFY_OPS(CUDA_ENTRY)};
#endif

static int nothing(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    (void)device, (void)call, (void)stream;
    return 0;
}

#define NONE_ENTRY(op, type, there) .op = nothing,
static const urn_verify_ops none_ops = {URNK_VERIFY_OPS(NONE_ENTRY)};

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

static int cpu_tree_shape(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    (void)stream;
    urnc_tree_shape(call, device->threads);
    return 0;
}

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

#define CPU_ENTRY(op, type, there) .op = cpu_##op,
static const urn_verify_ops cpu_ops = {URNK_VERIFY_OPS(CPU_ENTRY)};

size_t urn_backend_verify_workspace(const urnk_verify_sizes *z) {
    size_t bytes = urnc_verify_workspace(z->requests, z->nodes, z->cols, z->draft_cols, z->needs);
#if URN_WITH_SIMT || URN_WITH_CUDA
    size_t kernels = urnk_verify_workspace(z);
    if (bytes < kernels) bytes = kernels;
#endif
    return urn_round_up(bytes);
}

const urn_verify_ops *urn_verify_ops_of(urn_backend_kind kind) {
#if URN_WITH_SIMT
    if (kind == URN_BACKEND_SIMT) return &simt_ops;
#endif
#if URN_WITH_CUDA
    if (kind == URN_BACKEND_CUDA) return &cuda_ops;
#endif
    return kind == URN_BACKEND_CPU ? &cpu_ops : &none_ops;
}

size_t urn_backend_verify_bound_workspace(const urnk_verify_sizes *z) {
    size_t bytes = urnc_verify_bound_workspace(z->requests, z->cols, z->draft_cols, z->needs);
#if URN_WITH_SIMT || URN_WITH_CUDA
    size_t kernels = urnk_verify_bound_workspace(z);
    if (bytes < kernels) bytes = kernels;
#endif
    return urn_round_up(bytes);
}
