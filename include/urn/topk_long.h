/* topk_long.h - the first k of one very long row, which comes in chunks: by value or drawn without replacement.
 *
 *     urn_topk_long_begin(stream, &p);
 *     for each chunk that is in device memory:  urn_topk_long_push(stream, &p, values, URN_ITEM_F32, n, first);
 *     with states of other shards, copied here: urn_topk_long_merge(stream, &p, other);
 *     urn_topk_long_finish(stream, &p, &results);
 *
 * The state is plain bytes in memory of the caller's (urn_topk_long_state of them), without pointers, the same on every
 * backend: copy it, send it, store it, go on with it. Results do not depend on how the row was cut, in which order the
 * chunks came, or where they were pushed. */
#ifndef URN_TOPK_LONG_H
#define URN_TOPK_LONG_H

#include "urn/stream.h"
#include "urn/topk.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_TOPK_LONG_K (INT64_C(1) << 24)     /* largest k */
#define URN_TOPK_LONG_CHUNK (INT64_C(1) << 30) /* most items of a push */
#define URN_TOPK_LONG_ITEMS (INT64_C(1) << 40) /* indices are below it */

typedef enum urn_item_type { URN_ITEM_F32 = 0, URN_ITEM_F64 = 64 } urn_item_type; /* of log-weights */

/* A state: this head, 64 bytes, then k + 1 records of which `held` are real, in no order. */
typedef struct urn_topk_record {
    int64_t key, id;
} urn_topk_record;

#define URN_TOPK_STATE_MARK 0x75726e31u
typedef struct urn_topk_state {
    uint32_t mark;    /* URN_TOPK_STATE_MARK, once begun */
    int32_t status;   /* URN_ROW_ bits of all that came: NAN, INF, PARAM */
    int64_t k;
    int64_t held;     /* min(k + 1, possible) */
    int64_t possible; /* items above -inf that came; NaN and +inf aside */
    int64_t items;    /* items that came */
    int64_t reserved[3];
} urn_topk_state;

/* Arguments of all four calls. Start from URN_TOPK_LONG_PARAMS_INIT; state is required. The same values but for state
 * and workspace must go to every call that has a part in one result. */
typedef struct urn_topk_long_params {
    uint32_t struct_size;
    int32_t by;           /* URN_TOPK_VALUE or URN_TOPK_GUMBEL */
    int64_t k;            /* 1 to URN_TOPK_LONG_K */
    uint64_t seed, label; /* gumbel */
    uint32_t position;    /* gumbel: another position is another, independent draw */
    float temperature;    /* gumbel: > 0, finite: weights are exp(x / temperature) */
    uint32_t flags;       /* finish: URN_TOPK_BY_ID */
    uint32_t reserved;
    void *state;          /* urn_topk_long_state(k) bytes, 256-aligned */
    size_t state_bytes;
    void *workspace;      /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_topk_long_params;

#define URN_TOPK_LONG_PARAMS_INIT \
    { (uint32_t)sizeof(urn_topk_long_params), URN_TOPK_GUMBEL, 1, 0, 0, 0, 1.0f, 0, 0, NULL, 0, NULL, 0 }

/* What finish writes: device memory (host memory on cpu); NULL: not wanted. */
typedef struct urn_topk_long_results {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t *ids;       /* [k] or -1 */
    int64_t *keys;      /* [k] or INT64_MIN */
    int64_t *found;     /* [1] */
    int64_t *threshold; /* [1] key of the first item that is not in, or INT64_MIN */
    int32_t *status;    /* [1] URN_ROW_ bits */
} urn_topk_long_results;

#define URN_TOPK_LONG_RESULTS_INIT { (uint32_t)sizeof(urn_topk_long_results), 0, NULL, NULL, NULL, NULL, NULL }

/* urn_topk_long_state - bytes of a state: 64 + 16 * (k + 1), rounded up to 256; 0 for a k that is refused. */
URN_API size_t urn_topk_long_state(int64_t k);

/* urn_topk_long_workspace - scratch bytes, 256-aligned, for calls with this k and chunks of up to n items; pure, needs
 * no GPU, monotone in both. 0 for sizes that are refused. n 0: for merge and finish alone. */
URN_API size_t urn_topk_long_workspace(int64_t k, int64_t n);

/* urn_topk_long_begin - an empty state.
 *
 *  out   params->state
 *
 *  traffic 64 bytes
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *  returns as urn_topk_long_push */
URN_API urn_status urn_topk_long_begin(urn_stream *stream, const urn_topk_long_params *params);

/* urn_topk_long_push - items first .. first + n - 1 of the row.
 *
 *  in    values   [n] log-weights, f32 or f64 (type); NULL: all equal, a uniform subset (gumbel only)
 *  in    n        0 to URN_TOPK_LONG_CHUNK; first + n at most URN_TOPK_LONG_ITEMS. Each index comes once
 *  inout params->state
 *  work  urn_topk_long_workspace(k, n) bytes
 *
 *  draws   gumbel: a block for two items {i / 2 (64 bits), position, URN_STREAM_LONG} (bits_topk.h T4)
 *  bits    the results of finish are the same on every backend, chunking, order and sharding
 *  exact   the law of successive draws without replacement from weights exp(x / temperature), to 2^-40 bits in a key
 *          and 2^-52 |x / temperature|; log-weights beyond 2^20 count as 2^20 or so
 *  traffic k up to URN_TOPK_K: values read once; larger: at most 2.2 times
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, state, values by value) | URN_E_STRUCT
 *          | URN_E_SHAPE (k, n, first, state_bytes) | URN_E_DTYPE (type)
 *          | URN_E_VALUE (by, flags, temperature, an array not aligned to its element, state or workspace not to 256)
 *          | URN_E_WORKSPACE | URN_E_BACKEND | URN_E_CUDA
 *  paper   Kool et al. 2019; Xie et al. 2023 (data selection by importance resampling) */
URN_API urn_status urn_topk_long_push(urn_stream *stream, const urn_topk_long_params *params, const void *values,
                                      int32_t type, int64_t n, int64_t first);

/* urn_topk_long_merge - take in the state of another shard, which pushed other indices with the same params.
 *
 *  in    other   urn_topk_long_state(k) bytes, 256-aligned, in the same kind of memory; read only
 *  inout params->state
 *  work  urn_topk_long_workspace(k, 0) bytes
 *
 *  traffic both states read, one written
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *  returns as urn_topk_long_push; URN_E_NULL also for other, URN_E_VALUE also where it is params->state */
URN_API urn_status urn_topk_long_merge(urn_stream *stream, const urn_topk_long_params *params, const void *other);

/* urn_topk_long_finish - write the first k, in order. The state stays as it is: push more and finish again.
 *
 *  in    params->state
 *  out   results->ids ... status
 *  work  urn_topk_long_workspace(k, 0) bytes
 *
 *  traffic the state and its sort: some passes over k records
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *  returns as urn_topk_long_push; URN_E_NULL also for results, no output at all */
URN_API urn_status urn_topk_long_finish(urn_stream *stream, const urn_topk_long_params *params,
                                        const urn_topk_long_results *results);

#ifdef __cplusplus
}
#endif

#endif
