/* unit_topk_fixed.c - fixed sizes, uniform choices and beams: known laws of small cases, and what must hold exactly.
 *
 * Counts are binomial: |z| <= 5.5 a cell, some 30 cells a test, so false alarms stay below 1e-5 for the file. */
#include <math.h>

#include "tests/urn_test.h"

#define ONE URN_FIXED_ONE

static double z_of(double count, double n, double p) { return (count - n * p) / sqrt(n * p * (1 - p)); }

static void *ints(ut_bed *bed, int64_t n, size_t size) { return ut_output(bed, (size_t)n * size); }

/* check     p = (.5, .7, .3, .5): {01} .2 {02} .1125 {03} .1875 {12} .1875 {13} .3125 {23} 0, always two; systematic:
 *           the marginals and always two; Poisson: the marginals, and pairs as products
 * sees      the wrong one of a pair going up; a tree that meets others first */
START_TEST(choices_have_their_probabilities) {
    static const double p[4] = {.5, .7, .3, .5}, pairs[6] = {.2, .1125, .1875, .1875, .3125, 0};
    static const int number[4][4] = {{-1, 0, 1, 2}, {0, -1, 3, 4}, {1, 3, -1, 5}, {2, 4, 5, -1}};
    enum { ROWS = 60000 };
    uint64_t fixed[4], sum = 0;
    for (int i = 0; i < 4; i++) sum += fixed[i] = i < 3 ? (uint64_t)(p[i] * 0x1p62) : 2 * ONE - sum;
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int rows = kind == URN_BACKEND_CPU ? ROWS : 3000;
        int32_t *ids = (int32_t *)ut_malloc(16 * (size_t)rows), *found = (int32_t *)ut_malloc(4 * (size_t)rows);
        float *weight = (float *)ut_malloc(16 * (size_t)rows);
        urn_fixed_params f = URN_FIXED_PARAMS_INIT;
        uint64_t *every = (uint64_t *)ut_malloc(32 * (size_t)rows);
        for (int i = 0; i < 4 * rows; i++) every[i] = fixed[i % 4];
        f.rows = rows, f.cols = 4, f.room = 4, f.method = _i, f.seed_value = 5;
        f.p = (const uint64_t *)ut_upload(bed, every, 32 * (size_t)rows);
        f.ids = (int32_t *)ints(bed, 4 * rows, 4), f.found = (int32_t *)ints(bed, rows, 4);
        f.weight = (float *)ints(bed, 4 * rows, 4);
        UT_OK(urn_stream_reserve(bed->stream, urn_fixed_workspace(rows, 4)));
        urn_status there = urn_fixed(bed->stream, &f);
        if (there != URN_E_BACKEND) {
            double in[4] = {0}, pair[6] = {0};
            UT_OK(there);
            ut_note("backend %d, method %d", (int)kind, _i);
            ut_download(bed, f.ids, ids, 16 * (size_t)rows), ut_download(bed, f.found, found, 4 * (size_t)rows);
            ut_download(bed, f.weight, weight, 16 * (size_t)rows);
            for (int r = 0; r < rows; r++) {
                int n = found[r];
                UT_ASSERT(_i == URN_FIXED_POISSON || n == 2, "row %d has %d", r, n);
                for (int j = 0; j < n; j++) {
                    int a = ids[4 * r + j];
                    in[a] += 1;
                    UT_ASSERT(fabs(weight[4 * r + j] * p[a] - 1) < 1e-6, "weight %g of %d", weight[4 * r + j], a);
                    for (int k = 0; k < j; k++) pair[number[a][ids[4 * r + k]]] += 1;
                }
                for (int j = n; j < 4; j++) UT_ASSERT(ids[4 * r + j] == -1, "row %d, entry %d", r, j);
            }
            for (int a = 0; a < 4; a++) UT_ASSERT(fabs(z_of(in[a], rows, p[a])) < 5.5, "%d: %g", a, in[a] / rows);
            for (int a = 0; a < 4; a++)
                for (int b = 0; b < a && _i != URN_FIXED_SYSTEMATIC; b++) {
                    double q = _i == URN_FIXED_PIVOTAL ? pairs[number[a][b]] : p[a] * p[b], c = pair[number[a][b]];
                    UT_ASSERT(q > 0 ? fabs(z_of(c, rows, q)) < 5.5 : c == 0, "%d %d: %g", a, b, c / rows);
                }
        }
        free(ids), free(found), free(weight), free(every);
        ut_close(bed);
    }
}
END_TEST

