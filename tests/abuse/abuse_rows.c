/* abuse_rows.c - rows that are bad in every way that device memory allows: each says why, none disturbs another. */
#include "tests/abuse/abuse_args.h"

#include <math.h>
#include <stdio.h>

enum { MOST = 80, TABLE = 3 }; /* rows at most; rows of the mask table: 0 all ones, 1 half, 2 all zeros */

/* A batch: one row of logits, one slot and one set of parameters a row. */
typedef struct batch {
    int64_t rows, cols, stride;
    float *x; /* [rows, stride] */
    uint32_t *words;
    int64_t words_stride;
    int32_t slot[MOST], list[MOST], top_k[MOST], map[MOST];
    float temperature[MOST], top_p[MOST], min_p[MOST];
    uint64_t seed[MOST], label[MOST];
    uint32_t position[MOST];
} batch;

/* Ways to be bad, or to look bad and be good (status 0). `at` is the row; its slot is b->slot[at]. */
#define WAYS(X)                                                                                                        \
    X(nan_first, URN_ROW_NAN, row[0] = NAN)                                                                            \
    X(nan_last, URN_ROW_NAN, row[last] = -NAN)                                                                         \
    X(nan_masked, URN_ROW_NAN, (row[last] = NAN, b->map[at] = 1))                                                      \
    X(inf_first, URN_ROW_INF, row[0] = INFINITY)                                                                       \
    X(inf_last, URN_ROW_INF, row[last] = INFINITY)                                                                     \
    X(all_minus_inf, URN_ROW_EMPTY, fill(row, b->cols, -INFINITY))                                                     \
    X(all_nan, URN_ROW_NAN, fill(row, b->cols, NAN))                                                                   \
    X(all_masked, URN_ROW_EMPTY, b->map[at] = 2)                                                                       \
    X(one_possible, 0, (fill(row, b->cols, -INFINITY), row[last] = -6e4f, b->map[at] = -1))                            \
    X(all_equal, 0, fill(row, b->cols, 65504))                                                                         \
    X(p_nan, URN_ROW_PARAM, b->top_p[at] = NAN)                                                                        \
    X(p_below, URN_ROW_PARAM, b->top_p[at] = -1)                                                                       \
    X(p_above, URN_ROW_PARAM, b->top_p[at] = 1.5f)                                                                     \
    X(p_zero, 0, b->top_p[at] = 0)                                                                                     \
    X(p_one, 0, b->top_p[at] = 1)                                                                                      \
    X(k_below, URN_ROW_PARAM, b->top_k[at] = -5)                                                                       \
    X(k_least, URN_ROW_PARAM, b->top_k[at] = INT32_MIN)                                                                \
    X(k_most, 0, b->top_k[at] = INT32_MAX)                                                                             \
    X(k_past_row, 0, b->top_k[at] = (int32_t)b->cols + 1)                                                              \
    X(k_neutral, 0, b->top_k[at] = -1)                                                                                 \
    X(m_nan, URN_ROW_PARAM, b->min_p[at] = NAN)                                                                        \
    X(m_above, URN_ROW_PARAM, b->min_p[at] = 2)                                                                        \
    X(m_one, 0, b->min_p[at] = 1)                                                                                      \
    X(t_nan, URN_ROW_PARAM, b->temperature[at] = NAN)                                                                  \
    X(t_below, URN_ROW_PARAM, b->temperature[at] = -1)                                                                 \
    X(t_inf, URN_ROW_PARAM, b->temperature[at] = INFINITY)                                                             \
    X(t_zero, 0, b->temperature[at] = 0)                                                                               \
    X(t_tiny, 0, b->temperature[at] = 1e-40f)                                                                          \
    X(param_before_logits, URN_ROW_PARAM, (row[0] = NAN, b->top_p[at] = 7))                                            \
    X(padding, URN_ROW_PADDING, b->slot[at] = -1)                                                                      \
    X(padding_nan, URN_ROW_PADDING, (row[0] = NAN, b->slot[at] = -1))                                                  \
    X(slot_below, URN_ROW_INDEX, b->slot[at] = -2)                                                                     \
    X(slot_past, URN_ROW_INDEX, b->slot[at] = (int32_t)b->rows)                                                        \
    X(slot_most, URN_ROW_INDEX, b->slot[at] = INT32_MAX)                                                               \
    X(list_below, URN_ROW_INDEX, b->list[b->slot[at]] = -1)                                                            \
    X(list_past, URN_ROW_INDEX, b->list[b->slot[at]] = 2)                                                              \
    X(index_before_logits, URN_ROW_INDEX, (row[0] = NAN, b->list[b->slot[at]] = 9))                                    \
    X(map_below, URN_ROW_INDEX, b->map[at] = -2)                                                                       \
    X(map_past, URN_ROW_INDEX, b->map[at] = TABLE)                                                                     \
    X(map_none, 0, b->map[at] = -1)                                                                                    \
    X(other_list, 0, (b->list[b->slot[at]] = 0, b->top_p[at] = NAN, b->map[at] = 99))

