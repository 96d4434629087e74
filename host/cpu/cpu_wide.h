/* cpu_wide.h - 128-bit integers for products of weights' sums; ISO C has none, gcc and clang do. */
#ifndef URN_CPU_WIDE_H
#define URN_CPU_WIDE_H

__extension__ typedef unsigned __int128 urnc_u128;

/* cpu_product.c: floor(p * Z), or up: ceil(p * Z), exact, for p in [0, 1] and Z below 2^104. */
urnc_u128 urnc_product(float p, urnc_u128 Z, int up);

#endif
