/* simt_streams.cpp - streams run in order, by themselves; events tie them; errors stay until somebody asks. */
#include "tests/simt/simt_util.h"

#include <atomic>
#include <chrono>
#include <thread>

using namespace urnd;

namespace {

struct Args {
    uint32_t *x;
    uint32_t n, factor;
    int fault;
};

URN_KERNEL(1024) scale(URN_ARGS(Args) a) {
    Global<uint32_t> x(a.x, a.n, TAG_WORKSPACE);
    uint32_t i = block_id() * block_threads() + thread_id();
    if (i < a.n) x.store(i, x.load(i) * a.factor + 1);
    if (a.fault && i == 0) x.load(a.n);
}

struct Gate { // holds a stream until opened
    const std::atomic<int> *open;
};

URN_KERNEL(1024) stand(URN_ARGS(Gate) g) {
    if (thread_id() == 0)
        while (!g.open->load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Shape shape_of(uint32_t n) { return {(n + 63) / 64, 64, 1, 0}; }

} // namespace

/* property  work on a stream runs after the call has returned, in the order of the calls */
START_TEST(streams_run_later_and_in_order) {
    const uint32_t n = 1000;
    CUstream_st *s;
    ck_assert_int_eq(simt_stream_create(&s), 0);
    Device<uint32_t> x(n);
    std::vector<uint32_t> host(n, 2), back(n, 0);
    std::atomic<int> open{0};
    ck_assert_int_eq(launch(stand, Shape{1, 32, 1, 0}, s, Gate{&open}), 0);
    ck_assert_int_eq(simt_memset_async(x.p, 0, n * 4, s), 0);
    ck_assert_int_eq(simt_memcpy_async(x.p, host.data(), n * 4, s), 0);
    for (uint32_t f : {3u, 5u, 7u}) ck_assert_int_eq(launch(scale, shape_of(n), s, Args{x.p, n, f, 0}), 0);
    ck_assert_int_eq(simt_memcpy_async(back.data(), x.p, n * 4, s), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ck_assert_uint_eq(back[0], 0); // nothing has run: the stream stands at the gate
    open = 1;
    ck_assert_int_eq(simt_stream_sync(s), 0);
    for (uint32_t i = 0; i < n; i++) ck_assert_uint_eq(back[i], ((2 * 3 + 1) * 5 + 1) * 7 + 1);
    ck_assert_int_eq(simt_stream_destroy(s), 0);
}
END_TEST

/* property  arguments travel with the launch: the caller's copy may change at once */
START_TEST(arguments_are_copied) {
    CUstream_st *s;
    simt_stream_create(&s);
    Device<uint32_t> x(64);
    for (int i = 0; i < 64; i++) x.p[i] = 0;
    std::atomic<int> open{0};
    launch(stand, Shape{1, 32, 1, 0}, s, Gate{&open});
    Args a = {x.p, 64, 1, 0};
    launch(scale, shape_of(64), s, a);
    a.x = nullptr;
    open = 1;
    ck_assert_int_eq(simt_stream_sync(s), 0);
    ck_assert_uint_eq(x[63], 1);
    simt_stream_destroy(s);
}
END_TEST

/* property  a stream that waits for an event waits for the record made last before, and for no later one */
START_TEST(events_order_streams) {
    CUstream_st *a, *b;
    simt_event *e, *never;
    simt_stream_create(&a);
    simt_stream_create(&b);
    ck_assert_int_eq(simt_event_create(&e), 0);
    ck_assert_int_eq(simt_event_create(&never), 0);
    Device<uint32_t> x(64);
    for (int i = 0; i < 64; i++) x.p[i] = 1;
    std::atomic<int> open{0}, second{0};
    float ms;
    ck_assert_int_eq(simt_event_elapsed(&ms, e, e), 400);
    launch(stand, Shape{1, 32, 1, 0}, a, Gate{&open});
    launch(scale, shape_of(64), a, Args{x.p, 64, 10, 0});
    ck_assert_int_eq(simt_event_record(e, a), 0);
    ck_assert_int_eq(simt_event_elapsed(&ms, e, e), 600);
    ck_assert_int_eq(simt_event_wait(never, b), 0); // never recorded: nothing to wait for
    ck_assert_int_eq(simt_event_wait(e, b), 0);
    launch(scale, shape_of(64), b, Args{x.p, 64, 3, 0});
    launch(stand, Shape{1, 32, 1, 0}, a, Gate{&second});
    simt_event_record(e, a); // later than the wait: b need not
    open = 1;
    ck_assert_int_eq(simt_stream_sync(b), 0);
    ck_assert_uint_eq(x[5], (1 * 10 + 1) * 3 + 1);
    second = 1;
    ck_assert_int_eq(simt_event_sync(e), 0);
    simt_event_record(never, a);
    simt_event_sync(never);
    ck_assert_int_eq(simt_event_elapsed(&ms, e, never), 0);
    ck_assert(ms >= 0.0f && ms < 60000.0f);
    simt_event_destroy(e);
    simt_event_destroy(never);
    simt_stream_destroy(a);
    simt_stream_destroy(b);
}
END_TEST

/* property  a failed kernel's error is the stream's until sync reports it once; until then nothing more runs there,
 * and other streams do not know */
START_TEST(errors_stay_until_asked) {
    CUstream_st *a, *b;
    simt_stream_create(&a);
    simt_stream_create(&b);
    Device<uint32_t> x(64), y(64);
    for (int i = 0; i < 64; i++) x.p[i] = y.p[i] = 1;
    simt_clear_faults();
    ck_assert_int_eq(launch(scale, shape_of(64), a, Args{x.p, 64, 10, 1}), 0);
    ck_assert_int_eq(simt_memset_async(x.p, 0, 64 * 4, a), 0);
    ck_assert_int_eq(launch(scale, shape_of(64), b, Args{y.p, 64, 10, 0}), 0);
    ck_assert_int_eq(simt_stream_sync(b), 0);
    ck_assert_int_eq(simt_stream_sync(a), 719);
    ck_assert_uint_ne(x[63], 0);
    ck_assert_int_eq(simt_stream_sync(a), 0);
    ck_assert_int_eq(simt_fault_count(), 1);
    simt_clear_faults();
    ck_assert_int_eq(simt_fault_count(), 0);
    ck_assert_str_eq(simt_first_fault(), "");
    ck_assert_int_eq(simt_memset_async(x.p, 0, 64 * 4, a), 0);
    ck_assert_int_eq(simt_stream_sync(a), 0);
    ck_assert_uint_eq(x[63], 0);
    simt_stream_destroy(a);
    simt_stream_destroy(b);
}
END_TEST

/* property  the NULL stream has run when the call returns */
START_TEST(null_stream_is_synchronous) {
    Device<uint32_t> x(64);
    for (int i = 0; i < 64; i++) x.p[i] = 1;
    ck_assert_int_eq(launch(scale, shape_of(64), nullptr, Args{x.p, 64, 10, 0}), 0);
    ck_assert_uint_eq(x[0], 11);
    ck_assert_int_eq(simt_memset_async(x.p, 0, 4, nullptr), 0);
    ck_assert_uint_eq(x[0], 0);
    ck_assert_int_eq(simt_stream_sync(nullptr), 0);
}
END_TEST

/* property  copies that leave an allocation, bad handles and bad pointers get the runtime's numbers */
START_TEST(misuse_gets_numbers) {
    Device<uint32_t> x(64);
    std::vector<uint32_t> host(100);
    ck_assert_int_eq(simt_memcpy_async(x.p, host.data(), 65 * 4, nullptr), 1);
    ck_assert_int_eq(simt_memcpy_async(host.data(), x.p + 1, 64 * 4, nullptr), 1);
    ck_assert_int_eq(simt_memcpy_async(nullptr, x.p, 4, nullptr), 1);
    ck_assert_int_eq(simt_memset_async(x.p + 60, 0, 5 * 4, nullptr), 1);
    ck_assert_int_eq(simt_memcpy_async(x.p, host.data(), 64 * 4, nullptr), 0);
    ck_assert_int_eq(simt_stream_create(nullptr), 1);
    ck_assert_int_eq(simt_stream_destroy(nullptr), 400);
    ck_assert_int_eq(simt_event_record(nullptr, nullptr), 400);
    ck_assert_str_eq(simt_error_name(719), "unspecified launch failure");
    ck_assert_str_ne(simt_error_name(2), simt_error_name(12345));
}
END_TEST

/* property  many streams of many threads at once neither mix nor block each other */
START_TEST(threads_use_streams_at_once) {
    const uint32_t n = 500;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (uint32_t k = 0; k < 4; k++)
        threads.emplace_back([k, n, &wrong] {
            simt_options o = options_of(static_cast<int>(k) % 3, 2);
            simt_set_options(&o);
            CUstream_st *s;
            void *m;
            if (simt_stream_create(&s) || simt_malloc(&m, n * 4)) {
                wrong++;
                return;
            }
            uint32_t *x = static_cast<uint32_t *>(m), want = 0;
            simt_memset_async(x, 0, n * 4, s);
            for (uint32_t i = 0; i < 10; i++) {
                launch(scale, shape_of(n), s, Args{x, n, k + i, 0});
                want = want * (k + i) + 1;
            }
            if (simt_stream_sync(s)) wrong++;
            for (uint32_t i = 0; i < n; i++)
                if (x[i] != want) wrong++;
            simt_free(m);
            simt_stream_destroy(s);
        });
    for (std::thread &t : threads) t.join();
    ck_assert_int_eq(wrong.load(), 0);
}
END_TEST

Suite *simt_streams_suite(void) {
    return suite_of("simt_streams", {streams_run_later_and_in_order, arguments_are_copied, events_order_streams,
                                     errors_stay_until_asked, null_stream_is_synchronous, misuse_gets_numbers,
                                     threads_use_streams_at_once});
}
