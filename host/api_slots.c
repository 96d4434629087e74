/* api_slots.c - state of requests: layout, and the calls that move it. */
#include "urn/slots.h"

#include <float.h>

#include "host/check.h"
#include "host/handles.h"
#include "host/params.h"

#define URN_MAX_SLOTS (1 << 20)
#define URN_MAX_HISTORY (1 << 20)
#define URN_MAX_COUNTS (1 << 20)

static const urn_struct_sizes slots_sizes = {URN_END_OF(urn_slots_params, history), sizeof(urn_slots_params),
                                             sizeof(uint32_t)};

static urn_status check_slots_params(const char *call, const urn_slots_params *given, urn_slots_params *params) {
    URN_TRY(urn_params_copy(call, "params", params, given, slots_sizes));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "params->slots", params->slots, 1, URN_MAX_SLOTS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "params->history", params->history, 0, URN_MAX_HISTORY));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "params->counts", params->counts, 0, URN_MAX_COUNTS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "params->prompt_cols", params->prompt_cols, 0, URN_MAX_COLS));
    return params->mu == params->mu ? URN_OK : urn_fail(URN_E_VALUE, "%s: params->mu is NaN; wanted a number", call);
}

/* The least power of two >= 2 * counts: half of the places stay empty, so searches end and are short. */
static int32_t count_slots_of(int32_t counts) {
    int32_t places = 2;
    if (!counts) return 0;
    while (places < 2 * counts) places *= 2;
    return places;
}

/* All sizes of the view; its arrays stay NULL. */
static urn_slots_view view_of(const urn_slots_params *params) {
    urn_slots_view view = {0};
    view.slots = params->slots;
    view.history = params->history;
    view.counts = params->counts;
    view.count_slots = count_slots_of(params->counts);
    view.prompt_cols = params->prompt_cols;
    view.prompt_words = (params->prompt_cols + 31) / 32;
    view.mu = params->mu;
    return view;
}

/* The next array of `each` words a slot, and where the one after it begins. */
static void *take(char *memory, size_t *used, const urn_slots_view *view, int32_t each) {
    void *array = memory ? memory + *used : NULL;
    *used += urn_round_up(4 * (size_t)view->slots * (size_t)each);
    return array;
}

static void lay_out(char *memory, size_t *used, const urn_slots_view *view, urn_slots_state *state) {
    state->position = take(memory, used, view, 1);
    state->length = take(memory, used, view, 1);
    state->counted = take(memory, used, view, 1);
    state->overflow = take(memory, used, view, 1);
    state->mu = take(memory, used, view, 1);
    state->ids = take(memory, used, view, view->history);
    state->count_id = take(memory, used, view, view->count_slots);
    state->count_n = take(memory, used, view, view->count_slots);
    state->prompt = take(memory, used, view, view->prompt_words);
}

/* Both halves, each array at a multiple of 256 bytes; memory NULL: only how many bytes. */
static size_t lay_out_both(char *memory, urn_slots_view *view) {
    size_t used = 0;
    lay_out(memory, &used, view, &view->now);
    lay_out(memory, &used, view, &view->shadow);
    return used;
}

size_t urn_slots_bytes(const urn_slots_params *params) {
    char earlier[URN_ERROR_TEXT];
    urn_slots_params p = URN_SLOTS_PARAMS_INIT;
    urn_error_save(earlier); /* 0 is the answer here, not a failure of a call */
    int good = params && check_slots_params("urn_slots_bytes", params, &p) == URN_OK;
    urn_error_restore(earlier);
    if (!good) return 0;
    urn_slots_view view = view_of(&p);
    return lay_out_both(NULL, &view);
}

/* Zeros everywhere, so that no byte is undefined, then what a reset leaves: mu. */
static urn_status clear_memory(urn_ctx *ctx, void *memory, size_t bytes, const urn_slots_view *view) {
    struct CUstream_st *stream;
    URN_TRY(urn_setup_stream(ctx, &stream));
    urn_status status = ctx->backend->zero(ctx, stream, memory, bytes);
    if (status == URN_OK) status = ctx->backend->slots_reset(ctx, stream, view, NULL, 0);
    return urn_setup_finish(ctx, stream, status);
}

static urn_status make_slots(urn_ctx *ctx, const urn_slots_params *params, urn_slots *slots) {
    slots->ctx = ctx;
    slots->view = view_of(params);
    size_t bytes = lay_out_both(NULL, &slots->view);
    URN_TRY(ctx->backend->memory_get(ctx, URN_DEVICE, bytes, &slots->memory));
    (void)lay_out_both(slots->memory, &slots->view);
    urn_status status = clear_memory(ctx, slots->memory, bytes, &slots->view);
    if (status != URN_OK) ctx->backend->memory_put(ctx, URN_DEVICE, slots->memory);
    return status;
}

urn_status urn_slots_create(urn_ctx *ctx, const urn_slots_params *params, urn_slots **slots) {
    static const char call[] = "urn_slots_create";
    urn_slots_params p = URN_SLOTS_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "slots", slots));
    *slots = NULL;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(check_slots_params(call, params, &p));

    urn_slots *made = urn_get(&ctx->allocator, sizeof *made);
    if (!made) return urn_fail_memory("slots' record", sizeof *made);
    urn_status status = make_slots(ctx, &p, made);
    if (status == URN_OK)
        *slots = made;
    else
        urn_put(&ctx->allocator, made);
    return status;
}

