/* prop_genealogy.c - the pruned tree of paths against the whole history, and its refusals. */
#include "tests/urn_test.h"

enum { ITEMS = 37, STEPS = 60, ROWS = 2 };

typedef struct {
    urn_genealogy_params p;
    int32_t *status, *path;
    int64_t *path_states;
} tree;

static tree open_tree(ut_bed *bed, int64_t nodes) {
    tree t = {.p = URN_GENEALOGY_PARAMS_INIT};
    UT_OK(urn_stream_reserve(bed->stream, urn_genealogy_workspace(ROWS, ITEMS, nodes)));
    t.p.rows = ROWS, t.p.items = ITEMS, t.p.nodes = nodes, t.p.particle_bytes = 8;
    t.p.parent = ut_output(bed, (size_t)(ROWS * nodes) * 4);
    t.p.count = ut_output(bed, (size_t)(ROWS * nodes) * 4);
    t.p.leaf = ut_output(bed, ROWS * ITEMS * 4);
    t.p.states = ut_output(bed, (size_t)(ROWS * nodes) * 8);
    t.status = t.p.status = ut_output(bed, ROWS * 4);
    t.p.paths = ITEMS, t.p.length = STEPS + 3;
    t.path = t.p.path = ut_output(bed, (size_t)(ROWS * ITEMS * t.p.length) * 4);
    t.path_states = t.p.path_states = ut_output(bed, (size_t)(ROWS * ITEMS * t.p.length) * 8);
    return t;
}

/* A step's ancestors: now and then all of few, now and then the identity. */
static void ancestors_of(ut_rng *rng, int32_t *a) {
    int64_t few = ut_below(rng, 3) ? ITEMS : 1 + ut_below(rng, 4);
    for (int m = 0; m < ROWS * ITEMS; m++) a[m] = few == ITEMS && m % 3 ? m % ITEMS : (int32_t)ut_below(rng, few);
}

/* property  after any number of steps, each particle's path is that of the history in full */
START_TEST(paths_are_those_of_the_whole_history) {
    static int32_t history[STEPS][ROWS * ITEMS], path[ROWS * ITEMS * (STEPS + 3)], status[ROWS];
    static int64_t particles[ROWS * ITEMS], states[ROWS * ITEMS * (STEPS + 3)];
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_rng rng = ut_rng_make(77);
        tree t = open_tree(bed, urn_genealogy_nodes(ITEMS, STEPS));
        int steps = ut_quick() ? 25 : STEPS;
        ut_note("backend %s", urn_backend_name(kind));
        for (int s = 0; s < steps; s++) {
            ancestors_of(&rng, history[s]);
            for (int m = 0; m < ROWS * ITEMS; m++) particles[m] = s * 1000000 + m;
            t.p.particles = ut_upload(bed, particles, sizeof particles);
            t.p.ancestors = s ? ut_upload(bed, history[s], sizeof history[s]) : NULL;
            urn_status code = urn_genealogy_step(bed->stream, &t.p);
            if (code == URN_E_BACKEND) goto absent;
            UT_OK(code);
            ut_download(bed, t.status, status, sizeof status);
            UT_ASSERT(!status[0] && !status[1], "step %d: status %d %d", s, status[0], status[1]);
        }
        UT_OK(urn_genealogy_trace(bed->stream, &t.p));
        ut_download(bed, t.path, path, sizeof path);
        ut_download(bed, t.path_states, states, sizeof states);
        for (int row = 0; row < ROWS; row++)
            for (int k = 0; k < ITEMS; k++) {
                int m = row * ITEMS + k, at = m * (STEPS + 3);
                for (int place = STEPS + 2, s = steps - 1; place >= 0; place--, s--) {
                    if (s < 0) {
                        UT_ASSERT(path[at + place] == -1, "particle %d before its first ancestor", m);
                        continue;
                    }
                    UT_ASSERT(states[at + place] == s * 1000000 + m, "particle %d at step %d: %lld, wanted %d", k, s,
                              (long long)states[at + place], s * 1000000 + m);
                    m = row * ITEMS + history[s][m];
                }
            }
    absent:
        ut_close(bed);
    }
}
END_TEST

