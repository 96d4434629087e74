/* unit_verify_trees.c - the acceptance bound, shapes of trees, accepted rows, recycling, and what the calls refuse. */
#include <math.h>

#include "tests/urn_test.h"

static const float p4[4] = {0.4f, 0.1f, 0.3f, 0.2f}, q4[4] = {0.1f, 0.4f, 0.25f, 0.25f};

/* property  the bound is the optimal transport's value */
START_TEST(bound_has_the_known_values) {
    static const struct {
        int32_t drafts, replacement;
        double bound;
    } known[] = {{1, 1, 0.65}, {1, 0, 0.65}, {2, 1, 0.79}, {3, 1, 0.871}, {2, 0, 0.83333333}};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_bound_params p = URN_VERIFY_BOUND_PARAMS_INIT;
    float bound, overlap;
    int32_t status;
    target.logits = urn_matrix_dense(p4, URN_F32, 1, 4, 0);
    draft.logits = urn_matrix_dense(q4, URN_F32, 1, 4, 0);
    p.target = &target, p.draft = &draft;
    p.target_rows = p.draft_rows = URN_ROWS_PROBS;
    p.bound = &bound, p.overlap = &overlap, p.status = &status;
    UT_OK(urn_stream_reserve(bed->stream, urn_verify_bound_workspace(&p)));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        p.drafts = known[i].drafts, p.replacement = known[i].replacement;
        UT_OK(urn_verify_bound(bed->stream, &p));
        UT_ASSERT(status == 0 && fabs((double)bound - known[i].bound) < 1e-6, "case %d: %.8f", (int)i, (double)bound);
        UT_ASSERT(fabs((double)overlap - 0.65) < 1e-6, "overlap %.8f", (double)overlap);
    }
    ut_close(bed);
}
END_TEST

/* property  trees for the rates of drawing without replacement, whatever their depth and two levels deep */
START_TEST(plans_have_the_known_lengths) {
    static const float rates[] = {0.65f, 0.10666667f, 0.06870748f};
    static const struct {
        int32_t nodes, depth;
        double expected;
    } known[] = {{2, 1, 1.65},     {3, 2, 2.0725},   {4, 3, 2.347125}, {6, 4, 2.632298},
                 {8, 4, 2.770965}, {3, 1, 1.756667}, {4, 1, 1.825374}};
    int32_t parent[8];
    double expected;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        UT_OK(urn_tree_plan(rates, 3, known[i].nodes, known[i].depth, parent, &expected));
        UT_ASSERT(fabs(expected - known[i].expected) < 1e-5, "case %d: %.7f", (int)i, expected);
        for (int32_t n = 1; n < known[i].nodes; n++) UT_ASSERT(parent[n] >= 0 && parent[n] < n, "parent of %d", n);
    }
    UT_OK(urn_tree_plan(rates, 1, 4, 1, parent, &expected));
    UT_ASSERT(parent[1] == 0 && parent[2] == -1 && parent[3] == -1, "no room for more than one child");
}
END_TEST

/* property  both forms of a tree give one shape; masks are the nodes above; what is not there has none */
START_TEST(shapes_agree) {
    enum { N = 7 };
    const int32_t parent[N] = {5, 0, 0, 1, 1, 2, 9}, first[N] = {1, 3, 5, -1, -1, -1, -1},
                  next[N] = {-1, 2, -1, 4, -1, -1, -1}, token[N] = {0, 4, 5, 6, 6, 7, 8};
    const int32_t depths[N] = {0, 1, 1, 2, -1, 2, -1};
    const uint32_t masks[N] = {1, 3, 5, 11, 0, 37, 0};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    int32_t out[2][4][N];
    uint32_t position[N], mask[N];
    for (int form = 0; form < 2; form++) {
        urn_tree_shape_params p = URN_TREE_SHAPE_PARAMS_INIT;
        p.nodes = N, p.requests = 1, p.rows = N, p.depth = 2, p.distinct = 1;
        if (form)
            p.tree.first_child = first, p.tree.next_sibling = next;
        else
            p.tree.parent = parent;
        p.tokens = token, p.position_value = 100;
        p.parent = out[form][0], p.first_child = out[form][1], p.next_sibling = out[form][2];
        p.node_depth = out[form][3], p.node_position = position, p.mask = mask, p.mask_stride = 1;
        UT_OK(urn_tree_shape(bed->stream, &p));
        UT_SAME_BITS(out[form][3], depths, N, "depths");
        UT_SAME_BITS(mask, masks, N, "masks");
        UT_ASSERT(position[3] == 102 && position[4] == 100, "positions");
    }
    UT_SAME_BITS(out[0][0], out[1][0], 4 * N, "the two forms");
    UT_ASSERT(out[0][0][5] == 2 && out[0][1][0] == 1 && out[0][2][1] == 2 && out[0][0][0] == -1, "links");

    const int32_t path[2 * 3] = {0, 2, 5, 0, -1, -1}, used[2] = {2, 5};
    int32_t rows[8];
    int64_t offsets[3];
    UT_OK(urn_tree_compact(bed->stream, path, used, 2, N, 2, NULL, rows, 8, offsets));
    const int32_t wanted[8] = {0, 2, 7, -1, -1, -1, -1, -1};
    const int64_t ends[3] = {0, 2, 3};
    UT_SAME_BITS(rows, wanted, 8, "rows");
    UT_SAME_BITS(offsets, ends, 3, "offsets");
    ut_close(bed);
}
END_TEST

