/* stat_verify.c - what verifiers emit has the target's law; how often they accept; wrong ones are rejected. */
#include <math.h>

#include "tests/stat/verify_game.h"

/* How drafts are made, for a verifier that is lossless for them. */
static const struct {
    const char *name;
    int32_t verifier;
    game_drafts drafts;
    int children, depth;
    int lossless;
} games[] = {
    {"match", URN_VERIFY_MATCH, GAME_WITHOUT, 2, 2, 1},
    {"match, any drafts", URN_VERIFY_MATCH, GAME_FIXED, 2, 2, 1},
    {"chain", URN_VERIFY_CHAIN, GAME_WITHOUT, 1, 2, 1},
    {"recursive", URN_VERIFY_RECURSIVE, GAME_WITHOUT, 2, 2, 1},
    {"recursive, three", URN_VERIFY_RECURSIVE, GAME_WITHOUT, 3, 1, 1},
    {"recursive, without laws", URN_VERIFY_RECURSIVE, GAME_FIXED, 2, 2, 1},
    {"block", URN_VERIFY_BLOCK, GAME_WITHOUT, 1, 2, 1},
    {"traversal", URN_VERIFY_TRAVERSAL, GAME_WITHOUT, 2, 2, 1},
    {"traversal, three", URN_VERIFY_TRAVERSAL, GAME_WITHOUT, 3, 1, 1},
    {"traversal, without laws", URN_VERIFY_TRAVERSAL, GAME_FIXED, 2, 2, 1},
    {"multistep", URN_VERIFY_MULTISTEP, GAME_WITH, 2, 2, 1},
    {"multistep, three", URN_VERIFY_MULTISTEP, GAME_WITH, 3, 1, 1},
    {"k-seq", URN_VERIFY_KSEQ, GAME_WITH, 2, 2, 1},
    {"k-seq, three", URN_VERIFY_KSEQ, GAME_WITH, 3, 1, 1},
    {"greedy drafts", URN_VERIFY_GREEDY_DRAFTS, GAME_GREEDY, 2, 2, 1},
    {"greedy drafts, three", URN_VERIFY_GREEDY_DRAFTS, GAME_GREEDY, 3, 1, 1},
    {"importance", URN_VERIFY_IMPORTANCE, GAME_WITH, 2, 2, 1},
    {"importance, three", URN_VERIFY_IMPORTANCE, GAME_WITH, 3, 1, 1},
    {"target only", URN_VERIFY_TARGET_ONLY, GAME_WITHOUT, 2, 2, 1},
    {"target only, any drafts", URN_VERIFY_TARGET_ONLY, GAME_FIXED, 3, 1, 1},
    /* twins are left out, and what is left is drawn without replacement, however many that are */
    {"recursive, drawn with replacement", URN_VERIFY_RECURSIVE, GAME_WITH, 3, 1, 1},
    {"traversal, drawn with replacement", URN_VERIFY_TRAVERSAL, GAME_WITH, 2, 2, 1},
    /* lossy ones, and drafts that are not what the verifier wants */
    {"typical", URN_VERIFY_TYPICAL, GAME_WITHOUT, 2, 2, 0},
    {"synthetic", URN_VERIFY_SYNTHETIC, GAME_WITHOUT, 2, 2, 0},
    {"multistep, drawn without replacement", URN_VERIFY_MULTISTEP, GAME_WITHOUT, 3, 1, 0},
    {"k-seq, drawn without replacement", URN_VERIFY_KSEQ, GAME_WITHOUT, 3, 1, 0},
    {"chain, drafts from a shared word", URN_VERIFY_CHAIN, GAME_SHARED_WORD, 1, 2, 0},
};

/* property  emitted tokens, completed by the target's own draws, have the target's law; lossy verifiers' have not
 * why       losslessness is the one promise of speculative decoding; it must not depend on how near the laws are
 * design    2^16 requests, 4 ids, laws that depend on the context: chi-square over the 16 (depth 1: 4) sequences of two
 *           tokens; false alarms 1e-6; every game marked lossy must be rejected by the same statistic */
START_TEST(emitted_tokens_have_the_targets_law) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t requests = kind == URN_BACKEND_SIMT ? 1 << 7 : ut_quick() ? 1 << 12 : 1 << 16;
        game_law law;
        game_law_make(&law, 3);
        for (size_t g = 0; g < sizeof games / sizeof *games; g++) {
            game_result found;
            ut_note("%s, %s, %lld requests", urn_backend_name(kind), games[g].name, (long long)requests);
            if (!games[g].lossless && requests < 1 << 16) continue; /* too few to reject surely */
            int here = game_play(bed, &law, games[g].verifier, games[g].drafts, games[g].children, games[g].depth,
                                 requests, (uint64_t)(100 + g), &found);
            if (!here) break;
            double p = game_p(&law, &found, games[g].depth);
            if (games[g].lossless) UT_ASSERT(p > STAT_ALPHA, "chi-square p-value %.3g", p);
            if (!games[g].lossless) UT_ASSERT(p < STAT_ALPHA, "passes with p-value %.3g", p);
            game_result_free(&found);
        }
        ut_close(bed);
    }
}
END_TEST

