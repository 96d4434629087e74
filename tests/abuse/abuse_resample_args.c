/* abuse_resample_args.c - every documented refusal of the resample family, one member changed at a time. */
#include <math.h>

#include "tests/abuse/abuse_args.h"

enum { ROWS = 3, ITEMS = 8, OUTPUTS = 5 };

static void *zeros(ut_bed *bed, size_t bytes) {
    void *host = calloc(1, bytes), *device = ut_inout(bed, host, bytes, 0);
    free(host);
    return device;
}

#define WITH(type, good, call, change, status, needle)                                                                 \
    do {                                                                                                               \
        type p = good;                                                                                                 \
        change;                                                                                                        \
        REFUSED(call, status, needle);                                                                                 \
    } while (0)

static ut_bed *open_with_scratch(urn_backend_kind kind, size_t bytes) {
    ut_bed *bed = ut_open(kind);
    ut_note("backend %s", urn_backend_name(kind));
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    return bed;
}

/* property  urn_resample and urn_weights_stats refuse each bad member by name */
START_TEST(resample_refuses_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = open_with_scratch(kind, urn_resample_workspace(URN_RESAMPLE_RESIDUAL, ROWS, ITEMS, ITEMS));
        urn_resample_params good = URN_RESAMPLE_PARAMS_INIT;
        good.weights = urn_weights_dense(zeros(bed, 8 * ROWS * ITEMS), URN_WEIGHT_LOG_F32, ROWS, ITEMS);
        good.outputs = OUTPUTS;
        good.ancestors = (int32_t *)zeros(bed, 4 * ROWS * OUTPUTS);
        void *spare = zeros(bed, 8 * ROWS * ITEMS);
        REFUSED(urn_resample(NULL, &good), URN_E_NULL, "stream");
        REFUSED(urn_resample(bed->stream, NULL), URN_E_NULL, "params");
#define RESAMPLE(change, status, needle)                                                                               \
    WITH(urn_resample_params, good, urn_resample(bed->stream, &p), change, status, needle)
        RESAMPLE(p.struct_size = 16, URN_E_STRUCT, "struct_size");
        RESAMPLE(p.weights.data = NULL, URN_E_NULL, "weights.data");
        RESAMPLE(p.ancestors = NULL, URN_E_NULL, "output");
        RESAMPLE(p.weights.type = 4, URN_E_DTYPE, "weights.type");
        RESAMPLE(p.weights.rows = -1, URN_E_SHAPE, "weights.rows");
        RESAMPLE(p.weights.items = 0, URN_E_SHAPE, "weights.items");
        RESAMPLE(p.weights.items = URN_RESAMPLE_MAX_ITEMS + 1, URN_E_SHAPE, "weights.items");
        RESAMPLE(p.weights.stride = ITEMS - 1, URN_E_SHAPE, "weights.stride");
        RESAMPLE(p.weights.stride = INT64_MAX / 2, URN_E_SHAPE, "weights");
        RESAMPLE((p.weights.offsets = spare, p.weights.size = -1), URN_E_SHAPE, "weights.size");
        RESAMPLE(p.outputs = -1, URN_E_SHAPE, "outputs");
        RESAMPLE(p.outputs = URN_RESAMPLE_MAX_ITEMS + 1, URN_E_SHAPE, "outputs");
        RESAMPLE(p.outputs_stride = OUTPUTS - 1, URN_E_SHAPE, "outputs_stride");
        RESAMPLE((p.output_offsets = spare, p.output_size = -1), URN_E_SHAPE, "output_size");
        RESAMPLE((p.output_offsets = spare, p.outputs_row = spare), URN_E_SHAPE, "outputs_row");
        RESAMPLE(p.scheme = -1, URN_E_VALUE, "scheme");
        RESAMPLE(p.scheme = URN_RESAMPLE_REJECTION + 1, URN_E_VALUE, "scheme");
        RESAMPLE(p.threshold_value = NAN, URN_E_VALUE, "threshold_value");
        RESAMPLE(p.threshold_value = -1, URN_E_VALUE, "threshold_value");
        RESAMPLE(p.cap = -1, URN_E_VALUE, "cap");
        RESAMPLE(p.iterations = (1 << 20) + 1, URN_E_VALUE, "iterations");
        RESAMPLE(p.scheme = URN_RESAMPLE_METROPOLIS_C1, URN_E_VALUE, "segment");
        RESAMPLE((p.scheme = URN_RESAMPLE_METROPOLIS_C2, p.segment = ITEMS + 1), URN_E_VALUE, "segment");
        RESAMPLE(p.pin_slot = spare, URN_E_NULL, "pin_ancestor");
        RESAMPLE(p.pin_ancestor = spare, URN_E_NULL, "pin_slot");
        RESAMPLE((p.pin_slot = p.pin_ancestor = spare, p.scheme = URN_RESAMPLE_SSP), URN_E_VALUE, "pin_slot");
        RESAMPLE((p.law = spare, p.weights.type = URN_WEIGHT_F32), URN_E_VALUE, "law");
        RESAMPLE((p.lw_out = spare, p.weights.type = URN_WEIGHT_F64), URN_E_VALUE, "lw_out");
        RESAMPLE((p.lw_out = spare, p.cap = 1), URN_E_VALUE, "cap");
        RESAMPLE((p.lw_out = spare, p.law = spare, p.ancestors = NULL), URN_E_NULL, "ancestors");
        RESAMPLE(p.ancestors = (int32_t *)(void *)((char *)spare + 2), URN_E_VALUE, "ancestors");
        RESAMPLE(p.stats = (urn_weight_stats *)(void *)((char *)spare + 4), URN_E_VALUE, "stats");
        RESAMPLE(p.weights.data = (char *)spare + 2, URN_E_VALUE, "weights.data");
        RESAMPLE((p.workspace = (char *)spare + 1, p.workspace_bytes = 1 << 20), URN_E_VALUE, "workspace");
        RESAMPLE((p.workspace = spare, p.workspace_bytes = 1), URN_E_WORKSPACE, "workspace");
        RESAMPLE((p.weights.items = INT64_C(1) << 28, p.weights.stride = 0), URN_E_WORKSPACE, "scratch");
        urn_weights_stats_params stats = URN_WEIGHTS_STATS_PARAMS_INIT;
        stats.weights = good.weights, stats.stats = spare;
#define STATS(change, status, needle)                                                                                  \
    WITH(urn_weights_stats_params, stats, urn_weights_stats(bed->stream, &p), change, status, needle)
        REFUSED(urn_weights_stats(NULL, &stats), URN_E_NULL, "stream");
        REFUSED(urn_weights_stats(bed->stream, NULL), URN_E_NULL, "params");
        STATS(p.struct_size = 0, URN_E_STRUCT, "struct_size");
        STATS(p.stats = NULL, URN_E_NULL, "stats");
        STATS(p.stats = (urn_weight_stats *)(void *)((char *)spare + 4), URN_E_VALUE, "stats");
        STATS(p.weights.items = -1, URN_E_SHAPE, "weights.items");
        good.weights.rows = stats.weights.rows = 0;
        UT_OK(urn_resample(bed->stream, &good));
        UT_OK(urn_weights_stats(bed->stream, &stats));
        ut_close(bed);
    }
}
END_TEST

