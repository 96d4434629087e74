/* abuse_memory.c - memory that runs out at the first, second, ... allocation of every create call. */
#include "tests/abuse/abuse_args.h"

/* An allocator that counts, and refuses one allocation. */
typedef struct counted {
    int total, held, refuse_at; /* refuse_at: the number, from 1, of the one that fails; 0 none */
} counted;

static void *counted_allocate(void *user, size_t bytes) {
    counted *c = user;
    if (++c->total == c->refuse_at) return NULL;
    c->held++;
    return malloc(bytes);
}

static void counted_release(void *user, void *pointer) {
    counted *c = user;
    UT_ASSERT(pointer, "NULL was released");
    c->held--;
    free(pointer);
}

static urn_ctx_params counted_params(urn_backend_kind kind, counted *c) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = kind;
    params.threads = 1;
    params.allocator = (urn_allocator){counted_allocate, counted_release, c};
    return params;
}

/* What is created, one way each; destroying it is the second half. */
typedef struct subject {
    const char *name;
    urn_status (*create)(urn_ctx *ctx, void **made);
    void (*destroy)(void *made);
    int least; /* allocations that it takes where device memory comes from the allocator */
} subject;

static urn_status create_stream(urn_ctx *ctx, void **made) { return urn_stream_create(ctx, 1000, (urn_stream **)made); }
static void destroy_stream(void *made) { urn_stream_destroy(made); }

static urn_status wrap_stream(urn_ctx *ctx, void **made) {
    return urn_stream_wrap(ctx, NULL, 1000, (urn_stream **)made);
}

static urn_status create_buffer(urn_ctx *ctx, void **made) {
    return urn_buffer_create(ctx, URN_DEVICE, 1000, (urn_buffer **)made);
}
static urn_status create_pinned(urn_ctx *ctx, void **made) {
    return urn_buffer_create(ctx, URN_PINNED, 1000, (urn_buffer **)made);
}
static urn_status create_host(urn_ctx *ctx, void **made) {
    return urn_buffer_create(ctx, URN_HOST, 1000, (urn_buffer **)made);
}
static void destroy_buffer(void *made) { urn_buffer_destroy(made); }

static urn_status create_slots(urn_ctx *ctx, void **made) {
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = 10, params.history = 10;
    return urn_slots_create(ctx, &params, (urn_slots **)made);
}
static void destroy_slots(void *made) { urn_slots_destroy(made); }

static urn_status create_sampler(urn_ctx *ctx, void **made) {
    urn_step steps[] = {urn_temperature(urn_f(0.5f)), urn_top_k(urn_i(5))};
    urn_list lists[] = {{steps, 2}, {NULL, 0}};
    return urn_sampler_create(ctx, lists, 2, (urn_sampler **)made);
}
static void destroy_sampler(void *made) { urn_sampler_destroy(made); }

static const subject subjects[] = {
    {"urn_stream_create", create_stream, destroy_stream, 3},
    {"urn_stream_wrap", wrap_stream, destroy_stream, 3},
    {"device buffer", create_buffer, destroy_buffer, 2},
    {"pinned buffer", create_pinned, destroy_buffer, 2},
    {"host buffer", create_host, destroy_buffer, 2},
    {"urn_slots_create", create_slots, destroy_slots, 2},
    {"urn_sampler_create", create_sampler, destroy_sampler, 3},
};

/* property  a refused allocation gives URN_E_MEMORY and NULL, and nothing of the attempt stays */
START_TEST(creates_survive_every_refusal) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        int own_memory = kind == URN_BACKEND_CPU || kind == URN_BACKEND_NONE;
        counted c = {0, 0, 0};
        urn_ctx_params params = counted_params(kind, &c);
        urn_ctx *ctx;
        UT_OK(urn_ctx_create(&params, &ctx));
        for (size_t s = 0; s < sizeof subjects / sizeof *subjects; s++) {
            int held = c.held, nth = 0;
            for (urn_status status = URN_E_MEMORY; status != URN_OK;) {
                void *made = &c;
                c.total = 0;
                c.refuse_at = ++nth;
                ut_note("%s on %s, allocation %d refused", subjects[s].name, urn_backend_name(kind), nth);
                status = subjects[s].create(ctx, &made);
                if (status == URN_OK) {
                    UT_ASSERT(c.total < nth, "succeeded without its memory");
                    subjects[s].destroy(made);
                } else {
                    UT_ASSERT(status == URN_E_MEMORY, "%s", urn_status_name(status));
                    UT_ASSERT(!made, "the out pointer is not NULL");
                    UT_ASSERT(strstr(urn_last_error(), "bytes"), "the detail is \"%s\"", urn_last_error());
                }
                UT_ASSERT(c.held == held, "%d allocations stay", c.held - held);
                UT_ASSERT(nth < 50, "no end");
            }
            if (own_memory) UT_ASSERT(nth == subjects[s].least + 1, "took %d allocations", nth - 1);
        }
        c.refuse_at = 0;
        urn_ctx_destroy(ctx);
        UT_ASSERT(c.held == 0, "%d allocations outlive the context", c.held);
    }
}
END_TEST

