/* abuse_args.c - every documented refusal of contexts, streams, buffers, slots and samplers. */
#include "tests/abuse/abuse_args.h"

#include <math.h>
#include <stdio.h>

static void *some_allocate(void *user, size_t bytes) { return (void)user, malloc(bytes); }

/* property  each bad member of urn_ctx_params is refused by name, and the out pointer becomes NULL
 * why       a context made from a misread struct fails far from its cause */
START_TEST(bad_ctx_params_are_refused_by_name) {
    static const struct {
        size_t offset;
        int32_t value;
        urn_status status;
        const char *name;
    } bad[] = {
        {offsetof(urn_ctx_params, struct_size), 0, URN_E_STRUCT, "struct_size"},
        {offsetof(urn_ctx_params, struct_size), 4, URN_E_STRUCT, "struct_size"},
        {offsetof(urn_ctx_params, struct_size), 13, URN_E_STRUCT, "struct_size"},
        {offsetof(urn_ctx_params, struct_size), sizeof(urn_ctx_params) + 8, URN_E_STRUCT, "struct_size"},
        {offsetof(urn_ctx_params, struct_size), -1, URN_E_STRUCT, "struct_size"},
        {offsetof(urn_ctx_params, backend), 5, URN_E_VALUE, "backend"},
        {offsetof(urn_ctx_params, backend), -1, URN_E_VALUE, "backend"},
        {offsetof(urn_ctx_params, device), -1, URN_E_DEVICE, "device"},
        {offsetof(urn_ctx_params, threads), -1, URN_E_VALUE, "threads"},
        {offsetof(urn_ctx_params, threads), 4097, URN_E_VALUE, "threads"},
        {offsetof(urn_ctx_params, lane_order), 3, URN_E_VALUE, "lane_order"},
        {offsetof(urn_ctx_params, lane_order), -1, URN_E_VALUE, "lane_order"},
        {offsetof(urn_ctx_params, simt_shared), 232449, URN_E_VALUE, "simt_shared"},
        {offsetof(urn_ctx_params, simt_shared), -1, URN_E_VALUE, "simt_shared"},
        {offsetof(urn_ctx_params, hint.team), 5, URN_E_VALUE, "hint.team"},
        {offsetof(urn_ctx_params, hint.threads), 33, URN_E_VALUE, "hint.threads"},
        {offsetof(urn_ctx_params, hint.threads), 544, URN_E_VALUE, "hint.threads"},
        {offsetof(urn_ctx_params, hint.threads), -32, URN_E_VALUE, "hint.threads"},
        {offsetof(urn_ctx_params, hint.cluster), 3, URN_E_VALUE, "hint.cluster"},
        {offsetof(urn_ctx_params, hint.cluster), 32, URN_E_VALUE, "hint.cluster"},
        {offsetof(urn_ctx_params, hint.streamed), 2, URN_E_VALUE, "hint.streamed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        urn_ctx_params params = URN_CTX_PARAMS_INIT;
        urn_ctx *ctx = (urn_ctx *)&params;
        params.backend = URN_BACKEND_CPU;
        memcpy((char *)&params + bad[i].offset, &bad[i].value, 4);
        ut_note("%s = %d", bad[i].name, bad[i].value);
        REFUSED(urn_ctx_create(&params, &ctx), bad[i].status, bad[i].name);
        UT_ASSERT(!ctx, "the out pointer is not NULL");
    }
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    urn_ctx *ctx;
    params.allocator.allocate = some_allocate;
    REFUSED(urn_ctx_create(&params, &ctx), URN_E_VALUE, "allocator.release");
    REFUSED(urn_ctx_create(NULL, NULL), URN_E_NULL, "ctx");
}
END_TEST

START_TEST(a_backend_that_is_not_here_says_why) {
    int missing = 0;
    for (int kind = URN_BACKEND_CPU; kind <= URN_BACKEND_NONE; kind++) {
        urn_ctx_params params = URN_CTX_PARAMS_INIT;
        urn_ctx *ctx = NULL;
        params.backend = kind;
        urn_status available = urn_backend_available((urn_backend_kind)kind);
        urn_status created = urn_ctx_create(&params, &ctx);
        ut_note("backend %s", urn_backend_name((urn_backend_kind)kind));
        UT_ASSERT(available == created, "available says %s, create says %s", urn_status_name(available),
                  urn_status_name(created));
        if (created != URN_OK) {
            UT_ASSERT(created == URN_E_BACKEND, "%s", urn_status_name(created));
            UT_ASSERT(strstr(urn_last_error(), "built without") || strstr(urn_last_error(), "no driver") ||
                          strstr(urn_last_error(), "no device"),
                      "\"%s\" gives no reason", urn_last_error());
            missing++;
        }
        urn_ctx_destroy(ctx);
    }
    UT_OK(urn_backend_available(URN_BACKEND_CPU));
    UT_OK(urn_backend_available(URN_BACKEND_NONE));
    UT_OK(urn_backend_available(URN_BACKEND_AUTO));
    REFUSED(urn_backend_available((urn_backend_kind)9), URN_E_VALUE, "backend");
    if (!missing) fprintf(stderr, "skip URN_E_BACKEND: every backend is here\n");
}
END_TEST

/* property  a choice that falls back is no failure: the detail of an earlier one stays */
START_TEST(auto_leaves_the_last_error_alone) {
    urn_ctx *ctx;
    REFUSED(urn_ctx_create(NULL, NULL), URN_E_NULL, "ctx");
    char before[512];
    snprintf(before, sizeof before, "%s", urn_last_error());
    UT_OK(urn_ctx_create(NULL, &ctx));
    UT_ASSERT(strcmp(before, urn_last_error()) == 0, "\"%s\" became \"%s\"", before, urn_last_error());
    urn_ctx_info info = URN_CTX_INFO_INIT;
    UT_OK(urn_ctx_get_info(ctx, &info));
    UT_ASSERT(info.backend == URN_BACKEND_CPU || info.backend == URN_BACKEND_CUDA, "backend %d", info.backend);
    UT_ASSERT(info.threads >= 1, "threads %d", info.threads);
    UT_ASSERT(info.device_name[0], "no device name");
    REFUSED(urn_ctx_get_info(NULL, &info), URN_E_NULL, "ctx");
    REFUSED(urn_ctx_get_info(ctx, NULL), URN_E_NULL, "info");
    info.struct_size = 4;
    REFUSED(urn_ctx_get_info(ctx, &info), URN_E_STRUCT, "info->struct_size");
    urn_ctx_destroy(ctx);
    urn_ctx_destroy(NULL);
}
END_TEST

START_TEST(bad_stream_arguments_are_refused) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_stream *stream = (urn_stream *)bed;
        REFUSED(urn_stream_create(NULL, 0, &stream), URN_E_NULL, "ctx");
        UT_ASSERT(!stream, "the out pointer is not NULL");
        REFUSED(urn_stream_create(bed->ctx, 0, NULL), URN_E_NULL, "stream");
        REFUSED(urn_stream_wrap(NULL, NULL, 0, &stream), URN_E_NULL, "ctx");
        REFUSED(urn_stream_wrap(bed->ctx, NULL, 0, NULL), URN_E_NULL, "stream");
        if (kind == URN_BACKEND_CPU || kind == URN_BACKEND_NONE) {
            stream = (urn_stream *)bed;
            REFUSED(urn_stream_wrap(bed->ctx, (struct CUstream_st *)bed, 0, &stream), URN_E_VALUE, "cuda_stream");
            UT_ASSERT(!stream, "the out pointer is not NULL");
        }
        UT_OK(urn_stream_wrap(bed->ctx, NULL, 256, &stream));
        UT_OK(urn_stream_sync_host(stream));
        urn_stream_destroy(stream);
        urn_stream_destroy(NULL);
        REFUSED(urn_stream_reserve(NULL, 1), URN_E_NULL, "stream");
        REFUSED(urn_stream_reserve(bed->stream, SIZE_MAX), URN_E_MEMORY, "bytes");
        REFUSED(urn_stream_sync_host(NULL), URN_E_NULL, "stream");
        urn_stream_stats stats = URN_STREAM_STATS_INIT;
        REFUSED(urn_stream_get_stats(NULL, &stats), URN_E_NULL, "stream");
        REFUSED(urn_stream_get_stats(bed->stream, NULL), URN_E_NULL, "stats");
        stats.struct_size = 8;
        REFUSED(urn_stream_get_stats(bed->stream, &stats), URN_E_STRUCT, "stats->struct_size");
        ut_close(bed);
    }
}
END_TEST

