/* oracle.h - the fourth witness: slow, small, independent of host/cpu and of kernels.
 *
 * Two layers that share only how a job's row is read. oracle_law sorts and sums long doubles and knows nothing of the
 * integers of bits.h: it says what law the caller asked for. oracle_draws follows bits.h to the letter with exact
 * arithmetic (128-bit floats rounded to odd, 128-bit integers): it says which bits must come out. */
#ifndef URN_ORACLE_H
#define URN_ORACLE_H

#include "tests/urn_test.h"

/* One step of one row, with its parameter looked up. Neutral steps are not listed. */
typedef struct oracle_step {
    int32_t op;
    float f;
    int32_t k;
    const uint32_t *words; /* mask; ids at and past `bits` are not looked at */
} oracle_step;

/* One row of a job: its values as f32, its list, its randomness; or a status that stops it before. */
typedef struct oracle_row {
    float *x;
    int64_t n;
    oracle_step steps[URN_MAX_STEPS];
    int32_t count;
    uint64_t seed, label;
    uint32_t position;
    int32_t status;
} oracle_row;

oracle_row *oracle_row_of(const ut_job *job, int64_t row);
void oracle_row_free(oracle_row *row);

/* ids sorted by the order of bits.h section 1: larger value first, then smaller id. The caller frees. */
int32_t *oracle_order(const float *x, int64_t n);

/* ---- the law in long double ---- */
typedef struct oracle_law {
    int64_t n, kept_count;
    int empty;
    long double *prob;    /* [n] of the law drawn from; 0 where not kept */
    long double *logprob; /* [n] its natural log, also where prob underflows; -inf where not kept */
    long double *raw;     /* [n] natural log of the raw softmax */
    unsigned char *kept;  /* [n] */
    long double lse, entropy, logmass;
    long double margin; /* how near any keep decision came to its boundary, relative; HUGE_VALL without any */
} oracle_law;

/* A case within this of a boundary is decided by rounding, not by the law: pick another. */
#define ORACLE_MARGIN 1e-5L

oracle_law *oracle_law_of(const oracle_row *row);
void oracle_law_free(oracle_law *law);

/* Compare a row of outputs with the law: kept count equal, kept ids only, floats within the bounds of bits.h. Returns 0
 * without looking when the law's margin is below ORACLE_MARGIN, else 1. */
int oracle_check_row(const ut_job *job, const ut_draws *found, int64_t row);

/* ---- the bits ---- */
typedef struct oracle_philox {
    uint32_t word[4];
} oracle_philox;

oracle_philox oracle_block(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3);
uint64_t oracle_u64(uint64_t seed, uint64_t label, uint32_t draw, uint32_t position); /* U of bits.h section 4 */

/* The weights of an epoch over ids where kept[i] != 0, for tests that look at them. Returns Z. */
uint64_t oracle_weights(const float *x, int64_t n, const unsigned char *kept, float temperature, uint64_t *w);

/* Every output of the job, as urn_sample must give it, byte for byte. */
ut_draws *oracle_draws(const ut_job *job);

#endif
