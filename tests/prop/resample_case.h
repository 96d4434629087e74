/* resample_case.h - random rows of weights and random calls of the resample family, from a seed. */
#ifndef URN_RESAMPLE_CASE_H
#define URN_RESAMPLE_CASE_H

#include "tests/oracle_resample.h"
#include "tests/urn_call.h"

typedef struct weights_plan {
    int64_t rows, items; /* at most */
    int logs;            /* only log-weights */
    int dense;           /* only dense rows */
    int good;            /* no NaN, infinity, negative weight, bad offset */
} weights_plan;

/* Fill `weights`, a member of call->params, with arrays of the call's. Returns how many items a [items] array has. */
int64_t resample_weights(ut_call *call, urn_weights *weights, ut_rng *rng, const weights_plan *plan);
void resample_values(ut_rng *rng, int32_t type, void *data, int64_t n, int good);

/* seed, label, position by row, now and then. */
#define RESAMPLE_KEYS(call, p, rng, rows)                                                                              \
    do {                                                                                                               \
        (p)->seed_value = ut_u64(rng);                                                                                 \
        (p)->position_value = (uint32_t)ut_below(rng, 1000);                                                           \
        if (ut_below(rng, 2)) resample_words((rng), UT_TAKES((call), (p), seed, (rows)), 8 * (rows));                  \
        if (ut_below(rng, 2)) resample_words((rng), UT_TAKES((call), (p), label, (rows)), 8 * (rows));                 \
        if (ut_below(rng, 2)) resample_words((rng), UT_TAKES((call), (p), position, (rows)), 4 * (rows));              \
    } while (0)
void resample_words(ut_rng *rng, void *data, int64_t bytes);

#endif
