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

// An integer below 2^128.
struct Wide {
    uint64_t high, low;
};

URN_DEVICE Wide wide_product(uint64_t a, uint64_t b) { return {mulhi_u64(a, b), a * b}; }
URN_DEVICE Wide wide_sum(Wide a, Wide b) {
    uint64_t low = a.low + b.low;
    return {a.high + b.high + (low < a.low ? 1 : 0), low};
}
URN_DEVICE Wide wide_difference(Wide a, Wide b) { return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low}; }

// A float in [0, 1] as significand * 2^-shift, shift in [23, 149].
struct Fraction {
    uint64_t significand;
    uint32_t shift;
};
URN_DEVICE Fraction fraction_of(float p) {
    uint32_t bits = f32_bits(p) & 0x7fffffffu, exponent = bits >> 23;
    return {exponent ? (bits & 0x7fffffu) | 0x800000u : bits, 150 - (exponent ? exponent : 1)};
}

// floor(v * 2^-shift), and whether anything was lost; shift in [23, 149].
struct Shifted {
    Wide kept;
    bool lost;
};
URN_DEVICE Shifted shift_down(Wide v, uint32_t shift) {
    if (shift >= 128) return {{0, 0}, (v.high | v.low) != 0};
    if (shift >= 64) {
        uint64_t lost = (shift == 64 ? 0 : v.high << (128 - shift)) | v.low;
        return {{0, v.high >> (shift - 64)}, lost != 0};
    }
    return {{v.high >> shift, v.high << (64 - shift) | v.low >> shift}, v.low << (64 - shift) != 0};
}

// ceil(p * z) for p in [0, 1], from p's significand: at most z.
URN_DEVICE uint64_t ceil_product(float p, uint64_t z) {
    Fraction f = fraction_of(p);
    Shifted v = shift_down(wide_product(f.significand, z), f.shift);
    return v.kept.low + (v.lost ? 1 : 0);
}

// floor(p * z), likewise.
URN_DEVICE uint64_t floor_product(float p, uint64_t z) {
    Fraction f = fraction_of(p);
    return shift_down(wide_product(f.significand, z), f.shift).kept.low;
}

// The least w with w * z >= ceil(a * v * v), for a in [0, 1] and v <= z, v <= 2^40: at most v. By long division, so
// one thread of a row does it.
URN_DEVICE uint64_t least_of_square(float a, uint64_t v, uint64_t z) {
    Fraction f = fraction_of(a);
    Wide square = wide_product(v, v); // up to 2^80, and 2^104 with the significand
    Wide scaled = wide_sum(wide_product(f.significand, square.low), {f.significand * square.high, 0});
    Shifted t = shift_down(scaled, f.shift);
    Wide need = wide_sum(t.kept, {0, t.lost ? 1u : 0u});
    need = wide_sum(need, {0, z - 1}); // rounds the quotient up
    uint64_t rest = 0, quotient = 0;
    URN_ROLLED
    for (int bit = 127; bit >= 0; bit--) {
        rest = rest << 1 | ((bit >= 64 ? need.high >> (bit - 64) : need.low >> bit) & 1); // below 2 z < 2^64
        quotient = quotient << 1;
        if (rest >= z) rest -= z, quotient |= 1;
    }
    return quotient;
}

// ceil(m * 2^F) for m in [0, 1].
URN_DEVICE uint64_t ceil_weight(float m) { return ceil_product(m, UINT64_C(1) << URN_F); }

} // namespace urnd

#endif
