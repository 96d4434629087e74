/* cpu_keys.h - logits to f32, and f32 to keys whose integer order is the order of values (bits.h section 1). */
#ifndef URN_CPU_KEYS_H
#define URN_CPU_KEYS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t urnc_bits_of_f32(float x) {
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float urnc_f32_of_bits(uint32_t b) {
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* Exact, subnormals included; integers and selects only, so that it vectorises without F16C. NaNs stay NaNs. */
static inline float urnc_f32_of_f16(uint16_t h) {
    uint32_t magnitude = h & 0x7fffu;
    uint32_t rebias = magnitude >= 0x7c00u ? 224u << 23 : 112u << 23; /* exponent 31 becomes 255 */
    uint32_t normal = (magnitude << 13) + rebias;
    uint32_t subnormal = urnc_bits_of_f32((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t is_normal = 0u - (uint32_t)(magnitude >= 0x400u);
    return urnc_f32_of_bits((normal & is_normal) | (subnormal & ~is_normal) | (uint32_t)(h & 0x8000u) << 16);
}

static inline float urnc_f32_of_bf16(uint16_t h) { return urnc_f32_of_bits((uint32_t)h << 16); }

/* The key of bits.h: unsigned order is the order of values. x is no -0 (it has had 0.0f added). */
static inline uint32_t urnc_key(float x) {
    uint32_t b = urnc_bits_of_f32(x);
    return b >> 31 ? ~b : b ^ 0x80000000u;
}

/* The same order as signed integers (the key with its top bit flipped), because vector units compare signed. */
static inline int32_t urnc_order(float x) {
    uint32_t b = urnc_bits_of_f32(x);
    return (int32_t)(b ^ ((0u - (b >> 31)) & 0x7fffffffu));
}

static inline float urnc_f32_of_order(int32_t order) {
    uint32_t b = (uint32_t)order;
    return urnc_f32_of_bits(b ^ ((0u - (b >> 31)) & 0x7fffffffu));
}

/* Of x >= 0 and bound > 0, as integers, which vectors like better than selects. */
static inline float urnc_at_most(float x, float bound) {
    uint32_t b = urnc_bits_of_f32(x), most = urnc_bits_of_f32(bound);
    return urnc_f32_of_bits(b < most ? b : most);
}

/* x if it is above 0, else the least f32 that is. */
static inline float urnc_positive(float x) {
    int32_t b = (int32_t)urnc_bits_of_f32(x);
    return urnc_f32_of_bits((uint32_t)(b > 1 ? b : 1));
}

#define URNC_ORDER_INF 0x7f800000                   /* of +inf; above it lie NaNs with sign 0 */
#define URNC_ORDER_MINUS_INF (-0x7f800000 - 1)      /* of -inf; below it lie NaNs with sign 1 */
#define URNC_ORDER_LEAST (URNC_ORDER_MINUS_INF + 1) /* of the least possible value */

#endif
