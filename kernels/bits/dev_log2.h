// dev_log2.h - log2 of an integer in f64, and the floating outputs made from it (bits.h section 6).
#ifndef URN_DEV_LOG2_H
#define URN_DEV_LOG2_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

// log2(z), z > 0. Any thread calls for itself; f64 is slow on many GPUs, so one thread of a row does.
URN_DEVICE double log2_u64(uint64_t z) {
    int e = 63 - clz_u64(z);
    double m = (double)z * (1.0 / (double)(UINT64_C(1) << e)); // powers of two: both steps are exact
    if (m > URN_SQRT2) m = m * 0.5, e = e + 1;
    double s = (m - 1.0) / (m + 1.0);
    double zz = s * s;
    double q = URN_LOG2_C8;
    q = fma_f64(q, zz, URN_LOG2_C7);
    q = fma_f64(q, zz, URN_LOG2_C6);
    q = fma_f64(q, zz, URN_LOG2_C5);
    q = fma_f64(q, zz, URN_LOG2_C4);
    q = fma_f64(q, zz, URN_LOG2_C3);
    q = fma_f64(q, zz, URN_LOG2_C2);
    q = fma_f64(q, zz, URN_LOG2_C1);
    q = fma_f64(q, zz, URN_LOG2_C0);
    return fma_f64(s, q, (double)e);
}

// L of a law whose weights sum to z.
URN_DEVICE double log2_total(uint64_t z) { return log2_u64(z) - (double)URN_F; }

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
