/* unit_api_sample.c - what urn_sample makes of its params before a backend sees them; workspace sizes. */
#include "tests/unit/unit_host_plant.h"

enum { ROWS = 6, COLS = 100 };

static float logits[ROWS * COLS];
static int32_t ids[ROWS];
static const int64_t offsets[ROWS + 1];
static urn_stream *stream;

static void setup(void) {
    plant_open();
    UT_OK(urn_stream_create(the_plant.ctx, urn_sample_workspace(NULL, ROWS, COLS), &stream));
}

static void teardown(void) {
    urn_stream_destroy(stream);
    plant_close();
}

static urn_sample_params least_params(void) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(logits, URN_F32, ROWS, COLS, 0);
    p.ids = ids;
    return p;
}

START_TEST(defaults_are_completed) {
    const urnk_sample_call *seen = &the_plant.seen;
    urn_sample_params p = least_params();
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->params.slots == ROWS, "slots %lld", (long long)seen->params.slots);
    UT_ASSERT(seen->params.logits.row_stride == COLS, "stride %lld", (long long)seen->params.logits.row_stride);
    UT_ASSERT(seen->lists.count == 1 && seen->lists.needs == 0, "%d lists, keeps %d", seen->lists.count,
              seen->lists.needs);
    UT_ASSERT(seen->lists.begin[0] == 0 && seen->lists.begin[1] == 0, "the plain list is not empty");
    UT_ASSERT(seen->state.slots == 0 && !seen->state.now.position, "a state from nowhere");
    UT_ASSERT((uintptr_t)seen->workspace % 256 == 0 && seen->workspace, "workspace %p", seen->workspace);
    UT_ASSERT(seen->workspace_bytes >= urn_sample_workspace(NULL, ROWS, COLS), "%zu bytes", seen->workspace_bytes);

    urn_slots *state;
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    urn_slots_view view;
    slots.slots = 40, slots.history = 3;
    UT_OK(urn_slots_create(the_plant.ctx, &slots, &state));
    UT_OK(urn_slots_get_view(state, &view));
    p.state = state;
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->params.slots == 40, "slots %lld", (long long)seen->params.slots);
    UT_ASSERT(memcmp(&seen->state, &view, sizeof view) == 0, "not the state's view");
    p.slots = 10;
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->params.slots == 10, "slots %lld", (long long)seen->params.slots);
    urn_slots_destroy(state);
}
END_TEST

/* property  what a caller left to the library is final when a backend sees it, and what nothing reads is gone */
START_TEST(defaults_of_whole_rows_are_completed) {
    static float wide[ROWS * (COLS + 3)];
    const urn_sample_params *seen = &the_plant.seen.params;
    urn_sample_params p = least_params();
    p.probs = wide, p.processed = wide;
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->probs_stride == COLS && seen->processed_stride == COLS, "strides %lld, %lld",
              (long long)seen->probs_stride, (long long)seen->processed_stride);
    p.probs_stride = COLS + 3, p.processed_stride = COLS + 2;
    p.top_n = 7, p.given = ids, p.given_stride = 1;
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->probs_stride == COLS + 3 && seen->processed_stride == COLS + 2, "strides were replaced");
    UT_ASSERT(seen->top_n == 0 && !seen->given, "top_n %d that nothing asks for", seen->top_n);
    p.top_logprob = wide, p.given_rank = ids, p.top_of = URN_LAW_DRAWN, p.method = URN_DRAW_GUMBEL;
    UT_OK(urn_sample(stream, &p));
    UT_ASSERT(seen->top_n == 7 && seen->top_of == 1 && seen->given == ids && seen->method == 1, "asked for");
}
END_TEST

/* property  any output alone is enough, but for the counts of distinct ids, which need those (abuse_sample_args.c) */
START_TEST(one_output_is_enough) {
    static const size_t outputs[] = {
#define MEMBER(name) offsetof(urn_sample_params, name)
        MEMBER(ids),
        MEMBER(logprob),
        MEMBER(logprob_raw),
        MEMBER(rank),
        MEMBER(lse),
        MEMBER(entropy),
        MEMBER(kept_count),
        MEMBER(kept_logmass),
        MEMBER(status),
        MEMBER(codes_out),
        MEMBER(distinct_id),
        MEMBER(given_logprob),
        MEMBER(given_logprob_raw),
        MEMBER(given_rank),
        MEMBER(top_id),
        MEMBER(top_logprob),
        MEMBER(summary),
        MEMBER(kept_bits),
        MEMBER(kept_ids),
        MEMBER(probs),
        MEMBER(processed),
#undef MEMBER
    };
    static uint64_t room[ROWS * COLS], codes[ROWS];
    void *at = room;
    urn_sample_params p = least_params();
    p.ids = NULL;
    p.codes = codes, p.given = ids, p.given_stride = 1, p.top_n = 1, p.kept_bits_stride = 4;
    p.kept_offsets = offsets;
    UT_IS(urn_sample(stream, &p), URN_E_NULL);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        urn_sample_params one = p;
        memcpy((char *)&one + outputs[i], &at, sizeof at);
        ut_note("output %zu", i);
        UT_OK(urn_sample(stream, &one));
    }
    UT_ASSERT(the_plant.samples == 21, "%d calls", the_plant.samples);
}
END_TEST

