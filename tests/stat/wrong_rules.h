/* wrong_rules.h - each rule done wrong, in a way that shipped somewhere or nearly did: laws that the tests must reject.
 */
#ifndef URN_WRONG_RULES_H
#define URN_WRONG_RULES_H

#include "tests/oracle.h"

enum { WRONG_N = 24, WRONG_TEXT = 12 };

/* A rule over WRONG_N logits: the steps that ask for it, and what a wrong implementation would draw from. */
typedef struct wrong_rule {
    const char *name, *mistake;
    urn_step steps[3];
    int count;
    void (*law)(const double *x, double *p); /* not normalised */
} wrong_rule;

/* All of them; their contexts, lists and tables are static. */
const wrong_rule *wrong_rules(int *count);
extern const ut_state wrong_state; /* one slot, WRONG_TEXT outputs */

/* Draws of a law that is not normalised. */
void wrong_draws(const double *p, int n, uint64_t seed, int64_t draws, int32_t *ids);

#endif
