/* parity_reads.c - what the full form reads: each logit of a resident row once, whatever the steps and outputs. */
#include "tests/urn_test.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

typedef struct place {
    const char *name;
    int32_t team, threads, cluster;
    int64_t cols; /* longest rows that it holds */
} place;

static const place places[] = {{"chosen", 0, 0, 0, 30001},
                               {"warp", 1, 64, 0, 1000},
                               {"block", 2, 96, 0, 30001},
                               {"cluster", 3, 64, 4, 30001},
                               {"crew", 4, 64, 4, 30001}};
enum { PLACES = sizeof places / sizeof *places };

static uint64_t bytes_read(ut_bed *simt, const ut_job *job, const urn_step *steps, int32_t count) {
    simt_clear_bytes();
    ut_draws_free(ut_sample_steps(simt, job, steps, count));
    return simt_bytes(TAG_LOGITS).read;
}

/* property  with keep steps of every kind and every output, each logit of a resident row is read once; where values
 *           change too, once more at most for the ranks of up to 32 draws, and a warp's one element for each raw output
 * of a draw shapes    rows of 1 to 30001, each team that holds a row, misaligned, three dtypes  */
START_TEST(the_full_form_reads_resident_logits_once) {
    static const int64_t cols[] = {1, 33, 1000, 4099, 30001};
    static const urn_dtype dtypes[] = {URN_F32, URN_F16, URN_BF16};
    enum { ROWS = 2, DRAWS = 3 };
    const place *at = places + _i;
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 2;
    params.hint.team = at->team, params.hint.threads = at->threads, params.hint.cluster = at->cluster;
    ut_bed *simt = ut_open_with(&params);
    urn_step ties = urn_top_k(urn_i(400));
    ties.flags = URN_STEP_TIES;
    const urn_step keeps[] = {ties,
                              urn_top_n_sigma(urn_f(2.5f)),
                              urn_tail_free(urn_f(0.99f)),
                              urn_xtc(urn_f(0.9f), urn_f(0.1f)),
                              urn_typical(urn_f(0.95f)),
                              urn_mirostat_v1(urn_f(6.0f)),
                              urn_dynamic_temperature(urn_f(1.0f), urn_f(0.5f), urn_f(1.0f)),
                              urn_top_a(urn_f(0.01f)),
                              urn_epsilon(urn_f(1e-4f)),
                              urn_eta(urn_f(1e-3f)),
                              urn_mirostat(urn_f(9.0f))};
    const urn_step values[] = {urn_temperature(urn_f(0.8f)), urn_quadratic(urn_f(0.3f), urn_f(1.0f)),
                               urn_quadratic_score(urn_f(0.1f), urn_f(0.0f), urn_f(2.0f)), urn_sparsemax(),
                               urn_top_p(urn_f(0.9f))};
    for (int i = 0; i < 5; i++) {
        urn_dtype dtype = dtypes[(i + _i) % 3];
        int64_t n = cols[i], stride = n + 5, size = (int64_t)urn_dtype_size(dtype);
        if (n > at->cols) continue;
        ut_note("%s cols %lld dtype %d", at->name, (long long)n, (int)dtype);
        float *x = (float *)ut_malloc(4 * (size_t)(ROWS * stride));
        void *packed = ut_malloc(4 * (size_t)(ROWS * stride));
        ut_fill(x, ROWS * stride, UT_TIES, 3, 5);
        ut_pack(x, ROWS * stride, dtype, packed);
        const int64_t kept_offsets[] = {0, 40, 80};
        ut_job job = {.logits = packed, .dtype = dtype, .rows = ROWS, .cols = n, .row_stride = stride, .draws = DRAWS};
        job.misalign = (size_t)(i * size);
        job.top_n = 20;
        job.kept_offsets = kept_offsets;
        job.kept_ids_size = 80;
        job.want = UT_WANT_CLASSIC | UT_WANT(distinct_id) | UT_WANT(distinct_weight) | UT_WANT(top_id) |
                   UT_WANT(top_logprob) | UT_WANT(summary) | UT_WANT(kept_bits) | UT_WANT(kept_ids) | UT_WANT(probs) |
                   UT_WANT(processed);
        uint64_t once = (uint64_t)(ROWS * n * size), some = (uint64_t)(ROWS * DRAWS * 40 * size);
        uint64_t read = bytes_read(simt, &job, keeps, (int32_t)(sizeof keeps / sizeof *keeps));
        UT_ASSERT(read == once, "keep steps read %llu bytes of logits, %llu exist", (unsigned long long)read,
                  (unsigned long long)once);
        read = bytes_read(simt, &job, values, (int32_t)(sizeof values / sizeof *values));
        UT_ASSERT(read <= 2 * once + some, "with ranks %llu bytes of %llu", (unsigned long long)read,
                  (unsigned long long)once);
        job.want &= ~(UT_WANT(rank) | UT_WANT(logprob_raw) | UT_WANT(distinct_weight));
        read = bytes_read(simt, &job, values, (int32_t)(sizeof values / sizeof *values));
        UT_ASSERT(read == once, "value steps read %llu bytes of logits, %llu exist", (unsigned long long)read,
                  (unsigned long long)once);
        free(packed);
        free(x);
    }
    ut_close(simt);
}
END_TEST

