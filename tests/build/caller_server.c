/* caller_server.c - a step of a continuous-batching server, as an engine would write it.
 *
 * Requests live in slots; each has its own list of steps, seed, label and temperature. A step's batch names the slot of
 * each row; empty rows are -1. Whatever the batch, a request's tokens are its own: the program runs the requests
 * together, in other rows, and alone, and compares. */
#include <stdio.h>
#include <string.h>

#include "urn/urn.h"

enum { VOCAB = 997, SLOTS = 4, ROWS = 6, STEPS = 12 };

/* device memory with contents; n bytes */
static void *on_device(urn_ctx *ctx, urn_stream *stream, urn_buffer **buffer, const void *host, size_t n) {
    if (urn_buffer_create(ctx, URN_DEVICE, n, buffer) != URN_OK) return NULL;
    if (host ? urn_buffer_write(stream, *buffer, 0, host, n) : urn_buffer_zero(stream, *buffer, 0, n)) return NULL;
    return urn_buffer_data(*buffer);
}

/* stands for the model: logits of a slot at its position */
static void model(float *row, int slot, int position) {
    for (int i = 0; i < VOCAB; i++) row[i] = (float)((i * 7919 + slot * 104729 + position * 1299709) % 1009) * 0.01f;
}

/* run STEPS steps with the row of each slot given; out[slot][step] */
static int serve(urn_ctx *ctx, const int32_t slot_of_row[ROWS], int32_t out[SLOTS][STEPS]) {
    static float logits[ROWS][VOCAB];
    const int32_t list[SLOTS] = {0, 1, 1, 2};
    const uint64_t seed[SLOTS] = {11, 22, 22, 44}, label[SLOTS] = {1000, 1001, 1002, 1003};
    const float temperature[SLOTS] = {0.7f, 1.3f, 0.9f, 0.0f}; /* slot 3 is greedy, in the same launch */
    urn_buffer *b[7] = {NULL};
    urn_stream *stream = NULL;
    urn_slots *state = NULL;
    urn_sampler *sampler = NULL;
    int32_t ids[ROWS], status[ROWS];
    int ok = 0;

    urn_slots_params want = URN_SLOTS_PARAMS_INIT;
    want.slots = SLOTS;
    want.history = 8;
    if (urn_stream_create(ctx, urn_sample_workspace(ROWS, VOCAB), &stream)) goto done;
    if (urn_slots_create(ctx, &want, &state)) goto done;

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(on_device(ctx, stream, &b[0], NULL, sizeof logits), URN_F32, ROWS, VOCAB, 0);
    p.slot = (const int32_t *)on_device(ctx, stream, &b[1], slot_of_row, ROWS * sizeof(int32_t));
    p.list = (const int32_t *)on_device(ctx, stream, &b[2], list, sizeof list);
    p.seed = (const uint64_t *)on_device(ctx, stream, &b[3], seed, sizeof seed);
    p.label = (const uint64_t *)on_device(ctx, stream, &b[4], label, sizeof label);
    const float *heat = (const float *)on_device(ctx, stream, &b[5], temperature, sizeof temperature);
    p.ids = (int32_t *)on_device(ctx, stream, &b[6], NULL, 2 * ROWS * sizeof(int32_t));
    p.status = p.ids + ROWS;
    p.state = state; /* the position of a row is its slot's */
    p.slots = SLOTS;

    const urn_step plain[] = {urn_temperature(urn_f_by(URN_BY_SLOT, heat))};
    const urn_step nucleus[] = {urn_temperature(urn_f_by(URN_BY_SLOT, heat)), urn_top_p(urn_f(0.9f))};
    const urn_step cut[] = {urn_min_p(urn_f(0.05f)), urn_temperature(urn_f_by(URN_BY_SLOT, heat)),
                            urn_top_k(urn_i(40))};
    const urn_list lists[] = {{plain, 1}, {nucleus, 2}, {cut, 3}};
    if (urn_sampler_create(ctx, lists, 3, &sampler)) goto done;
    p.sampler = sampler;

    for (int step = 0; step < STEPS; step++) {
        for (int r = 0; r < ROWS; r++)
            if (slot_of_row[r] >= 0) model(logits[r], slot_of_row[r], step);
        if (urn_buffer_write(stream, b[0], 0, logits, sizeof logits)) goto done;
        if (urn_sample(stream, &p)) goto done;
        if (urn_slots_commit(stream, state, p.slot, p.ids, 1, NULL, ROWS)) goto done;
        if (urn_buffer_read(stream, b[6], 0, ids, sizeof ids)) goto done;
        if (urn_buffer_read_host(stream, b[6], sizeof ids, status, sizeof status)) goto done;
        for (int r = 0; r < ROWS; r++) {
            if (status[r] != (slot_of_row[r] < 0 ? URN_ROW_PADDING : URN_ROW_OK)) goto done;
            if (slot_of_row[r] >= 0) out[slot_of_row[r]][step] = ids[r];
        }
    }
    ok = 1;
done:
    if (!ok) printf("last error: \"%s\"\n", urn_last_error());
    urn_stream_destroy(stream);
    urn_sampler_destroy(sampler);
    urn_slots_destroy(state);
    for (int i = 0; i < 7; i++) urn_buffer_destroy(b[i]);
    return ok;
}

int main(void) {
    static int32_t together[SLOTS][STEPS], moved[SLOTS][STEPS], alone[SLOTS][STEPS];
    const int32_t rows_a[ROWS] = {0, 1, 2, 3, -1, -1}, rows_b[ROWS] = {-1, 3, -1, 2, 0, 1};
    urn_ctx *ctx = NULL;
    int bad = urn_ctx_create(NULL, &ctx) != URN_OK || !serve(ctx, rows_a, together) || !serve(ctx, rows_b, moved);
    for (int32_t s = 0; s < SLOTS && !bad; s++) {
        const int32_t rows_one[ROWS] = {-1, -1, s, -1, -1, -1};
        bad = !serve(ctx, rows_one, alone);
    }
    bad = bad || memcmp(together, moved, sizeof together) != 0 || memcmp(together, alone, sizeof together) != 0;
    if (bad) printf("a request's tokens depend on its batch\n");
    urn_ctx_destroy(ctx);
    return bad;
}
