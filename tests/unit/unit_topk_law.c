/* unit_topk_law.c - urn_topk: laws of small cases against enumeration, picks against urn_sample one at a time, and
 * tables of plain top-k. */
#include <math.h>

#include "tests/urn_test.h"

/* What a call gives, on the host; NULL members are not asked for. */
typedef struct picks {
    int32_t *ids, *found, *status;
    float *values, *logprob, *logmass, *inclusion, *ordered, *set;
    int64_t *keys, *threshold;
} picks;

static picks make_picks(int64_t rows, int64_t k, int law) {
    size_t each = 4 * (size_t)rows, all = each * (size_t)k;
    picks a = {0};
    a.ids = (int32_t *)ut_malloc(all), a.found = (int32_t *)ut_malloc(each), a.status = (int32_t *)ut_malloc(each);
    a.values = (float *)ut_malloc(all), a.keys = (int64_t *)ut_malloc(2 * all);
    if (law) {
        a.logprob = (float *)ut_malloc(all), a.logmass = (float *)ut_malloc(all);
        a.inclusion = (float *)ut_malloc(all), a.ordered = (float *)ut_malloc(each);
        a.set = (float *)ut_malloc(each), a.threshold = (int64_t *)ut_malloc(2 * each);
    }
    return a;
}

static void free_picks(picks *a) {
    free(a->ids), free(a->found), free(a->status), free(a->values), free(a->keys), free(a->logprob), free(a->logmass);
    free(a->inclusion), free(a->ordered), free(a->set), free(a->threshold);
}

static void *output_of(ut_bed *bed, const void *wanted, size_t bytes) { return wanted ? ut_output(bed, bytes) : NULL; }

static void fetch(ut_bed *bed, const void *device, void *host, size_t bytes) {
    if (host) ut_download(bed, device, host, bytes);
}

/* rows: logits in host memory. 0 where the backend does not have the call. */
static int run_topk(ut_bed *bed, urn_topk_params p, urn_sample_params rows, const float *x, picks *out) {
    int64_t n = rows.logits.rows, k = p.k;
    size_t each = 4 * (size_t)n, all = each * (size_t)k;
    rows.logits.data =
        ut_upload(bed, x, 4 * (size_t)(rows.logits.row_stride ? n * rows.logits.row_stride : rows.logits.cols));
    p.rows = &rows;
    p.ids = (int32_t *)output_of(bed, out->ids, all), p.found = (int32_t *)output_of(bed, out->found, each);
    p.status = (int32_t *)output_of(bed, out->status, each), p.values = (float *)output_of(bed, out->values, all);
    p.keys = (int64_t *)output_of(bed, out->keys, 2 * all), p.logprob = (float *)output_of(bed, out->logprob, all);
    p.logmass = (float *)output_of(bed, out->logmass, all), p.set_logprob = (float *)output_of(bed, out->set, each);
    p.inclusion_logprob = (float *)output_of(bed, out->inclusion, all);
    p.ordered_logprob = (float *)output_of(bed, out->ordered, each);
    p.threshold = (int64_t *)output_of(bed, out->threshold, 2 * each);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(rows.sampler, n, rows.logits.cols, p.k)));
    urn_status status = urn_topk(bed->stream, &p);
    if (status == URN_E_BACKEND) return 0;
    UT_OK(status);
    fetch(bed, p.ids, out->ids, all), fetch(bed, p.found, out->found, each), fetch(bed, p.status, out->status, each);
    fetch(bed, p.values, out->values, all), fetch(bed, p.keys, out->keys, 2 * all);
    fetch(bed, p.logprob, out->logprob, all), fetch(bed, p.logmass, out->logmass, all);
    fetch(bed, p.inclusion_logprob, out->inclusion, all), fetch(bed, p.ordered_logprob, out->ordered, each);
    fetch(bed, p.set_logprob, out->set, each), fetch(bed, p.threshold, out->threshold, 2 * each);
    return 1;
}

