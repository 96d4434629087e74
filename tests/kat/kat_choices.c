/* kat_choices.c - top-k, inverse transform, effective sizes, best acceptance: choices.txt, on every backend; alias
 * tables that give their weights back. */
#include <math.h>

#include "tests/kat/kat_case.h"

/* Runs the call; 0 where this backend does not have it. */
static int is_here(const ut_bed *bed, urn_status status) {
    if (status == URN_E_BACKEND && bed->kind != URN_BACKEND_CPU) return 0;
    UT_OK(status);
    return 1;
}

static void check_topk(ut_bed *bed, const kat_case *c) {
    float x[KAT_MOST];
    int32_t wanted[KAT_MOST], found[KAT_MOST];
    int n = kat_floats(c, "x", x), k = (int)kat_value(c, "k");
    UT_ASSERT(kat_ints(c, "ids", wanted) == k, "choices.txt:%d: ids", c->line);
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    rows.logits = urn_matrix_dense(ut_upload(bed, x, 4 * (size_t)n), URN_F32, 1, n, 0);
    p.rows = &rows, p.k = k, p.flags = (uint32_t)kat_value(c, "flags");
    p.ids = (int32_t *)ut_output(bed, 4 * (size_t)k);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(NULL, 1, n, k)));
    if (!is_here(bed, urn_topk(bed->stream, &p))) return;
    ut_download(bed, p.ids, found, 4 * (size_t)k);
    UT_SAME_BITS(found, wanted, k, "ids");
}

static void check_inverse(ut_bed *bed, const kat_case *c) {
    float w[KAT_MOST];
    uint64_t codes[KAT_MOST];
    int32_t wanted[KAT_MOST], found[KAT_MOST];
    int n = kat_floats(c, "w", w), m = kat_list(c, "codes", codes, KAT_MOST);
    UT_ASSERT(kat_ints(c, "bins", wanted) == m, "choices.txt:%d: bins", c->line);
    urn_inverse_params p = URN_INVERSE_PARAMS_INIT;
    p.weights = urn_weights_dense(ut_upload(bed, w, 4 * (size_t)n), URN_WEIGHT_F32, 1, n);
    p.outputs = m;
    p.codes = (const uint64_t *)ut_upload(bed, codes, 8 * (size_t)m);
    p.bins = (int32_t *)ut_output(bed, 4 * (size_t)m);
    UT_OK(urn_stream_reserve(bed->stream, urn_resample_workspace(URN_RESAMPLE_MULTINOMIAL, 1, n, m)));
    if (!is_here(bed, urn_inverse_grid(bed->stream, &p))) return;
    ut_download(bed, p.bins, found, 4 * (size_t)m);
    UT_SAME_BITS(found, wanted, m, "bins");
}

static void check_ess(ut_bed *bed, const kat_case *c) {
    float x[KAT_MOST], ess[KAT_MOST], log_mean[KAT_MOST];
    urn_weight_stats found;
    int n = kat_floats(c, "x", x);
    kat_floats(c, "ess", ess);
    kat_floats(c, "log_mean", log_mean);
    urn_weights_stats_params p = URN_WEIGHTS_STATS_PARAMS_INIT;
    p.weights = urn_weights_dense(ut_upload(bed, x, 4 * (size_t)n), URN_WEIGHT_LOG_F32, 1, n);
    p.stats = (urn_weight_stats *)ut_output(bed, sizeof found);
    UT_OK(urn_stream_reserve(bed->stream, urn_resample_workspace(URN_RESAMPLE_SYSTEMATIC, 1, n, 0)));
    if (!is_here(bed, urn_weights_stats(bed->stream, &p))) return;
    ut_download(bed, p.stats, &found, sizeof found);
    /* f32 answers and, in the last case, an f32 log-weight: 1e-4 covers 2^-24 of 1000 */
    UT_ASSERT(fabs(found.ess / (double)ess[0] - 1) < 1e-4, "ess %.9g, wanted %.9g", found.ess, (double)ess[0]);
    UT_ASSERT(fabs(found.log_mean - (double)log_mean[0]) < 1e-4, "log_mean %.9g, wanted %.9g", found.log_mean,
              (double)log_mean[0]);
}

static void check_bound(ut_bed *bed, const kat_case *c) {
    float p[KAT_MOST], q[KAT_MOST], wanted[KAT_MOST], found;
    int n = kat_floats(c, "p", p);
    UT_ASSERT(kat_floats(c, "q", q) == n, "choices.txt:%d: q", c->line);
    kat_floats(c, "bound", wanted);
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_bound_params call = URN_VERIFY_BOUND_PARAMS_INIT;
    target.logits = urn_matrix_dense(ut_upload(bed, p, 4 * (size_t)n), URN_F32, 1, n, 0);
    draft.logits = urn_matrix_dense(ut_upload(bed, q, 4 * (size_t)n), URN_F32, 1, n, 0);
    call.target = &target, call.draft = &draft;
    call.target_rows = call.draft_rows = URN_ROWS_PROBS;
    call.drafts = (int32_t)kat_value(c, "k"), call.replacement = (int32_t)kat_value(c, "replacement");
    call.bound = (float *)ut_output(bed, 4);
    UT_OK(urn_stream_reserve(bed->stream, urn_verify_bound_workspace(&call)));
    if (!is_here(bed, urn_verify_bound(bed->stream, &call))) return;
    ut_download(bed, call.bound, &found, 4);
    /* from above: ids whose ratio agrees to 6 bits count as alike */
    UT_ASSERT(found > wanted[0] - 1e-6f && found < wanted[0] + 1e-3f, "bound %.7g, wanted %.7g", (double)found,
              (double)wanted[0]);
}

