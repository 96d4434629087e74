/* unit_host_plant.c - counts what host/ asks, answers what the test said, and leaves memory to the none backend. */
#include "tests/unit/unit_host_plant.h"

#include "host/check.h"

plant the_plant;

static urn_status answer(const char *what) {
    return the_plant.next == URN_OK ? URN_OK : urn_fail(the_plant.next, "planted failure of %s", what);
}

static urn_status plant_get(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer) {
    the_plant.gets++;
    return the_plant.real->memory_get(ctx, kind, bytes, pointer);
}

static void plant_put(urn_ctx *ctx, urn_memory kind, void *pointer) {
    the_plant.puts++;
    the_plant.real->memory_put(ctx, kind, pointer);
}

static urn_status plant_stream_open(urn_ctx *ctx, struct CUstream_st **stream) {
    (void)ctx;
    the_plant.opens++;
    *stream = (struct CUstream_st *)&the_plant;
    return the_plant.opens_work ? URN_OK : answer("stream_open");
}

static void plant_stream_close(urn_ctx *ctx, struct CUstream_st *stream) {
    (void)ctx, (void)stream;
    the_plant.closes++;
}

static urn_status plant_sync(urn_ctx *ctx, struct CUstream_st *stream) {
    (void)ctx, (void)stream;
    the_plant.syncs++;
    return answer("stream_sync");
}

static urn_status plant_capturing(urn_ctx *ctx, struct CUstream_st *stream, int *capturing) {
    (void)ctx, (void)stream;
    the_plant.asks++;
    *capturing = the_plant.capturing;
    return URN_OK;
}

static urn_status plant_copy(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes) {
    the_plant.copies++;
    (void)the_plant.real->copy(ctx, stream, dst, src, bytes);
    return answer("copy");
}

static urn_status plant_zero(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes) {
    the_plant.zeros++;
    (void)the_plant.real->zero(ctx, stream, dst, bytes);
    return answer("zero");
}

static urn_status plant_sample(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call) {
    (void)ctx, (void)stream;
    the_plant.samples++;
    the_plant.seen = *call;
    return answer("sample");
}

static urn_status plant_reset(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view, const int32_t *slot,
                              int64_t n) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)n;
    the_plant.resets++;
    return answer("slots_reset");
}

static urn_status plant_commit(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *slot, const int32_t *ids, int64_t ids_stride, const int32_t *accepted,
                               int64_t rows) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)ids, (void)ids_stride, (void)accepted, (void)rows;
    the_plant.commits++;
    return answer("slots_commit");
}

static urn_status plant_prompt(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                               int64_t rows) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)ids, (void)size, (void)offsets, (void)rows;
    the_plant.prompts++;
    return answer("slots_prompt");
}

static urn_status plant_mirostat(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                 const int32_t *slot, const float *logprob, int64_t stride, const int32_t *accepted,
                                 int64_t rows, float tau, float eta) {
    (void)ctx, (void)stream, (void)view, (void)slot, (void)logprob, (void)stride, (void)accepted, (void)rows;
    the_plant.mirostats++;
    the_plant.tau = tau, the_plant.eta = eta;
    return answer("slots_mirostat");
}

static urn_status plant_gather(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *ancestors) {
    (void)ctx, (void)stream, (void)view, (void)ancestors;
    the_plant.gathers++;
    return answer("slots_gather");
}

void plant_open(void) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    memset(&the_plant, 0, sizeof the_plant);
    params.backend = URN_BACKEND_NONE;
    UT_OK(urn_ctx_create(&params, &the_plant.ctx));
    the_plant.real = the_plant.ctx->backend;
    the_plant.table = *the_plant.real;
    the_plant.table.memory_get = plant_get;
    the_plant.table.memory_put = plant_put;
    the_plant.table.stream_open = plant_stream_open;
    the_plant.table.stream_close = plant_stream_close;
    the_plant.table.stream_sync = plant_sync;
    the_plant.table.stream_capturing = plant_capturing;
    the_plant.table.copy = plant_copy;
    the_plant.table.zero = plant_zero;
    the_plant.table.sample = plant_sample;
    the_plant.table.slots_reset = plant_reset;
    the_plant.table.slots_commit = plant_commit;
    the_plant.table.slots_prompt = plant_prompt;
    the_plant.table.slots_mirostat = plant_mirostat;
    the_plant.table.slots_gather = plant_gather;
    the_plant.ctx->backend = &the_plant.table;
}

void plant_close(void) {
    the_plant.ctx->backend = the_plant.real;
    urn_ctx_destroy(the_plant.ctx);
}
