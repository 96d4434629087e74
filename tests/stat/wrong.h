/* wrong.h - samplers that are wrong on purpose, each in a way that shipped somewhere. The tests must reject them. */
#ifndef URN_WRONG_H
#define URN_WRONG_H

#include "tests/oracle.h"

typedef enum wrong_kind {
    WRONG_NOT = 0,         /* a right one, by long double sums: the tests must accept it */
    WRONG_TEMPERATURE = 1, /* temperature 1.1 for 1 */
    WRONG_LOST_TAIL = 2,   /* the last 1 % of ids never come up */
    WRONG_OFF_BY_ONE = 3,  /* the id after the one that the CDF says */
    WRONG_F32_CDF = 4,     /* serial f32 prefix sums of f32 probabilities, u of 24 bits in [0, 1) */
    WRONG_ZERO_DRAWN = 5,  /* cdf >= u with a 16-bit u: an impossible first id at u = 0 */
    WRONG_SHARED_WORD = 6  /* the right law, but draws 2j and 2j + 1 read one word */
} wrong_kind;

void wrong_sample(wrong_kind kind, const float *x, int64_t n, uint64_t seed, int64_t draws, int32_t *ids);

/* Gumbel-max over one head and `tail` equal others `gap` nats below, with noise -log(-log(u (1 - 2^-23))) of an f32
 * uniform u in (0, 1], whose spacing near 1 is 2^-24: a common recipe, capped at 15.9. How many of `draws` draws fall
 * in the tail, and the probability of that. The tail's largest noise is drawn from its own law, which is exact. */
int64_t wrong_gumbel_tail(double gap, int64_t tail, uint64_t seed, int64_t draws);
double wrong_gumbel_tail_p(double gap, int64_t tail);

#endif
