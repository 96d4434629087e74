/* unit_api_slots.c - the calls that move slots, against a model that keeps every id. */
#include <math.h>

#include "tests/urn_test.h"

enum { MOST_SLOTS = 9, MOST_IDS = 600, VOCABULARY = 97 };

/* What a slot went through since its reset. */
typedef struct slot_model {
    int64_t length, outputs;
    int32_t id[MOST_IDS]; /* prompt and output */
    int32_t times[VOCABULARY], distinct, overflow;
    int8_t in_prompt[VOCABULARY];
    float mu;
} slot_model;

typedef struct model {
    urn_slots_params params;
    slot_model slot[MOST_SLOTS];
} model;

static void reset_one(model *m, int64_t s) {
    memset(&m->slot[s], 0, sizeof m->slot[s]);
    m->slot[s].mu = m->params.mu;
}

static int exists(const model *m, int64_t s) { return s >= 0 && s < m->params.slots; }

static void append(slot_model *s, int32_t id) { s->id[s->length++] = id; }

static void say(const model *m, slot_model *s, int32_t id) {
    append(s, id);
    s->outputs++;
    if (s->times[id] == 0 && s->distinct == m->params.counts)
        s->overflow = 1;
    else {
        s->distinct += s->times[id] == 0;
        s->times[id]++;
    }
}

static void model_commit(model *m, const int32_t *slot, const int32_t *ids, int64_t stride, const int32_t *accepted,
                         int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot ? slot[r] : r, n = accepted ? accepted[r] : 1;
        if (!exists(m, s)) continue;
        if (n > stride) n = stride;
        for (int64_t j = 0; j < n && ids[r * stride + j] >= 0; j++) say(m, &m->slot[s], ids[r * stride + j]);
    }
}

static void model_prompt(model *m, const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                         int64_t rows) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot ? slot[r] : r;
        if (!exists(m, s) || offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size) continue;
        for (int64_t i = offsets[r]; i < offsets[r + 1]; i++) {
            append(&m->slot[s], ids[i]);
            if (ids[i] >= 0 && ids[i] < m->params.prompt_cols) m->slot[s].in_prompt[ids[i]] = 1;
        }
    }
}

/* f32 operations one by one: volatile keeps a compiler from fusing them. */
static void model_mirostat(model *m, const int32_t *slot, const float *logprob, int64_t stride, const int32_t *accepted,
                           int64_t rows, float tau, float eta) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t s = slot ? slot[r] : r, n = accepted ? accepted[r] : 1;
        if (!exists(m, s)) continue;
        if (n > stride) n = stride;
        for (int64_t j = 0; j < n; j++) {
            volatile float surprise = logprob[r * stride + j] * -URN_LOG2E;
            volatile float error = surprise - tau, by = eta * error;
            if (surprise == surprise) m->slot[s].mu = m->slot[s].mu - by;
        }
    }
}

static void model_reset(model *m, const int32_t *slot, int64_t n) {
    for (int64_t i = 0; i < (slot ? n : m->params.slots); i++) {
        int64_t s = slot ? slot[i] : i;
        if (exists(m, s)) reset_one(m, s);
    }
}

static void model_gather(model *m, const int32_t *ancestors) {
    static model before;
    before = *m;
    for (int32_t s = 0; s < m->params.slots; s++)
        if (exists(m, ancestors[s])) m->slot[s] = before.slot[ancestors[s]];
}

/* Device memory that is no buffer's is read by way of one. */
static void *fetch(ut_bed *bed, const void *device, size_t bytes) {
    urn_buffer *copy;
    void *host = ut_malloc(bytes + 1);
    if (!bytes) return host;
    UT_OK(urn_buffer_create(bed->ctx, URN_HOST, bytes, &copy));
    UT_OK(urn_buffer_write(bed->stream, copy, 0, device, bytes));
    UT_OK(urn_stream_sync_host(bed->stream));
    memcpy(host, urn_buffer_data(copy), bytes);
    urn_buffer_destroy(copy);
    return host;
}

/* How often an id was committed, found as slots.h says. */
static uint32_t count_of(const urn_slots_view *v, const int32_t *id, const uint32_t *n, int32_t wanted) {
    for (int32_t i = 0; i < v->count_slots; i++) {
        int32_t h = (int32_t)(((uint32_t)wanted * 0x9E3779B1u % (uint32_t)v->count_slots + (uint32_t)i) %
                              (uint32_t)v->count_slots);
        if (id[h] == wanted + 1) return n[h];
        if (id[h] == 0) return 0;
    }
    return 0;
}

