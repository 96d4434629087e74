/* unit_topk_long.c - long rows: the same picks however they come in, the law of a small row, a sort by value, segments
 * as long rows of their own. */
#include <math.h>

#include "tests/urn_test.h"

typedef struct result {
    int64_t *ids, *keys, found, threshold;
    int32_t status;
} result;

static result make_result(int64_t k) {
    result a = {(int64_t *)ut_malloc(8 * (size_t)k), (int64_t *)ut_malloc(8 * (size_t)k), 0, 0, 0};
    return a;
}

static void free_result(result *a) { free(a->ids), free(a->keys); }

static urn_topk_long_params params_of(int64_t k) {
    urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
    p.k = k, p.seed = 11, p.label = 3;
    return p;
}

/* A state, empty. 0: the backend does not have the calls. */
static int begin(ut_bed *bed, urn_topk_long_params *p) {
    p->state_bytes = urn_topk_long_state(p->k);
    p->state = ut_output(bed, p->state_bytes);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_long_workspace(p->k, 1 << 20)));
    urn_status status = urn_topk_long_begin(bed->stream, p);
    if (status == URN_E_BACKEND) return 0;
    UT_OK(status);
    return 1;
}

static void push(ut_bed *bed, const urn_topk_long_params *p, const float *x, int64_t first, int64_t n) {
    const float *values = (const float *)ut_upload(bed, x + first, 4 * (size_t)n);
    UT_OK(urn_topk_long_push(bed->stream, p, values, URN_ITEM_F32, n, first));
}

static void finish(ut_bed *bed, const urn_topk_long_params *p, result *out) {
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    size_t bytes = 8 * (size_t)p->k;
    r.ids = (int64_t *)ut_output(bed, bytes), r.keys = (int64_t *)ut_output(bed, bytes);
    r.found = (int64_t *)ut_output(bed, 8), r.threshold = (int64_t *)ut_output(bed, 8);
    r.status = (int32_t *)ut_output(bed, 4);
    UT_OK(urn_topk_long_finish(bed->stream, p, &r));
    ut_download(bed, r.ids, out->ids, bytes), ut_download(bed, r.keys, out->keys, bytes);
    ut_download(bed, r.found, &out->found, 8), ut_download(bed, r.threshold, &out->threshold, 8);
    ut_download(bed, r.status, &out->status, 4);
}

static void same_result(const result *a, const result *b, int64_t k) {
    UT_SAME_BITS(a->ids, b->ids, k, "ids");
    UT_SAME_BITS(a->keys, b->keys, k, "keys");
    UT_ASSERT(a->found == b->found && a->threshold == b->threshold && a->status == b->status, "found %d and %d",
              (int)a->found, (int)b->found);
}

/* property  whole, in uneven chunks from the end, and in shards that are merged: the same bits, for k below and above
 *           what a selection keeps, and above the row; finish may come twice */
START_TEST(chunks_orders_and_shards_agree) {
    static const int64_t ks[] = {1, 100, 5000, 70000};
    int64_t n = 60001, k = ks[_i % 4], cuts[] = {0, 1, 256, 1000, 1001, 33333, 60001};
    float *x = (float *)ut_malloc(4 * (size_t)n);
    ut_fill(x, n, UT_NORMAL, 3.0, 5);
    ut_punch(x, n, 0.2, 6);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        result whole = make_result(k), cut = make_result(k);
        urn_topk_long_params p = params_of(k), other = params_of(k);
        p.by = other.by = _i < 4 ? URN_TOPK_GUMBEL : URN_TOPK_VALUE;
        ut_note("backend %d, k %d, by %d", (int)kind, (int)k, p.by);
        if (begin(bed, &p)) {
            push(bed, &p, x, 0, n);
            finish(bed, &p, &whole);
            finish(bed, &p, &cut);
            same_result(&whole, &cut, k);
            UT_ASSERT(whole.status == 0 && whole.found == (k < 48000 ? k : whole.found), "found %d", (int)whole.found);
            for (int64_t i = 1; i < whole.found; i++)
                UT_ASSERT(whole.keys[i - 1] > whole.keys[i] ||
                              (whole.keys[i - 1] == whole.keys[i] && whole.ids[i - 1] < whole.ids[i]),
                          "order at %d", (int)i);
            UT_ASSERT(begin(bed, &p) && begin(bed, &other), "begin");
            for (int c = 5; c >= 0; c--) push(bed, c % 2 ? &p : &other, x, cuts[c], cuts[c + 1] - cuts[c]);
            UT_OK(urn_topk_long_merge(bed->stream, &p, other.state));
            finish(bed, &p, &cut);
            same_result(&whole, &cut, k);
        }
        free_result(&whole), free_result(&cut);
        ut_close(bed);
    }
    free(x);
}
END_TEST

