/* unit_bits_plan.c - what is decided before a row's logits are read: place, list, parameters, statuses; and the draw at
 * the very edge of an id's interval. */
#include <math.h>

#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_row.h"
#include "tests/urn_test.h"

#define ROWS 4
#define COLS 10

typedef struct {
    float x[64];
    urn_step steps[8];
    int32_t begin[3];
    urn_lists_view lists;
    urn_sample_params params;
    urn_slots_view state;
    uint32_t state_position[ROWS];
} call;

static call *make_call(void) {
    static const urn_sample_params defaults = URN_SAMPLE_PARAMS_INIT;
    call *c = ut_malloc(sizeof *c);
    memset(c, 0, sizeof *c);
    for (int i = 0; i < 64; i++) c->x[i] = (float)i;
    c->lists.steps = c->steps;
    c->lists.begin = c->begin;
    c->lists.count = 2;
    c->params = defaults;
    c->params.logits = urn_matrix_dense(c->x, URN_F32, ROWS, COLS, COLS);
    c->params.slots = ROWS;
    c->params.seed_value = 3;
    c->params.position_value = 9;
    c->state.slots = ROWS;
    c->state.now.position = c->state_position;
    return c;
}

/* Give list 0 one more step. */
static urn_step *add(call *c, urn_step step) {
    urn_step *at = &c->steps[c->begin[1]++];
    *at = step;
    c->begin[2] = c->begin[1];
    return at;
}

static int plan(call *c, int64_t r, urnc_plan *p) {
    memset(p, 0xca, sizeof *p);
    return urnc_plan_row(&c->params, &c->lists, &c->state, r, p);
}

/* property  NaN, negative, infinite and out-of-range parameters are URN_ROW_PARAM, bounds themselves are fine, neutral
 *           values leave no act */
START_TEST(parameters_are_checked_in_their_ranges) {
    static const struct {
        int op;
        float f;
        int32_t i;
        int status, acts;
    } cases[] = {
        {URN_OP_TEMPERATURE, 0.0f, 0, URN_ROW_OK, 1},
        {URN_OP_TEMPERATURE, -0.0f, 0, URN_ROW_OK, 1},
        {URN_OP_TEMPERATURE, 1.0f, 0, URN_ROW_OK, 0},
        {URN_OP_TEMPERATURE, 3e38f, 0, URN_ROW_OK, 1},
        {URN_OP_TEMPERATURE, -1e-40f, 0, URN_ROW_PARAM, 0},
        {URN_OP_TEMPERATURE, INFINITY, 0, URN_ROW_PARAM, 0},
        {URN_OP_TEMPERATURE, NAN, 0, URN_ROW_PARAM, 0},
        {URN_OP_TOP_K, 0, 0, URN_ROW_OK, 0},
        {URN_OP_TOP_K, 0, -1, URN_ROW_OK, 0},
        {URN_OP_TOP_K, 0, -2, URN_ROW_PARAM, 0},
        {URN_OP_TOP_K, 0, INT32_MIN, URN_ROW_PARAM, 0},
        {URN_OP_TOP_K, 0, INT32_MAX, URN_ROW_OK, 1},
        {URN_OP_TOP_P, 0.0f, 0, URN_ROW_OK, 1},
        {URN_OP_TOP_P, 1.0f, 0, URN_ROW_OK, 0},
        {URN_OP_TOP_P, 0x1.000002p+0f, 0, URN_ROW_PARAM, 0},
        {URN_OP_TOP_P, -0x1p-149f, 0, URN_ROW_PARAM, 0},
        {URN_OP_TOP_P, NAN, 0, URN_ROW_PARAM, 0},
        {URN_OP_MIN_P, 0.0f, 0, URN_ROW_OK, 0},
        {URN_OP_MIN_P, -0.0f, 0, URN_ROW_OK, 0},
        {URN_OP_MIN_P, 1.0f, 0, URN_ROW_OK, 1},
        {URN_OP_MIN_P, 1.5f, 0, URN_ROW_PARAM, 0},
        {URN_OP_MIN_P, NAN, 0, URN_ROW_PARAM, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int by = URN_SCALAR; by <= URN_BY_ROW; by++) {
            call *c = make_call();
            urnc_plan p;
            float f[ROWS] = {0.5f, 0.5f, cases[k].f, 0.5f};
            int32_t i[ROWS] = {5, 5, cases[k].i, 5}, slot[ROWS] = {0, 1, 2, 2};
            urn_step *step = add(c, urn_top_k(urn_i(cases[k].i)));
            step->op = cases[k].op;
            step->param[0].by = by;
            step->param[0].f = cases[k].f;
            step->param[0].array = cases[k].op == URN_OP_TOP_K ? (const void *)i : f;
            c->params.slot = by == URN_BY_SLOT ? slot : NULL;
            ut_note("case %d, by %d", (int)k, by);
            int64_t r = by == URN_BY_SLOT ? 3 : 2;
            UT_ASSERT(plan(c, r, &p) == cases[k].status, "status %d", plan(c, r, &p));
            UT_ASSERT(cases[k].status != URN_ROW_OK || p.acts == cases[k].acts, "%d acts", p.acts);
            if (by != URN_SCALAR) UT_ASSERT(plan(c, 1, &p) == URN_ROW_OK, "a bad row disturbs another");
            free(c);
        }
}
END_TEST

/* property  PADDING goes before INDEX, INDEX before PARAM, wherever in the list the faults stand; T's overflow is PARAM
 */
START_TEST(statuses_come_in_their_order) {
    call *c = make_call();
    urnc_plan p;
    uint32_t words[2] = {0, 0};
    int32_t map[ROWS] = {0, -1, 2, -2}, slot[ROWS] = {0, -1, 4, -2}, list[ROWS] = {0, 0, 2, -1}, count = 3;
    urn_step *hot = add(c, urn_temperature(urn_f(2.0f)));
    add(c, urn_mask(words, 2, 1, map));
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_OK && p.acts == 2 && p.act[1].table == words, "row 0");
    UT_ASSERT(plan(c, 1, &p) == URN_ROW_OK && p.acts == 1, "a map of -1 is neutral");
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX && plan(c, 3, &p) == URN_ROW_INDEX, "map out of range");
    hot->param[0].f = NAN;
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_PARAM, "NaN temperature");
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX, "an index fault after a parameter fault");
    c->params.row_count = &count;
    UT_ASSERT(plan(c, 3, &p) == URN_ROW_PADDING, "past the row count");
    count = -7;
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_PADDING, "a negative row count");
    c->params.row_count = NULL;
    c->params.slot = slot;
    UT_ASSERT(plan(c, 1, &p) == URN_ROW_PADDING, "slot -1");
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX && plan(c, 3, &p) == URN_ROW_INDEX, "slot out of range");
    c->params.slot = NULL;
    hot->param[0].f = 1e30f;
    c->params.list = list;
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX && plan(c, 3, &p) == URN_ROW_INDEX, "list out of range");
    add(c, urn_temperature(urn_f(1e30f)));
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_PARAM, "T overflows");
    add(c, urn_temperature(urn_f(0.0f)));
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_PARAM, "inf * 0 is no temperature");
    free(c);
}
END_TEST

