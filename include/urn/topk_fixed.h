/* topk_fixed.h - choices with given inclusion probabilities: each id is in with exactly its p.
 *
 *     URN_FIXED_PIVOTAL     as many as the sum of p, if that is an integer; ids that lie together repel each other.
 *                           Pairwise along a tree over ids: put like ones side by side, and a subset is spread out.
 *     URN_FIXED_SYSTEMATIC  the same size, from one random number; strongest spread, many pairs never together.
 *     URN_FIXED_POISSON     each id by itself: the size varies. Weights 1 / p make sums unbiased with all three.
 *
 * Drawing k without replacement by urn_topk is something else: there inclusion is not proportional to the weights. */
#ifndef URN_TOPK_FIXED_H
#define URN_TOPK_FIXED_H

#include "urn/bits_topk.h"
#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start from URN_INCLUSION_PARAMS_INIT. Arrays are device memory (host memory on cpu), aligned to their elements. */
typedef struct urn_inclusion_params {
    uint32_t struct_size;
    int32_t k;               /* 1 to URN_MAX_COLS */
    int64_t rows;            /* 0 (does nothing) to 2^31 - 1 */
    int64_t cols;            /* 1 to URN_MAX_COLS */
    const float *weights;    /* [rows, weights_stride] >= 0, linear */
    int64_t weights_stride;  /* 0: cols */
    const int32_t *k_of_row; /* [rows] 0 to k; NULL: k */
    uint64_t *p;             /* [rows, p_stride] out: in units of 2^-62; a row's sum is k * 2^62 */
    int64_t p_stride;        /* 0: cols */
    int32_t *status;         /* [rows] out: URN_ROW_ bits; or NULL */
} urn_inclusion_params;

#define URN_INCLUSION_PARAMS_INIT { (uint32_t)sizeof(urn_inclusion_params), 1, 0, 0, NULL, 0, NULL, NULL, 0, NULL }

/* urn_inclusion - p_i = min(1, c * weight_i) with sum k: exactly k, in integers. With fewer than k positive weights
 * these have p = 1.
 *
 *  in    weights  [rows, cols]
 *  out   p, status; rows with a status have p 0
 *
 *  draws   none
 *  bits    the same on every backend and launch shape (bits_topk.h T8)
 *  exact   p_i / p_j = weight_i / weight_j to 2^-40 of the largest weight, below 1
 *  traffic weights some times (a search for the largest that is below 1, then the sums), p once
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, weights, p) | URN_E_STRUCT | URN_E_SHAPE (k, rows, cols, strides)
 *          | URN_E_VALUE (an array not aligned) | URN_E_BACKEND | URN_E_CUDA
 *  paper   inclusion probabilities proportional to size: Tille 2006 */
URN_API urn_status urn_inclusion(urn_stream *stream, const urn_inclusion_params *params);

typedef enum urn_fixed_method {
    URN_FIXED_PIVOTAL = 0,
    URN_FIXED_SYSTEMATIC = 1,
    URN_FIXED_POISSON = 2
} urn_fixed_method;

/* Start from URN_FIXED_PARAMS_INIT. Arrays are device memory (host memory on cpu), aligned to their elements. */
typedef struct urn_fixed_params {
    uint32_t struct_size;
    int32_t method;           /* urn_fixed_method */
    int64_t rows;             /* 0 (does nothing) to 2^31 - 1 */
    int64_t cols;             /* 1 to URN_MAX_COLS */
    const uint64_t *p;        /* [rows, p_stride] in units of 2^-62, at most 2^62 */
    int64_t p_stride;         /* 0: cols */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t room;             /* entries of ids and weight a row, 0 to cols */

    int32_t *ids;         /* [rows, room] ascending, then -1 */
    float *weight;        /* [rows, room] 1 / p, then NaN */
    int32_t *found;       /* [rows] how many were chosen; above room: ids has the first of them */
    uint32_t *bits;       /* [rows, bits_stride] bit id % 32 of word id / 32 */
    int64_t bits_stride;  /* words, at least ceil(cols / 32) */
    int32_t *status;      /* [rows] URN_ROW_ bits */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_fixed_params;

#define URN_FIXED_PARAMS_INIT \
    { (uint32_t)sizeof(urn_fixed_params), URN_FIXED_PIVOTAL, 0, 0, NULL, 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, \
      NULL, NULL, 0, NULL, NULL, 0 }

/* urn_fixed_workspace - scratch bytes, 256-aligned; pure, monotone. 0 for sizes that urn_fixed refuses. */
URN_API size_t urn_fixed_workspace(int64_t rows, int64_t cols);

/* urn_fixed - choose ids with exactly the inclusion probabilities p.
 *
 *  in    p  [rows, cols], as urn_inclusion writes them or made by the caller
 *  out   ids ... status
 *  work  urn_fixed_workspace(rows, cols) bytes
 *
 *  draws   pivotal: a block for each meeting of two ids; systematic: one; Poisson: one for two ids (bits_topk.h T8)
 *  bits    the same on every backend and launch shape
 *  exact   each id is in with probability p, to 2^-62
 *  traffic p once or twice; outputs once
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  A row with a p above 2^62 chooses nothing and gets URN_ROW_PARAM.
 *  returns URN_OK | URN_E_NULL (stream, params, p, no output) | URN_E_STRUCT | URN_E_SHAPE (rows, cols, strides, room)
 *          | URN_E_VALUE (method, an array not aligned) | URN_E_WORKSPACE | URN_E_BACKEND | URN_E_CUDA
 *  paper   Deville and Tille 1998 (pivotal); Srinivasan 2001; Madow 1949 (systematic); Hajek 1964 (Poisson) */
URN_API urn_status urn_fixed(urn_stream *stream, const urn_fixed_params *params);

#ifdef __cplusplus
}
#endif

#endif
