/* cpu_wide.h - 128-bit integers for products of weights' sums; ISO C has none, gcc and clang do. */
#ifndef URN_CPU_WIDE_H
#define URN_CPU_WIDE_H

__extension__ typedef unsigned __int128 urnc_u128;

#endif
