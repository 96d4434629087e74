/* resample_segments.h - self-normalised estimates: weighted moments of many segments.
 *
 * A segment is a row of urn_weights, mostly a ragged one (CSR offsets). Its ESS, log-sum-exp and log-mean-exp come from
 * urn_weights_stats, importance resampling inside it from urn_resample with a multinomial scheme: candidates of one
 * prompt, draws of one proposal. */
#ifndef URN_RESAMPLE_SEGMENTS_H
#define URN_RESAMPLE_SEGMENTS_H

#include "urn/resample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start from URN_SEGMENTS_MOMENTS_PARAMS_INIT. Values of item i of a segment that begins at element b of the weights:
 * values[(b + i) * dims + k]. */
typedef struct urn_segments_moments_params {
    uint32_t struct_size;
    int32_t dims;        /* of a value, 1 to 2^20 */
    urn_weights weights; /* items at most URN_MAX_COLS */
    const float *values; /* [items of all rows, dims], placed as weights are */
    float *mean;         /* [rows, dims] sum w x / sum w */
    float *variance;     /* [rows, dims] sum w (x - mean)^2 / sum w; NULL: not wanted */
    urn_weight_stats *stats; /* [rows]; NULL: not wanted */
    int32_t *status;     /* [rows] URN_ROW_ bits; or NULL */
    void *workspace;     /* NULL: the stream's scratch */
    size_t workspace_bytes; /* urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, rows, items, 0) */
} urn_segments_moments_params;

#define URN_SEGMENTS_MOMENTS_PARAMS_INIT \
    { (uint32_t)sizeof(urn_segments_moments_params), 1, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, NULL, NULL, NULL, NULL, \
      NULL, NULL, 0 }

/* urn_segments_moments - weighted mean and variance of every segment and dimension.
 *
 *  in    params->weights, values
 *  out   params->mean (required), variance, stats
 *
 *  draws   none
 *  bits    the same on every backend, GPU, launch shape and order of summation: sums are of integers
 *  exact   values to 2^-30 of the largest of their segment and dimension; weights as in urn_resample
 *  traffic weights up to five times, values three times (largest, mean, variance); short segments from cache but once
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  returns as urn_resample; URN_E_NULL also for values and mean, URN_E_VALUE for dims */
URN_API urn_status urn_segments_moments(urn_stream *stream, const urn_segments_moments_params *params);

#ifdef __cplusplus
}
#endif

#endif
