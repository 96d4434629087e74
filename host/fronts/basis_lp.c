/* basis_lp.c - the linear program of basis-aware truncation through COIN-OR's Clp, by its C interface. */
#include "host/fronts/basis_lp.h"

#include <stdlib.h>

#if URN_WITH_CLP
#include <coin/Clp_C_Interface.h>

struct basis_lp {
    Clp_Simplex *model;
    double *upper; /* [n] */
    double sigma;
    int32_t n;
};

int basis_lp_built(void) { return 1; }

/* Column j has p_j in the row of the sum and p_j W_jk in row 1 + k. */
static int load(basis_lp *lp, const float *embedding, int32_t dims, const int32_t *row, const double *p) {
    size_t n = (size_t)lp->n, rows = (size_t)dims + 1;
    CoinBigIndex *start = malloc((n + 1) * sizeof *start);
    int *index = malloc(n * rows * sizeof *index);
    double *value = malloc(n * rows * sizeof *value), *zero = calloc(n, sizeof *zero),
           *right = calloc(rows, sizeof *right);
    int good = start && index && value && zero && right;
    for (size_t j = 0; good && j < n; j++) {
        start[j] = (CoinBigIndex)(j * rows);
        for (size_t k = 0; k < rows; k++) {
            double w = k ? (double)embedding[(size_t)row[j] * (size_t)dims + k - 1] : 1.0;
            index[j * rows + k] = (int)k;
            value[j * rows + k] = p[j] * w;
            right[k] += p[j] * w;
        }
    }
    if (good) {
        start[n] = (CoinBigIndex)(n * rows);
        Clp_loadProblem(lp->model, (int)n, (int)rows, start, index, value, zero, lp->upper, zero, right, right);
    }
    free(start), free(index), free(value), free(zero), free(right);
    return good;
}

basis_lp *basis_lp_make(const float *embedding, int32_t dims, const int32_t *row, const double *p, int32_t n,
                        double sigma) {
    basis_lp *lp = calloc(1, sizeof *lp);
    if (!lp) return NULL;
    lp->n = n;
    lp->sigma = sigma;
    lp->upper = malloc((size_t)n * sizeof *lp->upper);
    lp->model = Clp_newModel();
    for (int32_t j = 0; lp->upper && j < n; j++) lp->upper[j] = sigma;
    if (lp->upper && lp->model) {
        Clp_setLogLevel(lp->model, 0);
        Clp_setPrimalTolerance(lp->model, 1e-9);
        if (load(lp, embedding, dims, row, p)) return lp;
    }
    basis_lp_free(lp);
    return NULL;
}

void basis_lp_free(basis_lp *lp) {
    if (!lp) return;
    if (lp->model) Clp_deleteModel(lp->model);
    free(lp->upper);
    free(lp);
}

/* Any basis is dual feasible, the objective being 0: the dual simplex goes on from the last one. Presolving, which
 * would have to be done again for each id, leaks in Clp 1.17. */
int basis_lp_can_miss(basis_lp *lp, int32_t j) {
    lp->upper[j] = 0;
    Clp_chgColumnUpper(lp->model, lp->upper);
    Clp_dual(lp->model, 0);
    int status = Clp_status(lp->model);
    lp->upper[j] = lp->sigma;
    return status == 0 ? 1 : status == 1 ? 0 : -1;
}

#else

int basis_lp_built(void) { return 0; }

basis_lp *basis_lp_make(const float *embedding, int32_t dims, const int32_t *row, const double *p, int32_t n,
                        double sigma) {
    (void)embedding, (void)dims, (void)row, (void)p, (void)n, (void)sigma;
    return NULL;
}

void basis_lp_free(basis_lp *lp) { (void)lp; }

int basis_lp_can_miss(basis_lp *lp, int32_t j) { return (void)lp, (void)j, -1; }

#endif
