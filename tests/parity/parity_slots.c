/* parity_slots.c - urn_slots moves to the same state on every backend: reset, commit, prompt, mirostat,
 * gather, with counts that overflow. */
#include <math.h>

#include "tests/urn_test.h"

enum { SLOTS = 21, ROWS = 70, STRIDE = 37 };

/* Sizes of the state under test: what a slot keeps is less, or more, than what it is given. */
typedef struct shape {
    int32_t history, counts, prompt_cols, vocabulary;
} shape;

static const shape shapes[] = {
    {0, 0, 0, 999}, {1, 1, 40, 50}, {5, 40, 33, 60}, {16, 200, 700, 999}, {9, 6, 0, 8}, {0, 64, 64, 64},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], MOST_PLACES = 512, MOST_WORDS = 32 };

/* The visible state: all words, and of the rings the newest ids of each slot, oldest first; the rest -7. */
typedef struct state {
    uint32_t position[SLOTS], length[SLOTS], counted[SLOTS], overflow[SLOTS];
    float mu[SLOTS];
    int32_t newest[SLOTS * 16], count_id[SLOTS * MOST_PLACES];
    uint32_t count_n[SLOTS * MOST_PLACES], prompt[SLOTS * MOST_WORDS];
} state;

static void download(ut_bed *bed, const urn_slots_view *v, state *out) {
    int32_t ring[SLOTS * 16];
    size_t n = SLOTS;
    UT_OK(urn_stream_sync_host(bed->stream));
    memset(out, 0xf9, sizeof *out); /* device memory of cpu and simt is host memory */
    memcpy(out->position, v->now.position, 4 * n);
    memcpy(out->length, v->now.length, 4 * n);
    memcpy(out->counted, v->now.counted, 4 * n);
    memcpy(out->overflow, v->now.overflow, 4 * n);
    memcpy(out->mu, v->now.mu, 4 * n);
    if (v->count_slots) memcpy(out->count_id, v->now.count_id, 4 * n * (size_t)v->count_slots);
    if (v->count_slots) memcpy(out->count_n, v->now.count_n, 4 * n * (size_t)v->count_slots);
    if (v->prompt_words) memcpy(out->prompt, v->now.prompt, 4 * n * (size_t)v->prompt_words);
    if (v->history) memcpy(ring, v->now.ids, 4 * n * (size_t)v->history);
    for (int s = 0; s < SLOTS; s++) {
        uint32_t held = out->length[s] < (uint32_t)v->history ? out->length[s] : (uint32_t)v->history;
        for (uint32_t i = 0; i < held; i++) {
            uint32_t t = out->length[s] - held + i;
            out->newest[s * v->history + (int32_t)i] = ring[s * v->history + (int32_t)(t % (uint32_t)v->history)];
        }
    }
}

/* What one call reads. */
typedef struct inputs {
    int32_t slot[ROWS], ids[ROWS * STRIDE], accepted[ROWS], ancestors[SLOTS];
    int64_t offsets[ROWS + 1];
    float logprob[ROWS * STRIDE];
} inputs;

static void make_inputs(ut_rng *rng, const shape *sh, inputs *in) {
    uint32_t below = (uint32_t)sh->vocabulary;
    for (int r = 0; r < ROWS; r++) {
        in->slot[r] = (int32_t)ut_below(rng, SLOTS + 4) - 2; /* repeats, padding, out of range */
        in->accepted[r] = (int32_t)ut_below(rng, 60) - 3;
        for (int i = 0; i < STRIDE; i++) {
            in->ids[r * STRIDE + i] = ut_below(rng, 50) ? (int32_t)ut_below(rng, below) : -1;
            in->logprob[r * STRIDE + i] = ut_below(rng, 9) ? -0.01f * (float)ut_below(rng, 2000) : NAN;
        }
    }
    if (ut_below(rng, 4) == 0) in->ids[ut_below(rng, ROWS) * STRIDE] = INT32_MAX;
    for (int s = 0; s < SLOTS; s++) in->ancestors[s] = (int32_t)ut_below(rng, SLOTS + 3) - 1;
    in->offsets[0] = 0;
    for (int r = 0; r < ROWS; r++) in->offsets[r + 1] = in->offsets[r] + (int64_t)ut_below(rng, 74);
    /* rows that are skipped: backwards, past the end, before the start */
    in->offsets[ut_below(rng, ROWS)] = ROWS * STRIDE + 5;
    in->offsets[ut_below(rng, ROWS)] = -1;
}

enum { CALLS = 24 };

