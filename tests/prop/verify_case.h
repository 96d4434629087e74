/* verify_case.h - random calls of the verify family: rows from any_case, drafts that are likely and drafts that are
 * not. */
#ifndef URN_VERIFY_CASE_H
#define URN_VERIFY_CASE_H

#include "tests/any_case.h"
#include "tests/oracle_verify.h"
#include "tests/urn_call.h"

typedef struct verify_case {
    urn_verify_params p; /* first: what ut_call knows as params is this struct */
    urn_draft_tree tree;
    const ut_job *target, *draft;
    int is_tree;
} verify_case;

typedef struct verify_holder {
    verify_case c;
    ut_call call;
    any_case *rows;
    ut_job draft;
} verify_holder;

verify_holder *verify_case_make(uint64_t seed, int32_t verifier, const any_limits *limits);
void verify_case_free(verify_holder *h);
void verify_case_oracle(verify_holder *h);
urn_status verify_case_run(ut_bed *bed, void *params); /* for ut_call_run */

/* A job of other values near those of `of`: its logits moved by a normal of `scale`. The case owns them. */
ut_job verify_near(any_case *c, const ut_job *of, double scale, uint64_t seed);
void verify_to_probs(any_case *c, ut_job *job, ut_rng *rng, int good); /* and without lists */

#endif
