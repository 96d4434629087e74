/* launch_topk.h - the kernels of the topk family as host/ sees them: a struct and two functions an operation.
 *
 * As in launch.h: arguments have been checked, defaults filled in, the workspace is large enough; a function returns 0
 * or the runtime's error number and allocates, waits for and reads back nothing. */
#ifndef URNK_LAUNCH_TOPK_H
#define URNK_LAUNCH_TOPK_H

#include "kernels/launch.h"
#include "urn/topk.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"

#ifdef __cplusplus
extern "C" {
#endif

/* params.rows is not read; rows here is complete; its draws, draw_offsets and draws_size are k, offsets and out_size,
 * so what finds a row's place for urn_sample finds it here. */
typedef struct urnk_topk_call {
    urn_topk_params params;
    urn_sample_params rows;
    urn_lists_view lists;
    urn_slots_view state;
    void *workspace;
    size_t workspace_bytes;
} urnk_topk_call;

/* All four calls on long rows; each reads the members that it has a use for. */
typedef struct urnk_topk_long_call {
    urn_topk_long_params params;
    void *workspace;
    size_t workspace_bytes;
    const void *values; /* push */
    int32_t type;
    int32_t reserved;
    int64_t n, first;
    const void *other;  /* merge */
    urn_topk_long_results results; /* finish */
} urnk_topk_long_call;

typedef struct urnk_topk_segments_call {
    urn_topk_segments_params params; /* out_size is final: segments * k without out_offsets */
    void *workspace;
    size_t workspace_bytes;
} urnk_topk_segments_call;

/* Scratch of the kernels, monotone in every argument; the host takes the larger of this and what plain C wants. */
static inline size_t urnk_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs) {
    size_t bytes = (size_t)rows * (size_t)(k + 1) * 16;
    return urnk_sample_workspace(rows, cols, needs) + ((bytes + 255) & ~(size_t)255);
}

static inline size_t urnk_topk_long_workspace(int64_t k, int64_t n) {
    (void)n;
    return (((size_t)k * 64 + 255) & ~(size_t)255) + ((size_t)1 << 24);
}

static inline size_t urnk_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    (void)longest, (void)k, (void)segments;
    return ((size_t)out * 32 + 255) & ~(size_t)255;
}

/* X(operation, its struct, 1 where the kernel is there: else the call answers URN_E_BACKEND) */
#define URNK_TOPK_OPS(X) \
    X(topk, urnk_topk_call, 0) \
    X(topk_long_begin, urnk_topk_long_call, 0) \
    X(topk_long_push, urnk_topk_long_call, 0) \
    X(topk_long_merge, urnk_topk_long_call, 0) \
    X(topk_long_finish, urnk_topk_long_call, 0) \
    X(topk_segments, urnk_topk_segments_call, 0)

#define URNK_TOPK_PROTOTYPES(op, type, there) \
    int urnk_cuda_##op(const urnk_device *device, const type *call, struct CUstream_st *stream); \
    int urnk_simt_##op(const urnk_device *device, const type *call, struct CUstream_st *stream);

URNK_TOPK_OPS(URNK_TOPK_PROTOTYPES)

#ifdef __cplusplus
}
#endif

#endif