/* property  what the target said last is drafted next; the last of equal tokens counts; equal siblings are left out */
START_TEST(recycling_keeps_the_last_word) {
    enum { COLS = 6, K = 3, N = 5 };
    const int32_t parent[N] = {-1, 0, 0, 1, 1}, rank[N] = {0, 0, 1, 0, 2}, root[2] = {2, 5};
    const int32_t tokens[4] = {2, 3, 2, 7}, top[4 * K] = {1, 1, 1, 5, 4, 0, 3, 1, 0, 9, 9, 9};
    int32_t matrix[COLS * K] = {0}, out[2 * N];
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    const urn_recycle recycle = {matrix, COLS, K, N, parent, rank};
    UT_OK(urn_stream_reserve(bed->stream, 256));
    UT_OK(urn_recycle_update(bed->stream, &recycle, tokens, top, 4));
    UT_ASSERT(matrix[2 * K] == 3 && matrix[3 * K + 2] == 0 && matrix[5 * K] == 0, "rows of the matrix");
    UT_OK(urn_recycle_draft(bed->stream, &recycle, root, 2, out));
    const int32_t wanted[2 * N] = {2, 3, 1, 5, 0, 5, 0, -1, 0, -1};
    UT_SAME_BITS(out, wanted, 2 * N, "drafts");

    const int32_t good[3] = {4, 0, 2}, outside[3] = {4, 6, 2}, twice[3] = {4, 4, 2};
    int32_t draft_of[COLS], status;
    const int32_t inverse[COLS] = {1, -1, 2, -1, 0, -1};
    UT_OK(urn_draft_invert(bed->stream, good, 3, COLS, draft_of, &status));
    UT_SAME_BITS(draft_of, inverse, COLS, "inverse");
    UT_ASSERT(status == 0, "status %d", status);
    UT_OK(urn_draft_invert(bed->stream, outside, 3, COLS, draft_of, &status));
    UT_ASSERT(status == URN_ROW_INDEX, "status %d", status);
    UT_OK(urn_draft_invert(bed->stream, twice, 3, COLS, draft_of, &status));
    UT_ASSERT(status == URN_ROW_PARAM && draft_of[4] == 0, "status %d", status);
    ut_close(bed);
}
END_TEST

typedef struct arguments {
    urn_sample_params target, draft;
    urn_verify_params params;
    urn_draft_tree tree;
} arguments;