/* Device state as slots.h describes it. */
static void check_model(ut_bed *bed, const model *m, urn_slots *slots, const char *after) {
    urn_slots_view v;
    UT_OK(urn_slots_get_view(slots, &v));
    const size_t n = 4 * (size_t)v.slots;
    uint32_t *position = fetch(bed, v.now.position, n), *length = fetch(bed, v.now.length, n);
    uint32_t *counted = fetch(bed, v.now.counted, n), *overflow = fetch(bed, v.now.overflow, n);
    uint32_t *mu = fetch(bed, v.now.mu, n), *prompt = fetch(bed, v.now.prompt, n * (size_t)v.prompt_words);
    int32_t *ring = fetch(bed, v.now.ids, n * (size_t)v.history);
    int32_t *count_id = fetch(bed, v.now.count_id, n * (size_t)v.count_slots);
    uint32_t *count_n = fetch(bed, v.now.count_n, n * (size_t)v.count_slots);
    for (int32_t s = 0; s < v.slots; s++) {
        const slot_model *want = &m->slot[s];
        uint32_t want_mu;
        memcpy(&want_mu, &want->mu, 4);
        UT_ASSERT(position[s] == want->outputs && length[s] == want->length,
                  "after %s: slot %d at %u of %u, wanted %lld of %lld", after, s, position[s], length[s],
                  (long long)want->outputs, (long long)want->length);
        UT_ASSERT(mu[s] == want_mu, "after %s: mu of slot %d is %08x, wanted %08x", after, s, mu[s], want_mu);
        for (int64_t t = want->length > v.history ? want->length - v.history : 0; t < want->length; t++)
            UT_ASSERT(ring[s * v.history + t % v.history] == want->id[t], "after %s: slot %d id %lld is %d, wanted %d",
                      after, s, (long long)t, ring[s * v.history + t % v.history], want->id[t]);
        if (v.counts)
            UT_ASSERT((int32_t)counted[s] == want->distinct && (int32_t)overflow[s] == want->overflow,
                      "after %s: slot %d counted %u, overflow %u; wanted %d, %d", after, s, counted[s], overflow[s],
                      want->distinct, want->overflow);
        for (int32_t id = 0; id < VOCABULARY; id++) {
            uint32_t times =
                count_of(&v, count_id + (int64_t)s * v.count_slots, count_n + (int64_t)s * v.count_slots, id);
            UT_ASSERT(!v.counts || times == (uint32_t)want->times[id], "after %s: slot %d said %d %u times, wanted %d",
                      after, s, id, times, want->times[id]);
            if (id < v.prompt_cols)
                UT_ASSERT((int)(prompt[s * v.prompt_words + id / 32] >> id % 32 & 1) == want->in_prompt[id],
                          "after %s: slot %d, id %d in the prompt", after, s, id);
        }
    }
    free(position), free(length), free(counted), free(overflow), free(mu);
    free(prompt), free(ring), free(count_id), free(count_n);
}

static int32_t a_slot(ut_rng *rng, int32_t slots) {
    return (int32_t)ut_below(rng, slots + 3) - 2; /* two past, -2, -1 */
}

enum { ROWS = 14, STRIDE = 6 };

/* Arguments of one call on some rows. */
typedef struct rows_of {
    int64_t rows, stride, offsets[ROWS + 1];
    int32_t slot[ROWS], accepted[ROWS], ids[ROWS * STRIDE];
    float logprob[ROWS * STRIDE];
    const int32_t *s, *a; /* slot and accepted, or NULL */
} rows_of;

static rows_of some_rows(ut_rng *rng, const model *m) {
    rows_of x;
    x.rows = ut_below(rng, ROWS), x.stride = 1 + ut_below(rng, STRIDE);
    x.s = ut_below(rng, 4) ? x.slot : NULL, x.a = ut_below(rng, 3) ? x.accepted : NULL;
    if (!x.s && x.rows > m->params.slots) x.rows = m->params.slots;
    for (int64_t r = 0; r < ROWS; r++) {
        x.slot[r] = a_slot(rng, m->params.slots);
        x.accepted[r] = (int32_t)ut_below(rng, x.stride + 4) - 2; /* below 0 and past the stride too */
    }
    for (int64_t i = 0; i < ROWS * STRIDE; i++) {
        x.ids[i] = ut_below(rng, 9) ? (int32_t)ut_below(rng, VOCABULARY) : -1 - (int32_t)ut_below(rng, 9);
        x.logprob[i] = ut_below(rng, 9) ? -(float)(3 * ut_uniform(rng)) : (float)NAN;
    }
    x.offsets[0] = ut_below(rng, 2);
    for (int64_t r = 0; r < ROWS; r++) x.offsets[r + 1] = x.offsets[r] + ut_below(rng, 5);
    if (ut_below(rng, 4) == 0) x.offsets[ut_below(rng, ROWS + 1)] = ut_below(rng, 2) ? -3 : 1000; /* backwards, past */
    return x;
}

