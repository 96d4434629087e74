/* stat.c - p-values and powers by series and continued fractions; cells; pairs. */
#include "tests/stat/stat.h"

#include <math.h>

/* Series below a + 1, Lentz's continued fraction above (Numerical Recipes' split); both in logs, so that thousands of
 * degrees of freedom do not overflow. */
double stat_gamma_q(double a, double x) {
    if (x <= 0) return 1;
    double scale = a * log(x) - x - lgamma(a);
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (double k = a + 1; term > sum * 1e-17; k++) sum += term *= x / k;
        double p = exp(scale) * sum;
        return p > 1 ? 0 : 1 - p;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int i = 1; i < 1000000; i++) {
        double an = -i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16) break;
    }
    return exp(scale) * h;
}

double stat_chi2_p(double chi2, double freedom) { return stat_gamma_q(freedom / 2, chi2 / 2); }

double stat_chi2_critical(double freedom) {
    double low = 0, high = freedom + 40 * sqrt(freedom) + 200;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (stat_chi2_p(middle, freedom) > STAT_ALPHA) low = middle;
        if (!(stat_chi2_p(middle, freedom) > STAT_ALPHA)) high = middle;
    }
    return high;
}

/* A noncentral chi-square is a Poisson(lambda / 2) mixture of central ones with 2 more degrees of freedom each. */
double stat_chi2_power(double freedom, double lambda) {
    double critical = stat_chi2_critical(freedom), half = lambda / 2, power = 0;
    double spread = 12 * sqrt(half) + 30, from = floor(half > spread ? half - spread : 0);
    double stride = spread > 2000 ? floor(spread / 1000) : 1; /* many terms: every stride-th, its weight times stride */
    for (double j = from; j <= half + spread; j += stride) {
        double weight = half > 0 ? exp(j * log(half) - half - lgamma(j + 1)) : j == 0;
        power += stride * weight * stat_chi2_p(critical, freedom + 2 * j);
    }
    return power > 1 ? 1 : power;
}

double stat_normal_p(double z) { return erfc(fabs(z) / sqrt(2)); }

double stat_normal_power(double shift) {
    double low = 0, high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (stat_normal_p(middle) > STAT_ALPHA) low = middle;
        if (!(stat_normal_p(middle) > STAT_ALPHA)) high = middle;
    }
    return (erfc((high - fabs(shift)) / sqrt(2)) + erfc((high + fabs(shift)) / sqrt(2))) / 2;
}

stat_cells *stat_cells_make(const long double *prob, int64_t ids, int64_t draws) {
    stat_cells *c = (stat_cells *)ut_malloc(sizeof *c);
    c->ids = ids;
    c->draws = draws;
    c->cells = 0;
    c->cell = (int32_t *)ut_malloc(4 * (size_t)ids);
    c->p = (double *)ut_malloc(8 * (size_t)ids);
    int32_t pool = -1; /* the cell that small ids are being gathered in, -1 when it is full */
    for (int64_t i = 0; i < ids; i++) {
        double p = (double)prob[i];
        c->cell[i] = -1;
        if (p == 0) continue;
        int small = p * (double)draws < 5;
        if (!small || pool < 0) c->p[c->cells++] = 0;
        if (small && pool < 0) pool = (int32_t)c->cells - 1;
        c->cell[i] = small ? pool : (int32_t)c->cells - 1;
        c->p[c->cell[i]] += p;
        if (pool >= 0 && c->p[pool] * (double)draws >= 5) pool = -1;
    }
    if (pool < 0 || c->cells < 2) return c;
    /* a last pool that stayed small joins the first cell; the highest cell takes its number */
    int32_t to = pool == 0 ? 1 : 0, last = (int32_t)c->cells - 1;
    c->p[to] += c->p[pool];
    c->p[pool] = c->p[last];
    for (int64_t i = 0; i < ids; i++) {
        if (c->cell[i] == pool)
            c->cell[i] = to == last ? pool : to;
        else if (c->cell[i] == last)
            c->cell[i] = pool;
    }
    if (to == last) c->p[pool] = c->p[to];
    c->cells--;
    return c;
}

void stat_cells_free(stat_cells *c) {
    free(c->cell);
    free(c->p);
    free(c);
}

double stat_p(const stat_cells *c, const int32_t *ids) {
    int64_t *count = (int64_t *)calloc((size_t)c->cells + 1, 8);
    int impossible = 0;
    for (int64_t i = 0; i < c->draws; i++) {
        int32_t cell = ids[i] < 0 || ids[i] >= c->ids ? -1 : c->cell[ids[i]];
        if (cell < 0) impossible = 1;
        if (cell >= 0) count[cell]++;
    }
    double chi2 = 0, n = (double)c->draws;
    for (int64_t k = 0; k < c->cells; k++) {
        double expected = n * c->p[k], off = (double)count[k] - expected;
        chi2 += off * off / expected;
    }
    free(count);
    if (impossible) return 0;
    return c->cells < 2 ? 1 : stat_chi2_p(chi2, (double)c->cells - 1);
}

double stat_power(const stat_cells *c, const long double *other) {
    double *q = (double *)calloc((size_t)c->cells, 8), lambda = 0;
    for (int64_t i = 0; i < c->ids; i++) {
        if (c->cell[i] >= 0) q[c->cell[i]] += (double)other[i];
    }
    for (int64_t k = 0; k < c->cells; k++) lambda += (q[k] - c->p[k]) * (q[k] - c->p[k]) / c->p[k];
    free(q);
    return stat_chi2_power((double)c->cells - 1, lambda * (double)c->draws);
}

double stat_pairs_p(const int32_t *a, const int32_t *b, int64_t n, const long double *prob, int64_t k) {
    long double *joint = (long double *)ut_malloc(sizeof *joint * (size_t)(k * k));
    int32_t *pair = (int32_t *)ut_malloc(4 * (size_t)n);
    for (int64_t i = 0; i < k * k; i++) joint[i] = prob[i / k] * prob[i % k];
    for (int64_t i = 0; i < n; i++) pair[i] = (int32_t)(a[i] * k + b[i]);
    stat_cells *cells = stat_cells_make(joint, k * k, n);
    double p = stat_p(cells, pair);
    stat_cells_free(cells);
    free(joint);
    free(pair);
    return p;
}

double stat_head_p(const int32_t *ids, int64_t draws, int32_t head, int64_t tail, double share) {
    int64_t in_tail = 0, early = 0;
    for (int64_t j = 0; j < draws; j++) {
        if (ids[j] < 0 || ids[j] > tail) return 0;
        in_tail += ids[j] != head;
        early += ids[j] != head && ids[j] - (ids[j] > head) < tail / 2;
    }
    double n = (double)draws, half = (double)(tail / 2) / (double)tail, count = (double)in_tail;
    double z = (count / n - share) / sqrt(share * (1 - share) / n);
    double z_even = ((double)early - half * count) / sqrt(half * (1 - half) * count + 1);
    return fmin(stat_normal_p(z), stat_normal_p(z_even));
}