static void fill(float *x, int64_t n, float value) {
    for (int64_t i = 0; i < n; i++) x[i] = value;
}

#define WAY_FUNCTION(name, status, change)                                                                             \
    static void way_##name(batch *b, int64_t at, float *row, int64_t last) {                                           \
        (void)b, (void)at, (void)row, (void)last;                                                                      \
        change;                                                                                                        \
    }
WAYS(WAY_FUNCTION)

static const struct way {
    const char *name;
    int status;
    void (*spoil)(batch *b, int64_t at, float *row, int64_t last);
} ways[] = {
#define WAY_ROW(name, status, change) {#name, status, way_##name},
    WAYS(WAY_ROW)};
enum { WAY_COUNT = sizeof ways / sizeof *ways };

static batch batch_make(int64_t rows, int64_t cols, uint64_t seed) {
    batch b = {.rows = rows, .cols = cols, .stride = cols + 3, .words_stride = (cols + 31) / 32};
    b.x = ut_malloc(4 * (size_t)(rows * b.stride));
    b.words = ut_malloc(4 * (size_t)(TABLE * b.words_stride));
    ut_fill(b.x, rows * b.stride, UT_NORMAL, 3, seed);
    for (int64_t w = 0; w < b.words_stride; w++) {
        b.words[w] = 0xffffffffu;
        b.words[b.words_stride + w] = 0x55555555u;
        b.words[2 * b.words_stride + w] = 0;
    }
    for (int64_t r = 0; r < rows; r++) {
        b.slot[r] = (int32_t)((7 * r + 2) % rows); /* a slot of its own, where 7 does not divide rows */
        b.map[r] = (int32_t)(r % 2);
        b.top_k[r] = (int32_t)(cols / 2 + 1), b.top_p[r] = 0.95f, b.min_p[r] = 0.001f, b.temperature[r] = 0.9f;
        b.list[r] = 1;
        b.seed[r] = seed + 17 * (uint64_t)r, b.label[r] = 1000 + (uint64_t)r, b.position[r] = (uint32_t)r;
    }
    return b;
}

static batch batch_copy(const batch *b) {
    batch c = *b;
    c.x = ut_malloc(4 * (size_t)(b->rows * b->stride));
    memcpy(c.x, b->x, 4 * (size_t)(b->rows * b->stride));
    return c;
}

/* List 0 has a temperature alone, list 1 every step with every parameter by row. */
static ut_draws *batch_run(ut_bed *bed, const batch *b, urn_dtype dtype, int misaligned, const int32_t *row_count) {
    urn_step plain[] = {urn_temperature(urn_f(1.5f))};
    urn_step full[] = {urn_temperature(urn_f_by(URN_BY_ROW, b->temperature)),
                       urn_mask(b->words, TABLE, b->words_stride, b->map), urn_top_k(urn_i_by(URN_BY_ROW, b->top_k)),
                       urn_top_p(urn_f_by(URN_BY_ROW, b->top_p)), urn_min_p(urn_f_by(URN_BY_ROW, b->min_p))};
    urn_list lists[] = {{plain, 1}, {full, 5}};
    size_t size = urn_dtype_size(dtype);
    void *packed = ut_malloc(size * (size_t)(b->rows * b->stride));
    ut_pack(b->x, b->rows * b->stride, dtype, packed);
    ut_job job = {.logits = packed,
                  .dtype = dtype,
                  .rows = b->rows,
                  .cols = b->cols,
                  .row_stride = b->stride,
                  .misalign = misaligned ? size : 0,
                  .lists = lists,
                  .list_count = 2,
                  .slot = b->slot,
                  .list = b->list,
                  .seed = b->seed,
                  .label = b->label,
                  .position = b->position,
                  .row_count = row_count,
                  .slots = b->rows,
                  .draws = 2};
    ut_draws *draws = ut_sample_all(bed, &job);
    free(packed);
    return draws;
}