/* check     w = (4, 2, 1, 1), k = 2: inclusion .8095 .5714 .3095 .3095, over positions of one seed
 * null      binomial counts; |z| <= 5.5 in each of 4 cells: false alarms below 1e-6
 * sees      odds of a temperature 2 % off */
START_TEST(pairs_have_the_law_of_successive_draws) {
    static const float x[4] = {1.3862943611f, 0.6931471806f, 0.0f, 0.0f};
    static const double inclusion[4] = {.80952381, .57142857, .30952381, .30952381};
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    int64_t ids[2], rows = 40000, found;
    double in[4] = {0};
    urn_topk_long_params p = params_of(2);
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    r.ids = ids, r.found = &found;
    UT_ASSERT(begin(bed, &p), "no long rows on cpu");
    for (int64_t i = 0; i < rows; i++) {
        p.position = (uint32_t)i;
        UT_OK(urn_topk_long_begin(bed->stream, &p));
        UT_OK(urn_topk_long_push(bed->stream, &p, x, URN_ITEM_F32, 4, INT64_C(0xffffffffe) + i % 2));
        UT_OK(urn_topk_long_finish(bed->stream, &p, &r));
        for (int j = 0; j < 2; j++) in[ids[j] - INT64_C(0xffffffffe) - i % 2] += 1;
    }
    for (int a = 0; a < 4; a++) {
        double z = (in[a] - (double)rows * inclusion[a]) / sqrt((double)rows * inclusion[a] * (1 - inclusion[a]));
        UT_ASSERT(fabs(z) < 5.5, "inclusion of %d: z %g", a, z);
    }
    ut_close(bed);
}
END_TEST

/* property  f64 items with the values of f32 items, and no values for zeros, give the same keys */
START_TEST(types_agree) {
    enum { N = 3000, K = 50 };
    float x[N];
    double wide[N];
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    result a = make_result(K), b = make_result(K);
    ut_fill(x, N, UT_NORMAL, 2.0, 8);
    for (int equal = 0; equal < 2; equal++) {
        for (int i = 0; i < N; i++) wide[i] = x[i] = equal ? 0.0f : x[i];
        urn_topk_long_params p = params_of(K), q = params_of(K);
        p.temperature = q.temperature = 0.7f;
        UT_ASSERT(begin(bed, &p) && begin(bed, &q), "begin");
        push(bed, &p, x, 0, N);
        UT_OK(urn_topk_long_push(bed->stream, &q, equal ? NULL : wide, URN_ITEM_F64, N, 0));
        finish(bed, &p, &a), finish(bed, &q, &b);
        same_result(&a, &b, K);
    }
    free_result(&a), free_result(&b);
    ut_close(bed);
}
END_TEST

/* property  NaN, +inf, nothing possible, a state that is none: no pick, and the status says why */
START_TEST(bad_rows_pick_nothing) {
    static const float rows[][4] = {{1, NAN, 2, 3}, {1, INFINITY, 2, 3}, {-INFINITY, -INFINITY, -INFINITY, -INFINITY}};
    static const int wanted[] = {URN_ROW_NAN, URN_ROW_INF, URN_ROW_EMPTY, URN_ROW_PARAM};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        result a = make_result(3);
        for (int by = URN_TOPK_VALUE; by <= URN_TOPK_GUMBEL; by++) {
            urn_topk_long_params p = params_of(3), none = params_of(3);
            p.by = none.by = by;
            if (!begin(bed, &p) || !begin(bed, &none)) break;
            ut_note("backend %d, by %d, case %d", (int)kind, by, _i);
            if (_i < 3) {
                push(bed, &p, rows[_i], 0, 4);
            } else {
                push(bed, &p, rows[0], 2, 2);
                none.state = ut_output(bed, none.state_bytes); /* never begun */
                UT_OK(urn_topk_long_merge(bed->stream, &p, none.state));
            }
            finish(bed, &p, &a);
            UT_ASSERT(a.status == wanted[_i] && a.found == 0 && a.threshold == INT64_MIN, "status %d", a.status);
            for (int i = 0; i < 3; i++) UT_ASSERT(a.ids[i] == -1 && a.keys[i] == INT64_MIN, "pick %d", i);
        }
        free_result(&a);
        ut_close(bed);
    }
}
END_TEST

