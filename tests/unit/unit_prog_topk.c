/* unit_prog_topk.c - `urn topk` and `urn select` from files to files: chunks change nothing, segments are rows of their
 * own, a matrix gives what the library gives, and the chosen lines are like the target's. */
#include "host/prog_args.h"
#include "host/prog_npy.h"
#include "urn/urn.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_topk_suite(void);

enum { N = 5000, ROWS = 4, COLS = 300 };
enum { LONG, MATRIX, OFFSETS, OUT, RAW, TARGET, FILES };

static float x[N], logits[ROWS * COLS];
static char files[FILES][64];

static void write_lines(const char *path, const char *const *words, int lines) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < lines; i++) fprintf(file, "%s line\n", words[i * 7 % 13 % 2]);
    fclose(file);
}

static void set_up(void) {
    static const char *const MIXED[2] = {"apples and pears are fruit in this",
                                         "a kernel reads each row of logits once"};
    static const char *const ONE[2] = {"apples and pears are fruit in this", "apples and pears are fruit in this"};
    const int64_t offsets[3] = {0, 1000, N};
    prog_error error;
    for (int i = 0; i < N; i++) x[i] = (float)((i * 7919 + 13) % 1009) / 100.0f;
    for (int i = 0; i < ROWS * COLS; i++) logits[i] = (float)((i * 37 + 11) % 64) / 16.0f;
    for (int i = 0; i < FILES; i++) {
        snprintf(files[i], sizeof files[i], "/tmp/urn_topk_%d_XXXXXX", i);
        int fd = mkstemp(files[i]);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    ck_assert_int_eq(prog_npy_save(files[LONG], PROG_F4, 1, N, 1, x, &error), 0);
    ck_assert_int_eq(prog_npy_save(files[MATRIX], PROG_F4, 2, ROWS, COLS, logits, &error), 0);
    ck_assert_int_eq(prog_npy_save(files[OFFSETS], PROG_I8, 1, 3, 1, offsets, &error), 0);
    write_lines(files[RAW], MIXED, 400);
    write_lines(files[TARGET], ONE, 50);
}

static void tear_down(void) {
    for (int i = 0; i < FILES; i++) unlink(files[i]);
}

/* Runs a command and gives what it wrote, or its exit code if that is not PROG_OK. */
static int run(const prog_command *command, char **argv, int argc, prog_npy *out) {
    prog_values values;
    prog_error error;
    if (prog_args_parse(command, argc, argv, &values) != PROG_OK) return PROG_USAGE;
    int code = command->run(&values);
    if (code == PROG_OK && out) ck_assert_int_eq(prog_npy_open(files[OUT], out, &error), 0);
    return code;
}

#define ARGS(...)                                                                                                      \
    (char *[]) { __VA_ARGS__ }
#define S(text) ((char *)(text))

/* property  the picks of a file do not depend on the chunks, nor on their order of writing */
START_TEST(chunks_change_nothing) {
    prog_npy whole, cut;
    int64_t first[40];
    ck_assert_int_eq(run(&prog_topk,
                         ARGS(files[LONG], S("-k"), S("40"), S("--out"), files[OUT], S("--backend"), S("cpu")), 7,
                         &whole),
                     PROG_OK);
    ck_assert_int_eq(whole.cols, 40);
    memcpy(first, whole.data, sizeof first);
    prog_npy_close(&whole);
    ck_assert_int_eq(run(&prog_topk,
                         ARGS(files[LONG], S("-k"), S("40"), S("--out"), files[OUT], S("--backend"), S("cpu"),
                              S("--chunk"), S("300")),
                         9, &cut),
                     PROG_OK);
    ck_assert_int_eq(memcmp(first, cut.data, sizeof first), 0);
    prog_npy_close(&cut);
}
END_TEST

/* property  by value the picks are the largest; of segments, those of each */
START_TEST(values_and_segments) {
    prog_npy out;
    ck_assert_int_eq(run(&prog_topk,
                         ARGS(files[LONG], S("-k"), S("3"), S("--by"), S("value"), S("--offsets"), files[OFFSETS],
                              S("--out"), files[OUT], S("--backend"), S("cpu")),
                         11, &out),
                     PROG_OK);
    ck_assert_int_eq(out.rows, 2);
    for (int s = 0; s < 2; s++)
        for (int j = 0; j < 3; j++) {
            int64_t id = ((const int64_t *)out.data)[s * 3 + j];
            int larger = 0;
            ck_assert(s == 0 ? id < 1000 : id >= 1000);
            for (int i = s ? 1000 : 0; i < (s ? N : 1000); i++) larger += x[i] > x[id] || (x[i] == x[id] && i < id);
            ck_assert_int_eq(larger, j);
        }
    prog_npy_close(&out);
}
END_TEST

/* property  a matrix gives the library's picks; what does not go together is refused */
START_TEST(a_matrix_gives_the_librarys_picks) {
    urn_ctx_params on = URN_CTX_PARAMS_INIT;
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    int32_t ids[ROWS * 5];
    urn_stream *stream;
    urn_ctx *ctx;
    prog_npy out;
    on.backend = URN_BACKEND_CPU;
    ck_assert_int_eq(urn_ctx_create(&on, &ctx), URN_OK);
    ck_assert_int_eq(urn_stream_create(ctx, urn_topk_workspace(NULL, ROWS, COLS, 5), &stream), URN_OK);
    rows.logits = urn_matrix_dense(logits, URN_F32, ROWS, COLS, 0);
    rows.seed_value = 4;
    p.rows = &rows, p.by = URN_TOPK_RACE, p.k = 5, p.ids = ids;
    ck_assert_int_eq(urn_topk(stream, &p), URN_OK);
    ck_assert_int_eq(run(&prog_topk,
                         ARGS(files[MATRIX], S("-k"), S("5"), S("--by"), S("race"), S("-s"), S("4"), S("--out"),
                              files[OUT], S("--backend"), S("cpu")),
                         11, &out),
                     PROG_OK);
    ck_assert_int_eq(memcmp(ids, out.data, sizeof ids), 0);
    prog_npy_close(&out);
    ck_assert_int_eq(run(&prog_topk, ARGS(files[LONG], S("--by"), S("race")), 3, NULL), PROG_USAGE);
    ck_assert_int_eq(run(&prog_topk, ARGS(files[MATRIX], S("--keys"), files[OUT]), 3, NULL), PROG_USAGE);
    ck_assert_int_eq(run(&prog_topk, ARGS(files[RAW]), 1, NULL), PROG_FAILED);
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
}
END_TEST

/* property  of lines half of which are the target's, nearly all that are chosen are */
START_TEST(selected_lines_are_like_the_target) {
    prog_npy ids;
    int like = 0;
    ck_assert_int_eq(run(&prog_select,
                         ARGS(files[RAW], S("--target"), files[TARGET], S("-k"), S("100"), S("--ids"), files[OUT],
                              S("--out"), S("/dev/null"), S("--backend"), S("cpu")),
                         11, &ids),
                     PROG_OK);
    ck_assert_int_eq(ids.cols, 100);
    for (int i = 0; i < 100; i++) like += ((const int64_t *)ids.data)[i] * 7 % 13 % 2 == 0;
    ck_assert_int_ge(like, 95);
    prog_npy_close(&ids);
    ck_assert_int_eq(run(&prog_select, ARGS(files[RAW]), 1, NULL), PROG_USAGE);
}
END_TEST

Suite *unit_prog_topk_suite(void) {
    Suite *suite = suite_create("unit_prog_topk");
    TCase *tests = tcase_create("prog_topk");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, chunks_change_nothing);
    tcase_add_test(tests, values_and_segments);
    tcase_add_test(tests, a_matrix_gives_the_librarys_picks);
    tcase_add_test(tests, selected_lines_are_like_the_target);
    suite_add_tcase(suite, tests);
    return suite;
}
