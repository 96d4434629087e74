/* cpu_product.c - exact products of a float share and an integer. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_wide.h"

/* p = significand * 2^-down with a 24-bit significand, so the product fits 88 bits for Z below 2^64, 104 bits for 2^80.
 */
urnc_u128 urnc_product(float p, urnc_u128 Z, int up) {
    uint32_t b = urnc_bits_of_f32(p) & 0x7fffffffu;
    uint32_t exponent = b >> 23;
    uint64_t significand = exponent ? (b & 0x7fffffu) | 0x800000u : b;
    uint32_t down = 150 - (exponent ? exponent : 1);
    urnc_u128 product = (urnc_u128)significand * Z;
    if (down >= 128) return up && product > 0;
    urnc_u128 whole = product >> down;
    return whole + (up && whole << down != product);
}

uint64_t urnc_ceil_product(float p, uint64_t Z) { return (uint64_t)urnc_product(p, Z, 1); }
