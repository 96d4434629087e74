/* slots.h - what a request carries from token to token: device state by slot.
 *
 * A slot is a place that a request occupies while it lives. Sampling and verification only read slots; they move
 * by the three calls below, which are enqueued. So a rejected draft never has to be undone. */
#ifndef URN_SLOTS_H
#define URN_SLOTS_H

#include "urn/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct urn_slots urn_slots;

typedef struct urn_slots_params {
    uint32_t struct_size;
    int32_t slots;       /* how many, 1 to 2^20 */
    int32_t history;     /* ids of prompt and output kept a slot, 0 to 2^20: the newest ones */
    int32_t counts;      /* distinct output ids that a slot can count, 0 to 2^20; 0: none */
    int32_t prompt_cols; /* vocabulary of the prompt's set of ids, 0 to URN_MAX_COLS; 0: none */
    float mu;            /* Mirostat's mu after a reset */
} urn_slots_params;

#define URN_SLOTS_PARAMS_INIT { (uint32_t)sizeof(urn_slots_params), 1, 0, 0, 0, 10.0f }

/* The state itself, in device memory; callers' kernels may read it between calls.
 *
 * The context's id number t (from 0) of slot s is ids[s * history + t % history], for the newest `history` of
 * t < length[s]: the prompt's ids and then the outputs.
 * Output id i of slot s was committed count_n[s * count_slots + h] times, where h is the first place from
 * (i * 0x9E3779B1 as u32) % count_slots on, cyclically, with count_id = i + 1; 0 ends the search. count_slots is the
 * least power of two >= 2 * counts. An id that finds its slot's `counts` places taken sets overflow[s], and rows with
 * penalties over all outputs get URN_ROW_STATE from then on.
 * Bit i % 32 of prompt[s * prompt_words + i / 32] is 1 for the ids of the prompt. */
typedef struct urn_slots_state {
    uint32_t *position; /* [slots] outputs committed since reset */
    uint32_t *length;   /* [slots] ids of prompt and output since reset */
    int32_t *ids;       /* [slots, history] a ring */
    int32_t *count_id;  /* [slots, count_slots] */
    uint32_t *count_n;  /* [slots, count_slots] */
    uint32_t *counted;  /* [slots] distinct ids */
    uint32_t *overflow; /* [slots] */
    uint32_t *prompt;   /* [slots, prompt_words] */
    float *mu;          /* [slots] Mirostat's, in bits */
} urn_slots_state;

typedef struct urn_slots_view {
    int32_t slots, history, counts, count_slots, prompt_cols, prompt_words;
    float mu; /* after a reset */
    urn_slots_state now;
    urn_slots_state shadow; /* the other half, used by gather */
} urn_slots_view;

/* urn_slots_bytes - device bytes that urn_slots_create takes; pure, monotone in each member; 0 for bad params. */
URN_API size_t urn_slots_bytes(const urn_slots_params *params);

/* urn_slots_create - state for params->slots requests, all reset.
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK | URN_E_NULL | URN_E_STRUCT | URN_E_VALUE | URN_E_MEMORY | URN_E_CUDA */
URN_API urn_status urn_slots_create(urn_ctx *ctx, const urn_slots_params *params, urn_slots **slots);

/* urn_slots_destroy - free it; work that uses it must be done. NULL is fine. */
URN_API void urn_slots_destroy(urn_slots *slots);

/* urn_slots_get_view - the device arrays, fixed for the life of `slots`. returns URN_OK | URN_E_NULL. */
URN_API urn_status urn_slots_get_view(const urn_slots *slots, urn_slots_view *view);

/* urn_slots_reset - position and length 0, no counts, no prompt, the first mu, for the slots named.
 *
 *  in    slot  [n] int32, device, n to 2^31 - 1; NULL: all slots (n ignored). Values outside [0, slots) are skipped.
 *
 *  sync    enqueued, capturable, one launch
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (n) | URN_E_MISMATCH | URN_E_CUDA */
URN_API urn_status urn_slots_reset(urn_stream *stream, urn_slots *slots, const int32_t *slot, int64_t n);

