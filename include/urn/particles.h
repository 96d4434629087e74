/* particles.h - after resampling: counts and ancestors, in-place ancestors, moving the particles. */
#ifndef URN_PARTICLES_H
#define URN_PARTICLES_H

#include "urn/resample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments of the three calls on ancestors. Start from URN_ANCESTORS_PARAMS_INIT. Rows are dense and without gaps. */
typedef struct urn_ancestors_params {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows;       /* 0 to 2^31 - 1 */
    int64_t items;      /* n: 1 to URN_RESAMPLE_MAX_ITEMS */
    int64_t outputs;    /* M: 0 to URN_RESAMPLE_MAX_ITEMS; permute: n */
    int32_t *ancestors; /* [rows, outputs] */
    int32_t *offspring; /* [rows, items] */
    int32_t *status;    /* [rows] URN_ROW_ bits; or NULL */
    void *workspace;    /* NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_ancestors_params;

#define URN_ANCESTORS_PARAMS_INIT { (uint32_t)sizeof(urn_ancestors_params), 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0 }

/* urn_ancestors_workspace - scratch bytes, 256-aligned, that each of these calls may need; pure, monotone; 0 for sizes
 * that they refuse. */
URN_API size_t urn_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs);

/* urn_offspring_from_ancestors - how often each item is an ancestor.
 *
 *  in    params->ancestors [rows, outputs]; those of -1 do not count
 *  out   params->offspring [rows, items]
 *  draws none.  bits  the same everywhere.  traffic  ancestors once, counts by atomic adds
 *  sync  enqueued on stream: no allocation, no wait; capturable
 *
 *  An ancestor below -1 or past the items gives its row URN_ROW_INDEX; the others count.
 *  returns URN_OK | URN_E_NULL (stream, params, ancestors, offspring) | URN_E_STRUCT | URN_E_SHAPE (rows, items,
 *  outputs)
 *          | URN_E_VALUE (an array not aligned) | URN_E_WORKSPACE | URN_E_CUDA */
URN_API urn_status urn_offspring_from_ancestors(urn_stream *stream, const urn_ancestors_params *params);

/* urn_ancestors_from_offspring - each item as often as its count says, in increasing order.
 *
 *  in    params->offspring [rows, items], at least 0
 *  out   params->ancestors [rows, outputs]; -1 where the counts' sum ends before; what does not fit is left out
 *  draws none.  bits  the same everywhere.  traffic  counts twice, ancestors once
 *  sync  enqueued on stream: no allocation, no wait; capturable
 *
 *  A negative count: ancestors -1, URN_ROW_PARAM. returns as urn_offspring_from_ancestors */
URN_API urn_status urn_ancestors_from_offspring(urn_stream *stream, const urn_ancestors_params *params);

/* urn_ancestors_permute - the same ancestors in another order: every item that has offspring is its own ancestor.
 *
 *  in, out params->ancestors [rows, items]; outputs must equal items
 *  draws none.  bits  the same everywhere (bits_resample.h section 4).  traffic  ancestors twice, 4 bytes an item of
 *               scratch
 *  sync  enqueued on stream: no allocation, no wait; capturable
 *
 *  Afterwards particles can be moved in place: only slots of dead particles are written, and never read.
 *  A row with an ancestor outside [0, items) stays as it is: URN_ROW_INDEX.
 *  returns as urn_offspring_from_ancestors (offspring is not needed); URN_E_SHAPE also for outputs
 *  paper Murray 2013 (LibBi) */
URN_API urn_status urn_ancestors_permute(urn_stream *stream, const urn_ancestors_params *params);

/* Arguments of urn_particles_gather. Start from URN_PARTICLES_GATHER_PARAMS_INIT. */
typedef struct urn_particles_gather_params {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows;               /* 0 to 2^31 - 1 */
    int64_t items, outputs;     /* particles of a row of from and of to; 1, 0 to URN_RESAMPLE_MAX_ITEMS */
    int64_t particle_bytes;     /* of one particle's state, 1 to 2^31 - 1 */
    const void *from;           /* [rows, items, particle_bytes] */
    void *to;                   /* [rows, outputs, particle_bytes]; may be `from` after urn_ancestors_permute */
    const int32_t *ancestors;   /* [rows, outputs]; -1: that particle is not written */
    const int32_t *resampled;   /* [rows] of urn_resample: a row of 0 is copied as it is, in place untouched; NULL: 1 */
    int32_t *status;            /* [rows] URN_ROW_ bits; or NULL */
} urn_particles_gather_params;

#define URN_PARTICLES_GATHER_PARAMS_INIT \
    { (uint32_t)sizeof(urn_particles_gather_params), 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL }

/* urn_particles_gather - particle m of each row becomes a copy of its ancestor.
 *
 *  in    params->from, ancestors, resampled
 *  out   params->to. In place (to == from, outputs == items) a particle that is its own ancestor is neither read nor
 *        written, and one whose ancestor is not its own ancestor is left alone: URN_ROW_INDEX, as for an ancestor
 *        outside [-1, items)
 *  draws none.  bits  copies.  traffic  out of place every particle once each way; in place only those that died
 *  sync  enqueued on stream: one launch (two with status), no allocation, no wait; capturable
 *
 *  Out of place, a row of resampled 0 copies particles 0 .. min(items, outputs) - 1 as they are.
 *  returns URN_OK | URN_E_NULL (stream, params, from, to, ancestors) | URN_E_STRUCT | URN_E_SHAPE (rows, items,
 *  outputs,
 *          particle_bytes; in place: outputs) | URN_E_VALUE (an array not aligned) | URN_E_CUDA */
URN_API urn_status urn_particles_gather(urn_stream *stream, const urn_particles_gather_params *params);

#ifdef __cplusplus
}
#endif

#endif
