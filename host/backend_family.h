/* backend_family.h - a family's operations as every backend has them: tables from one list X(operation, struct).
 *
 * A family's header has   typedef struct urn_f_ops { URNK_F_OPS(URN_FAMILY_MEMBER) } urn_f_ops;
 * and its source the plain-C functions cpu_<operation>, then   URN_FAMILY_TABLES(f, URNK_F_OPS)
 * which defines urn_f_ops_of(kind). urn_run_family (special_call.h) runs what is found there. */
#ifndef URN_BACKEND_FAMILY_H
#define URN_BACKEND_FAMILY_H

#include "host/backend.h"

#define URN_FAMILY_MEMBER(op, type) urn_family_op op;

/* Plain C that wants its params and how many threads, nothing else. */
#define URN_FAMILY_PLAIN(op, type) \
    static int cpu_##op(const urnk_device *device, const void *call, struct CUstream_st *stream) { \
        (void)stream; \
        urnc_##op((const type *)call, device->threads); \
        return 0; \
    }

/* Kernels: the struct of the operation gets its type back. */
#define URN_FAMILY_KERNEL(side, op, type) \
    static int side##_##op(const urnk_device *device, const void *call, struct CUstream_st *stream) { \
        return urnk_##side##_##op(device, (const type *)call, stream); \
    }
#define URN_FAMILY_SIMT(op, type) URN_FAMILY_KERNEL(simt, op, type)
#define URN_FAMILY_CUDA(op, type) URN_FAMILY_KERNEL(cuda, op, type)
#define URN_FAMILY_ENTRY_SIMT(op, type) .op = simt_##op,
#define URN_FAMILY_ENTRY_CUDA(op, type) .op = cuda_##op,
#define URN_FAMILY_ENTRY_CPU(op, type) .op = cpu_##op,
#define URN_FAMILY_ENTRY_NONE(op, type) .op = urn_family_nothing,

#if URN_WITH_SIMT
#define URN_FAMILY_TABLE_SIMT(family, list) \
    list(URN_FAMILY_SIMT) static const urn_##family##_ops family##_simt = {list(URN_FAMILY_ENTRY_SIMT)};
#define URN_FAMILY_FIND_SIMT(family) \
    if (kind == URN_BACKEND_SIMT) return &family##_simt;
#else
#define URN_FAMILY_TABLE_SIMT(family, list)
#define URN_FAMILY_FIND_SIMT(family)
#endif
#if URN_WITH_CUDA
#define URN_FAMILY_TABLE_CUDA(family, list) \
    list(URN_FAMILY_CUDA) static const urn_##family##_ops family##_cuda = {list(URN_FAMILY_ENTRY_CUDA)};
#define URN_FAMILY_FIND_CUDA(family) \
    if (kind == URN_BACKEND_CUDA) return &family##_cuda;
#else
#define URN_FAMILY_TABLE_CUDA(family, list)
#define URN_FAMILY_FIND_CUDA(family)
#endif

#define URN_FAMILY_TABLES(family, list) \
    URN_FAMILY_TABLE_SIMT(family, list) \
    URN_FAMILY_TABLE_CUDA(family, list) \
    static const urn_##family##_ops family##_cpu = {list(URN_FAMILY_ENTRY_CPU)}; \
    static const urn_##family##_ops family##_none = {list(URN_FAMILY_ENTRY_NONE)}; \
    const urn_##family##_ops *urn_##family##_ops_of(urn_backend_kind kind) { \
        URN_FAMILY_FIND_SIMT(family) \
        URN_FAMILY_FIND_CUDA(family) \
        return kind == URN_BACKEND_CPU ? &family##_cpu : &family##_none; \
    }

/* The null backend's: checks and dispatch alone. */
static inline int urn_family_nothing(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    (void)device, (void)call, (void)stream;
    return 0;
}

#endif
