/* api_topk_segments.c - urn_topk_segments: check, find the workspace, enqueue. */
#include "urn/topk_segments.h"

#include <math.h>

#include "host/backend_topk.h"
#include "host/params.h"
#include "host/special_call.h"

static const char call[] = "urn_topk_segments";

#define MOST_OUT (INT64_MAX / 64) /* entries: a workspace of some bytes each must have a size */

size_t urn_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    if (segments < 1 || segments > URN_MAX_ROWS || longest < 1 || longest > URN_TOPK_LONG_CHUNK) return 0;
    if (k < 1 || k > URN_TOPK_LONG_K || out < 0 || out > MOST_OUT) return 0;
    return urn_round_up(urn_backend_topk_segments_workspace(segments, longest, k, out));
}

static urn_status check_shape(urn_topk_segments_params *p) {
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "size", p->size, 0, URN_TOPK_LONG_ITEMS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "segments", p->segments, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "longest", p->longest, 1, URN_TOPK_LONG_CHUNK));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "k", p->k, 1, URN_TOPK_LONG_K));
    if (!p->out_offsets) p->out_size = p->segments * p->k; /* below 2^55 */
    return urn_check_range(URN_E_SHAPE, call, "out_size", p->out_size, 0, MOST_OUT);
}

static urn_status check_law(const urn_topk_segments_params *p) {
    if (p->by != URN_TOPK_VALUE && p->by != URN_TOPK_GUMBEL)
        return urn_fail(URN_E_VALUE, "%s: by is %d; wanted URN_TOPK_VALUE or URN_TOPK_GUMBEL", call, p->by);
    if (p->type != URN_ITEM_F32 && p->type != URN_ITEM_F64)
        return urn_fail(URN_E_DTYPE, "%s: type is %d; wanted URN_ITEM_F32 or URN_ITEM_F64", call, p->type);
    if (p->by == URN_TOPK_VALUE) URN_TRY(urn_check_pointer(call, "values", p->values));
    if (p->by == URN_TOPK_GUMBEL && !p->temperature && !(p->temperature_value > 0 && p->temperature_value < INFINITY))
        return urn_fail(URN_E_VALUE, "%s: temperature_value is %g; wanted a finite number above 0", call,
                        (double)p->temperature_value);
    if (p->flags & ~(URN_TOPK_BY_ID | URN_TOPK_LOCAL))
        return urn_fail(URN_E_VALUE, "%s: flags is %u; wanted URN_TOPK_BY_ID, URN_TOPK_LOCAL or 0", call, p->flags);
    return URN_OK;
}

static urn_status check_arrays(const urn_topk_segments_params *p) {
    const urn_named_array arrays[] = {
        {"values", p->values, p->type == URN_ITEM_F64 ? 8 : 4},
        {"offsets", p->offsets, 8},
        {"out_offsets", p->out_offsets, 8},
        {"k_of_segment", p->k_of_segment, 8},
        {"temperature", p->temperature, 4},
        {"seed", p->seed, 8},
        {"label", p->label, 8},
        {"ids", p->ids, 8},
        {"keys", p->keys, 8},
        {"found", p->found, 8},
        {"threshold", p->threshold, 8},
        {"status", p->status, 4},
        {"workspace", p->workspace, URN_ALIGNMENT},
    };
    URN_TRY(urn_check_pointer(call, "offsets", p->offsets));
    if (!p->ids && !p->keys && !p->found && !p->threshold && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one, such as ids", call);
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_topk_segments(urn_stream *stream, const urn_topk_segments_params *params) {
    static const urn_struct_sizes sizes = {sizeof(urn_topk_segments_params), sizeof(urn_topk_segments_params),
                                           sizeof(void *)};
    urnk_topk_segments_call segments = {.params = URN_TOPK_SEGMENTS_PARAMS_INIT};
    urn_topk_segments_params *p = &segments.params;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", p, params, sizes));
    URN_TRY(check_shape(p));
    URN_TRY(check_law(p));
    URN_TRY(check_arrays(p));
    if (p->segments == 0) return URN_OK;
    URN_TRY(urn_find_workspace(call, stream, p->workspace, p->workspace_bytes,
                               urn_topk_segments_workspace(p->segments, p->longest, p->k, p->out_size),
                               &segments.workspace, &segments.workspace_bytes));
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->topk_segments, &segments);
}
