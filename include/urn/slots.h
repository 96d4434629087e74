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
    int32_t slots;   /* how many, 1 to 2^20 */
    int32_t history; /* output ids kept a slot, 0 to 2^20: the newest ones */
} urn_slots_params;

#define URN_SLOTS_PARAMS_INIT { (uint32_t)sizeof(urn_slots_params), 1, 0 }

/* The state itself, in device memory; callers' kernels may read it between calls.
 * The output id number t (from 0) of slot s is ids[s * history + t % history], for the newest `history` of
 * t < position[s]. */
typedef struct urn_slots_view {
    int32_t slots, history;
    uint32_t *position; /* [slots] tokens committed since reset */
    int32_t *ids;       /* [slots, history] a ring */
    uint32_t *shadow_position; /* the other half, used by gather */
    int32_t *shadow_ids;
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

/* urn_slots_reset - position 0, no history, for the slots named.
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
