/* unit_api_threads.c - two threads on two streams of one context; meant to run under ThreadSanitizer too. */
#include <pthread.h>
#include <stdio.h>

#include "tests/urn_test.h"

enum { ROWS = 3, COLS = 200, THREADS = 2 };

typedef struct worker {
    urn_ctx *ctx;
    const urn_sampler *sampler; /* shared */
    const float *logits;        /* device, shared */
    int number, rounds;
    int32_t ids[ROWS];
    uint32_t position[1];
    char error[128];
} worker;

#define WANT(call)                                                                                                     \
    if ((call) != URN_OK) {                                                                                            \
        strncpy(w->error, urn_last_error(), sizeof w->error - 1);                                                      \
        return NULL;                                                                                                   \
    }

/* Everything a thread of a server does, on a stream of its own; a failing call must leave the other's text alone. */
static void *work(void *user) {
    worker *w = user;
    urn_stream *stream;
    urn_buffer *ids;
    urn_slots *slots;
    urn_sampler *own;
    urn_list list = {NULL, 0};
    urn_slots_params slots_params = URN_SLOTS_PARAMS_INIT;
    slots_params.slots = ROWS, slots_params.history = 4;
    for (int round = 0; round < w->rounds; round++) {
        WANT(urn_stream_create(w->ctx, urn_sample_workspace(NULL, ROWS, COLS), &stream));
        WANT(urn_buffer_create(w->ctx, URN_DEVICE, sizeof w->ids, &ids));
        WANT(urn_slots_create(w->ctx, &slots_params, &slots));
        WANT(urn_sampler_create(w->ctx, &list, 1, &own));
        urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
        p.logits = urn_matrix_dense(w->logits, URN_F32, ROWS, COLS, 0);
        p.sampler = w->sampler;
        p.state = slots;
        p.seed_value = 5;
        p.ids = urn_buffer_data(ids);
        for (int token = 0; token < 4; token++) {
            WANT(urn_sample(stream, &p));
            WANT(urn_slots_commit(stream, slots, NULL, p.ids, 1, NULL, ROWS));
        }
        p.sampler = own;
        p.draws = -w->number;
        if (urn_sample(stream, &p) != URN_E_VALUE) return w;
        char wanted[32];
        snprintf(wanted, sizeof wanted, "draws is %d;", p.draws);
        if (!strstr(urn_last_error(), wanted)) return w;
        WANT(urn_buffer_read_host(stream, ids, 0, w->ids, sizeof w->ids));
        urn_sampler_destroy(own);
        urn_slots_destroy(slots);
        urn_buffer_destroy(ids);
        urn_stream_destroy(stream);
    }
    return NULL;
}

START_TEST(two_threads_share_a_context) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float host[ROWS * COLS];
        urn_step steps[] = {urn_temperature(urn_f(0.7f)), urn_top_p(urn_f(0.9f))};
        urn_list list = {steps, 2};
        urn_sampler *sampler;
        ut_fill(host, ROWS * COLS, UT_NORMAL, 3, 1);
        UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
        const float *logits = ut_upload(bed, host, sizeof host);
        worker workers[THREADS];
        pthread_t threads[THREADS];
        memset(workers, 0, sizeof workers);
        ut_note("%s", urn_backend_name(kind));
        for (int t = 0; t < THREADS; t++) {
            workers[t].ctx = bed->ctx, workers[t].sampler = sampler, workers[t].logits = logits;
            workers[t].number = t + 1, workers[t].rounds = ut_loops(kind == URN_BACKEND_SIMT ? 8 : 40);
            UT_ASSERT(pthread_create(&threads[t], NULL, work, &workers[t]) == 0, "no thread");
        }
        for (int t = 0; t < THREADS; t++) {
            void *answer;
            pthread_join(threads[t], &answer);
            UT_ASSERT(!answer, "thread %d read the other's error", t);
            UT_ASSERT(!workers[t].error[0], "thread %d: %s", t, workers[t].error);
        }
        UT_SAME_BITS(workers[0].ids, workers[1].ids, ROWS, "ids of the two threads");
        urn_sampler_destroy(sampler);
        ut_close(bed);
    }
}
END_TEST

Suite *unit_api_threads_suite(void) {
    Suite *suite = suite_create("unit_api_threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, two_threads_share_a_context);
    suite_add_tcase(suite, tcase);
    return suite;
}
