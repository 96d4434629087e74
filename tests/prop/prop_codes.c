/* prop_codes.c - draws by code, checked on numbers worked out by hand: arithmetic sampling (Vilnis et al. 2023), AriEL
 * (Celotti et al. 2019), and the importance weights of random-sampling distillation. */
#include <math.h>

#include "tests/urn_test.h"

static uint64_t code_of(double c) { return (uint64_t)(c * 0x1p64); }
static double value_of(uint64_t code) { return (double)code * 0x1p-64; }

/* Laws of a model of two words: the first word's, the second's after 0, the second's after 1. */
static const double model[3][2] = {{0.6, 0.4}, {0.5, 0.5}, {0.25, 0.75}};

/* Row r draws its word by law[r] and codes[r], and leaves the rest of the code. */
static void step(ut_bed *bed, int rows, const int *law, uint64_t *codes, int32_t *word) {
    float x[64];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < 2; i++) x[2 * r + i] = (float)log(model[law[r]][i]);
    ut_job job = {.logits = x, .rows = rows, .cols = 2, .codes = codes};
    job.want = UT_WANT(ids) | UT_WANT(codes_out) | UT_WANT(status);
    ut_draws *d = ut_sample_all(bed, &job);
    for (int r = 0; r < rows; r++) {
        UT_ASSERT(d->status[r] == 0, "row %d has status %d", r, d->status[r]);
        codes[r] = d->codes_out[r], word[r] = d->ids[r];
    }
    ut_draws_free(d);
}

/* property  codes 0.65 and 0.2 give the words 1, 0 and 0, 0 and leave 0.5 and 2/3; ten codes (i + 0.5) / 10 give each
 *           pair of words 3, 3, 1 and 3 times
 * why       the share of a code that is left must be again uniform, or the second word is not from its law */
START_TEST(a_code_is_spent_word_by_word) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        uint64_t codes[12] = {code_of(0.65), code_of(0.2)};
        int law[12] = {0};
        int32_t first[12], second[12], count[4] = {0};
        for (int i = 0; i < 10; i++) codes[2 + i] = code_of((i + 0.5) / 10);
        step(bed, 12, law, codes, first);
        for (int r = 0; r < 12; r++) law[r] = 1 + first[r];
        step(bed, 12, law, codes, second);
        UT_ASSERT(first[0] == 1 && second[0] == 0 && fabs(value_of(codes[0]) - 0.5) < 1e-5, "code 0.65 leaves %.9f",
                  value_of(codes[0]));
        UT_ASSERT(first[1] == 0 && second[1] == 0 && fabs(value_of(codes[1]) - 2 / 3.0) < 1e-5, "code 0.2 leaves %.9f",
                  value_of(codes[1]));
        for (int i = 2; i < 12; i++) count[2 * first[i] + second[i]]++;
        UT_ASSERT(count[0] == 3 && count[1] == 3 && count[2] == 1 && count[3] == 3, "pairs come %d, %d, %d, %d times",
                  count[0], count[1], count[2], count[3]);
        ut_close(bed);
    }
}
END_TEST

/* property  the point (0.7, 0.3), its axes taken in turn, is the words 1, 1 and leaves (0.25, 0.0666667) */
START_TEST(axes_of_a_point_are_spent_in_turn) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        uint64_t axis[2] = {code_of(0.7), code_of(0.3)};
        int law = 0;
        int32_t first, second;
        step(bed, 1, &law, axis, &first);
        law = 1 + first;
        step(bed, 1, &law, axis + 1, &second);
        UT_ASSERT(first == 1 && second == 1, "words %d, %d", first, second);
        UT_ASSERT(fabs(value_of(axis[0]) - 0.25) < 1e-5 && fabs(value_of(axis[1]) - 1 / 15.0) < 1e-5,
                  "(%.9f, %.9f) is left", value_of(axis[0]), value_of(axis[1]));
        ut_close(bed);
    }
}
END_TEST

/* property  drawing from p^0.5 / Z, count / N * p / q has mean p, id by id; without temperature it is count / N
 * why       weights normalised by their own sum would give 0.645, 0.230, 0.125 here (N = 3)
 * shapes    p = 0.7, 0.2, 0.1; N = 3 by every triple of a lattice of codes */
START_TEST(weights_of_distinct_ids_have_mean_p) {
    static const double p[3] = {0.7, 0.2, 0.1}, q[3] = {0.52287938, 0.27949079, 0.19762983};
    enum { LATTICE = 18, TRIPLES = LATTICE * LATTICE * LATTICE };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float x[3];
        uint64_t *codes = (uint64_t *)ut_malloc(8 * 3 * TRIPLES);
        for (int i = 0; i < 3; i++) x[i] = (float)log(p[i]);
        for (int t = 0; t < 2; t++) {
            int n[3] = {0};
            for (int i = 0; i < LATTICE; i++) { /* how often the lattice hits each id: the law that is drawn from */
                double c = (i + 0.5) / LATTICE;
                const double *law = t ? p : q;
                n[c < law[0] ? 0 : c < law[0] + law[1] ? 1 : 2]++;
            }
            for (int i = 0; i < TRIPLES; i++)
                for (int j = 0, at = i; j < 3; j++, at /= LATTICE)
                    codes[3 * i + j] = code_of((at % LATTICE + 0.5) / LATTICE);
            urn_step half = urn_temperature(urn_f(t ? 1.0f : 2.0f));
            ut_job job = {.logits = x, .rows = TRIPLES, .cols = 3, .draws = 3, .codes = codes};
            int32_t *index = (int32_t *)ut_malloc(4 * TRIPLES);
            memset(index, 0, 4 * TRIPLES);
            job.row_index = index, job.data_rows = 1;
            job.want = UT_WANT(distinct_id) | UT_WANT(distinct_count) | UT_WANT(distinct_weight) | UT_WANT(distinct);
            ut_draws *d = ut_sample_steps(bed, &job, &half, 1);
            double mean[3] = {0};
            for (int i = 0; i < 3 * TRIPLES; i++) {
                int32_t id = d->distinct_id[i];
                if (id < 0) continue;
                UT_ASSERT(id < 3 && d->distinct_count[i] >= 1, "place %d: id %d, %d times", i, id,
                          d->distinct_count[i]);
                double w = d->distinct_count[i] / 3.0 * (t ? 1 : p[id] / q[id]);
                UT_ASSERT(fabs(d->distinct_weight[i] - w) < 1e-6, "place %d: weight %.9g, not %.9g", i,
                          (double)d->distinct_weight[i], w);
                mean[id] += (double)d->distinct_weight[i] / TRIPLES;
            }
            for (int i = 0; i < 3; i++) { /* the lattice's share of an id in place of q */
                double wanted = (double)n[i] / LATTICE * (t ? 1 : p[i] / q[i]);
                UT_ASSERT(fabs(mean[i] - wanted) < 1e-6, "id %d: mean weight %.9f, not %.9f", i, mean[i], wanted);
            }
            ut_draws_free(d);
            free(index);
        }
        free(codes);
        ut_close(bed);
    }
}
END_TEST

Suite *prop_codes_suite(void);
Suite *prop_codes_suite(void) {
    Suite *suite = suite_create("prop_codes");
    TCase *tcase = tcase_create("codes");
    tcase_set_tags(tcase, "prop");
    tcase_add_test(tcase, a_code_is_spent_word_by_word);
    tcase_add_test(tcase, axes_of_a_point_are_spent_in_turn);
    tcase_add_test(tcase, weights_of_distinct_ids_have_mean_p);
    suite_add_tcase(suite, tcase);
    return suite;
}
