/* unit_bits_slots.c - plain-C slots after random calls, against a model that keeps everything; contexts read from them.
 */
#include <math.h>

#include "host/cpu/cpu_calls.h"
#include "host/cpu/cpu_context.h"
#include "tests/urn_test.h"
#include "urn/bits.h"

#define SLOTS 5
#define COLS 70 /* of the prompt's set */
#define LONGEST 4096

/* All that a slot has seen. */
typedef struct {
    int32_t ids[LONGEST]; /* context */
    int32_t length, outputs, overflow;
    int32_t output[LONGEST];
    unsigned char prompt[COLS];
    float mu;
} model;

typedef struct {
    urn_slots_view view;
    model slot[SLOTS];
    void *memory[18];
    int used;
} bench;

static void *take(bench *b, size_t bytes) {
    void *p = ut_malloc(bytes + 1);
    memset(p, 0xca, bytes + 1);
    return b->memory[b->used++] = p;
}

static urn_slots_state make_state(bench *b) {
    urn_slots_state s;
    size_t places = (size_t)b->view.count_slots;
    s.position = take(b, SLOTS * 4);
    s.length = take(b, SLOTS * 4);
    s.ids = take(b, SLOTS * 4 * (size_t)b->view.history);
    s.count_id = take(b, SLOTS * 4 * places);
    s.count_n = take(b, SLOTS * 4 * places);
    s.counted = take(b, SLOTS * 4);
    s.overflow = take(b, SLOTS * 4);
    s.prompt = take(b, SLOTS * 4 * (size_t)b->view.prompt_words);
    s.mu = take(b, SLOTS * 4);
    return s;
}

static bench *make_bench(int32_t history, int32_t counts, int32_t prompt_cols) {
    bench *b = ut_malloc(sizeof *b);
    memset(b, 0, sizeof *b);
    b->view.slots = SLOTS;
    b->view.history = history;
    b->view.counts = counts;
    b->view.count_slots = counts ? 1 : 0;
    while (b->view.count_slots < 2 * counts) b->view.count_slots *= 2;
    b->view.prompt_cols = prompt_cols;
    b->view.prompt_words = (prompt_cols + 31) / 32;
    b->view.mu = 7.5f;
    b->view.now = make_state(b);
    b->view.shadow = make_state(b);
    return b;
}

static void free_bench(bench *b) {
    for (int i = 0; i < b->used; i++) free(b->memory[i]);
    free(b);
}

static void model_reset(model *m) {
    memset(m, 0, sizeof *m);
    m->mu = 7.5f;
}

static void model_append(model *m, int32_t id) { m->ids[m->length++] = id; }

static int count_of(const model *m, int32_t id, int32_t before) {
    int n = 0;
    for (int32_t i = 0; i < before; i++) n += m->output[i] == id;
    return n;
}

static void model_commit(const bench *b, model *m, int32_t id) {
    int distinct = 0;
    for (int32_t i = 0; i < m->outputs; i++) distinct += count_of(m, m->output[i], i) == 0;
    model_append(m, id);
    if (b->view.counts && !count_of(m, id, m->outputs) && distinct >= b->view.counts) m->overflow = 1;
    m->output[m->outputs++] = id;
}

/* Ids that collide in the table, tiny ones, and the largest. */
static int32_t random_id(ut_rng *rng) {
    static const int32_t rare[] = {INT32_MAX, INT32_MAX - 1, 1 << 22, COLS, COLS - 1};
    return ut_below(rng, 8) ? (int32_t)ut_below(rng, 24) : rare[ut_below(rng, 5)];
}

static int32_t random_slot(ut_rng *rng) { return (int32_t)ut_below(rng, SLOTS + 2) - 1; }
static int is_slot(int32_t s) { return s >= 0 && s < SLOTS; }

static void commit(bench *b, ut_rng *rng) {
    int32_t slot[6], ids[6 * 3], accepted[6], rows = (int32_t)ut_below(rng, 7);
    int by_row = ut_below(rng, 3) == 0, all = ut_below(rng, 3) == 0;
    if (by_row && rows > SLOTS) rows = SLOTS;
    for (int32_t r = 0; r < rows; r++) {
        slot[r] = by_row ? r : random_slot(rng);
        accepted[r] = (int32_t)ut_below(rng, 7) - 1;
        for (int j = 0; j < 3; j++) ids[3 * r + j] = ut_below(rng, 9) ? random_id(rng) : -(int32_t)ut_below(rng, 3) - 1;
    }
    urnc_slots_commit(&b->view, by_row ? NULL : slot, ids, 3, all ? NULL : accepted, rows);
    for (int32_t r = 0; r < rows; r++)
        for (int j = 0; is_slot(slot[r]) && j < 3 && j < (all ? 1 : accepted[r]) && ids[3 * r + j] >= 0; j++)
            model_commit(b, &b->slot[slot[r]], ids[3 * r + j]);
}

