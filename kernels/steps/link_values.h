// link_values.h - what links make of an id: g, a linear weight in [0, 1] (bits.h section 9). Each by one thread.
#ifndef URN_LINK_VALUES_H
#define URN_LINK_VALUES_H

#include "kernels/bits/dev_exp2.h"
#include "kernels/row/values.h"

namespace urnd {

// -d of bits.h section 9.
URN_DEVICE float link_gap(float x, float max) {
    float gap = max - x; // -(x - max): rounding is symmetric
    return gap > URN_FLT_MAX ? URN_FLT_MAX : gap;
}

// The weight of g in the link's epoch.
URN_DEVICE uint64_t link_weight(float g) { return power_weight(linear_power(g)); }

// u of sparsemax, an integer up to 2^31.
URN_DEVICE uint32_t sparsemax_gap(float x, float max) {
    float gap = link_gap(x, max);
    return (uint32_t)floor_scaled(gap < 2.0f ? gap : 2.0f, 30);
}

URN_DEVICE float sparsemax_g(uint32_t gap, uint32_t t) { return (float)(t > gap ? t - gap : 0) * 0x1p-30f; }

URN_DEVICE float inverse_gap_g(float x, float max, float a, float gamma) {
    float far = gamma * link_gap(x, max);
    return 1.0f / (a + far);
}

URN_DEVICE float tsallis_g(float x, float max, float eta, float z) {
    float far = eta * link_gap(x, max), h = far + z;
    return 4.0f / h / h;
}

// The share of a weight in its own law.
URN_DEVICE float share_of(uint64_t weight, uint64_t total) { return (float)((double)weight / (double)total); }

URN_DEVICE float mixture_g(float p1, float p2, float share) {
    float rest = 1.0f - share, one = rest * p1, two = share * p2;
    return one + two;
}

} // namespace urnd

#endif
