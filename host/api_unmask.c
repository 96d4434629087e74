/* api_unmask.c - urn_unmask_choose and urn_unmask_settle: check, complete the params, enqueue. */
#include "urn/unmask.h"

#include <math.h>

#include "host/params.h"
#include "host/special_call.h"

static urn_status check_common(const char *call, urn_unmask_params *p, const urn_unmask_params *given) {
    static const urn_struct_sizes sizes = {sizeof(urn_unmask_params), sizeof(urn_unmask_params), sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "params", given));
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_pointer(call, "tokens", p->tokens));
    URN_TRY(urn_check_pointer(call, "slot", p->slot));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "length", p->length, 1, URN_UNMASK_MAX_LENGTH));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "sequences", p->sequences, 0, URN_MAX_ROWS / p->length));
    URN_TRY(urn_check_range(URN_E_VALUE, call, "rule", p->rule, URN_UNMASK_STEP, URN_UNMASK_ALL));
    const urn_named_array arrays[] = {
        {"lengths", p->lengths, 4}, {"tokens", p->tokens, 4},         {"seed", p->seed, 8},
        {"label", p->label, 8},     {"position", p->position, 4},     {"stay", p->stay, 8},
        {"slot", p->slot, 4},       {"row_index", p->row_index, 4},   {"map", p->map, 4},
        {"masked", p->masked, 4},   {"factor", p->factor, 8},         {"time", p->time, 8},
        {"ids", p->ids, 4},         {"confidence", p->confidence, 4}, {"keep", p->keep, 4},
        {"settled", p->settled, 4}, {"status", p->status, 4},
    };
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_unmask_choose(urn_stream *stream, const urn_unmask_params *params) {
    static const char call[] = "urn_unmask_choose";
    urn_unmask_params p = URN_UNMASK_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(check_common(call, &p, params));
    if (p.rule == URN_UNMASK_STEP && !p.stay && !(p.stay_value >= 0 && p.stay_value <= 1))
        return urn_fail(URN_E_VALUE, "%s: stay_value is %g; wanted 0 to 1", call, p.stay_value);
    if (p.sequences == 0) return URN_OK;
    if (!stream->ctx->backend->unmask_choose) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->unmask_choose(stream->ctx, stream->handle, &p));
    stream->launches += 1;
    return URN_OK;
}

urn_status urn_unmask_settle(urn_stream *stream, const urn_unmask_params *params) {
    static const char call[] = "urn_unmask_settle";
    urn_unmask_params p = URN_UNMASK_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(check_common(call, &p, params));
    URN_TRY(urn_check_pointer(call, "ids", p.ids));
    if (p.confidence && !p.keep) URN_TRY(urn_check_range(URN_E_VALUE, call, "keep_value", p.keep_value, 0, INT32_MAX));
    if (!isfinite(p.jitter))
        return urn_fail(URN_E_VALUE, "%s: jitter is %g; wanted a finite number", call, (double)p.jitter);
    if (p.sequences == 0) return URN_OK;
    if (!stream->ctx->backend->unmask_settle) return urn_fail_absent(call, stream);
    URN_TRY(stream->ctx->backend->unmask_settle(stream->ctx, stream->handle, &p));
    stream->launches += 1;
    return URN_OK;
}
