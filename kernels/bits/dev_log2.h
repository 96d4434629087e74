// dev_log2.h - LOG2, EXP2 and POW in f64 (bits.h section 3), and the floating outputs made from integers
// by them (section 6).
#ifndef URN_DEV_LOG2_H
#define URN_DEV_LOG2_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

// The atanh series: log2((1 + s) / (1 - s)) / s of zz = s * s.
URN_DEVICE double log2_series(double zz) {
    double q = URN_LOG2_C8;
    q = fma_f64(q, zz, URN_LOG2_C7);
    q = fma_f64(q, zz, URN_LOG2_C6);
    q = fma_f64(q, zz, URN_LOG2_C5);
    q = fma_f64(q, zz, URN_LOG2_C4);
    q = fma_f64(q, zz, URN_LOG2_C3);
    q = fma_f64(q, zz, URN_LOG2_C2);
    q = fma_f64(q, zz, URN_LOG2_C1);
    return fma_f64(q, zz, URN_LOG2_C0);
}

// log2(m * 2^e) for m in [1, 2]: m may be the 2 that a conversion rounded up to.
URN_DEVICE double log2_parts(double m, int e) {
    if (m > URN_SQRT2) m = m * 0.5, e = e + 1;
    double s = (m - 1.0) / (m + 1.0);
    return fma_f64(s, log2_series(s * s), (double)e);
}

// log2(z), z > 0. Any thread calls for itself; f64 is slow on many GPUs, so one thread of a row does.
URN_DEVICE double log2_u64(uint64_t z) {
    int e = 63 - clz_u64(z);
    return log2_parts((double)z * (1.0 / (double)(UINT64_C(1) << e)), e); // powers of two: both steps are exact
}

// LOG2 of bits.h section 3, v normal and > 0.
URN_DEVICE double log2_f64(double v) {
    uint64_t bits = f64_bits(v);
    return log2_parts(bits_f64((bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52),
                      (int)(bits >> 52 & 0x7ff) - 1023);
}

// EXP2 of bits.h section 3.
URN_DEVICE double exp2_f64(double y) {
    y = !(y > -1000.0) ? -1000.0 : y > 1000.0 ? 1000.0 : y; // a NaN, which no law gives, would be the least
    double t = y + URN_ROUND_MAGIC_F64;
    double n = t - URN_ROUND_MAGIC_F64;
    double f = y - n;
    double p = URN_EXP2D_D11;
    p = fma_f64(p, f, URN_EXP2D_D10);
    p = fma_f64(p, f, URN_EXP2D_D9);
    p = fma_f64(p, f, URN_EXP2D_D8);
    p = fma_f64(p, f, URN_EXP2D_D7);
    p = fma_f64(p, f, URN_EXP2D_D6);
    p = fma_f64(p, f, URN_EXP2D_D5);
    p = fma_f64(p, f, URN_EXP2D_D4);
    p = fma_f64(p, f, URN_EXP2D_D3);
    p = fma_f64(p, f, URN_EXP2D_D2);
    p = fma_f64(p, f, URN_EXP2D_D1);
    p = fma_f64(p, f, 1.0);
    return p * bits_f64((uint64_t)(1023 + (int)n) << 52); // |n| <= 1000: a normal power, and so is the product
}

// POW of bits.h section 3, a >= 0.
URN_DEVICE double pow_f64(double a, double b) {
    if (a == 0.0) return b == 0.0 ? 1.0 : 0.0;
    return exp2_f64(b * log2_f64(a));
}

// L of a law whose weights sum to z.
URN_DEVICE double log2_total(uint64_t z) { return log2_u64(z) - (double)URN_F; }

// H2 of bits.h section 3: bits; e is the sum of the entropy terms, z of the weights.
URN_DEVICE double entropy_log2(uint64_t e, uint64_t z) { return (double)e / (double)z + log2_total(z); }

// ln of the probability of x in the law (max, c, L).
URN_DEVICE float log_probability(float x, float max, float c, double log2_total) {
    float d = x - max;
    double y = (double)d * (double)c;
    return (float)((y - log2_total) * URN_LN2);
}

// ln sum exp of the raw logits.
URN_DEVICE float log_sum_exp(float max, double log2_total) { return (float)fma_f64(log2_total, URN_LN2, (double)max); }

// nats; e is the sum of the entropy terms, z of the weights.
URN_DEVICE float entropy_nats(uint64_t e, uint64_t z, double log2_total) {
    return (float)(((double)e / (double)z + log2_total) * URN_LN2);
}

} // namespace urnd

#endif
