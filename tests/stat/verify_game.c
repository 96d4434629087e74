/* verify_game.c - requests whose trees are drawn by the tests, played by urn_verify_tree, completed by the target. */
#include "tests/stat/verify_game.h"

#include <math.h>

static int next_context(int context, int id) {
    return context == 0 ? 1 + id : context <= GAME_IDS ? 1 + GAME_IDS + (context - 1) * GAME_IDS + id : 0;
}

static void fill(double *law, int ids, ut_rng *rng) {
    double sum = 0;
    for (int i = 0; i < ids; i++) sum += law[i] = exp(ut_normal(rng));
    for (int i = 0; i < ids; i++) law[i] /= sum;
}

void game_law_make(game_law *law, uint64_t seed) {
    ut_rng rng = ut_rng_make(seed);
    memset(law, 0, sizeof *law);
    law->ids = GAME_IDS;
    for (int c = 0; c < GAME_CONTEXTS; c++) {
        fill(law->p[c], GAME_IDS, &rng);
        fill(law->q[c], GAME_IDS, &rng);
    }
}

void game_law_free(game_law *law, const double *p, const double *q, int ids) {
    memset(law, 0, sizeof *law);
    law->ids = ids;
    for (int c = 0; c < GAME_CONTEXTS; c++) {
        memcpy(law->p[c], p, 8 * (size_t)ids);
        memcpy(law->q[c], q, 8 * (size_t)ids);
    }
}

void game_law_fixed(game_law *law) {
    static const double p[] = {0.4, 0.1, 0.3, 0.2}, q[] = {0.1, 0.4, 0.25, 0.25};
    game_law_free(law, p, q, 4);
}

static int draw(const double *law, int ids, double u) {
    double sum = 0, total = 0;
    for (int i = 0; i < ids; i++) total += law[i];
    for (int i = 0; i < ids; i++) {
        sum += law[i];
        if (sum > u * total) return i;
    }
    return ids - 1;
}

/* The children of a node; a token that cannot be drawn is -1. */
static void draw_children(const game_law *law, int context, game_drafts kind, int children, ut_rng *rng, uint64_t *word,
                          int32_t *token) {
    double q[GAME_IDS];
    memcpy(q, law->q[context], sizeof q);
    for (int k = 0; k < children; k++) {
        *word = ut_u64(rng);
        int best = 0;
        double left = 0;
        for (int i = 0; i < law->ids; i++) {
            left += q[i];
            if (q[i] > q[best]) best = i;
        }
        token[k] = k;
        if (kind != GAME_FIXED) token[k] = left > 0 ? draw(q, law->ids, (double)(*word >> 11) * 0x1p-53) : -1;
        if (kind == GAME_GREEDY && k + 1 < children) token[k] = best;
        if (kind == GAME_WITHOUT || kind == GAME_GREEDY) q[token[k] < 0 ? 0 : token[k]] = 0;
    }
}

int game_play(ut_bed *bed, const game_law *law, int32_t verifier, game_drafts drafts, int children, int depth,
              int64_t requests, uint64_t seed, game_result *result) {
    int nodes = depth == 1 ? 1 + children : 1 + children + children * children, context[64];
    int64_t rows = requests * nodes;
    int32_t *token = (int32_t *)ut_malloc(4 * (size_t)rows), *parent = (int32_t *)ut_malloc(4 * (size_t)rows);
    int32_t *index = (int32_t *)ut_malloc(4 * (size_t)rows);
    uint64_t *coin = (uint64_t *)ut_malloc(8 * (size_t)rows);
    float p[GAME_CONTEXTS][GAME_IDS], q[GAME_CONTEXTS][GAME_IDS];
    ut_rng rng = ut_rng_make(seed);
    for (int64_t b = 0; b < requests; b++) {
        context[0] = 0;
        for (int i = 0; i < nodes; i++) index[b * nodes + i] = token[b * nodes + i] = parent[b * nodes + i] = -1;
        index[b * nodes] = 0;
        for (int i = 0; 1 + i * children < nodes; i++) { /* node i's children follow those of the nodes before it */
            int32_t *to = token + b * nodes + 1 + i * children;
            uint64_t word = 0;
            if (i > 0 && token[b * nodes + i] < 0) context[i] = 0;
            draw_children(law, context[i], drafts, children, &rng, &word, to);
            for (int k = 0; k < children; k++) {
                int c = 1 + i * children + k;
                coin[b * nodes + c] = drafts == GAME_SHARED_WORD ? word : ut_u64(&rng);
                parent[b * nodes + c] = i;
                context[c] = next_context(context[i], to[k] < 0 ? 0 : to[k]);
                index[b * nodes + c] = context[c];
            }
        }
        coin[b * nodes] = 0;
    }
    for (int c = 0; c < GAME_CONTEXTS; c++) {
        for (int i = 0; i < GAME_IDS; i++) {
            p[c][i] = (float)law->p[c][i];
            q[c][i] = (float)law->q[c][i];
        }
    }
    urn_verify_params call = URN_VERIFY_PARAMS_INIT;
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, drafter = URN_SAMPLE_PARAMS_INIT;
    urn_draft_tree tree = {(const int32_t *)ut_upload(bed, parent, 4 * (size_t)rows), NULL, NULL};
    const int32_t *by = (const int32_t *)ut_upload(bed, index, 4 * (size_t)rows);
    urn_matrix of = urn_matrix_dense(ut_upload(bed, p, sizeof p), URN_F32, GAME_CONTEXTS, law->ids, GAME_IDS);
    target.logits = urn_matrix_indexed(of, by, rows);
    of.data = ut_upload(bed, q, sizeof q);
    drafter.logits = urn_matrix_indexed(of, by, rows);
    target.seed_value = seed ^ 0x5eed;
    call.verifier = verifier, call.requests = requests, call.nodes = nodes, call.depth = depth;
    call.target = &target, call.draft = drafts == GAME_FIXED ? NULL : &drafter;
    call.target_rows = call.draft_rows = URN_ROWS_PROBS;
    call.rate = 0.5f;
    call.drafts = (const int32_t *)ut_upload(bed, token, 4 * (size_t)rows);
    if (drafts == GAME_SHARED_WORD) call.coins = (const uint64_t *)ut_upload(bed, coin, 8 * (size_t)rows);
    call.ids = (int32_t *)ut_output(bed, 4 * (size_t)(requests * (depth + 1)));
    call.accepted = (int32_t *)ut_output(bed, 4 * (size_t)requests);
    call.status = (int32_t *)ut_output(bed, 4 * (size_t)requests);
    UT_OK(urn_stream_reserve(bed->stream, urn_verify_workspace(&call)));
    urn_status status = urn_verify_tree(bed->stream, &call, &tree);
    int here = status != URN_E_BACKEND || bed->kind == URN_BACKEND_CPU;
    if (here) {
        UT_OK(status);
        int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)(requests * (depth + 1)));
        result->requests = requests;
        result->first = (int32_t *)ut_malloc(4 * (size_t)requests);
        result->second = (int32_t *)ut_malloc(4 * (size_t)requests);
        result->accepted = (int32_t *)ut_malloc(4 * (size_t)requests);
        ut_download(bed, call.ids, ids, 4 * (size_t)(requests * (depth + 1)));
        ut_download(bed, call.accepted, result->accepted, 4 * (size_t)requests);
        for (int64_t b = 0; b < requests; b++) {
            const int32_t *own = ids + b * (depth + 1);
            UT_ASSERT(own[0] >= 0 && own[0] < law->ids, "request %lld emits %d", (long long)b, (int)own[0]);
            result->first[b] = own[0];
            result->second[b] = own[1] >= 0 ? own[1] : draw(law->p[1 + own[0]], law->ids, ut_uniform(&rng));
        }
        free(ids);
    }
    ut_clear(bed);
    free(token);
    free(parent);
    free(index);
    free(coin);
    return here;
}

