/* prop_rows.c - a row's answer is its own: batch, slot, order, layout, dtype, threads and bad neighbours change
 * nothing. */
#include <math.h>

#include "tests/prop/prop_case.h"

enum { ROWS = 64 };

/* property  a mixed batch gives every request what it gets alone, byte for byte
 * why       continuous batching: lists, seeds, masks, greedy rows and padding side by side
 * shapes    up to 64 rows of up to 300 against one f32 row with scalar parameters at another alignment */
START_TEST(a_request_gets_in_a_batch_what_it_gets_alone) {
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        int cases = ut_loops(kind == URN_BACKEND_SIMT ? 6 : 40);
        for (uint64_t seed = 5000; seed < 5000 + (uint64_t)cases; seed++) {
            prop_case *c = prop_case_make(seed, ROWS, 300);
            ut_draws *batch = ut_sample_all(bed, &c->job);
            for (int64_t r = 0; r < batch->rows; r++) {
                int dead = batch->status[r] & (URN_ROW_INDEX | URN_ROW_PADDING | URN_ROW_PARAM);
                if (dead || (c->job.offsets && c->job.offsets[r] == c->job.offsets[r + 1])) continue;
                prop_case *one = prop_case_alone(&c->job, r);
                ut_draws *alone = ut_sample_all(bed, &one->job);
                UT_SAME_ROW(batch, r, alone, 0, urn_backend_name(kind));
                ut_draws_free(alone);
                prop_case_free(one);
            }
            ut_draws_free(batch);
            prop_case_free(c);
        }
        ut_close(bed);
    }
}
END_TEST

/* One row of logits, repeated or alone, with seed and label fixed: what the next tests vary around. */
static const float *plain_rows(int64_t rows, int64_t cols, uint64_t seed) {
    float *x = (float *)ut_malloc(4 * (size_t)(rows * cols));
    ut_note("seed %llu, %lld rows of %lld", (unsigned long long)seed, (long long)rows, (long long)cols);
    ut_fill(x, rows * cols, UT_NORMAL, 2, seed);
    return x;
}

static urn_step usual_steps[3];

static const urn_list *usual_list(void) {
    static urn_list list;
    usual_steps[0] = urn_temperature(urn_f(0.8f));
    usual_steps[1] = urn_top_p(urn_f(0.95f));
    usual_steps[2] = urn_min_p(urn_f(0.02f));
    list.steps = usual_steps;
    list.count = 3;
    return &list;
}

/* property  the same row in every slot of a batch of 64 gives one answer
 * why       an index of a row, block or lane that leaks into the result shows here */
START_TEST(any_slot_gives_the_same_bytes) {
    FOR_EACH_BACKEND(kind) {
        static const int64_t lengths[] = {7, 1000, 5003};
        ut_bed *bed = ut_open(kind);
        for (int i = 0; i < 3; i++) {
            const float *x = plain_rows(1, lengths[i], 11);
            int32_t index[ROWS] = {0};
            uint64_t label[ROWS];
            for (int r = 0; r < ROWS; r++) label[r] = 99;
            ut_job job = {.logits = x, .rows = 1, .cols = lengths[i], .seed_value = 5, .label = label, .draws = 3};
            job.lists = usual_list();
            job.list_count = 1;
            ut_draws *alone = ut_sample_all(bed, &job);
            job.rows = ROWS;
            job.row_index = index;
            job.data_rows = 1;
            ut_draws *batch = ut_sample_all(bed, &job);
            for (int64_t r = 0; r < ROWS; r++) UT_SAME_ROW(batch, r, alone, 0, urn_backend_name(kind));
            ut_draws_free(alone);
            ut_draws_free(batch);
            free((void *)x);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  permuted rows (labels moving with them) give permuted results and nothing else */
START_TEST(permuted_rows_give_permuted_results) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 777 };
        ut_bed *bed = ut_open(kind);
        const float *x = plain_rows(ROWS, COLS, 21);
        int32_t order[ROWS];
        uint64_t label[ROWS], moved[ROWS];
        float *y = (float *)ut_malloc(4 * ROWS * COLS);
        for (int r = 0; r < ROWS; r++) {
            order[r] = (r * 29 + 17) % ROWS;
            label[r] = 1000 + (uint64_t)r;
            moved[r] = 1000 + (uint64_t)order[r];
            memcpy(y + r * COLS, x + order[r] * COLS, 4 * COLS);
        }
        ut_job job = {.logits = x, .rows = ROWS, .cols = COLS, .label = label, .seed_value = 3, .draws = 2};
        job.lists = usual_list();
        job.list_count = 1;
        ut_draws *before = ut_sample_all(bed, &job);
        job.logits = y;
        job.label = moved;
        ut_draws *after = ut_sample_all(bed, &job);
        for (int r = 0; r < ROWS; r++) UT_SAME_ROW(after, r, before, order[r], urn_backend_name(kind));
        ut_draws_free(before);
        ut_draws_free(after);
        free((void *)x);
        free(y);
        ut_close(bed);
    }
}
END_TEST