/* property  a run call asks the backend for its one operation: no memory, no wait, no question, no copy */
START_TEST(run_calls_only_enqueue) {
    urn_slots *state;
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    urn_sample_params p = least_params();
    slots.slots = ROWS;
    UT_OK(urn_slots_create(the_plant.ctx, &slots, &state));
    plant before = the_plant;
    urn_stream_stats stats = URN_STREAM_STATS_INIT, later = URN_STREAM_STATS_INIT;
    UT_OK(urn_stream_get_stats(stream, &stats));
    the_plant.capturing = 1; /* run calls are capturable */
    UT_OK(urn_sample(stream, &p));
    UT_OK(urn_slots_reset(stream, state, NULL, 0));
    UT_OK(urn_slots_commit(stream, state, NULL, ids, 1, NULL, ROWS));
    UT_OK(urn_slots_prompt(stream, state, NULL, ids, ROWS, offsets, 1));
    UT_OK(urn_slots_mirostat(stream, state, NULL, logits, 1, NULL, ROWS, 3.0f, 0.25f));
    UT_OK(urn_slots_gather(stream, state, ids));
    UT_OK(urn_stream_reserve(stream, 1));
    UT_ASSERT(the_plant.samples == 1 && the_plant.resets == before.resets + 1 && the_plant.commits == 1 &&
                  the_plant.prompts == 1 && the_plant.mirostats == 1 && the_plant.gathers == 1,
              "operations");
    UT_ASSERT(the_plant.tau == 3.0f && the_plant.eta == 0.25f, "tau %g, eta %g", (double)the_plant.tau,
              (double)the_plant.eta);
    UT_ASSERT(the_plant.gets == before.gets && the_plant.copies == before.copies && the_plant.zeros == before.zeros &&
                  the_plant.syncs == before.syncs && the_plant.asks == before.asks && the_plant.opens == before.opens,
              "a run call did more than enqueue");
    UT_OK(urn_stream_get_stats(stream, &later));
    UT_ASSERT(later.launches - stats.launches == 1 + 1 + 1 + 1 + 1 + 2, "%d launches",
              (int)(later.launches - stats.launches));
    UT_ASSERT(later.allocations == stats.allocations, "a run call allocated");
    the_plant.capturing = 0;

    p.logits.rows = 0; /* nothing to do is nothing enqueued */
    UT_OK(urn_sample(stream, &p));
    UT_OK(urn_slots_reset(stream, state, ids, 0));
    UT_OK(urn_slots_commit(stream, state, ids, ids, 1, NULL, 0));
    UT_OK(urn_slots_prompt(stream, state, ids, ids, 0, offsets, 0));
    UT_OK(urn_slots_mirostat(stream, state, ids, logits, 1, NULL, 0, 3.0f, 0.25f));
    UT_ASSERT(the_plant.samples == 1 && the_plant.resets == before.resets + 1 && the_plant.commits == 1 &&
                  the_plant.prompts == 1 && the_plant.mirostats == 1,
              "operations on no rows");
    urn_slots_destroy(state);
}
END_TEST

