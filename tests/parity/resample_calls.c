/* resample_calls.c - random calls of the resample family. Rows of all kinds: flat, steep, full of zeros, empty, bad. */
#include "tests/parity/resample_calls.h"

#include <math.h>

static int one_in(ut_rng *rng, int64_t n) { return ut_below(rng, n) == 0; }

static void *fresh(ut_call *call, const void *init, size_t size) {
    memset(call, 0, sizeof *call);
    call->params = memcpy(ut_malloc(size), init, size);
    call->size = size;
    return call->params;
}
#define FRESH(call, type, init) type fresh_params = init, *p = (type *)fresh((call), &fresh_params, sizeof fresh_params)

static void put(void *data, int32_t type, int64_t i, double v) {
    if (type == URN_WEIGHT_LOG_F32 || type == URN_WEIGHT_F32)
        ((float *)data)[i] = (float)v;
    else
        ((double *)data)[i] = v;
}

static void fill(ut_rng *rng, int32_t type, void *data, int64_t n) {
    static const double scales[] = {0, 0.3, 1, 4, 20};
    double scale = scales[ut_below(rng, 5)];
    int logs = type <= URN_WEIGHT_LOG_F64, holes = one_in(rng, 3), steps = one_in(rng, 4), bad = (int)ut_below(rng, 20);
    for (int64_t i = 0; i < n; i++) {
        double v = scale * ut_normal(rng);
        if (steps) v = floor(v);
        if (!logs) v = exp(v);
        if ((holes && one_in(rng, 3)) || bad == 0) v = logs ? -INFINITY : 0;
        put(data, type, i, v);
    }
    if (n && bad == 1) put(data, type, ut_below(rng, n), NAN);
    if (n && bad == 2) put(data, type, ut_below(rng, n), INFINITY);
    if (n && bad == 3) put(data, type, ut_below(rng, n), -INFINITY);
}

typedef struct rows {
    int64_t elements, cells; /* of the weights; of an array placed as they are, without gaps */
} rows;

static rows weights(ut_call *call, urn_weights *w, ut_rng *rng, int64_t items, int logs, int dense) {
    rows r;
    w->type = (int32_t)ut_below(rng, logs ? 2 : 4);
    w->rows = 1 + ut_below(rng, 4);
    w->items = 1 + ut_below(rng, items);
    r.elements = r.cells = w->rows * w->items;
    int ragged = !dense && one_in(rng, 3);
    if (ragged) {
        int64_t *offsets = (int64_t *)ut_call_array(call, &w->offsets, UT_IN, w->rows + 1, 8, "offsets");
        offsets[0] = ut_below(rng, 5);
        for (int64_t i = 0; i < w->rows; i++) offsets[i + 1] = offsets[i] + ut_below(rng, w->items + 1);
        r.elements = r.cells = w->size = offsets[w->rows];
        if (one_in(rng, 8)) offsets[ut_below(rng, w->rows + 1)] += w->items + 1;
    } else if (one_in(rng, 3)) {
        w->stride = w->items + ut_below(rng, 4);
        r.elements = (w->rows - 1) * w->stride + w->items;
    }
    size_t unit = w->type % 2 ? 8 : 4;
    char *data = (char *)ut_call_array(call, &w->data, UT_IN, r.elements, unit, "weights");
    for (int64_t i = 0; i < r.elements; i += w->items) {
        int64_t left = r.elements - i;
        fill(rng, w->type, data + (size_t)i * unit, left < w->items ? left : w->items);
    }
    return r;
}

static void words(ut_rng *rng, void *data, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i++) ((unsigned char *)data)[i] = (unsigned char)ut_u64(rng);
}
#define KEYS(call, p, rng)                                                                                             \
    do {                                                                                                               \
        (p)->seed_value = ut_u64(rng), (p)->position_value = (uint32_t)ut_u64(rng);                                    \
        if (one_in((rng), 2)) words((rng), UT_TAKES((call), (p), label, (p)->weights.rows), 8 * (p)->weights.rows);    \
        if (one_in((rng), 2)) words((rng), UT_TAKES((call), (p), position, (p)->weights.rows), 4 * (p)->weights.rows); \
    } while (0)

