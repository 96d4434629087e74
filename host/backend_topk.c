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

const urn_topk_ops urn_topk_cpu = {NULL};
