/* resample_calls.h - a random call of each kind of the resample family, from a generator: params and arrays. */
#ifndef URN_RESAMPLE_CALLS_H
#define URN_RESAMPLE_CALLS_H

#include "tests/urn_call.h"

typedef struct resample_op {
    const char *name;
    void (*make)(ut_call *call, ut_rng *rng, int64_t items); /* rows of up to `items` */
    ut_call_fn run;
} resample_op;

enum { RESAMPLE_CALLS = 13 };
extern const resample_op resample_ops[RESAMPLE_CALLS];

#endif
