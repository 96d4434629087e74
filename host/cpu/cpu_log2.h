/* cpu_log2.h - floating outputs from integers, in f64, rounded once to f32 (bits.h section 6). */
#ifndef URN_CPU_LOG2_H
#define URN_CPU_LOG2_H

#include <stdint.h>

/* log2 of Z > 0. */
double urnc_log2(uint64_t Z);

/* log2 of the mass of an epoch whose weights sum to Z: log2(Z) - F. */
double urnc_log2_mass(uint64_t Z);

/* ln of the probability of x in an epoch (M, c) whose mass has log2 L. */
float urnc_logprob(float x, float M, float c, double L);

float urnc_lse(float M, double L);
float urnc_entropy(uint64_t E, uint64_t Z, double L);

/* f32(A * LN2): nats from bits. */
float urnc_nats(double A);

#endif