static void prompt(bench *b, ut_rng *rng) {
    int32_t slot[4], ids[40];
    int64_t offsets[5], rows = ut_below(rng, 5), size = 40;
    for (int i = 0; i < 40; i++) ids[i] = ut_below(rng, 9) ? random_id(rng) : -(int32_t)ut_below(rng, 3) - 1;
    offsets[0] = ut_below(rng, 4);
    for (int64_t r = 0; r < rows; r++) {
        slot[r] = random_slot(rng);
        offsets[r + 1] = ut_below(rng, 6) ? offsets[r] + ut_below(rng, 9) : ut_below(rng, 44) - 2;
    }
    urnc_slots_prompt(&b->view, slot, ids, size, offsets, rows);
    for (int64_t r = 0; r < rows; r++) {
        if (!is_slot(slot[r]) || offsets[r] < 0 || offsets[r + 1] < offsets[r] || offsets[r + 1] > size) continue;
        for (int64_t j = offsets[r]; j < offsets[r + 1]; j++) {
            model_append(&b->slot[slot[r]], ids[j]);
            if (ids[j] >= 0 && ids[j] < b->view.prompt_cols) b->slot[slot[r]].prompt[ids[j]] = 1;
        }
    }
}

static void mirostat(bench *b, ut_rng *rng) {
    int32_t slot[4], accepted[4], rows = (int32_t)ut_below(rng, 5);
    float logprob[4 * 2], tau = 3.0f, eta = 0.1f;
    for (int32_t r = 0; r < rows; r++) {
        slot[r] = random_slot(rng);
        accepted[r] = (int32_t)ut_below(rng, 5) - 1;
        for (int j = 0; j < 2; j++) logprob[2 * r + j] = ut_below(rng, 5) ? -10.0f * (float)ut_uniform(rng) : NAN;
    }
    urnc_slots_mirostat(&b->view, slot, logprob, 2, accepted, rows, tau, eta);
    for (int32_t r = 0; r < rows; r++)
        for (int j = 0; is_slot(slot[r]) && j < 2 && j < accepted[r]; j++) {
            volatile float S = logprob[2 * r + j] * -URN_LOG2E, over = S - tau, step = eta * over;
            if (S == S) b->slot[slot[r]].mu = b->slot[slot[r]].mu - step;
        }
}

static void reset(bench *b, ut_rng *rng) {
    int32_t slot[2] = {random_slot(rng), random_slot(rng)};
    urnc_slots_reset(&b->view, slot, 2);
    for (int i = 0; i < 2; i++)
        if (is_slot(slot[i])) model_reset(&b->slot[slot[i]]);
}

static void gather(bench *b, ut_rng *rng) {
    int32_t ancestors[SLOTS];
    model *old = ut_malloc(sizeof b->slot);
    memcpy(old, b->slot, sizeof b->slot);
    for (int s = 0; s < SLOTS; s++) ancestors[s] = random_slot(rng);
    urnc_slots_gather(&b->view, ancestors);
    for (int s = 0; s < SLOTS; s++)
        if (is_slot(ancestors[s])) b->slot[s] = old[ancestors[s]];
    free(old);
}

static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

static void check_slot(const bench *b, int s) {
    const urn_slots_view *v = &b->view;
    const model *m = &b->slot[s];
    int32_t kept = smaller(m->length, v->history);
    UT_ASSERT(v->now.position[s] == (uint32_t)m->outputs, "position %u of slot %d", v->now.position[s], s);
    UT_ASSERT(v->now.length[s] == (uint32_t)m->length, "length %u of slot %d", v->now.length[s], s);
    UT_SAME_BITS(&v->now.mu[s], &m->mu, 1, "mu");
    for (int32_t t = m->length - kept; t < m->length; t++)
        UT_ASSERT(v->now.ids[s * v->history + t % v->history] == m->ids[t], "id %d of slot %d", t, s);
    for (int32_t id = 0; id < COLS; id++) {
        int has = id < v->prompt_cols && (v->now.prompt[s * v->prompt_words + id / 32] >> (id % 32) & 1);
        UT_ASSERT(has == m->prompt[id], "prompt has %d: %d", id, has);
    }
    if (!v->counts) return;
    UT_ASSERT(v->now.overflow[s] == (uint32_t)m->overflow, "overflow %u of slot %d", v->now.overflow[s], s);
    for (int32_t i = 0; !m->overflow && i < m->outputs; i++)
        UT_ASSERT((int)urnc_slot_count(v, s, m->output[i]) == count_of(m, m->output[i], m->outputs), "count of %d",
                  m->output[i]);
    UT_ASSERT(urnc_slot_count(v, s, 9999) == 0, "an id that never came has a count");
}