/* property  stride, alignment, row index, ragged offsets and dtype of the same values change no bit
 * why       heads and tails of vector loads are the usual place for an element read twice or not at all */
START_TEST(layout_changes_nothing) {
    FOR_EACH_BACKEND(kind) {
        enum { N = 5, COLS = 333, STRIDE = 341 };
        ut_bed *bed = ut_open(kind);
        float *x = (float *)plain_rows(N, COLS, 31), *wide = (float *)ut_malloc(4 * N * STRIDE);
        ut_round(x, N * COLS, URN_BF16);
        ut_round(x, N * COLS, URN_F16); /* bf16 has fewer bits, f16 less range: now both hold every value */
        uint16_t half[N * COLS];
        int64_t offsets[N + 1];
        int32_t index[N];
        uint64_t label[N];
        for (int i = 0; i < N * STRIDE; i++) wide[i] = NAN; /* what lies between rows must not be looked at */
        for (int r = 0; r <= N; r++) offsets[r] = r * COLS;
        for (int r = 0; r < N; r++) {
            memcpy(wide + r * STRIDE, x + r * COLS, 4 * COLS);
            index[r] = r;
            label[r] = (uint64_t)r;
        }
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .seed_value = 8, .label = label, .draws = 4};
        job.lists = usual_list();
        job.list_count = 1;
        ut_draws *plain = ut_sample_all(bed, &job);
        for (int way = 0; way < 13; way++) {
            ut_job other = job;
            if (way < 4) other.misalign = 4 * (size_t)(way + 1);
            if (way == 4) other.logits = wide, other.row_stride = STRIDE;
            if (way == 5) other.row_index = index, other.data_rows = N;
            if (way == 6) other.offsets = offsets, other.data_size = N * COLS;
            if (way == 7) other.offsets = offsets, other.data_size = N * COLS, other.cols = 2 * COLS;
            if (way >= 8) {
                other.dtype = way < 10 ? URN_F16 : URN_BF16;
                ut_pack(x, N * COLS, other.dtype, half);
                other.logits = half;
                other.misalign = 2 * (size_t)(way % 5);
            }
            ut_draws *found = ut_sample_all(bed, &other);
            ut_note("seed 31, way %d", way);
            UT_SAME_DRAWS(found, plain, urn_backend_name(kind));
            ut_draws_free(found);
        }
        ut_draws_free(plain);
        free(x);
        free(wide);
        ut_close(bed);
    }
}
END_TEST

/* property  NaN, +inf, all -inf, bad parameters, bad slots and padding leave every other row as it was
 * why       a status shared by a block, or a sum poisoned by one row, breaks a whole batch of requests */
