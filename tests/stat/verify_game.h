/* verify_game.h - small games of speculative decoding: laws that depend on the context, drafts of a known kind, what
 * was emitted; and verifiers that are wrong on purpose. */
#ifndef URN_VERIFY_GAME_H
#define URN_VERIFY_GAME_H

#include "tests/stat/stat.h"

#define GAME_IDS 4
#define GAME_CONTEXTS (1 + GAME_IDS + GAME_IDS * GAME_IDS) /* of up to two tokens */

/* Target and draft after each context: none, one token, two. */
typedef struct game_law {
    int ids;
    double p[GAME_CONTEXTS][GAME_IDS], q[GAME_CONTEXTS][GAME_IDS];
} game_law;

void game_law_make(game_law *law, uint64_t seed);                             /* of four ids, by context */
void game_law_fixed(game_law *law);                                           /* (.4, .1, .3, .2), (.1, .4, .25, .25) */
void game_law_free(game_law *law, const double *p, const double *q, int ids); /* context-free */

typedef enum game_drafts {
    GAME_WITHOUT = 0,    /* children drawn without replacement, in order */
    GAME_WITH = 1,       /* with replacement */
    GAME_GREEDY = 2,     /* the likeliest ids but one, then one draw from what is left */
    GAME_FIXED = 3,      /* ids 0, 1, ..; no draft laws are given */
    GAME_SHARED_WORD = 4 /* one child, drawn with the word that will be its coin */
} game_drafts;

typedef struct game_result {
    int64_t requests;
    int32_t *first, *second; /* tokens, completed by the target's law where fewer were emitted */
    int32_t *accepted;
} game_result;

/* Requests of a full tree of `children` a node and that depth (1 or 2). Returns 0 where the backend has no verifiers.
 */
int game_play(ut_bed *bed, const game_law *law, int32_t verifier, game_drafts drafts, int children, int depth,
              int64_t requests, uint64_t seed, game_result *result);
void game_result_free(game_result *result);
double game_p(const game_law *law, const game_result *result, int depth); /* p-value of the first `depth` tokens */

typedef enum wrong_verifier {
    WRONG_VERIFIER_NOT = 0,          /* the chain rule, right */
    WRONG_VERIFIER_NO_RESIDUAL = 1,  /* a rejected draft is followed by a draw from the target itself */
    WRONG_VERIFIER_UNNORMALISED = 2, /* the residual is not divided by its mass: what is missing goes to the last id */
    WRONG_VERIFIER_BLOCK_PRODUCT =
        3 /* block verification: weights against products of the coins, and the chain's residual */
} wrong_verifier;

void wrong_verify(wrong_verifier kind, const game_law *law, int64_t requests, game_result *result);

#endif
