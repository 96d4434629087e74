// dev_fixed.h - exact steps between floats and 64-bit integers: floor(a * 2^s), ceil(p * Z), ceil(m * 2^F).
#ifndef URN_DEV_FIXED_H
#define URN_DEV_FIXED_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

// floor(a * 2^shift) for a >= 0 with a * 2^shift < 2^63: the significand, shifted. A denormal a gives 0, which is
// right for every shift below 126.
URN_DEVICE uint64_t floor_scaled(float a, int shift) {
    uint32_t bits = f32_bits(a) & 0x7fffffffu; // -0 is 0
    uint64_t significand = (bits & 0x7fffffu) | 0x800000u;
    int s = (int)(bits >> 23) - 150 + shift;
    if (s >= 0) return significand << (s & 63);
    return s > -64 ? significand >> (-s & 63) : 0;
}

// ceil(p * z) for p in [0, 1], from p's significand: at most z.
URN_DEVICE uint64_t ceil_product(float p, uint64_t z) {
    uint32_t bits = f32_bits(p) & 0x7fffffffu, exponent = bits >> 23;
    uint64_t significand = exponent ? (bits & 0x7fffffu) | 0x800000u : bits;
    uint32_t shift = 150 - (exponent ? exponent : 1); // p = significand * 2^-shift, shift in [23, 149]
    uint64_t high = mulhi_u64(significand, z), low = significand * z;
    if (shift >= 128) return (high | low) != 0;
    if (shift >= 64) {
        uint64_t kept = high >> (shift - 64);
        uint64_t lost = (shift == 64 ? 0 : high << (128 - shift)) | low;
        return kept + (lost != 0);
    }
    uint64_t kept = high << (64 - shift) | low >> shift;
    return kept + (low << (64 - shift) != 0);
}

// ceil(m * 2^F) for m in [0, 1].
URN_DEVICE uint64_t ceil_weight(float m) { return ceil_product(m, UINT64_C(1) << URN_F); }

} // namespace urnd

#endif
