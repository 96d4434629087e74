/* unit_bits_plain.h - keep rules by walking the sorted ids, as bits.h section 3 reads. */
#ifndef URN_UNIT_BITS_PLAIN_H
#define URN_UNIT_BITS_PLAIN_H

#include "host/cpu/cpu_row.h"

/* A law in the open: its K is the ids of `sorted` (in the order) whose kept flag is set. */
typedef struct plain_law {
    const float *x;        /* by id */
    const int32_t *sorted; /* ids in the order */
    int32_t n;             /* how many are sorted */
    int64_t cols;
    unsigned char *kept; /* by id */
    float T;
    uint64_t key; /* of the row, for XTC */
    uint32_t position;
    double A; /* bits: log2 of the mass kept in epochs that have closed */
    uint64_t Z_open;
    float M; /* of the open epoch */
} plain_law;

void plain_open(plain_law *law);
float plain_largest(const plain_law *law);
uint64_t plain_mass(const plain_law *law);
void plain_step(plain_law *law, const urnc_act *act);

#endif