/* property  the calls on ancestors and particles refuse each bad member by name */
START_TEST(particles_refuse_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = open_with_scratch(kind, urn_ancestors_workspace(ROWS, ITEMS, ITEMS));
        urn_ancestors_params good = URN_ANCESTORS_PARAMS_INIT;
        void *spare = zeros(bed, 8 * ROWS * ITEMS), *other = zeros(bed, 8 * ROWS * ITEMS);
        good.rows = ROWS, good.items = ITEMS, good.outputs = ITEMS, good.ancestors = spare, good.offspring = other;
        typedef urn_status (*ancestors_call)(urn_stream *, const urn_ancestors_params *);
        const ancestors_call calls[] = {urn_offspring_from_ancestors, urn_ancestors_from_offspring,
                                        urn_ancestors_permute};
        for (int c = 0; c < 3; c++) {
#define ANCESTORS(change, status, needle)                                                                              \
    WITH(urn_ancestors_params, good, calls[c](bed->stream, &p), change, status, needle)
            REFUSED(calls[c](NULL, &good), URN_E_NULL, "stream");
            REFUSED(calls[c](bed->stream, NULL), URN_E_NULL, "params");
            ANCESTORS(p.struct_size = 1, URN_E_STRUCT, "struct_size");
            ANCESTORS(p.rows = -1, URN_E_SHAPE, "rows");
            ANCESTORS(p.items = 0, URN_E_SHAPE, "items");
            ANCESTORS(p.outputs = -1, URN_E_SHAPE, "outputs");
            ANCESTORS(p.ancestors = NULL, URN_E_NULL, "ancestors");
            if (c < 2) ANCESTORS(p.offspring = NULL, URN_E_NULL, "offspring");
            if (c == 2) ANCESTORS(p.outputs = ITEMS - 1, URN_E_SHAPE, "outputs");
            ANCESTORS(p.ancestors = (int32_t *)(void *)((char *)spare + 1), URN_E_VALUE, "ancestors");
            ANCESTORS((p.workspace = spare, p.workspace_bytes = 3), URN_E_WORKSPACE, "workspace");
            urn_ancestors_params none = good;
            none.rows = 0;
            UT_OK(calls[c](bed->stream, &none));
        }
        urn_particles_gather_params move = URN_PARTICLES_GATHER_PARAMS_INIT;
        move.rows = ROWS, move.items = ITEMS, move.outputs = ITEMS, move.particle_bytes = 2;
        move.from = spare, move.to = other, move.ancestors = zeros(bed, 4 * ROWS * ITEMS);
#define MOVE(change, status, needle)                                                                                   \
    WITH(urn_particles_gather_params, move, urn_particles_gather(bed->stream, &p), change, status, needle)
        REFUSED(urn_particles_gather(NULL, &move), URN_E_NULL, "stream");
        REFUSED(urn_particles_gather(bed->stream, NULL), URN_E_NULL, "params");
        MOVE(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        MOVE(p.rows = -1, URN_E_SHAPE, "rows");
        MOVE(p.items = 0, URN_E_SHAPE, "items");
        MOVE(p.outputs = -1, URN_E_SHAPE, "outputs");
        MOVE(p.particle_bytes = 0, URN_E_SHAPE, "particle_bytes");
        MOVE((p.particle_bytes = INT32_MAX, p.items = 1 << 30, p.rows = 1 << 30), URN_E_SHAPE, "from");
        MOVE(p.from = NULL, URN_E_NULL, "from");
        MOVE(p.to = NULL, URN_E_NULL, "to");
        MOVE(p.ancestors = NULL, URN_E_NULL, "ancestors");
        MOVE((p.to = spare, p.outputs = 1), URN_E_SHAPE, "outputs");
        MOVE(p.resampled = (const int32_t *)(const void *)((char *)spare + 1), URN_E_VALUE, "resampled");
        move.rows = 0;
        UT_OK(urn_particles_gather(bed->stream, &move));
        ut_close(bed);
    }
}
END_TEST

