/* unit_bits_rules.c - numbers worked out by hand: what each keep rule leaves of a six-id law, and codes that are drawn
 * with. Through the public call, on every backend. */
#include <math.h>

#include "tests/urn_test.h"

/* ln of (.40, .25, .15, .10, .06, .04). */
static const float p6[6] = {-0.91629073f, -1.38629436f, -1.89711998f, -2.30258509f, -2.81341072f, -3.21887582f};

/* A coin that always falls for XTC, and its threshold. */
#define XTC(threshold) urn_xtc(urn_f(1.0f), urn_f(threshold))

/* The ids left, as bits. */
static uint32_t kept_of(ut_bed *bed, const float *x, int64_t n, const urn_step *steps, int32_t count) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_list list = {steps, count};
    urn_sampler *sampler;
    uint32_t kept;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    p.logits = urn_matrix_dense(ut_upload(bed, x, (size_t)n * sizeof *x), URN_F32, 1, n, n);
    p.sampler = sampler;
    p.kept_bits = ut_output(bed, sizeof kept);
    p.kept_bits_stride = 1;
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, 1, n)));
    UT_OK(urn_sample(bed->stream, &p));
    ut_download(bed, p.kept_bits, &kept, sizeof kept);
    ut_clear(bed);
    urn_sampler_destroy(sampler);
    return kept;
}

/* property  each rule keeps of p6 the ids that were worked out by hand; top-n-sigma the same ones at T = 2
 * why       two implementations and an oracle could read one page wrongly in the same way */
START_TEST(rules_keep_what_was_worked_out) {
    const struct {
        const char *name;
        urn_step step;
        uint32_t kept;
    } cases[] = {
        {"top_a .5", urn_top_a(urn_f(0.5f)), 0x0f},
        {"top_a 1", urn_top_a(urn_f(1.0f)), 0x03},
        {"epsilon .05", urn_epsilon(urn_f(0.05f)), 0x1f},
        {"epsilon .2", urn_epsilon(urn_f(0.2f)), 0x03},
        {"epsilon .9: the first", urn_epsilon(urn_f(0.9f)), 0x01},
        {"eta .05", urn_eta(urn_f(0.05f)), 0x1f},
        {"eta .1", urn_eta(urn_f(0.1f)), 0x0f},
        {"eta .2", urn_eta(urn_f(0.2f)), 0x0f},
        {"typical .2", urn_typical(urn_f(0.2f)), 0x02},
        {"typical .5", urn_typical(urn_f(0.5f)), 0x07},
        {"typical .85", urn_typical(urn_f(0.85f)), 0x0f},
        {"tail_free .5", urn_tail_free(urn_f(0.5f)), 0x03},
        {"tail_free .8", urn_tail_free(urn_f(0.8f)), 0x07},
        {"tail_free .9", urn_tail_free(urn_f(0.9f)), 0x0f},
        {"tail_free .95", urn_tail_free(urn_f(0.95f)), 0x0f},
        {"tail_free 0: the first", urn_tail_free(urn_f(0.0f)), 0x01},
        {"top_n_sigma 1", urn_top_n_sigma(urn_f(1.0f)), 0x03},
        {"top_n_sigma 1.5", urn_top_n_sigma(urn_f(1.5f)), 0x07},
        {"top_n_sigma 2", urn_top_n_sigma(urn_f(2.0f)), 0x0f},
        {"xtc .09: 3, 4 and 5 stay", XTC(0.09f), 0x38},
        {"xtc .3: one id alone stays", XTC(0.3f), 0x3f},
        {"mirostat 3", urn_mirostat(urn_f(3.0f)), 0x07},
        {"mirostat 0: the first", urn_mirostat(urn_f(0.0f)), 0x01},
        {"mirostat_v1 1: 1.14", urn_mirostat_v1(urn_f(1.0f)), 0x01},
        {"mirostat_v1 2: 2.24", urn_mirostat_v1(urn_f(2.0f)), 0x03},
        {"mirostat_v1 6: 32.8", urn_mirostat_v1(urn_f(6.0f)), 0x3f},
    };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            uint32_t kept = kept_of(bed, p6, 6, &cases[i].step, 1);
            UT_ASSERT(kept == cases[i].kept, "%s: kept 0x%02x, not 0x%02x", cases[i].name, kept, cases[i].kept);
            urn_step hot[2] = {urn_temperature(urn_f(2.0f)), cases[i].step};
            if (cases[i].step.op != URN_OP_TOP_N_SIGMA) continue;
            kept = kept_of(bed, p6, 6, hot, 2);
            UT_ASSERT(kept == cases[i].kept, "%s at T = 2: kept 0x%02x", cases[i].name, kept);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  with ties, ids equal to the last one kept stay; without, the smaller ids do */
START_TEST(ties_stay_where_they_are_asked_to) {
    static const float x[6] = {0, 1, 1, 1, 0, 0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int ties = 0; ties < 2; ties++) {
            urn_step k = urn_top_k(urn_i(2)), p = urn_top_p(urn_f(0.2f));
            k.flags = p.flags = ties ? URN_STEP_TIES : 0;
            uint32_t by_k = kept_of(bed, x, 6, &k, 1), by_p = kept_of(bed, x, 6, &p, 1);
            UT_ASSERT(by_k == (ties ? 0x0e : 0x06), "top_k 2, ties %d: 0x%02x", ties, by_k);
            UT_ASSERT(by_p == (ties ? 0x0e : 0x02), "top_p .2, ties %d: 0x%02x", ties, by_p);
        }
        ut_close(bed);
    }
}
END_TEST

