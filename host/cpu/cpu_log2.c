/* cpu_log2.c - log2 of an integer and the outputs made from it. */
#include "host/cpu/cpu_log2.h"

#include <math.h>

#include "urn/bits.h"

/* f64(Z) * 2^-e: the conversion is the only rounding; the divisor is a power of two. */
static double scaled(uint64_t Z, int e) { return (double)Z / (double)(UINT64_C(1) << e); }

static int floor_log2(uint64_t Z) {
    int e = 0;
    for (int step = 32; step > 0; step >>= 1)
        if (Z >> step) {
            Z >>= step;
            e += step;
        }
    return e;
}

double urnc_log2(uint64_t Z) {
    static const double C[9] = {URN_LOG2_C0, URN_LOG2_C1, URN_LOG2_C2, URN_LOG2_C3, URN_LOG2_C4,
                                URN_LOG2_C5, URN_LOG2_C6, URN_LOG2_C7, URN_LOG2_C8};
    int e = floor_log2(Z);
    double m = scaled(Z, e);
    if (m > URN_SQRT2) {
        m = m * 0.5;
        e = e + 1;
    }
    double s = (m - 1.0) / (m + 1.0);
    double z = s * s;
    double q = C[8];
    for (int k = 7; k >= 0; k--) q = fma(q, z, C[k]);
    return fma(s, q, (double)e);
}

double urnc_log2_mass(uint64_t Z) { return urnc_log2(Z) - (double)URN_F; }

float urnc_logprob(float x, float M, float c, double L) {
    float d = x - M;
    double y = (double)d * (double)c;
    return (float)((y - L) * URN_LN2);
}

float urnc_lse(float M, double L) { return (float)fma(L, URN_LN2, (double)M); }

float urnc_entropy(uint64_t E, uint64_t Z, double L) { return (float)(((double)E / (double)Z + L) * URN_LN2); }

float urnc_nats(double A) { return (float)(A * URN_LN2); }