START_TEST(contexts_survive_every_refusal) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        int nth = 0;
        for (urn_status status = URN_E_MEMORY; status != URN_OK;) {
            counted c = {0, 0, ++nth};
            urn_ctx_params params = counted_params(kind, &c);
            urn_ctx *ctx = (urn_ctx *)&c;
            ut_note("%s, allocation %d refused", urn_backend_name(kind), nth);
            status = urn_ctx_create(&params, &ctx);
            UT_ASSERT(status == URN_OK || status == URN_E_MEMORY, "%s", urn_status_name(status));
            UT_ASSERT((status == URN_OK) == (ctx != NULL), "the out pointer");
            urn_ctx_destroy(ctx);
            UT_ASSERT(c.held == 0, "%d allocations stay", c.held);
            UT_ASSERT(nth < 50, "no end");
        }
        UT_ASSERT(nth >= 3, "took %d allocations", nth - 1);
    }
}
END_TEST

/* property  a reservation that fails leaves the stream as it was: the old block serves, the next try succeeds */
START_TEST(a_refused_reservation_changes_nothing) {
    counted c = {0, 0, 0};
    urn_ctx_params params = counted_params(URN_BACKEND_CPU, &c);
    urn_stream_stats before = URN_STREAM_STATS_INIT, after = URN_STREAM_STATS_INIT;
    urn_ctx *ctx;
    urn_stream *stream;
    UT_OK(urn_ctx_create(&params, &ctx));
    UT_OK(urn_stream_create(ctx, 512, &stream));
    UT_OK(urn_stream_get_stats(stream, &before));
    for (int nth = 1; nth <= 2; nth++) {
        c.total = 0, c.refuse_at = nth;
        UT_IS(urn_stream_reserve(stream, 4096), URN_E_MEMORY);
        UT_OK(urn_stream_get_stats(stream, &after));
        UT_ASSERT(memcmp(&before, &after, sizeof before) == 0, "the counters moved");
    }
    c.refuse_at = 0;
    UT_OK(urn_stream_reserve(stream, 4096));
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
    UT_ASSERT(c.held == 0, "%d allocations stay", c.held);
}
END_TEST

/* property  run calls work with an allocator that refuses everything */
START_TEST(run_calls_never_allocate) {
    enum { ROWS = 4, COLS = 3000 };
    FOR_NONE_AND_EACH_BACKEND(kind) {
        counted c = {0, 0, 0};
        urn_ctx_params params = counted_params(kind, &c);
        ut_bed *bed = ut_open_with(&params);
        float *host = ut_malloc(4 * ROWS * COLS);
        int32_t slot[ROWS] = {3, 1, 2, 0};
        urn_slots *slots;
        urn_slots_params slots_params = URN_SLOTS_PARAMS_INIT;
        urn_sampler *sampler;
        urn_buffer *buffer;
        urn_step steps[] = {urn_temperature(urn_f(0.8f)), urn_top_k(urn_i(40)), urn_top_p(urn_f(0.9f)),
                            urn_min_p(urn_f(0.01f))};
        urn_list list = {steps, 4};
        slots_params.slots = ROWS, slots_params.history = 3;
        ut_fill(host, ROWS * COLS, UT_NORMAL, 2, 5);
        UT_OK(urn_slots_create(bed->ctx, &slots_params, &slots));
        UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
        UT_OK(urn_buffer_create(bed->ctx, URN_DEVICE, 64, &buffer));
        UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, ROWS, COLS)));
        urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
        p.logits = urn_matrix_dense(ut_upload(bed, host, 4 * ROWS * COLS), URN_F32, ROWS, COLS, 0);
        p.sampler = sampler, p.state = slots, p.slot = ut_upload(bed, slot, sizeof slot);
        p.ids = ut_output(bed, 4 * ROWS), p.logprob = ut_output(bed, 4 * ROWS), p.rank = ut_output(bed, 4 * ROWS);
        p.entropy = ut_output(bed, 4 * ROWS), p.kept_count = ut_output(bed, 4 * ROWS);
        urn_stream_stats before = URN_STREAM_STATS_INIT, after = URN_STREAM_STATS_INIT;
        UT_OK(urn_stream_get_stats(bed->stream, &before));
        c.total = 0, c.refuse_at = 1;
        ut_note("%s", urn_backend_name(kind));
        UT_OK(urn_sample(bed->stream, &p));
        UT_OK(urn_slots_commit(bed->stream, slots, p.slot, p.ids, 1, NULL, ROWS));
        UT_OK(urn_slots_gather(bed->stream, slots, p.slot));
        UT_OK(urn_slots_reset(bed->stream, slots, p.slot, ROWS));
        UT_OK(urn_buffer_write(bed->stream, buffer, 0, slot, sizeof slot));
        UT_OK(urn_buffer_zero(bed->stream, buffer, 0, 64));
        UT_OK(urn_buffer_read_host(bed->stream, buffer, 0, slot, sizeof slot));
        UT_ASSERT(c.total == 0, "%d allocations", c.total);
        UT_OK(urn_stream_get_stats(bed->stream, &after));
        UT_ASSERT(after.allocations == before.allocations, "allocations were counted");
        c.refuse_at = 0;
        urn_buffer_destroy(buffer);
        urn_sampler_destroy(sampler);
        urn_slots_destroy(slots);
        ut_close(bed);
        UT_ASSERT(c.held == 0, "%d allocations stay", c.held);
        free(host);
    }
}
END_TEST

Suite *abuse_memory_suite(void) {
    Suite *suite = suite_create("abuse_memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, creates_survive_every_refusal);
    tcase_add_test(tcase, contexts_survive_every_refusal);
    tcase_add_test(tcase, a_refused_reservation_changes_nothing);
    tcase_add_test(tcase, run_calls_never_allocate);
    suite_add_tcase(suite, tcase);
    return suite;
}
