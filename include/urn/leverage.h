/* leverage.h - how much each row of a matrix matters to a regression on it, in the optional library liburn_host: link
 * it as well. Scores become inclusion probabilities by urn_inclusion and choices by urn_fixed (topk_fixed.h):
 *
 *     urn_leverage(a, n, d, 0, h)        h in [0, 1], with sum rank(a)
 *     urn_inclusion                      p = min(1, c h), with sum k
 *     urn_fixed by URN_FIXED_PIVOTAL     k rows, spread out; each is scaled by p^(-1/2) */
#ifndef URN_LEVERAGE_H
#define URN_LEVERAGE_H

#include "urn/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* urn_leverage - leverage scores h_i = a_i (A^T A)^+ a_i^T, through a QR factorisation with pivoting.
 *
 *  in    a  [n, d] f64, host, rows `stride` elements apart (0: d); finite; n 1 to 2^31 - 1, d 1 to min(n, 4096)
 *  out   h  [n] host; a row of zeros has 0. Columns that depend on others up to n * 2^-52 do not count
 *
 *  bits    as the LAPACK in use makes them: not part of the bit contract
 *  sync    runs before it returns; allocates n * d numbers
 *
 *  returns URN_OK | URN_E_NULL | URN_E_SHAPE (n, d, stride) | URN_E_VALUE (a NaN or an infinity) | URN_E_MEMORY
 *          | URN_E_BACKEND (liburn_host was built without LAPACK: install liblapack-dev and build again)
 *  paper   Drineas, Mahoney and Muthukrishnan 2006; pivotal choice: Shimizu et al. 2024 */
URN_API urn_status urn_leverage(const double *a, int64_t n, int32_t d, int64_t stride, double *h);

/* urn_lewis_weights - the weights w with w_i = the leverage of row i of W^(1/2 - 1/p) A, for p in (0, 4): what leverage
 * is to least squares they are to sums of |a_i x|^p. Row i's l_p sensitivity, the largest share |a_i x|^p can have, is
 * at most w_i for p <= 2 and d^(p/2 - 1) * w_i above. At p = 2 they are the leverage scores.
 *
 *  in    rounds  of the fixed-point iteration, 1 to 1000; each is one factorisation; 20 give 6 digits for p up to 3
 *  other arguments, returns as urn_leverage; URN_E_VALUE also for p and rounds
 *  paper   Lewis 1978; Cohen and Peng 2015 */
URN_API urn_status urn_lewis_weights(const double *a, int64_t n, int32_t d, int64_t stride, double p, int32_t rounds,
                                     double *w);

#ifdef __cplusplus
}
#endif

#endif