START_TEST(bad_buffer_arguments_are_refused) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind), *other = ut_open(kind);
        urn_buffer *buffer = (urn_buffer *)bed;
        char host[100] = {0};
        REFUSED(urn_buffer_create(NULL, URN_DEVICE, 1, &buffer), URN_E_NULL, "ctx");
        UT_ASSERT(!buffer, "the out pointer is not NULL");
        REFUSED(urn_buffer_create(bed->ctx, URN_DEVICE, 1, NULL), URN_E_NULL, "buffer");
        REFUSED(urn_buffer_create(bed->ctx, URN_DEVICE, 0, &buffer), URN_E_VALUE, "bytes");
        REFUSED(urn_buffer_create(bed->ctx, (urn_memory)3, 1, &buffer), URN_E_VALUE, "kind");
        REFUSED(urn_buffer_create(bed->ctx, URN_HOST, SIZE_MAX - 8, &buffer), URN_E_MEMORY, "bytes");
        UT_ASSERT(!urn_buffer_data(NULL) && !urn_buffer_size(NULL), "NULL has data");
        UT_OK(urn_buffer_create(bed->ctx, URN_DEVICE, 100, &buffer));
        UT_ASSERT((uintptr_t)urn_buffer_data(buffer) % 256 == 0, "%p is not 256-aligned", urn_buffer_data(buffer));
        UT_ASSERT(urn_buffer_size(buffer) == 100, "%zu bytes", urn_buffer_size(buffer));

        REFUSED(urn_buffer_write(NULL, buffer, 0, host, 1), URN_E_NULL, "stream");
        REFUSED(urn_buffer_write(bed->stream, NULL, 0, host, 1), URN_E_NULL, "buffer");
        REFUSED(urn_buffer_write(bed->stream, buffer, 0, NULL, 1), URN_E_NULL, "host");
        REFUSED(urn_buffer_write(bed->stream, buffer, 1, host, 100), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_write(bed->stream, buffer, 101, host, 0), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_write(bed->stream, buffer, SIZE_MAX, host, 2), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_write(bed->stream, buffer, 50, host, SIZE_MAX - 10), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_write(other->stream, buffer, 0, host, 1), URN_E_MISMATCH, "buffer");
        REFUSED(urn_buffer_read(NULL, buffer, 0, host, 1), URN_E_NULL, "stream");
        REFUSED(urn_buffer_read(bed->stream, buffer, 0, NULL, 1), URN_E_NULL, "host");
        REFUSED(urn_buffer_read(bed->stream, buffer, 50, host, 51), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_read(other->stream, buffer, 0, host, 1), URN_E_MISMATCH, "buffer");
        REFUSED(urn_buffer_read_host(NULL, buffer, 0, host, 1), URN_E_NULL, "stream");
        REFUSED(urn_buffer_read_host(bed->stream, NULL, 0, host, 1), URN_E_NULL, "buffer");
        REFUSED(urn_buffer_read_host(bed->stream, buffer, 0, NULL, 1), URN_E_NULL, "host");
        REFUSED(urn_buffer_read_host(bed->stream, buffer, 99, host, 2), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_zero(NULL, buffer, 0, 1), URN_E_NULL, "stream");
        REFUSED(urn_buffer_zero(bed->stream, buffer, 100, 1), URN_E_SHAPE, "offset");
        REFUSED(urn_buffer_zero(other->stream, buffer, 0, 1), URN_E_MISMATCH, "buffer");
        UT_OK(urn_buffer_write(bed->stream, buffer, 100, host, 0));
        UT_OK(urn_buffer_zero(bed->stream, buffer, 0, 100));
        UT_OK(urn_stream_sync_host(bed->stream));
        urn_buffer_destroy(buffer);
        urn_buffer_destroy(NULL);
        ut_close(other);
        ut_close(bed);
    }
}
END_TEST

