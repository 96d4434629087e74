/* resample_law.h - exact laws of offspring vectors, by enumeration in long double; resamplers that are wrong on
 * purpose. */
#ifndef URN_RESAMPLE_LAW_H
#define URN_RESAMPLE_LAW_H

#include "tests/stat/stat.h"

#define LAW_ITEMS 5

/* Offspring vectors o as numbers: sum of o_i (m + 1)^i. Weights are small integers, so that every p is exact. */
typedef struct resample_law {
    int n, m; /* items, outputs */
    int64_t cells;
    long double w[LAW_ITEMS], total;
    long double *prob; /* [cells] */
} resample_law;

/* The law of a scheme's offspring; killing, chains and rejection with `iterations`. Schemes whose outputs share words
 * (C1, C2, Megopolis) have no such law here. */
resample_law *resample_law_of(int32_t scheme, const double *w, int n, int m, int iterations);
void resample_law_free(resample_law *law);
int64_t resample_law_cell(const resample_law *law, const int32_t *ancestors); /* -1: not a vector of it */

/* The law of one output of a chain that begins at item `from`. segment: 0, or the items of one (C1, C2). */
void resample_chain_law(int32_t scheme, const double *w, int n, int from, int iterations, int segment,
                        long double *law);

typedef enum wrong_resampler {
    WRONG_RESAMPLER_NOT = 0,     /* multinomial, right */
    WRONG_RESAMPLER_FIXED = 1,   /* systematic with u = 0, left in by a debugging session */
    WRONG_RESAMPLER_RESIDUE = 2, /* residual whose rest is w - floor(M w), not M w - floor(M w) */
    WRONG_RESAMPLER_FIRST = 3,   /* pinned: sorted draws, the first of which is overwritten */
    WRONG_RESAMPLER_CLOSED = 4   /* killing that keeps with probability w / sum, not w / max */
} wrong_resampler;

void wrong_resample(wrong_resampler kind, const double *w, int n, int m, ut_rng *rng, int32_t *ancestors, int pin);

#endif
