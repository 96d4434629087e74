/* unit_verify_game.c - see unit_verify_game.h. Branches of a word are found by halving: two ends that differ for some
 * probing values of the words after it have a break between them. */
#include "tests/unit/unit_verify_game.h"

#include <math.h>

#define PROBES 8
#define GRID 6 /* first cells of a draw: an outcome may come back between two ends that are alike */
#define WORDS (2 * GAME_NODES)
#define OUTCOMES 1296 /* sequences of up to 4 tokens */

typedef struct play {
    ut_bed *bed;
    const game *g;
    int32_t token[GAME_NODES];
    float p[PROBES * GAME_NODES * GAME_V], q[PROBES * GAME_NODES * GAME_V];
    double weight; /* of the tuple */
    double *law;
    game_answer answer;
} play;

/* Of coins and of draws, not always together, and many draws after the highest coin: a residual may have next to no
 * mass beside an id that is a draft too. */
static uint64_t probe(int b, int is_draw) {
    if (is_draw) return b == PROBES - 1 ? UINT64_MAX : UINT64_MAX / PROBES * (uint64_t)b;
    return b == 0 ? 0 : b == 1 ? UINT64_MAX / 2 : UINT64_MAX;
}

void game_chain(game *g, int32_t verifier, int32_t V, int32_t depth) {
    memset(g, 0, sizeof *g);
    g->verifier = verifier;
    g->V = V;
    g->nodes = depth + 1;
    g->depth = depth;
    g->threshold = 1.0f;
    for (int32_t i = 1; i <= depth; i++) g->parent[i] = i - 1;
}

void game_laws(game *g, const float *p, const float *q) {
    for (int32_t t = 0; t <= g->V; t++) {
        memcpy(g->p[t], p, sizeof *p * (size_t)g->V);
        memcpy(g->q[t], q, sizeof *q * (size_t)g->V);
    }
}

void game_random_laws(game *g, uint64_t seed, double zeros) {
    ut_rng rng = ut_rng_make(seed);
    for (int32_t t = 0; t <= g->V; t++)
        for (int32_t i = 0; i < g->V; i++) {
            float a = (float)-log(ut_uniform(&rng)), b = (float)-log(ut_uniform(&rng));
            g->p[t][i] = i && ut_uniform(&rng) < zeros ? 0.0f : a;
            g->q[t][i] = i < g->V - 1 && ut_uniform(&rng) < zeros ? 0.0f : b;
        }
}

void game_law(const float *x, int V, double *p) {
    float largest = 0.0f;
    double sum = 0.0;
    int e;
    for (int i = 0; i < V; i++) largest = x[i] > largest ? x[i] : largest;
    if (frexpf(largest, &e) == 0.5f) e--;
    for (int i = 0; i < V; i++) sum += p[i] = floor(ldexp((double)x[i], 40 - e));
    for (int i = 0; i < V; i++) p[i] /= sum;
}

/* One call of PROBES requests with these words: ids and accepted of each. */
typedef struct outcome {
    int32_t ids[PROBES][GAME_NODES], accepted[PROBES];
} outcome;

