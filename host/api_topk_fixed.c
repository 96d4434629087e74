/* api_topk_fixed.c - urn_inclusion and urn_fixed: check, complete, enqueue. */
#include "urn/topk_fixed.h"

#include "host/backend_topk.h"
#include "host/params.h"
#include "host/special_call.h"

/* Rows of `least` elements of 8 bytes or fewer; 0 becomes that many. */
static urn_status check_stride(const char *call, const char *name, int64_t *stride, int64_t least, int64_t rows) {
    if (!*stride) *stride = least;
    return urn_check_range(URN_E_SHAPE, call, name, *stride, least, INT64_MAX / 8 / (rows ? rows : 1));
}

urn_status urn_inclusion(urn_stream *stream, const urn_inclusion_params *params) {
    static const char call[] = "urn_inclusion";
    static const urn_struct_sizes sizes = {sizeof(urn_inclusion_params), sizeof(urn_inclusion_params), sizeof(void *)};
    urn_inclusion_params p = URN_INCLUSION_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_pointer(call, "weights", p.weights));
    URN_TRY(urn_check_pointer(call, "p", p.p));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "k", p.k, 1, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p.rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "cols", p.cols, 1, URN_MAX_COLS));
    URN_TRY(check_stride(call, "weights_stride", &p.weights_stride, p.cols, p.rows));
    URN_TRY(check_stride(call, "p_stride", &p.p_stride, p.cols, p.rows));
    const urn_named_array arrays[] = {
        {"weights", p.weights, 4}, {"k_of_row", p.k_of_row, 4}, {"p", p.p, 8}, {"status", p.status, 4}};
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->inclusion, &p);
}

size_t urn_fixed_workspace(int64_t rows, int64_t cols) {
    if (rows < 1 || rows > URN_MAX_ROWS || cols < 1 || cols > URN_MAX_COLS) return 0;
    return urn_round_up(urn_backend_fixed_workspace(rows, cols));
}

static urn_status check_fixed(const char *call, urn_fixed_params *p) {
    URN_TRY(urn_check_range(URN_E_VALUE, call, "method", p->method, URN_FIXED_PIVOTAL, URN_FIXED_POISSON));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "cols", p->cols, 1, URN_MAX_COLS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "room", p->room, 0, p->cols));
    URN_TRY(check_stride(call, "p_stride", &p->p_stride, p->cols, p->rows));
    if (p->bits) URN_TRY(check_stride(call, "bits_stride", &p->bits_stride, (p->cols + 31) / 32, p->rows));
    URN_TRY(urn_check_pointer(call, "p", p->p));
    if (!p->ids && !p->weight && !p->found && !p->bits && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one, such as ids", call);
    const urn_named_array arrays[] = {
        {"p", p->p, 8},           {"seed", p->seed, 8},
        {"label", p->label, 8},   {"position", p->position, 4},
        {"ids", p->ids, 4},       {"weight", p->weight, 4},
        {"found", p->found, 4},   {"bits", p->bits, 4},
        {"status", p->status, 4}, {"workspace", p->workspace, URN_ALIGNMENT},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_fixed(urn_stream *stream, const urn_fixed_params *params) {
    static const char call[] = "urn_fixed";
    static const urn_struct_sizes sizes = {sizeof(urn_fixed_params), sizeof(urn_fixed_params), sizeof(void *)};
    urnk_fixed_call fixed = {.params = URN_FIXED_PARAMS_INIT};
    urn_fixed_params *p = &fixed.params;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", p, params, sizes));
    URN_TRY(check_fixed(call, p));
    if (p->rows == 0) return URN_OK;
    URN_TRY(urn_find_workspace(call, stream, p->workspace, p->workspace_bytes, urn_fixed_workspace(p->rows, p->cols),
                               &fixed.workspace, &fixed.workspace_bytes));
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->fixed, &fixed);
}
