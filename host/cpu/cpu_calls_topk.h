/* cpu_calls_topk.h - the topk family in plain C as host/ calls it; as in cpu_calls.h, arguments have been checked. */
#ifndef URN_CPU_CALLS_TOPK_H
#define URN_CPU_CALLS_TOPK_H

#include "urn/topk.h"
#include "urn/topk_beam.h"
#include "urn/topk_fixed.h"
#include "urn/topk_long.h"
#include "urn/topk_segments.h"
#include "urn/topk_uniform.h"

/* rows: complete, with draws, draw_offsets and draws_size those of params' k, offsets and out_size. */
size_t urnc_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs);
void urnc_topk(const urn_topk_params *params, const urn_sample_params *rows, const urn_lists_view *lists,
               const urn_slots_view *state, void *workspace, size_t workspace_bytes, int threads);

/* Long rows. A workspace of so many bytes; a push wants it for its n, merge and finish for n = 0. */
size_t urnc_topk_long_workspace(int64_t k, int64_t n);
void urnc_topk_long_begin(const urn_topk_long_params *params);
void urnc_topk_long_push(const urn_topk_long_params *params, const void *values, int32_t type, int64_t n, int64_t first,
                         void *workspace, int threads);
void urnc_topk_long_merge(const urn_topk_long_params *params, const void *other, void *workspace);
void urnc_topk_long_finish(const urn_topk_long_params *params, const urn_topk_long_results *results, void *workspace,
                           int threads);

/* out_size is final: segments * k without out_offsets. */
size_t urnc_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out);
void urnc_topk_segments(const urn_topk_segments_params *params, void *workspace, size_t workspace_bytes, int threads);

void urnc_beam_select(const urn_beam_select_params *params, int threads);

/* Strides are final. */
void urnc_inclusion(const urn_inclusion_params *params, int threads);
size_t urnc_fixed_workspace(int64_t rows, int64_t cols);
void urnc_fixed(const urn_fixed_params *params, void *workspace, int threads);

/* No count is 0. */
void urnc_permute(const urn_permute_params *params, int threads);
void urnc_bootstrap(const urn_bootstrap_params *params, int threads);
void urnc_field(const urn_field_params *params, int threads);

#endif
