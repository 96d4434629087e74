/* stat.h - tests of laws, with their design stated: n, statistic, false-alarm rate, what must be seen and how surely.
 */
#ifndef URN_STAT_H
#define URN_STAT_H

#include "tests/oracle.h"

/* A correct sampler fails one test in a million seeds; seeds are fixed, so a failure is a defect or a changed bit. */
#define STAT_ALPHA 1e-6

double stat_gamma_q(double a, double x);               /* upper regularised incomplete gamma function */
double stat_chi2_p(double chi2, double freedom);       /* P(X >= chi2) */
double stat_chi2_critical(double freedom);             /* the chi2 whose p-value is STAT_ALPHA */
double stat_chi2_power(double freedom, double lambda); /* P(noncentral X >= critical) */
double stat_normal_p(double z);                        /* two-sided */
double stat_normal_power(double shift);                /* P(|N(shift, 1)| >= z of STAT_ALPHA) */

/* ids grouped so that every cell expects at least 5; ids of probability 0 have cell -1 and may not come up. */
typedef struct stat_cells {
    int64_t ids, cells, draws;
    int32_t *cell; /* [ids] */
    double *p;     /* [cells] */
} stat_cells;

stat_cells *stat_cells_make(const long double *prob, int64_t ids, int64_t draws);
void stat_cells_free(stat_cells *cells);

/* The chi-square p-value of `draws` ids; 0 if an impossible id came up or an id is out of range. */
double stat_p(const stat_cells *cells, const int32_t *ids);

/* How surely stat_p < STAT_ALPHA when ids follow `other`; 1 - exp(-expected) for what `other` gives to impossible ids
 * alone is included by leaving those out of lambda and saying so: this is a lower bound. */
double stat_power(const stat_cells *cells, const long double *other);

/* Counts of pairs (a[i], b[i]) over k x k cells with probabilities p[a] p[b]: the p-value of independence and margins.
 */
double stat_pairs_p(const int32_t *a, const int32_t *b, int64_t n, const long double *prob, int64_t k);

/* One head among `tail` equal others, which together hold `share`: the smaller of two p-values, of the tail's count
 * (exact binomial moments) and of how it divides over the tail's halves; 0 if an id is out of range. */
double stat_head_p(const int32_t *ids, int64_t draws, int32_t head, int64_t tail, double share);

#endif
