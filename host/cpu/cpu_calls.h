/* cpu_calls.h - the plain-C witness as host/ calls it. Includes nothing of kernels/; knows only public types.
 *
 * Each call runs before it returns, on at most `threads` threads (1: the caller's only). Arguments have been checked.
 * Nothing here allocates: scratch is the workspace that urn_sample_workspace sizes. */
#ifndef URN_CPU_CALLS_H
#define URN_CPU_CALLS_H

#include "urn/reject.h"
#include "urn/sample.h"
#include "urn/shard.h"
#include "urn/tiny.h"
#include "urn/unmask.h"

/* Scratch that urnc_sample wants for rows of up to `cols`: about 1.2 bytes an element for each row in flight, 4.1 more
 * where values change, 4 more where a step reads a slot, 8 more where a row may be sorted (tail-free); at most
 * URNC_MAX_TEAM rows are in flight, one a thread. needs: URN_NEEDS_ bits. Pure, monotone in rows and cols. urnc_sample
 * needs the share of one row, urnc_sample_workspace(1, cols, needs), and uses no more threads over rows than its
 * workspace has shares. */
size_t urnc_sample_workspace(int64_t rows, int64_t cols, int32_t needs);

/* params is complete (slots, draws, strides final); its sampler, state and workspace members are not read. */
void urnc_sample(const urn_sample_params *params, const urn_lists_view *lists, const urn_slots_view *state,
                 void *workspace, size_t workspace_bytes, int threads);
void urnc_slots_reset(const urn_slots_view *view, const int32_t *slot, int64_t n);
void urnc_slots_commit(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t ids_stride,
                       const int32_t *accepted, int64_t rows);
void urnc_slots_prompt(const urn_slots_view *view, const int32_t *slot, const int32_t *ids, int64_t size,
                       const int64_t *offsets, int64_t rows);
void urnc_slots_mirostat(const urn_slots_view *view, const int32_t *slot, const float *logprob, int64_t stride,
                         const int32_t *accepted, int64_t rows, float tau, float eta);
void urnc_slots_gather(const urn_slots_view *view, const int32_t *ancestors);

/* The special calls (bits.h sections 10 to 13). Arrays that may be NULL still may be; no count of rows is 0. */
void urnc_tiny(const urn_tiny_params *params, int threads);
void urnc_unmask_choose(const urn_unmask_params *params, int threads);
void urnc_unmask_settle(const urn_unmask_params *params, int threads);
void urnc_shard_first(const urn_shard_params *params, urn_shard_message1 *mine, int threads);
void urnc_shard_second(const urn_shard_params *params, const urn_shard_message1 *all, urn_shard_message2 *mine,
                       int threads);
void urnc_shard_finish(const urn_shard_params *params, const urn_shard_message1 *all1, const urn_shard_message2 *all2,
                       int threads);
void urnc_reject(const urn_reject_params *params, int threads);
/* rounds [rows]: one round each, as urn_reject_round says; on the first, id is -1 and next 0. */
void urnc_reject_round(const urn_reject_params *params, urn_reject_round *rounds, int threads);

/* The instruction set of the clone that runs here: "x86-64-v4", "x86-64-v3" or "default". */
const char *urnc_clone(void);

#endif
