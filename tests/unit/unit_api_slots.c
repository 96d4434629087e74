/* unit_api_slots.c - reset, commit and gather against a model that keeps every token. */
#include "tests/urn_test.h"

enum { MOST_SLOTS = 9, MOST_TOKENS = 400 };

/* All tokens of all slots since their reset. */
typedef struct model {
    int32_t slots, history;
    int64_t count[MOST_SLOTS];
    int32_t token[MOST_SLOTS][MOST_TOKENS];
} model;

static void model_commit(model *m, const int32_t *slot, const int32_t *ids, int64_t stride, const int32_t *accepted,
                         int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot ? slot[r] : r, n = accepted ? accepted[r] : 1;
        if (s < 0 || s >= m->slots) continue;
        if (n > stride) n = stride;
        for (int64_t j = 0; j < n && ids[r * stride + j] >= 0; j++) m->token[s][m->count[s]++] = ids[r * stride + j];
    }
}

static void model_reset(model *m, const int32_t *slot, int64_t n) {
    for (int64_t i = 0; i < (slot ? n : m->slots); i++) {
        int64_t s = slot ? slot[i] : i;
        if (s >= 0 && s < m->slots) m->count[s] = 0;
    }
}

static void model_gather(model *m, const int32_t *ancestors) {
    static model before;
    before = *m;
    for (int32_t s = 0; s < m->slots; s++) {
        int32_t a = ancestors[s];
        if (a < 0 || a >= m->slots) continue;
        m->count[s] = before.count[a];
        memcpy(m->token[s], before.token[a], sizeof m->token[s]);
    }
}

/* Device state as slots.h describes it: position, and the newest `history` tokens in a ring. */
static void check_model(ut_bed *bed, const model *m, urn_slots *slots, const char *after) {
    urn_slots_view view;
    uint32_t position[MOST_SLOTS];
    int32_t *ring = ut_malloc(4 * (size_t)m->slots * (size_t)(m->history + 1));
    urn_buffer *copy;
    size_t ring_bytes = 4 * (size_t)m->slots * (size_t)m->history;
    UT_OK(urn_slots_get_view(slots, &view));
    UT_ASSERT(view.slots == m->slots && view.history == m->history, "the view's sizes");
    UT_ASSERT((((uintptr_t)view.now.position | (uintptr_t)view.now.ids | (uintptr_t)view.shadow.position |
                (uintptr_t)view.shadow.ids) &
               255) == 0,
              "an array of the state is not 256-aligned");
    /* device memory that is not a buffer's is read by way of one */
    UT_OK(urn_buffer_create(bed->ctx, URN_HOST, 4 * MOST_SLOTS + ring_bytes, &copy));
    UT_OK(urn_buffer_write(bed->stream, copy, 0, view.now.position, 4 * (size_t)m->slots));
    if (ring_bytes) UT_OK(urn_buffer_write(bed->stream, copy, 4 * MOST_SLOTS, view.now.ids, ring_bytes));
    UT_OK(urn_stream_sync_host(bed->stream));
    memcpy(position, urn_buffer_data(copy), 4 * (size_t)m->slots);
    memcpy(ring, (char *)urn_buffer_data(copy) + 4 * MOST_SLOTS, ring_bytes);
    for (int32_t s = 0; s < m->slots; s++) {
        UT_ASSERT((int64_t)position[s] == m->count[s], "after %s: position of slot %d is %u, wanted %lld", after, s,
                  position[s], (long long)m->count[s]);
        for (int64_t t = m->count[s] > m->history ? m->count[s] - m->history : 0; t < m->count[s]; t++)
            UT_ASSERT(ring[s * m->history + t % m->history] == m->token[s][t],
                      "after %s: slot %d token %lld is %d, wanted %d", after, s, (long long)t,
                      ring[s * m->history + t % m->history], m->token[s][t]);
    }
    urn_buffer_destroy(copy);
    free(ring);
}

static int32_t a_slot(ut_rng *rng, int32_t slots) {
    return (int32_t)ut_below(rng, slots + 3) - 2; /* two past, -2, -1 */
}

