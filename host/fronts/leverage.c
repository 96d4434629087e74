/* leverage.c - leverage scores and Lewis weights: LAPACK factorises, the rows of Q are summed (urn/leverage.h). */
#include "urn/leverage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FAIL(status, ...)                                                                                              \
    do {                                                                                                               \
        char detail[256];                                                                                              \
        snprintf(detail, sizeof detail, __VA_ARGS__);                                                                  \
        return urn_set_last_error((status), detail);                                                                   \
    } while (0)

#if URN_WITH_LAPACK

/* Fortran's: everything by address, columns one after another. */
void dgeqp3_(const int *m, const int *n, double *a, const int *lda, int *jpvt, double *tau, double *work,
             const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);

typedef struct {
    int n, d, lwork;
    double *q, *tau, *work; /* q: [d, n], a column of A after another */
    int *pivot;
} factors;

static int get_factors(factors *f, int64_t n, int32_t d) {
    f->n = (int)n;
    f->d = d;
    f->lwork = 64 * (d + 1) + 2 * d; /* blocks of 64 columns: any length of at least 3 d + 1 is right */
    f->q = malloc((size_t)n * (size_t)d * sizeof *f->q);
    f->tau = malloc((size_t)d * sizeof *f->tau);
    f->work = malloc((size_t)f->lwork * sizeof *f->work);
    f->pivot = malloc((size_t)d * sizeof *f->pivot);
    return f->q && f->tau && f->work && f->pivot;
}

static void put_factors(factors *f) { free(f->q), free(f->tau), free(f->work), free(f->pivot); }

/* h of the rows of A, each times scale[i] (NULL: 1). Returns 0, or LAPACK's word for what it did not like. */
static int find_leverage(factors *f, const double *a, int64_t stride, const double *scale, double *h) {
    int info, rank = 0;
    for (int j = 0; j < f->d; j++) {
        f->pivot[j] = 0;
        for (int i = 0; i < f->n; i++)
            f->q[(size_t)j * (size_t)f->n + (size_t)i] = a[i * stride + j] * (scale ? scale[i] : 1.0);
    }
    dgeqp3_(&f->n, &f->d, f->q, &f->n, f->pivot, f->tau, f->work, &f->lwork, &info);
    if (info) return info;
    double largest = fabs(f->q[0]);
    while (rank < f->d && fabs(f->q[(size_t)rank * (size_t)f->n + (size_t)rank]) > largest * f->n * 0x1p-52) rank++;
    if (rank) dorgqr_(&f->n, &rank, &rank, f->q, &f->n, f->tau, f->work, &f->lwork, &info);
    if (info) return info;
    for (int i = 0; i < f->n; i++) {
        h[i] = 0;
        for (int j = 0; j < rank; j++) {
            double q = f->q[(size_t)j * (size_t)f->n + (size_t)i];
            h[i] += q * q;
        }
        if (h[i] > 1) h[i] = 1;
    }
    return 0;
}

#endif

static urn_status check(const char *call, const double *a, int64_t n, int32_t d, int64_t *stride, const double *out) {
    if (!a || !out) FAIL(URN_E_NULL, "%s: %s is NULL", call, a ? "the output" : "a");
    if (n < 1 || n > INT32_MAX) FAIL(URN_E_SHAPE, "%s: n is %lld; wanted 1 to 2^31 - 1", call, (long long)n);
    if (d < 1 || d > 4096 || d > n)
        FAIL(URN_E_SHAPE, "%s: d is %d; wanted 1 to 4096 and at most the %lld rows", call, d, (long long)n);
    if (*stride == 0) *stride = d;
    if (*stride < d)
        FAIL(URN_E_SHAPE, "%s: stride is %lld; wanted at least the %d columns", call, (long long)*stride, d);
    for (int64_t i = 0; i < n; i++)
        for (int32_t j = 0; j < d; j++)
            if (!isfinite(a[i * *stride + j]))
                FAIL(URN_E_VALUE, "%s: row %lld of a has a NaN or an infinity", call, (long long)i);
#if !URN_WITH_LAPACK
    FAIL(URN_E_BACKEND, "%s: liburn_host was built without LAPACK; install liblapack-dev and build again", call);
#else
    return URN_OK;
#endif
}

urn_status urn_lewis_weights(const double *a, int64_t n, int32_t d, int64_t stride, double p, int32_t rounds,
                             double *w) {
    static const char call[] = "urn_lewis_weights";
    urn_status status = check(call, a, n, d, &stride, w);
    if (status != URN_OK) return status;
    if (!(p > 0 && p < 4)) FAIL(URN_E_VALUE, "%s: p is %g; wanted above 0 and below 4", call, p);
    if (rounds < 1 || rounds > 1000) FAIL(URN_E_VALUE, "%s: rounds is %d; wanted 1 to 1000", call, rounds);
#if URN_WITH_LAPACK
    factors f;
    double *scale = malloc((size_t)n * sizeof *scale);
    int info = 0, there = get_factors(&f, n, d) && scale != NULL;
    for (int64_t i = 0; i < n; i++) w[i] = (double)d / (double)n;
    for (int32_t r = 0; r < rounds && there && !info; r++) {
        for (int64_t i = 0; i < n; i++) scale[i] = w[i] > 0 ? pow(w[i], 0.5 - 1 / p) : 0;
        double *h = w; /* the leverage takes the place of the weights it came from, which scale still knows */
        info = find_leverage(&f, a, stride, scale, h);
        for (int64_t i = 0; i < n; i++) w[i] = scale[i] > 0 ? pow(h[i] / (scale[i] * scale[i]), p / 2) : 0;
    }
    put_factors(&f);
    free(scale);
    if (!there) FAIL(URN_E_MEMORY, "%s: no memory for %lld rows of %d", call, (long long)n, d);
    if (info) FAIL(URN_E_VALUE, "%s: LAPACK gave up (%d)", call, info);
#endif
    return URN_OK;
}

/* One round of Lewis weights at p = 2, where the scale is 1. */
urn_status urn_leverage(const double *a, int64_t n, int32_t d, int64_t stride, double *h) {
    static const char call[] = "urn_leverage";
    urn_status status = check(call, a, n, d, &stride, h);
    if (status != URN_OK) return status;
    return urn_lewis_weights(a, n, d, stride, 2, 1, h);
}
