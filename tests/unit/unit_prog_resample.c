/* unit_prog_resample.c - `urn resample` from files to files, and `urn filter` beside the Kalman filter. */
#include "host/prog_args.h"
#include "host/prog_npy.h"
#include "urn/urn.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *unit_prog_resample_suite(void);

enum { ROWS = 4, ITEMS = 30 };

static double weights[ROWS * ITEMS];
static char files[6][64]; /* weights, ancestors, offspring, log-weights, statistics, status */

static void set_up(void) {
    prog_error error;
    for (int i = 0; i < ROWS * ITEMS; i++) weights[i] = (double)((i * 37 + 11) % 64) / 8.0;
    weights[2 * ITEMS + 3] = NAN;
    for (int i = 0; i < ITEMS; i++) weights[3 * ITEMS + i] = 0.5;
    for (int i = 0; i < 6; i++) {
        snprintf(files[i], sizeof files[i], "/tmp/urn_resample_%d_XXXXXX", i);
        int fd = mkstemp(files[i]);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    ck_assert_int_eq(prog_npy_save(files[0], PROG_F8, 2, ROWS, ITEMS, weights, &error), 0);
}

static void tear_down(void) {
    for (int i = 0; i < 6; i++) unlink(files[i]);
}

static int run(const prog_command *command, int argc, char **argv) {
    prog_values values;
    ck_assert_int_eq(prog_args_parse(command, argc, argv, &values), PROG_OK);
    return command->run(&values);
}

static void has(const char *path, prog_type type, int64_t rows, int64_t cols, const void *wanted) {
    prog_npy found;
    prog_error error;
    ck_assert_msg(prog_npy_open(path, &found, &error) == 0, "%s", error.text);
    ck_assert_int_eq(found.type, type);
    ck_assert_int_eq(found.rows, rows);
    ck_assert_int_eq(found.cols, cols);
    ck_assert_msg(memcmp(found.data, wanted, (size_t)(rows * cols) * prog_type_size(type)) == 0, "%s differs", path);
    prog_npy_close(&found);
}

/* property  every file of the program is what the library writes for the same call; a bad row makes it exit with 1 */
START_TEST(files_are_what_the_library_writes) {
    static int32_t ancestors[ROWS * ITEMS], offspring[ROWS * ITEMS], status[ROWS];
    static double lw_out[ROWS * ITEMS], numbers[ROWS * 5];
    urn_weight_stats stats[ROWS];
    urn_ctx *ctx;
    urn_stream *stream;
    urn_ctx_params with = URN_CTX_PARAMS_INIT;
    char *argv[] = {files[0],
                    (char *)"--scheme=ssp",
                    (char *)"--seed=5",
                    (char *)"--position=3",
                    (char *)"--threshold=0.9",
                    (char *)"--backend=cpu",
                    (char *)"--out",
                    files[1],
                    (char *)"--offspring",
                    files[2],
                    (char *)"--lw-out",
                    files[3],
                    (char *)"--stats",
                    files[4],
                    (char *)"--status",
                    files[5]};
    ck_assert_int_eq(run(&prog_resample, sizeof argv / sizeof argv[0], argv), PROG_FAILED);
    with.backend = URN_BACKEND_CPU;
    ck_assert_int_eq(urn_ctx_create(&with, &ctx), URN_OK);
    ck_assert_int_eq(urn_stream_create(ctx, urn_resample_workspace(URN_RESAMPLE_SSP, ROWS, ITEMS, ITEMS), &stream), 0);
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    p.scheme = URN_RESAMPLE_SSP;
    p.weights = urn_weights_dense(weights, URN_WEIGHT_LOG_F64, ROWS, ITEMS);
    p.outputs = ITEMS, p.seed_value = 5, p.position_value = 3, p.threshold_value = 0.9f;
    p.ancestors = ancestors, p.offspring = offspring, p.lw_out = lw_out, p.stats = stats, p.status = status;
    ck_assert_int_eq(urn_resample(stream, &p), URN_OK);
    ck_assert_int_eq(status[2], URN_ROW_NAN);
    ck_assert_int_eq(stats[0].resampled, 1);
    ck_assert_int_eq(stats[3].resampled, 0);
    for (int r = 0; r < ROWS; r++) memcpy(numbers + 5 * r, &stats[r].ess, 5 * sizeof *numbers);
    has(files[1], PROG_I4, ROWS, ITEMS, ancestors);
    has(files[2], PROG_I4, ROWS, ITEMS, offspring);
    has(files[3], PROG_F8, ROWS, ITEMS, lw_out);
    has(files[4], PROG_F8, ROWS, 5, numbers);
    has(files[5], PROG_I4, 1, ROWS, status);
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
}
END_TEST

/* property  what cannot be used is refused with exit code 1, and nothing is written */
START_TEST(bad_requests_are_refused) {
    char *threshold[] = {files[0], (char *)"--threshold=-1"};
    char *missing[] = {(char *)"/tmp/urn_no_such_file.npy"};
    char *linear[] = {files[0], (char *)"--weights=linear", (char *)"--lw-out", files[3]};
    char *law[] = {files[0], (char *)"--law", (char *)"/tmp/urn_no_such_file.npy"};
    ck_assert_int_eq(run(&prog_resample, 2, threshold), PROG_FAILED);
    ck_assert_int_eq(run(&prog_resample, 1, missing), PROG_FAILED);
    ck_assert_int_eq(run(&prog_resample, 4, linear), PROG_FAILED);
    ck_assert_int_eq(run(&prog_resample, 3, law), PROG_FAILED);
    char *moved[] = {(char *)"--moved=x"};
    ck_assert_int_eq(run(&prog_filter, 1, moved), PROG_FAILED);
}
END_TEST

/* property  64 filters of 500 particles: their mean level is within a fifth of Kalman's deviation at every step of the
 * Nile (its own standard error is about a fiftieth), whatever the scheme */
START_TEST(filtered_levels_are_kalmans) {
    static const char *const schemes[] = {"--scheme=systematic", "--scheme=multinomial", "--scheme=residual",
                                          "--scheme=ssp", "--scheme=killing"};
    char *argv[] = {(char *)schemes[_i],     (char *)"--runs=64", (char *)"--particles=500",
                    (char *)"--backend=cpu", (char *)"--table",   files[1]};
    char line[256];
    int steps = 0;
    ck_assert_int_eq(run(&prog_filter, 6, argv), PROG_OK);
    FILE *file = fopen(files[1], "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        double t, y, mean, sd, ours, our_sd;
        if (line[0] == '#') continue;
        ck_assert_int_eq(sscanf(line, "%lf %lf %lf %lf %lf %lf", &t, &y, &mean, &sd, &ours, &our_sd), 6);
        ck_assert_msg(fabs(ours - mean) < 0.2 * sd, "step %g: level %g, Kalman's %g +- %g", t, ours, mean, sd);
        ck_assert_msg(our_sd > 0.85 * sd && our_sd < 1.15 * sd, "step %g: deviation %g, Kalman's %g", t, our_sd, sd);
        steps++;
    }
    fclose(file);
    ck_assert_int_eq(steps, 100);
}
END_TEST

Suite *unit_prog_resample_suite(void) {
    Suite *suite = suite_create("unit_prog_resample");
    TCase *tc = tcase_create("files");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, files_are_what_the_library_writes);
    tcase_add_test(tc, bad_requests_are_refused);
    tcase_add_loop_test(tc, filtered_levels_are_kalmans, 0, 5);
    suite_add_tcase(suite, tc);
    return suite;
}
