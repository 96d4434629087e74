/* api_resample_draws.c - moments, backward draws, alias tables, draws on a grid: check, find scratch, enqueue. */
#include <math.h>

#include "host/backend_resample.h"
#include "host/check_weights.h"
#include "host/params.h"
#include "urn/resample_backward.h"
#include "urn/resample_segments.h"
#include "urn/resample_tables.h"

#define MAX_DIMS (1 << 20)
#define MAX_TRIALS (1 << 20)
#define MAX_CHILD_DRAWS (1 << 16)

/* A copy of the caller's struct with our defaults. */
static urn_status take_params(const char *call, const urn_stream *stream, const void *given, void *p, size_t size) {
    const urn_struct_sizes sizes = {size, size, sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    return urn_params_copy(call, "params", p, given, sizes);
}

urn_status urn_segments_moments(urn_stream *stream, const urn_segments_moments_params *params) {
    static const char call[] = "urn_segments_moments";
    urn_segments_moments_params p = URN_SEGMENTS_MOMENTS_PARAMS_INIT;
    URN_TRY(take_params(call, stream, params, &p, sizeof p));
    URN_TRY(urn_check_weights(call, &p.weights, URN_MAX_COLS));
    URN_TRY(urn_check_pointer(call, "values", p.values));
    URN_TRY(urn_check_pointer(call, "mean", p.mean));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "dims", p.dims, 1, MAX_DIMS));
    const urn_named_array arrays[] = {{"values", p.values, 4},
                                      {"mean", p.mean, 4},
                                      {"variance", p.variance, 4},
                                      {"stats", p.stats, 8},
                                      {"status", p.status, 4}};
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.weights.rows == 0) return URN_OK;
    size_t need = urn_backend_resample_workspace(URN_RESAMPLE_SYSTEMATIC, p.weights.rows, p.weights.items, 0);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->segments_moments, &p);
}

size_t urn_backward_workspace(int64_t rows, int64_t items, int64_t children) {
    if (rows < 1 || rows > URN_MAX_ROWS || items < 1 || items > URN_MAX_COLS || children < 0 || children > URN_MAX_ROWS)
        return 0;
    return urn_backend_backward_workspace(rows, items, children);
}

static urn_status check_backward(const char *call, urn_backward_params *p) {
    URN_TRY(urn_check_weights(call, &p->weights, URN_MAX_COLS));
    if (p->weights.type != URN_WEIGHT_LOG_F32 && p->weights.type != URN_WEIGHT_LOG_F64)
        return urn_fail(URN_E_VALUE, "%s: weights.type is %d; wanted log-weights", call, p->weights.type);
    URN_TRY(urn_check_pointer(call, "log_m", p->log_m));
    URN_TRY(urn_check_pointer(call, "ancestors", p->ancestors));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "draws", p->draws, 1, MAX_CHILD_DRAWS));
    int64_t most = UINT32_MAX / p->draws;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "children", p->children, 0, most < INT32_MAX ? most : INT32_MAX));
    if (p->log_m_stride == 0) p->log_m_stride = p->weights.items;
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "log_m_stride", p->log_m_stride, p->weights.items, INT64_MAX));
    if (p->weights.rows && p->children)
        URN_TRY(urn_check_area(call, "log_m", p->weights.rows * p->children, p->log_m_stride, 4));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "trials", p->trials, 0, MAX_TRIALS));
    if (p->trials && !p->bound && !isfinite(p->bound_value))
        return urn_fail(URN_E_VALUE, "%s: bound_value is %g; wanted a finite number", call, (double)p->bound_value);
    const urn_named_array arrays[] = {
        {"log_m", p->log_m, 4}, {"seed", p->seed, 8},         {"label", p->label, 8},   {"position", p->position, 4},
        {"bound", p->bound, 4}, {"fallback", p->fallback, 4}, {"status", p->status, 4}, {"ancestors", p->ancestors, 4},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_backward_draws(urn_stream *stream, const urn_backward_params *params) {
    static const char call[] = "urn_backward_draws";
    urn_backward_params p = URN_BACKWARD_PARAMS_INIT;
    URN_TRY(take_params(call, stream, params, &p, sizeof p));
    URN_TRY(check_backward(call, &p));
    if (p.weights.rows == 0 || p.children == 0) return URN_OK;
    size_t need = urn_backward_workspace(p.weights.rows, p.weights.items, p.children);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->backward_draws, &p);
}

