/* sample.h - draw ids from rows of logits. */
#ifndef URN_SAMPLE_H
#define URN_SAMPLE_H

#include "urn/slots.h"
#include "urn/steps.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum urn_draw_method {
    URN_DRAW_INVERSE = 0, /* inverse CDF in id order: one uniform a draw */
    URN_DRAW_GUMBEL = 1   /* the largest Gumbel key, noise keyed by id: draws of near laws agree, at a pass a draw */
} urn_draw_method;

typedef enum urn_law { URN_LAW_RAW = 0, URN_LAW_DRAWN = 1 } urn_law;

#define URN_MAX_TOP_N 128

/* A row's law in 48 bytes, for verification and for callers' kernels: an id with value x (after the list's steps, T
 * aside) is in K iff its key is larger than cut_key, or equal with id <= cut_id, unless flags has
 * URN_SUMMARY_SET; its weight is that of bits.h for M, c. */
typedef struct urn_row_summary {
    uint64_t mass; /* Z of the law drawn from; greedy: 2^F */
    uint64_t raw_mass; /* Z of the raw law, 0 if nothing that was asked for needs it */
    float max, c;  /* M and c of the last epoch; a link's: those before the change */
    float raw_max; /* always set */
    uint32_t cut_key; /* bits.h section 1: of the last id of K in the order */
    int32_t cut_id;
    int32_t kept;  /* |K| */
    int32_t status; /* URN_ROW_ bits; all else is 0 where it is not 0 */
    uint32_t flags; /* URN_SUMMARY_ bits */
} urn_row_summary;

#define URN_SUMMARY_GREEDY 1u /* the last epoch is greedy: K is cut_id */
#define URN_SUMMARY_SET 2u    /* an id of logit > -inf outside K comes before the last of K; always beside VALUES */
#define URN_SUMMARY_VALUES 4u /* values are not the logits as given: a value step or a link ran */

/* One call's arguments. Start from URN_SAMPLE_PARAMS_INIT; only `logits` and one output are required. All arrays are
 * device memory (host memory on cpu), aligned to their elements; NULL outputs cost nothing.
 *
 * Row r draws for slot s = slot[r] (slot NULL: s = r), with list[s], seed[s], label[s] and position[r]. Each array that
 * is NULL is replaced by the member named beside it. A slot of -1, and rows at or past *row_count, are padding. */
typedef struct urn_sample_params {
    uint32_t struct_size;
    int32_t draws; /* ids a row, 1 to 2^20 */
    urn_matrix logits;
    const urn_sampler *sampler; /* NULL: no steps */

    const int32_t *slot;      /* [rows] in [-1, slots); NULL: the row's number */
    const int32_t *list;      /* [slots] in [0, lists); NULL: list_value */
    const uint64_t *seed;     /* [slots]; NULL: seed_value */
    const uint64_t *label;    /* [slots]; NULL: the row's index in the caller's matrix (row_index[r], else r) */
    const uint32_t *position; /* [rows]; NULL: state's position of the slot, or position_value without state */
    const int32_t *row_count; /* [1] rows that are real, clamped to [0, rows]; NULL: all */
    const urn_slots *state;   /* read only; NULL: none */
    int64_t slots;            /* length of the by-slot arrays, at most the state's slots; 0: those, or logits.rows */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t list_value;

    int32_t *ids;         /* [rows, draws] in [0, cols), or -1 */
    float *logprob;       /* [rows, draws] ln of the id's probability in the law drawn from */
    float *logprob_raw;   /* [rows, draws] ln softmax of the raw logits at the id: no steps, no mask */
    int32_t *rank;        /* [rows, draws] ids before it in the raw order; 0 is the largest */
    float *lse;           /* [rows] ln sum exp of the raw logits */
    float *entropy;       /* [rows] nats, of the law drawn from */
    int32_t *kept_count;  /* [rows] ids that the steps left */
    float *kept_logmass;  /* [rows] ln of the mass that keep steps left (log Z of the truncation) */
    int32_t *status;      /* [rows] URN_ROW_ bits */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;

    /* how ids are drawn */
    int32_t method;              /* urn_draw_method */
    int32_t reserved;
    const uint64_t *codes;       /* [rows, draws] uniform 64-bit codes in place of Philox words; NULL: Philox */
    uint64_t *codes_out;         /* [rows, draws] what the draws left of their codes; may be codes */
    const int64_t *draw_offsets; /* [rows + 1] row r has draws offsets[r] .. offsets[r + 1], at most `draws`; every
                                    [rows, draws] array is then [draws_size]; NULL: `draws` each */
    int64_t draws_size;          /* with draw_offsets: elements that exist in those arrays */
    const uint8_t *done;         /* [slots] not 0: the slot's rows are padding; NULL: none */
    const int32_t *overlay;      /* [rows, overlay_stride] drafts in flight, oldest first; NULL: none */
    const int32_t *overlay_count; /* [rows] of the row's overlay, clamped to [0, overlay_stride]; NULL: all */
    int64_t overlay_stride;

    /* draws as (id, count): a row's distinct ids in increasing order, then -1, 0, 0; the rest of these need the ids */
    int32_t *distinct_id;    /* [rows, draws] */
    int32_t *distinct_count; /* [rows, draws] */
    float *distinct_weight;  /* [rows, draws] count / draws * raw probability / probability drawn from */
    int32_t *distinct;       /* [rows] how many */

    /* of given ids, drawn or not: prompt log-probabilities, teacher forcing */
    const int32_t *given;      /* [rows, given_stride]; -1 and ids outside [0, cols): NaN, rank -1 */
    int64_t given_stride;      /* ids a row, 1 to 2^20 */
    float *given_logprob;      /* [rows, given_stride] in the law drawn from; -inf outside it */
    float *given_logprob_raw;  /* [rows, given_stride] */
    int32_t *given_rank;       /* [rows, given_stride] */

    /* the likeliest ids, in the order */
    int32_t top_n;        /* 0 to URN_MAX_TOP_N */
    int32_t top_of;       /* urn_law */
    int32_t *top_id;      /* [rows, top_n]; -1 where there are no more */
    float *top_logprob;   /* [rows, top_n] NaN there */

    /* whole rows: `cols` elements of each, whatever a ragged row's length; ids past its end are outside K */
    urn_row_summary *summary;   /* [rows] */
    uint32_t *kept_bits;        /* [rows, kept_bits_stride] bit id % 32 of word id / 32: ids of K with a weight > 0 */
    int64_t kept_bits_stride;   /* words, at least ceil(cols / 32) */
    int32_t *kept_ids;          /* [kept_ids_size] those ids in increasing order, row r from kept_offsets[r], then -1 */
    const int64_t *kept_offsets; /* [rows + 1] room for each row: what does not fit is left out */
    int64_t kept_ids_size;
    float *probs;               /* [rows, probs_stride] the law drawn from */
    int64_t probs_stride;       /* elements, at least cols; 0: cols */
    float *processed;           /* [rows, processed_stride] logits after all steps, -inf outside K; may be the logits
                                   themselves where they are f32, dense and of the same stride */
    int64_t processed_stride;   /* elements, at least cols; 0: cols */
} urn_sample_params;

