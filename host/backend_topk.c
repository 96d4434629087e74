/* backend_topk.c - the topk family's table of each backend, forwarded by one macro. */
#include "host/backend_topk.h"

#include "host/cpu/cpu_calls_topk.h"

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
URNK_TOPK_OPS(SIMT_FORWARD)
const urn_topk_ops urn_topk_simt = {URNK_TOPK_OPS(SIMT_ENTRY)};
#endif

#if URN_WITH_CUDA
#define CUDA_FORWARD(op, type, there) FORWARD_##there(cuda, op, type)
#define CUDA_ENTRY(op, type, there) .op = ENTRY_##there(cuda, op),
URNK_TOPK_OPS(CUDA_FORWARD)
const urn_topk_ops urn_topk_cuda = {URNK_TOPK_OPS(CUDA_ENTRY)};
#endif

static int nothing(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    (void)device, (void)call, (void)stream;
    return 0;
}

#define NONE_ENTRY(op, type, there) .op = nothing,
const urn_topk_ops urn_topk_none = {URNK_TOPK_OPS(NONE_ENTRY)};

static int cpu_topk(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_call *c = call;
    (void)stream;
    urnc_topk(&c->params, &c->rows, &c->lists, c->state.slots ? &c->state : NULL, c->workspace, c->workspace_bytes,
              device->threads);
    return 0;
}

static int cpu_topk_long_begin(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)device, (void)stream;
    urnc_topk_long_begin(&c->params);
    return 0;
}

static int cpu_topk_long_push(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)stream;
    urnc_topk_long_push(&c->params, c->values, c->type, c->n, c->first, c->workspace, device->threads);
    return 0;
}

static int cpu_topk_long_merge(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)device, (void)stream;
    urnc_topk_long_merge(&c->params, c->other, c->workspace);
    return 0;
}

static int cpu_topk_long_finish(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)stream;
    urnc_topk_long_finish(&c->params, &c->results, c->workspace, device->threads);
    return 0;
}

static int cpu_topk_segments(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_segments_call *c = call;
    (void)stream;
    urnc_topk_segments(&c->params, c->workspace, c->workspace_bytes, device->threads);
    return 0;
}

static int cpu_fixed(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_fixed_call *c = call;
    (void)stream;
    urnc_fixed(&c->params, c->workspace, device->threads);
    return 0;
}

/* Calls that are their params and want no workspace. */
#define CPU_FORWARD(op)                                                                                                \
    static int cpu_##op(const urnk_device *device, const void *call, struct CUstream_st *stream) {                     \
        (void)stream;                                                                                                  \
        urnc_##op(call, device->threads);                                                                              \
        return 0;                                                                                                      \
    }
CPU_FORWARD(beam_select)
CPU_FORWARD(inclusion)
CPU_FORWARD(permute)
CPU_FORWARD(bootstrap)
CPU_FORWARD(field)

#define CPU_ENTRY(op, type, there) .op = cpu_##op,
const urn_topk_ops urn_topk_cpu = {URNK_TOPK_OPS(CPU_ENTRY)};

static size_t larger(size_t plain, size_t kernels) {
#if URN_WITH_SIMT || URN_WITH_CUDA
    return plain > kernels ? plain : kernels;
#else
    (void)kernels;
    return plain;
#endif
}

size_t urn_backend_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs) {
    return larger(urnc_topk_workspace(rows, cols, k, needs), urnk_topk_workspace(rows, cols, k, needs));
}

size_t urn_backend_topk_long_workspace(int64_t k, int64_t n) {
    return larger(urnc_topk_long_workspace(k, n), urnk_topk_long_workspace(k, n));
}

size_t urn_backend_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    return larger(urnc_topk_segments_workspace(segments, longest, k, out),
                  urnk_topk_segments_workspace(segments, longest, k, out));
}

size_t urn_backend_fixed_workspace(int64_t rows, int64_t cols) {
    return larger(urnc_fixed_workspace(rows, cols), urnk_fixed_workspace(rows, cols));
}
