/* unit_api_params.c - structs that grow: what a caller compiled against an older header gets. Names of things. */
#include <pthread.h>

#include "tests/unit/unit_host_plant.h"

/* property  a struct that ends early is read as far as it goes, and defaults stand for the rest
 * why       an old program's struct is followed by memory that is not the struct's */
START_TEST(shorter_structs_get_defaults) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    urn_ctx *ctx;
    memset((char *)&params + 16, 0xee, sizeof params - 16); /* struct_size, backend, device, threads are the struct */
    params.struct_size = 16;
    params.backend = URN_BACKEND_NONE;
    params.threads = 3;
    UT_OK(urn_ctx_create(&params, &ctx));
    UT_ASSERT(ctx->device.threads == 3 && ctx->device.lane_order == 0 && ctx->device.hint.team == 0, "not defaults");
    urn_ctx_destroy(ctx);
}
END_TEST

START_TEST(shorter_sample_params_get_defaults) {
    float logits[8] = {0};
    int32_t ids[1];
    urn_stream *stream;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    plant_open();
    UT_OK(urn_stream_create(the_plant.ctx, urn_sample_workspace(NULL, 1, 8), &stream));
    p.logits = urn_matrix_dense(logits, URN_F32, 1, 8, 0);
    p.ids = ids;
    p.seed_value = 99;
    p.struct_size = (uint32_t)offsetof(urn_sample_params, logprob); /* a first version that had ids only */
    memset((char *)&p + p.struct_size, 0xee, sizeof p - p.struct_size);
    UT_OK(urn_sample(stream, &p));
    const urn_sample_params *seen = &the_plant.seen.params;
    UT_ASSERT(seen->ids == ids && seen->seed_value == 99, "members that were given");
    UT_ASSERT(!seen->logprob && !seen->status && !seen->workspace, "members that were not given");
    UT_ASSERT(seen->struct_size == sizeof p, "struct_size %u", seen->struct_size);
    urn_stream_destroy(stream);
    plant_close();
}
END_TEST

START_TEST(shorter_infos_are_not_overrun) {
    urn_ctx_info info;
    urn_stream_stats stats;
    urn_stream *stream;
    plant_open();
    UT_OK(urn_stream_create(the_plant.ctx, 256, &stream));
    memset(&info, 0xee, sizeof info);
    info.struct_size = (uint32_t)offsetof(urn_ctx_info, resident_cols);
    UT_OK(urn_ctx_get_info(the_plant.ctx, &info));
    UT_ASSERT(info.backend == URN_BACKEND_NONE && strcmp(info.device_name, "none") == 0, "members that fit");
    for (size_t i = info.struct_size; i < sizeof info; i++)
        UT_ASSERT(((unsigned char *)&info)[i] == 0xee, "byte %zu of %u was written", i, info.struct_size);
    memset(&stats, 0xee, sizeof stats);
    stats.struct_size = (uint32_t)offsetof(urn_stream_stats, scratch_bytes);
    UT_OK(urn_stream_get_stats(stream, &stats));
    UT_ASSERT(stats.allocations == 2 && stats.scratch_bytes == UINT64_C(0xeeeeeeeeeeeeeeee), "stats");
    urn_stream_destroy(stream);
    plant_close();
}
END_TEST

