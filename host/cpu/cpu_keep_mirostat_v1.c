/* cpu_keep_mirostat_v1.c - keep the k that a Zipf fit of the likeliest gives for the surprise wanted. */
#include <math.h>

#include "host/cpu/cpu_functions.h"
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"

#define LIKELIEST 100

/* s of bits.h section 3, or 0 where there is nothing to fit. */
static double zipf_exponent(const urnc_row *row) {
    int32_t order[LIKELIEST], at[LIKELIEST];
    int m = urnc_first(row, LIKELIEST, order, at);
    double up = 0, down = 0;
    for (int i = 1; i < m; i++) {
        float a = urnc_surprise(row->scale, urnc_f32_of_order(order[i - 1]));
        float next = urnc_surprise(row->scale, urnc_f32_of_order(order[i]));
        if (!isfinite(next)) break;
        double b = (double)next - (double)a, t = urnc_log2_of((double)(i + 1) / (double)i);
        up = up + t * b;
        down = down + t * t;
    }
    return down > 0 ? up / down : 0;
}

int urnc_keep_mirostat_v1(urnc_row *row, const urnc_act *act) {
    double mu = (double)act->f[0], N = (double)row->raw.n, s = zipf_exponent(row), g = s - 1, r;
    if (!(s > 0) || N == 1) return URN_ROW_OK;
    if (fabs(g) < 1e-9)
        r = urnc_exp2_of(mu) / (URN_LN2 * urnc_log2_of(N));
    else
        r = g * urnc_exp2_of(mu) / (1 - urnc_pow(N, -g));
    if (!isfinite(r) || !(r > 0)) return URN_ROW_OK;
    double k = urnc_pow(r, 1 / s);
    if (k < (double)row->kept.n) urnc_keep_first(row, k > 1 ? (int64_t)k : 1, 0);
    return URN_ROW_OK;
}