static void one_call(ut_bed *bed, urn_slots *slots, int kind, const inputs *in) {
    const int32_t *slot = (const int32_t *)ut_upload(bed, in->slot, sizeof in->slot);
    const int32_t *ids = (const int32_t *)ut_upload(bed, in->ids, sizeof in->ids);
    const int32_t *accepted = (const int32_t *)ut_upload(bed, in->accepted, sizeof in->accepted);
    const int64_t *offsets = (const int64_t *)ut_upload(bed, in->offsets, sizeof in->offsets);
    const float *logprob = (const float *)ut_upload(bed, in->logprob, sizeof in->logprob);
    const int32_t *ancestors = (const int32_t *)ut_upload(bed, in->ancestors, sizeof in->ancestors);
    urn_stream *st = bed->stream;
    int64_t size = ROWS * STRIDE;
    switch (kind) {
    case 0:
        UT_OK(urn_slots_commit(st, slots, slot, ids, STRIDE, accepted, ROWS));
        break;
    case 1:
        UT_OK(urn_slots_commit(st, slots, NULL, ids, STRIDE, NULL, SLOTS - 1));
        break;
    case 2:
        UT_OK(urn_slots_gather(st, slots, ancestors));
        break;
    case 3:
        UT_OK(urn_slots_reset(st, slots, slot, 9));
        break;
    case 4:
        UT_OK(urn_slots_commit(st, slots, NULL, ids, 1, accepted, 3));
        break;
    case 5:
        UT_OK(urn_slots_prompt(st, slots, slot, ids, size, offsets, ROWS));
        break;
    case 6:
        UT_OK(urn_slots_prompt(st, slots, NULL, ids, size, offsets, SLOTS - 2));
        break;
    case 7:
        UT_OK(urn_slots_mirostat(st, slots, slot, logprob, STRIDE, accepted, ROWS, 3.3f, 0.1f));
        break;
    default:
        UT_OK(urn_slots_mirostat(st, slots, NULL, logprob, STRIDE, NULL, SLOTS, 5.0f, -0.7f));
        break;
    }
}

/* One history of calls; the state after each goes to out[]. */
static void play(urn_backend_kind kind, const shape *sh, uint64_t seed, state *out) {
    urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
    ctx.backend = kind, ctx.threads = 2, ctx.lane_order = (int32_t)(seed % 3);
    ut_bed *bed = ut_open_with(&ctx);
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = SLOTS, params.history = sh->history, params.counts = sh->counts;
    params.prompt_cols = sh->prompt_cols, params.mu = 6.5f;
    urn_slots *slots;
    urn_slots_view view;
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    UT_OK(urn_slots_get_view(slots, &view));
    UT_ASSERT(view.count_slots <= MOST_PLACES && view.prompt_words <= MOST_WORDS, "room in the test's state");
    ut_rng rng = ut_rng_make(seed);
    for (int call = 0; call < CALLS; call++) {
        static inputs in;
        make_inputs(&rng, sh, &in);
        one_call(bed, slots, (int)ut_below(&rng, 9), &in);
        download(bed, &view, out + call);
        if (call == 17) UT_OK(urn_slots_reset(bed->stream, slots, NULL, 0));
    }
    urn_slots_destroy(slots);
    ut_close(bed);
}

#define SAME(member, count, what) UT_SAME_BITS(cpu[call].member, simt[call].member, count, what)

/* property  the same calls leave the same words on cpu and simt
 * why       rows that name one slot twice must append in row order, rings must wrap, tables depend on the order in
 *           which ids came and stop at their room, gather must not overtake itself
 * shapes    nothing kept, one of each, rows longer and shorter than the ring, tables that overflow, no prompt set  */
START_TEST(the_same_calls_leave_the_same_state) {
    static state cpu[CALLS], simt[CALLS];
    const shape *sh = shapes + _i;
    if (!ut_has_backend(URN_BACKEND_SIMT)) return;
    for (uint64_t seed = 1; seed <= (uint64_t)ut_loops(6); seed++) {
        ut_note("shape %d seed %d", (int)_i, (int)seed);
        play(URN_BACKEND_CPU, sh, seed, cpu);
        play(URN_BACKEND_SIMT, sh, seed, simt);
        for (int call = 0; call < CALLS; call++) {
            SAME(position, SLOTS, "positions");
            SAME(length, SLOTS, "lengths");
            SAME(counted, SLOTS, "distinct ids");
            SAME(overflow, SLOTS, "overflows");
            SAME(mu, SLOTS, "mu");
            SAME(newest, SLOTS * 16, "histories");
            SAME(count_id, SLOTS * MOST_PLACES, "tables' ids");
            SAME(count_n, SLOTS * MOST_PLACES, "tables' counts");
            SAME(prompt, SLOTS * MOST_WORDS, "prompt sets");
        }
    }
}
END_TEST

Suite *parity_slots_suite(void);
Suite *parity_slots_suite(void) {
    Suite *suite = suite_create("parity_slots");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_add_loop_test(tcase, the_same_calls_leave_the_same_state, 0, SHAPES);
    suite_add_tcase(suite, tcase);
    return suite;
}
