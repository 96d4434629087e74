/* prop_case.h - random jobs: rows, lists, parameters by scalar, slot and row, masks, dtypes, strides, padding. */
#ifndef URN_PROP_CASE_H
#define URN_PROP_CASE_H

#include "tests/oracle.h"

typedef struct prop_case {
    ut_job job;
    uint64_t seed;
    void *owned[256];
    int owns;
} prop_case;

/* A job of at most `rows` rows and `cols` columns, a function of the seed. Sets the note. */
prop_case *prop_case_make(uint64_t seed, int64_t rows, int64_t cols);

/* Row r of a job as a job of its own: one dense f32 row at another alignment, scalar parameters, one slot. */
prop_case *prop_case_alone(const ut_job *job, int64_t r);

void *prop_own(prop_case *c, size_t bytes);
void prop_case_free(prop_case *c);

#endif
