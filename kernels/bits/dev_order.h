// dev_order.h - from stored logits to f32, and the integer key that orders them (bits.h section 1).
#ifndef URN_DEV_ORDER_H
#define URN_DEV_ORDER_H

#include "kernels/simt/words.h"
#include "urn/bits.h"

namespace urnd {

// What a dtype is stored as, and how many leading bits of a key can differ between its values. The rest are all equal
// to the inverse of the key's first bit.
struct F32 {
    typedef uint32_t Stored;
    enum { key_bits = 32, full = 0 };
    enum : uint32_t { minus_inf = 0xff800000u };
};
struct F16 {
    typedef uint16_t Stored;
    enum { key_bits = 19, full = 0 };
    enum : uint32_t { minus_inf = 0xfc00u };
};
struct Bf16 {
    typedef uint16_t Stored;
    enum { key_bits = 16, full = 0 };
    enum : uint32_t { minus_inf = 0xff80u };
};

// Rows of the full form: held as f32 that steps may change, whatever the logits' dtype, which is known as it runs.
struct Full {
    typedef uint32_t Stored;
    enum { key_bits = 32, full = 1 };
    enum : uint32_t { minus_inf = 0xff800000u };
};

// The f32 of stored bits, before + 0.0f. Exact.
template <class Dtype> URN_DEVICE float widen(uint32_t bits);
template <> URN_DEVICE float widen<F32>(uint32_t bits) { return bits_f32(bits); }
template <> URN_DEVICE float widen<Bf16>(uint32_t bits) { return bits_f32(bits << 16); }
template <> URN_DEVICE float widen<F16>(uint32_t bits) {
    uint32_t moved = (bits & 0x7fffu) << 13;
    // the exponent's bias moves by 112; a product with a power of two also normalises f16's denormals
    uint32_t magnitude = (bits & 0x7c00u) == 0x7c00u ? moved | 0x7f800000u : f32_bits(bits_f32(moved) * 0x1p112f);
    return bits_f32(magnitude | (bits & 0x8000u) << 16);
}

// x of a stored logit: -0 becomes +0, so that they tie.
template <class Dtype> URN_DEVICE float logit(uint32_t bits) { return widen<Dtype>(bits) + 0.0f; }

#define URN_KEY_MINUS_INF 0x007fffffu /* of x = -inf; a smaller key is a NaN with its sign bit set */
#define URN_KEY_PLUS_INF 0xff800000u  /* of x = +inf; a larger key is a NaN */

URN_DEVICE uint32_t order_key(float x) {
    uint32_t b = f32_bits(x);
    return (b & 0x80000000u) ? ~b : b ^ 0x80000000u;
}

URN_DEVICE float key_value(uint32_t key) { return bits_f32((key & 0x80000000u) ? key ^ 0x80000000u : ~key); }

} // namespace urnd

#endif
