/* launch_topk.h - the kernels of the topk family as host/ sees them: a struct and two functions an operation.
 *
 * As in launch.h: arguments have been checked, defaults filled in, the workspace is large enough; a function returns 0
 * or the runtime's error number and allocates, waits for and reads back nothing. */
#ifndef URNK_LAUNCH_TOPK_H
#define URNK_LAUNCH_TOPK_H

#include "kernels/launch.h"
#include "urn/topk.h"
#include "urn/topk_beam.h"
#include "urn/topk_fixed.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"
#include "urn/topk_uniform.h"

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

/* Strides are final. */
typedef struct urnk_fixed_call {
    urn_fixed_params params;
    void *workspace;
    size_t workspace_bytes;
} urnk_fixed_call;

/* Scratch of the kernels, monotone in every argument; the host takes the larger of this and what plain C wants. */

/* Records of a row's candidates that block 0 of a team has room for: k + 1, and some more, which spare a round of
 * digits. A crew's blocks leave them on its board, 16 bytes each and a line for their count. */
static inline uint32_t urnk_topk_records(int32_t k) {
    return (uint32_t)k + 1 + (k < 256 ? 64 : (uint32_t)k / 4);
}
static inline size_t urnk_topk_board(int32_t k) {
    return ((size_t)urnk_topk_records(k) * 16 + 128 + 127) & ~(size_t)127;
}

static inline size_t urnk_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs) {
    size_t crews = cols <= URNK_CREW_COLS ? 0 : (size_t)(rows < URNK_MOST_CREWS ? rows : URNK_MOST_CREWS);
    return (urnk_sample_workspace(rows, cols, needs) + crews * urnk_topk_board(k) + 255) & ~(size_t)255;
}

/* Records of a push that the workspace has room for, k above URN_TOPK_K. */
static inline int64_t urnk_topk_long_room(int64_t k, int64_t n) {
    int64_t most = 3 * (k + 1) + (INT64_C(1) << 20);
    return n < most ? n : most;
}

/* k up to URN_TOPK_K: push leaves 512 lists of k + 1 records, folded 24 to one, and 48 bytes a list beside them. Above:
 * two counters, a board, the state's next records and those that come. */
static inline size_t urnk_topk_long_workspace(int64_t k, int64_t n) {
    size_t near = ((size_t)(k < URN_TOPK_K ? k : URN_TOPK_K) + 1) * 8704 + 26112;
    size_t far = k <= URN_TOPK_K ? 0
                                 : 2 * URNK_COUNTER_BYTES + URNK_BOARD_BYTES +
                                       16 * ((size_t)(k + 1) + (size_t)urnk_topk_long_room(k, n));
    return ((near > far ? near : far) + 255) & ~(size_t)255;
}

/* Where segments and k are long: room for twice the picks of each segment, and two more, to be sorted. */
static inline size_t urnk_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    if (longest <= 2048 || k <= URN_TOPK_K) return 256;
    return (((size_t)out + (size_t)segments) * 32 + 255) & ~(size_t)255;
}

/* A flag a row; for 2048 ids 16 bytes, and bits where the caller has no array for them. */
static inline size_t urnk_fixed_workspace(int64_t rows, int64_t cols) {
    size_t tiles = ((size_t)cols + 2047) / 2048, words = ((size_t)cols + 31) / 32;
    return ((size_t)rows * (4 + 16 * tiles + 4 * words) + 16 + 255) & ~(size_t)255;
}

/* X(operation, its struct) */
#define URNK_TOPK_OPS(X) \
    X(topk, urnk_topk_call) \
    X(topk_long_begin, urnk_topk_long_call) \
    X(topk_long_push, urnk_topk_long_call) \
    X(topk_long_merge, urnk_topk_long_call) \
    X(topk_long_finish, urnk_topk_long_call) \
    X(topk_segments, urnk_topk_segments_call) \
    X(beam_select, urn_beam_select_params) \
    X(inclusion, urn_inclusion_params) \
    X(fixed, urnk_fixed_call) \
    X(permute, urn_permute_params) \
    X(bootstrap, urn_bootstrap_params) \
    X(field, urn_field_params)

URNK_TOPK_OPS(URNK_FAMILY_PROTOTYPES)

#ifdef __cplusplus
}
#endif

#endif