/* property  dense, strided, indexed and ragged rows start where types.h says; every way out of range is INDEX */
START_TEST(rows_are_where_views_say) {
    call *c = make_call();
    urnc_plan p;
    int32_t index[ROWS] = {3, 0, -1, 4};
    int64_t offsets[ROWS + 1] = {5, 5, 15, 26, 24}, bad[ROWS + 1] = {-1, 4, 65, 0, 0};
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_OK && p.data == c->x + 20 && p.n == COLS, "dense");
    UT_ASSERT(p.key == urnc_row_key(3, 2) && p.position == 0, "label of a dense row; position from state");
    c->params.logits.row_stride = 0;
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_OK && p.data == c->x, "stride 0");
    c->params.logits = urn_matrix_indexed(urn_matrix_dense(c->x, URN_F32, 4, COLS, 13), index, ROWS);
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_OK && p.data == c->x + 39 && p.key == urnc_row_key(3, 3), "indexed");
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX && plan(c, 3, &p) == URN_ROW_INDEX, "row index out of range");
    c->params.logits = urn_matrix_ragged(c->x, URN_F32, 64, offsets, ROWS, COLS);
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_OK && p.n == 0, "an empty ragged row is a row");
    UT_ASSERT(plan(c, 1, &p) == URN_ROW_OK && p.n == 10 && p.data == c->x + 5, "ragged");
    UT_ASSERT(plan(c, 2, &p) == URN_ROW_INDEX, "longer than cols");
    UT_ASSERT(plan(c, 3, &p) == URN_ROW_INDEX, "ends before it begins");
    c->params.logits.offsets = bad;
    UT_ASSERT(plan(c, 0, &p) == URN_ROW_INDEX, "begins before the data");
    UT_ASSERT(plan(c, 1, &p) == URN_ROW_INDEX, "ends after the data");
    free(c);
}
END_TEST

/* property  S_{i-1} <= r < S_i draws i, at both ends of every interval; what weighs nothing is never drawn */
START_TEST(the_draw_is_right_at_every_edge) {
    enum { n = URNC_GROUP * 2 + 40 };
    static float x[n];
    uint64_t weight[URNC_GROUP], S = 0;
    void *scratch = ut_malloc(urnc_row_bytes(n));
    urnc_row row;
    urnc_plan p;
    memset(&p, 0, sizeof p);
    ut_fill(x, n, UT_NORMAL, 3.0, 8);
    for (int i = 0; i < n; i += 7) x[i] = i % 2 ? -INFINITY : -100.0f; /* of weight 0 */
    p.data = x;
    p.n = n;
    urnc_row_begin(&row, &p, URN_F32, scratch, 1);
    UT_ASSERT(urnc_row_run(&row, &p) == URN_ROW_OK, "run");
    urnc_epoch_weigh(&row);
    urnc_draw_begin(&row);
    for (int64_t i = 0; i < n; i++) {
        if (i % URNC_GROUP == 0) row.loops->weights(&row.kept, row.scale, i / URNC_GROUP, weight);
        uint64_t w = weight[i % URNC_GROUP];
        if (i % 7 == 0) UT_ASSERT(w == 0, "id %d weighs something", (int)i);
        if (w == 0) continue;
        UT_ASSERT(urnc_draw_at(&row, S) == i, "first r of id %d draws %d", (int)i, (int)urnc_draw_at(&row, S));
        S += w;
        UT_ASSERT(urnc_draw_at(&row, S - 1) == i, "last r of id %d draws %d", (int)i, (int)urnc_draw_at(&row, S - 1));
    }
    UT_ASSERT(S == row.Z, "the intervals do not fill [0, Z)");
    free(scratch);
}
END_TEST

Suite *unit_bits_plan_suite(void);
Suite *unit_bits_plan_suite(void) {
    Suite *suite = suite_create("unit_bits_plan");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_add_test(cpu, parameters_are_checked_in_their_ranges);
    tcase_add_test(cpu, statuses_come_in_their_order);
    tcase_add_test(cpu, rows_are_where_views_say);
    tcase_add_test(cpu, the_draw_is_right_at_every_edge);
    suite_add_tcase(suite, cpu);
    return suite;
}