static void nothing_drawn(const ut_draws *d, int64_t r, const char *why) {
    const float *floats[] = {
        d->logprob + 2 * r, d->logprob + 2 * r + 1, d->logprob_raw + 2 * r, d->logprob_raw + 2 * r + 1,
        d->lse + r,         d->entropy + r,         d->kept_logmass + r};
    for (int j = 0; j < 2; j++)
        UT_ASSERT(d->ids[2 * r + j] == -1 && d->rank[2 * r + j] == -1, "row %d (%s): id %d, rank %d", (int)r, why,
                  d->ids[2 * r + j], d->rank[2 * r + j]);
    UT_ASSERT(d->kept_count[r] == 0, "row %d (%s): kept_count %d", (int)r, why, d->kept_count[r]);
    for (int f = 0; f < 7; f++) {
        uint32_t bits;
        memcpy(&bits, floats[f], 4);
        UT_ASSERT(bits == URN_NAN_BITS, "row %d (%s): float output %d is 0x%08x", (int)r, why, f, bits);
    }
}

static void drawn(const batch *b, const ut_draws *d, int64_t r, const char *why) {
    for (int j = 0; j < 2; j++)
        UT_ASSERT(d->ids[2 * r + j] >= 0 && d->ids[2 * r + j] < b->cols, "row %d (%s): id %d of %d", (int)r, why,
                  d->ids[2 * r + j], (int)b->cols);
    UT_ASSERT(d->kept_count[r] >= 1 && d->kept_count[r] <= b->cols, "row %d (%s): kept_count %d", (int)r, why,
              d->kept_count[r]);
}

/* Every second row is bad, in the ways from `first` on; the rows between must be as they were. */
static void spoil_and_compare(ut_bed *bed, const batch *good, const ut_draws *wanted, urn_dtype dtype, int misaligned,
                              int first) {
    batch bad = batch_copy(good);
    for (int64_t r = 1; r < bad.rows; r += 2)
        ways[(first + r / 2) % WAY_COUNT].spoil(&bad, r, bad.x + r * bad.stride, bad.cols - 1);
    ut_draws *found = batch_run(bed, &bad, dtype, misaligned, NULL);
    for (int64_t r = 0; r < bad.rows; r++) {
        const struct way *way = &ways[(first + r / 2) % WAY_COUNT];
        if (r % 2 == 0) {
            UT_ASSERT(found->status[r] == 0, "good row %d has status %d", (int)r, found->status[r]);
            UT_SAME_ROW(found, r, wanted, r, "a good row beside bad ones");
            continue;
        }
        UT_ASSERT(found->status[r] == way->status, "row %d (%s) has status %d, wanted %d", (int)r, way->name,
                  found->status[r], way->status);
        if (way->status)
            nothing_drawn(found, r, way->name);
        else
            drawn(&bad, found, r, way->name);
    }
    ut_draws_free(found);
    free(bad.x);
}

/* property  a bad row says why and draws nothing; every output byte of its neighbours is as without it
 * shapes    1 (one id), 31 32 33 (a warp and its edges), 1023 1025 (a tiny row's edge), 32000, 128256 (vocabularies),
 *           1048576 (streamed); odd strides; every dtype, at odd elements too */