/* One row for all. */
static urn_sample_params same_row(int64_t rows, int64_t cols) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(NULL, URN_F32, rows, cols, 0);
    p.logits.row_stride = 0;
    p.seed_value = 20;
    return p;
}

static int close_to(double a, double b, double within) { return fabs(a - b) <= within; }

/* check     w = (4, 2, 1, 1), k = 2: inclusion .8095 .5714 .3095 .3095, first pick .5 .25 .125 .125; and each ordered
 * pair w_a / 8 * w_b / (8 - w_a) null      binomial counts; |z| <= 5.5 in each of 22 cells: false alarms below 1e-6
 * sees      a second pick drawn from all of the law (with replacement, doubles dropped) */
START_TEST(pairs_have_the_law_of_successive_draws) {
    static const float x[4] = {1.3862943611f, 0.6931471806f, 0.0f, 0.0f};
    static const double w[4] = {4, 2, 1, 1}, inclusion[4] = {.80952381, .57142857, .30952381, .30952381};
    enum { ROWS = 60000 };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int rows = kind == URN_BACKEND_CPU ? ROWS : 2000;
        for (int by = URN_TOPK_GUMBEL; by <= URN_TOPK_RACE; by++) {
            picks out = make_picks(rows, 2, 1);
            urn_topk_params p = URN_TOPK_PARAMS_INIT;
            double pair[4][4] = {{0}}, in[4] = {0}, weighted = 0, z;
            p.by = by, p.k = 2;
            ut_note("backend %d, by %d", (int)kind, by);
            if (!run_topk(bed, p, same_row(rows, 4), x, &out)) {
                free_picks(&out);
                break;
            }
            for (int r = 0; r < rows; r++) {
                int a = out.ids[2 * r], b = out.ids[2 * r + 1];
                UT_ASSERT(out.found[r] == 2 && a >= 0 && b >= 0 && a != b && a < 4 && b < 4, "row %d: %d %d", r, a, b);
                pair[a][b] += 1, in[a] += 1, in[b] += 1;
                double pa = w[a] / 8, pb = w[b] / (8 - w[a]), qb = w[b] / 8, qa = w[a] / (8 - w[b]);
                UT_ASSERT(close_to(out.ordered[r], log(pa * pb), 2e-6), "ordered %g", out.ordered[r]);
                UT_ASSERT(close_to(out.set[r], log(pa * pb + qb * qa), 2e-6), "set %g", out.set[r]);
                UT_ASSERT(close_to(out.logprob[2 * r + 1] - out.logmass[2 * r + 1], log(pb), 2e-6), "second");
                UT_ASSERT(out.keys[2 * r] >= out.keys[2 * r + 1] && out.keys[2 * r + 1] >= out.threshold[r], "keys");
                for (int j = 0; j < 2; j++) { /* a sum over the law: of id 3 and 1, exactly 1/8 + 1/4 */
                    int id = out.ids[2 * r + j];
                    if (id & 1) weighted += exp(out.logprob[2 * r + j] - out.inclusion[2 * r + j]);
                }
            }
            for (int a = 0; a < 4; a++) {
                z = (in[a] - rows * inclusion[a]) / sqrt(rows * inclusion[a] * (1 - inclusion[a]));
                UT_ASSERT(fabs(z) < 5.5, "inclusion of %d: z %g", a, z);
                for (int b = 0; b < 4; b++) {
                    if (a == b) continue;
                    double q = w[a] / 8 * w[b] / (8 - w[a]);
                    z = (pair[a][b] - rows * q) / sqrt(rows * q * (1 - q));
                    UT_ASSERT(fabs(z) < 5.5, "pair %d %d: z %g", a, b, z);
                }
            }
            /* of a row: at most 1 / P(in), whose variance is below 1 here */
            UT_ASSERT(fabs(weighted / rows - 0.375) < 5.5 / sqrt(rows), "weighted sum %g", weighted / rows);
            free_picks(&out);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  Gumbel picks are what urn_sample draws by keys, one after the other, from what is left: so each pick has
 * the largest key; with a temperature, for lengths around a group's and picks that use the law up */
START_TEST(picks_are_draws_from_what_is_left) {
    static const int64_t lengths[] = {5, 255, 256, 700, 5000};
    int64_t cols = lengths[_i];
    enum { K = 20, DRAW = 3 };
    float *x = (float *)ut_malloc(4 * (size_t)cols), *left = (float *)ut_malloc(4 * (size_t)cols);
    ut_fill(x, cols, UT_NORMAL, 2.0, 7 + (uint64_t)_i);
    ut_punch(x, cols, 0.1, 9);
    memcpy(left, x, 4 * (size_t)cols);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        picks out = make_picks(1, K, 1);
        urn_topk_params p = URN_TOPK_PARAMS_INIT;
        urn_sample_params rows = same_row(1, cols);
        urn_step warm = urn_temperature(urn_f(1.5f));
        urn_list list = {&warm, 1};
        urn_sampler *sampler;
        ut_note("backend %d, cols %d", (int)kind, (int)cols);
        UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
        rows.sampler = sampler;
        p.by = URN_TOPK_GUMBEL, p.k = K, p.draw = DRAW;
        int there = run_topk(bed, p, rows, x, &out);
        for (int j = 0; there && j <= out.found[0] && j < K; j++) {
            int32_t drawn[DRAW + 1];
            urn_sample_params one = same_row(1, cols);
            one.sampler = sampler, one.method = URN_DRAW_GUMBEL, one.draws = DRAW + 1;
            one.logits.data = ut_upload(bed, left, 4 * (size_t)cols);
            one.ids = (int32_t *)ut_output(bed, sizeof drawn);
            UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, 1, cols)));
            UT_OK(urn_sample(bed->stream, &one));
            ut_download(bed, one.ids, drawn, sizeof drawn);
            UT_ASSERT(out.ids[j] == drawn[DRAW], "pick %d is %d, a draw from the rest is %d", j, out.ids[j],
                      drawn[DRAW]);
            if (drawn[DRAW] < 0) break;
            UT_ASSERT(out.values[j] == x[out.ids[j]], "value %d", j);
            left[drawn[DRAW]] = -INFINITY;
        }
        memcpy(left, x, 4 * (size_t)cols);
        urn_sampler_destroy(sampler);
        free_picks(&out);
        ut_close(bed);
    }
    free(x), free(left);
}
END_TEST

