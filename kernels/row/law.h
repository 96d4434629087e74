// law.h - what the law of an epoch says of one value: log2 of its weight, and its log-probability.
#ifndef URN_LAW_H
#define URN_LAW_H

#include "kernels/row/epoch.h"

namespace urnd {

// y of bits.h sections 6 and 9. Only the full form knows links. f64: for single ids.
template <class Dtype> URN_DEVICE double law_bits(const Epoch &e, float x) {
    if (Dtype::full && e.linear) {
        double y = x > 0.0f ? log2_f64((double)x) : -0x1p20;
        return y < -0x1p20 ? -0x1p20 : y;
    }
    float d = x - e.max;
    return (double)d * (double)e.c;
}

// L of the epoch's K, after epoch_mass; a greedy epoch's weight is 2^F.
URN_DEVICE double law_total(const Epoch &e) { return e.greedy ? 0.0 : log2_total(e.mass.all.sum); }

// ln of the probability of an id of K with value x. One thread.
template <class Dtype> URN_DEVICE float law_log_probability(const Epoch &e, float x) {
    return e.greedy ? 0.0f : (float)((law_bits<Dtype>(e, x) - law_total(e)) * URN_LN2);
}

} // namespace urnd

#endif
