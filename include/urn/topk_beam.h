/* topk_beam.h - beams: which children of a group's beams go on, and many drafts from one law.
 *
 * One step of stochastic beam search with `width` beams a group, all enqueued:
 *
 *     urn_topk          rows are the beams' laws; by gumbel, k = width, parent_key and parent_logprob of each beam;
 *                       gives ids, beam_keys, beam_logprob
 *     urn_beam_select   the width largest keys of each group: parents, ids, keys, log-probabilities of the new beams
 *     urn_slots_gather  moves the slots' state along with the parents
 *
 * The first step has one row a group with key INT64_MAX and log-probability 0. After any number of steps the beams are
 * width sequences drawn without replacement from the model. */
#ifndef URN_TOPK_BEAM_H
#define URN_TOPK_BEAM_H

#include "urn/stream.h"
#include "urn/topk.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_BEAM_WIDTH 1024                       /* widest group */
#define URN_BEAM_CANDIDATES (URN_BEAM_WIDTH * 256) /* most candidates of a group */

/* Start from URN_BEAM_SELECT_PARAMS_INIT. Group g has the entries g * beams * k .. of [.., k] arrays, row by row, as
 * urn_topk left them. Arrays are device memory (host memory on cpu), aligned to their elements. */
typedef struct urn_beam_select_params {
    uint32_t struct_size;
    int32_t width;              /* beams that go on, 1 to URN_BEAM_WIDTH */
    int64_t groups;             /* 0 (does nothing) to 2^31 - 1 */
    int32_t beams;              /* rows of a group, 1 to URN_BEAM_WIDTH */
    int32_t k;                  /* entries of a row, 1 to URN_TOPK_K; beams * k at most URN_BEAM_CANDIDATES */
    const int32_t *ids;         /* [groups * beams, k] -1: no candidate */
    const int64_t *beam_keys;   /* [groups * beams, k] */
    const double *beam_logprob; /* [groups * beams, k]; NULL: not wanted */

    int32_t *parent;    /* [groups, width] row of the group that it comes from, or -1 */
    int32_t *next_ids;  /* [groups, width] or -1 */
    int64_t *key;       /* [groups, width] or INT64_MIN: the parent_key of the next step */
    double *logprob;    /* [groups, width] or NaN: its parent_logprob; needs beam_logprob */
    int32_t *found;     /* [groups] */
} urn_beam_select_params;

#define URN_BEAM_SELECT_PARAMS_INIT \
    { (uint32_t)sizeof(urn_beam_select_params), 1, 0, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/* urn_beam_select - the beams that go on, by larger key.
 *
 *  in    ids, beam_keys, beam_logprob   as urn_topk wrote them
 *  out   parent ... found
 *
 *  draws   none
 *  bits    the same on every backend and launch shape (bits_topk.h T7)
 *  traffic inputs once, outputs once
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, ids, beam_keys, no output; logprob without beam_logprob) | URN_E_STRUCT
 *          | URN_E_SHAPE (width, groups, beams, k) | URN_E_VALUE (an array not aligned) | URN_E_BACKEND | URN_E_CUDA
 *  paper   Kool et al. 2019 (stochastic beams) */
URN_API urn_status urn_beam_select(urn_stream *stream, const urn_beam_select_params *params);

#ifdef __cplusplus
}
#endif

#endif
