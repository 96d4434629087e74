/* unmask.h - masked diffusion: which masked positions of a sequence open, before and after urn_sample draws their ids.
 *
 * One reverse step is three calls, enqueued, with nothing read back:
 *
 *     urn_unmask_choose   decides by integers which rows open: slot[r] = r, or -1
 *     urn_sample          draws ids for those rows only (a slot of -1 reads nothing), with its own steps and outputs
 *     urn_unmask_settle   writes the ids into the sequences: all that opened, or the k most confident
 *
 * The mask id must not be drawn: give urn_sample a sampler whose list begins with a mask (or dense bias) of one table
 * row without that id and with map = the `map` written here; or, if it is the last id, view the logits with one column
 * fewer. A mask id that is drawn nevertheless leaves its position masked. */
#ifndef URN_UNMASK_H
#define URN_UNMASK_H

#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_UNMASK_MAX_LENGTH 16384

typedef enum urn_unmask_rule {
    URN_UNMASK_STEP = 0, /* each masked position stays masked with probability `stay`: the reverse step from t to s */
    URN_UNMASK_ONE = 1,  /* one masked position, each as likely: the first-hitting sampler */
    URN_UNMASK_ALL = 2   /* every masked position: settle then keeps the most confident */
} urn_unmask_rule;

/* Arguments of both calls. Start from URN_UNMASK_PARAMS_INIT. Row r = sequence * length + i is position i of a
 * sequence, and the row of its logits. Arrays are device memory (host memory on cpu), aligned to their elements.
 * An *opening* is a row; with URN_UNMASK_ONE it is a sequence, so that urn_sample runs over as many rows as there are
 * sequences, through urn_matrix_indexed(logits, row_index, sequences). */
typedef struct urn_unmask_params {
    uint32_t struct_size;
    int32_t rule;             /* urn_unmask_rule */
    int64_t sequences;        /* 0 to 2^31 - 1, rows likewise */
    int32_t length;           /* positions of a sequence, 1 to URN_UNMASK_MAX_LENGTH */
    int32_t mask_id;
    const int32_t *lengths;   /* [sequences] positions in use, clamped to [0, length]; NULL: all */
    int32_t *tokens;          /* [rows] the sequences; settle writes them */
    const uint64_t *seed;     /* [sequences]; NULL: seed_value */
    const uint64_t *label;    /* [sequences]; NULL: the sequence's number */
    const uint32_t *position; /* [sequences] number of the reverse step; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    uint32_t reserved;

    /* choose */
    const double *stay; /* STEP: [sequences] in [0, 1]: (1 - alpha_s) / (1 - alpha_t); NULL: stay_value */
    double stay_value;
    int32_t *slot;      /* [openings] out: the row that opens, for urn_sample's slot; -1 where none does */
    int32_t *row_index; /* [openings] out: that row, or 0: for urn_matrix_indexed; NULL: not wanted */
    int32_t *map;       /* [openings] out: 0 where a row opens, else -1: the map of a mask of one table row; or NULL */
    int32_t *masked;    /* [sequences] out: how many were masked; or NULL */
    double *factor;     /* ONE: [sequences] out: a uniform to the power 1 / masked: 1 - alpha shrinks by it; or NULL */
    double *time;       /* ONE: [sequences] in, out: multiplied by factor, for the linear schedule; or NULL */

    /* settle; slot is as choose left it */
    const int32_t *ids;      /* [openings] as urn_sample drew them; negative ones stay masked */
    const float *confidence; /* [openings] urn_sample's logprob, or any score; NULL: all that opened are written */
    const int32_t *keep;     /* [sequences] how many are written, at least 0; NULL: keep_value */
    int32_t keep_value;
    float jitter;            /* this times a Gumbel is added to each confidence; finite; 0: none */
    int32_t *settled;        /* [sequences] out: how many were written; or NULL */
    int32_t *status;         /* [sequences] out, by either call: URN_ROW_ bits; or NULL */
} urn_unmask_params;

#define URN_UNMASK_PARAMS_INIT \
    { (uint32_t)sizeof(urn_unmask_params), 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 0.0, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0.0f, NULL, NULL }

/* urn_unmask_choose - which masked positions open in this reverse step.
 *
 *  in    params->tokens  [rows] positions that hold mask_id are masked; read only here
 *  out   params->slot    [openings], required; row_index, map, masked, factor, time
 *
 *  draws   STEP: block {i, 0, position, URN_STREAM_UNMASK} a masked position; ONE: block {0, 1, ...} a sequence
 *          (bits.h section 11)
 *  bits    the same on every backend, launch shape and batch
 *  exact   stay to 2^-53; a position to 2^-64
 *  traffic tokens once, openings once
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  A sequence whose stay is NaN or outside [0, 1] opens nothing and gets URN_ROW_PARAM; one without a masked position
 *  opens nothing and gets URN_ROW_EMPTY.
 *  returns URN_OK | URN_E_NULL (stream, params, tokens, slot) | URN_E_STRUCT | URN_E_SHAPE (sequences, length, rows)
 *          | URN_E_VALUE (rule, stay_value, an array not aligned) | URN_E_CUDA
 *  paper   Zheng et al. 2025 (first hitting); Sahoo et al. 2024 (the reverse step) */
URN_API urn_status urn_unmask_choose(urn_stream *stream, const urn_unmask_params *params);

/* urn_unmask_settle - write drawn ids into the sequences; positions that are not masked any more never change.
 *
 *  in    params->slot    [openings] of choose; entries that name no masked row of their place are skipped
 *  in    params->ids, confidence, keep, jitter
 *  out   params->tokens  [rows]; settled
 *
 *  With confidence, the `keep` largest scores of each sequence are written, equal ones by smaller position; confidence
 *  alone is LLaDA's and MaskGIT's choice, jitter MaskGIT's annealed noise; equal confidences with jitter 1 choose a
 *  uniformly random subset.
 *  draws   with jitter: block {i, 2, position, URN_STREAM_UNMASK} an opened position
 *  bits    the same on every backend, launch shape and batch
 *  traffic slot, ids, confidence once; tokens written where a position opens
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  A sequence whose keep is negative writes nothing and gets URN_ROW_PARAM.
 *  returns as urn_unmask_choose; URN_E_NULL also for ids, URN_E_VALUE also for keep_value, jitter
 *  paper   Chang et al. 2022 (MaskGIT), Nie et al. 2025 (LLaDA) */
URN_API urn_status urn_unmask_settle(urn_stream *stream, const urn_unmask_params *params);

#ifdef __cplusplus
}
#endif

#endif
