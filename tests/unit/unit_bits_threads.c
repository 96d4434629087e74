/* unit_bits_threads.c - how many threads, how much workspace and which arithmetic the caller had change no bit. */
#include <math.h>

#include "host/cpu/cpu_calls.h"
#include "tests/urn_test.h"
#if defined(__SSE__)
#include <immintrin.h>
#endif

#define ROWS 5
#define DRAWS 3

typedef struct {
    int32_t ids[ROWS * DRAWS], rank[ROWS * DRAWS], kept_count[ROWS], status[ROWS];
    float logprob[ROWS * DRAWS], logprob_raw[ROWS * DRAWS], lse[ROWS], entropy[ROWS], kept_logmass[ROWS];
} outputs;

typedef struct {
    urn_step steps[5];
    int32_t begin[4];
    urn_lists_view lists;
    int32_t list[ROWS];
    float *x;
    int64_t cols;
} job;

static urn_step step(int32_t op, float f, int32_t i) {
    urn_step s;
    memset(&s, 0, sizeof s);
    s.op = op;
    s.param[0].f = f;
    s.param[0].i = i;
    return s;
}

/* Three lists: plain, a stack, a T so large that c is subnormal; rows with subnormal logits, a NaN row. */
static void make_job(job *j, int64_t cols) {
    static const int32_t list[ROWS] = {0, 1, 2, 1, 0}, begin[4] = {0, 1, 4, 5};
    memset(j, 0, sizeof *j);
    j->steps[0] = step(URN_OP_TEMPERATURE, 0.8f, 0);
    j->steps[1] = step(URN_OP_TOP_P, 0.9f, 0);
    j->steps[2] = step(URN_OP_TEMPERATURE, 0.7f, 0);
    j->steps[3] = step(URN_OP_MIN_P, 0.01f, 0);
    j->steps[4] = step(URN_OP_TEMPERATURE, 3e38f, 0);
    memcpy(j->begin, begin, sizeof begin);
    memcpy(j->list, list, sizeof list);
    j->lists.steps = j->steps;
    j->lists.begin = j->begin;
    j->lists.count = 3;
    j->cols = cols;
    j->x = ut_malloc((size_t)(ROWS * cols) * sizeof *j->x);
    ut_fill(j->x, ROWS * cols, UT_NORMAL, 2.0, 99);
    for (int64_t i = 0; i < cols; i++) j->x[2 * cols + i] = (float)(i % 977) * 0x1p-149f + (i % 5 ? 0.0f : 1e38f);
    j->x[4 * cols + cols / 2] = NAN;
}

static void run(const job *j, int threads, size_t shares, outputs *out) {
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    size_t bytes = urnc_sample_workspace(1, j->cols, 0) * shares;
    void *workspace = ut_malloc(bytes);
    memset(out, 0xca, sizeof *out);
    p.logits = urn_matrix_dense(j->x, URN_F32, ROWS, j->cols, j->cols);
    p.slots = ROWS;
    p.draws = DRAWS;
    p.list = j->list;
    p.seed_value = 5;
    p.ids = out->ids, p.rank = out->rank, p.logprob = out->logprob, p.logprob_raw = out->logprob_raw;
    p.lse = out->lse, p.entropy = out->entropy, p.kept_logmass = out->kept_logmass;
    p.kept_count = out->kept_count, p.status = out->status;
    urnc_sample(&p, &j->lists, NULL, workspace, bytes, threads);
    free(workspace);
}

/* property  1, 2, 3, 8 and 1,000 threads, over rows or over one row, with all shares of workspace or one, agree
 * shapes    700 columns: too small for threads; 7,001: rows over threads; 262,147: threads share each row */
START_TEST(threads_change_no_bit) {
    static const int64_t cols[] = {700, 7001, 262147};
    static const int threads[] = {2, 3, 8, 1000};
    for (int c = 0; c < 3; c++) {
        job j;
        outputs one, many;
        make_job(&j, cols[c]);
        run(&j, 1, 1, &one);
        UT_ASSERT(one.status[0] == URN_ROW_OK && one.status[2] == URN_ROW_OK && one.status[4] == URN_ROW_NAN,
                  "statuses");
        for (int t = 0; t < 4; t++)
            for (size_t shares = 1; shares <= ROWS; shares += ROWS - 1) {
                run(&j, threads[t], shares, &many);
                ut_note("%lld columns, %d threads, %zu shares", (long long)cols[c], threads[t], shares);
                UT_SAME_BITS((uint32_t *)&many, (uint32_t *)&one, sizeof one / 4, "outputs");
            }
        free(j.x);
    }
}
END_TEST

#if defined(__SSE__)
/* property  a caller whose thread rounds up, flushes subnormals and reads them as zero gets the same bits, and its own
 *           setting back, sticky flags included; so do worker threads */
START_TEST(caller_arithmetic_changes_no_bit) {
    static const unsigned settings[] = {0x1f80u | 0x8040u | 0x4000u, 0x1f80u | 0x2000u, 0x1f80u | 0x6000u | 0x3fu,
                                        0x1f80u | 0x8000u};
    /* 3 threads: rows over threads, which start with the caller's setting and keep it; then 8 share those rows */
    static const int counts[] = {1, 3, 8};
    job j;
    outputs usual, other;
    make_job(&j, 262147);
    run(&j, 1, ROWS, &usual);
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++)
        for (int k = 0; k < 3; k++) {
            int threads = counts[k];
            unsigned before = _mm_getcsr(), after;
            _mm_setcsr(settings[s]);
            run(&j, threads, ROWS, &other);
            after = _mm_getcsr();
            _mm_setcsr(before);
            ut_note("MXCSR 0x%04x, %d threads", settings[s], threads);
            UT_ASSERT(after == settings[s], "MXCSR came back as 0x%04x", after);
            UT_SAME_BITS((uint32_t *)&other, (uint32_t *)&usual, sizeof usual / 4, "outputs");
        }
    free(j.x);
}
END_TEST
#endif

/* property  the workspace is pure and monotone in both sizes, and stops growing with rows where threads do */
START_TEST(workspace_is_monotone) {
    size_t last = 0;
    for (int64_t cols = 1; cols < 5000000; cols += cols / 7 + 1) {
        size_t one = urnc_sample_workspace(1, cols, 0);
        UT_ASSERT(one >= last && one % 256 == 0, "cols %lld", (long long)cols);
        UT_ASSERT(one <= (size_t)cols * 2 + 4096, "%zu bytes for %lld columns", one, (long long)cols);
        last = one;
    }
    for (int64_t rows = 1; rows < 100; rows++)
        UT_ASSERT(urnc_sample_workspace(rows, 999, 0) <= urnc_sample_workspace(rows + 1, 999, 0), "rows %lld",
                  (long long)rows);
    ck_assert_uint_eq(urnc_sample_workspace(64, 999, 0), urnc_sample_workspace(INT64_C(1) << 40, 999, 0));
}
END_TEST

Suite *unit_bits_threads_suite(void);
Suite *unit_bits_threads_suite(void) {
    Suite *suite = suite_create("unit_bits_threads");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, threads_change_no_bit);
#if defined(__SSE__)
    tcase_add_test(cpu, caller_arithmetic_changes_no_bit);
#endif
    tcase_add_test(cpu, workspace_is_monotone);
    suite_add_tcase(suite, cpu);
    return suite;
}
