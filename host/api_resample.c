/* api_resample.c - urn_resample and urn_weights_stats: check, complete the params, find scratch, enqueue. */
#include "urn/resample.h"

#include <math.h>

#include "host/backend_resample.h"
#include "host/check_weights.h"
#include "host/memory.h"
#include "host/params.h"

#define MAX_ITERATIONS (1 << 20)

urn_weights urn_weights_dense(const void *data, urn_weight_type type, int64_t rows, int64_t items) {
    urn_weights w = {data, type, 0, rows, items, items, NULL, 0};
    return w;
}

urn_weights urn_weights_ragged(const void *data, urn_weight_type type, const int64_t *offsets, int64_t rows,
                               int64_t max_items, int64_t size) {
    urn_weights w = {data, type, 0, rows, max_items, 0, offsets, size};
    return w;
}

size_t urn_resample_workspace(urn_resample_scheme scheme, int64_t rows, int64_t items, int64_t outputs) {
    if ((int32_t)scheme < 0 || (int32_t)scheme > URN_RESAMPLE_REJECTION || rows < 1 || rows > URN_MAX_ROWS ||
        items < 1 || items > URN_RESAMPLE_MAX_ITEMS || outputs < 0 || outputs > URN_RESAMPLE_MAX_ITEMS)
        return 0;
    return urn_backend_resample_workspace((int32_t)scheme, rows, items, outputs);
}

int32_t urn_resample_iterations(double ratio, double bias) {
    if (!(ratio > 0 && ratio < 1 && bias > 0 && bias < 1)) return MAX_ITERATIONS;
    int32_t iterations = 1;
    for (double left = 1 - ratio; left > bias && iterations < MAX_ITERATIONS; iterations++) left *= 1 - ratio;
    return iterations;
}

static const char resample[] = "urn_resample";

static urn_status check_outputs(urn_resample_params *p) {
    const char *call = resample;
    if (!p->ancestors && !p->offspring && !p->lw_out && !p->resampled && !p->produced && !p->stats && !p->status)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one of ancestors .. status", call);
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "outputs", p->outputs, 0, URN_RESAMPLE_MAX_ITEMS));
    if (p->output_offsets) {
        if (p->outputs_row)
            return urn_fail(URN_E_SHAPE, "%s: outputs_row with output_offsets; wanted one of them at most", call);
        URN_TRY(urn_check_range(URN_E_SHAPE, call, "output_size", p->output_size, 0, INT64_MAX / 8));
    } else {
        if (p->outputs_stride == 0) p->outputs_stride = p->outputs;
        URN_TRY(urn_check_range(URN_E_SHAPE, call, "outputs_stride", p->outputs_stride, p->outputs, INT64_MAX));
        URN_TRY(urn_check_area(call, "outputs", p->weights.rows, p->outputs_stride, 8));
    }
    const urn_named_array arrays[] = {
        {"law", p->law, urn_weight_size(p->weights.type)},
        {"outputs_row", p->outputs_row, 4},
        {"output_offsets", p->output_offsets, 8},
        {"seed", p->seed, 8},
        {"label", p->label, 8},
        {"position", p->position, 4},
        {"threshold", p->threshold, 4},
        {"pin_slot", p->pin_slot, 4},
        {"pin_ancestor", p->pin_ancestor, 4},
        {"ancestors", p->ancestors, 4},
        {"offspring", p->offspring, 4},
        {"lw_out", p->lw_out, urn_weight_size(p->weights.type)},
        {"resampled", p->resampled, 4},
        {"produced", p->produced, 4},
        {"stats", p->stats, 8},
        {"status", p->status, 4},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

static int takes_pins(int32_t scheme) {
    return scheme == URN_RESAMPLE_SYSTEMATIC || scheme == URN_RESAMPLE_RESIDUAL_SYSTEMATIC ||
           scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING;
}

static urn_status check_values(const urn_resample_params *p) {
    const char *call = resample;
    int is_log = p->weights.type == URN_WEIGHT_LOG_F32 || p->weights.type == URN_WEIGHT_LOG_F64;
    URN_TRY(urn_check_range(URN_E_VALUE, call, "scheme", p->scheme, 0, URN_RESAMPLE_REJECTION));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "cap", p->cap, 0, INT32_MAX));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "iterations", p->iterations, 0, MAX_ITERATIONS));
    if (!p->threshold && !(p->threshold_value >= 0))
        return urn_fail(URN_E_VALUE, "%s: threshold_value is %g; wanted at least 0", call, (double)p->threshold_value);
    if (p->scheme == URN_RESAMPLE_METROPOLIS_C1 || p->scheme == URN_RESAMPLE_METROPOLIS_C2)
        URN_TRY(urn_check_range(URN_E_VALUE, call, "segment", p->segment, 1, p->weights.items));
    if (!p->pin_slot != !p->pin_ancestor)
        return urn_fail(URN_E_NULL, "%s: %s is NULL; wanted both pins or none", call,
                        p->pin_slot ? "pin_ancestor" : "pin_slot");
    if (p->pin_slot && !takes_pins(p->scheme))
        return urn_fail(URN_E_VALUE, "%s: pin_slot with scheme %d; wanted systematic, multinomial or killing", call,
                        p->scheme);
    if ((p->law || p->lw_out) && !is_log)
        return urn_fail(URN_E_VALUE, "%s: %s with linear weights; wanted log-weights", call, p->law ? "law" : "lw_out");
    if (p->lw_out && p->cap) return urn_fail(URN_E_VALUE, "%s: lw_out with cap %d; wanted one of them", call, p->cap);
    if (p->lw_out && p->law) URN_TRY(urn_check_pointer(call, "ancestors", p->ancestors));
    return URN_OK;
}

urn_status urn_resample(urn_stream *stream, const urn_resample_params *params) {
    static const urn_struct_sizes sizes = {sizeof(urn_resample_params), sizeof(urn_resample_params), sizeof(void *)};
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    URN_TRY(urn_check_pointer(resample, "stream", stream));
    URN_TRY(urn_check_pointer(resample, "params", params));
    URN_TRY(urn_params_copy(resample, "params", &p, params, sizes));
    URN_TRY(urn_check_weights(resample, &p.weights, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(check_outputs(&p));
    URN_TRY(check_values(&p));
    if (p.weights.rows == 0) return URN_OK;
    size_t need = urn_resample_workspace((urn_resample_scheme)p.scheme, p.weights.rows, p.weights.items, p.outputs);
    URN_TRY(
        urn_find_workspace(resample, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(resample, stream, urn_resample_ops_of(stream->ctx->backend->kind)->resample, &p);
}

urn_status urn_weights_stats(urn_stream *stream, const urn_weights_stats_params *params) {
    static const char call[] = "urn_weights_stats";
    static const urn_struct_sizes sizes = {sizeof(urn_weights_stats_params), sizeof(urn_weights_stats_params),
                                           sizeof(void *)};
    urn_weights_stats_params p = URN_WEIGHTS_STATS_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_weights(call, &p.weights, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_pointer(call, "stats", p.stats));
    const urn_named_array stats = {"stats", p.stats, 8};
    URN_TRY(urn_check_aligned(call, &stats, 1));
    if (p.weights.rows == 0) return URN_OK;
    size_t need = urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, p.weights.rows, p.weights.items, 0);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->weights_stats, &p);
}
