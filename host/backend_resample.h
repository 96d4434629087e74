/* backend_resample.h - the resample family's part of a backend: one entry an operation, each (ctx, stream, params). */
#ifndef URN_BACKEND_RESAMPLE_H
#define URN_BACKEND_RESAMPLE_H

#include "kernels/launch_resample.h"
#include "urn/urn.h"

#define URN_RESAMPLE_MEMBER(op, type) urn_status (*op)(urn_ctx * ctx, struct CUstream_st * stream, const type *params);

/* An entry that is NULL is a call that this backend does not have. */
typedef struct urn_resample_ops {
    int32_t all; /* 1 in every table */
    URN_RESAMPLE_OPS(URN_RESAMPLE_MEMBER)
} urn_resample_ops;

/* Forwarding functions and the table of them: `list` names a backend's operations, `forward` writes side_op. */
#define URN_RESAMPLE_TABLE(side, list, forward)                                                                        \
    list(forward) static const urn_resample_ops side##_resample_ops = {.all = 1, list(URN_RESAMPLE_ENTRY_##side)};
#define URN_RESAMPLE_ENTRY_cpu(op, type) .op = cpu_##op,
#define URN_RESAMPLE_ENTRY_none(op, type) .op = none_##op,
#define URN_RESAMPLE_ENTRY_simt(op, type) .op = simt_##op,
#define URN_RESAMPLE_ENTRY_cuda(op, type) .op = cuda_##op,

/* The larger of what host/cpu and the kernels want, 256-aligned. Sizes have been checked. */
size_t urn_backend_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs);
size_t urn_backend_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs);
size_t urn_backend_backward_workspace(int64_t rows, int64_t items, int64_t children);
size_t urn_backend_alias_workspace(int64_t rows, int64_t items);
size_t urn_backend_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes);

#endif