static void break_0(arguments *a) { a->params.struct_size = 8; }
static void break_1(arguments *a) { a->params.target = NULL; }
static void break_2(arguments *a) { a->params.ids = NULL; }
static void break_3(arguments *a) { a->params.drafts = NULL; }
static void break_4(arguments *a) { a->params.verifier = 11; }
static void break_5(arguments *a) { a->params.nodes = URN_VERIFY_MAX_NODES + 1; }
static void break_6(arguments *a) { a->params.depth = 3; }
static void break_7(arguments *a) { a->params.requests = 3; }
static void break_8(arguments *a) { a->params.stops = 1; }
static void break_9(arguments *a) { a->params.threshold = NAN; }
static void break_10(arguments *a) { a->params.alpha = INFINITY; }
static void break_11(arguments *a) { a->params.target_rows = 2; }
static void break_12(arguments *a) { a->draft.logits.cols = 3; }
static void break_13(arguments *a) { a->target.logits.dtype = 9; }
static void break_14(arguments *a) { a->target.slots = 1; }
static void break_15(arguments *a) { a->target.ids = a->params.ids; }
static void break_16(arguments *a) { a->params.status = (int32_t *)(void *)((char *)a->params.ids + 1); }
static void break_17(arguments *a) { a->tree.parent = NULL; }
static void break_18(arguments *a) { a->tree.first_child = a->tree.parent; }
static void break_19(arguments *a) { a->params.workspace = a->params.ids, a->params.workspace_bytes = 0; }
static void break_20(arguments *a) { a->params.rate = -0.5f; }
static void break_21(arguments *a) { a->target.method = 5; }

static const struct {
    void (*with)(arguments *a);
    urn_status wanted;
} broken[] = {{break_0, URN_E_STRUCT}, {break_1, URN_E_NULL},   {break_2, URN_E_NULL},   {break_3, URN_E_NULL},
              {break_4, URN_E_VALUE},  {break_5, URN_E_SHAPE},  {break_6, URN_E_SHAPE},  {break_7, URN_E_SHAPE},
              {break_8, URN_E_NULL},   {break_9, URN_E_VALUE},  {break_10, URN_E_VALUE}, {break_11, URN_E_VALUE},
              {break_12, URN_E_SHAPE}, {break_13, URN_E_DTYPE}, {break_14, URN_E_SHAPE}, {break_15, URN_E_VALUE},
              {break_16, URN_E_VALUE}, {break_17, URN_E_NULL},  {break_18, URN_E_VALUE}, {break_19, URN_E_WORKSPACE},
              {break_20, URN_E_VALUE}, {break_21, URN_E_VALUE}};

/* property  each wrong argument has its status, and its text names the call */
START_TEST(wrong_arguments_are_refused) {
    static int32_t ids[2 * 3] __attribute__((aligned(256)));
    static float logits[2 * 3 * 4];
    const int32_t parent[2 * 3] = {0, 0, 0, 0, 0, 0}, tokens[2 * 3] = {0, 1, 2, 0, 1, 2};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    const urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    const urn_verify_params start = URN_VERIFY_PARAMS_INIT;
    arguments a = {rows, rows, start, {parent, NULL, NULL}};
    a.target.logits = a.draft.logits = urn_matrix_dense(logits, URN_F32, 6, 4, 0);
    a.params.verifier = URN_VERIFY_RECURSIVE;
    a.params.requests = 2, a.params.nodes = 3, a.params.depth = 2;
    a.params.drafts = tokens, a.params.ids = ids;
    a.params.target = &a.target, a.params.draft = &a.draft;
    UT_OK(urn_stream_reserve(bed->stream, urn_verify_workspace(&a.params)));
    UT_OK(urn_verify_tree(bed->stream, &a.params, &a.tree));
    broken[_i].with(&a);
    ut_note("case %d", _i);
    UT_IS(urn_verify_tree(bed->stream, &a.params, &a.tree), broken[_i].wanted);
    UT_ASSERT(strstr(urn_last_error(), "urn_verify_tree: "), "text: %s", urn_last_error());
    UT_IS(urn_verify_tree(NULL, &a.params, &a.tree), URN_E_NULL);
    UT_IS(urn_verify_tree(bed->stream, NULL, &a.tree), URN_E_NULL);
    UT_IS(urn_verify_tree(bed->stream, &a.params, NULL), URN_E_NULL);
    ut_close(bed);
}
END_TEST

Suite *unit_verify_trees_suite(void) {
    Suite *suite = suite_create("unit_verify_trees");
    TCase *trees = tcase_create("trees");
    tcase_add_test(trees, bound_has_the_known_values);
    tcase_add_test(trees, plans_have_the_known_lengths);
    tcase_add_test(trees, shapes_agree);
    tcase_add_test(trees, recycling_keeps_the_last_word);
    tcase_add_loop_test(trees, wrong_arguments_are_refused, 0, (int)(sizeof broken / sizeof broken[0]));
    suite_add_tcase(suite, trees);
    return suite;
}
