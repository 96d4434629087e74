/* api_topk_beam.c - urn_beam_select: check, enqueue. */
#include "urn/topk_beam.h"

#include "host/backend_topk.h"
#include "host/params.h"
#include "host/special_call.h"

urn_status urn_beam_select(urn_stream *stream, const urn_beam_select_params *params) {
    static const char call[] = "urn_beam_select";
    static const urn_struct_sizes sizes = {sizeof(urn_beam_select_params), sizeof(urn_beam_select_params),
                                           sizeof(void *)};
    urn_beam_select_params p = URN_BEAM_SELECT_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "width", p.width, 1, URN_BEAM_WIDTH));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "groups", p.groups, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "beams", p.beams, 1, URN_BEAM_WIDTH));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "k", p.k, 1, URN_TOPK_K));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "beams * k", p.beams * p.k, 1, URN_BEAM_CANDIDATES));
    URN_TRY(urn_check_pointer(call, "ids", p.ids));
    URN_TRY(urn_check_pointer(call, "beam_keys", p.beam_keys));
    if (p.logprob) URN_TRY(urn_check_pointer(call, "beam_logprob", p.beam_logprob));
    if (!p.parent && !p.next_ids && !p.key && !p.logprob && !p.found)
        return urn_fail(URN_E_NULL, "%s: every output is NULL; wanted at least one, such as next_ids", call);
    const urn_named_array arrays[] = {
        {"ids", p.ids, 4},         {"beam_keys", p.beam_keys, 8}, {"beam_logprob", p.beam_logprob, 8},
        {"parent", p.parent, 4},   {"next_ids", p.next_ids, 4},   {"key", p.key, 8},
        {"logprob", p.logprob, 8}, {"found", p.found, 4},
    };
    URN_TRY(urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]));
    if (p.groups == 0) return URN_OK;
    return urn_run_family(call, stream, urn_topk_ops_of(stream->ctx->backend->kind)->beam_select, &p);
}
