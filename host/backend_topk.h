/* backend_topk.h - the topk family's operations, a table a backend; a NULL entry is not there in this build. */
#ifndef URN_BACKEND_TOPK_H
#define URN_BACKEND_TOPK_H

#include "host/backend.h"
#include "kernels/launch_topk.h"

typedef struct urn_topk_ops {
#define URN_TOPK_MEMBER(op, type, there) urn_family_op op;
    URNK_TOPK_OPS(URN_TOPK_MEMBER)
#undef URN_TOPK_MEMBER
} urn_topk_ops;

extern const urn_topk_ops urn_topk_cpu, urn_topk_none;
#if URN_WITH_SIMT
extern const urn_topk_ops urn_topk_simt;
#endif
#if URN_WITH_CUDA
extern const urn_topk_ops urn_topk_cuda;
#endif

/* Scratch that satisfies every backend of this build; sizes are in range. Pure, monotone. */
size_t urn_backend_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs);
size_t urn_backend_topk_long_workspace(int64_t k, int64_t n);
size_t urn_backend_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out);
size_t urn_backend_fixed_workspace(int64_t rows, int64_t cols);

#endif
