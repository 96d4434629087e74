/* shard.h - a vocabulary cut over several devices: two rounds of small messages, and the bits of the whole row.
 *
 * Each shard holds the logits of consecutive ids. It writes a message for each row; the caller gathers all shards'
 * messages (ncclAllGather, MPI_Allgather: they are plain bytes of a fixed size, without pointers); twice:
 *
 *     urn_shard_first(stream, &p, mine1)              all-gather mine1 -> all1 [shards, rows]
 *     urn_shard_second(stream, &p, all1, mine2)       all-gather mine2 -> all2 [shards, rows]
 *     urn_shard_finish(stream, &p, all1, all2)        every shard has the results
 *
 * Every shard passes the same params but for logits, first and shard. A row's list is one of the two kinds in bits.h
 * section 12: with a top-k of at most URN_SHARD_K everything after it runs on the ids listed in the first messages;
 * without one, temperature and min-p are all that two rounds can do exactly. Sparse value steps (penalties, bias lists)
 * can be run on a slice before, by urn_sample's `processed` output, if their lists have the slice's own numbers. */
#ifndef URN_SHARD_H
#define URN_SHARD_H

#include "urn/bits.h"
#include "urn/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_SHARD_MAX 64
#define URN_SHARD_MAX_STEPS 8

/* What a shard says of a row in the first round: 1040 bytes, 4-byte aligned members, no padding. */
typedef struct urn_shard_message1 {
    int32_t status;        /* URN_ROW_ bits of the slice */
    int32_t possible;      /* ids that the logit steps left */
    float raw_max;         /* largest logit as given, -inf if there is none */
    int32_t listed;        /* how many of the following are real; after them x is -inf, id -1 */
    float x[URN_SHARD_K];  /* after the logit steps, in the order of bits.h section 1 */
    int32_t id[URN_SHARD_K]; /* of the whole row */
} urn_shard_message1;

/* And in the second: 48 bytes. */
typedef struct urn_shard_message2 {
    uint64_t mass;     /* Z of the slice in the law drawn from */
    uint64_t raw_mass; /* of the raw law; 0 if lse is not asked for */
    uint64_t entropy;  /* the sum E of bits.h section 6; 0 if it is not asked for */
    int64_t gumbel;    /* the largest Gumbel key, where id is not -1 */
    int32_t id;        /* that key's id; -1: none, or not drawn so */
    float x;           /* and its x */
    int32_t kept;      /* |K| of the slice */
    int32_t status;    /* 0 */
} urn_shard_message2;

/* One shard's arguments. Start from URN_SHARD_PARAMS_INIT. Arrays are device memory (host memory on cpu). */
typedef struct urn_shard_params {
    uint32_t struct_size;
    int32_t method;       /* urn_draw_method */
    urn_matrix logits;    /* [rows, cols] this shard's columns; dense */
    int64_t first;        /* id of its first column */
    int64_t total;        /* columns of the whole row, 1 to URN_MAX_COLS */
    int32_t shard;        /* this shard, 0 to shards - 1, in the order of ids */
    int32_t shards;       /* 1 to URN_SHARD_MAX */
    const urn_step *steps; /* [count] in host memory, read during the call; parameters scalar or by row. Tables of dense
                              bias, per-id temperature and mask are of the whole vocabulary */
    int32_t count;        /* 0 to URN_SHARD_MAX_STEPS */
    uint32_t position_value;
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;

    /* finish; the same call arguments decide in the earlier rounds what messages have to carry */
    int32_t *ids;        /* [rows] in [0, total), or -1 */
    float *logprob;      /* [rows] */
    float *lse;          /* [rows] of the raw logits */
    float *entropy;      /* [rows] */
    int32_t *kept_count; /* [rows] */
    int32_t *status;     /* [rows] URN_ROW_ bits */
} urn_shard_params;

#define URN_SHARD_PARAMS_INIT \
    { (uint32_t)sizeof(urn_shard_params), 0, { NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }, 0, 0, 0, 1, NULL, 0, 0, \
      NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }

/* urn_shard_first - look at the slice: its status, its largest logits.
 *
 *  in    params->logits  [rows, cols]; rows 0 to 2^31 - 1
 *  out   mine            [rows] device memory
 *
 *  draws   none
 *  bits    as urn_sample on the whole row, on every backend, launch shape and number of shards
 *  traffic the slice and its share of dense tables once; 1040 bytes a row written
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, logits.data, steps, the messages, no output at all) | URN_E_STRUCT
 *          | URN_E_DTYPE | URN_E_SHAPE (rows, cols, row_stride; row_index or offsets; first, total, shard, shards,
 *            count; a table shorter than the row)
 *          | URN_E_STEP (a step or an order that shards do not know, a parameter by slot, a scalar out of range, a
 *            first top-k that is neutral or above URN_SHARD_K)
 *          | URN_E_VALUE (method, an array not aligned to its element) | URN_E_CUDA
 *  paper   none: the merges are those of integers */
URN_API urn_status urn_shard_first(urn_stream *stream, const urn_shard_params *params, urn_shard_message1 *mine);

/* urn_shard_second - with all shards' first messages: the sums over the slice, and by Gumbel keys its best id.
 *
 *  in    all   [shards, rows] shard by shard, as gathered
 *  out   mine  [rows]
 *
 *  draws   by Gumbel keys without a top-k: a block for two ids of the slice
 *  traffic the slice once more, where a row has no top-k or lse is asked for; 48 bytes a row written
 *  sync, returns as urn_shard_first */
URN_API urn_status urn_shard_second(urn_stream *stream, const urn_shard_params *params, const urn_shard_message1 *all,
                                    urn_shard_message2 *mine);

/* urn_shard_finish - the results, the same on every shard; with one exception: a row drawn by inverse CDF, neither
 * greedy nor with a top-k, is found only by the shard that holds the id. There ids and logprob of the others are -1 and
 * NaN: take the larger id over the shards (an all-reduce), or draw by Gumbel keys.
 *
 *  in    all1, all2  [shards, rows] as gathered
 *  out   params->ids ... status
 *
 *  draws   as urn_sample at the row's position
 *  traffic the messages; the slice up to the id, where that exception holds
 *  sync, returns as urn_shard_first */
URN_API urn_status urn_shard_finish(urn_stream *stream, const urn_shard_params *params, const urn_shard_message1 *all1,
                                    const urn_shard_message2 *all2);

#ifdef __cplusplus
}
#endif

#endif
