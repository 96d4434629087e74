/* unit_api_buffer.c - buffers of every kind: what was written is what is read. */
#include "tests/urn_test.h"

/* property  parts written, zeroed and read in the stream's order leave what a plain array would have
 * shapes    every kind of memory; sizes of 1 byte, an odd one, and one past a page of zeros */
static void copies(urn_backend_kind kind) {
    static const size_t sizes[] = {1, 777, 4096 * 3 + 5};
    ut_bed *bed = ut_open(kind);
    for (int memory = URN_DEVICE; memory <= URN_HOST; memory++) {
        for (int s = 0; s < 3; s++) {
            size_t n = sizes[s];
            urn_buffer *buffer;
            unsigned char *model = ut_malloc(n), *source = ut_malloc(n), *found = ut_malloc(n);
            ut_rng rng = ut_rng_make(n);
            ut_note("%s, kind %d, %zu bytes", urn_backend_name(kind), memory, n);
            UT_OK(urn_buffer_create(bed->ctx, (urn_memory)memory, n, &buffer));
            UT_ASSERT((uintptr_t)urn_buffer_data(buffer) % 256 == 0, "not 256-aligned");
            for (size_t i = 0; i < n; i++) source[i] = (unsigned char)ut_u64(&rng);
            UT_OK(urn_buffer_write(bed->stream, buffer, 0, source, n));
            memcpy(model, source, n);
            for (int k = 0; k < 6; k++) {
                size_t at = (size_t)ut_below(&rng, (int64_t)n), bytes = (size_t)ut_below(&rng, (int64_t)(n - at) + 1);
                if (k % 2)
                    UT_OK(urn_buffer_zero(bed->stream, buffer, at, bytes)), memset(model + at, 0, bytes);
                else
                    UT_OK(urn_buffer_write(bed->stream, buffer, at, source, bytes)), memcpy(model + at, source, bytes);
            }
            UT_OK(urn_buffer_read_host(bed->stream, buffer, 0, found, n));
            UT_SAME_BITS(found, model, n, "the whole");
            memset(found, 0xca, n);
            UT_OK(urn_buffer_read(bed->stream, buffer, n / 2, found, n - n / 2));
            UT_OK(urn_stream_sync_host(bed->stream));
            UT_SAME_BITS(found, model + n / 2, n - n / 2, "the second half");
            urn_buffer_destroy(buffer);
            free(model), free(source), free(found);
        }
    }
    ut_close(bed);
}

START_TEST(copies_follow_the_streams_order) {
    copies(URN_BACKEND_NONE);
    FOR_EACH_BACKEND(kind) copies(kind);
}
END_TEST

Suite *unit_api_buffer_suite(void) {
    Suite *suite = suite_create("unit_api_buffer");
    TCase *tcase = tcase_create("buffer");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, copies_follow_the_streams_order);
    suite_add_tcase(suite, tcase);
    return suite;
}
