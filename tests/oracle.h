/* oracle.h - the fourth witness: slow, small, independent of host/cpu and of kernels.
 *
 * Two layers that share only how a job's row is read. oracle_law sorts and sums long doubles and knows nothing of the
 * integers of bits.h: it says what law the caller asked for. oracle_draws follows bits.h to the letter with exact
 * arithmetic (128-bit floats rounded to odd, 128-bit integers): it says which bits must come out. */
#ifndef URN_ORACLE_H
#define URN_ORACLE_H

#include "tests/urn_test.h"

/* One step of one row, with its parameters, tables and lists looked up. Steps that do not exist are not listed. */
typedef struct oracle_step {
    int32_t op;
    uint32_t flags;
    float f[4];
    int32_t i[4];
    const uint32_t *words; /* mask; ids at and past `bits` are not looked at */
    const float *dense;    /* dense bias, temperatures by id */
    float *second;         /* mix, mixture: the second row as f32; owned */
    const int32_t *ids;    /* a list, or the sequences of a set one after the other */
    const float *values;   /* beside the ids */
    int64_t count;         /* ids of the list */
    const int64_t *ends;   /* ban: sequence j is ids[ends[j] .. ends[j + 1]) */
    int64_t sequences;
} oracle_step;

/* One row of a job: its values as f32, its list, its randomness, its context; or a status that stops it before. */
typedef struct oracle_row {
    float *x;
    int64_t n;
    oracle_step steps[URN_MAX_STEPS];
    int32_t count;
    uint64_t seed, label;
    uint32_t position;
    int32_t status;
    int64_t slot;
    /* where there is state */
    int32_t *context, *outputs; /* the newest of prompt and outputs, then the overlay; all outputs, then the overlay */
    int64_t context_count, outputs_count;
    const int32_t *prompt; /* the prompt's ids; the set has those below prompt_cols */
    int64_t prompt_count, prompt_cols, distinct;
    int overflow; /* more distinct outputs than the slot can count */
} oracle_row;

oracle_row *oracle_row_of(const ut_job *job, int64_t row);
void oracle_row_free(oracle_row *row);
void oracle_read_steps(const ut_job *job, const urn_list *list, int64_t r, oracle_row *row); /* sets status too */
float oracle_element(const ut_job *job, const void *data, int64_t i); /* as f32, of the job's dtype */

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
    long double slack;  /* what a rounding that is not the law's may add to a logit */
    long double margin; /* how near any keep decision came to its boundary, relative; HUGE_VALL without any */
} oracle_law;

/* A case within this of a boundary is decided by rounding, not by the law: pick another. */
#define ORACLE_MARGIN 1e-5L

oracle_law *oracle_law_of(const oracle_row *row);
void oracle_law_free(oracle_law *law);

/* Compare a row of outputs with the law: kept count equal, kept ids only, floats within the bounds of bits.h. Returns 0
 * without looking when the law's margin is below ORACLE_MARGIN, else 1. */
int oracle_check_row(const ut_job *job, const ut_draws *found, int64_t row);

/* ---- exact arithmetic (oracle_math.c) ---- */
__extension__ typedef unsigned __int128 oracle_wide;

typedef struct oracle_philox {
    uint32_t word[4];
} oracle_philox;

oracle_philox oracle_block(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3);
uint64_t oracle_row_key(uint64_t seed, uint64_t label);
uint64_t oracle_u64(uint64_t seed, uint64_t label, uint32_t draw, uint32_t position); /* U of bits.h section 4 */

float oracle_fma32(float a, float b, float c);
double oracle_fma64(double a, double b, double c);
double oracle_log2(double v);        /* LOG2 of bits.h section 3; v > 0 */
double oracle_log2_of(uint64_t z);   /* of an integer, section 6 */
double oracle_log2_series(double z); /* the polynomial q of section 6 */
double oracle_exp2(double y);        /* EXP2 */
double oracle_pow(double a, double b);
uint64_t oracle_scaled(float v, int s, int up);           /* floor or ceiling of v * 2^s, v >= 0 */
oracle_wide oracle_share(float p, oracle_wide z, int up); /* floor or ceiling of p * z, p in [0, 1], z below 2^104 */

/* ---- the bits: a row while its steps run (oracle_run.c) ---- */
typedef struct oracle_run {
    const oracle_row *row;
    int64_t n;
    float *x;                        /* values now; after a link the linear weights g */
    unsigned char *kept;             /* K */
    uint64_t *w;                     /* weights of the open epoch over K, 0 elsewhere */
    float temperature, c, top, peak; /* peak: M of the open epoch; top: M in d = x - M, not changed by a link */
    int open, greedy, link, valued;  /* valued: a value step or a link ran */
    int32_t status;
    double logmass, opened;
} oracle_run;

/* One id's share of an epoch: weight, its term of E, its surprise a. */
typedef struct oracle_term {
    uint64_t w, e;
    float a;
} oracle_term;

int64_t oracle_first(const oracle_run *run);                       /* of K in the order, -1 if K is empty */
int32_t *oracle_kept_order(const oracle_run *run, int64_t *count); /* K in the order; the caller frees */
uint64_t oracle_mass(const oracle_run *run);                       /* Z of K now */
oracle_term oracle_term_of(const oracle_run *run, int64_t id);
uint64_t oracle_surprise(const oracle_run *run);                /* E over K now */
double oracle_y(const oracle_run *run, int64_t id, int capped); /* log2 of the id's weight; capped: at least -2^20 */
int oracle_open(oracle_run *run);                               /* 1: an epoch is open; 0: the row has a status */
void oracle_close(oracle_run *run);
float oracle_fin(oracle_run *run, float v);
void oracle_settle(oracle_run *run);
float oracle_reciprocal(float temperature); /* c */

int oracle_is_keep(int32_t op);
int oracle_is_link(int32_t op);
void oracle_keep(oracle_run *run, const oracle_step *step); /* oracle_keep.c: an epoch is open */
void oracle_mask(oracle_run *run, const oracle_step *step); /* oracle_mask.c */
int oracle_mask_knows(int32_t op);
void oracle_value(oracle_run *run, const oracle_step *step); /* oracle_value.c: value steps, dynamic temperature */
void oracle_link(oracle_run *run, const oracle_step *step);  /* oracle_link.c */

oracle_run *oracle_run_begin(const oracle_row *row); /* before the first step */
oracle_run *oracle_run_of(const oracle_row *row);    /* all steps and the opening of the draw; see status */
void oracle_run_free(oracle_run *run);

/* The weights of an epoch over ids where kept[i] != 0, for tests that look at them. Returns Z. */
uint64_t oracle_weights(const float *x, int64_t n, const unsigned char *kept, float temperature, uint64_t *w);

/* The Gumbel key of an id with noise u and y, bits.h section 4. */
double oracle_exponential(uint64_t u); /* E */
int64_t oracle_gumbel_key(uint64_t u, double y);
uint64_t oracle_gumbel_u64(const oracle_row *row, int64_t id, uint32_t draw);

/* Every output of the job, as urn_sample must give it, byte for byte. */
ut_draws *oracle_draws(const ut_job *job);

#endif
