/* api_topk_uniform.c - urn_permute, urn_bootstrap, urn_field: check, enqueue. */
#include "urn/topk_uniform.h"

#include "host/backend_topk.h"
#include "host/params.h"
#include "host/special_call.h"

urn_status urn_permute(urn_stream *stream, const urn_permute_params *params) {
    static const char call[] = "urn_permute";
    static const urn_struct_sizes sizes = {sizeof(urn_permute_params), sizeof(urn_permute_params), sizeof(void *)};
    urn_permute_params p = URN_PERMUTE_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_pointer(call, "out", p.out));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "inverse", p.inverse, 0, 1));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", p.n, 1, URN_PERMUTE_N));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "count", p.count, 0, URN_PERMUTE_N));
    if (!p.index) URN_TRY(urn_check_range(URN_E_SHAPE, call, "first", p.first, 0, p.n > p.count ? p.n - p.count : 0));
    if (!p.index) URN_TRY(urn_check_range(URN_E_SHAPE, call, "count", p.count, 0, p.n));
    const urn_named_array arrays[] = {{"index", p.index, 8}, {"out", p.out, 8}};
    URN_TRY(urn_check_aligned(call, arrays, 2));
    if (p.count == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->permute, &p);
}

urn_status urn_bootstrap(urn_stream *stream, const urn_bootstrap_params *params) {
    static const char call[] = "urn_bootstrap";
    static const urn_struct_sizes sizes = {sizeof(urn_bootstrap_params), sizeof(urn_bootstrap_params), sizeof(void *)};
    urn_bootstrap_params p = URN_BOOTSTRAP_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p.rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", p.n, 1, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "draws", p.draws, 1, URN_MAX_ROWS));
    if (!p.ids && !p.counts) return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted ids or counts", call);
    const urn_named_array arrays[] = {
        {"seed", p.seed, 8}, {"label", p.label, 8},   {"position", p.position, 4},
        {"ids", p.ids, 4},   {"counts", p.counts, 4},
    };
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->bootstrap, &p);
}

urn_status urn_field(urn_stream *stream, const urn_field_params *params) {
    static const char call[] = "urn_field";
    static const urn_struct_sizes sizes = {sizeof(urn_field_params), sizeof(urn_field_params), sizeof(void *)};
    urn_field_params p = URN_FIELD_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p.rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "n", p.n, 1, URN_FIELD_N));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "bits_stride", p.bits_stride, (p.n + 31) / 32,
                            INT64_MAX / 8 / (p.rows ? p.rows : 1)));
    URN_TRY(urn_check_pointer(call, "bits", p.bits));
    if (!p.p && p.p_value > UINT64_C(1) << 32)
        return urn_fail(URN_E_VALUE, "%s: p_value is %llu; wanted 0 to 2^32", call, (unsigned long long)p.p_value);
    const urn_named_array arrays[] = {
        {"p", p.p, 8},       {"seed", p.seed, 8},     {"label", p.label, 8}, {"position", p.position, 4},
        {"bits", p.bits, 4}, {"status", p.status, 4},
    };
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->field, &p);
}
