/* parity_verify_trees.c - shapes of trees, accepted rows, recycling and inverted maps: the same bytes from plain C and
 * from the kernels, with numbers out of range in every array. */
#include "tests/urn_test.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

enum { NODES = 70, REQUESTS = 9, ROWS = NODES * REQUESTS };

typedef struct bytes {
    unsigned char *at;
    size_t size;
} bytes;

static void keep(bytes *o, ut_bed *bed, const void *device, size_t size) {
    o->at = (unsigned char *)realloc(o->at, o->size + size);
    UT_ASSERT(o->at != NULL, "out of memory");
    ut_download(bed, device, o->at + o->size, size);
    o->size += size;
}

static const int32_t *random_ids(ut_bed *bed, ut_rng *rng, int64_t n, int64_t from, int64_t range) {
    int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)n);
    for (int64_t i = 0; i < n; i++) ids[i] = (int32_t)(from + ut_below(rng, range));
    const int32_t *device = (const int32_t *)ut_upload(bed, ids, 4 * (size_t)n);
    free(ids);
    return device;
}

static const int64_t *random_offsets(ut_bed *bed, ut_rng *rng, int32_t nodes) {
    int64_t offsets[REQUESTS + 1] = {0};
    for (int b = 0; b < REQUESTS; b++) offsets[b + 1] = offsets[b] + ut_below(rng, nodes + 1);
    if (ut_below(rng, 3) == 0) offsets[1 + ut_below(rng, REQUESTS)] -= 3;
    return (const int64_t *)ut_upload(bed, offsets, sizeof offsets);
}

static void shape(ut_bed *bed, ut_rng *rng, bytes *o) {
    urn_tree_shape_params p = URN_TREE_SHAPE_PARAMS_INIT;
    p.nodes = 1 + (int32_t)ut_below(rng, NODES), p.requests = REQUESTS, p.rows = ROWS;
    p.depth = (int32_t)ut_below(rng, p.nodes), p.position_value = 7, p.mask_stride = (p.nodes + 31) / 32;
    if (ut_below(rng, 2)) p.node_offsets = random_offsets(bed, rng, p.nodes);
    if (ut_below(rng, 3) == 0) p.node_count = random_ids(bed, rng, REQUESTS, -1, p.nodes + 3);
    if (ut_below(rng, 2)) p.position = (const uint32_t *)random_ids(bed, rng, REQUESTS, 0, 1000);
    if (ut_below(rng, 3)) p.tokens = random_ids(bed, rng, ROWS, -1, 5);
    p.distinct = p.tokens && ut_below(rng, 2);
    int32_t *a = (int32_t *)ut_malloc(4 * ROWS), *n = (int32_t *)ut_malloc(4 * ROWS);
    int siblings = (int)ut_below(rng, 2), star = ut_below(rng, 4) == 0;
    for (int r = 0; r < ROWS; r++) {
        int32_t c = p.node_offsets ? (int32_t)ut_below(rng, p.nodes) : r % p.nodes;
        a[r] = siblings ? c + (int32_t)ut_below(rng, 4) : star ? 0 : c - 1 - (int32_t)ut_below(rng, 4);
        n[r] = c + (int32_t)ut_below(rng, 4) - 1;
    }
    if (siblings)
        p.tree.first_child = (const int32_t *)ut_upload(bed, a, 4 * ROWS),
        p.tree.next_sibling = (const int32_t *)ut_upload(bed, n, 4 * ROWS);
    else
        p.tree.parent = (const int32_t *)ut_upload(bed, a, 4 * ROWS);
    free(a), free(n);
    size_t masks = 4 * (size_t)(ROWS * p.mask_stride);
    p.parent = (int32_t *)ut_output(bed, 4 * ROWS), p.first_child = (int32_t *)ut_output(bed, 4 * ROWS);
    p.next_sibling = (int32_t *)ut_output(bed, 4 * ROWS), p.node_depth = (int32_t *)ut_output(bed, 4 * ROWS);
    p.node_position = (uint32_t *)ut_output(bed, 4 * ROWS), p.mask = (uint32_t *)ut_output(bed, masks);
    UT_OK(urn_tree_shape(bed->stream, &p));
    keep(o, bed, p.parent, 4 * ROWS), keep(o, bed, p.first_child, 4 * ROWS), keep(o, bed, p.next_sibling, 4 * ROWS);
    keep(o, bed, p.node_depth, 4 * ROWS), keep(o, bed, p.node_position, 4 * ROWS), keep(o, bed, p.mask, masks);
}

