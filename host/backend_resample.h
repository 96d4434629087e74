/* backend_resample.h - the resample family's operations, a table a backend. */
#ifndef URN_BACKEND_RESAMPLE_H
#define URN_BACKEND_RESAMPLE_H

#include "host/backend_family.h"
#include "kernels/launch_resample.h"

typedef struct urn_resample_ops {
    URNK_RESAMPLE_OPS(URN_FAMILY_MEMBER)
} urn_resample_ops;

const urn_resample_ops *urn_resample_ops_of(urn_backend_kind kind);

/* The larger of what host/cpu and the kernels want, 256-aligned. Sizes have been checked. */
size_t urn_backend_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs);
size_t urn_backend_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs);
size_t urn_backend_backward_workspace(int64_t rows, int64_t items, int64_t children);
size_t urn_backend_alias_workspace(int64_t rows, int64_t items);
size_t urn_backend_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes);

#endif
