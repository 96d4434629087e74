/* resample_backward.h - backward and ancestor draws: which particle of the step before led here.
 *
 * Child c (a particle of the next step, or a reference's next state) has log transition densities log_m[c][i] from
 * every particle i, made by the caller's model; draws are from weight_i * m_i. Ancestor sampling: one child, one draw.
 * Backward sampling: as many children as trajectories, one draw each. PaRIS: every particle is a child, two draws or
 * more. */
#ifndef URN_RESAMPLE_BACKWARD_H
#define URN_RESAMPLE_BACKWARD_H

#include "urn/resample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start from URN_BACKWARD_PARAMS_INIT. */
typedef struct urn_backward_params {
    uint32_t struct_size;
    int32_t draws;       /* of each child, 1 to 2^16 */
    urn_weights weights; /* log-weights of the particles, items at most URN_MAX_COLS; dense or ragged */
    int64_t children;    /* of each row, 0 to 2^31 - 1; times draws below 2^32 */
    const float *log_m;  /* [rows, children, log_m_stride] */
    int64_t log_m_stride; /* at least items; 0: items */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t trials;          /* proposals before the exact draw, 0 to 2^20; 0: exact at once */
    float bound_value;       /* with trials: no log_m is above it */
    uint32_t reserved;
    const float *bound;      /* [rows]; NULL: bound_value */
    const int32_t *fallback; /* [rows, children] what a child with no possible ancestor gets: its own; NULL: -1 */
    int32_t *ancestors;      /* [rows, children, draws] */
    int32_t *status;         /* [rows, children] URN_ROW_ bits; or NULL */
    void *workspace;         /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_backward_params;

#define URN_BACKWARD_PARAMS_INIT \
    { (uint32_t)sizeof(urn_backward_params), 1, { NULL, 0, 0, 0, 0, 0, NULL, 0 }, 0, NULL, 0, NULL, NULL, NULL, 0, 0, \
      0, 0.0f, 0, NULL, NULL, NULL, NULL, NULL, 0 }

/* urn_backward_workspace - scratch bytes, 256-aligned; pure, monotone; 0 for sizes that urn_backward_draws refuses. */
URN_API size_t urn_backward_workspace(int64_t rows, int64_t items, int64_t children);

/* urn_backward_draws - `draws` independent ancestors of every child.
 *
 *  in    params->weights, log_m, bound, fallback
 *  out   params->ancestors, status
 *
 *  With trials, an ancestor is proposed by weight and accepted with probability exp(log_m - bound): one log_m is read a
 *  trial. After `trials` refusals the draw is made exactly from the child's whole row; the law is the same either way.
 *  draws   stream URN_STREAM_BACKWARD (bits_resample.h section 5)
 *  bits    the same on every backend, GPU, launch shape and batch
 *  traffic exact: log_m and weights twice a child, and a tile each draw; trials: weights three times a row, then
 *          log2 n steps and one log_m a trial
 *  sync    enqueued on stream: no allocation, no wait; capturable
 *
 *  A log_m above the bound that a trial meets gives -1 and URN_ROW_PARAM.
 *  returns as urn_resample; URN_E_NULL for log_m, ancestors; URN_E_SHAPE also for children, draws, log_m_stride;
 *  URN_E_VALUE
 *          also for trials, bound_value, weights that are no logarithms
 *  paper   Godsill, Doucet, West 2004; Lindsten, Jordan, Schon 2014; Olsson, Westerborn 2017 (PaRIS); Dau, Chopin 2023
 *          */
URN_API urn_status urn_backward_draws(urn_stream *stream, const urn_backward_params *params);

#ifdef __cplusplus
}
#endif

#endif
