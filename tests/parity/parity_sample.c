/* parity_sample.c - urn_sample gives the same bytes on the plain-C witness and on the kernels, whatever their shape. */
#include "tests/parity/parity_case.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

static ut_bed *simt_bed(int32_t team, int32_t threads, int32_t cluster, int32_t streamed, int32_t lane_order) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 2;
    params.lane_order = lane_order;
    params.hint.team = team, params.hint.threads = threads, params.hint.cluster = cluster;
    params.hint.streamed = streamed;
    return ut_open_with(&params);
}

static const char *const view_names[] = {"dense", "odd stride", "indexed", "ragged"};
static const urn_dtype dtypes[] = {URN_F32, URN_F16, URN_BF16};

/* One generated call on the cpu and on the kernels, every output compared. */
static void compare(ut_bed *cpu, ut_bed *simt, uint64_t seed, urn_dtype dtype, int64_t rows, int64_t cols, pc_view view,
                    int32_t draws, int plain, const char *shape) {
    ut_note("seed %llu dtype %d rows %lld cols %lld %s draws %d plain %d: %s", (unsigned long long)seed, (int)dtype,
            (long long)rows, (long long)cols, view_names[view], (int)draws, plain, shape);
    pc_case *c = pc_make(seed, dtype, rows, cols, view, draws, plain);
    ut_draws *a = ut_sample_all(cpu, &c->job), *b = ut_sample_all(simt, &c->job);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    UT_SAME_DRAWS(a, b, "cpu and simt");
    ut_draws_free(a);
    ut_draws_free(b);
    pc_free(c);
    ut_clear(cpu);
    ut_clear(simt);
}

typedef struct shape {
    const char *name;
    int32_t team, threads, cluster, streamed;
} shape;

