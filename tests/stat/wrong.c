/* wrong.c - the deliberately wrong samplers. */
#include "tests/stat/wrong.h"

#include <math.h>

static int64_t first_above(const double *sum, int64_t n, double target) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (sum[middle] > target) high = middle;
        if (!(sum[middle] > target)) low = middle + 1;
    }
    return low;
}

void wrong_sample(wrong_kind kind, const float *x, int64_t n, uint64_t seed, int64_t draws, int32_t *ids) {
    double *sum = (double *)ut_malloc(8 * (size_t)n), total = 0, top = x[0];
    float running = 0;
    ut_rng rng = ut_rng_make(seed);
    for (int64_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < n; i++) total += exp(x[i] - top);
    double whole = total;
    total = 0;
    for (int64_t i = 0; i < n; i++) {
        double w = exp((x[i] - top) / (kind == WRONG_TEMPERATURE ? 1.1 : 1.0));
        if (kind == WRONG_LOST_TAIL && i >= n - n / 100) w = 0;
        running += (float)(w / whole);
        total += w;
        sum[i] = kind == WRONG_F32_CDF ? running : total;
    }
    if (kind == WRONG_F32_CDF) total = 1;
    for (int64_t j = 0; j < draws; j++) {
        double u = ut_uniform(&rng);
        if (kind == WRONG_F32_CDF) u = floor(u * 0x1p24) * 0x1p-24;
        if (kind == WRONG_ZERO_DRAWN) u = floor(u * 0x1p16) * 0x1p-16;
        int64_t id = first_above(sum, n, u * total);
        if (kind == WRONG_ZERO_DRAWN && u == 0) id = 0; /* cdf[0] = 0 >= 0 */
        if (kind == WRONG_OFF_BY_ONE && id + 1 < n) id++;
        ids[j] = kind == WRONG_SHARED_WORD && j % 2 ? ids[j - 1] : (int32_t)id;
    }
    free(sum);
}

/* A uniform that lies `missing` below 1, as the noise sees it: rounded to 2^-24, then 2^-23 is taken off. */
static double noise_of(double missing) {
    double short_of_one = (rint(missing * 0x1p24) + 2) * 0x1p-24;
    return short_of_one < 1 ? -log(-log1p(-short_of_one)) : -20;
}

/* The largest of `tail` uniforms is v^(1 / tail) of one uniform v; rounding keeps the order. */
int64_t wrong_gumbel_tail(double gap, int64_t tail, uint64_t seed, int64_t draws) {
    ut_rng rng = ut_rng_make(seed);
    int64_t in_tail = 0;
    for (int64_t j = 0; j < draws; j++) {
        double best = noise_of(-expm1(log(ut_uniform(&rng)) / (double)tail));
        in_tail += best > gap + noise_of(ut_uniform(&rng));
    }
    return in_tail;
}

/* The head with noise of u wins against one other unless that other's uniform exceeds u^(e^-gap). The head's uniform in
 * 2^16 strata, the 2^16 values nearest to 1 one by one. */
double wrong_gumbel_tail_p(double gap, int64_t tail) {
    double wins = 0, exact = 0x1p16, strata = 65536, width = (0x1p24 - exact) / strata;
    for (double k = 0; k < strata + exact; k++) {
        double missing = k < exact ? k + 0.5 : exact + (k - exact + 0.5) * width; /* of the head, in 2^-24 from 1 */
        double head = fmin((rint(missing) + 2) * 0x1p-24, 1 - 0x1p-30);
        double threshold = -expm1(log1p(-head) * exp(-gap)) * 0x1p24;
        double above = fmax(ceil(threshold - 2) - 0.5, 0) * 0x1p-24; /* P(rint(m) + 2 < threshold) */
        wins += (k < exact ? 1 : width) * 0x1p-24 * exp((double)tail * log1p(-above));
    }
    return 1 - wins;
}
