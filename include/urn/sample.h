/* sample.h - draw ids from rows of logits. */
#ifndef URN_SAMPLE_H
#define URN_SAMPLE_H

#include "urn/slots.h"
#include "urn/steps.h"

#ifdef __cplusplus
extern "C" {
#endif

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
} urn_sample_params;

#define URN_SAMPLE_PARAMS_INIT \
    { (uint32_t)sizeof(urn_sample_params), 1, { NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL }, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 }

/* urn_sample_workspace - scratch bytes, 256-aligned, that a call over such rows may need; pure, needs no GPU, monotone
 * in both. 0 for sizes that urn_sample refuses. */
URN_API size_t urn_sample_workspace(int64_t rows, int64_t cols);

/* urn_sample - draw `draws` ids from every row after its list of steps, and whatever else is asked for, in one launch.
 *
 *  in    params->logits   [rows, cols] f32, f16 or bf16; dense, indexed or ragged; rows 0 (does nothing) to 2^31 - 1,
 *                         cols 1 to URN_MAX_COLS; read only
 *  out   params->ids ...  see urn_sample_params; outputs must not overlap inputs or each other
 *  work  urn_sample_workspace(rows, cols) bytes, 256-aligned, from the stream or params->workspace; contents lost
 *
 *  draws   row r, draw j: block {0, j, position, URN_STREAM_DRAW} under the row's key (bits.h section 5); no others
 *  bits    every output is the same bits on every backend, GPU, launch shape, batch size, slot and replay, for the same
 *          row, list, seed, label and position
 *  exact   total variation from the law asked for: at most cols * 2^-40 + 3e-7 + 1e-7 * E|log2(p / p_max)| by bits.h
 *          section 2 (below 2e-6 for any row of 128,256; tests measure far less); after keep steps, given the kept set
 *  traffic rows that fit their block or cluster: rows * cols * size(dtype) read once, outputs written; longer rows are
 *          read once a pass (kernels/sample says how many)
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, logits.data, no output at all) | URN_E_STRUCT
 *          | URN_E_SHAPE (rows, cols, row_stride, data_rows, data_size, slots, a mask's stride; row_index with offsets;
 *            slot NULL with fewer slots than rows)
 *          | URN_E_DTYPE | URN_E_VALUE (draws, list_value; an array not aligned to its element, workspace not to 256)
 *          | URN_E_MISMATCH (sampler or state of another context) | URN_E_WORKSPACE | URN_E_CUDA
 *
 *  paper   inverse-CDF sampling; top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024; top-k: Fan et al. 2018 */
URN_API urn_status urn_sample(urn_stream *stream, const urn_sample_params *params);

#ifdef __cplusplus
}
#endif

#endif
