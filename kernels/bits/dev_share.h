// dev_share.h - shares of 64-bit totals: products of fractions, quotients of 128 bits by 64, laws lifted to full scale.
#ifndef URN_DEV_SHARE_H
#define URN_DEV_SHARE_H

#include "kernels/bits/dev_fixed.h"

namespace urnd {

#define URN_SHARE_ONE (UINT64_C(1) << 63) /* 1 as Q0.63 */

// floor(a * b * 2^-63), which must be below 2^64.
URN_DEVICE uint64_t share_product(uint64_t a, uint64_t b) { return mulhi_u64(a, b) << 1 | (a * b) >> 63; }

URN_DEVICE Wide wide_shifted(uint64_t a, uint32_t shift) { // shift in [1, 63]
    return {a >> (64 - shift), a << shift};
}

// floor(n / d), d not 0, where that is below 2^64: n.high < d. By bits, so a value that a team shares is worth one
// thread's time only.
URN_DEVICE uint64_t wide_quotient(Wide n, uint64_t d) {
    uint64_t rest = n.high, quotient = 0;
    URN_ROLLED
    for (int bit = 63; bit >= 0; bit--) {
        bool over = rest >> 63; // the bit that the shift drops
        rest = rest << 1 | (n.low >> bit & 1);
        quotient = quotient << 1;
        if (over || rest >= d) rest -= d, quotient |= 1;
    }
    return quotient;
}

// floor(a * 2^shift / d), shift in [1, 63], where it fits.
URN_DEVICE uint64_t share_of_total(uint64_t a, uint32_t shift, uint64_t d) {
    return wide_quotient(wide_shifted(a, shift), d);
}

// How far a total above 0 is to be shifted up to lie in [2^62, 2^63); totals are below 2^63.
URN_DEVICE uint32_t lift_of(uint64_t total) { return (uint32_t)clz_u64(total) - 1; }

} // namespace urnd

#endif