typedef struct plain_case {
    int n, k;
    uint32_t flags;
    float x[12];
    int ids[8], found;
} plain_case;

#define INF INFINITY
/* check     rows that other libraries test: ties by smaller index, the smallest, infinities as numbers, NaN on demand
 */
static const plain_case plain_cases[] = {
    {7, 3, URN_TOPK_SMALLEST, {2, 3, 5, 1, 4, 1, 1}, {3, 5, 6}, 3},
    {7, 3, 0, {2, 3, 5, 1, 5, 1, 5}, {2, 4, 6}, 3},
    {8, 3, 0, {4, 1, 4, 9, 4, 9, 9, 0}, {3, 5, 6}, 3},
    {5, 5, 0, {1, 1, 1, 1, 1}, {0, 1, 2, 3, 4}, 5},
    {4, 6, 0, {-INF, 2, INF, -INF}, {2, 1, 0, 3}, 4},
    {4, 3, URN_TOPK_SMALLEST, {-INF, 2, INF, -INF}, {0, 3, 1}, 3},
    {5, 3, URN_TOPK_NANS, {1, NAN, INF, -NAN, 7}, {1, 3, 2}, 3},
    {5, 5, URN_TOPK_NANS | URN_TOPK_SMALLEST, {1, NAN, INF, -NAN, 7}, {0, 4, 2, 1, 3}, 5},
    {6, 4, URN_TOPK_BY_ID, {3, 9, 4, 8, 0, 7}, {1, 2, 3, 5}, 4},
    {3, 2, 0, {-0.0f, 0.0f, -1}, {0, 1}, 2},
};

