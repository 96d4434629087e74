/* caller_particles.c - a particle filter over sequences: propose, weigh, choose ancestors, fork.
 *
 * Each particle is a slot. A step draws a token for every particle, adds the log-weight of what it drew, draws
 * ancestors from the weights (one row of N log-weights, N draws), and gathers the slots' state. The target prefers even
 * tokens, so after a few steps nearly all surviving tokens are even. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "urn/urn.h"

enum { N = 64, VOCAB = 50, STEPS = 6 };

int main(void) {
    static float logits[N][VOCAB], weights[N];
    static int32_t tokens[N], ancestors[N], history[N][STEPS];
    urn_ctx *ctx = NULL;
    urn_stream *stream = NULL;
    urn_slots *state = NULL;
    urn_buffer *rows = NULL, *w = NULL, *ids = NULL, *parents = NULL;
    int even = 0, all = 0, ok = 0;

    urn_slots_params want = URN_SLOTS_PARAMS_INIT;
    want.slots = N;
    want.history = STEPS;
    if (urn_ctx_create(NULL, &ctx) || urn_stream_create(ctx, urn_sample_workspace(N, VOCAB), &stream)) goto done;
    if (urn_slots_create(ctx, &want, &state)) goto done;
    if (urn_buffer_create(ctx, URN_DEVICE, sizeof logits, &rows) ||
        urn_buffer_create(ctx, URN_DEVICE, sizeof weights, &w) ||
        urn_buffer_create(ctx, URN_DEVICE, sizeof tokens, &ids) ||
        urn_buffer_create(ctx, URN_DEVICE, sizeof ancestors, &parents))
        goto done;

    urn_sample_params propose = URN_SAMPLE_PARAMS_INIT;
    propose.logits = urn_matrix_dense(urn_buffer_data(rows), URN_F32, N, VOCAB, 0);
    propose.state = state;
    propose.seed_value = 5;
    propose.ids = (int32_t *)urn_buffer_data(ids);

    urn_sample_params choose = URN_SAMPLE_PARAMS_INIT;
    choose.logits = urn_matrix_dense(urn_buffer_data(w), URN_F32, 1, N, 0);
    choose.draws = N;
    choose.seed_value = 6;
    choose.ids = (int32_t *)urn_buffer_data(parents);

    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++)
            for (int v = 0; v < VOCAB; v++) logits[i][v] = 0.3f * (float)((v * 31 + i + step) % 7);
        if (urn_buffer_write(stream, rows, 0, logits, sizeof logits) || urn_sample(stream, &propose)) goto done;
        if (urn_slots_commit(stream, state, NULL, propose.ids, 1, NULL, N)) goto done;
        if (urn_buffer_read_host(stream, ids, 0, tokens, sizeof tokens)) goto done;

        for (int i = 0; i < N; i++) weights[i] = tokens[i] % 2 ? logf(0.02f) : 0.0f;
        choose.position_value = (uint32_t)step;
        if (urn_buffer_write(stream, w, 0, weights, sizeof weights) || urn_sample(stream, &choose)) goto done;
        if (urn_slots_gather(stream, state, choose.ids)) goto done;
        if (urn_buffer_read_host(stream, parents, 0, ancestors, sizeof ancestors)) goto done;

        /* the same fork on the host, to compare the device's history with */
        int32_t before[N][STEPS];
        memcpy(before, history, sizeof before);
        for (int i = 0; i < N; i++) {
            memcpy(history[i], before[ancestors[i]], sizeof history[i]);
            history[i][step] = tokens[ancestors[i]];
        }
    }
    for (int i = 0; i < N; i++)
        for (int t = 0; t < STEPS; t++) all++, even += history[i][t] % 2 == 0;
    ok = even * 10 > all * 9;
    if (!ok) printf("%d of %d tokens are even\n", even, all);

    /* the slots hold what the host kept; their arrays are device memory, so read them where that is host memory */
    urn_ctx_info info = URN_CTX_INFO_INIT;
    urn_slots_view view;
    if (urn_ctx_get_info(ctx, &info) || urn_slots_get_view(state, &view)) ok = 0;
    if (ok && info.backend == URN_BACKEND_CPU) {
        for (int i = 0; i < N && ok; i++)
            ok = view.position[i] == STEPS && memcmp(view.ids + (size_t)i * STEPS, history[i], sizeof history[i]) == 0;
        if (!ok) printf("slots and host disagree\n");
    }
done:
    if (!ok) printf("last error: \"%s\"\n", urn_last_error());
    urn_stream_destroy(stream);
    urn_slots_destroy(state);
    urn_buffer_destroy(rows);
    urn_buffer_destroy(w);
    urn_buffer_destroy(ids);
    urn_buffer_destroy(parents);
    urn_ctx_destroy(ctx);
    return !ok;
}
