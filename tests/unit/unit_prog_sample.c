/* unit_prog_sample.c - `urn sample` from files to files: what was said before a row reaches the steps that read it. */
#include "host/prog_args.h"
#include "host/prog_npy.h"
#include "urn/urn.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_sample_suite(void);

enum { ROWS = 5, COLS = 40, SAID = 6, POSITION = 9, SEED = 4 };

static float logits[ROWS * COLS];
static int32_t said[ROWS * SAID];
static char files[3][64]; /* logits, what was said, ids */

static void set_up(void) {
    prog_error error;
    int i;
    for (i = 0; i < ROWS * COLS; i++) logits[i] = (float)((i * 37 + 11) % 64) / 16.0f;
    for (i = 0; i < ROWS * SAID; i++) said[i] = i / SAID == 0 || i % SAID > i / SAID ? -1 : (i * 7 + i / SAID) % COLS;
    for (i = 0; i < 3; i++) {
        int fd;
        snprintf(files[i], sizeof files[i], "/tmp/urn_sample_%d_XXXXXX", i);
        fd = mkstemp(files[i]);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    ck_assert_int_eq(prog_npy_save(files[0], PROG_F4, 2, ROWS, COLS, logits, &error), 0);
    ck_assert_int_eq(prog_npy_save(files[1], PROG_I4, 2, ROWS, SAID, said, &error), 0);
}

static void tear_down(void) {
    int i;
    for (i = 0; i < 3; i++) unlink(files[i]);
}

/* The program's ids; returns its exit code. */
static int program(const char *steps, int context, int32_t *ids) {
    char *argv[] = {files[0],    (char *)"--steps",   (char *)steps, (char *)"--out",
                    files[2],    (char *)"-s",        (char *)"4",   (char *)"--position",
                    (char *)"9", (char *)"--backend", (char *)"cpu", (char *)"--context",
                    files[1]};
    prog_values values;
    prog_error error;
    prog_npy out;
    int code;
    ck_assert_int_eq(prog_args_parse(&prog_sample, context ? 13 : 11, argv, &values), PROG_OK);
    code = prog_sample.run(&values);
    if (code != PROG_OK) return code;
    ck_assert_int_eq(prog_npy_open(files[2], &out, &error), 0);
    ck_assert_int_eq(out.rows, ROWS);
    memcpy(ids, out.data, sizeof(int32_t) * ROWS);
    prog_npy_close(&out);
    return code;
}

/* The same by the library's own calls, a row at a time: its ids said become its slot's outputs. */
static void library(const char *text, int context, int32_t *ids) {
    urn_ctx_params on = URN_CTX_PARAMS_INIT;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    urn_sampler *sampler;
    urn_stream *stream;
    urn_ctx *ctx;
    int r;
    on.backend = URN_BACKEND_CPU;
    ck_assert_int_eq(urn_ctx_create(&on, &ctx), URN_OK);
    ck_assert_int_eq(urn_steps_parse(text, steps, &list.count), URN_OK);
    ck_assert_int_eq(urn_sampler_create(ctx, &list, 1, &sampler), URN_OK);
    ck_assert_int_eq(urn_stream_create(ctx, urn_sample_workspace(sampler, 1, COLS), &stream), URN_OK);
    for (r = 0; r < ROWS; r++) {
        urn_slots_params params = URN_SLOTS_PARAMS_INIT;
        urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
        const uint32_t position = POSITION;
        const uint64_t label = (uint64_t)r;
        const int32_t all = SAID;
        urn_slots *slots;
        params.history = params.counts = SAID;
        ck_assert_int_eq(urn_slots_create(ctx, &params, &slots), URN_OK);
        if (context) ck_assert_int_eq(urn_slots_commit(stream, slots, NULL, said + r * SAID, SAID, &all, 1), URN_OK);
        p.logits = urn_matrix_dense(logits + r * COLS, URN_F32, 1, COLS, 0);
        p.sampler = sampler;
        p.state = slots;
        p.position = &position;
        p.label = &label;
        p.seed_value = SEED;
        p.ids = ids + r;
        ck_assert_int_eq(urn_sample(stream, &p), URN_OK);
        urn_slots_destroy(slots);
    }
    urn_stream_destroy(stream);
    urn_sampler_destroy(sampler);
    urn_ctx_destroy(ctx);
}

/* property  the program draws what the library draws, with a context and without, for steps that read one and not */
START_TEST(a_context_reaches_its_row) {
    static const char *const STEPS[] = {"penalties=3:1:2:0", "no_repeat=1,top_k=9", "dry=5:2:1,temperature=0.5",
                                        "min_p=0.1,temperature=2"};
    int32_t with[ROWS], without[ROWS], wanted[ROWS];
    const char *steps = STEPS[_i];
    ck_assert_int_eq(program(steps, 1, with), PROG_OK);
    library(steps, 1, wanted);
    ck_assert_mem_eq(with, wanted, sizeof wanted);
    ck_assert_int_eq(program(steps, 0, without), PROG_OK);
    library(steps, 0, wanted);
    ck_assert_mem_eq(without, wanted, sizeof wanted);
    ck_assert_int_eq(with[0], without[0]); /* nothing was said before row 0 */
    if (_i == 0) ck_assert_int_ne(memcmp(with, without, sizeof with), 0);
}
END_TEST

START_TEST(a_context_of_another_shape_is_refused) {
    int32_t ids[ROWS];
    prog_error error;
    ck_assert_int_eq(prog_npy_save(files[1], PROG_I4, 2, ROWS - 1, SAID, said, &error), 0);
    ck_assert_int_eq(program("no_repeat=2", 1, ids), PROG_FAILED);
    ck_assert_int_eq(prog_npy_save(files[1], PROG_F4, 2, ROWS, SAID, said, &error), 0);
    ck_assert_int_eq(program("no_repeat=2", 1, ids), PROG_FAILED);
    unlink(files[1]);
    ck_assert_int_eq(program("no_repeat=2", 1, ids), PROG_FAILED);
}
END_TEST

/* property  rows past the program's largest chunk find their own context, not that of the chunk before
 * shapes    70,000 rows of 4 logits: chunks have 65,536; only the first half has said something */
START_TEST(chunks_begin_afresh) {
    enum { MANY = 70000, FEW = 4 };
    float *rows = calloc(MANY, FEW * sizeof *rows);
    int32_t *once = malloc(MANY * sizeof *once);
    char *argv[] = {files[0],
                    (char *)"--steps",
                    (char *)"no_repeat=1",
                    (char *)"--context",
                    files[1],
                    (char *)"--out",
                    files[2],
                    (char *)"--kept",
                    files[2]};
    prog_values values;
    prog_error error;
    prog_npy kept;
    int i;
    for (i = 0; i < MANY; i++) once[i] = i < MANY / 2 ? i % FEW : -1;
    ck_assert_int_eq(prog_npy_save(files[0], PROG_F4, 2, MANY, FEW, rows, &error), 0);
    ck_assert_int_eq(prog_npy_save(files[1], PROG_I4, 2, MANY, 1, once, &error), 0);
    ck_assert_int_eq(prog_args_parse(&prog_sample, 9, argv, &values), PROG_OK);
    ck_assert_int_eq(prog_sample.run(&values), PROG_OK);
    ck_assert_int_eq(prog_npy_open(files[2], &kept, &error), 0);
    for (i = 0; i < MANY; i++)
        ck_assert_msg(((const int32_t *)kept.data)[i] == FEW - (i < MANY / 2), "row %d: %d ids", i,
                      ((const int32_t *)kept.data)[i]);
    prog_npy_close(&kept);
    free(rows);
    free(once);
}
END_TEST

Suite *unit_prog_sample_suite(void) {
    Suite *suite = suite_create("unit_prog_sample");
    TCase *c = tcase_create("files");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, a_context_reaches_its_row, 0, 4);
    tcase_add_test(c, chunks_begin_afresh);
    tcase_add_test(c, a_context_of_another_shape_is_refused);
    suite_add_tcase(suite, c);
    return suite;
}
