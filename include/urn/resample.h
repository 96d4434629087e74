/* resample.h - ancestors from weights: particle filters, SMC samplers, importance resampling.
 *
 * One step of a filter over `rows` independent sets of n particles, enqueued, with nothing read back:
 *
 *     urn_resample            ancestors; new log-weights; log-evidence; where ESS is high enough, the identity
 *     urn_ancestors_permute   every survivor keeps its slot                        (particles.h)
 *     urn_particles_gather    in place: only slots whose particle died are written
 *
 * lw_out keeps the mean weight of the row, so the log-evidence of a filter that never sets its log-weights back is the
 * log_mean of its last ones, with any scheme that is unbiased, adaptive, auxiliary or tempered. */
#ifndef URN_RESAMPLE_H
#define URN_RESAMPLE_H

#include "urn/bits.h"
#include "urn/bits_resample.h"
#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum urn_weight_type {
    URN_WEIGHT_LOG_F32 = 0, /* natural logarithms, up to a constant of the row */
    URN_WEIGHT_LOG_F64 = 1,
    URN_WEIGHT_F32 = 2, /* at least 0, up to a factor of the row */
    URN_WEIGHT_F64 = 3
} urn_weight_type;

/* Rows of weights in memory that the backend can read, aligned to the element. Row r has `items` elements from element
 * r * stride on; or with offsets those from offsets[r] to offsets[r + 1], at most `items`. */
typedef struct urn_weights {
    const void *data;
    int32_t type; /* urn_weight_type */
    int32_t reserved;
    int64_t rows;
    int64_t items;          /* 1 to URN_RESAMPLE_MAX_ITEMS */
    int64_t stride;         /* elements between rows, at least items; 0: items; ignored with offsets */
    const int64_t *offsets; /* [rows + 1]; NULL: dense */
    int64_t size;           /* with offsets: elements that exist at data */
} urn_weights;

/* urn_weights_dense - a view of rows x items weights, one row after the other. */
URN_API urn_weights urn_weights_dense(const void *data, urn_weight_type type, int64_t rows, int64_t items);

/* urn_weights_ragged - row r is data[offsets[r] .. offsets[r + 1]), no longer than max_items, inside size. */
URN_API urn_weights urn_weights_ragged(const void *data, urn_weight_type type, const int64_t *offsets, int64_t rows,
                                       int64_t max_items, int64_t size);

/* What is known of a row of weights, all in f64; log_sum and log_mean are natural logarithms. */
typedef struct urn_weight_stats {
    double ess;      /* (sum w)^2 / sum w^2 */
    double log_sum;
    double log_mean; /* of the weights: a filter's log-evidence */
    double max;      /* the largest weight or log-weight */
    double ratio;    /* mean weight / largest: what urn_resample_iterations wants */
    int32_t status;  /* URN_ROW_ bits */
    int32_t resampled; /* urn_resample: 1 unless the trigger held it back; else 0 */
} urn_weight_stats;

/* How often an item with a share p of the weight becomes an ancestor, of M: M p on average in all but the chains. */
typedef enum urn_resample_scheme {
    URN_RESAMPLE_SYSTEMATIC = 0,   /* floor or ceil of M p; one uniform a row; least variance in most uses */
    URN_RESAMPLE_STRATIFIED = 1,   /* one uniform a stratum: cumulated counts are floor or ceil */
    URN_RESAMPLE_MULTINOMIAL = 2,  /* independent draws: the only scheme whose outputs are exchangeable */
    URN_RESAMPLE_MULTINOMIAL_SORTED = 3,   /* the same ancestors in increasing order */
    URN_RESAMPLE_RESIDUAL = 4,             /* floor of M p, the rest by independent draws */
    URN_RESAMPLE_RESIDUAL_STRATIFIED = 5,
    URN_RESAMPLE_RESIDUAL_SYSTEMATIC = 6,  /* the same bits as systematic */
    URN_RESAMPLE_SSP = 7,          /* floor or ceil of M p, negatively associated: consistent for any order of items */
    URN_RESAMPLE_KILLING = 8,      /* output m keeps item m with probability w / w_max. M = n */
    URN_RESAMPLE_BRANCHING = 9,    /* floor or ceil of M p independently: how many there are varies */
    URN_RESAMPLE_MINIMUM_ERROR = 10, /* no randomness: the counts nearest to M p. Biased */
    URN_RESAMPLE_METROPOLIS = 11,  /* chains: no sum, biased by what `iterations` leave */
    URN_RESAMPLE_METROPOLIS_C1 = 12, /* 32 outputs propose within one segment */
    URN_RESAMPLE_METROPOLIS_C2 = 13, /* a new segment each iteration */
    URN_RESAMPLE_MEGOPOLIS = 14,   /* one offset an iteration: reads are coalesced */
    URN_RESAMPLE_REJECTION = 15    /* independent proposals, unbiased; after `iterations` of them an exact draw */
} urn_resample_scheme;