/* ---- calls */

static void make_resample(ut_call *call, ut_rng *rng, int64_t items) {
    static const float thresholds[] = {INFINITY, 0.5f, 0.9f, 0.0f};
    FRESH(call, urn_resample_params, URN_RESAMPLE_PARAMS_INIT);
    p->scheme = (int32_t)ut_below(rng, 16);
    rows w = weights(call, &p->weights, rng, items, 0, 0);
    int64_t n = p->weights.rows;
    int logs = p->weights.type <= URN_WEIGHT_LOG_F64, pins = p->scheme == 0 || p->scheme == 2 || p->scheme == 8;
    size_t unit = p->weights.type % 2 ? 8 : 4;
    p->outputs = one_in(rng, 2) ? p->weights.items : ut_below(rng, 2 * p->weights.items);
    int64_t out = n * p->outputs;
    if (p->weights.offsets && one_in(rng, 2)) { /* as many outputs as items */
        p->outputs = p->weights.items;
        memcpy(UT_TAKES(call, p, output_offsets, n + 1), p->weights.offsets, 8 * (size_t)(n + 1));
        out = p->output_size = p->weights.size;
    } else if (one_in(rng, 3)) {
        int32_t *m = (int32_t *)UT_TAKES(call, p, outputs_row, n);
        for (int64_t r = 0; r < n; r++) m[r] = (int32_t)ut_below(rng, p->outputs + 1) + one_in(rng, 20);
    }
    p->threshold_value = thresholds[ut_below(rng, 4)];
    p->iterations = (int32_t)ut_below(rng, 6);
    p->segment = p->weights.items % 5 == 0 ? 5 : 1;
    if (one_in(rng, 6)) p->cap = 1 + (int32_t)ut_below(rng, 4);
    if (pins && one_in(rng, 2)) {
        int32_t *slot = (int32_t *)UT_TAKES(call, p, pin_slot, n), *pin = (int32_t *)UT_TAKES(call, p, pin_ancestor, n);
        for (int64_t r = 0; r < n; r++) {
            slot[r] = (int32_t)ut_below(rng, p->outputs + 1) - 1;
            pin[r] = (int32_t)ut_below(rng, p->weights.items);
        }
    }
    KEYS(call, p, rng);
    if (logs && one_in(rng, 3)) {
        char *law = (char *)ut_call_array(call, &p->law, UT_IN, w.elements, unit, "law");
        fill(rng, p->weights.type, law, w.elements);
    }
    UT_GIVES(call, p, ancestors, out);
    UT_GIVES(call, p, offspring, w.cells);
    if (logs && !p->cap) ut_call_array(call, &p->lw_out, UT_OUT, out, unit, "lw_out");
    UT_GIVES(call, p, resampled, n);
    UT_GIVES(call, p, produced, n);
    UT_GIVES(call, p, stats, n);
    UT_GIVES(call, p, status, n);
}

static void make_stats(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_weights_stats_params, URN_WEIGHTS_STATS_PARAMS_INIT);
    weights(call, &p->weights, rng, items, 0, 0);
    UT_GIVES(call, p, stats, p->weights.rows);
}

static urn_ancestors_params *ancestors(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_ancestors_params, URN_ANCESTORS_PARAMS_INIT);
    p->rows = 1 + ut_below(rng, 4);
    p->items = 1 + ut_below(rng, items);
    p->outputs = ut_below(rng, 2 * items);
    UT_GIVES(call, p, status, p->rows);
    return p;
}

static void draw_ancestors(ut_rng *rng, int32_t *a, int64_t n, int64_t items) {
    int64_t odd = one_in(rng, 3) ? ut_below(rng, n + 1) : n;
    for (int64_t i = 0; i < n; i++) a[i] = (int32_t)ut_below(rng, items);
    if (odd < n) a[odd] = (int32_t)(one_in(rng, 2) ? -1 : items);
}

static void make_offspring(ut_call *call, ut_rng *rng, int64_t items) {
    urn_ancestors_params *p = ancestors(call, rng, items);
    draw_ancestors(rng, (int32_t *)UT_TAKES(call, p, ancestors, p->rows * p->outputs), p->rows * p->outputs, p->items);
    UT_GIVES(call, p, offspring, p->rows * p->items);
}

