/* api_topk_long.c - the four calls on long rows: check, find the workspace, enqueue. */
#include "urn/topk_long.h"

#include <math.h>

#include "host/backend_topk.h"
#include "host/params.h"
#include "host/special_call.h"

size_t urn_topk_long_state(int64_t k) {
    if (k < 1 || k > URN_TOPK_LONG_K) return 0;
    return urn_round_up(sizeof(urn_topk_state) + sizeof(urn_topk_record) * ((size_t)k + 1));
}

size_t urn_topk_long_workspace(int64_t k, int64_t n) {
    if (k < 1 || k > URN_TOPK_LONG_K || n < 0 || n > URN_TOPK_LONG_CHUNK) return 0;
    return urn_round_up(urn_backend_topk_long_workspace(k, n));
}

static urn_status check_law(const char *call, const urn_topk_long_params *p) {
    if (p->by != URN_TOPK_VALUE && p->by != URN_TOPK_GUMBEL)
        return urn_fail(URN_E_VALUE, "%s: by is %d; wanted URN_TOPK_VALUE or URN_TOPK_GUMBEL", call, p->by);
    if (p->by == URN_TOPK_GUMBEL && !(p->temperature > 0.0f && p->temperature < INFINITY))
        return urn_fail(URN_E_VALUE, "%s: temperature is %g; wanted a finite number above 0", call,
                        (double)p->temperature);
    if (p->flags & ~URN_TOPK_BY_ID)
        return urn_fail(URN_E_VALUE, "%s: flags is %u; wanted URN_TOPK_BY_ID or 0", call, p->flags);
    return URN_OK;
}

static urn_status check_state(const char *call, const urn_topk_long_params *p) {
    const urn_named_array arrays[] = {{"state", p->state, URN_ALIGNMENT}, {"workspace", p->workspace, URN_ALIGNMENT}};
    URN_TRY(urn_check_pointer(call, "state", p->state));
    URN_TRY(urn_check_aligned(call, arrays, 2));
    if (p->state_bytes < urn_topk_long_state(p->k))
        return urn_fail(URN_E_SHAPE, "%s: state_bytes is %zu; wanted %zu for k %lld", call, p->state_bytes,
                        urn_topk_long_state(p->k), (long long)p->k);
    return URN_OK;
}

/* What all four calls check; `n` is the chunk that the workspace is for, -1 where none is needed. */
static urn_status plan(const char *call, const urn_stream *stream, const urn_topk_long_params *params, int64_t n,
                       urnk_topk_long_call *to) {
    static const urn_struct_sizes sizes = {sizeof(urn_topk_long_params), sizeof(urn_topk_long_params), sizeof(void *)};
    static const urn_topk_long_params defaults = URN_TOPK_LONG_PARAMS_INIT;
    urn_topk_long_params *p = &to->params;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    *p = defaults;
    URN_TRY(urn_params_copy(call, "params", p, params, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "k", p->k, 1, URN_TOPK_LONG_K));
    URN_TRY(check_law(call, p));
    URN_TRY(check_state(call, p));
    if (n < 0) return URN_OK;
    return urn_find_workspace(call, stream, p->workspace, p->workspace_bytes, urn_topk_long_workspace(p->k, n),
                              &to->workspace, &to->workspace_bytes);
}

urn_status urn_topk_long_begin(urn_stream *stream, const urn_topk_long_params *params) {
    static const char call[] = "urn_topk_long_begin";
    urnk_topk_long_call begin = {0};
    URN_TRY(plan(call, stream, params, -1, &begin));
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk_long_begin, &begin);
}

urn_status urn_topk_long_push(urn_stream *stream, const urn_topk_long_params *params, const void *values, int32_t type,
                              int64_t n, int64_t first) {
    static const char call[] = "urn_topk_long_push";
    urnk_topk_long_call push = {.values = values, .type = type, .n = n, .first = first};
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", n, 0, URN_TOPK_LONG_CHUNK));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "first", first, 0, URN_TOPK_LONG_ITEMS - n));
    if (type != URN_ITEM_F32 && type != URN_ITEM_F64)
        return urn_fail(URN_E_DTYPE, "%s: type is %d; wanted URN_ITEM_F32 or URN_ITEM_F64", call, type);
    const urn_named_array array = {"values", values, type == URN_ITEM_F64 ? 8 : 4};
    URN_TRY(urn_check_aligned(call, &array, 1));
    URN_TRY(plan(call, stream, params, n, &push));
    if (push.params.by == URN_TOPK_VALUE && n > 0) URN_TRY(urn_check_pointer(call, "values", values));
    if (n == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk_long_push, &push);
}

urn_status urn_topk_long_merge(urn_stream *stream, const urn_topk_long_params *params, const void *other) {
    static const char call[] = "urn_topk_long_merge";
    urnk_topk_long_call merge = {.other = other};
    const urn_named_array array = {"other", other, URN_ALIGNMENT};
    URN_TRY(urn_check_pointer(call, "other", other));
    URN_TRY(urn_check_aligned(call, &array, 1));
    URN_TRY(plan(call, stream, params, 0, &merge));
    if (other == merge.params.state)
        return urn_fail(URN_E_VALUE, "%s: other is params->state; wanted the state of another shard", call);
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk_long_merge, &merge);
}

urn_status urn_topk_long_finish(urn_stream *stream, const urn_topk_long_params *params,
                                const urn_topk_long_results *results) {
    static const char call[] = "urn_topk_long_finish";
    static const urn_struct_sizes sizes = {sizeof(urn_topk_long_results), sizeof(urn_topk_long_results),
                                           sizeof(void *)};
    urnk_topk_long_call finish = {.results = URN_TOPK_LONG_RESULTS_INIT};
    urn_topk_long_results *r = &finish.results;
    URN_TRY(urn_check_pointer(call, "results", results));
    URN_TRY(urn_params_copy(call, "results", r, results, sizes));
    if (!r->ids && !r->keys && !r->found && !r->threshold && !r->status)
        return urn_fail(URN_E_NULL, "%s: every member of results is NULL; wanted at least one, such as ids", call);
    const urn_named_array arrays[] = {
        {"ids", r->ids, 8},       {"keys", r->keys, 8}, {"found", r->found, 8}, {"threshold", r->threshold, 8},
        {"status", r->status, 4},
    };
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    URN_TRY(plan(call, stream, params, 0, &finish));
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk_long_finish, &finish);
}