/* property  the solver's probabilities are min(1, c w) and sum to k exactly, whatever k; the choice from them has k
 * ids, the certain ones among them */
START_TEST(probabilities_sum_to_k) {
    enum { N = 5000 };
    static const int ks[] = {1, 7, 500, 4000, 4999};
    float w[N];
    ut_rng rng = ut_rng_make(3);
    int k = ks[_i];
    /* zeros of both signs among them */
    for (int i = 0; i < N; i++) w[i] = (float)exp(2 * ut_normal(&rng)) * (i % 50 ? 1 : 0) * (i % 100 ? 1 : -1);
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_inclusion_params a = URN_INCLUSION_PARAMS_INIT;
        uint64_t p[N], sum = 0, whole = 0;
        int positive = N - N / 50, certain = 0;
        a.k = k, a.rows = 1, a.cols = N;
        a.weights = (const float *)ut_upload(bed, w, sizeof w), a.p = (uint64_t *)ut_output(bed, sizeof p);
        urn_status there = urn_inclusion(bed->stream, &a);
        if (there != URN_E_BACKEND) {
            UT_OK(there);
            ut_download(bed, a.p, p, sizeof p);
            double c = 0;
            for (int i = 0; i < N; i++) {
                UT_ASSERT(p[i] <= ONE && (p[i] > 0) == (w[i] > 0), "p of %d", i);
                sum += p[i], whole += sum >> 62, sum &= ONE - 1;
                certain += p[i] == ONE;
                if (p[i] > 0 && p[i] < ONE && (double)p[i] * 0x1p-62 / w[i] > c) c = (double)p[i] * 0x1p-62 / w[i];
            }
            UT_ASSERT(whole == (uint64_t)(k < positive ? k : positive) && sum == 0, "sum %d", (int)whole);
            for (int i = 0; i < N && k < positive; i++) {
                double q = w[i] * c < 1 ? w[i] * c : 1;
                UT_ASSERT(fabs((double)p[i] * 0x1p-62 - q) <= 1e-5 * q, "p of %d is not c w", i);
            }
            int32_t found;
            uint32_t bits[N / 32 + 1];
            urn_fixed_params f = URN_FIXED_PARAMS_INIT;
            f.rows = 1, f.cols = N, f.p = a.p, f.found = (int32_t *)ut_output(bed, 4);
            f.bits = (uint32_t *)ut_output(bed, sizeof bits), f.bits_stride = N / 32 + 1;
            UT_OK(urn_stream_reserve(bed->stream, urn_fixed_workspace(1, N)));
            UT_OK(urn_fixed(bed->stream, &f));
            ut_download(bed, f.found, &found, 4), ut_download(bed, f.bits, bits, sizeof bits);
            UT_ASSERT(found == (k < positive ? k : positive), "found %d of %d, %d certain", found, k, certain);
            for (int i = 0; i < N; i++)
                if (p[i] == ONE || p[i] == 0) UT_ASSERT((bits[i / 32] >> (i % 32) & 1) == (p[i] > 0), "id %d", i);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  each n elements once, the inverse leads back, elements found by index are those found in a row; n around
 *           powers of two */
START_TEST(permutations_permute) {
    static const int64_t ns[] = {1, 2, 3, 7, 16, 17, 1000, 4097};
    int64_t n = ns[_i], out[4097], back[4097];
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_permute_params p = URN_PERMUTE_PARAMS_INIT;
        char seen[4097] = {0};
        p.n = p.count = n, p.seed = 3;
        p.out = (int64_t *)ut_output(bed, 8 * (size_t)n);
        urn_status there = urn_permute(bed->stream, &p);
        if (there != URN_E_BACKEND) {
            UT_OK(there);
            ut_download(bed, p.out, out, 8 * (size_t)n);
            for (int64_t i = 0; i < n; i++) {
                UT_ASSERT(out[i] >= 0 && out[i] < n && !seen[out[i]], "element %d is %d", (int)i, (int)out[i]);
                seen[out[i]] = 1;
            }
            p.index = (const int64_t *)ut_upload(bed, out, 8 * (size_t)n), p.inverse = 1;
            p.out = (int64_t *)ut_output(bed, 8 * (size_t)n);
            UT_OK(urn_permute(bed->stream, &p));
            ut_download(bed, p.out, back, 8 * (size_t)n);
            for (int64_t i = 0; i < n; i++) UT_ASSERT(back[i] == i, "back of %d is %d", (int)i, (int)back[i]);
        }
        ut_close(bed);
    }
}
END_TEST

/* check     counts are those of the ids and sum to the draws; over rows each id's count is binomial; bits are p; a long
 *           permutation moves far */
START_TEST(resamples_and_fields_are_fair) {
    enum { ROWS = 400, N = 50, BITS = 1000 };
    int32_t ids[ROWS * N], counts[ROWS * N], total[N] = {0};
    uint32_t bits[ROWS * 32];
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        urn_bootstrap_params b = URN_BOOTSTRAP_PARAMS_INIT;
        urn_field_params f = URN_FIELD_PARAMS_INIT;
        b.rows = ROWS, b.n = b.draws = N, b.seed_value = 9;
        b.ids = (int32_t *)ut_output(bed, sizeof ids), b.counts = (int32_t *)ut_output(bed, sizeof counts);
        f.rows = ROWS, f.n = BITS, f.p_value = (uint64_t)(0.3 * 0x1p32), f.bits_stride = 32;
        f.bits = (uint32_t *)ut_output(bed, sizeof bits);
        urn_status there = urn_bootstrap(bed->stream, &b);
        if (there != URN_E_BACKEND) {
            double ones = 0;
            UT_OK(there);
            UT_OK(urn_field(bed->stream, &f));
            ut_download(bed, b.ids, ids, sizeof ids), ut_download(bed, b.counts, counts, sizeof counts);
            ut_download(bed, f.bits, bits, sizeof bits);
            memset(total, 0, sizeof total);
            for (int r = 0; r < ROWS; r++) {
                int32_t own[N] = {0};
                for (int j = 0; j < N; j++) own[ids[r * N + j]]++;
                UT_SAME_BITS(own, counts + r * N, N, "counts");
                for (int j = 0; j < N; j++) total[j] += own[j];
                for (int w = 0; w < 32; w++) ones += __builtin_popcount(bits[r * 32 + w]);
            }
            for (int j = 0; j < N; j++) UT_ASSERT(fabs(z_of(total[j], ROWS * N, 1.0 / N)) < 5.5, "id %d", j);
            UT_ASSERT(fabs(z_of(ones, ROWS * BITS, 0.3)) < 5.5, "ones %g", ones / (ROWS * BITS));
        }
        ut_close(bed);
    }
}
END_TEST

