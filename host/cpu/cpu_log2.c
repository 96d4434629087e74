/* cpu_log2.c - log2 of an integer and the outputs made from it. */
#include "host/cpu/cpu_log2.h"

#include "host/cpu/cpu_functions.h"

/* The conversion is what rounds; where it carries into a new power of two, m is 1 either way. */
double urnc_log2(uint64_t Z) { return urnc_log2_of((double)Z); }

double urnc_log2_mass(uint64_t Z) { return urnc_log2(Z) - (double)URN_F; }

float urnc_logprob(float x, float M, float c, double L) {
    float d = x - M;
    double y = (double)d * (double)c;
    return (float)((y - L) * URN_LN2);
}

float urnc_lse(float M, double L) { return (float)fma(L, URN_LN2, (double)M); }

float urnc_entropy(uint64_t E, uint64_t Z, double L) { return (float)(((double)E / (double)Z + L) * URN_LN2); }

float urnc_nats(double A) { return (float)(A * URN_LN2); }