START_TEST(bad_rows_do_not_disturb_their_neighbours) {
    FOR_EACH_BACKEND(kind) {
        enum { COLS = 200 };
        static const int32_t wanted[] = {0,
                                         URN_ROW_NAN,
                                         0,
                                         URN_ROW_INF,
                                         URN_ROW_EMPTY,
                                         0,
                                         URN_ROW_PARAM,
                                         URN_ROW_PARAM,
                                         0,
                                         URN_ROW_INDEX,
                                         URN_ROW_PADDING,
                                         0};
        enum { N = sizeof wanted / sizeof *wanted };
        ut_bed *bed = ut_open(kind);
        float *x = (float *)plain_rows(N, COLS, 41);
        float temperature[N], top_p[N];
        int32_t slot[N], slot_good[N];
        for (int r = 0; r < N; r++) temperature[r] = 0.7f, top_p[r] = 0.9f, slot[r] = slot_good[r] = r;
        urn_step steps[] = {urn_temperature(urn_f_by(URN_BY_ROW, temperature)),
                            urn_top_p(urn_f_by(URN_BY_SLOT, top_p))};
        urn_list list = {steps, 2};
        ut_job job = {.logits = x, .rows = N, .cols = COLS, .lists = &list, .list_count = 1, .slot = slot_good};
        ut_draws *good = ut_sample_all(bed, &job);
        x[1 * COLS + COLS - 1] = NAN;
        x[3 * COLS + 0] = INFINITY;
        for (int i = 0; i < COLS; i++) x[4 * COLS + i] = -INFINITY;
        temperature[6] = NAN;
        top_p[7] = 1.5f;
        slot[9] = N;
        slot[10] = -1;
        job.slot = slot;
        ut_draws *mixed = ut_sample_all(bed, &job);
        for (int r = 0; r < N; r++) {
            UT_ASSERT(mixed->status[r] == wanted[r], "row %d: status %d, wanted %d", r, mixed->status[r], wanted[r]);
            UT_ASSERT(good->status[r] == URN_ROW_OK, "row %d: status %d before it was spoiled", r, good->status[r]);
            if (wanted[r] == URN_ROW_OK) UT_SAME_ROW(mixed, r, good, r, urn_backend_name(kind));
            if (wanted[r] == URN_ROW_OK) continue;
            const uint32_t bits = URN_NAN_BITS;
            UT_ASSERT(mixed->ids[r] == -1 && mixed->rank[r] == -1 && mixed->kept_count[r] == 0, "row %d: id %d", r,
                      mixed->ids[r]);
            ut_same_bits(__FILE__, __LINE__, mixed->lse + r, &bits, 1, 4, "lse of a bad row");
            ut_same_bits(__FILE__, __LINE__, mixed->logprob + r, &bits, 1, 4, "logprob of a bad row");
            ut_same_bits(__FILE__, __LINE__, mixed->entropy + r, &bits, 1, 4, "entropy of a bad row");
        }
        ut_draws_free(good);
        ut_draws_free(mixed);
        free(x);
        ut_close(bed);
    }
}
END_TEST

/* property  a second run, and any number of threads, give the same bytes */
START_TEST(threads_and_repetition_change_nothing) {
    static const urn_backend_kind kinds[] = {URN_BACKEND_CPU, URN_BACKEND_SIMT};
    for (int k = 0; k < 2; k++) {
        if (!ut_has_backend(kinds[k])) continue;
        int64_t rows = 3, cols = kinds[k] == URN_BACKEND_CPU ? 70001 : 9001;
        const float *x = plain_rows(rows, cols, 51);
        ut_job job = {.logits = x, .rows = rows, .cols = cols, .seed_value = 51, .draws = 5};
        job.lists = usual_list();
        job.list_count = 1;
        ut_draws *first = NULL;
        for (int threads = 1; threads <= 3; threads++) {
            urn_ctx_params params = URN_CTX_PARAMS_INIT;
            params.backend = kinds[k];
            params.threads = threads;
            ut_bed *bed = ut_open_with(&params);
            for (int run = 0; run < 2; run++) {
                ut_draws *again = ut_sample_all(bed, &job);
                ut_note("seed 51, %lld rows of %lld, %d threads, run %d", (long long)rows, (long long)cols, threads,
                        run);
                if (first) UT_SAME_DRAWS(again, first, urn_backend_name(kinds[k]));
                if (first) ut_draws_free(again);
                if (!first) first = again;
            }
            ut_close(bed);
        }
        ut_draws_free(first);
        free((void *)x);
    }
}
END_TEST

Suite *prop_rows_suite(void) {
    Suite *suite = suite_create("prop_rows");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, a_request_gets_in_a_batch_what_it_gets_alone);
    tcase_add_test(tcase, any_slot_gives_the_same_bytes);
    tcase_add_test(tcase, permuted_rows_give_permuted_results);
    tcase_add_test(tcase, layout_changes_nothing);
    tcase_add_test(tcase, bad_rows_do_not_disturb_their_neighbours);
    tcase_add_test(tcase, threads_and_repetition_change_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