static void commit_once(ut_bed *bed, ut_rng *rng, model *m, urn_slots *slots) {
    int64_t rows = ut_below(rng, 14), stride = 1 + ut_below(rng, 6);
    int32_t slot[16], accepted[16], ids[16 * 6];
    int named = (int)ut_below(rng, 4), counted = (int)ut_below(rng, 3);
    if (!named && rows > m->slots) rows = m->slots;
    for (int64_t r = 0; r < rows; r++) {
        slot[r] = a_slot(rng, m->slots);
        accepted[r] = (int32_t)ut_below(rng, stride + 4) - 2; /* below 0 and past the stride too */
    }
    for (int64_t i = 0; i < rows * stride; i++) ids[i] = (int32_t)ut_below(rng, 1000) - (ut_below(rng, 9) ? 0 : 1000);
    const int32_t *s = named ? slot : NULL, *a = counted ? accepted : NULL;
    model_commit(m, s, ids, stride, a, rows);
    const int32_t *none = ut_upload(bed, ids, 4);
    UT_OK(urn_slots_commit(bed->stream, slots, s ? (rows ? ut_upload(bed, s, 4 * (size_t)rows) : none) : NULL,
                           rows ? ut_upload(bed, ids, 4 * (size_t)(rows * stride)) : none, stride,
                           a && rows ? ut_upload(bed, a, 4 * (size_t)rows) : NULL, rows));
}

/* property  any order of the three calls leaves what the model has
 * why       duplicates in one commit, rings that overflow in one commit, rejected rows, ancestors that chain
 * shapes    1 to 9 slots, histories 0 (none), 1, 2, 5 (rings that wrap in one commit), 64 (never full) */
START_TEST(random_walks_match_the_model) {
    static const int32_t histories[] = {0, 1, 2, 5, 64};
    FOR_EACH_BACKEND(kind) {
        int walks = ut_loops(kind == URN_BACKEND_SIMT ? 10 : 60);
        ut_bed *bed = ut_open(kind);
        for (int walk = 0; walk < walks; walk++) {
            ut_rng rng = ut_rng_make(1000 + (uint64_t)walk);
            model *m = calloc(1, sizeof *m);
            urn_slots_params params = URN_SLOTS_PARAMS_INIT;
            urn_slots *slots;
            params.slots = m->slots = 1 + walk % MOST_SLOTS;
            params.history = m->history = histories[walk % 5];
            UT_OK(urn_slots_create(bed->ctx, &params, &slots));
            ut_note("%s, walk %d, %d slots, history %d", urn_backend_name(kind), walk, m->slots, m->history);
            check_model(bed, m, slots, "create");
            for (int step = 0; step < 12; step++) {
                int32_t list[MOST_SLOTS + 3], n = 1 + (int32_t)ut_below(&rng, 3);
                int64_t most = 0;
                for (int32_t s = 0; s < m->slots; s++) most = m->count[s] > most ? m->count[s] : most;
                int op = (int)ut_below(&rng, 8);
                if (most > MOST_TOKENS - 14 * 6) op = 7;
                for (int32_t i = 0; i < MOST_SLOTS + 3; i++) list[i] = a_slot(&rng, m->slots);
                if (op < 5) {
                    commit_once(bed, &rng, m, slots);
                    check_model(bed, m, slots, "commit");
                } else if (op == 5) {
                    model_gather(m, list);
                    UT_OK(urn_slots_gather(bed->stream, slots, ut_upload(bed, list, 4 * (size_t)m->slots)));
                    check_model(bed, m, slots, "gather");
                } else if (op == 6) {
                    model_reset(m, list, n);
                    UT_OK(urn_slots_reset(bed->stream, slots, ut_upload(bed, list, 4 * (size_t)n), n));
                    check_model(bed, m, slots, "reset of some");
                } else {
                    model_reset(m, NULL, 0);
                    UT_OK(urn_slots_reset(bed->stream, slots, NULL, -5)); /* n is ignored */
                    check_model(bed, m, slots, "reset of all");
                }
                ut_clear(bed);
            }
            urn_slots_destroy(slots);
            free(m);
        }
        ut_close(bed);
    }
}
END_TEST

/* Words of one half of the state, by the words of slots.h. */
static size_t least_words(const urn_slots_params *p) {
    size_t places = 0;
    if (p->counts)
        for (places = 1; places < 2 * (size_t)p->counts;) places *= 2;
    return (size_t)p->slots * (5 + (size_t)p->history + 2 * places + ((size_t)p->prompt_cols + 31) / 32);
}

