/* topk_uniform.h - uniform choices: permutations that need no array, resamples, fields of random bits.
 *
 * A uniform subset of k: the permutation of 0 .. k - 1, in random order, at k elements' cost; or exactly uniform over
 * all subsets, by reading each index once: urn_topk_long_push and urn_topk_segments without values. */
#ifndef URN_TOPK_UNIFORM_H
#define URN_TOPK_UNIFORM_H

#include "urn/bits_topk.h"
#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_PERMUTE_N (INT64_C(1) << 40)
#define URN_FIELD_N (INT64_C(1) << 34)

/* Start from URN_PERMUTE_PARAMS_INIT. Arrays are device memory (host memory on cpu), aligned to their elements. */
typedef struct urn_permute_params {
    uint32_t struct_size;
    int32_t inverse;      /* 1: where an element stands */
    int64_t n;            /* of [0, n): 1 to URN_PERMUTE_N */
    int64_t count;        /* how many are asked for: 0 to 2^40 */
    int64_t first;        /* they are first .. first + count - 1 */
    const int64_t *index; /* [count] or these; one outside [0, n) gives -1; NULL: first */
    uint64_t seed, label;
    uint32_t position;    /* another position is another permutation */
    uint32_t reserved;
    int64_t *out;         /* [count] may be index */
} urn_permute_params;

#define URN_PERMUTE_PARAMS_INIT { (uint32_t)sizeof(urn_permute_params), 0, 0, 0, 0, NULL, 0, 0, 0, 0, NULL }

/* urn_permute - elements of a keyed pseudo-random permutation of [0, n), each found by itself.
 *
 *  in    index or first
 *  out   out  [count]
 *
 *  draws   8 blocks a try, less than 2 tries on average (bits_topk.h T9)
 *  bits    the same on every backend and launch shape; for all first and count
 *  exact   always a permutation; which one is decided by 64 bits of key, so not every one of a long range occurs
 *  traffic index and out
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, out) | URN_E_STRUCT | URN_E_SHAPE (n, count, first)
 *          | URN_E_VALUE (inverse, an array not aligned) | URN_E_BACKEND | URN_E_CUDA
 *  paper   Luby and Rackoff 1988; cycle walking: Black and Rogaway 2002 */
URN_API urn_status urn_permute(urn_stream *stream, const urn_permute_params *params);

/* Start from URN_BOOTSTRAP_PARAMS_INIT. */
typedef struct urn_bootstrap_params {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows;             /* resamples, 0 (does nothing) to 2^31 - 1 */
    int64_t n;                /* of [0, n): 1 to 2^31 - 1 */
    int64_t draws;            /* a row: 1 to 2^31 - 1; usually n */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved2;
    int32_t *ids;    /* [rows, draws] in the order drawn */
    int32_t *counts; /* [rows, n] how often each was drawn */
} urn_bootstrap_params;

#define URN_BOOTSTRAP_PARAMS_INIT \
    { (uint32_t)sizeof(urn_bootstrap_params), 0, 0, 0, 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }

/* urn_bootstrap - draw from [0, n) with replacement: ids, or how often each.
 *
 *  out   ids, counts
 *
 *  draws   a block for two draws (bits_topk.h T9)
 *  bits    the same on every backend and launch shape
 *  exact   uniform to 2^-64
 *  traffic outputs; counts are added to in place
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, no output) | URN_E_STRUCT | URN_E_SHAPE (rows, n, draws)
 *          | URN_E_VALUE (an array not aligned) | URN_E_BACKEND | URN_E_CUDA
 *  paper   Efron 1979 */
URN_API urn_status urn_bootstrap(urn_stream *stream, const urn_bootstrap_params *params);

/* Start from URN_FIELD_PARAMS_INIT. */
typedef struct urn_field_params {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows;             /* 0 (does nothing) to 2^31 - 1 */
    int64_t n;                /* bits of a row: 1 to URN_FIELD_N */
    const uint64_t *p;        /* [rows] in units of 2^-32, at most 2^32; NULL: p_value */
    uint64_t p_value;
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved2;
    uint32_t *bits;      /* [rows, bits_stride] bit i % 32 of word i / 32 */
    int64_t bits_stride; /* words, at least ceil(n / 32) */
    int32_t *status;     /* [rows] URN_ROW_PARAM where p is above 2^32, and bits 0; or NULL */
} urn_field_params;

#define URN_FIELD_PARAMS_INIT \
    { (uint32_t)sizeof(urn_field_params), 0, 0, 0, NULL, 0, NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL }

/* urn_field - independent bits, each 1 with probability p: masks of dropout, of perturbed inputs.
 *
 *  out   bits  [rows, n]
 *
 *  draws   a block for four bits (bits_topk.h T9)
 *  bits    the same on every backend and launch shape
 *  exact   p, in units of 2^-32
 *  traffic bits written once
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, bits) | URN_E_STRUCT | URN_E_SHAPE (rows, n, bits_stride)
 *          | URN_E_VALUE (p_value, an array not aligned) | URN_E_BACKEND | URN_E_CUDA
 *  paper   none */
URN_API urn_status urn_field(urn_stream *stream, const urn_field_params *params);

#ifdef __cplusplus
}
#endif

#endif