static void make_ancestors(ut_call *call, ut_rng *rng, int64_t items) {
    urn_ancestors_params *p = ancestors(call, rng, items);
    int32_t *o = (int32_t *)UT_TAKES(call, p, offspring, p->rows * p->items);
    int64_t few = 1 + ut_below(rng, 4);
    for (int64_t i = 0; i < p->rows * p->items; i++) o[i] = one_in(rng, few) ? (int32_t)ut_below(rng, 4) : 0;
    if (one_in(rng, 3)) o[ut_below(rng, p->rows * p->items)] = one_in(rng, 2) ? -1 : INT32_MAX;
    UT_GIVES(call, p, ancestors, p->rows * p->outputs);
}

static void make_permute(ut_call *call, ut_rng *rng, int64_t items) {
    urn_ancestors_params *p = ancestors(call, rng, items);
    p->outputs = p->items;
    int64_t n = p->rows * p->items;
    int32_t *a = (int32_t *)ut_call_array(call, &p->ancestors, UT_INOUT, n, 4, "ancestors");
    draw_ancestors(rng, a, n, p->items);
    for (int64_t i = 0; i < p->items && one_in(rng, 4); i++) a[i] = i ? (int32_t)i - 1 : 0;
}

static void make_gather(ut_call *call, ut_rng *rng, int64_t items) {
    static const int64_t sizes[] = {1, 3, 4, 12, 16, 48, 100};
    FRESH(call, urn_particles_gather_params, URN_PARTICLES_GATHER_PARAMS_INIT);
    p->rows = 1 + ut_below(rng, 3);
    p->items = 1 + ut_below(rng, items / 10);
    p->outputs = ut_below(rng, items / 10);
    p->particle_bytes = sizes[ut_below(rng, 7)];
    int64_t n = p->rows * p->outputs, bytes = p->rows * p->items * p->particle_bytes;
    words(rng, ut_call_array(call, &p->from, UT_IN, bytes, 1, "from"), bytes);
    draw_ancestors(rng, (int32_t *)UT_TAKES(call, p, ancestors, n), n, p->items);
    if (one_in(rng, 2)) {
        int32_t *resampled = (int32_t *)UT_TAKES(call, p, resampled, p->rows);
        for (int64_t r = 0; r < p->rows; r++) resampled[r] = (int32_t)ut_below(rng, 2);
    }
    ut_call_array(call, &p->to, UT_OUT, n * p->particle_bytes, 1, "to");
    UT_GIVES(call, p, status, p->rows);
}

static void make_moments(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_segments_moments_params, URN_SEGMENTS_MOMENTS_PARAMS_INIT);
    rows w = weights(call, &p->weights, rng, items, 0, 0);
    p->dims = 1 + (int32_t)ut_below(rng, one_in(rng, 3) ? 40 : 4);
    float *x = (float *)UT_TAKES(call, p, values, w.elements * p->dims);
    double scale = exp(8 * ut_normal(rng)), shift = one_in(rng, 2) ? 100 * scale : 0;
    for (int64_t i = 0; i < w.elements * p->dims; i++) x[i] = (float)(scale * ut_normal(rng) + shift);
    if (one_in(rng, 4) && w.elements) x[ut_below(rng, w.elements * p->dims)] = one_in(rng, 2) ? NAN : INFINITY;
    for (int64_t i = 0; i < w.elements && one_in(rng, 5); i++) x[i * p->dims] = 0;
    UT_GIVES(call, p, mean, p->weights.rows * p->dims);
    if (one_in(rng, 2)) UT_GIVES(call, p, variance, p->weights.rows * p->dims);
    UT_GIVES(call, p, stats, p->weights.rows);
    UT_GIVES(call, p, status, p->weights.rows);
}

