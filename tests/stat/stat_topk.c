/* stat_topk.c - draws without replacement: ordered lists, sets, inclusion, by three producers; wrong ones rejected. */
#include <math.h>

#include "tests/stat/stat.h"

enum { N = 5, K = 3, LISTS = N * N * N };

static const double weights[N] = {8, 4, 2, 1, 5};

typedef struct picks {
    int64_t rows;
    int32_t *ids;                               /* [rows, K] */
    float *logprob, *inclusion, *set, *ordered; /* NULL where the producer has none */
} picks;

static void picks_free(picks *p) {
    free(p->ids);
    free(p->logprob);
    free(p->inclusion);
    free(p->set);
    free(p->ordered);
}

static void *fetch(ut_bed *bed, const void *device, int64_t elements, size_t size) {
    void *host = ut_malloc((size_t)elements * size);
    ut_download(bed, device, host, (size_t)elements * size);
    return host;
}

/* urn_topk by keys or by the race: rows of one row of logits, a label each. 0: the backend has none. */
static int pick_rows(ut_bed *bed, int32_t by, int64_t rows, picks *out) {
    float x[N];
    for (int i = 0; i < N; i++) x[i] = (float)log(weights[i]);
    urn_sample_params law = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    law.logits = urn_matrix_dense(ut_upload(bed, x, sizeof x), URN_F32, rows, N, 0);
    law.logits.row_stride = 0; /* one row for all */
    law.seed_value = 4711;
    p.by = by, p.rows = &law, p.k = K;
    p.ids = (int32_t *)ut_output(bed, 4 * (size_t)(rows * K));
    p.logprob = (float *)ut_output(bed, 4 * (size_t)(rows * K));
    p.inclusion_logprob = (float *)ut_output(bed, 4 * (size_t)(rows * K));
    p.set_logprob = (float *)ut_output(bed, 4 * (size_t)rows);
    p.ordered_logprob = (float *)ut_output(bed, 4 * (size_t)rows);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(NULL, rows, N, K)));
    urn_status status = urn_topk(bed->stream, &p);
    int here = status != URN_E_BACKEND || bed->kind == URN_BACKEND_CPU;
    if (here) {
        UT_OK(status);
        out->rows = rows;
        out->ids = (int32_t *)fetch(bed, p.ids, rows * K, 4);
        out->logprob = (float *)fetch(bed, p.logprob, rows * K, 4);
        out->inclusion = (float *)fetch(bed, p.inclusion_logprob, rows * K, 4);
        out->set = (float *)fetch(bed, p.set_logprob, rows, 4);
        out->ordered = (float *)fetch(bed, p.ordered_logprob, rows, 4);
    }
    ut_clear(bed);
    return here;
}

/* The same law by segments of a long array; temperature 0.5 of halved log-weights. */
static int pick_segments(ut_bed *bed, int64_t rows, picks *out) {
    double *x = (double *)ut_malloc(8 * (size_t)(rows * N));
    int64_t *offsets = (int64_t *)ut_malloc(8 * (size_t)(rows + 1)), *ids;
    for (int64_t i = 0; i < rows * N; i++) x[i] = log(weights[i % N]) / 2;
    for (int64_t r = 0; r <= rows; r++) offsets[r] = r * N;
    urn_topk_segments_params p = URN_TOPK_SEGMENTS_PARAMS_INIT;
    p.values = ut_upload(bed, x, 8 * (size_t)(rows * N));
    p.type = URN_ITEM_F64, p.flags = URN_TOPK_LOCAL;
    p.size = rows * N, p.segments = rows, p.longest = N, p.k = K;
    p.offsets = (const int64_t *)ut_upload(bed, offsets, 8 * (size_t)(rows + 1));
    p.temperature_value = 0.5f;
    p.seed_value = 4712;
    p.ids = (int64_t *)ut_output(bed, 8 * (size_t)(rows * K));
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_segments_workspace(rows, N, K, rows * K)));
    urn_status status = urn_topk_segments(bed->stream, &p);
    int here = status != URN_E_BACKEND || bed->kind == URN_BACKEND_CPU;
    if (here) {
        UT_OK(status);
        ids = (int64_t *)fetch(bed, p.ids, rows * K, 8);
        out->rows = rows;
        out->ids = (int32_t *)ut_malloc(4 * (size_t)(rows * K));
        for (int64_t i = 0; i < rows * K; i++) out->ids[i] = (int32_t)ids[i];
        free(ids);
    }
    ut_clear(bed);
    free(x);
    free(offsets);
    return here;
}

