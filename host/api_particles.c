/* api_particles.c - counts and ancestors, the in-place order, moving particles: check, find scratch, enqueue. */
#include "urn/particles.h"

#include "host/backend_resample.h"
#include "host/check_weights.h"
#include "host/params.h"

size_t urn_ancestors_workspace(int64_t rows, int64_t items, int64_t outputs) {
    if (rows < 1 || rows > URN_MAX_ROWS || items < 1 || items > URN_RESAMPLE_MAX_ITEMS || outputs < 0 ||
        outputs > URN_RESAMPLE_MAX_ITEMS)
        return 0;
    return urn_backend_ancestors_workspace(rows, items, outputs);
}

/* What the three calls on ancestors have in common. */
static urn_status plan_ancestors(const char *call, const urn_stream *stream, urn_ancestors_params *p,
                                 const urn_ancestors_params *given, int needs_offspring) {
    static const urn_struct_sizes sizes = {sizeof(urn_ancestors_params), sizeof(urn_ancestors_params), sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "items", p->items, 1, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "outputs", p->outputs, 0, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_pointer(call, "ancestors", p->ancestors));
    if (needs_offspring) URN_TRY(urn_check_pointer(call, "offspring", p->offspring));
    const urn_named_array arrays[] = {
        {"ancestors", p->ancestors, 4}, {"offspring", p->offspring, 4}, {"status", p->status, 4}};
    URN_TRY(urn_check_aligned(call, arrays, 3));
    if (p->rows == 0) return URN_OK;
    size_t need = urn_ancestors_workspace(p->rows, p->items, p->outputs);
    return urn_find_workspace(call, stream, p->workspace, p->workspace_bytes, need, &p->workspace, &p->workspace_bytes);
}

urn_status urn_offspring_from_ancestors(urn_stream *stream, const urn_ancestors_params *params) {
    static const char call[] = "urn_offspring_from_ancestors";
    urn_ancestors_params p = URN_ANCESTORS_PARAMS_INIT;
    URN_TRY(plan_ancestors(call, stream, &p, params, 1));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->offspring_from_ancestors, &p);
}

urn_status urn_ancestors_from_offspring(urn_stream *stream, const urn_ancestors_params *params) {
    static const char call[] = "urn_ancestors_from_offspring";
    urn_ancestors_params p = URN_ANCESTORS_PARAMS_INIT;
    URN_TRY(plan_ancestors(call, stream, &p, params, 1));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->ancestors_from_offspring, &p);
}

urn_status urn_ancestors_permute(urn_stream *stream, const urn_ancestors_params *params) {
    static const char call[] = "urn_ancestors_permute";
    urn_ancestors_params p = URN_ANCESTORS_PARAMS_INIT;
    URN_TRY(plan_ancestors(call, stream, &p, params, 0));
    if (p.outputs != p.items)
        return urn_fail(URN_E_SHAPE, "%s: outputs is %lld; wanted items, %lld", call, (long long)p.outputs,
                        (long long)p.items);
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->ancestors_permute, &p);
}

urn_status urn_particles_gather(urn_stream *stream, const urn_particles_gather_params *params) {
    static const char call[] = "urn_particles_gather";
    static const urn_struct_sizes sizes = {sizeof(urn_particles_gather_params), sizeof(urn_particles_gather_params),
                                           sizeof(void *)};
    urn_particles_gather_params p = URN_PARTICLES_GATHER_PARAMS_INIT;
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", params));
    URN_TRY(urn_params_copy(call, "params", &p, params, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p.rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "items", p.items, 1, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "outputs", p.outputs, 0, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "particle_bytes", p.particle_bytes, 1, INT32_MAX));
    URN_TRY(urn_check_area(call, "from", p.rows, p.items, p.particle_bytes));
    URN_TRY(urn_check_area(call, "to", p.rows, p.outputs, p.particle_bytes));
    URN_TRY(urn_check_pointer(call, "from", p.from));
    URN_TRY(urn_check_pointer(call, "to", p.to));
    URN_TRY(urn_check_pointer(call, "ancestors", p.ancestors));
    if (p.from == p.to && p.outputs != p.items)
        return urn_fail(URN_E_SHAPE, "%s: in place, outputs is %lld; wanted items, %lld", call, (long long)p.outputs,
                        (long long)p.items);
    const urn_named_array arrays[] = {
        {"ancestors", p.ancestors, 4}, {"resampled", p.resampled, 4}, {"status", p.status, 4}};
    URN_TRY(urn_check_aligned(call, arrays, 3));
    if (p.rows == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->particles_gather, &p);
}