/* urn_slots_commit - append ids to the slots' outputs and advance their positions.
 *
 *  in    slot      [rows] int32, device; NULL: slot = row. Values outside [0, slots), -1 among them, are skipped.
 *  in    ids       [rows, ids_stride] int32, device
 *  in    accepted  [rows] int32, device: how many of the row's ids to append, clamped to [0, ids_stride]; NULL: 1.
 *                  A negative id ends its row: it and what follows are not appended.
 *
 *  Rows that name one slot append in row order, so the result does not depend on the launch.
 *  sync    enqueued, capturable, one launch
 *  traffic every slot reads slot[rows] once; writes what it appends
 *  returns URN_OK | URN_E_NULL (ids) | URN_E_SHAPE (rows outside [0, 2^31), ids_stride outside [1, 2^31), slot NULL
 *          with rows > slots) | URN_E_MISMATCH | URN_E_CUDA */
URN_API urn_status urn_slots_commit(urn_stream *stream, urn_slots *slots, const int32_t *slot, const int32_t *ids,
                                    int64_t ids_stride, const int32_t *accepted, int64_t rows);

/* urn_slots_prompt - append ids to the slots' contexts and prompt sets; positions and counts stay. Call after reset.
 *
 *  in    slot     [rows] int32, device; NULL: slot = row. Values outside [0, slots) are skipped.
 *  in    ids      [size] int32, device; negative ids and ids at or past prompt_cols are in the context, not in the set
 *  in    offsets  [rows + 1] int64, device: row r's ids are ids[offsets[r] .. offsets[r + 1]); a row whose offsets run
 *                 backwards or past size is skipped
 *
 *  Rows that name one slot append in row order.
 *  sync    enqueued, capturable, one launch
 *  returns URN_OK | URN_E_NULL (ids, offsets) | URN_E_SHAPE (rows, size; slot NULL with rows > slots) | URN_E_MISMATCH
 *          | URN_E_CUDA */
URN_API urn_status urn_slots_prompt(urn_stream *stream, urn_slots *slots, const int32_t *slot, const int32_t *ids,
                                    int64_t size, const int64_t *offsets, int64_t rows);

/* urn_slots_mirostat - move mu after ids have been accepted: mu = mu - eta * (S - tau), S = -logprob / ln 2 bits.
 *
 *  in    slot      [rows] as in commit
 *  in    logprob   [rows, stride] f32, device: urn_sample's logprob of the ids; NaN is skipped
 *  in    accepted  [rows] int32, device, clamped to [0, stride]; NULL: 1
 *  in    tau, eta  finite: the surprise wanted, in bits, and the rate
 *
 *  In f32, for each accepted id in row order: S = logprob * -URN_LOG2E; mu = mu - eta * (S - tau), each operation
 *  rounded. Rows that name one slot act in row order.
 *  sync    enqueued, capturable, one launch
 *  returns URN_OK | URN_E_NULL (logprob) | URN_E_SHAPE | URN_E_VALUE (tau, eta) | URN_E_MISMATCH | URN_E_CUDA
 *  paper   Basu et al. 2021 */
URN_API urn_status urn_slots_mirostat(urn_stream *stream, urn_slots *slots, const int32_t *slot, const float *logprob,
                                      int64_t stride, const int32_t *accepted, int64_t rows, float tau, float eta);

/* urn_slots_gather - every slot s takes the state that slot ancestors[s] had before the call: fork, beams, SMC.
 *
 *  in    ancestors  [slots] int32, device. Values outside [0, slots) leave the slot as it is.
 *
 *  sync    enqueued, capturable, two launches
 *  returns URN_OK | URN_E_NULL | URN_E_MISMATCH | URN_E_CUDA */
URN_API urn_status urn_slots_gather(urn_stream *stream, urn_slots *slots, const int32_t *ancestors);

#ifdef __cplusplus
}
#endif

#endif
