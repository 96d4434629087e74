/* launch_resample.h - the resample family as host/ sees its kernels: see launch.h.
 *
 * Arguments have been checked; params are complete: strides, sizes, workspace and its bytes are final, arrays that may
 * be NULL still may be, and no count of rows is 0. */
#ifndef URNK_LAUNCH_RESAMPLE_H
#define URNK_LAUNCH_RESAMPLE_H

#include "kernels/launch.h"
#include "urn/genealogy.h"
#include "urn/particles.h"
#include "urn/resample.h"
#include "urn/resample_backward.h"
#include "urn/resample_segments.h"
#include "urn/resample_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(operation, its struct) */
#define URNK_RESAMPLE_OPS(X) \
    X(resample, urn_resample_params) \
    X(weights_stats, urn_weights_stats_params) \
    X(offspring_from_ancestors, urn_ancestors_params) \
    X(ancestors_from_offspring, urn_ancestors_params) \
    X(ancestors_permute, urn_ancestors_params) \
    X(particles_gather, urn_particles_gather_params) \
    X(segments_moments, urn_segments_moments_params) \
    X(backward_draws, urn_backward_params) \
    X(alias_build, urn_alias_params) \
    X(alias_draw, urn_alias_params) \
    X(inverse_grid, urn_inverse_params) \
    X(genealogy_step, urn_genealogy_params) \
    X(genealogy_trace, urn_genealogy_params)

URNK_RESAMPLE_OPS(URNK_FAMILY_PROTOTYPES)

/* Scratch of the kernels: upper bounds, monotone in every size. Records are of rows and of tiles of 256 items at least;
 * arrays begin at multiples of 256 bytes. */
#define URNK_RESAMPLE_SLACK 4096 /* of one call: what alignment of its arrays costs */

static inline size_t urnk_resample_groups(int64_t items) { return (size_t)((items + 255) / 256); }

/* Rows begun and summed: a record each, one for each tile. */
static inline size_t urnk_law_workspace(int64_t rows, int64_t items) {
    return (size_t)rows * (512 + urnk_resample_groups(items) * 128);
}

/* 4 bytes an item for cumulated counts; 8 for prefix sums where outputs search; residual 4 more. SSP: nodes. */
static inline size_t urnk_resample_workspace(int32_t scheme, int64_t rows, int64_t items, int64_t outputs) {
    size_t bytes = scheme >= URN_RESAMPLE_MULTINOMIAL ? 12 : 4;
    if (scheme == URN_RESAMPLE_RESIDUAL) bytes += 4;
    (void)outputs;
    return URNK_RESAMPLE_SLACK + urnk_law_workspace(rows, items) +
           (size_t)rows * (128 + urnk_resample_groups(items) * 64 + (size_t)items * bytes);
}

static inline size_t urnk_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs) {
    (void)outputs;
    return URNK_RESAMPLE_SLACK + urnk_law_workspace(rows, items) + (size_t)rows * (size_t)items * 4;
}

/* Prefix sums for trials; children need nothing. */
static inline size_t urnk_backward_workspace(int64_t rows, int64_t items, int64_t children) {
    (void)children;
    return URNK_RESAMPLE_SLACK + urnk_law_workspace(rows, items) + (size_t)rows * (size_t)items * 8;
}

/* An item's place and its prefix sum. */
static inline size_t urnk_alias_workspace(int64_t rows, int64_t items) {
    return URNK_RESAMPLE_SLACK + urnk_law_workspace(rows, items) + (size_t)rows * (size_t)items * 20;
}

/* Offspring and old leaf of an item; free nodes of a tile, and before it. */
static inline size_t urnk_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes) {
    return URNK_RESAMPLE_SLACK + (size_t)rows * (4 + (size_t)items * 8 + urnk_resample_groups(nodes) * 16);
}

#ifdef __cplusplus
}
#endif

#endif