static void check_context(const bench *b, int s) {
    const model *m = &b->slot[s];
    int32_t overlay[3 * SLOTS], drafts[SLOTS], kept = smaller(m->length, b->view.history);
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    for (int i = 0; i < 3 * SLOTS; i++) overlay[i] = 1000 + i;
    for (int i = 0; i < SLOTS; i++) drafts[i] = 2 * i - 1; /* -1, 1, 3, 5, 7 */
    p.overlay = overlay, p.overlay_count = drafts, p.overlay_stride = 3;
    urnc_context h = urnc_context_of(&p, &b->view, s, s);
    int32_t more = drafts[s] < 0 ? 0 : smaller(drafts[s], 3);
    UT_ASSERT(urnc_context_size(&h) == kept + more, "context of %d", (int)urnc_context_size(&h));
    for (int32_t i = 0; i < kept + more; i++) {
        int32_t wanted = i < kept ? m->ids[m->length - kept + i] : overlay[3 * s + i - kept];
        UT_ASSERT(urnc_context_at(&h, i) == wanted, "id %d of the context", i);
    }
}

/* property  after any sequence of calls, every member of every slot is what a model that keeps everything says
 * shapes    rings, tables and prompts of no, few and enough places; slots named twice, out of range, by row */
START_TEST(slots_remember_what_a_naive_model_does) {
    static const int32_t history[] = {0, 1, 7, 64}, counts[] = {0, 1, 5, 40}, prompts[] = {0, 33, COLS};
    for (uint64_t seed = 0; seed < 48; seed++) {
        ut_rng rng = ut_rng_make(seed);
        bench *b = make_bench(history[seed % 4], counts[seed / 4 % 4], prompts[seed / 16]);
        ut_note("seed %d", (int)seed);
        urnc_slots_reset(&b->view, NULL, 0);
        for (int s = 0; s < SLOTS; s++) model_reset(&b->slot[s]);
        for (int step = 0; step < 60; step++) {
            int64_t what = ut_below(&rng, 12);
            if (what < 6)
                commit(b, &rng);
            else if (what < 8)
                prompt(b, &rng);
            else if (what < 10)
                mirostat(b, &rng);
            else if (what < 11)
                reset(b, &rng);
            else
                gather(b, &rng);
            for (int s = 0; s < SLOTS; s++) check_slot(b, s), check_context(b, s);
        }
        free_bench(b);
    }
}
END_TEST

typedef struct {
    const int32_t *a;
    int64_t N, from, limit;
    int64_t seen; /* i of the last call */
    int64_t calls;
} match_check;

static int64_t slow_match(const match_check *c, int64_t i) {
    int64_t m = 0;
    while (m < c->limit && m < i + 1 - c->from && c->a[i - m] == c->a[c->N - 1 - m]) m++;
    return m;
}

static void check_match(void *argument, int32_t id, int64_t m) {
    match_check *c = argument;
    int64_t i = c->seen - 1;
    while (i >= c->from && slow_match(c, i) == 0) i--;
    UT_ASSERT(i >= c->from && slow_match(c, i) == m && c->a[i + 1] == id, "match %d at %d, not %d", (int)m, (int)i,
              (int)slow_match(c, i));
    c->seen = i;
    c->calls++;
}

/* property  every repetition is found once, with its length, by windows shorter and longer than what the search keeps
 * shapes    all equal; periods of 1 to 3 letters; a long block told again, broken in places, beyond URNC_MATCHES */
START_TEST(matches_are_those_of_comparing_every_place) {
    enum { N = 3 * URNC_MATCHES };
    int32_t *a = ut_malloc(N * sizeof *a);
    for (int c = 0; c < 60; c++) {
        ut_rng rng = ut_rng_make((uint64_t)c);
        int long_one = c >= 54;
        int64_t n = long_one ? N - c : ut_below(&rng, 90), period = long_one ? N / 2 - 7 * c : 1 + ut_below(&rng, 12);
        for (int64_t i = 0; i < n; i++) a[i] = i < period ? (int32_t)ut_below(&rng, 1 + c % 4) : a[i - period];
        for (int k = 0; k < c % 5; k++)
            if (n) a[ut_below(&rng, n)] = (int32_t)ut_below(&rng, 3);
        int64_t kept = ut_below(&rng, n + 1);
        urnc_context h = {a, (uint32_t)(kept ? kept : 1), 0, kept, a + kept, n - kept};
        match_check m = {a, n, c % 3 ? 0 : ut_below(&rng, n / 2 + 1), c % 7 ? n : 1 + ut_below(&rng, 6), n - 1, 0};
        ut_note("case %d: %d ids, period %d, from %d, limit %d", c, (int)n, (int)period, (int)m.from, (int)m.limit);
        urnc_context_matches(&h, m.from, m.limit, check_match, &m);
        for (int64_t i = m.seen - 1; i >= m.from; i--)
            UT_ASSERT(slow_match(&m, i) == 0, "a match at %d is lost", (int)i);
        UT_ASSERT(c < 30 || m.calls > 0 || n < 20, "no match at all");
    }
    free(a);
}
END_TEST

Suite *unit_bits_slots_suite(void);
Suite *unit_bits_slots_suite(void) {
    Suite *suite = suite_create("unit_bits_slots");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, slots_remember_what_a_naive_model_does);
    tcase_add_test(cpu, matches_are_those_of_comparing_every_place);
    suite_add_tcase(suite, cpu);
    return suite;
}
