/* server_step.c - one step of a continuous-batching server: requests come and go, a launch serves whoever is there.
 *
 * Three requests share four rows: one sampled with top-p, one greedy, one under a grammar mask. They arrive at
 * different steps, leave when they are done, and each must get the tokens that it gets alone. */
#include <stdio.h>
#include <string.h>

#include "urn/urn.h"

enum { VOCAB = 1000, WORDS = (VOCAB + 31) / 32, SLOTS = 3, ROWS = 4, STEPS = 12, LONGEST = 8 };

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((call) != URN_OK) return fprintf(stderr, "%s: %s\n", #call, urn_last_error()), 1;                          \
    } while (0)

typedef struct request {
    uint64_t id, seed; /* id is the label: the stream of randomness that belongs to the request, wherever it runs */
    int32_t list, grammar, arrives, length;
} request;

static const request requests[SLOTS] = {{1001, 7, 0, -1, 0, 8}, {1002, 7, 1, -1, 2, 6}, {1003, 8, 0, 0, 3, 7}};

/* Stands for the model: some function of the request and of its last token. */
static void model(float *logits, uint64_t id, int32_t last) {
    for (int i = 0; i < VOCAB; i++) logits[i] = (float)((i * 7919 + last * 271 + (int)id * 31) % 997) / 100;
}

/* Serve the requests in `who` (a set of bits); tokens[s] gets what request s received. */
static int serve(urn_ctx *ctx, int who, int32_t tokens[SLOTS][LONGEST]) {
    static float logits[ROWS][VOCAB];
    uint32_t even[WORDS];
    int32_t list[SLOTS], slot[ROWS], grammar[ROWS], ids[ROWS];
    uint64_t seed[SLOTS], label[SLOTS];
    memset(even, 0x55, sizeof even); /* the grammar: even ids only */
    for (int s = 0; s < SLOTS; s++) {
        list[s] = requests[s].list;
        seed[s] = requests[s].seed;
        label[s] = requests[s].id;
    }
    /* one device allocation; what follows is where each array lies in it */
    enum {
        LOGITS = 0,
        SLOT = sizeof logits,
        GRAMMAR = SLOT + 256,
        IDS = GRAMMAR + 256,
        EVEN = IDS + 256,
        LIST = EVEN + 256,
        SEED = LIST + 256,
        LABEL = SEED + 256,
        BYTES = LABEL + 256
    };
    urn_stream *stream;
    urn_slots *state;
    urn_buffer *memory;
    urn_slots_params kept = URN_SLOTS_PARAMS_INIT;
    kept.slots = SLOTS;
    TRY(urn_stream_create(ctx, urn_sample_workspace(NULL, ROWS, VOCAB), &stream));
    TRY(urn_slots_create(ctx, &kept, &state));
    TRY(urn_buffer_create(ctx, URN_DEVICE, BYTES, &memory));
    char *at = (char *)urn_buffer_data(memory);
    TRY(urn_buffer_write(stream, memory, EVEN, even, sizeof even));
    TRY(urn_buffer_write(stream, memory, LIST, list, sizeof list));
    TRY(urn_buffer_write(stream, memory, SEED, seed, sizeof seed));
    TRY(urn_buffer_write(stream, memory, LABEL, label, sizeof label));

    urn_step sampled[] = {urn_mask((uint32_t *)(at + EVEN), 1, WORDS, (int32_t *)(at + GRAMMAR)),
                          urn_temperature(urn_f(0.8f)), urn_top_p(urn_f(0.95f))};
    urn_step greedy[] = {urn_temperature(urn_f(0))};
    urn_list lists[] = {{sampled, 3}, {greedy, 1}};
    urn_sampler *sampler;
    TRY(urn_sampler_create(ctx, lists, 2, &sampler));

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(at + LOGITS, URN_F32, ROWS, VOCAB, 0);
    p.sampler = sampler;
    p.slot = (int32_t *)(at + SLOT);
    p.list = (int32_t *)(at + LIST);
    p.seed = (uint64_t *)(at + SEED);
    p.label = (uint64_t *)(at + LABEL);
    p.state = state; /* positions: tokens committed to each slot so far */
    p.ids = (int32_t *)(at + IDS);
    int32_t done[SLOTS] = {0};
    for (int step = 0; step < STEPS; step++) {
        for (int r = 0; r < ROWS; r++) {
            int s = (r + step) % ROWS; /* a request may sit in another row at every step */
            int here = s < SLOTS && (who >> s & 1) && requests[s].arrives <= step && done[s] < requests[s].length;
            slot[r] = here ? s : -1; /* -1 is padding: nothing is read */
            grammar[r] = here ? requests[s].grammar : -1;
            if (here) model(logits[r], requests[s].id, done[s] ? tokens[s][done[s] - 1] : 0);
        }
        TRY(urn_buffer_write(stream, memory, LOGITS, logits, sizeof logits));
        TRY(urn_buffer_write(stream, memory, SLOT, slot, sizeof slot));
        TRY(urn_buffer_write(stream, memory, GRAMMAR, grammar, sizeof grammar));
        TRY(urn_sample(stream, &p));
        TRY(urn_slots_commit(stream, state, p.slot, p.ids, 1, NULL, ROWS));
        TRY(urn_buffer_read_host(stream, memory, IDS, ids, sizeof ids));
        for (int r = 0; r < ROWS; r++) {
            if (slot[r] >= 0) tokens[slot[r]][done[slot[r]]++] = ids[r];
        }
    }
    urn_stream_destroy(stream);
    urn_sampler_destroy(sampler);
    urn_slots_destroy(state);
    urn_buffer_destroy(memory);
    return 0;
}

int main(void) {
    int32_t together[SLOTS][LONGEST] = {{0}}, alone[SLOTS][LONGEST] = {{0}};
    urn_ctx *ctx;
    TRY(urn_ctx_create(NULL, &ctx));
    if (serve(ctx, 7, together)) return 1;
    for (int s = 0; s < SLOTS; s++) {
        if (serve(ctx, 1 << s, alone)) return 1;
        printf("request %d:", (int)requests[s].id);
        for (int t = 0; t < requests[s].length; t++) printf(" %d", (int)together[s][t]);
        int same = memcmp(together[s], alone[s], sizeof alone[s]) == 0;
        printf("  %s\n", same ? "as alone" : "NOT as alone");
        if (!same) return 1;
        for (int t = 0; requests[s].grammar == 0 && t < requests[s].length; t++) {
            if (together[s][t] % 2) return fprintf(stderr, "the grammar was broken\n"), 1;
        }
    }
    urn_ctx_destroy(ctx);
    return 0;
}
