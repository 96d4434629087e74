/* unit_bits_teams.c - a row that threads share gives, for every step and every output, what one thread gives. */
#include <string.h>

#include "tests/urn_test.h"

#define COLS 262147 /* threads share rows of this length; a last group that is not full */

static ut_bed *open_threads(int threads) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_CPU;
    params.threads = threads;
    return ut_open_with(&params);
}

/* property  1, 2 and 3 threads a row: the same bytes of every output, for every keep step and link, for draws by keys
 *           and by inverse; values spread and tied
 * why       tallies are merged in the order in which threads finish, and a best or a rank is one thread's until then */
START_TEST(teams_change_no_bit) {
    static const char *const lists[] = {"none",         "top_a=0.01",    "epsilon=1e-6",      "eta=1e-5",
                                        "typical=0.5",  "tail_free=0.9", "top_n_sigma=2",     "xtc=1:0.0001",
                                        "mirostat=14",  "mirostat_v1=9", "top_p=0.9,xtc=1:0", "typical=0.9,top_k=40",
                                        "sparsemax",    "tsallis=3",     "inverse_gap=5",     "quadratic=0.1:1.2",
                                        "temperature=0"};
    float *x = ut_malloc(COLS * sizeof *x);
    int32_t given[40];
    int64_t kept_offsets[2] = {0, 50};
    for (int i = 0; i < 40; i++) given[i] = i * 6553;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        urn_step steps[URN_MAX_STEPS];
        int32_t count;
        UT_OK(urn_steps_parse(lists[l], steps, &count));
        ut_fill(x, COLS, l % 2 ? UT_TIES : UT_NORMAL, 2.0, l);
        ut_job job = {.logits = x,
                      .rows = 1,
                      .cols = COLS,
                      .draws = l % 3 ? 30 : 3,
                      .seed_value = 9 + l,
                      .method = l % 3 ? URN_DRAW_INVERSE : URN_DRAW_GUMBEL,
                      .given = given,
                      .given_stride = 40,
                      .top_n = 20,
                      .top_of = l % 2 ? URN_LAW_RAW : URN_LAW_DRAWN,
                      .kept_offsets = kept_offsets,
                      .kept_ids_size = 50,
                      .want = UINT32_MAX & ~UT_WANT(codes_out)};
        ut_draws *found[3];
        for (int threads = 1; threads <= 3; threads++) {
            ut_bed *bed = open_threads(threads);
            found[threads - 1] = ut_sample_steps(bed, &job, steps, count);
            ut_close(bed);
        }
        ut_note("%s", lists[l]);
        UT_ASSERT(found[0]->status[0] == URN_ROW_OK, "status %d", found[0]->status[0]);
        UT_SAME_DRAWS(found[1], found[0], "two threads and one");
        UT_SAME_DRAWS(found[2], found[0], "three threads and one");
        for (int t = 0; t < 3; t++) ut_draws_free(found[t]);
    }
    free(x);
}
END_TEST

Suite *unit_bits_teams_suite(void);
Suite *unit_bits_teams_suite(void) {
    Suite *suite = suite_create("unit_bits_teams");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, teams_change_no_bit);
    suite_add_tcase(suite, cpu);
    return suite;
}
