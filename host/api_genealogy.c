/* api_genealogy.c - trees of particles: check, find scratch, enqueue. */
#include "urn/genealogy.h"

#include "host/backend_resample.h"
#include "host/check_weights.h"
#include "host/params.h"

int64_t urn_genealogy_nodes(int64_t items, int64_t steps) {
    int64_t log2 = 0;
    if (items < 1 || items > URN_RESAMPLE_MAX_ITEMS || steps < 1) return 0;
    while (INT64_C(1) << log2 < items) log2++;
    int64_t tree = 4 * items * (2 + log2), all = steps < INT32_MAX / items ? steps * items : INT32_MAX;
    int64_t nodes = all < tree ? all : tree;
    return nodes < INT32_MAX ? nodes : INT32_MAX;
}

size_t urn_genealogy_workspace(int64_t rows, int64_t items, int64_t nodes) {
    if (rows < 1 || rows > URN_MAX_ROWS || items < 1 || items > URN_RESAMPLE_MAX_ITEMS || nodes < items ||
        nodes > INT32_MAX)
        return 0;
    return urn_backend_genealogy_workspace(rows, items, nodes);
}

static urn_status plan(const char *call, const urn_stream *stream, urn_genealogy_params *p,
                       const urn_genealogy_params *given) {
    static const urn_struct_sizes sizes = {sizeof(urn_genealogy_params), sizeof(urn_genealogy_params), sizeof(void *)};
    URN_TRY(urn_check_pointer(call, "stream", stream));
    URN_TRY(urn_check_pointer(call, "params", given));
    URN_TRY(urn_params_copy(call, "params", p, given, sizes));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "rows", p->rows, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "items", p->items, 1, URN_RESAMPLE_MAX_ITEMS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "nodes", p->nodes, p->items, INT32_MAX));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "particle_bytes", p->particle_bytes, 0, INT32_MAX));
    if (p->particle_bytes) URN_TRY(urn_check_area(call, "states", p->rows, p->nodes, p->particle_bytes));
    URN_TRY(urn_check_pointer(call, "parent", p->parent));
    URN_TRY(urn_check_pointer(call, "leaf", p->leaf));
    const urn_named_array arrays[] = {{"parent", p->parent, 4},       {"count", p->count, 4},     {"leaf", p->leaf, 4},
                                      {"ancestors", p->ancestors, 4}, {"path_of", p->path_of, 4}, {"path", p->path, 4},
                                      {"status", p->status, 4}};
    return urn_check_aligned(call, arrays, sizeof arrays / sizeof arrays[0]);
}

urn_status urn_genealogy_step(urn_stream *stream, const urn_genealogy_params *params) {
    static const char call[] = "urn_genealogy_step";
    urn_genealogy_params p = URN_GENEALOGY_PARAMS_INIT;
    URN_TRY(plan(call, stream, &p, params));
    URN_TRY(urn_check_pointer(call, "count", p.count));
    if (p.particle_bytes) {
        URN_TRY(urn_check_pointer(call, "particles", p.particles));
        URN_TRY(urn_check_pointer(call, "states", p.states));
    }
    if (p.rows == 0) return URN_OK;
    size_t need = urn_genealogy_workspace(p.rows, p.items, p.nodes);
    URN_TRY(urn_find_workspace(call, stream, p.workspace, p.workspace_bytes, need, &p.workspace, &p.workspace_bytes));
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->genealogy_step, &p);
}

urn_status urn_genealogy_trace(urn_stream *stream, const urn_genealogy_params *params) {
    static const char call[] = "urn_genealogy_trace";
    urn_genealogy_params p = URN_GENEALOGY_PARAMS_INIT;
    URN_TRY(plan(call, stream, &p, params));
    URN_TRY(urn_check_pointer(call, "path", p.path));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "paths", p.paths, 0, URN_MAX_ROWS));
    URN_TRY(urn_check_range(URN_E_SHAPE, call, "length", p.length, 1, INT32_MAX));
    if (p.paths) URN_TRY(urn_check_area(call, "path", p.rows, p.paths * p.length, 4));
    if (p.path_states) {
        URN_TRY(urn_check_pointer(call, "states", p.states));
        if (p.particle_bytes == 0)
            return urn_fail(URN_E_SHAPE, "%s: particle_bytes is 0 with path_states; wanted a size", call);
    }
    if (p.rows == 0 || p.paths == 0) return URN_OK;
    return urn_run_family(call, stream, urn_resample_ops_of(stream->ctx->backend->kind)->genealogy_trace, &p);
}