/* One call's arguments. Start from URN_RESAMPLE_PARAMS_INIT. All arrays are device memory (host memory on cpu), aligned
 * to their elements; NULL outputs cost nothing. Outputs of row r are `outputs_stride` apart, or with output_offsets
 * begin at output_offsets[r]; output_offsets may be the weights' offsets. */
typedef struct urn_resample_params {
    uint32_t struct_size;
    int32_t scheme;      /* urn_resample_scheme */
    urn_weights weights; /* rows 0 (does nothing) to 2^31 - 1 */
    const void *law;     /* log-weights to draw by, of the weights' type and places; NULL: weights */
    int64_t outputs;     /* M of every row, or the most; 0 to URN_RESAMPLE_MAX_ITEMS */
    const int32_t *outputs_row;    /* [rows] M, at most outputs; NULL: outputs */
    const int64_t *output_offsets; /* [rows + 1] M = the difference, at most outputs; NULL: dense */
    int64_t output_size;           /* with output_offsets: elements that exist in the output arrays */
    int64_t outputs_stride;        /* 0: outputs */

    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows] number of the step; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;

    float threshold_value;   /* resample iff ess < threshold * n, where M = n */
    const float *threshold;  /* [rows]; NULL: threshold_value */
    int32_t cap;             /* no item more often than this (multinomial: on average); 0: no cap */
    int32_t iterations;      /* chains, rejection: 0 to 2^20 */
    int32_t segment;         /* C1, C2: items of a segment; n is a multiple of it */
    int32_t reserved;
    const int32_t *pin_slot;     /* [rows] output that must have ancestor pin_ancestor; -1 or NULL: none. */
    const int32_t *pin_ancestor; /* [rows] Only with systematic, multinomial and killing */

    int32_t *ancestors;  /* outputs of each row: items in [0, n), or -1 */
    int32_t *offspring;  /* like weights (dense: rows x items without gaps): how often each item is an ancestor */
    void *lw_out;        /* outputs of each row, type of weights (a logarithm): log-weights after resampling */
    int32_t *resampled;  /* [rows] 0 where the trigger held resampling back */
    int32_t *produced;   /* [rows] branching: how many ancestors there are, also where they do not fit; else M */
    urn_weight_stats *stats; /* [rows] of the law drawn from */
    int32_t *status;     /* [rows] URN_ROW_ bits */

    void *workspace; /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_resample_params;

#define URN_RESAMPLE_ALWAYS 3.40282347e+38f /* a threshold that no ESS reaches */

#define URN_RESAMPLE_PARAMS_INIT \
    { (uint32_t)sizeof(urn_resample_params), 0, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, NULL, 0, NULL, NULL, 0, 0, \
      NULL, NULL, NULL, 0, 0, URN_RESAMPLE_ALWAYS, NULL, 0, 0, 0, 0, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 }

/* urn_resample_workspace - scratch bytes, 256-aligned, that such a call may need; pure, needs no GPU, monotone in the
 * last three. 0 for sizes that urn_resample refuses. */