static const shape shapes[] = {
    {"chosen", 0, 0, 0, 0},
    {"warp", 1, 64, 0, 0},
    {"block of 32", 2, 32, 0, 0},
    {"block of 96", 2, 96, 0, 0},
    {"block of 256", 2, 256, 0, 0},
    {"cluster of 1", 3, 64, 1, 0},
    {"cluster of 2", 3, 64, 2, 0},
    {"cluster of 4", 3, 32, 4, 0},
    {"cluster of 8", 3, 64, 8, 0},
    {"streamed block", 2, 64, 0, 1},
    {"crew of 2", 4, 64, 2, 0},
    {"crew of 4", 4, 32, 4, 0},
    {"crew of 16", 4, 32, 16, 0},
    {"streamed crew of 4", 4, 32, 4, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static ut_bed *shaped_bed(const shape *s, int32_t lane_order) {
    return simt_bed(s->team, s->threads, s->cluster, s->streamed, lane_order);
}

/* property  every launch shape gives the cpu's bytes
 * shapes    all teams over sizes around units (8), warps (32), groups (256) and the warp team's end (1024)  */
START_TEST(launch_shape_changes_no_bit) {
    static const int64_t cols[] = {1, 31, 32, 33, 255, 257, 1000, 1023, 1024, 1025, 4099};
    const shape *s = shapes + _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(s, _i % 3);
    for (int i = 0; i < (int)(sizeof cols / sizeof *cols); i++) {
        for (int d = 0; d < 3; d++) {
            uint64_t seed = (uint64_t)(100 * _i + 3 * i + d);
            compare(cpu, simt, seed, dtypes[d], cols[i] > 1024 ? 12 : 24, cols[i], (pc_view)((i + d) % PC_VIEWS), 1 + d,
                    (i + d + _i) % 5 == 0, s->name);
        }
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  the order in which lanes, warps, blocks and clusters run changes no bit; a difference is a race  */
START_TEST(lane_order_changes_no_bit) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU);
    for (int s = 0; s < SHAPES; s++) {
        ut_bed *simt = shaped_bed(shapes + s, _i);
        for (int d = 0; d < 3; d++)
            compare(cpu, simt, (uint64_t)(7000 + 3 * s + d), dtypes[d], 9, s == 1 ? 700 : 1500, (pc_view)(d + 1), 3,
                    s == 4, shapes[s].name);
        ut_close(simt);
    }
    ut_close(cpu);
}
END_TEST

/* property  no two accesses to shared memory race: between them stands a barrier, in every shape  */
START_TEST(no_race_in_any_shape) {
    simt_options options = simt_get_options();
    const shape *s = shapes + _i;
    options.races = 1;
    simt_set_options(&options);
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(s, 0);
    compare(cpu, simt, (uint64_t)(8000 + _i), dtypes[_i % 3], 20, _i == 1 ? 600 : 2000, PC_ODD_STRIDE, 2, 0, s->name);
    compare(cpu, simt, (uint64_t)(8100 + _i), dtypes[_i % 3], 8, 300, PC_DENSE, 40, _i % 2, s->name);
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

/* property  long rows, with more groups than lanes in a warp, agree too  */
START_TEST(long_rows_agree) {
    static const struct {
        int64_t cols;
        int shape;
    } cases[] = {{32000, 0}, {32000, 4}, {32000, 6}, {32000, 9}, {32000, 11},
                 {128256, 0}, {128256, 12}, {128256, 13}};
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(shapes + cases[_i].shape, 0);
    compare(cpu, simt, (uint64_t)(9000 + _i), dtypes[_i % 3], cases[_i].cols > 100000 ? 4 : 8, cases[_i].cols,
            PC_ODD_STRIDE, 1, 0, shapes[cases[_i].shape].name);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  many generated calls agree; a different mix each time  */
START_TEST(mixed_calls_agree) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(shapes + _i % SHAPES, 2);
    for (int n = 0; n < ut_loops(40); n++) {
        ut_rng rng = ut_rng_make((uint64_t)(1000 * _i + n));
        int64_t cols = 1 + ut_below(&rng, ut_below(&rng, 3) ? 600 : 3000);
        urn_dtype dtype = dtypes[ut_below(&rng, 3)];
        pc_view view = (pc_view)ut_below(&rng, PC_VIEWS);
        compare(cpu, simt, (uint64_t)(20000 + 1000 * _i + n), dtype, 1 + ut_below(&rng, 30), cols, view,
                1 + (int32_t)ut_below(&rng, 3), ut_below(&rng, 5) == 0, shapes[_i % SHAPES].name);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  rows past a row count in device memory are padding; a count outside [0, rows] is clamped  */
START_TEST(row_count_on_the_device_agrees) {
    static const int32_t counts[] = {0, 5, 12, 400, -3};
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(shapes + 6, 1);
    for (int i = 0; i < 5; i++) {
        pc_case *c = pc_make(300 + (uint64_t)i, dtypes[i % 3], 12, 777, PC_DENSE, 2, 0);
        ut_note("row_count %d", (int)counts[i]);
        c->job.row_count = counts + i;
        ut_draws *a = ut_sample_all(cpu, &c->job), *b = ut_sample_all(simt, &c->job);
        UT_SAME_DRAWS(a, b, "cpu and simt");
        for (int64_t r = counts[i] < 0 ? 0 : counts[i]; r < 12; r++)
            UT_ASSERT(b->status[r] == URN_ROW_PADDING, "row %d has status %d", (int)r, (int)b->status[r]);
        ut_draws_free(a);
        ut_draws_free(b);
        pc_free(c);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  a streamed block folds its mass bins before a limb overflows
 * why       600,000 ids in one bin, low limbs of 8,192 on average: 4.9e9 a bin, past 2^32
 * shapes    one block, more than 1,024 groups; the cut falls inside that bin  */
START_TEST(streamed_blocks_fold_their_mass_bins) {
    enum { COLS = 600000 };
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = shaped_bed(shapes + 9, 0);
    float *x = (float *)ut_malloc(4 * COLS);
    ut_rng rng = ut_rng_make(41);
    for (int64_t i = 0; i < COLS; i++) x[i] = -14.5f + 0.5f * (float)ut_uniform(&rng);
    x[12345] = 0;
    urn_step top_p = urn_top_p(urn_f(0.9985f)); /* within 2^32, the carry that would be lost, of the bin's end */
    ut_job job = {.logits = x, .dtype = URN_F32, .rows = 1, .cols = COLS};
    ut_draws *a = ut_sample_steps(cpu, &job, &top_p, 1), *b = ut_sample_steps(simt, &job, &top_p, 1);
    UT_ASSERT(a->kept_count[0] > 1000 && a->kept_count[0] < COLS, "%d ids kept", (int)a->kept_count[0]);
    UT_SAME_DRAWS(a, b, "cpu and simt");
    ut_draws_free(a);
    ut_draws_free(b);
    free(x);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

static uint64_t logit_bytes(void) { return simt_bytes(TAG_LOGITS).read; }

/* property  the logits of resident rows leave global memory once, whatever is asked for and whatever the steps  */
START_TEST(resident_logits_are_read_once) {
    static const int64_t cols[] = {1, 33, 1000, 1025, 4099, 30001};
    static const int resident[] = {0, 1, 3, 5, 6, 8, 10, 12};
    for (int s = 0; s < 8; s++) {
        ut_bed *simt = shaped_bed(shapes + resident[s], 0);
        for (int i = 0; i < 6; i++) {
            urn_dtype dtype = dtypes[(i + s) % 3];
            int64_t rows = 3, stride = cols[i] + 5;
            ut_note("%s cols %lld dtype %d", shapes[resident[s]].name, (long long)cols[i], (int)dtype);
            float *x = (float *)ut_malloc(4 * (size_t)(rows * stride));
            void *packed = ut_malloc(4 * (size_t)(rows * stride));
            ut_fill(x, rows * stride, UT_TIES, 3, 5);
            ut_pack(x, rows * stride, dtype, packed);
            urn_step steps[] = {urn_top_k(urn_i(50)), urn_temperature(urn_f(0.7f)), urn_top_p(urn_f(0.9f)),
                                urn_min_p(urn_f(0.01f))};
            ut_job job = {
                .logits = packed, .dtype = dtype, .rows = rows, .cols = cols[i], .row_stride = stride, .draws = 3};
            job.misalign = (size_t)i * urn_dtype_size(dtype);
            simt_clear_bytes();
            ut_draws_free(ut_sample_steps(simt, &job, steps, 4));
            uint64_t want = (uint64_t)(rows * cols[i]) * urn_dtype_size(dtype);
            UT_ASSERT(logit_bytes() == want, "read %llu bytes of logits, %llu exist", (unsigned long long)logit_bytes(),
                      (unsigned long long)want);
            free(packed);
            free(x);
        }
        ut_close(simt);
    }
}
END_TEST

/* property  what is not asked for is not written, and one call is one launch  */
START_TEST(only_what_is_asked_for_is_written_in_one_launch) {
    enum { COLS = 1100 }; /* rows of a warp's size are never streamed */
    static const int32_t teams[] = {1, 2, 3, 3, 4};
    ut_bed *simt = simt_bed(teams[_i], 64, 2, _i == 3, 0);
    float x[5 * COLS];
    ut_fill(x, 5 * COLS, UT_NORMAL, 2, 9);
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(ut_upload(simt, x, sizeof x), URN_F32, 5, COLS, 0);
    p.draws = 2;
    UT_OK(urn_stream_reserve(simt->stream, urn_sample_workspace(NULL, 5, COLS)));
    for (int out = 0; out < 9; out++) {
        void *array = ut_output(simt, 4 * 10);
        p.ids = p.rank = p.kept_count = p.status = NULL;
        p.logprob = p.logprob_raw = p.lse = p.entropy = p.kept_logmass = NULL;
        int32_t **ints[] = {&p.ids, &p.rank, &p.kept_count, &p.status};
        float **floats[] = {&p.logprob, &p.logprob_raw, &p.lse, &p.entropy, &p.kept_logmass};
        if (out < 4)
            *ints[out] = (int32_t *)array;
        else
            *floats[out - 4] = (float *)array;
        simt_clear_bytes();
        uint64_t launches = simt_launches();
        UT_OK(urn_sample(simt->stream, &p));
        UT_OK(urn_stream_sync_host(simt->stream));
        int by_draw = out < 2 || out == 4 || out == 5;
        UT_ASSERT(simt_bytes(TAG_OUT).written == (by_draw ? 40u : 20u), "output %d wrote %llu bytes", out,
                  (unsigned long long)simt_bytes(TAG_OUT).written);
        UT_ASSERT(simt_launches() == launches + 1, "%d launches", (int)(simt_launches() - launches));
        UT_ASSERT(_i >= 3 || simt_bytes(TAG_WORKSPACE).written == 0, "resident rows wrote to the workspace");
    }
    ut_close(simt);
}
END_TEST

Suite *parity_sample_suite(void);
Suite *parity_sample_suite(void) {
    Suite *suite = suite_create("parity_sample");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_add_loop_test(tcase, launch_shape_changes_no_bit, 0, SHAPES);
    tcase_add_loop_test(tcase, lane_order_changes_no_bit, 0, 3);
    tcase_add_loop_test(tcase, no_race_in_any_shape, 0, SHAPES);
    tcase_add_loop_test(tcase, long_rows_agree, 0, 8);
    tcase_add_test(tcase, streamed_blocks_fold_their_mass_bins);
    tcase_add_loop_test(tcase, mixed_calls_agree, 0, SHAPES);
    tcase_add_test(tcase, row_count_on_the_device_agrees);
    tcase_add_test(tcase, resident_logits_are_read_once);
    tcase_add_loop_test(tcase, only_what_is_asked_for_is_written_in_one_launch, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_sample_suite(void);
Suite *parity_sample_suite(void) { return suite_create("parity_sample (no simt backend)"); }

#endif
