/* prop_trees.c - genealogies, trees of drafts, token recycling on random calls against the oracle, byte for byte. */
#include "tests/oracle_resample.h"
#include "tests/oracle_verify.h"
#include "tests/prop/resample_case.h"

static void *begin(ut_call *call, size_t size) {
    memset(call, 0, sizeof *call);
    call->size = size;
    return memset(call->params = ut_malloc(size), 0, size);
}

#define BEGIN(type, init)                                                                                              \
    type fresh = init;                                                                                                 \
    type *p = (type *)begin(call, sizeof *p);                                                                          \
    *p = fresh

static void random_ancestors(int32_t *a, int64_t rows, int64_t n, ut_rng *rng, int good) {
    for (int64_t r = 0; r < rows; r++) {
        int64_t spread = 1 + ut_below(rng, n);
        for (int64_t m = 0; m < n; m++) a[r * n + m] = (int32_t)ut_below(rng, ut_below(rng, 3) ? n : spread);
        if (!good && ut_below(rng, 5) == 0) a[r * n + ut_below(rng, n)] = ut_below(rng, 2) ? -1 : (int32_t)n;
    }
}

/* A tree after some steps of the oracle's, as the arrays of the call. */
static void grow(ut_call *call, urn_genealogy_params *p, ut_rng *rng, ut_way way) {
    p->rows = 1 + ut_below(rng, 3);
    p->items = 1 + ut_below(rng, 60);
    p->nodes = p->items * (1 + ut_below(rng, 6)) + ut_below(rng, 4);
    p->particle_bytes = ut_below(rng, 3) ? 1 + ut_below(rng, 20) : 0;
    int64_t tree = p->rows * p->nodes, leaves = p->rows * p->items, bytes = p->particle_bytes;
    ut_call_array(call, &p->parent, way, tree, 4, "parent");
    ut_call_array(call, &p->count, way, tree, 4, "count");
    ut_call_array(call, &p->leaf, way, leaves, 4, "leaf");
    if (bytes) ut_call_array(call, &p->states, way, tree * bytes, 1, "states");
    int32_t *a = (int32_t *)ut_malloc(4 * (size_t)leaves);
    void *particles = ut_malloc((size_t)(leaves * bytes));
    int64_t steps = ut_below(rng, 9);
    resample_words(rng, p->parent, 4 * tree); /* what it holds before the first step does not matter */
    resample_words(rng, p->count, 4 * tree);
    p->particles = particles;
    for (int64_t s = 0; s <= steps; s++) {
        random_ancestors(a, p->rows, p->items, rng, 1);
        resample_words(rng, particles, leaves * bytes);
        p->ancestors = s ? a : NULL;
        oracle_genealogy_step(p);
    }
    p->ancestors = NULL;
    p->particles = NULL;
    free(a);
    free(particles);
}

static void make_step(ut_call *call, ut_rng *rng) {
    BEGIN(urn_genealogy_params, URN_GENEALOGY_PARAMS_INIT);
    grow(call, p, rng, UT_INOUT);
    int64_t leaves = p->rows * p->items, bytes = p->particle_bytes;
    if (ut_below(rng, 6)) random_ancestors((int32_t *)UT_TAKES(call, p, ancestors, leaves), p->rows, p->items, rng, 0);
    if (bytes)
        resample_words(rng, ut_call_array(call, &p->particles, UT_IN, leaves * bytes, 1, "particles"), leaves * bytes);
    UT_GIVES(call, p, status, p->rows);
    ut_call_start(call);
    oracle_genealogy_step(p);
}

static urn_status run_step(ut_bed *bed, void *params) {
    urn_genealogy_params *p = (urn_genealogy_params *)params;
    UT_OK(urn_stream_reserve(bed->stream, urn_genealogy_workspace(p->rows, p->items, p->nodes)));
    return urn_genealogy_step(bed->stream, p);
}