URN_API size_t urn_resample_workspace(urn_resample_scheme scheme, int64_t rows, int64_t items, int64_t outputs);

/* urn_resample - M ancestors of every row by its weights.
 *
 *  in    params->weights  f32 or f64, weights or log-weights; dense or ragged; read only
 *  in    params->law      as weights
 *  out   params->ancestors ...  at least one; outputs must not overlap inputs or each other
 *  work  urn_resample_workspace(...) bytes, 256-aligned, from the stream or params->workspace
 *
 *  draws   stream URN_STREAM_RESAMPLE, index the number of the output, item or stratum; SSP, chains: streams of their
 *          own (bits_resample.h section 3)
 *  bits    every output is the same bits on every backend, GPU, launch shape, number of threads and batch
 *  exact   an item's share of the weight to n * 2^-F of the largest and a relative 3e-7 + 1e-7 * |log2(w / w_max)|
 *          (linear weights: exact but for floors); counts are then exact integers of M * S_i / T: their sum is M,
 *          floors and ceils are never broken, and weight zero is never an ancestor
 *  traffic weights three times (largest, sum, counts), outputs once; multinomial, residual and rejection search: log2 n
 *          steps an output, in cache but for the last; chains: one weight an iteration and output
 *  sync    enqueued on stream: a few launches, no allocation, no wait; capturable
 *
 *  A row that cannot be drawn from has ancestors -1 and a status; the others are as if alone.
 *  returns URN_OK | URN_E_NULL (stream, params, weights.data, no output at all; a pin without the other; lw_out and law
 *          without ancestors) | URN_E_STRUCT | URN_E_SHAPE (weights, outputs, outputs_stride, output_size;
 *          output_offsets with outputs_row) | URN_E_DTYPE (weights.type) | URN_E_VALUE (scheme, threshold_value, cap,
 *          iterations, segment, a pin with another scheme; lw_out or law with linear weights; lw_out with a cap; an
 *          array not aligned to its element, workspace not to 256) | URN_E_WORKSPACE | URN_E_CUDA
 *
 *  paper   Kitagawa 1996; Douc, Cappe 2005; SSP: Gerber, Chopin, Whiteley 2019; chains: Murray, Lee, Jacob 2016; C1,
 *          C2: Dulger et al. 2018; Megopolis: Chesser et al. 2022; pins: Chopin, Singh 2015, Karppinen et al. 2022 */
URN_API urn_status urn_resample(urn_stream *stream, const urn_resample_params *params);

/* urn_resample_iterations - iterations after which a chain's bias is below `bias`: the least B with (1 - ratio)^B <=
 * bias, for ratio = mean weight / largest. In [1, 2^20]; 2^20 also for a ratio or bias that is not in (0, 1). Pure.
 *
 *  paper   Murray, Lee, Jacob 2016 */
URN_API int32_t urn_resample_iterations(double ratio, double bias);

/* Arguments of urn_weights_stats. Start from URN_WEIGHTS_STATS_PARAMS_INIT. */
typedef struct urn_weights_stats_params {
    uint32_t struct_size;
    uint32_t reserved;
    urn_weights weights;
    urn_weight_stats *stats; /* [rows] out */
    void *workspace;         /* NULL: the stream's scratch */
    size_t workspace_bytes;  /* urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, rows, items, 0) */
} urn_weights_stats_params;

#define URN_WEIGHTS_STATS_PARAMS_INIT \
    { (uint32_t)sizeof(urn_weights_stats_params), 0, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, NULL, NULL, 0 }

/* urn_weights_stats - ESS, log-sum-exp, log-mean-exp, largest and status of every row.
 *
 *  in    params->weights
 *  out   params->stats
 *
 *  draws   none
 *  bits    the same on every backend, GPU and launch shape
 *  traffic weights twice; rows that fit their block once
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns as urn_resample */
URN_API urn_status urn_weights_stats(urn_stream *stream, const urn_weights_stats_params *params);

#ifdef __cplusplus
}
#endif

#endif