static outcome run(const play *a, uint64_t words[PROBES][WORDS]) {
    const game *g = a->g;
    outcome out;
    uint64_t coins[PROBES * GAME_NODES], draws[PROBES * GAME_NODES];
    int32_t tokens[PROBES * GAME_NODES], parent[PROBES * GAME_NODES], ids[PROBES * GAME_NODES], status[PROBES];
    int64_t rows = PROBES * g->nodes;
    memset(&out, 0, sizeof out);
    for (int32_t b = 0; b < PROBES; b++)
        for (int32_t i = 0; i < g->nodes; i++) {
            int32_t t = b * g->nodes + i;
            coins[t] = words[b][i];
            draws[t] = words[b][g->nodes + i];
            tokens[t] = a->token[i];
            parent[t] = g->parent[i];
        }
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_params params = URN_VERIFY_PARAMS_INIT;
    target.logits = urn_matrix_dense(a->p, URN_F32, rows, g->V, 0);
    draft.logits = urn_matrix_dense(a->q, URN_F32, rows, g->V, 0);
    params.verifier = g->verifier;
    params.requests = PROBES;
    params.nodes = g->nodes;
    params.depth = g->depth;
    params.drafts = tokens;
    params.target = &target;
    params.draft = g->drafts == GAME_FIXED ? NULL : &draft;
    params.target_rows = params.draft_rows = URN_ROWS_PROBS;
    params.threshold = g->threshold;
    params.coins = coins;
    params.draws = draws;
    params.ids = ids;
    params.accepted = out.accepted;
    params.status = status;
    urn_draft_tree tree = {parent, NULL, NULL};
    UT_OK(urn_stream_reserve(a->bed->stream, urn_verify_workspace(&params)));
    UT_OK(urn_verify_tree(a->bed->stream, &params, &tree));
    for (int32_t b = 0; b < PROBES; b++) {
        UT_ASSERT((status[b] & ~URN_ROW_DRAFT) == 0, "status %d", status[b]);
        memcpy(out.ids[b], ids + b * (g->depth + 1), sizeof *ids * (size_t)(g->depth + 1));
    }
    return out;
}

/* What word k being u makes of the words after it being the probes. */
static outcome look(const play *a, const uint64_t *words, int k, uint64_t u) {
    uint64_t tried[PROBES][WORDS];
    for (int b = 0; b < PROBES; b++)
        for (int i = 0; i < WORDS; i++) tried[b][i] = i < k ? words[i] : i == k ? u : probe(b, i >= a->g->nodes);
    return run(a, tried);
}

static int same(const outcome *x, const outcome *y) { return memcmp(x, y, sizeof *x) == 0; }

static void count(play *a, const uint64_t *words, double weight) {
    const game *g = a->g;
    outcome out = look(a, words, WORDS, 0);
    const int32_t *ids = out.ids[0];
    int length = out.accepted[0] + 1, at = 0, last = g->V;
    a->answer.accepted += weight * out.accepted[0];
    a->answer.first += weight * (out.accepted[0] > 0);
    a->answer.first_law[ids[0]] += weight;
    for (int i = 0; i < length; i++) {
        at = at * g->V + ids[i];
        last = ids[i];
    }
    /* the rest of the sequence by the target's own law */
    double law[OUTCOMES] = {0};
    int size = 1;
    law[0] = weight;
    for (int i = length; i <= g->depth; i++, size *= g->V)
        for (int s = size - 1; s >= 0; s--) {
            double p[GAME_V], here = law[s];
            game_law(g->p[i == length ? last : s % g->V], g->V, p);
            for (int x = g->V - 1; x >= 0; x--) law[s * g->V + x] = here * p[x];
        }
    for (int s = 0; s < size; s++) a->law[at * size + s] += law[s];
}

static void explore(play *a, uint64_t *words, int k, double weight);

/* Between lo and hi, whose outcomes are these, the word k is whatever it is. */
static void split(play *a, uint64_t *words, int k, double weight, uint64_t lo, uint64_t hi, const outcome *at_lo,
                  const outcome *at_hi) {
    if (same(at_lo, at_hi) || hi - lo <= 1) {
        double length = (double)(hi - lo) * 0x1p-64;
        words[k] = lo;
        explore(a, words, k + 1, weight * length);
        return;
    }
    /* halve until the outcome of the lower end ends */
    uint64_t from = lo, to = hi;
    while (to - from > 1) {
        uint64_t middle = from + (to - from) / 2;
        outcome found = look(a, words, k, middle);
        if (same(&found, at_lo))
            from = middle;
        else
            to = middle;
    }
    words[k] = lo;
    explore(a, words, k + 1, weight * ((double)(to - lo) * 0x1p-64));
    outcome found = look(a, words, k, to);
    if (to < hi) split(a, words, k, weight, to, hi, &found, at_hi);
}