/* A right sampler and wrong ones of the tests' own. */
typedef enum wrong_list {
    WRONG_LIST_NOT = 0,
    WRONG_LIST_SORTED = 1,      /* picks in id order, taken for the order of drawing */
    WRONG_LIST_INDEPENDENT = 2, /* ids by law, redrawn until new only against the last one */
    WRONG_LIST_INCLUSION = 3    /* inclusion probabilities proportional to weights (systematic), taken for these */
} wrong_list;

static void wrong_picks(wrong_list kind, int64_t rows, int32_t *ids) {
    ut_rng rng = ut_rng_make(9);
    for (int64_t r = 0; r < rows; r++) {
        int32_t *list = ids + r * K;
        double left = 20, u;
        int used[N] = {0};
        if (kind == WRONG_LIST_INCLUSION) {
            double sum = 0, capped[N] = {20.0 / 3, 4.35, 2.17, 1.09, 5.43}; /* K w / sum, at most 1 */
            int at = 0;
            u = ut_uniform(&rng);
            for (int i = 0; i < N; i++) {
                double before = sum;
                sum += K * capped[i] / 19.7066666;
                if (at < K && floor(sum + u) > floor(before + u)) list[at++] = i;
            }
            while (at < K) list[at] = at == 0 ? 0 : (list[at - 1] + 1) % N, at++;
            for (int j = K - 1; j > 0; j--) { /* in random order */
                int k = (int)ut_below(&rng, j + 1);
                int32_t swap = list[j];
                list[j] = list[k], list[k] = swap;
            }
            continue;
        }
        for (int j = 0; j < K; j++) {
            u = ut_uniform(&rng) * left;
            int i = 0;
            for (;; i = (i + 1) % N) {
                if (used[i]) continue;
                if (u < weights[i]) break;
                u -= weights[i];
            }
            list[j] = i;
            used[i] = 1;
            left -= weights[i];
            if (kind == WRONG_LIST_INDEPENDENT && j > 0) used[list[j - 1]] = 0, left += weights[list[j - 1]];
        }
        for (int j = 0; j < K && kind == WRONG_LIST_SORTED; j++) {
            for (int k = j + 1; k < K; k++) {
                if (list[k] >= list[j]) continue;
                int32_t swap = list[j];
                list[j] = list[k], list[k] = swap;
            }
        }
    }
}

/* P-value of ordered lists against successive draws without replacement. */
static double lists_p(const int32_t *ids, int64_t rows) {
    long double law[LISTS];
    int32_t *cell = (int32_t *)ut_malloc(4 * (size_t)rows);
    for (int a = 0; a < LISTS; a++) {
        int i = a % N, j = a / N % N, k = a / N / N;
        long double w = weights[i] * weights[j] * weights[k];
        law[a] = i == j || j == k || i == k ? 0 : w / (20 * (20.0L - weights[i]) * (20.0L - weights[i] - weights[j]));
    }
    for (int64_t r = 0; r < rows; r++) {
        const int32_t *l = ids + r * K;
        int bad = l[0] < 0 || l[1] < 0 || l[2] < 0 || l[0] >= N || l[1] >= N || l[2] >= N;
        cell[r] = bad ? -1 : l[0] + N * l[1] + N * N * l[2];
    }
    stat_cells *cells = stat_cells_make(law, LISTS, rows);
    double p = stat_p(cells, cell);
    stat_cells_free(cells);
    free(cell);
    return p;
}

static int64_t rows_for(urn_backend_kind kind) {
    return kind == URN_BACKEND_SIMT ? 1 << 9 : ut_quick() ? 1 << 12 : 1 << 17;
}

