/* launch.h - all that host/ sees of the kernels: C prototypes, once for nvcc's build and once for the SIMT layer's.
 *
 * Every function returns 0 or the runtime's error number (cudaError_t; the SIMT layer uses the same numbers). Arguments
 * have been checked by host/: pointers are set, params hold no NULL defaults other than those sample.h allows, and the
 * workspace is large enough. Nothing here allocates, waits or reads back except _open. */
#ifndef URNK_LAUNCH_H
#define URNK_LAUNCH_H

#include "urn/reject.h"
#include "urn/sample.h"
#include "urn/shard.h"
#include "urn/tiny.h"
#include "urn/unmask.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A device as kernels see it: filled once by _open, then read only. */
typedef struct urnk_device {
    /* set by host/ before _open */
    int32_t device;         /* ordinal */
    int32_t threads;        /* simt: CPU threads over clusters */
    int32_t lane_order;     /* simt: 0 forward, 1 backward, 2 shuffled */
    int32_t simt_shared;    /* simt: shared bytes of a block, 0 for 232448 */
    urn_launch_hint hint;   /* zero members: choose */
    /* set by _open */
    int32_t compute;         /* 10 * major + minor; simt: 90 */
    int32_t multiprocessors;
    int32_t max_cluster;     /* largest cluster of every kernel that fits with full shared memory; 1: none */
    int32_t shared_per_block;
    int32_t crew_blocks;      /* blocks of one launch that can all be there at once; 0: no such launches */
    int64_t resident_cols[3]; /* by urn_dtype: longest row that is read once */
    char name[128];
} urnk_device;

/* What urn_sample becomes after its checks. params is complete: slots, draws, strides are final; params->sampler, state
 * and workspace are not read (lists, state and workspace here are). */
typedef struct urnk_sample_call {
    urn_sample_params params;
    urn_lists_view lists;  /* device arrays; count >= 1 */
    urn_slots_view state;  /* slots 0: none */
    void *workspace;
    size_t workspace_bytes;
} urnk_sample_call;

/* Scratch of the kernels: rows that no block or cluster can hold keep a 64-bit sum, 32 kept bytes and 32 bytes of marks
 * for every 256 places in global memory; their values too where steps change them; and tail-free sorts any row there.
 * Which rows those are depends on the device, so every size has its share. Monotone in both; sizes that urn_sample
 * refuses are the caller's to catch. */
static inline uint32_t urnk_work_groups(int64_t cols) {
    return (uint32_t)((cols + 7 + 255) / 256); /* a row may start up to 7 elements past a 16-byte boundary */
}

/* For 256 places; in the full form a multiple of 16, as its values are. */
static inline uint32_t urnk_work_bytes(int32_t needs) {
    return 72u + ((needs & URN_NEEDS_FULL) ? 1032u : 0u) + ((needs & URN_NEEDS_SORT) ? 2048u : 0u);
}

/* A crew, the blocks that hold a row which no cluster holds, meets over a board (row/board.h) and a counter. Rows that
 * a warp takes never need one. However many rows a call has, the device has no room for more crews than this. */
#define URNK_MOST_CREW 192 /* blocks */
#define URNK_MOST_CREWS 64
#define URNK_COUNTER_BYTES 128 /* a line of its own */
#define URNK_CREW_COLS 1024    /* rows up to this long have none */
#define URNK_BOARD_BYTES 67584
#define URNK_BOARD_SORT_BYTES (URNK_MOST_CREW * 1024)

static inline size_t urnk_board_bytes(int32_t needs) {
    return URNK_BOARD_BYTES + ((needs & URN_NEEDS_SORT) ? URNK_BOARD_SORT_BYTES : 0);
}

/* Where in the workspace counters start; boards come after URNK_MOST_CREWS of them. */
static inline size_t urnk_crews_offset(int64_t rows, int64_t cols, int32_t needs) {
    size_t bytes = (size_t)rows * urnk_work_groups(cols) * urnk_work_bytes(needs);
    return (bytes + 255) & ~(size_t)255;
}

static inline size_t urnk_sample_workspace(int64_t rows, int64_t cols, int32_t needs) {
    size_t crews = cols <= URNK_CREW_COLS ? 0 : (size_t)(rows < URNK_MOST_CREWS ? rows : URNK_MOST_CREWS);
    size_t counters = crews ? (size_t)URNK_MOST_CREWS * URNK_COUNTER_BYTES : 0;
    return urnk_crews_offset(rows, cols, needs) + counters + crews * urnk_board_bytes(needs);
}

#define URNK_PROTOTYPES(side) \
    int urnk_##side##_open(urnk_device *device); \
    int urnk_##side##_sample(const urnk_device *device, const urnk_sample_call *call, struct CUstream_st *stream); \
    int urnk_##side##_slots_reset(const urnk_device *device, const urn_slots_view *view, const int32_t *slot, \
                                  int64_t n, struct CUstream_st *stream); \
    int urnk_##side##_slots_commit(const urnk_device *device, const urn_slots_view *view, const int32_t *slot, \
                                   const int32_t *ids, int64_t ids_stride, const int32_t *accepted, int64_t rows, \
                                   struct CUstream_st *stream); \
    int urnk_##side##_slots_prompt(const urnk_device *device, const urn_slots_view *view, const int32_t *slot, \
                                   const int32_t *ids, int64_t size, const int64_t *offsets, int64_t rows, \
                                   struct CUstream_st *stream); \
    int urnk_##side##_slots_mirostat(const urnk_device *device, const urn_slots_view *view, const int32_t *slot, \
                                     const float *logprob, int64_t stride, const int32_t *accepted, int64_t rows, \
                                     float tau, float eta, struct CUstream_st *stream); \
    int urnk_##side##_slots_gather(const urnk_device *device, const urn_slots_view *view, const int32_t *ancestors, \
                                   struct CUstream_st *stream); \
    int urnk_##side##_tiny(const urnk_device *device, const urn_tiny_params *params, struct CUstream_st *stream); \
    int urnk_##side##_unmask_choose(const urnk_device *device, const urn_unmask_params *params, \
                                    struct CUstream_st *stream); \
    int urnk_##side##_unmask_settle(const urnk_device *device, const urn_unmask_params *params, \
                                    struct CUstream_st *stream); \
    int urnk_##side##_shard_first(const urnk_device *device, const urn_shard_params *params, \
                                  urn_shard_message1 *mine, struct CUstream_st *stream); \
    int urnk_##side##_shard_second(const urnk_device *device, const urn_shard_params *params, \
                                   const urn_shard_message1 *all, urn_shard_message2 *mine, \
                                   struct CUstream_st *stream); \
    int urnk_##side##_shard_finish(const urnk_device *device, const urn_shard_params *params, \
                                   const urn_shard_message1 *all1, const urn_shard_message2 *all2, \
                                   struct CUstream_st *stream); \
    int urnk_##side##_reject(const urnk_device *device, const urn_reject_params *params, struct CUstream_st *stream); \
    int urnk_##side##_reject_round(const urnk_device *device, const urn_reject_params *params, \
                                   urn_reject_round *rounds, struct CUstream_st *stream);

URNK_PROTOTYPES(cuda)
URNK_PROTOTYPES(simt)

/* The two functions of an operation of a family: `call` is its struct. launch_<family>.h lists X(operation, struct). */
#define URNK_FAMILY_PROTOTYPES(op, type) \
    int urnk_cuda_##op(const urnk_device *device, const type *call, struct CUstream_st *stream); \
    int urnk_simt_##op(const urnk_device *device, const type *call, struct CUstream_st *stream);

#ifdef __cplusplus
}
#endif

#endif
