/* basis_lp.h - the linear program behind basis-aware truncation, and who solves it. */
#ifndef URN_BASIS_LP_H
#define URN_BASIS_LP_H

#include <stdint.h>

typedef struct basis_lp basis_lp;

/* Find t in [0, sigma]^n with sum p_j t_j = 1 and sum p_j t_j W_j = sum p_j W_j, where W_j [dims] is row row[j] of the
 * embedding. NULL: no memory, or no solver in this build (basis_lp_built). */
basis_lp *basis_lp_make(const float *embedding, int32_t dims, const int32_t *row, const double *p, int32_t n,
                        double sigma);
void basis_lp_free(basis_lp *lp);

/* 1: there is such a t with t_j = 0; 0: there is none; -1: the solver gave up. */
int basis_lp_can_miss(basis_lp *lp, int32_t j);

int basis_lp_built(void);

#endif