START_TEST(every_status_has_a_name_and_a_text) {
#define STATUS(name, value, text)                                                                                      \
    UT_ASSERT((int)name == (value) && strcmp(urn_status_name(name), #name) == 0 &&                                     \
                  strcmp(urn_status_text(name), text) == 0,                                                            \
              #name);
    URN_STATUS_LIST(STATUS)
#undef STATUS
#define ROW(name, value, text) UT_ASSERT(strcmp(urn_row_status_text(name), text) == 0, #name);
    URN_ROW_LIST(ROW)
#undef ROW
    ck_assert_str_eq(urn_status_name((urn_status)19), "URN_E_UNKNOWN");
    UT_ASSERT(urn_status_text((urn_status)-1)[0], "no text");
    ck_assert_str_eq(urn_row_status_text(URN_ROW_NAN | URN_ROW_INF), "a logit is NaN");
    UT_ASSERT(urn_row_status_text(1 << 20)[0] && urn_row_status_text(INT32_MIN)[0], "no text");
}
END_TEST

START_TEST(names_sizes_and_versions) {
    static const char *const names[] = {"auto", "cpu", "cuda", "simt", "none", "unknown"};
    for (int k = 0; k < 6; k++) ck_assert_str_eq(urn_backend_name((urn_backend_kind)k), names[k]);
    ck_assert_str_eq(urn_backend_name((urn_backend_kind)-1), "unknown");
    UT_ASSERT(urn_version() == URN_VERSION && urn_bits_version() == URN_BITS_VERSION, "versions");
    UT_ASSERT(urn_dtype_size(URN_F32) == 4 && urn_dtype_size(URN_F16) == 2 && urn_dtype_size(URN_BF16) == 2 &&
                  urn_dtype_size((urn_dtype)3) == 0 && urn_dtype_size((urn_dtype)-1) == 0,
              "dtype sizes");
}
END_TEST

START_TEST(views_describe_what_they_were_given) {
    float data[1] = {0};
    int32_t index[1] = {0};
    int64_t offsets[1] = {0};
    urn_matrix m = urn_matrix_dense(data, URN_F16, 3, 5, 0);
    UT_ASSERT(m.data == data && m.dtype == URN_F16 && m.rows == 3 && m.cols == 5 && m.row_stride == 5, "dense");
    UT_ASSERT(!m.row_index && !m.offsets && urn_matrix_dense(data, URN_F16, 3, 5, 8).row_stride == 8, "dense");
    m = urn_matrix_indexed(m, index, 7);
    UT_ASSERT(m.rows == 7 && m.data_rows == 3 && m.row_index == index && m.row_stride == 5, "indexed");
    m = urn_matrix_ragged(data, URN_BF16, 100, offsets, 4, 50);
    UT_ASSERT(m.dtype == URN_BF16 && m.data_size == 100 && m.offsets == offsets && m.rows == 4 && m.cols == 50,
              "ragged");
}
END_TEST

static void *fail_elsewhere(void *user) {
    const char *first = urn_last_error();
    if (*first) return strdup(first);
    if (urn_stream_sync_host(NULL) != URN_E_NULL) return user;
    return strcmp(urn_last_error(), "urn_stream_sync_host: stream is NULL; wanted a pointer") ? user : NULL;
}

START_TEST(the_last_error_belongs_to_the_thread) {
    pthread_t thread;
    void *answer;
    ck_assert_str_eq(urn_last_error(), "");
    UT_IS(urn_stream_reserve(NULL, 0), URN_E_NULL);
    ck_assert_str_eq(urn_last_error(), "urn_stream_reserve: stream is NULL; wanted a pointer");
    UT_OK(urn_backend_available(URN_BACKEND_CPU));
    UT_ASSERT(pthread_create(&thread, NULL, fail_elsewhere, &answer) == 0, "no thread");
    pthread_join(thread, &answer);
    UT_ASSERT(!answer, "the other thread began with another's error, or did not keep its own");
    ck_assert_str_eq(urn_last_error(), "urn_stream_reserve: stream is NULL; wanted a pointer");
}
END_TEST

Suite *unit_api_params_suite(void) {
    Suite *suite = suite_create("unit_api_params");
    TCase *tcase = tcase_create("params");
    tcase_add_test(tcase, shorter_structs_get_defaults);
    tcase_add_test(tcase, shorter_sample_params_get_defaults);
    tcase_add_test(tcase, shorter_infos_are_not_overrun);
    tcase_add_test(tcase, every_status_has_a_name_and_a_text);
    tcase_add_test(tcase, names_sizes_and_versions);
    tcase_add_test(tcase, views_describe_what_they_were_given);
    tcase_add_test(tcase, the_last_error_belongs_to_the_thread);
    suite_add_tcase(suite, tcase);
    return suite;
}
