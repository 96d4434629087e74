/* backend_topk.h - the topk family's operations, a table a backend. */
#ifndef URN_BACKEND_TOPK_H
#define URN_BACKEND_TOPK_H

#include "host/backend_family.h"
#include "kernels/launch_topk.h"

typedef struct urn_topk_ops {
    URNK_TOPK_OPS(URN_FAMILY_MEMBER)
} urn_topk_ops;

const urn_topk_ops *urn_topk_ops_of(urn_backend_kind kind);

/* Scratch that satisfies every backend of this build; sizes are in range. Pure, monotone. */
size_t urn_backend_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs);
size_t urn_backend_topk_long_workspace(int64_t k, int64_t n);
size_t urn_backend_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out);
size_t urn_backend_fixed_workspace(int64_t rows, int64_t cols);

#endif