/* property  answers known from other libraries' tests and from enumeration come out
 * why       oracle and backends follow one page: these numbers come from elsewhere */
START_TEST(choices_are_those_known_from_elsewhere) {
    kat_file file;
    kat_case c;
    int cases = 0, state, count = 0;
    ut_bed *beds[4] = {NULL};
    UT_ASSERT(kat_open(&file, "choices.txt"), "cannot read choices.txt");
    FOR_EACH_BACKEND(kind) beds[count++] = ut_open(kind);
    for (; (state = kat_next(&file, &c)) > 0; cases++) {
        for (int b = 0; b < count; b++) {
            ut_note("choices.txt:%d (%s) on %s", c.line, c.path, urn_backend_name(beds[b]->kind));
            if (strcmp(c.name, "topk") == 0)
                check_topk(beds[b], &c);
            else if (strcmp(c.name, "inverse") == 0)
                check_inverse(beds[b], &c);
            else if (strcmp(c.name, "ess") == 0)
                check_ess(beds[b], &c);
            else if (strcmp(c.name, "bound") == 0)
                check_bound(beds[b], &c);
            else
                ut_fail(__FILE__, __LINE__, "no such case");
            ut_clear(beds[b]);
        }
    }
    UT_ASSERT(state == 0 && cases >= 26, "choices.txt: %d cases, then line %d", cases, c.line);
    for (int b = 0; b < count; b++) ut_close(beds[b]);
    kat_close(&file);
}
END_TEST

static double weight_of(int kind, int64_t i, int64_t n) {
    if (kind == 0) return i == n / 3 ? 1.1 : 1;
    if (kind == 1) return i == n / 3 ? 0.9 : 1;
    if (kind == 2) return i == n - 1 ? (double)n : 0.01;
    static const double powers[] = {0.1, 1, 2, 3};
    if (kind < 7) return pow((double)(i + 1), -powers[kind - 3]);
    return i * 7919 % n % 3 == 0 ? 0 : 1 + (double)(i * 7919 % n);
}

/* property  an alias table gives its weights back: what an item holds and is given adds up to n w / T
 * exact     to what cutting weights to integers costs
 * shapes    one heavy, one light, one that holds nearly all, power laws, zeros among shuffled ones; 1 to 20,000 items
 */
START_TEST(alias_tables_give_their_weights_back) {
    static const int64_t sizes[] = {1, 2, 10, 42, 100, 1000, 20000};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int s = 0; s < (kind == URN_BACKEND_SIMT || ut_quick() ? 6 : 7); s++) {
            for (int shape = 0; shape < 8; shape++) {
                int64_t n = sizes[s];
                double *w = (double *)ut_malloc(8 * (size_t)n), total = 0, *back = (double *)ut_malloc(8 * (size_t)n);
                uint64_t *cut = (uint64_t *)ut_malloc(8 * (size_t)n);
                int32_t *alias = (int32_t *)ut_malloc(4 * (size_t)n);
                double most = 0;
                for (int64_t i = 0; i < n; i++) {
                    total += w[i] = n == 1 ? 1 : weight_of(shape, i, n);
                    most = w[i] > most ? w[i] : most;
                }
                /* a weight is cut to 2^-39 of the largest, at most; sums here are of doubles */
                double slack = 1e-12 * (double)n + (double)n * 0x1p-39 * most / total;
                urn_alias_params p = URN_ALIAS_PARAMS_INIT;
                p.weights = urn_weights_dense(ut_upload(bed, w, 8 * (size_t)n), URN_WEIGHT_F64, 1, n);
                p.cut = (uint64_t *)ut_output(bed, 8 * (size_t)n);
                p.alias = (int32_t *)ut_output(bed, 4 * (size_t)n);
                UT_OK(urn_stream_reserve(bed->stream, urn_alias_workspace(1, n)));
                ut_note("%s, shape %d of %lld", urn_backend_name(kind), shape, (long long)n);
                if (is_here(bed, urn_alias_build(bed->stream, &p))) {
                    ut_download(bed, p.cut, cut, 8 * (size_t)n);
                    ut_download(bed, p.alias, alias, 4 * (size_t)n);
                    for (int64_t i = 0; i < n; i++) back[i] = 0;
                    for (int64_t i = 0; i < n; i++) {
                        UT_ASSERT(alias[i] >= 0 && alias[i] < n, "item %lld has alias %d", (long long)i, (int)alias[i]);
                        back[i] += (double)cut[i] * 0x1p-64;
                        back[alias[i]] += 1 - (double)cut[i] * 0x1p-64;
                    }
                    for (int64_t i = 0; i < n; i++) {
                        double wanted = w[i] / total * (double)n;
                        UT_ASSERT(fabs(back[i] - wanted) < slack * (1 + wanted), "item %lld has %.12g, wanted %.12g",
                                  (long long)i, back[i], wanted);
                        UT_ASSERT(w[i] > 0 || back[i] == 0, "item %lld of weight 0 has %.3g", (long long)i, back[i]);
                    }
                }
                ut_clear(bed);
                free(w);
                free(back);
                free(cut);
                free(alias);
            }
        }
        ut_close(bed);
    }
}
END_TEST

Suite *kat_choices_suite(void) {
    Suite *suite = suite_create("kat_choices");
    TCase *tcase = tcase_create("choices");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, choices_are_those_known_from_elsewhere);
    tcase_add_test(tcase, alias_tables_give_their_weights_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
