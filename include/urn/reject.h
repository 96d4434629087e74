/* reject.h - adaptive weighted rejection sampling: draw under a constraint that is only known id by id, with a weight
 * whose mean is the mass that the constraint accepts.
 *
 * The logits are final: for a list of steps, let urn_sample write `processed` first and pass that; its kept_logmass is
 * then to be added to the log weights. */
#ifndef URN_REJECT_H
#define URN_REJECT_H

#include "urn/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

#define URN_REJECT_MAX_TRIALS 65536

typedef enum urn_estimator {
    URN_ESTIMATOR_RECURSIVE = 0, /* walk without replacement, look at one id more: fewest predicate calls */
    URN_ESTIMATOR_GEOMETRIC = 1  /* trials with replacement until enough were accepted or rejected: less variance */
} urn_estimator;

/* One call's arguments. Start from URN_REJECT_PARAMS_INIT; logits and one output are required. Arrays are device memory
 * (host memory on cpu), aligned to their elements; with urn_reject_host the outputs are host memory. */
typedef struct urn_reject_params {
    uint32_t struct_size;
    int32_t estimator;        /* urn_estimator */
    urn_matrix logits;        /* dense */
    const uint64_t *seed;     /* [rows]; NULL: seed_value */
    const uint64_t *label;    /* [rows]; NULL: the row's number */
    const uint32_t *position; /* [rows]; NULL: position_value */
    uint64_t seed_value;
    uint32_t position_value;
    int32_t accepts; /* geometric: trials end at so many accepted, 2 to URN_REJECT_MAX_TRIALS */
    int32_t rejects; /* geometric: or at so many rejected, 1 to URN_REJECT_MAX_TRIALS */
    int32_t reserved;
    const uint32_t *accepted; /* urn_reject: [rows, accepted_stride] bit id % 32 of word id / 32 */
    int64_t accepted_stride;  /* words, at least ceil(cols / 32) */

    int32_t *ids;      /* [rows] an accepted id, or -1 */
    float *log_weight; /* [rows] natural log of the weight; -inf without an id */
    int32_t *tried;    /* [rows] ids or trials looked at */
    int32_t *status;   /* [rows] URN_ROW_ bits */

    void *workspace; /* urn_reject_host: urn_reject_workspace(rows) bytes on the device; NULL: the stream's scratch */
    size_t workspace_bytes;
} urn_reject_params;

#define URN_REJECT_PARAMS_INIT                                                                                         \
    {                                                                                                                  \
        (uint32_t)sizeof(urn_reject_params), 0, {NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL}, NULL, NULL, NULL, 0, 0, 2, 1, \
            0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0                                                                \
    }

/* urn_reject - the form with the constraint as bits in device memory.
 *
 *  in    params->logits    [rows, cols] f32, f16 or bf16, dense; rows 0 to 2^31 - 1, cols 1 to URN_MAX_COLS
 *  in    params->accepted  [rows, accepted_stride]
 *  out   params->ids, log_weight, tried, status
 *
 *  draws   recursive: the Gumbel keys of urn_sample's draw 0; geometric: urn_sample's draws 0, 1, ... (bits.h section
 *          13). So with every id accepted the id is urn_sample's, by the method of that name
 *  bits    the same on every backend, GPU, launch shape and batch; and as urn_reject_host with the same predicate
 *  exact   E[weight; id] = p(id) for accepted ids, in the law of bits.h section 2
 *  traffic recursive: the row three times, keys in f64; geometric: twice, and once more for every 32 trials
 *  sync    enqueued on stream: one launch, no allocation, no wait; capturable
 *
 *  returns URN_OK | URN_E_NULL (stream, params, logits.data, accepted, no output at all) | URN_E_STRUCT | URN_E_DTYPE
 *          | URN_E_SHAPE (rows, cols, row_stride, accepted_stride; row_index or offsets)
 *          | URN_E_VALUE (estimator, accepts, rejects, an array not aligned to its element) | URN_E_CUDA
 *  paper   Lipkin et al. 2025 */
URN_API urn_status urn_reject(urn_stream *stream, const urn_reject_params *params);

/* urn_reject_workspace - bytes of device scratch for urn_reject_host; pure, monotone; 0 for rows it refuses. */
URN_API size_t urn_reject_workspace(int64_t rows);

/* A predicate: 1 if this row accepts the id, else 0. Asked once for an id; by the geometric estimator, which draws with
 * replacement, now and then again. */
typedef int (*urn_accept)(void *user, int64_t row, int32_t id);

/* urn_reject_host - the form with the constraint as a function on the host, called for few ids: a round brings the next
 * ids of every row that still needs some; the predicate sees them one by one until its row has ended. Waits.
 *
 *  in    accept, user  called by this thread; must not call into `stream`
 *  out   params->ids, log_weight, tried, status in host memory
 *
 *  draws, bits, exact, paper as urn_reject
 *  traffic each round the rows that go on are read once, or once an id of the round (recursive: 16)
 *  sync    waits for the device at each round; not capturable; allocates host memory
 *
 *  returns as urn_reject, without accepted; | URN_E_WORKSPACE | URN_E_MEMORY | URN_E_CAPTURE */
URN_API urn_status urn_reject_host(urn_stream *stream, const urn_reject_params *params, urn_accept accept, void *user);

/* A row between two rounds of urn_reject_host, as backends see it. The host sets `next` between rounds. */
#define URN_REJECT_ROUND 16
#define URN_REJECT_ENDED -1 /* leave the record alone */
#define URN_REJECT_LOG -2   /* write log_weight = f32((log2 weight[0] - log2 mass) * LN2), nothing else */
typedef struct urn_reject_round {
    int64_t key;    /* recursive: the Gumbel key of the last id given, in and out */
    int32_t id;     /* and that id; -1: none yet */
    int32_t next;   /* ids or trials given in earlier rounds, or one of the values above */
    uint64_t mass;  /* out: Z; 0 where status is not 0 */
    int32_t status; /* out */
    int32_t count;  /* out: how many are given now; fewer than URN_REJECT_ROUND at the end of the order */
    uint64_t weight[URN_REJECT_ROUND]; /* out: recursive: w of each; else, and past count, 0 */
    int32_t ids[URN_REJECT_ROUND];     /* out: the next ids in the order, or the next trials; past count -1 */
    float log_weight;
    int32_t reserved;
} urn_reject_round;

#ifdef __cplusplus
}
#endif

#endif
