/* unit_verify_game.h - a verifier's exact output law on a small vocabulary: every tuple of drafts, every branch of
 * every coin and draw, each with its weight, through the public API. */
#ifndef URN_UNIT_VERIFY_GAME_H
#define URN_UNIT_VERIFY_GAME_H

#include "tests/urn_test.h"

#define GAME_V 8
#define GAME_NODES 8

typedef enum game_drafts {
    GAME_WITH,    /* siblings drawn with replacement */
    GAME_WITHOUT, /* without, in order */
    GAME_GREEDY,  /* the likeliest, the last one drawn from the rest */
    GAME_FIXED    /* by `fixed`, no draft rows */
} game_drafts;

/* Laws are by the last token; a root's is V. */
typedef struct game {
    int32_t verifier, V, nodes, depth;
    game_drafts drafts;
    int32_t parent[GAME_NODES], fixed[GAME_NODES];
    float p[GAME_V + 1][GAME_V], q[GAME_V + 1][GAME_V];
    float threshold;
} game;

typedef struct game_answer {
    double error;    /* largest difference of the law of depth + 1 tokens from the target's */
    double accepted; /* mean length */
    double first;    /* chance that the first draft position is accepted */
    double first_law[GAME_V];
} game_answer;

void game_chain(game *g, int32_t verifier, int32_t V, int32_t depth);
void game_laws(game *g, const float *p, const float *q); /* the same after every token */
void game_random_laws(game *g, uint64_t seed, double zeros);
game_answer game_play(ut_bed *bed, const game *g);

/* x_i / sum as the verifier sees it: weights of 40 bits. */
void game_law(const float *x, int V, double *p);

#endif