static urn_slots_params slots_params(int32_t slots, int32_t history) {
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    params.slots = slots;
    params.history = history;
    return params;
}

START_TEST(bad_slots_arguments_are_refused) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind), *other = ut_open(kind);
        urn_slots *slots = (urn_slots *)bed;
        urn_slots_params good = slots_params(4, 2), bad;
        urn_slots_view view;
        int32_t zero[8] = {0};
        const int32_t *device = ut_upload(bed, zero, sizeof zero);
        REFUSED(urn_slots_create(NULL, &good, &slots), URN_E_NULL, "ctx");
        UT_ASSERT(!slots, "the out pointer is not NULL");
        REFUSED(urn_slots_create(bed->ctx, NULL, &slots), URN_E_NULL, "params");
        REFUSED(urn_slots_create(bed->ctx, &good, NULL), URN_E_NULL, "slots");
        bad = slots_params(0, 0), REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->slots");
        bad = slots_params((1 << 20) + 1, 0);
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->slots");
        bad = slots_params(1, -1), REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->history");
        bad = slots_params(1, (1 << 20) + 1);
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->history");
        bad = good, bad.counts = -1;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->counts");
        bad.counts = (1 << 20) + 1;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->counts");
        UT_ASSERT(urn_slots_bytes(&bad) == 0, "bytes for counts that create refuses");
        bad = good, bad.prompt_cols = -1;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->prompt_cols");
        bad.prompt_cols = (int32_t)URN_MAX_COLS + 1;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->prompt_cols");
        bad = good, bad.mu = NAN;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_VALUE, "params->mu");
        bad = good, bad.struct_size = 5;
        REFUSED(urn_slots_create(bed->ctx, &bad, &slots), URN_E_STRUCT, "params->struct_size");
        UT_ASSERT(urn_slots_bytes(&bad) == 0 && urn_slots_bytes(NULL) == 0, "bytes for bad params");

        UT_OK(urn_slots_create(bed->ctx, &good, &slots));
        REFUSED(urn_slots_get_view(NULL, &view), URN_E_NULL, "slots");
        REFUSED(urn_slots_get_view(slots, NULL), URN_E_NULL, "view");
        REFUSED(urn_slots_reset(NULL, slots, NULL, 0), URN_E_NULL, "stream");
        REFUSED(urn_slots_reset(bed->stream, NULL, NULL, 0), URN_E_NULL, "slots");
        REFUSED(urn_slots_reset(bed->stream, slots, device, -1), URN_E_SHAPE, "n is");
        REFUSED(urn_slots_reset(other->stream, slots, NULL, 0), URN_E_MISMATCH, "slots");
        REFUSED(urn_slots_commit(NULL, slots, NULL, device, 1, NULL, 1), URN_E_NULL, "stream");
        REFUSED(urn_slots_commit(bed->stream, NULL, NULL, device, 1, NULL, 1), URN_E_NULL, "slots");
        REFUSED(urn_slots_commit(bed->stream, slots, NULL, NULL, 1, NULL, 1), URN_E_NULL, "ids");
        REFUSED(urn_slots_commit(bed->stream, slots, NULL, device, 1, NULL, -1), URN_E_SHAPE, "rows");
        REFUSED(urn_slots_commit(bed->stream, slots, NULL, device, 0, NULL, 1), URN_E_SHAPE, "ids_stride");
        REFUSED(urn_slots_commit(bed->stream, slots, NULL, device, 1, NULL, 5), URN_E_SHAPE, "slot is NULL");
        REFUSED(urn_slots_commit(other->stream, slots, NULL, device, 1, NULL, 1), URN_E_MISMATCH, "slots");
        const int64_t *offsets = (const int64_t *)device;
        const float *lp = (const float *)device;
        urn_stream *on = bed->stream;
        REFUSED(urn_slots_prompt(NULL, slots, NULL, device, 0, offsets, 1), URN_E_NULL, "stream");
        REFUSED(urn_slots_prompt(on, NULL, NULL, device, 0, offsets, 1), URN_E_NULL, "slots");
        REFUSED(urn_slots_prompt(on, slots, NULL, NULL, 0, offsets, 1), URN_E_NULL, "ids");
        REFUSED(urn_slots_prompt(on, slots, NULL, device, 0, NULL, 1), URN_E_NULL, "offsets");
        REFUSED(urn_slots_prompt(on, slots, NULL, device, -1, offsets, 1), URN_E_SHAPE, "size");
        REFUSED(urn_slots_prompt(on, slots, NULL, device, 0, offsets, -1), URN_E_SHAPE, "rows");
        REFUSED(urn_slots_prompt(on, slots, device, device, 0, offsets, INT64_C(1) << 31), URN_E_SHAPE, "rows");
        REFUSED(urn_slots_prompt(on, slots, NULL, device, 0, offsets, 5), URN_E_SHAPE, "slot is NULL");
        REFUSED(urn_slots_prompt(other->stream, slots, NULL, device, 0, offsets, 1), URN_E_MISMATCH, "slots");
        REFUSED(urn_slots_mirostat(NULL, slots, NULL, lp, 1, NULL, 1, 3, 1), URN_E_NULL, "stream");
        REFUSED(urn_slots_mirostat(on, NULL, NULL, lp, 1, NULL, 1, 3, 1), URN_E_NULL, "slots");
        REFUSED(urn_slots_mirostat(on, slots, NULL, NULL, 1, NULL, 1, 3, 1), URN_E_NULL, "logprob");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, 0, NULL, 1, 3, 1), URN_E_SHAPE, "stride");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, INT64_C(1) << 31, NULL, 1, 3, 1), URN_E_SHAPE, "stride");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, 1, NULL, -1, 3, 1), URN_E_SHAPE, "rows");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, 1, NULL, 5, 3, 1), URN_E_SHAPE, "slot is NULL");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, 1, NULL, 1, NAN, 1), URN_E_VALUE, "tau");
        REFUSED(urn_slots_mirostat(on, slots, NULL, lp, 1, NULL, 1, 3, INFINITY), URN_E_VALUE, "eta");
        REFUSED(urn_slots_mirostat(other->stream, slots, NULL, lp, 1, NULL, 1, 3, 1), URN_E_MISMATCH, "slots");
        REFUSED(urn_slots_gather(NULL, slots, device), URN_E_NULL, "stream");
        REFUSED(urn_slots_gather(bed->stream, NULL, device), URN_E_NULL, "slots");
        REFUSED(urn_slots_gather(bed->stream, slots, NULL), URN_E_NULL, "ancestors");
        REFUSED(urn_slots_gather(other->stream, slots, device), URN_E_MISMATCH, "slots");
        UT_OK(urn_stream_sync_host(bed->stream));
        urn_slots_destroy(slots);
        urn_slots_destroy(NULL);
        ut_close(other);
        ut_close(bed);
    }
}
END_TEST

Suite *abuse_args_suite(void) {
    Suite *suite = suite_create("abuse_args");
    TCase *tcase = tcase_create("args");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, bad_ctx_params_are_refused_by_name);
    tcase_add_test(tcase, a_backend_that_is_not_here_says_why);
    tcase_add_test(tcase, auto_leaves_the_last_error_alone);
    tcase_add_test(tcase, bad_stream_arguments_are_refused);
    tcase_add_test(tcase, bad_buffer_arguments_are_refused);
    tcase_add_test(tcase, bad_slots_arguments_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
