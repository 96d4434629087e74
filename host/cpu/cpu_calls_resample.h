/* cpu_calls_resample.h - the resample family in plain C, as host/ calls it: see cpu_calls.h. */
#ifndef URN_CPU_CALLS_RESAMPLE_H
#define URN_CPU_CALLS_RESAMPLE_H

#include "urn/genealogy.h"
#include "urn/particles.h"
#include "urn/resample.h"
#include "urn/resample_backward.h"
#include "urn/resample_segments.h"
#include "urn/resample_tables.h"

/* Scratch, monotone in every size: that of one row, times the rows that may be in flight. */
size_t urnc_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs);
size_t urnc_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs);
size_t urnc_backward_workspace(int64_t rows, int64_t items, int64_t children);
size_t urnc_alias_workspace(int64_t rows, int64_t items);
size_t urnc_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes);

/* params are complete: strides, sizes and workspace are final; arrays that may be NULL still may be. */
void urnc_resample(const urn_resample_params *params, int threads);
void urnc_weights_stats(const urn_weights_stats_params *params, int threads);
void urnc_offspring_from_ancestors(const urn_ancestors_params *params, int threads);
void urnc_ancestors_from_offspring(const urn_ancestors_params *params, int threads);
void urnc_ancestors_permute(const urn_ancestors_params *params, int threads);
void urnc_particles_gather(const urn_particles_gather_params *params, int threads);
void urnc_segments_moments(const urn_segments_moments_params *params, int threads);
void urnc_backward_draws(const urn_backward_params *params, int threads);
void urnc_alias_build(const urn_alias_params *params, int threads);
void urnc_alias_draw(const urn_alias_params *params, int threads);
void urnc_inverse_grid(const urn_inverse_params *params, int threads);
void urnc_genealogy_step(const urn_genealogy_params *params, int threads);
void urnc_genealogy_trace(const urn_genealogy_params *params, int threads);

#endif
