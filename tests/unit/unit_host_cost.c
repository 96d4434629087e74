/* unit_host_cost.c - the host's own cost of a call, on the none backend: printed, not asserted. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "tests/urn_test.h"

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* property  calls leave the counters that they say they leave; the best of several timings goes to stderr */
START_TEST(run_calls_cost_little) {
    enum { CALLS = 2000, TRIES = 15 };
    ut_bed *bed = ut_open(URN_BACKEND_NONE);
    urn_step steps[] = {urn_temperature(urn_f(0.7f)), urn_top_p(urn_f(0.9f))};
    urn_list list = {steps, 2};
    urn_sampler *sampler;
    urn_slots *slots;
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_stream_stats before = URN_STREAM_STATS_INIT, after = URN_STREAM_STATS_INIT;
    static int32_t ids[256];
    params.slots = 256;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    UT_OK(urn_slots_create(bed->ctx, &params, &slots));
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, 256, 128256)));
    p.logits = urn_matrix_dense(ids, URN_F32, 256, 128256, 0); /* never read */
    p.sampler = sampler;
    p.state = slots;
    p.ids = ids;
    UT_OK(urn_stream_get_stats(bed->stream, &before));
    double sample = 1e30, commit = 1e30;
    for (int t = 0; t < TRIES; t++) {
        double start = now_ns();
        for (int i = 0; i < CALLS; i++) UT_OK(urn_sample(bed->stream, &p));
        double middle = now_ns();
        for (int i = 0; i < CALLS; i++) UT_OK(urn_slots_commit(bed->stream, slots, NULL, ids, 1, NULL, 256));
        double end = now_ns();
        sample = middle - start < sample ? middle - start : sample;
        commit = end - middle < commit ? end - middle : commit;
    }
    fprintf(stderr, "host cost on none, best of %d: urn_sample %.0f ns, urn_slots_commit %.0f ns a call\n", TRIES,
            sample / CALLS, commit / CALLS);
    UT_OK(urn_stream_get_stats(bed->stream, &after));
    UT_ASSERT(after.launches - before.launches == 2 * CALLS * TRIES, "%d launches",
              (int)(after.launches - before.launches));
    UT_ASSERT(after.allocations == before.allocations, "a run call allocated");
    urn_slots_destroy(slots);
    urn_sampler_destroy(sampler);
    ut_close(bed);
}
END_TEST

Suite *unit_host_cost_suite(void) {
    Suite *suite = suite_create("unit_host_cost");
    TCase *tcase = tcase_create("cost");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, run_calls_cost_little);
    suite_add_tcase(suite, tcase);
    return suite;
}
