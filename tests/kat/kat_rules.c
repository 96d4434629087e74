/* kat_rules.c - kept sets and laws of each rule as papers and stacks have them: rules.txt, on every backend and the
 * oracle. Draws with known codes: arithmetic sampling, AriEL, importance weights. */
#include <math.h>

#include "tests/kat/kat_case.h"
#include "tests/oracle.h"

static void expect(const kat_case *c, const ut_draws *found, int64_t cols, const char *who) {
    int32_t kept[KAT_MOST];
    float law[KAT_MOST];
    int n = kat_ints(c, "kept", kept), at = 0;
    UT_ASSERT(kat_floats(c, "law", law) == n, "rules.txt:%d: law", c->line);
    UT_ASSERT(found->status[0] == URN_ROW_OK, "rules.txt:%d (%s) on %s: status %d", c->line, c->path, who,
              found->status[0]);
    for (int64_t i = 0; i < cols; i++) {
        int in = at < n && kept[at] == i, bit = (int)(found->kept_bits[i / 32] >> (i % 32) & 1);
        UT_ASSERT(in == bit, "rules.txt:%d (%s) on %s: id %d is %s", c->line, c->path, who, (int)i,
                  bit ? "kept" : "not kept");
        /* bits.h section 2: 3e-7 + 1e-7 |log2 odds| of each weight, twice, and the sum's */
        double wanted = in ? (double)law[at] : 0, off = fabs((double)found->probs[i] - wanted);
        UT_ASSERT(off <= 4e-6 * wanted, "rules.txt:%d (%s) on %s: id %d has %.9g, not %.9g", c->line, c->path, who,
                  (int)i, (double)found->probs[i], wanted);
        at += in;
    }
    UT_ASSERT(found->kept_count[0] == n, "rules.txt:%d (%s) on %s: kept %d", c->line, c->path, who,
              found->kept_count[0]);
}

/* property  each rule keeps what its paper or stack keeps, with that law; the oracle too
 * why       the oracle and the backends follow one page: these numbers come from elsewhere */
START_TEST(rules_keep_what_they_are_known_to_keep) {
    kat_file file;
    kat_case c;
    int cases = 0, state;
    kat_job *r = (kat_job *)ut_malloc(sizeof *r);
    UT_ASSERT(kat_open(&file, "rules.txt"), "cannot read rules.txt");
    ut_bed *beds[4] = {NULL};
    int count = 0;
    FOR_EACH_BACKEND(kind) beds[count++] = ut_open(kind);
    for (; (state = kat_next(&file, &c)) > 0; cases++) {
        kat_job_read(&c, r);
        ut_note("rules.txt:%d (%s)", c.line, c.path);
        r->job.want = UT_WANT(probs) | UT_WANT(kept_bits) | UT_WANT(kept_count) | UT_WANT(status);
        ut_draws *exact = oracle_draws(&r->job);
        expect(&c, exact, r->job.cols, "the oracle");
        ut_draws_free(exact);
        for (int b = 0; b < count; b++) {
            ut_draws *found = ut_sample_all(beds[b], &r->job);
            expect(&c, found, r->job.cols, urn_backend_name(beds[b]->kind));
            ut_draws_free(found);
        }
    }
    UT_ASSERT(state == 0 && cases >= 120, "rules.txt: %d cases, then line %d", cases, c.line);
    for (int b = 0; b < count; b++) ut_close(beds[b]);
    kat_close(&file);
    free(r);
}
END_TEST

/* ---- codes ---- */

static void logs_of(const double *p, int n, float *x) {
    for (int i = 0; i < n; i++) x[i] = p[i] > 0 ? (float)log(p[i]) : -INFINITY;
}

/* One step of a code over a law: the id, and what is left of the code. */
static int32_t step_of(ut_bed *bed, const double *p, int n, uint64_t *code) {
    float x[8];
    logs_of(p, n, x);
    ut_job job = {.logits = x, .rows = 1, .cols = n, .codes = code};
    job.want = UT_WANT(ids) | UT_WANT(codes_out);
    ut_draws *d = ut_sample_all(bed, &job);
    int32_t id = d->ids[0];
    *code = d->codes_out[0];
    ut_draws_free(d);
    return id;
}

static uint64_t code_of(double c) { return (uint64_t)(c * 0x1p32) << 32; }
static double share_of(uint64_t code) { return (double)code * 0x1p-64; }

static const double first[] = {.6, .4}, second[2][2] = {{.5, .5}, {.25, .75}};

/* property  codes walk a two-letter model as arithmetic sampling says: .65 is (1, 0) with a half left, .2 is (0, 0)
 * with two thirds; AriEL's point (.7, .3) is (1, 1) with (.25, 1/15) left */
