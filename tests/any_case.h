/* any_case.h - random calls of urn_sample over all steps, parameters, tables, states, views and outputs.
 *
 * A case is a pure function of a seed or of a string of bytes: parity, prop and the fuzz target drive one generator. */
#ifndef URN_ANY_CASE_H
#define URN_ANY_CASE_H

#include <stdio.h>

#include "tests/urn_test.h"

/* Where choices come from: the bytes while they last, then a generator seeded by all of them. */
typedef struct any_source {
    const uint8_t *data;
    size_t size, at;
    ut_rng rng;
} any_source;

int64_t any_below(any_source *s, int64_t n); /* [0, n) */
double any_uniform(any_source *s);           /* [0, 1) */
static inline int any_one_in(any_source *s, int64_t n) { return any_below(s, n) == 0; }

typedef struct any_limits {
    int64_t rows, cols; /* at most */
    uint64_t ops;       /* bit op: the step may come; 0: all */
    uint32_t wants;     /* UT_WANT bits that may be asked for; 0: all */
    int good;           /* no wrong parameter, index, NaN or +inf on purpose */
} any_limits;

typedef struct any_case {
    ut_job job;
    ut_state state;
    any_limits limits;
    uint64_t seed;
    int needs_state, has_prompt_steps;
    int32_t alphabet[8]; /* ids that contexts are made of, so that they repeat */
    void **owned;
    int owns, room;
} any_case;

any_case *any_case_of(uint64_t seed, const any_limits *limits); /* sets the note */
any_case *any_case_from_bytes(const uint8_t *data, size_t size, const any_limits *limits);
void any_case_free(any_case *c);
void any_case_print(const any_case *c, FILE *to);

/* Fails with the case printed if an output differs. */
void any_check(const any_case *c, const ut_draws *a, const ut_draws *b, const char *what);

/* Between the generator's parts. */
void *any_own(any_case *c, size_t bytes);
urn_step any_step(any_case *c, any_source *s, int32_t op);
extern const int32_t any_ops[];
extern const int any_op_count;
const char *any_op_name(int32_t op);

#endif
