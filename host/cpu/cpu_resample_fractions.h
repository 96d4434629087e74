/* cpu_resample_fractions.h - floors and fractions of M * w_i / T, item by item. */
#ifndef URN_CPU_RESAMPLE_FRACTIONS_H
#define URN_CPU_RESAMPLE_FRACTIONS_H

#include "host/cpu/cpu_resample.h"

/* n_i and f_i of items begin .. end - 1, in order. */
typedef void (*urnc_fraction_visit)(void *argument, int64_t i, int64_t floor, urnc_u128 f);
void urnc_visit_fractions(const urnc_birth *b, int64_t begin, int64_t end, urnc_fraction_visit visit, void *argument);

/* cpu_resample_pairs.c: SSP's counts; returns their sum, M. */
int64_t urnc_fill_pairs(urnc_birth *b);

#endif