/* property  rows that no cluster holds are read once too, up to the longest there are, whatever the steps
 * shapes    2^20 and 2^22 f32: crews of 22 and of 87 blocks of 227 KB; the full form takes more */
START_TEST(the_longest_rows_are_read_once) {
    static const int64_t cols[] = {(1 << 20) - 3, 1 << 22};
    const urn_step plain[] = {urn_temperature(urn_f(0.8f))};
    const urn_step keeps[] = {urn_top_k(urn_i(5000)), urn_temperature(urn_f(0.8f)), urn_top_p(urn_f(0.9f)),
                              urn_min_p(urn_f(0.01f))};
    const urn_step full[] = {urn_epsilon(urn_f(1e-6f)), urn_quadratic(urn_f(0.3f), urn_f(1.0f))};
    const urn_step *lists[] = {plain, keeps, full};
    static const int32_t counts[] = {1, 4, 2};
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 1;
    params.hint.threads = 64;
    int64_t n = cols[_i / 3];
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = ut_open_with(&params);
    float *x = (float *)ut_malloc(4 * (size_t)n);
    ut_fill(x, n, UT_NORMAL, 3, 5);
    ut_job job = {.logits = x, .dtype = URN_F32, .rows = 1, .cols = n, .draws = 2};
    job.want = UT_WANT_CLASSIC & ~(UT_WANT(rank) | UT_WANT(logprob_raw)); /* of values as given */
    ut_draws *a = ut_sample_steps(cpu, &job, lists[_i % 3], counts[_i % 3]);
    simt_clear_bytes();
    ut_draws *b = ut_sample_steps(simt, &job, lists[_i % 3], counts[_i % 3]);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    UT_SAME_DRAWS(a, b, "cpu and simt");
    UT_ASSERT(simt_bytes(TAG_LOGITS).read == 4 * (uint64_t)n, "list %d: %llu bytes of logits read, %lld exist", _i % 3,
              (unsigned long long)simt_bytes(TAG_LOGITS).read, (long long)(4 * n));
    ut_draws_free(a);
    ut_draws_free(b);
    free(x);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  a row that is longer than all shared memory together is read three times at most by lists of the classic
 *           steps: what shared memory holds of it is read once
 * shapes    2^22 f32 on 132 blocks of 99 KB, which hold half of it  */
START_TEST(rows_past_shared_memory_are_read_three_times) {
    enum { COLS = 1 << 22 };
    static const char *const names[] = {"top-p of a flat law", "top-p of a steep law", "top-k, then top-p and min-p"};
    urn_step lists[3][4] = {{urn_top_p(urn_f(0.9f))},
                            {urn_temperature(urn_f(0.3f)), urn_top_p(urn_f(0.9f))},
                            {urn_top_k(urn_i(5000)), urn_top_p(urn_f(0.9f)), urn_min_p(urn_f(0.01f))}};
    static const int32_t counts[] = {1, 2, 3};
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 1;
    params.simt_shared = 101376;
    params.hint.threads = 64;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = ut_open_with(&params);
    float *x = (float *)ut_malloc(4 * (size_t)COLS);
    ut_fill(x, COLS, UT_NORMAL, 3, 5);
    ut_job job = {.logits = x, .dtype = URN_F32, .rows = 1, .cols = COLS, .draws = 2};
    job.want = UT_WANT(ids) | UT_WANT(logprob) | UT_WANT(kept_count);
    ut_draws *a = ut_sample_steps(cpu, &job, lists[_i], counts[_i]);
    simt_clear_bytes();
    ut_draws *b = ut_sample_steps(simt, &job, lists[_i], counts[_i]);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    UT_SAME_DRAWS(a, b, "cpu and simt");
    double reads = (double)simt_bytes(TAG_LOGITS).read / (4.0 * COLS);
    UT_ASSERT(reads > 1 && reads <= 3, "%s: the row is read %.2f times", names[_i], reads);
    ut_draws_free(a);
    ut_draws_free(b);
    free(x);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

Suite *parity_reads_suite(void);
Suite *parity_reads_suite(void) {
    Suite *suite = suite_create("parity_reads");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, the_full_form_reads_resident_logits_once, 0, PLACES);
    tcase_add_loop_test(tcase, the_longest_rows_are_read_once, 0, 6);
    tcase_add_loop_test(tcase, rows_past_shared_memory_are_read_three_times, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_reads_suite(void);
Suite *parity_reads_suite(void) { return suite_create("parity_reads (no simt backend)"); }

#endif
