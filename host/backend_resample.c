/* backend_resample.c - the resample family's operations in plain C, their tables and scratch. */
#include "host/backend_resample.h"

#include "host/cpu/cpu_calls_resample.h"
#include "host/memory.h"

URNK_RESAMPLE_OPS(URN_FAMILY_PLAIN)
URN_FAMILY_TABLES(resample, URNK_RESAMPLE_OPS)

#if URN_WITH_SIMT || URN_WITH_CUDA
#define KERNELS(bytes) (bytes)
#else
#define KERNELS(bytes) ((void)sizeof(bytes), (size_t)0)
#endif

static size_t larger(size_t a, size_t b) { return urn_round_up(a > b ? a : b); }

size_t urn_backend_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs) {
    return larger(urnc_resample_workspace(scheme, rows, items, outputs),
                  KERNELS(urnk_resample_workspace(scheme, rows, items, outputs)));
}

size_t urn_backend_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs) {
    return larger(urnc_ancestors_workspace(rows, items, outputs),
                  KERNELS(urnk_ancestors_workspace(rows, items, outputs)));
}

size_t urn_backend_backward_workspace(int64_t rows, int64_t items, int64_t children) {
    return larger(urnc_backward_workspace(rows, items, children),
                  KERNELS(urnk_backward_workspace(rows, items, children)));
}

size_t urn_backend_alias_workspace(int64_t rows, int64_t items) {
    return larger(urnc_alias_workspace(rows, items), KERNELS(urnk_alias_workspace(rows, items)));
}

size_t urn_backend_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes) {
    return larger(urnc_genealogy_workspace(rows, items, nodes), KERNELS(urnk_genealogy_workspace(rows, items, nodes)));
}
