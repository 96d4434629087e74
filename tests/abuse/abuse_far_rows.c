/* abuse_far_rows.c - views whose elements lie past 2^32: row * stride, offsets and data_size are 64-bit everywhere.
 *
 * The memory is a sparse mapping: 24 GB of addresses, of which the test writes and the library reads a few pages. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "tests/urn_test.h"

enum { ROWS = 5, COLS = 300 };
static const int64_t far_stride = (INT64_C(1) << 30) + 77; /* the last row begins 17 GB on */

static float *map_far(size_t *bytes) {
    *bytes = (size_t)(far_stride * (ROWS - 1) + COLS) * sizeof(float);
    void *memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : (float *)memory;
}

typedef struct draws {
    int32_t ids[ROWS], status[ROWS];
    float lse[ROWS];
} draws;

static draws draw(ut_bed *bed, urn_matrix logits) {
    draws host;
    draws *out = (draws *)ut_output(bed, sizeof *out);
    urn_step step = urn_top_k(urn_i(40));
    urn_list list = {&step, 1};
    urn_sampler *sampler;
    UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    uint64_t label[ROWS] = {1, 2, 3, 4, 5};
    p.logits = logits;
    p.sampler = sampler;
    p.label = (const uint64_t *)ut_upload(bed, label, sizeof label);
    p.ids = out->ids;
    p.status = out->status;
    p.lse = out->lse;
    UT_OK(urn_stream_reserve(bed->stream, urn_sample_workspace(sampler, ROWS, COLS)));
    UT_OK(urn_sample(bed->stream, &p));
    ut_download(bed, out, &host, sizeof host);
    urn_sampler_destroy(sampler);
    return host;
}

/* property  rows that lie far apart draw what the same rows draw side by side, by stride, by index and by offsets
 * broken    row * stride, or an offset, in 32 bits */
START_TEST(rows_past_2_to_the_32_elements_are_found) {
    static const urn_backend_kind kinds[] = {URN_BACKEND_CPU, URN_BACKEND_SIMT};
    size_t bytes;
    if (!ut_has_backend(kinds[_i])) return;
    float *far = map_far(&bytes), near[ROWS * COLS];
    if (!far) {
        printf("skip: far rows: this machine maps no %zu bytes of addresses\n", bytes);
        return;
    }
    ut_fill(near, ROWS * COLS, UT_NORMAL, 3, 11);
    for (int64_t r = 0; r < ROWS; r++) memcpy(far + r * far_stride, near + r * COLS, COLS * sizeof(float));
    ut_bed *bed = ut_open(kinds[_i]);
    draws want = draw(bed, urn_matrix_dense(ut_upload(bed, near, sizeof near), URN_F32, ROWS, COLS, 0));

    urn_matrix dense = urn_matrix_dense(far, URN_F32, ROWS, COLS, far_stride);
    draws got = draw(bed, dense);
    UT_SAME_BITS(want.ids, got.ids, ROWS, "ids by stride");
    UT_SAME_BITS(want.lse, got.lse, ROWS, "lse by stride");

    int32_t index[ROWS] = {4, 3, 2, 1, 0};
    float back[ROWS];
    got = draw(bed, urn_matrix_indexed(dense, (const int32_t *)ut_upload(bed, index, sizeof index), ROWS));
    for (int r = 0; r < ROWS; r++) back[r] = got.lse[index[r]];
    UT_SAME_BITS(want.lse, back, ROWS, "lse by index");

    /* ragged rows must be neighbours, so one far row stands between two empty ones */
    int64_t last = far_stride * (ROWS - 1), offsets[4] = {last, last, last + COLS, last + COLS};
    got = draw(bed, urn_matrix_ragged(far, URN_F32, last + COLS,
                                      (const int64_t *)ut_upload(bed, offsets, sizeof offsets), 3, COLS));
    ck_assert_int_eq(got.status[0], URN_ROW_EMPTY);
    ck_assert_int_eq(got.status[1], URN_ROW_OK);
    UT_SAME_BITS(&want.lse[ROWS - 1], &got.lse[1], 1, "lse by offsets");
    ut_close(bed);
    munmap(far, bytes);
}
END_TEST

Suite *abuse_far_rows_suite(void);
Suite *abuse_far_rows_suite(void) {
    Suite *suite = suite_create("abuse_far_rows");
    TCase *tcase = tcase_create("far");
    tcase_set_tags(tcase, "cpu simt");
    tcase_add_loop_test(tcase, rows_past_2_to_the_32_elements_are_found, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