/* Acceptance of one node's drafts, p = (.4, .1, .3, .2), q = (.1, .4, .25, .25): by enumeration and linear programs. */
static const struct {
    const char *name;
    int32_t verifier;
    game_drafts drafts;
    int children;
    double rate;
} rates[] = {
    {"chain", URN_VERIFY_CHAIN, GAME_WITHOUT, 1, 0.65},
    {"block of one", URN_VERIFY_BLOCK, GAME_WITHOUT, 1, 0.65},
    {"recursive 2", URN_VERIFY_RECURSIVE, GAME_WITHOUT, 2, 0.75666667},
    {"recursive 3", URN_VERIFY_RECURSIVE, GAME_WITHOUT, 3, 0.82537415},
    {"recursive 4", URN_VERIFY_RECURSIVE, GAME_WITHOUT, 4, 1.0},
    {"multistep 2", URN_VERIFY_MULTISTEP, GAME_WITH, 2, 0.735},
    {"multistep 3", URN_VERIFY_MULTISTEP, GAME_WITH, 3, 0.7615},
    {"k-seq 2", URN_VERIFY_KSEQ, GAME_WITH, 2, 0.75},
    {"k-seq 3", URN_VERIFY_KSEQ, GAME_WITH, 3, 0.79394997},
    {"greedy drafts 2", URN_VERIFY_GREEDY_DRAFTS, GAME_GREEDY, 2, 0.76666667},
    {"greedy drafts 3", URN_VERIFY_GREEDY_DRAFTS, GAME_GREEDY, 3, 0.88571429},
    {"importance 2", URN_VERIFY_IMPORTANCE, GAME_WITH, 2, 0.79},
    {"target only, children 0 and 1", URN_VERIFY_TARGET_ONLY, GAME_FIXED, 2, 0.5},
};

/* property  first drafts are accepted as often as the theory says
 * why       a lossless verifier that accepts less is a slow one, and no law shows it
 * design    2^17 requests; z of the count; false alarms 1e-6; sees a rate that is off by 0.012. K-SEQ's factor is
 *           rounded up by at most 2^-10, which costs its rate less than 0.0005. A residual may give a draft's id too,
 *           which is accepted as well: that is counted in the rates of K-SEQ and greedy drafts */
