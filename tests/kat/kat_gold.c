/* kat_gold.c - the bits of every output over the lines of rules.txt: gold.txt, one checksum an output.
 *
 * A changed line means a changed bit: raise URN_BITS_VERSION, then write the file anew, from the oracle, with
 * URN_KAT_WRITE=1 build/test_kat kat_gold. */
#include "tests/kat/kat_case.h"
#include "tests/oracle.h"

/* FNV-1a over bytes. */
static uint64_t checksum(ut_cells cells) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    const unsigned char *at = (const unsigned char *)cells.data;
    for (size_t i = 0; i < cells.n * cells.size; i++) sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* Everything that can be asked for; draws by all three means, one after the other. */
static void ask(ut_job *job, int number, int64_t *kept_offsets, const uint64_t *codes) {
    static const int32_t given[5] = {0, 3, 5, -1, 40};
    job->want = (UINT32_C(1) << UT_OUTPUT_COUNT) - 1;
    job->draws = 6;
    job->seed_value = 20261122, job->position_value = (uint32_t)number;
    job->method = number % 3 == 1 ? URN_DRAW_GUMBEL : URN_DRAW_INVERSE;
    job->codes = number % 3 == 2 ? codes : NULL;
    if (!job->codes) job->want &= ~UT_WANT(codes_out);
    job->given = given, job->given_stride = 5;
    job->top_n = 4, job->top_of = number % 2;
    kept_offsets[0] = 0, kept_offsets[1] = job->cols;
    job->kept_offsets = kept_offsets, job->kept_ids_size = job->cols;
}

static void write_line(FILE *to, const kat_case *c, const ut_draws *d) {
    fprintf(to, "gold line=%d ->", c->line);
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells cells = ut_output_of(d, k, -1);
        if (cells.data) fprintf(to, " %s=0x%016llx", cells.name, (unsigned long long)checksum(cells));
    }
    fprintf(to, "  # %s\n", c->path);
}

static void expect(const kat_case *gold, const ut_draws *d, const char *who) {
    for (int k = 0; k < UT_OUTPUT_COUNT; k++) {
        ut_cells cells = ut_output_of(d, k, -1);
        UT_ASSERT(!cells.data || checksum(cells) == kat_value(gold, cells.name),
                  "gold.txt:%d (rules.txt:%d, %s) on %s: the bits of %s have changed", gold->line,
                  (int)kat_value(gold, "line"), gold->path, who, cells.name);
    }
}

/* property  no bit of any output over the lines of rules.txt has changed since gold.txt was written
 * why       a change of bits is a change of the contract, whether or not all witnesses made it together */
START_TEST(no_bit_has_changed) {
    kat_file rules, golds;
    kat_case c, gold;
    int write = getenv("URN_KAT_WRITE") != NULL, state, number = 0, count = 0;
    uint64_t codes[6];
    ut_rng rng = ut_rng_make(1);
    for (int i = 0; i < 6; i++) codes[i] = i ? ut_u64(&rng) : UINT64_MAX;
    kat_job *r = (kat_job *)ut_malloc(sizeof *r);
    FILE *to = write ? fopen(URN_SOURCE_DIR "/tests/kat/gold.txt", "w") : NULL;
    ut_bed *beds[4] = {NULL};
    UT_ASSERT(kat_open(&rules, "rules.txt"), "cannot read rules.txt");
    UT_ASSERT(write || kat_open(&golds, "gold.txt"), "cannot read gold.txt");
    if (to) fprintf(to, "# gold.txt - checksums of every output over the lines of rules.txt\n# made by kat_gold.c\n\n");
    FOR_EACH_BACKEND(kind) beds[count++] = ut_open(kind);
    for (; (state = kat_next(&rules, &c)) > 0; number++) {
        int64_t kept_offsets[2];
        kat_job_read(&c, r);
        ask(&r->job, number, kept_offsets, codes);
        ut_note("rules.txt:%d (%s)", c.line, c.path);
        ut_draws *exact = oracle_draws(&r->job);
        if (to) write_line(to, &c, exact);
        if (!write) {
            UT_ASSERT(kat_next(&golds, &gold) > 0 && (int)kat_value(&gold, "line") == c.line,
                      "gold.txt has no line for rules.txt:%d", c.line);
            expect(&gold, exact, "the oracle");
        }
        for (int b = 0; b < count && !write; b++) {
            ut_draws *found = ut_sample_all(beds[b], &r->job);
            expect(&gold, found, urn_backend_name(beds[b]->kind));
            ut_draws_free(found);
        }
        ut_draws_free(exact);
    }
    UT_ASSERT(state == 0 && number >= 120, "rules.txt: %d cases, then line %d", number, c.line);
    for (int b = 0; b < count; b++) ut_close(beds[b]);
    if (to) fclose(to);
    if (!write) kat_close(&golds);
    kat_close(&rules);
    free(r);
}
END_TEST

Suite *kat_gold_suite(void);
Suite *kat_gold_suite(void) {
    Suite *suite = suite_create("kat_gold");
    TCase *all = tcase_create("backends");
    tcase_set_tags(all, "cpu simt gpu kat");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, no_bit_has_changed);
    suite_add_tcase(suite, all);
    return suite;
}