static void neighbours(ut_bed *bed, int64_t cols, int64_t rows) {
    for (int dtype = URN_F32; dtype <= URN_BF16; dtype++) {
        batch good = batch_make(rows, cols, 100 + (uint64_t)cols);
        UT_ASSERT(rows % 7, "two rows share a slot");
        int misaligned = dtype != URN_F32;
        ut_note("%s, %d cols, %d rows, dtype %d", urn_backend_name(bed->kind), (int)cols, (int)rows, dtype);
        ut_draws *wanted = batch_run(bed, &good, (urn_dtype)dtype, misaligned, NULL);
        for (int64_t r = 0; r < rows; r++) {
            UT_ASSERT(wanted->status[r] == 0, "row %d of the good batch: status %d", (int)r, wanted->status[r]);
            drawn(&good, wanted, r, "good");
        }
        for (int first = 0; first < WAY_COUNT; first += (int)(rows / 2))
            spoil_and_compare(bed, &good, wanted, (urn_dtype)dtype, misaligned, first);
        ut_draws_free(wanted);
        free(good.x), free(good.words);
    }
}

START_TEST(short_bad_rows_do_not_disturb_their_neighbours) {
    static const int64_t cols[] = {1, 31, 32, 33, 1023, 1025};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int i = 0; i < 6; i++) neighbours(bed, cols[i], kind == URN_BACKEND_SIMT && cols[i] > 100 ? 23 : 75);
        ut_close(bed);
    }
}
END_TEST

START_TEST(long_bad_rows_do_not_disturb_their_neighbours) {
    static const int64_t cols[] = {32000, 128256, 1048576};
    FOR_EACH_BACKEND(kind) {
        if (kind == URN_BACKEND_SIMT) {
            fprintf(stderr, "skip long bad rows on simt: minutes; parity forces short rows to stream there\n");
            continue;
        }
        ut_bed *bed = ut_open(kind);
        for (int i = 0; i < (ut_quick() ? 1 : 3); i++) neighbours(bed, cols[i], i < 1 ? 41 : 23);
        ut_close(bed);
    }
}
END_TEST

/* property  *row_count below 0 is 0 and above rows is rows; rows past it are padding, rows before it do not notice */
START_TEST(row_counts_are_clamped) {
    static const int32_t counts[] = {0, 1, 4, 9, 10, INT32_MAX, -1, INT32_MIN};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        batch good = batch_make(9, 300, 7);
        ut_draws *wanted = batch_run(bed, &good, URN_F32, 0, NULL);
        for (int i = 0; i < 8; i++) {
            ut_note("%s, row_count %d", urn_backend_name(kind), counts[i]);
            ut_draws *found = batch_run(bed, &good, URN_F32, 0, &counts[i]);
            for (int64_t r = 0; r < 9; r++) {
                if (r < counts[i])
                    UT_SAME_ROW(found, r, wanted, r, "a row before the count");
                else
                    nothing_drawn(found, r, "past the count");
                UT_ASSERT(found->status[r] == (r < counts[i] ? 0 : URN_ROW_PADDING), "status %d", found->status[r]);
            }
            ut_draws_free(found);
        }
        ut_draws_free(wanted);
        free(good.x), free(good.words);
        ut_close(bed);
    }
}
END_TEST

/* rows by index against the rows of the matrix itself */
static void compare_indexed(const ut_draws *found, const ut_draws *wanted, const int32_t *index, int64_t rows,
                            int64_t data_rows) {
    for (int64_t r = 0; r < rows; r++) {
        int good = index[r] >= 0 && index[r] < data_rows;
        UT_ASSERT(found->status[r] == (good ? 0 : URN_ROW_INDEX), "row %d: status %d", (int)r, found->status[r]);
        if (good)
            UT_SAME_ROW(found, r, wanted, index[r], "a row by its index");
        else
            nothing_drawn(found, r, "index");
    }
}