static void make_backward(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_backward_params, URN_BACKWARD_PARAMS_INIT);
    weights(call, &p->weights, rng, items, 1, 0);
    int64_t n = p->weights.rows;
    p->children = ut_below(rng, 8);
    p->draws = 1 + (int32_t)ut_below(rng, one_in(rng, 3) ? 40 : 3);
    p->log_m_stride = p->weights.items + ut_below(rng, 3);
    p->trials = one_in(rng, 2) ? 0 : (int32_t)ut_below(rng, 20);
    p->bound_value = 3.0f;
    int64_t cells = n * p->children * p->log_m_stride;
    float *m = (float *)UT_TAKES(call, p, log_m, cells);
    double scale = ut_below(rng, 3);
    for (int64_t i = 0; i < cells; i++) m[i] = one_in(rng, 5) ? -INFINITY : (float)fmin(3, scale * ut_normal(rng));
    for (int64_t c = 0; c < n * p->children; c++) {
        if (!one_in(rng, 6)) continue;
        int64_t all = one_in(rng, 2), at = c * p->log_m_stride;
        for (int64_t i = 0; i < (all ? p->weights.items : 1); i++)
            m[at + (all ? i : ut_below(rng, p->weights.items))] = all ? -INFINITY : one_in(rng, 2) ? NAN : 4.0f;
    }
    KEYS(call, p, rng);
    if (one_in(rng, 2)) {
        int32_t *fallback = (int32_t *)UT_TAKES(call, p, fallback, n * p->children);
        for (int64_t c = 0; c < n * p->children; c++) fallback[c] = (int32_t)ut_below(rng, p->weights.items + 2) - 1;
    }
    UT_GIVES(call, p, ancestors, n * p->children * p->draws);
    UT_GIVES(call, p, status, n * p->children);
}

static void make_alias_build(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_alias_params, URN_ALIAS_PARAMS_INIT);
    rows w = weights(call, &p->weights, rng, items, 0, 0);
    UT_GIVES(call, p, cut, w.cells);
    UT_GIVES(call, p, alias, w.cells);
    UT_GIVES(call, p, status, p->weights.rows);
}

static void make_alias_draw(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_alias_params, URN_ALIAS_PARAMS_INIT);
    rows w = weights(call, &p->weights, rng, items, 0, 0);
    uint64_t *cut = (uint64_t *)UT_TAKES(call, p, cut, w.cells);
    int32_t *alias = (int32_t *)UT_TAKES(call, p, alias, w.cells);
    p->draws = ut_below(rng, 1000);
    for (int64_t i = 0; i < w.cells; i++) cut[i] = ut_u64(rng), alias[i] = (int32_t)ut_below(rng, p->weights.items);
    for (int64_t i = 0; i < w.cells && one_in(rng, 5) && !p->weights.offsets; i++) /* the first row is empty */
        if (i < p->weights.items) cut[i] = 0, alias[i] = -1;
    KEYS(call, p, rng);
    UT_GIVES(call, p, ids, p->weights.rows * p->draws);
    UT_GIVES(call, p, status, p->weights.rows);
}

static void make_inverse(ut_call *call, ut_rng *rng, int64_t items) {
    FRESH(call, urn_inverse_params, URN_INVERSE_PARAMS_INIT);
    p->points = (int32_t)ut_below(rng, 4);
    weights(call, &p->weights, rng, items, 0, 1);
    int64_t n = p->weights.rows, edges = p->weights.items + 1;
    p->outputs = ut_below(rng, 1000);
    p->edges_stride = one_in(rng, 2) ? 0 : edges + ut_below(rng, 2);
    int64_t cells = p->edges_stride ? (n - 1) * p->edges_stride + edges : edges;
    float *x = (float *)UT_TAKES(call, p, edges, cells);
    for (int64_t i = 0; i < cells; i++) x[i] = (float)(i % edges + ut_uniform(rng));
    if (one_in(rng, 4)) x[ut_below(rng, cells)] = NAN;
    if (one_in(rng, 3)) words(rng, UT_TAKES(call, p, codes, n * p->outputs), 8 * n * p->outputs);
    KEYS(call, p, rng);
    UT_GIVES(call, p, values, n * p->outputs);
    UT_GIVES(call, p, bins, n * p->outputs);
    UT_GIVES(call, p, status, n);
}

/* A tree that some steps have grown: on the host, by the rules of section 6. */
typedef struct tree {
    int64_t n, nodes;
    int32_t *parent, *count, *leaf;
} tree;