START_TEST(plain_tables) {
    const plain_case *c = &plain_cases[_i];
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        picks out = make_picks(1, c->k, 0);
        urn_topk_params p = URN_TOPK_PARAMS_INIT;
        p.k = c->k, p.flags = c->flags;
        ut_note("backend %d, case %d", (int)kind, _i);
        if (run_topk(bed, p, same_row(1, c->n), c->x, &out)) {
            UT_ASSERT(out.status[0] == 0 && out.found[0] == c->found, "status %d, found %d", out.status[0],
                      out.found[0]);
            for (int j = 0; j < c->k; j++) {
                int wanted = j < c->found ? c->ids[j] : -1;
                UT_ASSERT(out.ids[j] == wanted, "pick %d is %d, wanted %d", j, out.ids[j], wanted);
                if (wanted >= 0 && !isnan(c->x[wanted]))
                    UT_ASSERT(out.values[j] == c->x[wanted], "value %d is %g", j, out.values[j]);
            }
        }
        free_picks(&out);
        ut_close(bed);
    }
}
END_TEST

static const float *sort_by;
static int by_value(const void *a, const void *b) {
    int i = *(const int *)a, j = *(const int *)b;
    return sort_by[i] > sort_by[j] ? -1 : sort_by[i] < sort_by[j] ? 1 : i - j;
}

/* property  plain and by value, any k up to the largest, on rows with many ties, ascending and descending: a sort */
START_TEST(by_value_is_a_sort) {
    static const int sizes[][2] = {{1000, 1}, {1000, 999}, {5000, 64}, {70000, 2048}, {300000, 2047}};
    int n = sizes[_i][0], k = sizes[_i][1];
    float *x = (float *)ut_malloc(4 * (size_t)n);
    int *order = (int *)ut_malloc(sizeof *order * (size_t)n);
    for (int shape = 0; shape < 4; shape++) {
        ut_fill(x, n, shape == 1 ? UT_TIES : UT_NORMAL, 2.0, 77);
        for (int i = 0; i < n; i++) order[i] = i;
        if (shape >= 2)
            for (int i = 0; i < n; i++) x[i] = (float)(shape == 2 ? i : -i);
        sort_by = x;
        qsort(order, (size_t)n, sizeof *order, by_value);
        FOR_EACH_BACKEND(kind) {
            if (kind != URN_BACKEND_CPU && n > 5000) continue;
            ut_bed *bed = ut_open(kind);
            picks out = make_picks(1, k, 0);
            for (int by = URN_TOPK_PLAIN; by <= URN_TOPK_VALUE; by++) {
                urn_topk_params p = URN_TOPK_PARAMS_INIT;
                p.k = k, p.by = by;
                ut_note("backend %d, n %d, k %d, shape %d, by %d", (int)kind, n, k, shape, by);
                if (!run_topk(bed, p, same_row(1, n), x, &out)) break;
                for (int j = 0; j < k; j++)
                    UT_ASSERT(out.ids[j] == order[j], "pick %d is %d, wanted %d", j, out.ids[j], order[j]);
            }
            free_picks(&out);
            ut_close(bed);
        }
    }
    free(x), free(order);
}
END_TEST

Suite *unit_topk_law_suite(void) {
    Suite *suite = suite_create("unit_topk_law");
    TCase *tests = tcase_create("topk_law");
    tcase_add_test(tests, pairs_have_the_law_of_successive_draws);
    tcase_add_loop_test(tests, picks_are_draws_from_what_is_left, 0, 5);
    tcase_add_loop_test(tests, plain_tables, 0, (int)(sizeof plain_cases / sizeof plain_cases[0]));
    tcase_add_loop_test(tests, by_value_is_a_sort, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