static void explore(play *a, uint64_t *words, int k, double weight) {
    if (weight == 0.0) return;
    while (k < 2 * a->g->nodes && (k == 0 || k == a->g->nodes + a->g->nodes)) words[k++] = 0; /* a root has no coin */
    if (k >= 2 * a->g->nodes) {
        count(a, words, weight);
        return;
    }
    outcome at[GRID + 1];
    uint64_t place[GRID + 1];
    int differ = 0, cells = k < a->g->nodes ? 1 : GRID;
    for (int i = 0; i <= cells; i++) {
        place[i] = i == cells ? UINT64_MAX : UINT64_MAX / GRID * (uint64_t)i;
        at[i] = look(a, words, k, place[i]);
        differ |= i && !same(&at[0], &at[i]);
    }
    if (!differ) {
        words[k] = 0;
        explore(a, words, k + 1, weight);
        return;
    }
    for (int i = 0; i < cells; i++) split(a, words, k, weight, place[i], place[i + 1], &at[i], &at[i + 1]);
}

static void deal(play *a, int32_t c);

static void place_token(play *a, int32_t c, int32_t x, double chance) {
    double before = a->weight;
    if (chance <= 0.0) return;
    a->token[c] = x;
    a->weight = before * chance;
    deal(a, c + 1);
    a->weight = before;
}

/* Siblings before c, and how many come after. */
static int siblings(const play *a, int32_t c, int32_t *before) {
    const game *g = a->g;
    int n = 0, after = 0;
    for (int32_t s = 1; s < g->nodes; s++)
        if (s < c && g->parent[s] == g->parent[c])
            before[n++] = a->token[s];
        else
            after += s > c && g->parent[s] == g->parent[c];
    before[n] = -1;
    return after;
}

/* Every token that node c may have, with its chance. */
static void deal(play *a, int32_t c) {
    const game *g = a->g;
    if (c == g->nodes) {
        uint64_t words[WORDS + 1] = {0};
        for (int32_t t = 0; t < PROBES * g->nodes; t++) {
            int32_t i = t % g->nodes, last = i ? a->token[i] : g->V;
            memcpy(a->p + t * g->V, g->p[last], sizeof(float) * (size_t)g->V);
            memcpy(a->q + t * g->V, g->q[last], sizeof(float) * (size_t)g->V);
        }
        explore(a, words, 0, a->weight);
        return;
    }
    int32_t before[GAME_NODES], best = 0;
    double q[GAME_V], left = 1.0;
    int after = siblings(a, c, before);
    if (g->drafts == GAME_FIXED) {
        place_token(a, c, g->fixed[c], 1.0);
        return;
    }
    game_law(g->q[g->parent[c] ? a->token[g->parent[c]] : g->V], g->V, q);
    for (int i = 0; before[i] >= 0 && g->drafts != GAME_WITH; i++) {
        left -= q[before[i]];
        q[before[i]] = 0.0;
    }
    for (int32_t x = 1; x < g->V; x++) best = q[x] > q[best] ? x : best;
    if (g->drafts == GAME_GREEDY && after) {
        place_token(a, c, best, 1.0);
        return;
    }
    if (left < 1e-14) /* nothing is left to draw: any token will do */
        place_token(a, c, 0, 1.0);
    else
        for (int32_t x = 0; x < g->V; x++) place_token(a, c, x, q[x] / left);
}

static double target_law(const game *g, int s, int length) {
    double p[GAME_V];
    if (!length) return 1.0;
    int x = s % g->V, last = length > 1 ? s / g->V % g->V : g->V;
    game_law(g->p[last], g->V, p);
    return p[x] * target_law(g, s / g->V, length - 1);
}

game_answer game_play(ut_bed *bed, const game *g) {
    static double law[OUTCOMES];
    play a;
    int size = 1;
    memset(&a, 0, sizeof a);
    memset(law, 0, sizeof law);
    a.bed = bed;
    a.g = g;
    a.weight = 1.0;
    a.law = law;
    a.token[0] = 0;
    deal(&a, 1);
    for (int i = 0; i <= g->depth; i++) size *= g->V;
    for (int s = 0; s < size; s++) {
        double error = fabs(law[s] - target_law(g, s, g->depth + 1));
        if (error > a.answer.error) a.answer.error = error;
    }
    return a.answer;
}