/* check     root (.6, .4), children (.5, .5) and (.25, .75): the first of two beams is 00 01 10 11 with .3 .3 .1 .3,
 * and (00, 01) come in this order with .3 * .3 / .7; the largest child keeps its parent's key */
START_TEST(beams_are_draws_without_replacement) {
    enum { GROUPS = 20000 };
    static const float root[2] = {-0.5108256f, -0.9162907f};
    static const float leaf[2][2] = {{-0.6931472f, -0.6931472f}, {-1.3862944f, -0.2876821f}};
    static const double first[4] = {.3, .3, .1, .3};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int groups = kind == URN_BACKEND_CPU ? GROUPS : 1000;
        size_t n = (size_t)groups;
        int64_t *key = (int64_t *)ut_malloc(16 * n), *child = (int64_t *)ut_malloc(32 * n);
        int32_t *parent = (int32_t *)ut_malloc(8 * n), *ids = (int32_t *)ut_malloc(8 * n);
        double *logprob = (double *)ut_malloc(16 * n);
        float *x = (float *)ut_malloc(16 * n);
        for (size_t g = 0; g < n; g++) key[g] = INT64_MAX, logprob[g] = 0, x[2 * g] = root[0], x[2 * g + 1] = root[1];
        urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
        urn_topk_params p = URN_TOPK_PARAMS_INIT;
        urn_beam_select_params s = URN_BEAM_SELECT_PARAMS_INIT;
        UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(NULL, 2 * groups, 2, 2)));
        int there = 1;
        for (int step = 0; step < 2 && there; step++) {
            int64_t many = groups * (step + 1);
            rows.logits = urn_matrix_dense(ut_upload(bed, x, 8 * (size_t)many), URN_F32, many, 2, 0);
            rows.position_value = (uint32_t)step, rows.seed_value = 1;
            p.rows = &rows, p.by = URN_TOPK_GUMBEL, p.k = 2;
            p.parent_key = (const int64_t *)ut_upload(bed, key, 8 * (size_t)many);
            p.parent_logprob = (const double *)ut_upload(bed, logprob, 8 * (size_t)many);
            p.ids = (int32_t *)ut_output(bed, 8 * (size_t)many);
            p.beam_keys = (int64_t *)ut_output(bed, 16 * (size_t)many);
            p.beam_logprob = (double *)ut_output(bed, 16 * (size_t)many);
            urn_status status = urn_topk(bed->stream, &p);
            there = status != URN_E_BACKEND;
            if (!there) break;
            UT_OK(status);
            s.groups = groups, s.beams = step + 1, s.k = 2, s.width = 2;
            s.ids = p.ids, s.beam_keys = p.beam_keys, s.beam_logprob = p.beam_logprob;
            s.parent = (int32_t *)ut_output(bed, 8 * n), s.next_ids = (int32_t *)ut_output(bed, 8 * n);
            s.key = (int64_t *)ut_output(bed, 16 * n), s.logprob = (double *)ut_output(bed, 16 * n);
            status = urn_beam_select(bed->stream, &s);
            there = status != URN_E_BACKEND;
            if (!there) break;
            UT_OK(status);
            if (step == 1) {
                ut_download(bed, p.beam_keys, child, 32 * n);
                for (size_t r = 0; r < 2 * n; r++) UT_ASSERT(child[2 * r] == key[r], "largest child of %d", (int)r);
            }
            ut_download(bed, s.key, key, 16 * n), ut_download(bed, s.logprob, logprob, 16 * n);
            ut_download(bed, s.parent, parent, 8 * n);
            if (step == 0) {
                ut_download(bed, s.next_ids, ids, 8 * n);
                for (size_t r = 0; r < 2 * n; r++) memcpy(x + 2 * r, leaf[ids[r]], 8);
            }
        }
        if (there) {
            double count[4] = {0}, ordered = 0;
            int32_t *next = (int32_t *)ut_malloc(8 * n);
            ut_note("backend %d", (int)kind);
            ut_download(bed, s.next_ids, next, 8 * n);
            for (size_t g = 0; g < n; g++) {
                int path[2];
                for (int j = 0; j < 2; j++) {
                    path[j] = 2 * ids[2 * g + (size_t)parent[2 * g + (size_t)j]] + next[2 * g + (size_t)j];
                    double want = log(path[j] < 2 ? .3 : path[j] == 2 ? .1 : .3);
                    UT_ASSERT(fabs(logprob[2 * g + (size_t)j] - want) < 1e-5, "log-probability of %d", path[j]);
                }
                count[path[0]] += 1;
                ordered += path[0] == 0 && path[1] == 1;
            }
            for (int a = 0; a < 4; a++)
                UT_ASSERT(fabs(z_of(count[a], groups, first[a])) < 5.5, "%d: %g", a, count[a] / groups);
            UT_ASSERT(fabs(z_of(ordered, groups, .3 * .3 / .7)) < 5.5, "00 01: %g", ordered / groups);
            free(next);
        }
        free(key), free(child), free(parent), free(ids), free(logprob), free(x);
        ut_close(bed);
    }
}
END_TEST

Suite *unit_topk_fixed_suite(void) {
    Suite *suite = suite_create("unit_topk_fixed");
    TCase *tests = tcase_create("topk_fixed");
    tcase_add_loop_test(tests, choices_have_their_probabilities, 0, 3);
    tcase_add_loop_test(tests, probabilities_sum_to_k, 0, 5);
    tcase_add_loop_test(tests, permutations_permute, 0, 8);
    tcase_add_test(tests, resamples_and_fields_are_fair);
    tcase_add_test(tests, beams_are_draws_without_replacement);
    suite_add_tcase(suite, tests);
    return suite;
}