/* property  ordered lists have the law of successive draws without replacement, by keys, by the race, and by segments
 * why       three producers share a law and no words
 * design    2^17 rows of 5 ids, k = 3: chi-square over the 60 ordered lists; false alarms 1e-6 */
START_TEST(lists_have_the_law_of_successive_draws) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int producer = 0; producer < 3; producer++) {
            picks found;
            memset(&found, 0, sizeof found);
            ut_note("%s, producer %d", urn_backend_name(kind), producer);
            int here = producer == 2
                           ? pick_segments(bed, rows_for(kind), &found)
                           : pick_rows(bed, producer ? URN_TOPK_RACE : URN_TOPK_GUMBEL, rows_for(kind), &found);
            if (here) {
                double p = lists_p(found.ids, found.rows);
                UT_ASSERT(p > STAT_ALPHA, "chi-square p-value %.3g", p);
            }
            picks_free(&found);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the same test rejects lists in id order, lists with repeats, and lists whose inclusion is proportional to w
 * why       each was taken for draws without replacement somewhere */
START_TEST(wrong_lists_are_rejected) {
    enum { ROWS = 1 << 14 };
    int32_t *ids = (int32_t *)ut_malloc(4 * ROWS * K);
    for (int kind = WRONG_LIST_NOT; kind <= WRONG_LIST_INCLUSION; kind++) {
        wrong_picks((wrong_list)kind, ROWS, ids);
        double p = lists_p(ids, ROWS);
        ut_note("wrong list %d", kind);
        UT_ASSERT((p > STAT_ALPHA) == (kind == WRONG_LIST_NOT), "p-value %.3g", p);
    }
    free(ids);
}
END_TEST

/* property  list and set log-probabilities are those of the law: each list's, and 10 sets that sum to 1
 * exact     to 1e-5, f32 outputs of f64 sums */
START_TEST(lists_and_sets_know_their_probability) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int race = 0; race < 2; race++) {
            picks f;
            double seen[1 << N] = {0}, sum = 0;
            memset(&f, 0, sizeof f);
            if (!pick_rows(bed, race ? URN_TOPK_RACE : URN_TOPK_GUMBEL, kind == URN_BACKEND_SIMT ? 1 << 10 : 1 << 12,
                           &f))
                continue;
            for (int64_t r = 0; r < f.rows; r++) {
                const int32_t *l = f.ids + r * K;
                double left = 20, p = 1, set = 0;
                for (int j = 0; j < K; j++) p *= weights[l[j]] / left, left -= weights[l[j]];
                UT_ASSERT(fabs(exp((double)f.ordered[r]) / p - 1) < 1e-5, "list %.7g, wanted %.7g",
                          exp((double)f.ordered[r]), p);
                for (int o = 0; o < 6; o++) { /* all orders of the three */
                    static const int order[6][K] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
                    double one = 1;
                    left = 20;
                    for (int j = 0; j < K; j++) {
                        double w = weights[l[order[o][j]]];
                        one *= w / left;
                        left -= w;
                    }
                    set += one;
                }
                UT_ASSERT(fabs(exp((double)f.set[r]) / set - 1) < 1e-5, "set %.7g, wanted %.7g", exp((double)f.set[r]),
                          set);
                seen[1 << l[0] | 1 << l[1] | 1 << l[2]] = exp((double)f.set[r]);
            }
            for (int s = 0; s < 1 << N; s++) sum += seen[s];
            UT_ASSERT(fabs(sum - 1) < 1e-5, "all sets sum to %.9g", sum);
            picks_free(&f);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  exp(logprob - inclusion_logprob) are unbiased weights: an id's is p on average; 1 / k for each pick is not
 * why       that is what the threshold is for; taking inclusion for w biases every sum
 * design    2^17 rows; z of the mean of each id's weight with its own standard error; false alarms 1e-6 */
START_TEST(weights_by_inclusion_are_unbiased) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int race = 0; race < 2; race++) {
            picks f;
            memset(&f, 0, sizeof f);
            if (!pick_rows(bed, race ? URN_TOPK_RACE : URN_TOPK_GUMBEL, rows_for(kind), &f)) continue;
            for (int i = 0; i < N; i++) {
                double sum = 0, squares = 0, flat = 0, n = (double)f.rows;
                for (int64_t at = 0; at < f.rows * K; at++) {
                    double v = exp((double)f.logprob[at] - (double)f.inclusion[at]);
                    if (f.ids[at] != i) continue;
                    sum += v;
                    squares += v * v;
                    flat += 1.0 / K;
                }
                double mean = sum / n, error = sqrt((squares / n - mean * mean) / n), p = weights[i] / 20;
                double z = (mean - p) / error, wrong = (flat / n - p) / sqrt(p / n);
                ut_note("%s, race %d, id %d", urn_backend_name(kind), race, i);
                UT_ASSERT(stat_normal_p(z) > STAT_ALPHA, "mean %.6f, wanted %.6f, z %.2f", mean, p, z);
                UT_ASSERT(i == 4 || f.rows < 1 << 17 || stat_normal_p(wrong) < STAT_ALPHA,
                          "1 / k for each pick passes: z %.2f", wrong);
            }
            picks_free(&f);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the flat tail of a segment gets its share 12 nats below a head
 * design    2^13 segments of 2001 items, k = 1; z of the tail's count, 99 expected; false alarms 1e-6; sees a tail
 *           that loses 8 in 10 of its share, as noise that ends near 12 nats makes it, with power 0.998. What 24 bits
 *           lose here (2 in 100) is too little for this n: stat_sample sees it at 2^21 draws */
START_TEST(a_tail_of_a_segment_gets_its_share) {
    enum { TAIL = 2000, ITEMS = TAIL + 1 };
    const double gap = 12, share = TAIL / (TAIL + exp(gap));
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    int64_t rows = ut_quick() ? 1 << 11 : 1 << 13, drawn = 0;
    float *x = (float *)ut_malloc(4 * (size_t)(rows * ITEMS));
    int64_t *offsets = (int64_t *)ut_malloc(8 * (size_t)(rows + 1));
    for (int64_t i = 0; i < rows * ITEMS; i++) x[i] = i % ITEMS ? 0 : (float)gap;
    for (int64_t r = 0; r <= rows; r++) offsets[r] = r * ITEMS;
    urn_topk_segments_params p = URN_TOPK_SEGMENTS_PARAMS_INIT;
    p.values = ut_upload(bed, x, 4 * (size_t)(rows * ITEMS));
    p.flags = URN_TOPK_LOCAL, p.size = rows * ITEMS, p.segments = rows, p.longest = ITEMS;
    p.offsets = (const int64_t *)ut_upload(bed, offsets, 8 * (size_t)(rows + 1));
    p.ids = (int64_t *)ut_output(bed, 8 * (size_t)rows);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_segments_workspace(rows, ITEMS, 1, rows)));
    UT_OK(urn_topk_segments(bed->stream, &p));
    int64_t *ids = (int64_t *)fetch(bed, p.ids, rows, 8);
    for (int64_t r = 0; r < rows; r++) drawn += ids[r] != 0;
    double z = ((double)drawn - share * (double)rows) / sqrt(share * (1 - share) * (double)rows);
    ut_note("%lld segments", (long long)rows);
    UT_ASSERT(stat_normal_p(z) > STAT_ALPHA, "tail %lld, wanted %.1f: z %.2f", (long long)drawn, share * (double)rows,
              z);
    double power = stat_normal_power(0.8 * share * (double)rows / sqrt(share * (double)rows));
    UT_ASSERT(ut_quick() || power > 0.998, "power %.4f only", power);
    free(ids);
    free(x);
    free(offsets);
    ut_close(bed);
}
END_TEST

Suite *stat_topk_suite(void) {
    Suite *suite = suite_create("stat_topk");
    TCase *tcase = tcase_create("topk");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, lists_have_the_law_of_successive_draws);
    tcase_add_test(tcase, wrong_lists_are_rejected);
    tcase_add_test(tcase, lists_and_sets_know_their_probability);
    tcase_add_test(tcase, weights_by_inclusion_are_unbiased);
    tcase_add_test(tcase, a_tail_of_a_segment_gets_its_share);
    suite_add_tcase(suite, tcase);
    return suite;
}