static void compact(ut_bed *bed, ut_rng *rng, bytes *o) {
    enum { MANY = 700, DEPTH = 3, CELLS = MANY * (DEPTH + 1), SPACE = CELLS + 13 };
    const int32_t *path = random_ids(bed, rng, CELLS, -1, 9), *used = random_ids(bed, rng, MANY, -2, DEPTH + 5);
    int64_t offsets[MANY + 1] = {0};
    for (int b = 0; b < MANY; b++) offsets[b + 1] = offsets[b] + ut_below(rng, 9);
    const int64_t *from = ut_below(rng, 2) ? (const int64_t *)ut_upload(bed, offsets, sizeof offsets) : NULL;
    int32_t *rows = (int32_t *)ut_output(bed, 4 * SPACE);
    int64_t *at = (int64_t *)ut_output(bed, 8 * (MANY + 1));
    UT_OK(urn_tree_compact(bed->stream, path, used, MANY, 9, DEPTH, from, rows, SPACE, at));
    keep(o, bed, rows, 4 * SPACE), keep(o, bed, at, 8 * (MANY + 1));
}

static void recycle(ut_bed *bed, ut_rng *rng, bytes *o) {
    enum { COLS = 50, K = 37 };
    int32_t matrix[COLS * K];
    for (int i = 0; i < COLS * K; i++) matrix[i] = (int32_t)ut_below(rng, COLS + 10) - 4;
    urn_recycle r = {(int32_t *)ut_inout(bed, matrix, sizeof matrix, 0), COLS, K, 0, NULL, NULL};
    r.nodes = 1 + (int32_t)ut_below(rng, NODES);
    int32_t parent[NODES];
    for (int i = 0; i < NODES; i++)
        parent[i] = i - 1 - (int32_t)ut_below(rng, ut_below(rng, 9) ? i < 6 ? i + 1 : 6 : 9);
    r.parent = (const int32_t *)ut_upload(bed, parent, sizeof parent);
    r.rank = random_ids(bed, rng, NODES, -1, ut_below(rng, 2) ? 6 : K + 3);
    const int32_t *root = random_ids(bed, rng, REQUESTS, -1, COLS + 2);
    size_t drafted = 4 * (size_t)(REQUESTS * r.nodes);
    int32_t *tokens = (int32_t *)ut_output(bed, drafted);
    UT_OK(urn_recycle_draft(bed->stream, &r, root, REQUESTS, tokens));
    keep(o, bed, tokens, drafted);
    UT_OK(urn_stream_reserve(bed->stream, 4 * COLS));
    UT_OK(urn_recycle_update(bed->stream, &r, random_ids(bed, rng, 300, -2, COLS + 6),
                             random_ids(bed, rng, 300 * K, 0, COLS), 300));
    keep(o, bed, r.matrix, sizeof matrix);
}

static void invert(ut_bed *bed, ut_rng *rng, bytes *o) {
    enum { COLS = 900 };
    int64_t n = ut_below(rng, 400);
    int32_t map[400];
    int wrong = (int)ut_below(rng, 3);
    for (int64_t j = 0; j < n; j++) map[j] = (int32_t)((j * 7 + 3) % COLS);
    if (wrong && n) map[ut_below(rng, n)] = wrong == 1 ? COLS : map[0];
    int32_t *draft_of = (int32_t *)ut_output(bed, 4 * COLS), *status = (int32_t *)ut_output(bed, 4);
    if (n == 0) n = 1, map[0] = -1;
    UT_OK(
        urn_draft_invert(bed->stream, (const int32_t *)ut_upload(bed, map, 4 * (size_t)n), n, COLS, draft_of, status));
    keep(o, bed, draft_of, 4 * COLS), keep(o, bed, status, 4);
}

/* property  every output of the calls around trees is the same bytes, whatever the numbers, in every lane order */
START_TEST(trees_agree) {
    static void (*const runs[])(ut_bed *, ut_rng *, bytes *) = {shape, compact, recycle, invert};
    urn_ctx_params ctx = URN_CTX_PARAMS_INIT;
    ctx.backend = URN_BACKEND_SIMT, ctx.threads = 2, ctx.lane_order = _i / 4;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = ut_open_with(&ctx);
    for (int n = 0; n < ut_loops(40); n++) {
        uint64_t seed = (uint64_t)(1000 * _i + n);
        ut_rng one = ut_rng_make(seed), two = ut_rng_make(seed);
        bytes a = {NULL, 0}, b = {NULL, 0};
        ut_note("call %d seed %d", _i % 4, (int)seed);
        runs[_i % 4](cpu, &one, &a);
        runs[_i % 4](simt, &two, &b);
        UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
        UT_ASSERT(a.size == b.size, "%zu bytes and %zu", a.size, b.size);
        UT_SAME_BITS(a.at, b.at, a.size, "outputs");
        free(a.at), free(b.at);
        ut_clear(cpu), ut_clear(simt);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

Suite *parity_verify_trees_suite(void);
Suite *parity_verify_trees_suite(void) {
    Suite *suite = suite_create("parity_verify_trees");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, trees_agree, 0, 12);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_verify_trees_suite(void);
Suite *parity_verify_trees_suite(void) { return suite_create("parity_verify_trees (no simt backend)"); }

#endif