/* property  the size is pure, monotone in each member, and enough for what slots.h says, with each array's end rounded
 *           up; 2^20 slots of 2^20 do not overflow */
START_TEST(bytes_are_pure_and_monotone) {
    static const int32_t values[] = {0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 1000, 1 << 16, 1 << 20};
    enum { VALUES = sizeof values / sizeof *values };
    urn_slots_params p = URN_SLOTS_PARAMS_INIT;
    int32_t *const members[] = {&p.slots, &p.history, &p.counts, &p.prompt_cols};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2 * VALUES; j++) {
            size_t before = 0;
            p.slots = values[1 + j % (VALUES - 1)], p.history = values[j * 5 % VALUES];
            p.counts = values[j * 7 % VALUES], p.prompt_cols = values[j * 11 % VALUES];
            for (int v = i == 0; v < VALUES; v++) {
                *members[i] = values[v];
                size_t bytes = urn_slots_bytes(&p), least = 8 * least_words(&p);
                ut_note("%d slots, history %d, counts %d, prompt_cols %d: %zu bytes", p.slots, p.history, p.counts,
                        p.prompt_cols, bytes);
                UT_ASSERT(bytes >= least && bytes < least + 18 * 256, "wanted %zu and up to 4608 more", least);
                UT_ASSERT(bytes == urn_slots_bytes(&p) && bytes >= before, "not pure or not monotone");
                before = bytes;
            }
        }
}
END_TEST

/* property  the view has the sizes of slots.h, and arrays of its two halves that are aligned and do not overlap */
START_TEST(arrays_of_the_state_lie_apart) {
    urn_slots_params p = URN_SLOTS_PARAMS_INIT;
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    urn_slots *slots;
    urn_slots_view view;
    p.slots = 3, p.history = 70, p.counts = 5, p.prompt_cols = 100;
    UT_OK(urn_slots_create(bed->ctx, &p, &slots));
    UT_OK(urn_slots_get_view(slots, &view));
    UT_ASSERT(view.counts == 5 && view.count_slots == 16 && view.prompt_cols == 100 && view.prompt_words == 4 &&
                  view.mu == 10.0f,
              "%d places, %d words", view.count_slots, view.prompt_words);
    const urn_slots_state *half[2] = {&view.now, &view.shadow};
    uintptr_t begin[18], end[18];
    for (int h = 0; h < 2; h++) {
        const void *arrays[9] = {half[h]->position, half[h]->length,  half[h]->ids,
                                 half[h]->count_id, half[h]->count_n, half[h]->counted,
                                 half[h]->overflow, half[h]->prompt,  half[h]->mu};
        static const size_t words[9] = {3, 3, 210, 48, 48, 3, 3, 12, 3};
        for (int i = 0; i < 9; i++)
            begin[9 * h + i] = (uintptr_t)arrays[i], end[9 * h + i] = begin[9 * h + i] + 4 * words[i];
    }
    for (int i = 0; i < 18; i++) {
        UT_ASSERT(begin[i] && begin[i] % 256 == 0, "array %d", i);
        for (int j = 0; j < i; j++)
            UT_ASSERT(end[i] <= begin[j] || end[j] <= begin[i], "arrays %d and %d overlap", i, j);
        UT_ASSERT(end[i] - begin[0] <= urn_slots_bytes(&p), "array %d passes the end", i);
    }
    urn_slots_destroy(slots);
    p.counts = 8;
    UT_OK(urn_slots_create(bed->ctx, &p, &slots));
    UT_OK(urn_slots_get_view(slots, &view));
    UT_ASSERT(view.count_slots == 16, "%d places for 8 counts", view.count_slots);
    urn_slots_destroy(slots);
    ut_close(bed);
}
END_TEST

Suite *unit_api_slots_suite(void) {
    Suite *suite = suite_create("unit_api_slots");
    TCase *tcase = tcase_create("slots");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, random_walks_match_the_model);
    tcase_add_test(tcase, bytes_are_pure_and_monotone);
    tcase_add_test(tcase, arrays_of_the_state_lie_apart);
    suite_add_tcase(suite, tcase);
    return suite;
}