static void grow(tree t, const int32_t *a) {
    int32_t *old = (int32_t *)ut_malloc(4 * (size_t)t.n), *o = (int32_t *)ut_malloc(4 * (size_t)t.n);
    memcpy(old, t.leaf, 4 * (size_t)t.n);
    memset(o, 0, 4 * (size_t)t.n);
    for (int64_t m = 0; m < t.n; m++) o[a[m]]++;
    for (int64_t i = 0; i < t.n; i++) {
        int32_t u = old[i];
        t.count[u] = o[i];
        while (t.count[u] == 0 && (u = t.parent[u]) >= 0) t.count[u]--;
    }
    for (int64_t u = 0, m = 0; u < t.nodes; u++) {
        if (t.count[u]) continue;
        t.parent[u] = m < t.n ? old[a[m]] : -1;
        if (m < t.n) t.count[u] = 1, t.leaf[m++] = (int32_t)u;
    }
    free(old);
    free(o);
}

static void grown(ut_rng *rng, tree t, int64_t steps, int32_t *a) {
    for (int64_t u = 0; u < t.nodes; u++) t.parent[u] = -1, t.count[u] = u < t.n;
    for (int64_t m = 0; m < t.n; m++) t.leaf[m] = (int32_t)m;
    for (int64_t s = 0; s < steps; s++) {
        for (int64_t m = 0; m < t.n; m++) a[m] = (int32_t)ut_below(rng, t.n);
        grow(t, a);
    }
}

static urn_genealogy_params *trees(ut_call *call, ut_rng *rng, int64_t items, ut_way way) {
    FRESH(call, urn_genealogy_params, URN_GENEALOGY_PARAMS_INIT);
    int64_t steps = ut_below(rng, 6);
    p->rows = 1 + ut_below(rng, 3);
    p->items = 1 + ut_below(rng, items);
    p->nodes = p->items * (1 + steps) + ut_below(rng, 9);
    if (way == UT_INOUT && one_in(rng, 3)) p->nodes += p->items; /* else it may be full */
    int32_t *parent = (int32_t *)ut_call_array(call, &p->parent, way, p->rows * p->nodes, 4, "parent");
    int32_t *count = (int32_t *)ut_call_array(call, &p->count, way, p->rows * p->nodes, 4, "count");
    int32_t *leaf = (int32_t *)ut_call_array(call, &p->leaf, way, p->rows * p->items, 4, "leaf");
    int32_t *a = (int32_t *)ut_malloc(4 * (size_t)p->items);
    for (int64_t r = 0; r < p->rows; r++) {
        tree t = {p->items, p->nodes, parent + r * p->nodes, count + r * p->nodes, leaf + r * p->items};
        grown(rng, t, steps, a);
        if (!one_in(rng, 8)) continue;
        for (int64_t u = 0; u < t.nodes; u++) t.parent[u] = -1, t.count[u] = 0;
        for (int64_t m = 0; m < t.n; m++) t.leaf[m] = -1;
    }
    free(a);
    UT_GIVES(call, p, status, p->rows);
    return p;
}

static void make_genealogy_step(ut_call *call, ut_rng *rng, int64_t items) {
    static const int64_t sizes[] = {0, 1, 8, 20, 32};
    urn_genealogy_params *p = trees(call, rng, items / 2, UT_INOUT);
    int64_t n = p->rows * p->items;
    if (!one_in(rng, 6)) {
        int32_t *a = (int32_t *)UT_TAKES(call, p, ancestors, n);
        draw_ancestors(rng, a, n, p->items);
    }
    p->particle_bytes = sizes[ut_below(rng, 5)];
    if (!p->particle_bytes) return;
    int64_t bytes = n * p->particle_bytes;
    words(rng, ut_call_array(call, &p->particles, UT_IN, bytes, 1, "particles"), bytes);
    ut_call_array(call, &p->states, UT_OUT, p->rows * p->nodes * p->particle_bytes, 1, "states");
}

