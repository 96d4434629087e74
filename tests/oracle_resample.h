/* oracle_resample.h - bits_resample.h by brute force, on params whose arrays are host memory. Slow and serial: searches
 * walk, trees recurse, every integer is 128 bits wide. */
#ifndef URN_ORACLE_RESAMPLE_H
#define URN_ORACLE_RESAMPLE_H

#include "tests/oracle.h"

/* A row of weights, section 1 and 2. */
typedef struct oracle_row_weights {
    int64_t n, first; /* items; where they begin at data */
    int wide, f, e, linear;
    int32_t status;
    double largest;   /* m */
    uint64_t *w, top; /* top: W */
    oracle_wide t, squares;
    urn_weight_stats stats;
} oracle_row_weights;

oracle_row_weights *oracle_weights_of(const urn_weights *weights, const void *data, int64_t row);
oracle_row_weights *oracle_weights_from(const double *x, int32_t type, int64_t n); /* values of that type, as f64 */
void oracle_weights_conclude(oracle_row_weights *w); /* the statistics, after a new status */
void oracle_weights_free(oracle_row_weights *w);
int oracle_bad_offsets(const int64_t *offsets, int64_t r, int64_t size);

oracle_wide oracle_wide_pick(oracle_philox b, oracle_wide z); /* WIDE */
oracle_wide oracle_pick(const oracle_row_weights *w, oracle_philox b, oracle_wide z);
int64_t oracle_first_above(const oracle_row_weights *w, oracle_wide r); /* FIRST */
uint64_t oracle_head(oracle_philox b);                                  /* U and V of a block */
uint64_t oracle_tail(oracle_philox b);
uint64_t oracle_times(uint64_t u, uint64_t n); /* floor(u * n / 2^64) */

void oracle_resample(const urn_resample_params *p);
void oracle_weights_stats(const urn_weights_stats_params *p);
void oracle_offspring_from_ancestors(const urn_ancestors_params *p);
void oracle_ancestors_from_offspring(const urn_ancestors_params *p);
void oracle_ancestors_permute(const urn_ancestors_params *p);
void oracle_particles_gather(const urn_particles_gather_params *p);
void oracle_segments_moments(const urn_segments_moments_params *p);
void oracle_alias_build(const urn_alias_params *p);
void oracle_alias_draw(const urn_alias_params *p);
void oracle_inverse_grid(const urn_inverse_params *p);
void oracle_backward_draws(const urn_backward_params *p);
void oracle_genealogy_step(const urn_genealogy_params *p);
void oracle_genealogy_trace(const urn_genealogy_params *p);

#endif