/* property  what a backend answers is what the call returns, with its text, and a failure is not a launch */
START_TEST(failures_of_the_backend_are_forwarded) {
    urn_slots *state;
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    urn_sample_params p = least_params();
    urn_stream_stats stats = URN_STREAM_STATS_INIT;
    slots.slots = ROWS;
    UT_OK(urn_slots_create(the_plant.ctx, &slots, &state));
    the_plant.next = URN_E_CUDA;
    UT_IS(urn_sample(stream, &p), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of sample");
    UT_IS(urn_slots_reset(stream, state, NULL, 0), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of slots_reset");
    UT_IS(urn_slots_commit(stream, state, NULL, ids, 1, NULL, ROWS), URN_E_CUDA);
    UT_IS(urn_slots_gather(stream, state, ids), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of slots_gather");
    UT_IS(urn_stream_sync_host(stream), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of stream_sync");
    the_plant.next = URN_OK;
    UT_OK(urn_stream_get_stats(stream, &stats));
    UT_ASSERT(stats.launches == 0, "%d launches", (int)stats.launches);
    urn_slots_destroy(state);
}
END_TEST

/* property  create calls whose copies fail give everything back, and the first failure's text survives the clean-up */
START_TEST(creates_give_back_what_they_took) {
    urn_list list = {NULL, 0};
    urn_sampler *sampler = (urn_sampler *)&list;
    urn_slots *slots = (urn_slots *)&list;
    urn_stream *other = (urn_stream *)&list;
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    int gets = the_plant.gets, puts = the_plant.puts;
    the_plant.next = URN_E_CUDA;
    UT_IS(urn_sampler_create(the_plant.ctx, &list, 1, &sampler), URN_E_CUDA);
    UT_IS(urn_slots_create(the_plant.ctx, &params, &slots), URN_E_CUDA);
    UT_IS(urn_stream_create(the_plant.ctx, 0, &other), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of stream_open");
    the_plant.opens_work = 1;
    UT_IS(urn_sampler_create(the_plant.ctx, &list, 1, &sampler), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of copy"); /* and not of the wait that followed */
    UT_IS(urn_slots_create(the_plant.ctx, &params, &slots), URN_E_CUDA);
    ck_assert_str_eq(urn_last_error(), "planted failure of zero");
    UT_ASSERT(!sampler && !slots && !other, "an out pointer is not NULL");
    UT_ASSERT(the_plant.gets - gets == the_plant.puts - puts, "%d gets, %d puts", the_plant.gets - gets,
              the_plant.puts - puts);
    the_plant.next = URN_OK;
}
END_TEST

/* property  sizes are pure, 256-aligned, monotone in rows and in cols, and 0 exactly where urn_sample refuses
 * shapes    every power of two and its neighbours in both directions, on a grid */
START_TEST(workspace_is_pure_and_monotone) {
    int64_t rows[100], cols[80];
    int nr = 0, nc = 0;
    for (int64_t p = 1; p <= INT64_C(1) << 31; p *= 2)
        for (int64_t d = -1; d <= 1; d++)
            if (p + d >= 1 && p + d < INT64_C(1) << 31 && (!nr || rows[nr - 1] < p + d)) rows[nr++] = p + d;
    for (int64_t p = 1; p <= URN_MAX_COLS; p *= 2)
        for (int64_t d = -1; d <= 1; d++)
            if (p + d >= 1 && p + d <= URN_MAX_COLS && (!nc || cols[nc - 1] < p + d)) cols[nc++] = p + d;
    for (int i = 0; i < nr; i++) {
        for (int j = 0; j < nc; j++) {
            size_t bytes = urn_sample_workspace(NULL, rows[i], cols[j]);
            ut_note("%lld rows of %lld: %zu", (long long)rows[i], (long long)cols[j], bytes);
            UT_ASSERT(bytes > 0 && bytes % 256 == 0, "not a size");
            UT_ASSERT(bytes == urn_sample_workspace(NULL, rows[i], cols[j]), "not pure");
            UT_ASSERT(!i || urn_sample_workspace(NULL, rows[i - 1], cols[j]) <= bytes, "not monotone in rows");
            UT_ASSERT(!j || urn_sample_workspace(NULL, rows[i], cols[j - 1]) <= bytes, "not monotone in cols");
        }
    }
    static const int64_t refused[][2] = {
        {-1, 5}, {0, 5}, {5, 0}, {5, -1}, {5, URN_MAX_COLS + 1}, {INT64_C(1) << 31, 5}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        UT_ASSERT(urn_sample_workspace(NULL, refused[i][0], refused[i][1]) == 0, "refused size %zu", i);
}
END_TEST

Suite *unit_api_sample_suite(void) {
    Suite *suite = suite_create("unit_api_sample");
    TCase *tcase = tcase_create("planted");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, defaults_are_completed);
    tcase_add_test(tcase, defaults_of_whole_rows_are_completed);
    tcase_add_test(tcase, one_output_is_enough);
    tcase_add_test(tcase, run_calls_only_enqueue);
    tcase_add_test(tcase, failures_of_the_backend_are_forwarded);
    tcase_add_test(tcase, creates_give_back_what_they_took);
    tcase_add_test(tcase, workspace_is_pure_and_monotone);
    suite_add_tcase(suite, tcase);
    return suite;
}