#define URN_SAMPLE_PARAMS_INIT \
    { (uint32_t)sizeof(urn_sample_params), 1, { NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, \
      0, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, \
      NULL, NULL, NULL, NULL, \
      NULL, 0, NULL, NULL, NULL, \
      0, 0, NULL, NULL, \
      NULL, NULL, 0, NULL, NULL, 0, NULL, 0, NULL, 0 }

/* urn_sample_workspace - scratch bytes, 256-aligned, that a call over such rows may need, whatever its outputs; pure,
 * needs no GPU, monotone in rows and cols. sampler NULL: no steps. 0 for sizes that urn_sample refuses. */
URN_API size_t urn_sample_workspace(const urn_sampler *sampler, int64_t rows, int64_t cols);

/* urn_sample - draw `draws` ids from every row after its list of steps, and whatever else is asked for, in one launch.
 *
 *  in    params->logits   [rows, cols] f32, f16 or bf16; dense, indexed or ragged; rows 0 (does nothing) to 2^31 - 1,
 *                         cols 1 to URN_MAX_COLS; read only
 *  out   params->ids ...  see urn_sample_params; outputs must not overlap inputs or each other
 *  work  urn_sample_workspace(sampler, rows, cols) bytes, 256-aligned, from the stream or params->workspace
 *
 *  draws   row r, draw j: block {0, j, position, URN_STREAM_DRAW} under the row's key (bits.h section 5); with codes
 *          none; by Gumbel keys block {id / 2, j, position, URN_STREAM_GUMBEL}; an XTC step one block of its stream
 *  bits    every output is the same bits on every backend, GPU, launch shape, batch size, slot and replay, for the same
 *          row, list, seed, label and position
 *  exact   total variation from the law asked for: at most cols * 2^-40 + 3e-7 + 1e-7 * E|log2(p / p_max)| by bits.h
 *          section 2 (below 2e-6 for any row of 128,256; tests measure far less); after keep steps, given the kept set
 *  traffic rows that fit their block or cluster: rows * cols * size(dtype) read once, outputs written, and the tables
 *          that steps name; where a value step ran, ranks read the row again for every 32 draws. Longer rows are read
 *          once a pass (kernels/sample says how many)
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, logits.data, no output at all; a list that
 *          needs state or counts without them) | URN_E_STRUCT
 *          | URN_E_SHAPE (rows, cols, row_stride, data_rows, data_size, slots, a mask's stride; row_index with offsets;
 *            slot NULL with fewer slots than rows)
 *          | URN_E_DTYPE | URN_E_VALUE (draws, list_value, method, top_n, top_of, a stride; codes with Gumbel keys; an
 *            array not aligned to its element, workspace not to 256)
 *          | URN_E_MISMATCH (sampler or state of another context) | URN_E_WORKSPACE | URN_E_CUDA
 *
 *  paper   inverse-CDF sampling; top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024; top-k: Fan et al. 2018 */
URN_API urn_status urn_sample(urn_stream *stream, const urn_sample_params *params);

#ifdef __cplusplus
}
#endif

#endif
