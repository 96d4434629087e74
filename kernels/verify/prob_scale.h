// prob_scale.h - probabilities of any sum as linear weights: scaled by a power of two (bits_verify.h section 3).
#ifndef URN_VERIFY_PROB_SCALE_H
#define URN_VERIFY_PROB_SCALE_H

#include "kernels/simt/words.h"

namespace urnd {

// x * 2^-scale for scale in [-149, 128]: the powers are normal, and only what weighs nothing is rounded.
URN_DEVICE float scaled(float x, int32_t scale) {
    int32_t half = -scale / 2, rest = -scale - half;
    return x * bits_f32((uint32_t)(half + 127) << 23) * bits_f32((uint32_t)(rest + 127) << 23);
}
// The exponent of the least power of two that is not below x > 0.
URN_DEVICE int32_t scale_of(float x) {
    uint32_t bits = f32_bits(x), significand = bits & 0x7fffffu;
    if (bits >> 23) return (int32_t)(bits >> 23) - 127 + (significand ? 1 : 0);
    return 64 - clz_u64((uint64_t)significand - 1) - 149;
}

} // namespace urnd

#endif