/* property  moments, backward draws, alias tables and draws on a grid refuse each bad member by name */
START_TEST(draws_refuse_by_name) {
    FOR_NONE_AND_EACH_BACKEND(kind) {
        ut_bed *bed = open_with_scratch(kind, urn_backward_workspace(ROWS, ITEMS, ITEMS));
        char *spare = zeros(bed, 1024), *data = zeros(bed, 8 * ROWS * ITEMS);
        urn_segments_moments_params moments = URN_SEGMENTS_MOMENTS_PARAMS_INIT;
        moments.weights = urn_weights_dense(data, URN_WEIGHT_LOG_F32, ROWS, ITEMS);
        moments.values = (const float *)(const void *)data, moments.mean = (float *)(void *)spare;
#define MOMENTS(change, status, needle)                                                                                \
    WITH(urn_segments_moments_params, moments, urn_segments_moments(bed->stream, &p), change, status, needle)
        MOMENTS(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        MOMENTS(p.weights.items = URN_MAX_COLS + 1, URN_E_SHAPE, "weights.items");
        MOMENTS(p.values = NULL, URN_E_NULL, "values");
        MOMENTS(p.mean = NULL, URN_E_NULL, "mean");
        MOMENTS(p.dims = 0, URN_E_VALUE, "dims");
        MOMENTS(p.variance = (float *)(void *)(spare + 1), URN_E_VALUE, "variance");

        urn_backward_params back = URN_BACKWARD_PARAMS_INIT;
        back.weights = moments.weights, back.children = 2, back.log_m = (const float *)(const void *)data;
        back.ancestors = (int32_t *)(void *)spare;
#define BACK(change, status, needle)                                                                                   \
    WITH(urn_backward_params, back, urn_backward_draws(bed->stream, &p), change, status, needle)
        BACK(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        BACK(p.weights.type = URN_WEIGHT_F64, URN_E_VALUE, "weights.type");
        BACK(p.log_m = NULL, URN_E_NULL, "log_m");
        BACK(p.ancestors = NULL, URN_E_NULL, "ancestors");
        BACK(p.draws = 0, URN_E_SHAPE, "draws");
        BACK(p.children = -1, URN_E_SHAPE, "children");
        BACK((p.children = 1 << 30, p.draws = 4), URN_E_SHAPE, "children");
        BACK(p.log_m_stride = ITEMS - 1, URN_E_SHAPE, "log_m_stride");
        BACK(p.trials = -1, URN_E_VALUE, "trials");
        BACK((p.trials = 1, p.bound_value = NAN), URN_E_VALUE, "bound_value");
        BACK(p.fallback = (const int32_t *)(const void *)(spare + 2), URN_E_VALUE, "fallback");
        BACK((p.workspace = data, p.workspace_bytes = 1), URN_E_WORKSPACE, "workspace");

        urn_alias_params table = URN_ALIAS_PARAMS_INIT;
        table.weights = moments.weights, table.cut = (uint64_t *)(void *)spare;
        table.alias = table.ids = (int32_t *)(void *)(spare + 512), table.draws = 3;
#define BUILD(change, status, needle)                                                                                  \
    WITH(urn_alias_params, table, urn_alias_build(bed->stream, &p), change, status, needle)
#define DRAW(change, status, needle)                                                                                   \
    WITH(urn_alias_params, table, urn_alias_draw(bed->stream, &p), change, status, needle)
        BUILD(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        BUILD(p.cut = NULL, URN_E_NULL, "cut");
        BUILD(p.alias = NULL, URN_E_NULL, "alias");
        BUILD(p.cut = (uint64_t *)(void *)(spare + 4), URN_E_VALUE, "cut");
        BUILD(p.weights.items = URN_MAX_COLS + 1, URN_E_SHAPE, "weights.items");
        DRAW(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        DRAW(p.ids = NULL, URN_E_NULL, "ids");
        DRAW(p.draws = -1, URN_E_SHAPE, "draws");

        urn_inverse_params grid = URN_INVERSE_PARAMS_INIT;
        grid.weights = moments.weights, grid.outputs = 2, grid.bins = (int32_t *)(void *)spare;
#define GRID(change, status, needle)                                                                                   \
    WITH(urn_inverse_params, grid, urn_inverse_grid(bed->stream, &p), change, status, needle)
        GRID(p.struct_size = 1, URN_E_STRUCT, "struct_size");
        GRID(p.bins = NULL, URN_E_NULL, "output");
        GRID(p.values = (float *)(void *)spare, URN_E_NULL, "edges");
        GRID((p.edges = (const float *)(const void *)data, p.edges_stride = ITEMS), URN_E_SHAPE, "edges_stride");
        GRID(p.outputs = -1, URN_E_SHAPE, "outputs");
        GRID(p.points = 4, URN_E_VALUE, "points");
        GRID((p.weights.offsets = (const int64_t *)(const void *)data, p.weights.size = 1), URN_E_SHAPE, "offsets");
        GRID(p.codes = (const uint64_t *)(const void *)(spare + 4), URN_E_VALUE, "codes");
        ut_close(bed);
    }
}
END_TEST

/* property  workspace sizes are pure, 256-aligned, monotone, and 0 for sizes that are refused */
START_TEST(resample_workspaces_are_monotone) {
    for (int s = 0; s <= URN_RESAMPLE_REJECTION; s++) {
        urn_resample_scheme scheme = (urn_resample_scheme)s;
        size_t small = urn_resample_workspace(scheme, 3, 1000, 1000);
        UT_ASSERT(small > 0 && small % 256 == 0, "scheme %d: %zu", s, small);
        UT_ASSERT(urn_resample_workspace(scheme, 4, 1000, 1000) >= small, "rows, scheme %d", s);
        UT_ASSERT(urn_resample_workspace(scheme, 3, 1001, 1000) >= small, "items, scheme %d", s);
        UT_ASSERT(urn_resample_workspace(scheme, 3, 1000, 1001) >= small, "outputs, scheme %d", s);
        UT_ASSERT(urn_resample_workspace(scheme, 0, 1, 1) == 0 && urn_resample_workspace(scheme, 1, 0, 1) == 0 &&
                      urn_resample_workspace(scheme, 1, 1, -1) == 0 &&
                      urn_resample_workspace(scheme, 1, URN_RESAMPLE_MAX_ITEMS + 1, 1) == 0,
                  "refused sizes, scheme %d", s);
    }
    UT_ASSERT(urn_resample_workspace((urn_resample_scheme)-1, 1, 1, 1) == 0, "no scheme");
    UT_ASSERT(urn_ancestors_workspace(0, 1, 1) == 0 && urn_ancestors_workspace(1, 5, 5) > 0, "ancestors");
    UT_ASSERT(urn_ancestors_workspace(1, 600, 5) >= urn_ancestors_workspace(1, 500, 5), "ancestors");
    UT_ASSERT(urn_backward_workspace(1, 0, 1) == 0 && urn_backward_workspace(1, 5, 5) > 0, "backward");
    UT_ASSERT(urn_alias_workspace(1, URN_MAX_COLS + 1) == 0 && urn_alias_workspace(1, 5) > 0, "alias");
}
END_TEST

/* property  iterations for a bias: (1 - ratio)^B <= bias and not before */
START_TEST(iterations_are_the_least_that_suffice) {
    UT_ASSERT(urn_resample_iterations(0.24, 0.01) == 17, "%d", urn_resample_iterations(0.24, 0.01));
    for (double ratio = 0.01; ratio < 1; ratio += 0.07) {
        int32_t B = urn_resample_iterations(ratio, 1e-3);
        UT_ASSERT(pow(1 - ratio, B) <= 1e-3 * (1 + 1e-9) && pow(1 - ratio, B - 1) > 1e-3 * (1 - 1e-9), "%g: %d", ratio,
                  B);
    }
    UT_ASSERT(urn_resample_iterations(0, 0.1) == 1 << 20 && urn_resample_iterations(NAN, 0.1) == 1 << 20 &&
                  urn_resample_iterations(0.5, 0) == 1 << 20 && urn_resample_iterations(1e-9, 1e-9) == 1 << 20,
              "limits");
}
END_TEST

Suite *abuse_resample_args_suite(void) {
    Suite *suite = suite_create("abuse_resample_args");
    TCase *tc = tcase_create("refused");
    tcase_add_test(tc, resample_refuses_by_name);
    tcase_add_test(tc, particles_refuse_by_name);
    tcase_add_test(tc, draws_refuse_by_name);
    tcase_add_test(tc, resample_workspaces_are_monotone);
    tcase_add_test(tc, iterations_are_the_least_that_suffice);
    suite_add_tcase(suite, tc);
    return suite;
}