void urn_slots_destroy(urn_slots *slots) {
    if (!slots) return;
    urn_ctx *ctx = slots->ctx;
    ctx->backend->memory_put(ctx, URN_DEVICE, slots->memory);
    urn_put(&ctx->allocator, slots);
}

urn_status urn_slots_get_view(const urn_slots *slots, urn_slots_view *view) {
    static const char call[] = "urn_slots_get_view";
    URN_TRY(urn_check_pointer(call, "slots", slots));
    URN_TRY(urn_check_pointer(call, "view", view));
    *view = slots->view;
    return URN_OK;
}

static urn_status check_pair(const char *call, const urn_stream *stream, const urn_slots *slots) {
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "slots", slots));
    return urn_check_same_ctx(call, "slots", slots->ctx, "stream", stream->ctx);
}

static urn_status count_launch(urn_stream *stream, urn_status status) {
    if (status == URN_OK) stream->launches += 1;
    return status;
}

urn_status urn_slots_reset(urn_stream *stream, urn_slots *slots, const int32_t *slot, int64_t n) {
    static const char call[] = "urn_slots_reset";
    URN_TRY(check_pair(call, stream, slots));
    if (slot) URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", n, 0, URN_MAX_ROWS));
    if (slot && n == 0) return URN_OK;
    return count_launch(
        stream, stream->ctx->backend->slots_reset(stream->ctx, stream->handle, &slots->view, slot, slot ? n : 0));
}

/* Rows that name slots, or are slots. */
static urn_status check_rows(const char *call, const urn_slots *slots, const int32_t *slot, int64_t rows) {
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", rows, 0, URN_MAX_ROWS));
    if (slot || rows <= slots->view.slots) return URN_OK;
    return urn_fail(URN_E_SHAPE, "%s: slot is NULL and rows is %lld; wanted at most the %d slots", call,
                    (long long)rows, slots->view.slots);
}

urn_status urn_slots_commit(urn_stream *stream, urn_slots *slots, const int32_t *slot, const int32_t *ids,
                            int64_t ids_stride, const int32_t *accepted, int64_t rows) {
    static const char call[] = "urn_slots_commit";
    URN_TRY(check_pair(call, stream, slots));
    URN_TRY(urn_check_pointer(call, "ids", ids));
    URN_TRY(check_rows(call, slots, slot, rows));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "ids_stride", ids_stride, 1, INT32_MAX));
    if (rows == 0) return URN_OK;
    return count_launch(stream, stream->ctx->backend->slots_commit(stream->ctx, stream->handle, &slots->view, slot, ids,
                                                                   ids_stride, accepted, rows));
}

urn_status urn_slots_prompt(urn_stream *stream, urn_slots *slots, const int32_t *slot, const int32_t *ids, int64_t size,
                            const int64_t *offsets, int64_t rows) {
    static const char call[] = "urn_slots_prompt";
    URN_TRY(check_pair(call, stream, slots));
    URN_TRY(urn_check_pointer(call, "ids", ids));
    URN_TRY(urn_check_pointer(call, "offsets", offsets));
    URN_TRY(check_rows(call, slots, slot, rows));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "size", size, 0, INT64_MAX / 4));
    if (rows == 0) return URN_OK;
    return count_launch(stream, stream->ctx->backend->slots_prompt(stream->ctx, stream->handle, &slots->view, slot, ids,
                                                                   size, offsets, rows));
}

static urn_status check_finite(const char *call, const char *name, float value) {
    if (value >= -FLT_MAX && value <= FLT_MAX) return URN_OK;
    return urn_fail(URN_E_VALUE, "%s: %s is %g; wanted a finite float", call, name, (double)value);
}

urn_status urn_slots_mirostat(urn_stream *stream, urn_slots *slots, const int32_t *slot, const float *logprob,
                              int64_t stride, const int32_t *accepted, int64_t rows, float tau, float eta) {
    static const char call[] = "urn_slots_mirostat";
    URN_TRY(check_pair(call, stream, slots));
    URN_TRY(urn_check_pointer(call, "logprob", logprob));
    URN_TRY(check_rows(call, slots, slot, rows));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "stride", stride, 1, INT32_MAX));
    URN_TRY(check_finite(call, "tau", tau));
    URN_TRY(check_finite(call, "eta", eta));
    if (rows == 0) return URN_OK;
    return count_launch(stream, stream->ctx->backend->slots_mirostat(stream->ctx, stream->handle, &slots->view, slot,
                                                                     logprob, stride, accepted, rows, tau, eta));
}

/* Two launches where there are launches: into the shadow, and back. */
urn_status urn_slots_gather(urn_stream *stream, urn_slots *slots, const int32_t *ancestors) {
    static const char call[] = "urn_slots_gather";
    URN_TRY(check_pair(call, stream, slots));
    URN_TRY(urn_check_pointer(call, "ancestors", ancestors));
    URN_TRY(stream->ctx->backend->slots_gather(stream->ctx, stream->handle, &slots->view, ancestors));
    stream->launches += stream->ctx->backend->kind == URN_BACKEND_CPU ? 1 : 2;
    return URN_OK;
}
