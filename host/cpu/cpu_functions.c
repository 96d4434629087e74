/* cpu_functions.c - 2^y and a^b in f64 (bits.h section 3). */
#include "host/cpu/cpu_functions.h"

/* The power of two is put together, not multiplied up: n is in [-1000, 1000], so it is a normal number. */
double urnc_exp2_of(double y) {
    static const double D[12] = {1.0,          URN_EXP2D_D1, URN_EXP2D_D2, URN_EXP2D_D3, URN_EXP2D_D4,  URN_EXP2D_D5,
                                 URN_EXP2D_D6, URN_EXP2D_D7, URN_EXP2D_D8, URN_EXP2D_D9, URN_EXP2D_D10, URN_EXP2D_D11};
    if (y > 1000.0) y = 1000.0;
    if (y < -1000.0) y = -1000.0;
    double n = (y + URN_ROUND_MAGIC_F64) - URN_ROUND_MAGIC_F64;
    double f = y - n;
    double p = D[11];
    for (int k = 10; k >= 0; k--) p = fma(p, f, D[k]);
    return p * urnc_f64_of_bits((uint64_t)(1023 + (int64_t)n) << 52);
}

double urnc_pow(double a, double b) {
    if (a == 0.0) return b > 0.0 ? 0.0 : 1.0;
    return urnc_exp2_of(b * urnc_log2_of(a));
}
