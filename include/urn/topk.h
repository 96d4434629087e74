/* topk.h - the first k ids of a row: by value, or drawn without replacement.
 *
 * Which `by`:
 *     URN_TOPK_PLAIN   top-k, argmax (k = 1), the k smallest: any numbers, no law. A building block.
 *     URN_TOPK_VALUE   the likeliest ids of a row's law, after its list of steps, with their log-probabilities.
 *     URN_TOPK_GUMBEL  k ids without replacement, as if drawn one after the other. Noise belongs to ids: rows with the
 *                      same seed, label and position and near laws pick near lists (coupling, beams), and growing k
 *                      keeps what was picked. Costs a logarithm or two for each id.
 *     URN_TOPK_RACE    the same law for k up to 64, drawn from the top: two random words a pick and none an id.
 *                      Cheaper where k is small; two laws that differ a little may pick quite other lists. */
#ifndef URN_TOPK_H
#define URN_TOPK_H

#include "urn/bits_topk.h"
#include "urn/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum urn_topk_by {
    URN_TOPK_PLAIN = 0,
    URN_TOPK_VALUE = 1,
    URN_TOPK_GUMBEL = 2,
    URN_TOPK_RACE = 3
} urn_topk_by;

#define URN_TOPK_BY_ID 1u    /* write picks by increasing id; without it in the order in which they were picked */
#define URN_TOPK_SMALLEST 2u /* plain: the smallest first */
#define URN_TOPK_NANS 4u     /* plain: NaN is the largest number; without it a NaN is URN_ROW_NAN */
#define URN_TOPK_LOCAL 8u    /* segments: ids count from 0 in each segment */

/* One call's arguments. Start from URN_TOPK_PARAMS_INIT; rows and one output are required. All arrays are device memory
 * (host memory on cpu), aligned to their elements; NULL outputs cost nothing. Row r has `room` entries in each [.., k]
 * array: k, from r * k; or with offsets its range. */
typedef struct urn_topk_params {
    uint32_t struct_size;
    int32_t by;                     /* urn_topk_by */
    const urn_sample_params *rows;  /* host memory: the rows and their law, as urn_sample takes them: logits, sampler,
                                       slot to overlay. Its outputs must be NULL; its draws, codes, method and workspace
                                       are not read */
    int32_t k;                      /* 1 to URN_TOPK_K; race: to URN_TOPK_RACE_K; with offsets: the longest range */
    uint32_t flags;                 /* URN_TOPK_BY_ID, SMALLEST, NANS */
    const int32_t *k_of_row;        /* [rows] in [0, k]; NULL: k */
    const int64_t *offsets;         /* [rows + 1] row r writes offsets[r] .. offsets[r + 1], and its k is that many; the
                                       [.., k] arrays are then [out_size]; not with k_of_row; NULL: k each */
    int64_t out_size;               /* with offsets: elements that exist in those arrays */
    uint32_t draw;                  /* gumbel: number of the draw: lists of other draws are independent */
    uint32_t reserved;

    int32_t *ids;        /* [.., k] or -1 */
    float *values;       /* [.., k] x after the value steps; plain: the element */
    int64_t *keys;       /* [.., k] what orders the candidates (bits_topk.h T3) */
    int32_t *found;      /* [rows] how many; fewer than k where there were no more candidates */
    int32_t *status;     /* [rows] URN_ROW_ bits */
    float *logprob;      /* [.., k] ln of the id's probability in the row's law; not plain */
    float *logmass;      /* [.., k] ln of the mass left before this pick; logprob - logmass is the log-probability of
                            the pick given those before it; not plain */
    float *inclusion_logprob; /* [.., k] ln of the probability that the id is in, given the threshold: exp(logprob -
                                 inclusion_logprob) are weights whose sums over the list are unbiased for sums over the
                                 law; gumbel, race */
    float *ordered_logprob; /* [rows] ln of the probability of the list in this order; gumbel, race */
    float *set_logprob;  /* [rows] ln of the probability of the set; NaN above URN_TOPK_SET_K picks; gumbel, race */
    int64_t *threshold;  /* [rows] key of the first candidate that is not in, or INT64_MIN; gumbel, race */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;

    /* stochastic beam search: rows are beams, picks their children (topk_beam.h); gumbel, race */
    const int64_t *parent_key;     /* [rows] INT64_MAX: a root; needed for beam_keys */
    const double *parent_logprob;  /* [rows] natural log, of the path so far; needed for both */
    int64_t *beam_keys;            /* [.., k] keys given that the row's largest is parent_key */
    double *beam_logprob;          /* [.., k] of the path with the pick */
} urn_topk_params;

#define URN_TOPK_PARAMS_INIT \
    { (uint32_t)sizeof(urn_topk_params), URN_TOPK_PLAIN, NULL, 1, 0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL }

/* urn_topk_workspace - scratch bytes, 256-aligned, that a call over such rows may need, whatever its outputs; pure,
 * needs no GPU, monotone in rows, cols and k. sampler NULL: no steps. 0 for sizes that urn_topk refuses. */
URN_API size_t urn_topk_workspace(const urn_sampler *sampler, int64_t rows, int64_t cols, int32_t k);

/* urn_topk - the first k ids of every row, and whatever else is asked for, in one launch.
 *
 *  in    rows->logits   [rows, cols] f32, f16 or bf16; dense, indexed or ragged; rows 0 (does nothing) to 2^31 - 1,
 *                       cols 1 to URN_MAX_COLS; read only
 *  out   ids ... threshold  see urn_topk_params; outputs must not overlap inputs or each other
 *  work  urn_topk_workspace(sampler, rows, cols, k) bytes, 256-aligned, from the stream or params->workspace
 *
 *  draws   gumbel: a block for two ids {id / 2, draw, position, URN_STREAM_GUMBEL}; race: a block a pick {0, j,
 *          position, URN_STREAM_RACE}; plain, value: none
 *  bits    every output is the same bits on every backend, GPU, launch shape, batch size and replay
 *  exact   picks have the law of successive draws without replacement from the integer weights of bits.h section 2, to
 *          2^-40 in a key (gumbel), exactly (race)
 *  traffic rows that fit their block or cluster: rows * cols * size(dtype) read once; k entries of each output written
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  An id is never listed twice, nor one that the law gives no weight (gumbel, race); where fewer than k can be had,
 *  found says how many, and the rest is -1.
 *  returns URN_OK | URN_E_NULL (stream, params, rows, logits.data, no output at all) | URN_E_STRUCT
 *          | URN_E_SHAPE (as urn_sample; out_size) | URN_E_DTYPE
 *          | URN_E_VALUE (by, k, flags; offsets with k_of_row; an output that this `by` does not have; an output of
 *            rows that is not NULL; plain with a sampler; an array not aligned)
 *          | URN_E_MISMATCH | URN_E_WORKSPACE | URN_E_BACKEND | URN_E_CUDA
 *  paper   Kool et al. 2019 (Gumbel-top-k; inclusion given the threshold); Efraimidis and Spirakis 2006 */
URN_API urn_status urn_topk(urn_stream *stream, const urn_topk_params *params);

#ifdef __cplusplus
}
#endif

#endif
