// simt_graphs.cpp - capture keeps work without running it; a graph runs it again, with what device memory holds then.
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

struct Args {
    uint32_t *x;
    uint32_t n, add;
};

URN_KERNEL(1024) grow(URN_ARGS(Args) a) {
    Global<uint32_t> x(a.x, a.n, TAG_WORKSPACE);
    uint32_t i = block_id() * block_threads() + thread_id();
    if (i < a.n) x.store(i, x.load(i) * 2 + a.add);
}

const Shape kShape = {2, 64, 1, 0};

struct Bed {
    CUstream_st *stream;
    Device<uint32_t> x;
    Bed() : x(100) {
        ck_assert_int_eq(simt_stream_create(&stream), 0);
        set(0);
    }
    ~Bed() { simt_stream_destroy(stream); }
    void set(uint32_t v) {
        std::vector<uint32_t> host(100, v);
        ck_assert_int_eq(simt_memcpy_async(x.p, host.data(), 400, stream), 0);
        ck_assert_int_eq(simt_stream_sync(stream), 0);
    }
    uint32_t get() {
        uint32_t v = 0;
        ck_assert_int_eq(simt_memcpy_async(&v, x.p + 99, 4, stream), 0);
        ck_assert_int_eq(simt_stream_sync(stream), 0);
        return v;
    }
};

} // namespace

/* property  captured work does not run; each launch runs all of it, in order, on what memory holds then */
START_TEST(a_graph_runs_when_launched_and_not_when_captured) {
    Bed bed;
    simt_graph *graph;
    ck_assert_int_eq(simt_capturing(bed.stream), 0);
    ck_assert_int_eq(simt_capture_begin(bed.stream), 0);
    ck_assert_int_eq(simt_capturing(bed.stream), 1);
    for (uint32_t add : {3u, 5u}) ck_assert_int_eq(launch(grow, kShape, bed.stream, Args{bed.x.p, 100, add}), 0);
    ck_assert_int_eq(simt_capture_end(bed.stream, &graph), 0);
    ck_assert_int_eq(simt_capturing(bed.stream), 0);
    ck_assert_uint_eq(bed.get(), 0);
    ck_assert_int_eq(simt_graph_launch(graph, bed.stream), 0);
    ck_assert_uint_eq(bed.get(), (0 * 2 + 3) * 2 + 5);
    bed.set(10);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(simt_graph_launch(graph, bed.stream), 0);
    ck_assert_int_eq(simt_graph_destroy(graph), 0); // work under way is unharmed
    ck_assert_uint_eq(bed.get(), (((10 * 2 + 3) * 2 + 5) * 2 + 3) * 2 + 5);
}
END_TEST

/* property  what CUDA forbids during a capture is refused and spoils it: waiting, allocating, freeing, events */
START_TEST(forbidden_calls_spoil_a_capture) {
    Bed bed;
    simt_graph *graph;
    simt_event *event;
    void *memory, *more;
    ck_assert_int_eq(simt_event_create(&event), 0);
    ck_assert_int_eq(simt_malloc(&memory, 64), 0);
    for (int what = 0; what < 6; what++) {
        ck_assert_int_eq(simt_capture_begin(bed.stream), 0);
        int error = what == 0   ? simt_stream_sync(bed.stream)
                    : what == 1 ? simt_malloc(&more, 64)
                    : what == 2 ? simt_free(memory)
                    : what == 3 ? simt_event_record(event, bed.stream)
                    : what == 4 ? simt_event_wait(event, bed.stream)
                                : simt_capture_begin(bed.stream);
        ck_assert_int_eq(error, what == 5 ? 1 : 900);
        ck_assert_int_eq(simt_capture_end(bed.stream, &graph), what == 5 ? 0 : 901);
        if (what == 5) ck_assert_int_eq(simt_graph_destroy(graph), 0);
    }
    ck_assert_int_eq(simt_capture_end(bed.stream, &graph), 1); // there is none
    ck_assert_int_eq(simt_capture_begin(nullptr), 900);
    ck_assert_int_eq(simt_free(memory), 0);
    ck_assert_int_eq(simt_event_destroy(event), 0);
}
END_TEST

Suite *simt_graphs_suite();
Suite *simt_graphs_suite() {
    Suite *suite = suite_create("simt_graphs");
    TCase *tcase = tcase_create("graphs");
    tcase_add_test(tcase, a_graph_runs_when_launched_and_not_when_captured);
    tcase_add_test(tcase, forbidden_calls_spoil_a_capture);
    suite_add_tcase(suite, tcase);
    return suite;
}
