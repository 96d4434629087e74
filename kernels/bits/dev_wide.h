// dev_wide.h - integers of up to 128 bits: products, quotients of cumulated sums, uniforms below them, their f64 and
// log2 (bits_resample.h sections 1 and 2).
#ifndef URN_DEV_WIDE_H
#define URN_DEV_WIDE_H

#include "kernels/bits/dev_fixed.h"
#include "kernels/bits/dev_log2.h"
#include "kernels/bits/dev_philox.h"

namespace urnd {

// Any thread calls these for itself.
URN_DEVICE Wide wide(uint64_t v) { return {0, v}; }
URN_DEVICE bool wide_less(Wide a, Wide b) { return a.high < b.high || (a.high == b.high && a.low < b.low); }
URN_DEVICE bool wide_zero(Wide a) { return (a.high | a.low) == 0; }
// a * b below 2^128
URN_DEVICE Wide wide_times(Wide a, uint64_t b) { return {mulhi_u64(a.low, b) + a.high * b, a.low * b}; }

// floor(a * b / 2^128)
URN_DEVICE Wide wide_mulhi(Wide a, Wide b) {
    Wide cross = wide_sum(wide(mulhi_u64(a.low, b.low)), wide_product(a.low, b.high)); // below 2^128
    Wide other = wide_product(a.high, b.low);
    Wide middle = wide_sum(cross, other);
    uint64_t carry = wide_less(middle, other) ? 1 : 0;
    return wide_sum(wide_product(a.high, b.high), {carry, middle.high});
}

URN_DEVICE double wide_f64(Wide a) { return (double)a.high * 0x1p64 + (double)a.low; }

// log2 of a > 0.
URN_DEVICE double wide_log2(Wide a) {
    if (a.high == 0) return log2_u64(a.low);
    int k = 128 - clz_u64(a.high), down = k - 64; // 1 to 64
    uint64_t top = down == 64 ? a.high : a.high << (64 - down) | a.low >> down;
    return log2_u64(top) + (double)down;
}

// What numbers are divided by. f64 only guesses a quotient below 2^44, to 2^-6; integers correct it.
struct Divisor {
    Wide by;
    double inverse;
};
URN_DEVICE Divisor divisor(Wide by) { return {by, 1.0 / wide_f64(by)}; }

struct Quotient {
    uint64_t whole;
    Wide rest;
};
URN_DEVICE Quotient divide(Wide a, Divisor d) {
    uint64_t q = (uint64_t)(wide_f64(a) * d.inverse);
    Wide product = wide_times(d.by, q);
    if (wide_less(a, product)) q -= 1, product = wide_difference(product, d.by);
    Wide rest = wide_difference(a, product);
    if (!wide_less(rest, d.by)) q += 1, rest = wide_difference(rest, d.by);
    return {q, rest};
}

// floor(a / d) and the rest, d below 2^127: 128 steps, for one thread of a row.
struct WideQuotient {
    Wide whole, rest;
};
URN_DEVICE WideQuotient divide_slowly(Wide a, Wide d) {
    Wide q = {0, 0}, rest = {0, 0};
    URN_ROLLED
    for (int bit = 127; bit >= 0; bit--) {
        uint64_t next = (bit >= 64 ? a.high >> (bit - 64) : a.low >> bit) & 1;
        rest = {rest.high << 1 | rest.low >> 63, rest.low << 1 | next};
        q = {q.high << 1 | q.low >> 63, q.low << 1};
        if (!wide_less(rest, d)) rest = wide_difference(rest, d), q.low |= 1;
    }
    return {q, rest};
}

URN_DEVICE uint64_t second64(const Random4 &b) { return (uint64_t)b.word[3] << 32 | b.word[2]; }

// WIDE and PICK of bits_resample.h section 1.
URN_DEVICE Wide pick_wide(const Random4 &b, Wide z) { return wide_mulhi({b.low64(), second64(b)}, z); }
URN_DEVICE Wide pick(const Random4 &b, Wide z, bool narrow) {
    return narrow ? wide(mulhi_u64(b.low64(), z.low)) : pick_wide(b, z);
}

} // namespace urnd

#endif