void game_result_free(game_result *result) {
    free(result->first);
    free(result->second);
    free(result->accepted);
}

double game_p(const game_law *law, const game_result *result, int depth) {
    long double prob[GAME_IDS * GAME_IDS];
    int32_t *cell = (int32_t *)ut_malloc(4 * (size_t)result->requests);
    (void)depth; /* depth 1 emits up to two tokens too */
    for (int i = 0; i < GAME_IDS; i++) {
        for (int j = 0; j < GAME_IDS; j++) prob[i * GAME_IDS + j] = (long double)law->p[0][i] * law->p[1 + i][j];
    }
    for (int64_t b = 0; b < result->requests; b++) cell[b] = result->first[b] * GAME_IDS + result->second[b];
    stat_cells *cells = stat_cells_make(prob, GAME_IDS * GAME_IDS, result->requests);
    double p = stat_p(cells, cell);
    stat_cells_free(cells);
    free(cell);
    return p;
}

/* ---- wrong on purpose ---- */

static int residual_of(const double *p, const double *q, int ids, wrong_verifier kind, ut_rng *rng) {
    double rest[GAME_IDS], sum = 0, u = ut_uniform(rng);
    for (int i = 0; i < ids; i++) rest[i] = p[i] > q[i] ? p[i] - q[i] : 0;
    if (kind == WRONG_VERIFIER_NO_RESIDUAL) return draw(p, ids, u);
    if (kind != WRONG_VERIFIER_UNNORMALISED) return draw(rest, ids, u);
    for (int i = 0; i < ids; i++) {
        sum += rest[i];
        if (sum > u) return i;
    }
    return ids - 1;
}

void wrong_verify(wrong_verifier kind, const game_law *law, int64_t requests, game_result *result) {
    ut_rng rng = ut_rng_make(31);
    result->requests = requests;
    result->first = (int32_t *)ut_malloc(4 * (size_t)requests);
    result->second = (int32_t *)ut_malloc(4 * (size_t)requests);
    result->accepted = (int32_t *)ut_malloc(4 * (size_t)requests);
    for (int64_t b = 0; b < requests; b++) {
        int token[3] = {0, 0, 0}, context[3] = {0, 0, 0}, taken = 0;
        double weight = 1, product = 1;
        for (int i = 0; i < 2; i++) {
            token[i] = draw(law->q[context[i]], law->ids, ut_uniform(&rng));
            context[i + 1] = next_context(context[i], token[i]);
        }
        for (int i = 0; i < 2; i++) {
            const double *p = law->p[context[i]], *q = law->q[context[i]];
            double u = ut_uniform(&rng);
            if (kind == WRONG_VERIFIER_BLOCK_PRODUCT) { /* the longest prefix whose weight is above the product */
                weight *= p[token[i]] / q[token[i]];
                weight = weight < 1 ? weight : 1;
                product *= u;
                if (product < weight) taken = i + 1;
            } else if (taken == i && u * q[token[i]] < p[token[i]]) {
                taken = i + 1;
            }
        }
        const double *p = law->p[context[taken]], *q = law->q[context[taken]];
        token[taken] = taken == 2 ? 0 : residual_of(p, q, law->ids, kind, &rng);
        result->accepted[b] = taken;
        result->first[b] = token[0];
        result->second[b] = taken ? token[1] : draw(law->p[1 + token[0]], law->ids, ut_uniform(&rng));
    }
}