/* property  a segment is the long row of its items under its label, whatever lies beside it; ragged k, temperatures,
 *           empty segments, bad k */
START_TEST(segments_are_long_rows) {
    enum { SEGMENTS = 6, ITEMS = 9000, ROOM = 700 };
    static const int64_t offsets[SEGMENTS + 1] = {0, 1, 1, 300, 4000, 8999, 9000};
    static const int64_t places[SEGMENTS + 1] = {0, 3, 5, 100, 800, 810, 820}, ks[SEGMENTS] = {3, 1, 90, 700, 11, 0};
    static const float temperature[SEGMENTS] = {1, 1, 0.5f, 2, 1, 1};
    float *x = (float *)ut_malloc(4 * ITEMS);
    int64_t *ids = (int64_t *)ut_malloc(8 * 820), *keys = (int64_t *)ut_malloc(8 * 820), found[SEGMENTS];
    int32_t status[SEGMENTS];
    ut_fill(x, ITEMS, UT_NORMAL, 2.0, 12);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_topk_segments_params s = URN_TOPK_SEGMENTS_PARAMS_INIT;
        result one = make_result(ROOM);
        ut_note("backend %d", (int)kind);
        s.by = _i ? URN_TOPK_VALUE : URN_TOPK_GUMBEL, s.flags = URN_TOPK_LOCAL;
        s.values = ut_upload(bed, x, 4 * ITEMS), s.size = ITEMS, s.segments = SEGMENTS, s.longest = 5000, s.k = ROOM;
        s.offsets = (const int64_t *)ut_upload(bed, offsets, sizeof offsets);
        s.out_offsets = (const int64_t *)ut_upload(bed, places, sizeof places), s.out_size = 820;
        s.k_of_segment = (const int64_t *)ut_upload(bed, ks, sizeof ks);
        s.temperature = (const float *)ut_upload(bed, temperature, sizeof temperature), s.seed_value = 11;
        s.ids = (int64_t *)ut_output(bed, 8 * 820), s.keys = (int64_t *)ut_output(bed, 8 * 820);
        s.found = (int64_t *)ut_output(bed, sizeof found), s.status = (int32_t *)ut_output(bed, sizeof status);
        size_t bytes = urn_topk_segments_workspace(SEGMENTS, s.longest, ROOM, 820);
        UT_OK(urn_stream_reserve(bed->stream, bytes));
        urn_status there = urn_topk_segments(bed->stream, &s);
        if (there != URN_E_BACKEND) {
            UT_OK(there);
            ut_download(bed, s.ids, ids, 8 * 820), ut_download(bed, s.keys, keys, 8 * 820);
            ut_download(bed, s.found, found, sizeof found), ut_download(bed, s.status, status, sizeof status);
            for (int g = 0; g < SEGMENTS; g++) {
                int64_t n = offsets[g + 1] - offsets[g], room = places[g + 1] - places[g];
                int wanted = ks[g] > room ? URN_ROW_PARAM : n ? 0 : URN_ROW_EMPTY;
                UT_ASSERT(status[g] == wanted, "status of %d is %d, wanted %d", g, status[g], wanted);
                urn_topk_long_params p = params_of(ks[g] && ks[g] <= room ? ks[g] : 1);
                p.by = s.by, p.label = (uint64_t)g, p.temperature = temperature[g];
                UT_ASSERT(begin(bed, &p), "begin");
                if (n) push(bed, &p, x + offsets[g], 0, n);
                finish(bed, &p, &one);
                if (wanted || !ks[g]) one.found = 0;
                UT_ASSERT(found[g] == one.found, "found of %d is %d", g, (int)found[g]);
                UT_SAME_BITS(ids + places[g], one.ids, one.found, "ids");
                UT_SAME_BITS(keys + places[g], one.keys, one.found, "keys");
                for (int64_t i = one.found; i < room; i++) UT_ASSERT(ids[places[g] + i] == -1, "rest of %d", g);
            }
        }
        free_result(&one);
        ut_close(bed);
    }
    free(x), free(ids), free(keys);
}
END_TEST

Suite *unit_topk_long_suite(void) {
    Suite *suite = suite_create("unit_topk_long");
    TCase *tests = tcase_create("topk_long");
    tcase_add_loop_test(tests, chunks_orders_and_shards_agree, 0, 8);
    tcase_add_test(tests, pairs_have_the_law_of_successive_draws);
    tcase_add_test(tests, types_agree);
    tcase_add_loop_test(tests, bad_rows_pick_nothing, 0, 4);
    tcase_add_loop_test(tests, segments_are_long_rows, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
