/* api_ctx.c - contexts: check, choose a backend, open it. */
#include <string.h>

#include "host/check.h"
#include "host/choose_backend.h"
#include "host/handles.h"
#include "host/params.h"
#include "host/processor.h"

#define URN_MAX_THREADS 4096

const char *urn_backend_name(urn_backend_kind kind) {
    switch (kind) {
    case URN_BACKEND_AUTO:
        return "auto";
    case URN_BACKEND_CPU:
        return "cpu";
    case URN_BACKEND_CUDA:
        return "cuda";
    case URN_BACKEND_SIMT:
        return "simt";
    case URN_BACKEND_NONE:
        return "none";
    }
    return "unknown";
}

urn_status urn_backend_available(urn_backend_kind kind) {
    const urn_backend *backend;
    return urn_choose_backend("urn_backend_available", (int32_t)kind, &backend);
}

static urn_status check_hint(const char *call, const urn_launch_hint *hint) {
    URN_TRY(urn_check_range(URN_E_VALUE, call, "hint.team", hint->team, 0, 4));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "hint.threads", hint->threads, 0, 512));
    if (hint->threads % 32)
        return urn_fail(URN_E_VALUE, "%s: hint.threads is %d; wanted a multiple of 32", call, hint->threads);
    URN_TRY(urn_check_range(URN_E_VALUE, call, "hint.cluster", hint->cluster, 0, 16));
    if (hint->cluster & (hint->cluster - 1))
        return urn_fail(URN_E_VALUE, "%s: hint.cluster is %d; wanted a power of two", call, hint->cluster);
    return urn_check_range(URN_E_VALUE, call, "hint.streamed", hint->streamed, 0, 1);
}

static urn_status check_ctx_params(const char *call, const urn_ctx_params *params) {
    URN_TRY(urn_check_range(URN_E_VALUE, call, "threads", params->threads, 0, URN_MAX_THREADS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "lane_order", params->lane_order, 0, 2));
    if (params->simt_shared) /* no more than sm_90 has, so that what fits here fits there */
        URN_TRY(urn_check_range(URN_E_VALUE, call, "simt_shared", params->simt_shared, 4096, 232448));
    URN_TRY(check_hint(call, &params->hint));
    if (!params->allocator.allocate != !params->allocator.release)
        return urn_fail(URN_E_VALUE, "%s: allocator.%s is NULL and the other is not; wanted both or none", call,
                        params->allocator.allocate ? "release" : "allocate");
    URN_TRY(urn_check_range(URN_E_VALUE, call, "backend", params->backend, URN_BACKEND_AUTO, URN_BACKEND_NONE));
    return params->device >= 0 ? URN_OK
                               : urn_fail(URN_E_DEVICE, "%s: device is %d; wanted 0 or more", call, params->device);
}

/* The list that a call without a sampler runs. */
static urn_status make_plain(urn_ctx *ctx) {
    urn_list empty = {NULL, 0};
    return urn_sampler_create(ctx, &empty, 1, &ctx->plain);
}

static urn_status open_ctx(const urn_ctx_params *params, const urn_backend *backend, urn_ctx *ctx) {
    ctx->backend = backend;
    ctx->device.device = params->device;
    ctx->device.threads = params->threads ? params->threads : urn_processor_cores();
    ctx->device.lane_order = params->lane_order;
    ctx->device.simt_shared = params->simt_shared;
    ctx->device.hint = params->hint;
    ctx->info.backend = (int32_t)backend->kind;
    ctx->info.threads = ctx->device.threads;
    ctx->info.max_cluster = 1;
    URN_TRY(backend->open(ctx));
    urn_status status = make_plain(ctx);
    if (status != URN_OK) backend->close(ctx);
    return status;
}

urn_status urn_ctx_create(const urn_ctx_params *params, urn_ctx **ctx) {
    static const char call[] = "urn_ctx_create";
    static const urn_struct_sizes sizes = {URN_END_OF(urn_ctx_params, backend), sizeof(urn_ctx_params), sizeof(void *)};
    urn_ctx_params p = URN_CTX_PARAMS_INIT;
    const urn_backend *backend;
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    *ctx = NULL;
    if (params) URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(check_ctx_params(call, &p));
    URN_TRY(urn_choose_backend(call, p.backend, &backend));

    urn_allocator allocator = p.allocator.allocate ? p.allocator : urn_allocator_default();
    urn_ctx *made = urn_get(&allocator, sizeof *made);
    if (!made) return urn_fail_memory("a context", sizeof *made);
    made->allocator = allocator;
    urn_status status = open_ctx(&p, backend, made);
    if (status == URN_OK)
        *ctx = made;
    else
        urn_put(&allocator, made);
    return status;
}

void urn_ctx_destroy(urn_ctx *ctx) {
    if (!ctx) return;
    urn_allocator allocator = ctx->allocator; /* outlives the object that it frees */
    urn_sampler_destroy(ctx->plain);
    ctx->backend->close(ctx);
    urn_put(&allocator, ctx);
}

urn_status urn_ctx_get_info(const urn_ctx *ctx, urn_ctx_info *info) {
    static const char call[] = "urn_ctx_get_info";
    static const urn_struct_sizes sizes = {URN_END_OF(urn_ctx_info, backend), sizeof(urn_ctx_info), sizeof(int64_t)};
    URN_TRY(urn_check_pointer(call, "ctx", ctx));
    URN_TRY(urn_check_pointer(call, "info", info));
    return urn_params_give(call, "info", info, &ctx->info, sizes);
}