static void make_trace(ut_call *call, ut_rng *rng) {
    BEGIN(urn_genealogy_params, URN_GENEALOGY_PARAMS_INIT);
    grow(call, p, rng, UT_IN);
    p->paths = 1 + ut_below(rng, p->items);
    p->length = 1 + ut_below(rng, 12);
    if (ut_below(rng, 2)) {
        int32_t *of = (int32_t *)UT_TAKES(call, p, path_of, p->rows * p->paths);
        for (int64_t k = 0; k < p->rows * p->paths; k++) {
            of[k] = (int32_t)ut_below(rng, p->items) + (ut_below(rng, 60) == 0 ? (int32_t)p->items : 0);
        }
    }
    int64_t places = p->rows * p->paths * p->length;
    UT_GIVES(call, p, path, places);
    if (p->particle_bytes) ut_call_array(call, &p->path_states, UT_OUT, places * p->particle_bytes, 1, "path_states");
    UT_GIVES(call, p, status, p->rows);
    oracle_genealogy_trace(p);
}

static urn_status run_trace(ut_bed *bed, void *params) {
    return urn_genealogy_trace(bed->stream, (urn_genealogy_params *)params);
}

/* ---- drafts ---- */

static void make_shape(ut_call *call, ut_rng *rng) {
    BEGIN(urn_tree_shape_params, URN_TREE_SHAPE_PARAMS_INIT);
    p->nodes = 1 + (int32_t)ut_below(rng, 90);
    p->requests = 1 + ut_below(rng, 4);
    p->depth = (int32_t)ut_below(rng, p->nodes);
    p->rows = p->requests * p->nodes;
    p->position_value = (uint32_t)ut_u64(rng);
    if (ut_below(rng, 3) == 0) {
        int64_t *o = (int64_t *)UT_TAKES(call, p, node_offsets, p->requests + 1);
        for (int64_t b = 0; b < p->requests; b++) o[b + 1] = o[b] + ut_below(rng, p->nodes + 1);
        if (ut_below(rng, 8) == 0) o[ut_below(rng, p->requests + 1)] += ut_below(rng, 2) ? p->nodes : -p->nodes;
    }
    if (ut_below(rng, 3) == 0) {
        int32_t *n = (int32_t *)UT_TAKES(call, p, node_count, p->requests);
        for (int64_t b = 0; b < p->requests; b++) n[b] = (int32_t)ut_below(rng, p->nodes + 3) - 1;
    }
    int kind = (int)ut_below(rng, 3);
    int32_t *parent = (int32_t *)ut_malloc(4 * (size_t)p->rows);
    for (int64_t t = 0; t < p->rows; t++) {
        int64_t i = t % p->nodes;
        parent[t] = i == 0 ? -1 : (int32_t)(kind == 0 ? i - 1 : kind == 1 ? ut_below(rng, i) : (i - 1) / 4);
        if (ut_below(rng, 50) == 0) parent[t] = (int32_t)ut_below(rng, p->nodes + 2) - 1;
    }
    if (ut_below(rng, 2)) {
        memcpy(ut_call_array(call, &p->tree.parent, UT_IN, p->rows, 4, "tree.parent"), parent, 4 * (size_t)p->rows);
    } else {
        int32_t *first = (int32_t *)ut_call_array(call, &p->tree.first_child, UT_IN, p->rows, 4, "tree.first_child");
        int32_t *next = (int32_t *)ut_call_array(call, &p->tree.next_sibling, UT_IN, p->rows, 4, "tree.next_sibling");
        for (int64_t t = 0; t < p->rows; t++) first[t] = next[t] = -1;
        for (int64_t t = p->rows - 1; t >= 0; t--) {
            int64_t i = t % p->nodes, at = t - i;
            if (i == 0 || parent[t] < 0 || parent[t] >= i) continue;
            next[t] = first[at + parent[t]];
            first[at + parent[t]] = (int32_t)i;
            if (ut_below(rng, 50) == 0) next[t] = (int32_t)ut_below(rng, p->nodes + 1) - 1;
        }
    }
    free(parent);
    if (ut_below(rng, 2)) {
        int32_t *token = (int32_t *)UT_TAKES(call, p, tokens, p->rows);
        for (int64_t t = 0; t < p->rows; t++) token[t] = ut_below(rng, 30) ? (int32_t)ut_below(rng, 9) : -1;
        p->distinct = (int32_t)ut_below(rng, 2);
    }
    if (ut_below(rng, 2)) resample_words(rng, UT_TAKES(call, p, position, p->requests), 4 * p->requests);
    if (ut_below(rng, 3)) UT_GIVES(call, p, parent, p->rows);
    if (ut_below(rng, 3)) UT_GIVES(call, p, first_child, p->rows);
    if (ut_below(rng, 3)) UT_GIVES(call, p, next_sibling, p->rows);
    UT_GIVES(call, p, node_depth, p->rows);
    if (ut_below(rng, 3)) UT_GIVES(call, p, node_position, p->rows);
    if (ut_below(rng, 3)) {
        p->mask_stride = (p->nodes + 31) / 32 + ut_below(rng, 2);
        UT_GIVES(call, p, mask, p->rows * p->mask_stride);
    }
    oracle_tree_shape(p);
}

