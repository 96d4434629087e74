/* api_slots.c - state of requests: layout, and the three calls that move it. */
#include "urn/slots.h"

#include "host/check.h"
#include "host/handles.h"
#include "host/params.h"

#define URN_MAX_SLOTS (1 << 20)
#define URN_MAX_HISTORY (1 << 20)

static const urn_struct_sizes slots_sizes = {URN_END_OF(urn_slots_params, history), sizeof(urn_slots_params),
                                             sizeof(uint32_t)};

static urn_status check_slots_params(const char *call, const urn_slots_params *given, urn_slots_params *params) {
    URN_TRY(urn_params_copy(call, "params", params, given, slots_sizes));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "params->slots", params->slots, 1, URN_MAX_SLOTS));
    return urn_check_range(URN_E_VALUE, call, "params->history", params->history, 0, URN_MAX_HISTORY);
}

/* position, shadow_position, ids, shadow_ids, each at a multiple of 256 bytes */
static size_t position_bytes(const urn_slots_params *params) { return urn_round_up(4 * (size_t)params->slots); }

static size_t ids_bytes(const urn_slots_params *params) {
    return urn_round_up(4 * (size_t)params->slots * (size_t)params->history);
}

size_t urn_slots_bytes(const urn_slots_params *params) {
    char earlier[URN_ERROR_TEXT];
    urn_slots_params p = URN_SLOTS_PARAMS_INIT;
    urn_error_save(earlier); /* 0 is the answer here, not a failure of a call */
    int good = params && check_slots_params("urn_slots_bytes", params, &p) == URN_OK;
    urn_error_restore(earlier);
    return good ? 2 * position_bytes(&p) + 2 * ids_bytes(&p) : 0;
}

static urn_status clear_memory(urn_ctx *ctx, void *memory, size_t bytes) {
    struct CUstream_st *stream;
    URN_TRY(urn_setup_stream(ctx, &stream));
    return urn_setup_finish(ctx, stream, ctx->backend->zero(ctx, stream, memory, bytes));
}

static urn_status make_slots(urn_ctx *ctx, const urn_slots_params *params, urn_slots *slots) {
    size_t bytes = 2 * position_bytes(params) + 2 * ids_bytes(params);
    slots->ctx = ctx;
    URN_TRY(ctx->backend->memory_get(ctx, URN_DEVICE, bytes, &slots->memory));
    urn_status status = clear_memory(ctx, slots->memory, bytes);
    if (status != URN_OK) {
        ctx->backend->memory_put(ctx, URN_DEVICE, slots->memory);
        return status;
    }
    char *at = slots->memory;
    slots->view.slots = params->slots;
    slots->view.history = params->history;
    slots->view.now.position = (uint32_t *)(void *)at;
    slots->view.shadow.position = (uint32_t *)(void *)(at += position_bytes(params));
    slots->view.now.ids = (int32_t *)(void *)(at += position_bytes(params));
    slots->view.shadow.ids = (int32_t *)(void *)(at + ids_bytes(params));
    return URN_OK;
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

urn_status urn_slots_reset(urn_stream *stream, urn_slots *slots, const int32_t *slot, int64_t n) {
    static const char call[] = "urn_slots_reset";
    URN_TRY(check_pair(call, stream, slots));
    if (slot) URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", n, 0, URN_MAX_ROWS));
    if (slot && n == 0) return URN_OK;
    URN_TRY(stream->ctx->backend->slots_reset(stream->ctx, stream->handle, &slots->view, slot, slot ? n : 0));
    stream->launches += 1;
    return URN_OK;
}

urn_status urn_slots_commit(urn_stream *stream, urn_slots *slots, const int32_t *slot, const int32_t *ids,
                            int64_t ids_stride, const int32_t *accepted, int64_t rows) {
    static const char call[] = "urn_slots_commit";
    URN_TRY(check_pair(call, stream, slots));
    URN_TRY(urn_check_pointer(call, "ids", ids));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "ids_stride", ids_stride, 1, INT32_MAX));
    if (!slot && rows > slots->view.slots)
        return urn_fail(URN_E_SHAPE, "%s: slot is NULL and rows is %lld; wanted at most the %d slots", call,
                        (long long)rows, slots->view.slots);
    if (rows == 0) return URN_OK;
    URN_TRY(stream->ctx->backend->slots_commit(stream->ctx, stream->handle, &slots->view, slot, ids, ids_stride,
                                               accepted, rows));
    stream->launches += 1;
    return URN_OK;
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
