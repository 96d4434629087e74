/* cpu_calls_topk.h - the topk family in plain C as host/ calls it; as in cpu_calls.h, arguments have been checked. */
#ifndef URN_CPU_CALLS_TOPK_H
#define URN_CPU_CALLS_TOPK_H

#include "urn/topk.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"

/* rows: complete, with draws, draw_offsets and draws_size those of params' k, offsets and out_size. */
size_t urnc_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs);
void urnc_topk(const urn_topk_params *params, const urn_sample_params *rows, const urn_lists_view *lists,
               const urn_slots_view *state, void *workspace, size_t workspace_bytes, int threads);

#endif
