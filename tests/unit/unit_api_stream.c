/* unit_api_stream.c - the scratch arena, capture, ownership and counters of streams. */
#include "tests/unit/unit_host_plant.h"

static void setup(void) { plant_open(); }
static void teardown(void) { plant_close(); }

static urn_stream_stats stats_of(const urn_stream *stream) {
    urn_stream_stats stats = URN_STREAM_STATS_INIT;
    UT_OK(urn_stream_get_stats(stream, &stats));
    return stats;
}

/* property  a reservation adds a block only when none is large enough, and blocks stay until the stream's end
 * why       a captured graph has the address of the block that it was captured with */
START_TEST(blocks_are_added_and_never_moved) {
    static const size_t sizes[] = {1, 256, 257, 100, 4096, 4000, 1 << 20, 5};
    static const int added[] = {1, 0, 1, 0, 1, 0, 1, 0};
    urn_stream *stream;
    UT_OK(urn_stream_create(the_plant.ctx, 0, &stream));
    UT_ASSERT(stats_of(stream).scratch_bytes == 0 && stats_of(stream).allocations == 0, "not empty");
    int gets = the_plant.gets;
    size_t held = 0;
    void *block = NULL;
    for (int i = 0; i < 8; i++) {
        int before = the_plant.gets;
        UT_OK(urn_stream_reserve(stream, sizes[i]));
        ut_note("reservation %d of %zu", i, sizes[i]);
        UT_ASSERT(the_plant.gets - before == added[i], "%d blocks", the_plant.gets - before);
        if (added[i]) held += urn_round_up(sizes[i]);
        UT_ASSERT(added[i] || stream->blocks->pointer == block, "a block moved");
        block = stream->blocks->pointer;
        UT_ASSERT(stats_of(stream).scratch_bytes == held, "%d bytes", (int)stats_of(stream).scratch_bytes);
        UT_ASSERT(the_plant.puts == 0, "a block was freed");
    }
    UT_ASSERT(stats_of(stream).allocations == 2 * 4, "%d allocations", (int)stats_of(stream).allocations);
    urn_stream_destroy(stream);
    UT_ASSERT(the_plant.puts == the_plant.gets - gets, "%d of %d blocks freed", the_plant.puts, the_plant.gets - gets);
}
END_TEST

/* property  under capture, calls that would allocate or wait are refused before they do */
START_TEST(capture_refuses_what_allocates_or_waits) {
    urn_stream *stream;
    urn_buffer *buffer;
    char host[16];
    UT_OK(urn_stream_create(the_plant.ctx, 512, &stream));
    UT_OK(urn_buffer_create(the_plant.ctx, URN_DEVICE, 16, &buffer));
    plant before = the_plant;
    the_plant.capturing = 1;
    UT_OK(urn_stream_reserve(stream, 512));
    UT_IS(urn_stream_reserve(stream, 513), URN_E_CAPTURE);
    UT_IS(urn_stream_sync_host(stream), URN_E_CAPTURE);
    UT_IS(urn_buffer_read_host(stream, buffer, 0, host, 16), URN_E_CAPTURE);
    UT_ASSERT(strstr(urn_last_error(), "urn_buffer_read_host"), "\"%s\"", urn_last_error());
    UT_ASSERT(the_plant.gets == before.gets && the_plant.syncs == before.syncs && the_plant.copies == before.copies,
              "a refused call did something");
    UT_OK(urn_buffer_read(stream, buffer, 0, host, 16));
    UT_ASSERT(the_plant.copies == before.copies + 1, "a copy was not enqueued");
    urn_stream_destroy(stream);
    UT_ASSERT(the_plant.syncs == before.syncs, "the end of a stream broke its capture");
    the_plant.capturing = 0;
    urn_buffer_destroy(buffer);
}
END_TEST

START_TEST(a_wrapped_stream_stays_the_callers) {
    urn_stream *own, *wrapped;
    int closes = the_plant.closes;
    UT_OK(urn_stream_create(the_plant.ctx, 0, &own));
    urn_stream_destroy(own);
    UT_ASSERT(the_plant.closes == closes + 1, "a stream of ours was not closed");
    UT_OK(urn_stream_wrap(the_plant.ctx, NULL, 0, &wrapped));
    int syncs = the_plant.syncs;
    urn_stream_destroy(wrapped);
    UT_ASSERT(the_plant.closes == closes + 1, "the caller's stream was closed");
    UT_ASSERT(the_plant.syncs == syncs + 1, "its work was not awaited");
}
END_TEST

START_TEST(destroying_leaves_the_last_error_alone) {
    urn_stream *stream;
    UT_OK(urn_stream_create(the_plant.ctx, 0, &stream));
    UT_IS(urn_stream_reserve(NULL, 0), URN_E_NULL);
    char *before = strdup(urn_last_error());
    the_plant.next = URN_E_CUDA;
    urn_stream_destroy(stream);
    the_plant.next = URN_OK;
    ck_assert_str_eq(before, urn_last_error());
    free(before);
}
END_TEST

Suite *unit_api_stream_suite(void) {
    Suite *suite = suite_create("unit_api_stream");
    TCase *tcase = tcase_create("planted");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, blocks_are_added_and_never_moved);
    tcase_add_test(tcase, capture_refuses_what_allocates_or_waits);
    tcase_add_test(tcase, a_wrapped_stream_stays_the_callers);
    tcase_add_test(tcase, destroying_leaves_the_last_error_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