START_TEST(drafts_are_accepted_as_often_as_theory_says) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t requests = kind == URN_BACKEND_SIMT ? 1 << 7 : ut_quick() ? 1 << 12 : 1 << 17;
        game_law law;
        game_law_fixed(&law);
        for (size_t g = 0; g < sizeof rates / sizeof *rates; g++) {
            game_result found;
            ut_note("%s, %s, %lld requests", urn_backend_name(kind), rates[g].name, (long long)requests);
            if (!game_play(bed, &law, rates[g].verifier, rates[g].drafts, rates[g].children, 1, requests,
                           (uint64_t)(300 + g), &found))
                break;
            double n = (double)requests, rate = rates[g].rate, taken = 0;
            for (int64_t b = 0; b < requests; b++) taken += found.accepted[b];
            double spread = sqrt(n * rate * (1 - rate)) + 1e-9, z = (taken - n * rate) / spread;
            if (rate == 1.0) UT_ASSERT(taken == n, "%lld of %lld", (long long)taken, (long long)n);
            if (rate < 1)
                UT_ASSERT(stat_normal_p(z) > STAT_ALPHA, "rate %.5f, wanted %.5f: z %.2f", taken / n, rate, z);
            game_result_free(&found);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  block and traversal verification accept what theory says of context-free laws, and more than the walk
 * design    2^17 requests, z of the mean number accepted with its own standard error; false alarms 1e-6 */
START_TEST(blocks_accept_more_than_walks) {
    static const struct {
        const char *name;
        int32_t verifier;
        int ids, children;
        double p[3], q[3], wanted;
    } cases[] = {{"walk, chain", URN_VERIFY_CHAIN, 2, 1, {1 / 3.0, 2 / 3.0, 0}, {2 / 3.0, 1 / 3.0, 0}, 10 / 9.0},
                 {"block", URN_VERIFY_BLOCK, 2, 1, {1 / 3.0, 2 / 3.0, 0}, {2 / 3.0, 1 / 3.0, 0}, 11 / 9.0},
                 {"walk, 1 x 1", URN_VERIFY_RECURSIVE, 3, 1, {0.5, 0.3, 0.2}, {0.2, 0.3, 0.5}, 1.19},
                 {"traversal, 1 x 1", URN_VERIFY_TRAVERSAL, 3, 1, {0.5, 0.3, 0.2}, {0.2, 0.3, 0.5}, 1.25},
                 {"walk, 2 x 2", URN_VERIFY_RECURSIVE, 3, 2, {0.5, 0.3, 0.2}, {0.2, 0.3, 0.5}, 1.4924},
                 {"traversal, 2 x 2", URN_VERIFY_TRAVERSAL, 3, 2, {0.5, 0.3, 0.2}, {0.2, 0.3, 0.5}, 1.5284}};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int64_t requests = kind == URN_BACKEND_SIMT ? 1 << 7 : ut_quick() ? 1 << 12 : 1 << 17;
        for (size_t g = 0; g < sizeof cases / sizeof *cases; g++) {
            game_law law;
            game_result found;
            game_law_free(&law, cases[g].p, cases[g].q, cases[g].ids);
            ut_note("%s, %s, %lld requests", urn_backend_name(kind), cases[g].name, (long long)requests);
            if (!game_play(bed, &law, cases[g].verifier, GAME_WITHOUT, cases[g].children, 2, requests,
                           (uint64_t)(500 + g), &found))
                break;
            double n = (double)requests, sum = 0, squares = 0;
            for (int64_t b = 0; b < requests; b++) {
                sum += found.accepted[b];
                squares += (double)found.accepted[b] * found.accepted[b];
            }
            double mean = sum / n, z = (mean - cases[g].wanted) / sqrt((squares / n - mean * mean) / n);
            UT_ASSERT(stat_normal_p(z) > STAT_ALPHA, "mean %.5f, wanted %.5f: z %.2f", mean, cases[g].wanted, z);
            game_result_free(&found);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  the statistic rejects verifiers that shipped wrong somewhere, and accepts a right one of the tests' own */
START_TEST(wrong_verifiers_are_rejected) {
    game_law law;
    game_law_make(&law, 3);
    for (int kind = WRONG_VERIFIER_NOT; kind <= WRONG_VERIFIER_BLOCK_PRODUCT; kind++) {
        game_result found;
        wrong_verify((wrong_verifier)kind, &law, 1 << 16, &found);
        double p = game_p(&law, &found, 2);
        ut_note("wrong verifier %d", kind);
        UT_ASSERT((p > STAT_ALPHA) == (kind == WRONG_VERIFIER_NOT), "p-value %.3g", p);
        game_result_free(&found);
    }
}
END_TEST

/* property  a coin of 0 does not accept a draft that the target cannot give; the largest coin accepts one with p >= q
 * why       `u <= p / q` accepts ids of probability 0 once in 2^24 draws */
START_TEST(edges_of_coins_are_strict) {
    const float p[2][2] = {{-INFINITY, 0}, {0, -1}}, q[2] = {0, 0}, far[2] = {0, -3};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int high = 0; high < 2; high++) {
            int32_t verifiers[] = {URN_VERIFY_CHAIN,      URN_VERIFY_BLOCK,         URN_VERIFY_MULTISTEP,
                                   URN_VERIFY_KSEQ,       URN_VERIFY_GREEDY_DRAFTS, URN_VERIFY_IMPORTANCE,
                                   URN_VERIFY_TARGET_ONLY};
            for (int v = 0; v < (high ? 6 : 7); v++) {
                float rows[4] = {p[high][0], p[high][1], 0, 0}, draft[2] = {q[0], high ? q[1] : far[1]};
                int32_t token[1] = {0}, ids[2];
                uint64_t coin[2] = {high ? UINT64_MAX : 0, high ? UINT64_MAX : 0};
                urn_verify_params call = URN_VERIFY_PARAMS_INIT;
                urn_sample_params target = URN_SAMPLE_PARAMS_INIT, drafter = URN_SAMPLE_PARAMS_INIT;
                target.logits = urn_matrix_dense(ut_upload(bed, rows, sizeof rows), URN_F32, 2, 2, 0);
                drafter.logits = urn_matrix_dense(ut_upload(bed, draft, sizeof draft), URN_F32, 1, 2, 0);
                call.verifier = verifiers[v], call.requests = 1, call.nodes = 2, call.depth = 1;
                call.target = &target, call.draft = &drafter;
                call.drafts = (const int32_t *)ut_upload(bed, token, sizeof token);
                call.coins = (const uint64_t *)ut_upload(bed, coin, sizeof coin);
                call.ids = (int32_t *)ut_output(bed, sizeof ids);
                UT_OK(urn_stream_reserve(bed->stream, urn_verify_workspace(&call)));
                urn_status status = urn_verify(bed->stream, &call);
                if (status == URN_E_BACKEND && kind != URN_BACKEND_CPU) {
                    ut_clear(bed);
                    break;
                }
                UT_OK(status);
                ut_download(bed, call.ids, ids, sizeof ids);
                ut_note("%s, verifier %d, high %d", urn_backend_name(kind), (int)verifiers[v], high);
                UT_ASSERT(ids[0] == (high ? 0 : 1) && (ids[1] >= 0) == high, "ids %d %d", (int)ids[0], (int)ids[1]);
                ut_clear(bed);
            }
        }
        ut_close(bed);
    }
}
END_TEST

Suite *stat_verify_suite(void) {
    Suite *suite = suite_create("stat_verify");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, emitted_tokens_have_the_targets_law);
    tcase_add_test(tcase, drafts_are_accepted_as_often_as_theory_says);
    tcase_add_test(tcase, blocks_accept_more_than_walks);
    tcase_add_test(tcase, wrong_verifiers_are_rejected);
    tcase_add_test(tcase, edges_of_coins_are_strict);
    suite_add_tcase(suite, tcase);
    return suite;
}
