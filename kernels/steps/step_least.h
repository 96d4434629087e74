// step_least.h - keep rules that are a least weight: min-p, top-a, epsilon, eta, Mirostat 2.
#ifndef URN_STEP_LEAST_H
#define URN_STEP_LEAST_H

#include "kernels/bits/dev_fixed.h"
#include "kernels/bits/dev_log2.h"
#include "urn/steps.h"

namespace urnd {

// One thread calls. f: the step's parameter; W: the weight of the first of K; E: the sum of the entropy's terms. An id
// stays if it weighs as much as the answer; where that is more than W, only the first stays.
URN_DEVICE uint64_t least_weight(uint32_t op, float f, uint64_t W, uint64_t Z, uint64_t E) {
    float share = f;
    if (op == URN_OP_MIN_P) return ceil_product(f, W);
    if (op == URN_OP_TOP_A) return least_of_square(f, W, Z);
    if (op == URN_OP_ETA) {
        double bound = sqrt_f64((double)f) * exp2_f64(-entropy_log2(E, Z));
        share = (float)((double)f < bound ? (double)f : bound);
    }
    if (op == URN_OP_MIROSTAT) {
        double bound = exp2_f64(-(double)f);
        share = (float)(bound < 1.0 ? bound : 1.0);
    }
    return ceil_product(share, Z);
}

} // namespace urnd

#endif