/* property  a tree that is full, a bad ancestor and a tree that was never begun empty their row and say so */
START_TEST(bad_trees_say_so) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        tree t = open_tree(bed, ITEMS + 5);
        int32_t identity[ROWS * ITEMS], bad[ROWS * ITEMS], status[ROWS], leaf[ROWS * ITEMS];
        int64_t particles[ROWS * ITEMS] = {0};
        ut_note("backend %s", urn_backend_name(kind));
        for (int m = 0; m < ROWS * ITEMS; m++) bad[m] = identity[m] = m % ITEMS;
        bad[5] = ITEMS;
        for (int k = 0; k < ITEMS; k++) bad[ITEMS + k] = 0; /* one survivor: its tree fits */
        t.p.particles = ut_upload(bed, particles, sizeof particles);
        urn_status code = urn_genealogy_step(bed->stream, &t.p);
        if (code == URN_OK) {
            t.p.ancestors = ut_upload(bed, bad, sizeof bad);
            UT_OK(urn_genealogy_step(bed->stream, &t.p));
            ut_download(bed, t.status, status, sizeof status);
            UT_ASSERT(status[0] == URN_ROW_INDEX && status[1] == 0, "%d %d", status[0], status[1]);
            t.p.ancestors = ut_upload(bed, identity, sizeof identity);
            UT_OK(urn_genealogy_step(bed->stream, &t.p));
            ut_download(bed, t.status, status, sizeof status);
            UT_ASSERT(status[0] == URN_ROW_EMPTY && status[1] == URN_ROW_STATE, "%d %d", status[0], status[1]);
            ut_download(bed, t.p.leaf, leaf, sizeof leaf);
            for (int m = 0; m < ROWS * ITEMS; m++) UT_ASSERT(leaf[m] == -1, "leaf %d is %d", m, leaf[m]);
            UT_OK(urn_genealogy_trace(bed->stream, &t.p));
            ut_download(bed, t.status, status, sizeof status);
            UT_ASSERT(status[0] == URN_ROW_EMPTY && status[1] == URN_ROW_EMPTY, "%d %d", status[0], status[1]);
            t.p.ancestors = NULL;
            UT_OK(urn_genealogy_step(bed->stream, &t.p));
            ut_download(bed, t.status, status, sizeof status);
            UT_ASSERT(!status[0] && !status[1], "begun anew: %d %d", status[0], status[1]);
        } else {
            UT_ASSERT(code == URN_E_BACKEND, "%d", code);
        }
#define REFUSES(call, change, wanted)                                                                                  \
    do {                                                                                                               \
        urn_genealogy_params p = t.p;                                                                                  \
        change;                                                                                                        \
        UT_IS(call(bed->stream, &p), wanted);                                                                          \
    } while (0)
        UT_IS(urn_genealogy_step(NULL, &t.p), URN_E_NULL);
        UT_IS(urn_genealogy_trace(bed->stream, NULL), URN_E_NULL);
        REFUSES(urn_genealogy_step, p.struct_size = 1, URN_E_STRUCT);
        REFUSES(urn_genealogy_step, p.count = NULL, URN_E_NULL);
        REFUSES(urn_genealogy_step, p.states = NULL, URN_E_NULL);
        REFUSES(urn_genealogy_step, p.nodes = ITEMS - 1, URN_E_SHAPE);
        REFUSES(urn_genealogy_step, p.particle_bytes = -1, URN_E_SHAPE);
        REFUSES(urn_genealogy_step, p.leaf = (int32_t *)(void *)((char *)p.leaf + 1), URN_E_VALUE);
        REFUSES(urn_genealogy_step, (p.workspace = p.states, p.workspace_bytes = 1), URN_E_WORKSPACE);
        REFUSES(urn_genealogy_trace, p.path = NULL, URN_E_NULL);
        REFUSES(urn_genealogy_trace, p.length = 0, URN_E_SHAPE);
        REFUSES(urn_genealogy_trace, p.particle_bytes = 0, URN_E_SHAPE);
        ut_close(bed);
    }
    UT_ASSERT(urn_genealogy_nodes(100, 3) == 300 && urn_genealogy_nodes(0, 1) == 0, "nodes");
    UT_ASSERT(urn_genealogy_workspace(1, 5, 4) == 0 && urn_genealogy_workspace(1, 5, 5) > 0, "workspace");
}
END_TEST

Suite *prop_genealogy_suite(void) {
    Suite *suite = suite_create("prop_genealogy");
    TCase *tc = tcase_create("tree");
    tcase_add_test(tc, paths_are_those_of_the_whole_history);
    tcase_add_test(tc, bad_trees_say_so);
    suite_add_tcase(suite, tc);
    return suite;
}