/* A model of two letters: first (.6, .4), then (.5, .5) after a 0 and (.25, .75) after a 1. The weights in it are exact
 * enough that no code used here lies within 1e-6 of a boundary. */
static const float model[3][2] = {
    {-0.51082562f, -0.91629073f}, {-0.69314718f, -0.69314718f}, {-1.38629436f, -0.28768207f}};

/* Draw one letter a row with codes; the row's law is model[law]. */
static void step_codes(ut_bed *bed, int n, const int *law, uint64_t *codes, int32_t *ids) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    float x[64];
    for (int i = 0; i < n; i++) memcpy(x + 2 * i, model[law[i]], sizeof model[0]);
    p.logits = urn_matrix_dense(ut_upload(bed, x, sizeof *x * 2 * (size_t)n), URN_F32, n, 2, 2);
    p.codes = ut_upload(bed, codes, sizeof *codes * (size_t)n);
    p.codes_out = ut_output(bed, sizeof *codes * (size_t)n);
    p.ids = ut_output(bed, sizeof *ids * (size_t)n);
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(NULL, n, 2)));
    UT_OK(urn_sample(bed->stream, &p));
    ut_download(bed, p.ids, ids, sizeof *ids * (size_t)n);
    ut_download(bed, p.codes_out, codes, sizeof *codes * (size_t)n);
    ut_clear(bed);
}

static uint64_t code_of(double u) { return (uint64_t)(u * 0x1p32) << 32; }
static double unit_of(uint64_t code) { return (double)code * 0x1p-64; }

/* property  arithmetic sampling: a code walks to the sequence whose interval holds it, and a lattice of ten codes gives
 *           every sequence its floor or its ceiling of 10 P, for any shift
 * why       what a draw leaves of its code must be the next draw's uniform, or the lattice falls apart */
START_TEST(codes_walk_the_lattice) {
    static const int after[2] = {1, 2};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        uint64_t codes[10] = {code_of(0.65), code_of(0.2)};
        int law[10] = {0};
        int32_t first[10], second[10];
        step_codes(bed, 2, law, codes, first);
        for (int i = 0; i < 2; i++) law[i] = after[first[i]];
        step_codes(bed, 2, law, codes, second);
        UT_ASSERT(first[0] == 1 && second[0] == 0 && fabs(unit_of(codes[0]) - 0.5) < 1e-5, "0.65: %d %d, %.9f left",
                  first[0], second[0], unit_of(codes[0]));
        UT_ASSERT(first[1] == 0 && second[1] == 0 && fabs(unit_of(codes[1]) - 2.0 / 3) < 1e-5, "0.2: %d %d, %.9f left",
                  first[1], second[1], unit_of(codes[1]));
        for (int shift = 1; shift < 10; shift++) {
            int count[4] = {0};
            for (int i = 0; i < 10; i++) codes[i] = code_of((i + 0.1 * shift) / 10), law[i] = 0;
            step_codes(bed, 10, law, codes, first);
            for (int i = 0; i < 10; i++) law[i] = after[first[i]];
            step_codes(bed, 10, law, codes, second);
            for (int i = 0; i < 10; i++) count[2 * first[i] + second[i]]++;
            UT_ASSERT(count[0] == 3 && count[1] == 3 && count[2] == 1 && count[3] == 3, "shift %d: %d %d %d %d", shift,
                      count[0], count[1], count[2], count[3]);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  AriEL in two dimensions: the point (.7, .3) is the sequence (1, 1) with (.25, .0667) left */
START_TEST(codes_take_turns_by_dimension) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        uint64_t codes[2] = {code_of(0.7), code_of(0.3)};
        int law = 0;
        int32_t first, second;
        step_codes(bed, 1, &law, &codes[0], &first);
        law = 2;
        step_codes(bed, 1, &law, &codes[1], &second);
        UT_ASSERT(first == 1 && second == 1, "letters %d %d", first, second);
        UT_ASSERT(fabs(unit_of(codes[0]) - 0.25) < 1e-5 && fabs(unit_of(codes[1]) - 0.06666667) < 1e-5,
                  "%.9f %.9f left", unit_of(codes[0]), unit_of(codes[1]));
        ut_close(bed);
    }
}
END_TEST

Suite *unit_bits_rules_suite(void);
Suite *unit_bits_rules_suite(void) {
    Suite *suite = suite_create("unit_bits_rules");
    TCase *any = tcase_create("any");
    tcase_set_tags(any, "simt cpu gpu");
    tcase_set_timeout(any, 60);
    tcase_add_test(any, rules_keep_what_was_worked_out);
    tcase_add_test(any, ties_stay_where_they_are_asked_to);
    tcase_add_test(any, codes_walk_the_lattice);
    tcase_add_test(any, codes_take_turns_by_dimension);
    suite_add_tcase(suite, any);
    return suite;
}
