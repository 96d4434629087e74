/* parity_slots.c - urn_slots moves to the same state on every backend: reset, commit, gather. */
#include "tests/urn_test.h"

enum { SLOTS = 21, ROWS = 70, STRIDE = 37 };

/* The visible state: positions, and the newest ids of each slot, oldest first; the rest -7. */
typedef struct state {
    uint32_t position[SLOTS];
    int32_t newest[SLOTS * 16];
} state;

static void download(ut_bed *bed, const urn_slots_view *v, state *out) {
    int32_t ring[SLOTS * 16];
    size_t bytes = 4 * (size_t)(v->slots * v->history);
    UT_OK(urn_stream_sync_host(bed->stream));
    memset(out, 0xf9, sizeof *out); /* device memory of cpu and simt is host memory */
    memcpy(out->position, v->now.position, sizeof out->position);
    memcpy(ring, v->now.ids, bytes);
    for (int s = 0; s < SLOTS; s++) {
        uint32_t held = out->position[s] < (uint32_t)v->history ? out->position[s] : (uint32_t)v->history;
        for (uint32_t i = 0; i < held; i++) {
            uint32_t t = out->position[s] - held + i;
            out->newest[s * v->history + (int32_t)i] = ring[s * v->history + (int32_t)(t % (uint32_t)v->history)];
        }
    }
}

/* One history of calls; the state after each goes to out[]. */
static void play(urn_backend_kind kind, int32_t history, uint64_t seed, state *out) {
    ut_bed *bed = ut_open(kind);
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = SLOTS, params.history = history;
    urn_slots *slots;
    urn_slots_view view;
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    UT_OK(urn_slots_get_view(slots, &view));
    ut_rng rng = ut_rng_make(seed);
    for (int call = 0; call < 12; call++) {
        int32_t slot[ROWS], ids[ROWS * STRIDE], accepted[ROWS], ancestors[SLOTS];
        for (int r = 0; r < ROWS; r++) {
            slot[r] = (int32_t)ut_below(&rng, SLOTS + 4) - 2; /* repeats, padding, out of range */
            accepted[r] = (int32_t)ut_below(&rng, 60) - 3;
            for (int i = 0; i < STRIDE; i++)
                ids[r * STRIDE + i] = ut_below(&rng, 50) ? (int32_t)ut_below(&rng, 999) : -1;
        }
        for (int s = 0; s < SLOTS; s++) ancestors[s] = (int32_t)ut_below(&rng, SLOTS + 3) - 1;
        const int32_t *device_slot = (const int32_t *)ut_upload(bed, slot, sizeof slot);
        const int32_t *device_ids = (const int32_t *)ut_upload(bed, ids, sizeof ids);
        const int32_t *device_accepted = (const int32_t *)ut_upload(bed, accepted, sizeof accepted);
        switch (call % 6) {
        case 0:
        case 2:
            UT_OK(urn_slots_commit(bed->stream, slots, device_slot, device_ids, STRIDE, device_accepted, ROWS));
            break;
        case 1:
            UT_OK(urn_slots_commit(bed->stream, slots, NULL, device_ids, STRIDE, NULL, SLOTS - 1));
            break;
        case 3:
            UT_OK(urn_slots_gather(bed->stream, slots, (const int32_t *)ut_upload(bed, ancestors, sizeof ancestors)));
            break;
        case 4:
            UT_OK(urn_slots_reset(bed->stream, slots, device_slot, 9));
            break;
        default:
            UT_OK(urn_slots_commit(bed->stream, slots, NULL, device_ids, 1, device_accepted, 3));
            break;
        }
        download(bed, &view, out + call);
        if (call == 10) UT_OK(urn_slots_reset(bed->stream, slots, NULL, 0));
    }
    urn_slots_destroy(slots);
    ut_close(bed);
}

/* property  the same calls leave the same positions and histories on cpu and simt
 * why       rows that name one slot twice must append in row order, rings must wrap, gather must not overtake itself
 * shapes    histories of 0, 1, 5 and 16 ids, rows longer and shorter than them  */
START_TEST(the_same_calls_leave_the_same_state) {
    static const int32_t histories[] = {0, 1, 5, 16};
    state cpu[12], simt[12];
    if (!ut_has_backend(URN_BACKEND_SIMT)) return;
    for (uint64_t seed = 1; seed < 6; seed++) {
        ut_note("history %d seed %d", (int)histories[_i], (int)seed);
        play(URN_BACKEND_CPU, histories[_i], seed, cpu);
        play(URN_BACKEND_SIMT, histories[_i], seed, simt);
        for (int call = 0; call < 12; call++) {
            UT_SAME_BITS(cpu[call].position, simt[call].position, SLOTS, "positions");
            UT_SAME_BITS(cpu[call].newest, simt[call].newest, SLOTS * histories[_i], "histories");
        }
    }
}
END_TEST

Suite *parity_slots_suite(void);
Suite *parity_slots_suite(void) {
    Suite *suite = suite_create("parity_slots");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_add_loop_test(tcase, the_same_calls_leave_the_same_state, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