size_t urn_alias_workspace(int64_t rows, int64_t items) {
    if (rows < 1 || rows > URN_MAX_ROWS || items < 1 || items > URN_MAX_COLS) return 0;
    return urn_backend_alias_workspace(rows, items);
}

static urn_status check_alias(const char *call, urn_alias_params *p) {
    URN_TRY(urn_check_weights(call, &p->weights, URN_MAX_COLS));
    URN_TRY(urn_check_pointer(call, "cut", p->cut));
    URN_TRY(urn_check_pointer(call, "alias", p->alias));
    const urn_named_array arrays[] = {{"cut", p->cut, 8},      {"alias", p->alias, 4},       {"seed", p->seed, 8},
                                      {"label", p->label, 8},  {"position", p->position, 4}, {"ids", p->ids, 4},
                                      {"status", p->status, 4}};
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_alias_build(urn_stream *stream, const urn_alias_params *params) {
    static const char call[] = "urn_alias_build";
    urn_alias_params p = URN_ALIAS_PARAMS_INIT;
    URN_TRY(take_params(call, stream, params, &p, sizeof p));
    URN_TRY(check_alias(call, &p));
    if (p.weights.rows == 0) return URN_OK;
    size_t need = urn_alias_workspace(p.weights.rows, p.weights.items);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->alias_build, &p);
}

urn_status urn_alias_draw(urn_stream *stream, const urn_alias_params *params) {
    static const char call[] = "urn_alias_draw";
    urn_alias_params p = URN_ALIAS_PARAMS_INIT;
    URN_TRY(take_params(call, stream, params, &p, sizeof p));
    if (!p.weights.data) p.weights.data = p.cut; /* it is not read */
    URN_TRY(check_alias(call, &p));
    URN_TRY(urn_check_pointer(call, "ids", p.ids));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "draws", p.draws, 0, INT32_MAX));
    if (p.weights.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->alias_draw, &p);
}

urn_status urn_inverse_grid(urn_stream *stream, const urn_inverse_params *params) {
    static const char call[] = "urn_inverse_grid";
    urn_inverse_params p = URN_INVERSE_PARAMS_INIT;
    URN_TRY(take_params(call, stream, params, &p, sizeof p));
    URN_TRY(urn_check_weights(call, &p.weights, URN_MAX_COLS));
    if (p.weights.offsets) return urn_fail(URN_E_SHAPE, "%s: weights has offsets; wanted a dense view", call);
    if (!p.values && !p.bins && !p.status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted values, bins or status", call);
    if (p.values) URN_TRY(urn_check_pointer(call, "edges", p.edges));
    if (p.edges_stride)
        URN_TRY(urn_check_range(URN_E_SHAPE, call, "edges_stride", p.edges_stride, p.weights.items + 1, INT64_MAX / 4));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "outputs", p.outputs, 0, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "points", p.points, URN_INVERSE_RANDOM, URN_INVERSE_MIDPOINTS));
    const urn_named_array arrays[] = {
        {"edges", p.edges, 4},       {"codes", p.codes, 8},   {"seed", p.seed, 8}, {"label", p.label, 8},
        {"position", p.position, 4}, {"values", p.values, 4}, {"bins", p.bins, 4}, {"status", p.status, 4},
    };
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.weights.rows == 0) return URN_OK;
    size_t need = urn_backend_resample_workspace(URN_RESAMPLE_MULTINOMIAL, p.weights.rows, p.weights.items, p.outputs);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->inverse_grid, &p);
}