static urn_status run_shape(ut_bed *bed, void *p) { return urn_tree_shape(bed->stream, (urn_tree_shape_params *)p); }

/* The calls without params structs: theirs are ours. */
typedef struct plain {
    const int32_t *path, *used, *root, *tokens, *top, *map;
    const int64_t *node_offsets;
    int32_t *rows, *out, *status;
    int64_t *offsets, requests, size, cols;
    int32_t nodes, depth;
    urn_recycle recycle;
} plain;

static const plain none;

static void make_compact(ut_call *call, ut_rng *rng) {
    BEGIN(plain, none);
    p->requests = ut_below(rng, 300);
    p->depth = (int32_t)ut_below(rng, 9);
    p->nodes = p->depth + 1 + (int32_t)ut_below(rng, 9);
    p->size = p->requests * (p->depth + 1) + ut_below(rng, 4);
    int32_t *path = (int32_t *)UT_TAKES(call, p, path, p->requests * (p->depth + 1));
    int32_t *used = (int32_t *)UT_TAKES(call, p, used, p->requests);
    for (int64_t i = 0; i < p->requests * (p->depth + 1); i++)
        path[i] = ut_below(rng, 9) ? (int32_t)ut_below(rng, p->nodes) : -1;
    for (int64_t b = 0; b < p->requests; b++) used[b] = (int32_t)ut_below(rng, p->depth + 4) - 1;
    if (ut_below(rng, 2)) {
        int64_t *o = (int64_t *)UT_TAKES(call, p, node_offsets, p->requests + 1);
        for (int64_t b = 0; b < p->requests; b++) o[b + 1] = o[b] + p->nodes - ut_below(rng, 2);
    }
    UT_GIVES(call, p, rows, p->size);
    UT_GIVES(call, p, offsets, p->requests + 1);
    oracle_tree_compact(p->path, p->used, p->requests, p->nodes, p->depth, p->node_offsets, p->rows, p->size,
                        p->offsets);
}

static urn_status run_compact(ut_bed *bed, void *params) {
    plain *p = (plain *)params;
    return urn_tree_compact(bed->stream, p->path, p->used, p->requests, p->nodes, p->depth, p->node_offsets, p->rows,
                            p->size, p->offsets);
}

static void fill_ids(int32_t *ids, int64_t n, int64_t cols, ut_rng *rng) {
    for (int64_t i = 0; i < n; i++)
        ids[i] = (int32_t)ut_below(rng, cols + (ut_below(rng, 8) ? 0 : 3)) - (ut_below(rng, 20) == 0);
}

static void pick_recycle(ut_call *call, plain *p, ut_rng *rng, ut_way way) {
    urn_recycle *c = &p->recycle;
    c->cols = 1 + ut_below(rng, 60);
    c->k = 1 + (int32_t)ut_below(rng, 8);
    c->nodes = 1 + (int32_t)ut_below(rng, 40);
    fill_ids((int32_t *)ut_call_array(call, &c->matrix, way, c->cols * c->k, 4, "matrix"), c->cols * c->k, c->cols,
             rng);
    int32_t *parent = (int32_t *)ut_call_array(call, &c->parent, UT_IN, c->nodes, 4, "parent");
    int32_t *rank = (int32_t *)ut_call_array(call, &c->rank, UT_IN, c->nodes, 4, "rank");
    for (int32_t i = 0; i < c->nodes; i++) {
        parent[i] = i && ut_below(rng, 20) ? (int32_t)ut_below(rng, i) : (int32_t)ut_below(rng, c->nodes + 1) - 1;
        rank[i] = (int32_t)ut_below(rng, c->k + (ut_below(rng, 9) == 0)) - (ut_below(rng, 30) == 0);
    }
}

