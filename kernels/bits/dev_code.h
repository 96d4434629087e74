// dev_code.h - what a draw leaves of its 64-bit code (bits.h section 4).
#ifndef URN_DEV_CODE_H
#define URN_DEV_CODE_H

#include "kernels/simt/words.h"

namespace urnd {

// floor((u * total - 2^64 * below) / w) for the id drawn: below is the sum before it, w its own weight, at most 2^40.
// The quotient fits 64 bits, because the product's high half lies in [below, below + w). Long division in digits of
// 24 bits: a remainder below 2^40 takes the next digit without overflow.
URN_DEVICE uint64_t code_left(uint64_t u, uint64_t total, uint64_t below, uint64_t w) {
    uint64_t rest = mulhi_u64(u, total) - below, low = u * total, quotient = 0;
    uint32_t taken = 0;
    URN_ROLLED
    for (uint32_t width = 16; taken < 64; width = 24) {
        taken += width;
        uint64_t digits = rest << width | (low >> (64 - taken) & ((UINT64_C(1) << width) - 1));
        quotient = quotient << width | digits / w;
        rest = digits % w;
    }
    return quotient;
}

} // namespace urnd

#endif