/* property  a row index outside [0, data_rows) is URN_ROW_INDEX; the others are the rows that they name */
START_TEST(row_indices_out_of_range_are_row_errors) {
    enum { ROWS = 7, DATA = 4, COLS = 90 };
    static const int32_t index[ROWS] = {3, -1, 0, DATA, 2, INT32_MIN, 3},
                         one[ROWS] = {0, -1, 0, 1, INT32_MAX, INT32_MIN, 0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float x[DATA * COLS];
        ut_fill(x, DATA * COLS, UT_NORMAL, 2, 3);
        ut_job job = {.logits = x, .dtype = URN_F32, .rows = DATA, .cols = COLS, .seed_value = 5, .draws = 2};
        ut_draws *wanted = ut_sample_all(bed, &job); /* the default label is the row of the matrix */
        job.rows = ROWS, job.row_index = index, job.data_rows = DATA;
        ut_draws *found = ut_sample_all(bed, &job);
        ut_note("%s", urn_backend_name(kind));
        compare_indexed(found, wanted, index, ROWS, DATA);
        ut_draws_free(found);

        ut_note("%s, rows 2^58 elements apart, of which there is one", urn_backend_name(kind));
        job.row_index = one, job.data_rows = 1, job.row_stride = INT64_C(1) << 58;
        found = ut_sample_all(bed, &job);
        compare_indexed(found, wanted, one, ROWS, 1);
        ut_draws_free(found);
        ut_draws_free(wanted);
        ut_close(bed);
    }
}
END_TEST

/* property  offsets that do not name a row inside the data are URN_ROW_INDEX, a row of length 0 is URN_ROW_EMPTY
 * shapes    good, empty, longer than cols, decreasing, negative, past data_size; each has good neighbours */
START_TEST(offsets_out_of_range_are_row_errors) {
    enum { DATA = 300, COLS = 100 };
    static const int64_t offsets[] = {0,   50,  50,  151,       140, 200,       -5, 30, 130,
                                      301, 290, 300, INT64_MAX, 10,  INT64_MIN, 7,  60};
    enum { ROWS = sizeof offsets / sizeof *offsets - 1 };
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        float x[DATA];
        uint64_t label[ROWS];
        ut_fill(x, DATA, UT_NORMAL, 2, 11);
        for (int r = 0; r < ROWS; r++) label[r] = 40 + (uint64_t)r;
        ut_job job = {.logits = x,
                      .dtype = URN_F32,
                      .rows = ROWS,
                      .cols = COLS,
                      .offsets = offsets,
                      .data_size = DATA,
                      .label = label,
                      .seed_value = 5,
                      .draws = 2};
        ut_draws *found = ut_sample_all(bed, &job);
        int drawn_rows = 0;
        for (int64_t r = 0; r < ROWS; r++) {
            int64_t from = offsets[r], to = offsets[r + 1];
            int inside = from >= 0 && to >= from && to <= DATA && to - from <= COLS;
            int wanted = !inside ? URN_ROW_INDEX : from == to ? URN_ROW_EMPTY : 0;
            ut_note("%s, row %d: [%lld, %lld)", urn_backend_name(kind), (int)r, (long long)from, (long long)to);
            UT_ASSERT(found->status[r] == wanted, "status %d, wanted %d", found->status[r], wanted);
            if (wanted) {
                nothing_drawn(found, r, "offsets");
                continue;
            }
            ut_job alone = {.logits = x + from,
                            .dtype = URN_F32,
                            .rows = 1,
                            .cols = to - from,
                            .label = label + r,
                            .seed_value = 5,
                            .draws = 2};
            ut_draws *one = ut_sample_all(bed, &alone);
            UT_SAME_ROW(found, r, one, 0, "a ragged row and the same row alone");
            ut_draws_free(one);
            drawn_rows++;
        }
        UT_ASSERT(drawn_rows >= 4, "%d rows were drawn", drawn_rows);
        ut_draws_free(found);
        ut_close(bed);
    }
}
END_TEST

Suite *abuse_rows_suite(void) {
    Suite *suite = suite_create("abuse_rows");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, short_bad_rows_do_not_disturb_their_neighbours);
    tcase_add_test(tcase, long_bad_rows_do_not_disturb_their_neighbours);
    tcase_add_test(tcase, row_counts_are_clamped);
    tcase_add_test(tcase, row_indices_out_of_range_are_row_errors);
    tcase_add_test(tcase, offsets_out_of_range_are_row_errors);
    suite_add_tcase(suite, tcase);
    return suite;
}