static void make_genealogy_trace(ut_call *call, ut_rng *rng, int64_t items) {
    urn_genealogy_params *p = trees(call, rng, items / 4, UT_IN);
    p->paths = ut_below(rng, p->items + 1);
    p->length = 1 + ut_below(rng, 8);
    if (one_in(rng, 2)) {
        int32_t *of = (int32_t *)UT_TAKES(call, p, path_of, p->rows * p->paths);
        for (int64_t i = 0; i < p->rows * p->paths; i++) of[i] = (int32_t)ut_below(rng, p->items);
        if (p->paths && one_in(rng, 3)) of[0] = one_in(rng, 2) ? -1 : (int32_t)p->items;
    }
    int64_t places = p->rows * p->paths * p->length;
    UT_GIVES(call, p, path, places);
    p->particle_bytes = 12;
    int64_t bytes = p->rows * p->nodes * p->particle_bytes;
    words(rng, ut_call_array(call, &p->states, UT_IN, bytes, 1, "states"), bytes);
    ut_call_array(call, &p->path_states, UT_OUT, places * p->particle_bytes, 1, "path_states");
}

/* ---- how they run: scratch is the stream's */

#define RUNS(op, type, bytes)                                                                                          \
    static urn_status run_##op(ut_bed *bed, void *params) {                                                            \
        type *p = (type *)params;                                                                                      \
        UT_OK(urn_stream_reserve(bed->stream, (bytes)));                                                               \
        return urn_##op(bed->stream, p);                                                                               \
    }
#define RESAMPLE_BYTES(scheme, outputs)                                                                                \
    urn_resample_workspace((urn_resample_scheme)(scheme), p->weights.rows, p->weights.items, (outputs))

RUNS(resample, urn_resample_params, RESAMPLE_BYTES(p->scheme, p->outputs))
RUNS(weights_stats, urn_weights_stats_params, RESAMPLE_BYTES(URN_RESAMPLE_SYSTEMATIC, 0))
RUNS(offspring_from_ancestors, urn_ancestors_params, urn_ancestors_workspace(p->rows, p->items, p->outputs))
RUNS(ancestors_from_offspring, urn_ancestors_params, urn_ancestors_workspace(p->rows, p->items, p->outputs))
RUNS(ancestors_permute, urn_ancestors_params, urn_ancestors_workspace(p->rows, p->items, p->outputs))
RUNS(particles_gather, urn_particles_gather_params, 256)
RUNS(segments_moments, urn_segments_moments_params, RESAMPLE_BYTES(URN_RESAMPLE_SYSTEMATIC, 0))
RUNS(backward_draws, urn_backward_params, urn_backward_workspace(p->weights.rows, p->weights.items, p->children))
RUNS(alias_build, urn_alias_params, urn_alias_workspace(p->weights.rows, p->weights.items))
RUNS(alias_draw, urn_alias_params, 256)
RUNS(inverse_grid, urn_inverse_params, RESAMPLE_BYTES(URN_RESAMPLE_MULTINOMIAL, p->outputs))
RUNS(genealogy_step, urn_genealogy_params, urn_genealogy_workspace(p->rows, p->items, p->nodes))
RUNS(genealogy_trace, urn_genealogy_params, 256)

const resample_op resample_ops[RESAMPLE_CALLS] = {
    {"urn_resample", make_resample, run_resample},
    {"urn_weights_stats", make_stats, run_weights_stats},
    {"urn_offspring_from_ancestors", make_offspring, run_offspring_from_ancestors},
    {"urn_ancestors_from_offspring", make_ancestors, run_ancestors_from_offspring},
    {"urn_ancestors_permute", make_permute, run_ancestors_permute},
    {"urn_particles_gather", make_gather, run_particles_gather},
    {"urn_segments_moments", make_moments, run_segments_moments},
    {"urn_backward_draws", make_backward, run_backward_draws},
    {"urn_alias_build", make_alias_build, run_alias_build},
    {"urn_alias_draw", make_alias_draw, run_alias_draw},
    {"urn_inverse_grid", make_inverse, run_inverse_grid},
    {"urn_genealogy_step", make_genealogy_step, run_genealogy_step},
    {"urn_genealogy_trace", make_genealogy_trace, run_genealogy_trace},
};