static void make_recycle(ut_call *call, ut_rng *rng) {
    BEGIN(plain, none);
    pick_recycle(call, p, rng, UT_IN);
    p->requests = 1 + ut_below(rng, 20);
    fill_ids((int32_t *)UT_TAKES(call, p, root, p->requests), p->requests, p->recycle.cols, rng);
    UT_GIVES(call, p, out, p->requests * p->recycle.nodes);
    oracle_recycle_draft(&p->recycle, p->root, p->requests, p->out);
}

static urn_status run_recycle(ut_bed *bed, void *params) {
    plain *p = (plain *)params;
    return urn_recycle_draft(bed->stream, &p->recycle, p->root, p->requests, p->out);
}

static void make_update(ut_call *call, ut_rng *rng) {
    BEGIN(plain, none);
    pick_recycle(call, p, rng, UT_INOUT);
    p->size = ut_below(rng, 90);
    fill_ids((int32_t *)UT_TAKES(call, p, tokens, p->size), p->size, p->recycle.cols, rng);
    fill_ids((int32_t *)UT_TAKES(call, p, top, p->size * p->recycle.k), p->size * p->recycle.k, p->recycle.cols, rng);
    ut_call_start(call);
    oracle_recycle_update(&p->recycle, p->tokens, p->top, p->size);
}

static urn_status run_update(ut_bed *bed, void *params) {
    plain *p = (plain *)params;
    UT_OK(urn_stream_reserve(bed->stream, (size_t)(4 * p->recycle.cols + 255) / 256 * 256));
    return urn_recycle_update(bed->stream, &p->recycle, p->tokens, p->top, p->size);
}

static void make_invert(ut_call *call, ut_rng *rng) {
    BEGIN(plain, none);
    p->cols = 1 + ut_below(rng, 300);
    p->size = 1 + ut_below(rng, p->cols);
    int32_t *map = (int32_t *)UT_TAKES(call, p, map, p->size);
    for (int64_t j = 0; j < p->size; j++) map[j] = (int32_t)((j * 7 + 3) % p->cols);
    if (ut_below(rng, 2)) map[ut_below(rng, p->size)] = (int32_t)ut_below(rng, p->cols + 2) - 1;
    UT_GIVES(call, p, out, p->cols);
    if (ut_below(rng, 3)) UT_GIVES(call, p, status, 1);
    oracle_draft_invert(p->map, p->size, p->cols, p->out, p->status);
}

static urn_status run_invert(ut_bed *bed, void *params) {
    plain *p = (plain *)params;
    return urn_draft_invert(bed->stream, p->map, p->size, p->cols, p->out, p->status);
}

static const ut_call_kind calls[] = {
    {"urn_genealogy_step", make_step, run_step},      {"urn_genealogy_trace", make_trace, run_trace},
    {"urn_tree_shape", make_shape, run_shape},        {"urn_tree_compact", make_compact, run_compact},
    {"urn_recycle_draft", make_recycle, run_recycle}, {"urn_recycle_update", make_update, run_update},
    {"urn_draft_invert", make_invert, run_invert}};

/* property  every output of the call is what its contract says, byte for byte
 * shapes    trees of up to 60 particles and 9 steps; drafts of up to 90 nodes; wrong parents, offsets and ids among
 * them */
START_TEST(any_tree_is_what_the_contract_says) { ut_call_hold(calls + _i, (uint64_t)(4000000 + 1000 * _i)); }
END_TEST

Suite *prop_trees_suite(void) {
    Suite *suite = suite_create("prop_trees");
    TCase *tcase = tcase_create("trees");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_tree_is_what_the_contract_says, 0, (int)(sizeof calls / sizeof *calls));
    suite_add_tcase(suite, tcase);
    return suite;
}
