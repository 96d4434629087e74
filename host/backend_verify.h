/* backend_verify.h - the verify family's operations, a table a backend. */
#ifndef URN_BACKEND_VERIFY_H
#define URN_BACKEND_VERIFY_H

#include "host/backend_family.h"
#include "kernels/launch_verify.h"

typedef struct urn_verify_ops {
    URNK_VERIFY_OPS(URN_FAMILY_MEMBER)
} urn_verify_ops;

/* urn_verify_ops_of - the table of a backend. */
const urn_verify_ops *urn_verify_ops_of(urn_backend_kind kind);

/* The larger of what host/cpu and the kernels want, 256-aligned. Sizes have been checked. */
size_t urn_backend_verify_workspace(const urnk_verify_sizes *sizes);
size_t urn_backend_verify_bound_workspace(const urnk_verify_sizes *sizes);

#endif