static const char *move_once(ut_bed *bed, ut_rng *rng, model *m, urn_slots *slots, int op) {
    rows_of x = some_rows(rng, m);
    x.s = x.s ? x.slot : NULL; /* of this copy */
    x.a = x.a ? x.accepted : NULL;
    const int32_t *ids = ut_upload(bed, x.ids, sizeof x.ids);
    const int32_t *s = x.s ? ut_upload(bed, x.slot, sizeof x.slot) : NULL;
    const int32_t *a = x.a ? ut_upload(bed, x.accepted, sizeof x.accepted) : NULL;
    const int64_t size = ROWS * STRIDE - 40;
    switch (op) {
    case 0:
        model_prompt(m, x.s, x.ids, size, x.offsets, x.rows);
        UT_OK(urn_slots_prompt(bed->stream, slots, s, ids, size, ut_upload(bed, x.offsets, sizeof x.offsets), x.rows));
        return "prompt";
    case 1:
        model_mirostat(m, x.s, x.logprob, x.stride, x.a, x.rows, 3.25f, 0.3f);
        UT_OK(urn_slots_mirostat(bed->stream, slots, s, ut_upload(bed, x.logprob, sizeof x.logprob), x.stride, a,
                                 x.rows, 3.25f, 0.3f));
        return "mirostat";
    case 2:
        model_gather(m, x.slot);
        UT_OK(urn_slots_gather(bed->stream, slots, ut_upload(bed, x.slot, sizeof x.slot)));
        return "gather";
    case 3:
        model_reset(m, x.slot, 2);
        UT_OK(urn_slots_reset(bed->stream, slots, ut_upload(bed, x.slot, sizeof x.slot), 2));
        return "reset of some";
    case 4:
        model_reset(m, NULL, 0);
        UT_OK(urn_slots_reset(bed->stream, slots, NULL, -5)); /* n is ignored */
        return "reset of all";
    default:
        model_commit(m, x.s, x.ids, x.stride, x.a, x.rows);
        UT_OK(urn_slots_commit(bed->stream, slots, s, ids, x.stride, a, x.rows));
        return "commit";
    }
}

/* property  any order of the five calls leaves what the model has
 * why       duplicates in one commit, rings that overflow in one commit, rejected rows, ancestors that chain, counts
 *           that fill up, probes that wrap, prompts past the vocabulary's set, offsets that run backwards
 * shapes    1 to 9 slots; histories 0 (none), 1, 2, 5 (rings that wrap in one commit), 64; counts 0, 1, 3, 40, 97;
 *           prompt sets of 0, 31, 64, 97 ids */
START_TEST(random_walks_match_the_model) {
    static const int32_t histories[] = {0, 1, 2, 5, 64}, counts[] = {40, 0, 3, 97, 1, 17}, prompts[] = {97, 0, 31, 64};
    FOR_EACH_BACKEND(kind) {
        int walks = ut_loops(kind == URN_BACKEND_SIMT ? 16 : 60);
        ut_bed *bed = ut_open(kind);
        for (int walk = 0; walk < walks; walk++) {
            ut_rng rng = ut_rng_make(1000 + (uint64_t)walk);
            model *m = calloc(1, sizeof *m);
            urn_slots *slots;
            m->params = (urn_slots_params)URN_SLOTS_PARAMS_INIT;
            m->params.slots = 1 + walk % MOST_SLOTS, m->params.history = histories[walk % 5];
            m->params.counts = counts[walk % 6], m->params.prompt_cols = prompts[walk % 4];
            m->params.mu = 0.5f * (float)walk;
            model_reset(m, NULL, 0);
            UT_OK(urn_slots_create(bed->ctx, &m->params, &slots));
            ut_note("%s, walk %d, %d slots, history %d, counts %d, prompt_cols %d", urn_backend_name(kind), walk,
                    m->params.slots, m->params.history, m->params.counts, m->params.prompt_cols);
            check_model(bed, m, slots, "create");
            for (int step = 0; step < 12; step++) {
                int64_t most = 0;
                for (int32_t s = 0; s < m->params.slots; s++)
                    if (m->slot[s].length > most) most = m->slot[s].length;
                int op = (int)ut_below(&rng, 11);
                check_model(bed, m, slots, move_once(bed, &rng, m, slots, most > MOST_IDS - ROWS * STRIDE ? 4 : op));
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
