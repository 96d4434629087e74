/* parity_verify.c - every verifier over random chains and trees: the same bytes as the plain-C witness, whatever team
 * takes the rows and walks the requests, in every lane order. */
#include "tests/parity/shapes.h"
#include "tests/parity/verify_calls.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

static const hint hints[] = {
    {"chosen", 0, 0, 0, 0, 300},         {"block of 64", 2, 64, 0, 0, 300}, {"cluster of 2", 3, 64, 2, 0, 1500},
    {"cluster of 4", 3, 32, 4, 0, 3000}, {"streamed", 2, 64, 0, 1, 1500},
};
enum { HINTS = sizeof hints / sizeof *hints, VERIFIERS = URN_VERIFY_SYNTHETIC + 1 };

static void hold_verify(ut_bed *cpu, ut_bed *simt, uint64_t seed, const verify_limits *limits, const char *shape) {
    verify_outputs a = verify_run(cpu, seed, limits), b = verify_run(simt, seed, limits);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", shape, simt_first_fault());
    verify_same(&a, &b, shape);
    verify_free(&a);
    verify_free(&b);
}

/* property  ids, paths, counts, log-probabilities, statuses and counters of each verifier are the same bytes */
START_TEST(verifiers_agree) {
    const hint *h = hints + _i % HINTS;
    int32_t verifier = _i / HINTS;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, _i % 3, 1);
    for (int n = 0; n < ut_loops(60); n++) {
        verify_limits limits = {n % 3 ? 40 : h->cols, verifier, n % 4 ? 8 : 20, n % 2};
        hold_verify(cpu, simt, (uint64_t)(10000 * _i + n), &limits, h->name);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* What the simt backend read of logits in one call over chains of equal rows: target and draft alike, or the draft's
 * mass all at its drafts, which then are never accepted. */
static uint64_t logits_read(ut_bed *simt, int32_t verifier, int alike, int64_t cols, int32_t *accepted) {
    enum { REQUESTS = 3, NODES = 4, ROWS = REQUESTS * NODES };
    float *p = (float *)ut_malloc(4 * (size_t)(ROWS * cols)), *q = (float *)ut_malloc(4 * (size_t)(ROWS * cols));
    int32_t drafts[REQUESTS * (NODES - 1)];
    for (int i = 0; i < REQUESTS * (NODES - 1); i++) drafts[i] = 1;
    for (int64_t r = 0; r < ROWS; r++) {
        ut_fill(p + r * cols, cols, UT_NORMAL, 1, (uint64_t)r);
        p[r * cols + 1] = alike ? 30.0f : -30.0f;
    }
    for (int64_t r = 0; r < ROWS; r++) ut_fill(q + r * cols, cols, UT_NORMAL, 1, (uint64_t)r), q[r * cols + 1] = 30.0f;
    urn_sample_params target = URN_SAMPLE_PARAMS_INIT, draft = URN_SAMPLE_PARAMS_INIT;
    urn_verify_params params = URN_VERIFY_PARAMS_INIT;
    size_t bytes = 4 * (size_t)(ROWS * cols);
    target.logits = urn_matrix_dense(ut_upload(simt, p, bytes), URN_F32, ROWS, cols, 0);
    draft.logits = urn_matrix_dense(ut_upload(simt, q, bytes), URN_F32, REQUESTS * (NODES - 1), cols, 0);
    params.verifier = verifier, params.requests = REQUESTS, params.nodes = NODES, params.depth = NODES - 1;
    params.target = &target, params.draft = &draft;
    params.drafts = (const int32_t *)ut_upload(simt, drafts, sizeof drafts);
    params.ids = (int32_t *)ut_output(simt, 4 * ROWS), params.accepted = (int32_t *)ut_output(simt, 4 * REQUESTS);
    UT_OK(urn_stream_reserve(simt->stream, urn_verify_workspace(&params)));
    simt_clear_bytes();
    UT_OK(urn_verify(simt->stream, &params));
    int32_t counts[REQUESTS];
    ut_download(simt, params.accepted, counts, sizeof counts);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    *accepted = counts[0] + counts[1] + counts[2];
    uint64_t read = simt_bytes(TAG_LOGITS).read;
    ut_clear(simt);
    free(p), free(q);
    return read;
}

/* property  where all drafts are accepted, every row of logits is read once, and single elements besides; where a
 *           request's first draft is rejected, its two rows once more, and 1/256 of them for the draw */
START_TEST(verification_reads_rows_once) {
    enum { COLS = 30000, ROWS = 12 + 9 };
    ut_bed *simt = ut_open(URN_BACKEND_SIMT);
    static const int32_t verifiers[] = {URN_VERIFY_CHAIN, URN_VERIFY_BLOCK, URN_VERIFY_MULTISTEP};
    int32_t accepted;
    uint64_t once = (uint64_t)ROWS * COLS * 4, pair = 2 * COLS * 4;
    for (int i = 0; i < 3; i++) {
        ut_note("verifier %d", verifiers[i]);
        uint64_t read = logits_read(simt, verifiers[i], 1, COLS, &accepted);
        UT_ASSERT(accepted == 9, "%d drafts were accepted", accepted);
        UT_ASSERT(read >= once && read <= once + 20000, "read %llu bytes of %llu", (unsigned long long)read,
                  (unsigned long long)once);
        read = logits_read(simt, verifiers[i], 0, COLS, &accepted);
        UT_ASSERT(accepted == 0, "%d drafts were accepted", accepted);
        UT_ASSERT(read >= once + 3 * pair && read <= once + 3 * pair + 3 * pair / 16, "read %llu bytes; rows have %llu",
                  (unsigned long long)read, (unsigned long long)once);
    }
    ut_close(simt);
}
END_TEST

Suite *parity_verify_suite(void);
Suite *parity_verify_suite(void) {
    Suite *suite = suite_create("parity_verify");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, verifiers_agree, 0, HINTS * VERIFIERS);
    tcase_add_test(tcase, verification_reads_rows_once);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_verify_suite(void);
Suite *parity_verify_suite(void) { return suite_create("parity_verify (no simt backend)"); }

#endif