START_TEST(codes_walk_the_known_paths) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("%s", urn_backend_name(kind));
        uint64_t code = code_of(.65);
        int32_t a = step_of(bed, first, 2, &code), b = step_of(bed, second[a], 2, &code);
        UT_ASSERT(a == 1 && b == 0 && fabs(share_of(code) - .5) < 2e-6, "(%d, %d), %.9g left", a, b, share_of(code));
        code = code_of(.2);
        a = step_of(bed, first, 2, &code), b = step_of(bed, second[a], 2, &code);
        UT_ASSERT(a == 0 && b == 0 && fabs(share_of(code) - 2. / 3) < 2e-6, "(%d, %d), %.9g left", a, b,
                  share_of(code));
        uint64_t z[2] = {code_of(.7), code_of(.3)};
        a = step_of(bed, first, 2, z), b = step_of(bed, second[a], 2, z + 1);
        UT_ASSERT(a == 1 && b == 1 && fabs(share_of(z[0]) - .25) < 2e-6 && fabs(share_of(z[1]) - 1. / 15) < 2e-6,
                  "(%d, %d), (%.9g, %.9g) left", a, b, share_of(z[0]), share_of(z[1]));
        ut_close(bed);
    }
}
END_TEST

/* property  ten evenly spaced codes give the four texts 3, 3, 1 and 3 times, wherever the first one lies */
START_TEST(a_lattice_of_ten_codes_gives_3_3_1_3) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int shift = 0; shift < 7; shift++) {
            static const int wanted[4] = {3, 3, 1, 3};
            int count[4] = {0};
            for (int i = 0; i < 10; i++) {
                uint64_t code = code_of((i + (shift + .5) / 7) / 10);
                int32_t a = step_of(bed, first, 2, &code), b = step_of(bed, second[a], 2, &code);
                count[2 * a + b]++;
            }
            ut_note("%s shift %d", urn_backend_name(kind), shift);
            UT_SAME_BITS(count, wanted, 4, "counts of texts");
        }
        ut_close(bed);
    }
}
END_TEST

/* Every outcome of three draws, forced by codes in the middle of each id's share; E of the weights, and of how many. */
static void expected_weights(ut_bed *bed, const double *p, float temperature, double *mean, double *unique) {
    float x[3];
    logs_of(p, 3, x);
    double q[3], z = 0, from[3], at = 0;
    for (int i = 0; i < 3; i++) z += q[i] = pow(p[i], 1 / (double)temperature);
    for (int i = 0; i < 3; i++) q[i] /= z, from[i] = at, at += q[i];
    *unique = mean[0] = mean[1] = mean[2] = 0;
    urn_step warm = urn_temperature(urn_f(temperature));
    for (int o = 0; o < 27; o++) {
        int ids[3] = {o % 3, o / 3 % 3, o / 9};
        uint64_t codes[3];
        double chance = 1;
        for (int j = 0; j < 3; j++) codes[j] = code_of(from[ids[j]] + q[ids[j]] / 2), chance *= q[ids[j]];
        ut_job job = {.logits = x, .rows = 1, .cols = 3, .draws = 3, .codes = codes};
        job.want = UT_WANT(ids) | UT_WANT(distinct) | UT_WANT(distinct_id) | UT_WANT(distinct_weight);
        ut_draws *d = ut_sample_steps(bed, &job, &warm, 1);
        for (int j = 0; j < 3; j++) UT_ASSERT(d->ids[j] == ids[j], "outcome %d draw %d: id %d", o, j, d->ids[j]);
        for (int j = 0; j < d->distinct[0]; j++) mean[d->distinct_id[j]] += chance * d->distinct_weight[j];
        *unique += chance * d->distinct[0];
        ut_draws_free(d);
    }
}

/* property  weights count / N times p / q have expectation p at any temperature; 1.732 distinct ids at temperature 1 */
START_TEST(expected_weights_are_the_law) {
    static const double p[] = {.7, .2, .1};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int t = 1; t <= 2; t++) {
            double mean[3], unique;
            expected_weights(bed, p, (float)t, mean, &unique);
            ut_note("%s temperature %d", urn_backend_name(kind), t);
            for (int i = 0; i < 3; i++) UT_ASSERT(fabs(mean[i] - p[i]) < 2e-6, "E of id %d is %.9g", i, mean[i]);
            UT_ASSERT(t > 1 || fabs(unique - 1.732) < 1e-6, "%.9g distinct ids", unique);
        }
        ut_close(bed);
    }
}
END_TEST

Suite *kat_rules_suite(void);
Suite *kat_rules_suite(void) {
    Suite *suite = suite_create("kat_rules");
    TCase *all = tcase_create("backends");
    tcase_set_tags(all, "cpu simt gpu kat");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, rules_keep_what_they_are_known_to_keep);
    tcase_add_test(all, codes_walk_the_known_paths);
    tcase_add_test(all, a_lattice_of_ten_codes_gives_3_3_1_3);
    tcase_add_test(all, expected_weights_are_the_law);
    suite_add_tcase(suite, all);
    return suite;
}
