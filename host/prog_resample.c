/* prog_resample.c - `urn resample`: ancestors from the rows of a .npy matrix of weights. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_digest.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCHEME,
    WEIGHTS,
    OUTPUTS_WANTED,
    SEED,
    POSITION,
    THRESHOLD,
    CAP,
    ITERATIONS,
    SEGMENT,
    LAW,
    OUT,
    OFFSPRING,
    LW_OUT,
    STATS,
    STATUS,
    BACKEND,
    DEVICE,
    THREADS
};
enum { FAILURES_SHOWN = 20, ROWS_SHOWN = 50 };

#define SCHEMES                                                                                                        \
    "systematic|stratified|multinomial|sorted|residual|residual-stratified|residual-systematic|ssp|killing|branching|" \
    "minimum-error|metropolis|c1|c2|megopolis|rejection"

typedef struct job {
    const prog_values *v;
    prog_npy weights, law; /* law.rows 0: none */
    urn_weight_type type;
    int64_t rows, n, outputs;
    size_t element;
    float threshold;
    prog_device device;
    urn_buffer *buffer[8];
    int buffers;
    void *ancestors, *offspring, *lw_out; /* on the host, of all rows */
    urn_weight_stats *stats;
    int64_t failed;
} job;

static int find_type(job *j, const char *path, prog_error *error) {
    const int linear = j->v->of[WEIGHTS].number == 1;
    if (j->weights.type != PROG_F4 && j->weights.type != PROG_F8)
        return prog_fail(error, "%s: holds %s; weights are f4 or f8", path, prog_type_name(j->weights.type));
    j->element = prog_type_size(j->weights.type);
    if (j->weights.type == PROG_F4)
        j->type = linear ? URN_WEIGHT_F32 : URN_WEIGHT_LOG_F32;
    else
        j->type = linear ? URN_WEIGHT_F64 : URN_WEIGHT_LOG_F64;
    j->rows = j->weights.rows;
    j->n = j->weights.cols;
    j->outputs = j->v->of[OUTPUTS_WANTED].given ? j->v->of[OUTPUTS_WANTED].number : j->n;
    return 0;
}

static int open_law(job *j, prog_error *error) {
    const char *path = j->v->of[LAW].text;
    if (path == NULL) return 0;
    if (prog_npy_open(path, &j->law, error) != 0) return -1;
    if (j->law.type == j->weights.type && j->law.rows == j->rows && j->law.cols == j->n) return 0;
    return prog_fail(error, "--law: %s holds %s [%lld, %lld]; %s [%lld, %lld] is wanted, as the weights are", path,
                     prog_type_name(j->law.type), (long long)j->law.rows, (long long)j->law.cols,
                     prog_type_name(j->weights.type), (long long)j->rows, (long long)j->n);
}

static int read_threshold(job *j, prog_error *error) {
    const char *text = j->v->of[THRESHOLD].text;
    char *end;
    j->threshold = URN_RESAMPLE_ALWAYS;
    if (text == NULL) return 0;
    j->threshold = strtof(text, &end);
    if (end != text && *end == 0 && j->threshold >= 0) return 0;
    return prog_fail(error, "--threshold %s: a number of at least 0 is wanted, such as 0.5", text);
}

/* Device memory, 0 bytes as NULL; `from` NULL: to be written. */
static void *reach(job *j, const void *from, size_t bytes, prog_error *error) {
    urn_buffer **buffer = &j->buffer[j->buffers];
    if (from != NULL && j->device.host_memory) return (void *)(uintptr_t)from;
    if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, bytes ? bytes : 1, buffer), "device memory", error))
        return NULL;
    j->buffers++;
    if (from != NULL &&
        prog_check(urn_buffer_write(j->device.stream, *buffer, 0, from, bytes), "urn_buffer_write", error))
        return NULL;
    return urn_buffer_data(*buffer);
}

/* An output: its device pointer to *device, room for it on the host to *host; the buffer is the last one made. */
static int reach_out(job *j, void **device, void **host, size_t bytes, prog_error *error) {
    *host = malloc(bytes ? bytes : 1);
    if (*host == NULL) return prog_fail(error, "no memory for %zu bytes of results", bytes);
    *device = reach(j, NULL, bytes, error);
    return *device == NULL ? -1 : 0;
}

static int read_back(job *j, const urn_buffer *buffer, void *host, size_t bytes, prog_error *error) {
    if (bytes == 0) return 0;
    return prog_check(urn_buffer_read(j->device.stream, buffer, 0, host, bytes), "urn_buffer_read", error);
}

static int run_all(job *j, prog_error *error) {
    const prog_value *of = j->v->of;
    const size_t in = (size_t)j->rows * (size_t)j->n, out = (size_t)j->rows * (size_t)j->outputs;
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    void *device[4] = {NULL, NULL, NULL, NULL}, *host[4] = {NULL, NULL, NULL, NULL};
    const size_t bytes[4] = {out * 4, (size_t)j->rows * sizeof(urn_weight_stats), of[OFFSPRING].given ? in * 4 : 0,
                             of[LW_OUT].given ? out * j->element : 0};
    int first, i, bad = 0;
    p.scheme = (int32_t)of[SCHEME].number;
    p.weights = urn_weights_dense(reach(j, j->weights.data, in * j->element, error), j->type, j->rows, j->n);
    if (p.weights.data == NULL) return -1;
    if (j->law.rows > 0 && (p.law = reach(j, j->law.data, in * j->element, error)) == NULL) return -1;
    first = j->buffers;
    for (i = 0; i < 4 && !bad; i++)
        if (i < 2 || bytes[i] > 0) bad = reach_out(j, &device[i], &host[i], bytes[i], error);
    j->ancestors = host[0], j->stats = host[1], j->offspring = host[2], j->lw_out = host[3];
    if (bad) return -1;
    p.outputs = j->outputs;
    p.seed_value = of[SEED].wide;
    p.position_value = (uint32_t)of[POSITION].number;
    p.threshold_value = j->threshold;
    p.cap = (int32_t)of[CAP].number;
    p.iterations = (int32_t)of[ITERATIONS].number;
    p.segment = (int32_t)of[SEGMENT].number;
    p.ancestors = device[0], p.stats = device[1], p.offspring = device[2], p.lw_out = device[3];
    if (j->rows > 0 &&
        prog_check(urn_stream_reserve(j->device.stream,
                                      urn_resample_workspace((urn_resample_scheme)p.scheme, j->rows, j->n, j->outputs)),
                   "urn_stream_reserve", error))
        return -1;
    if (prog_check(urn_resample(j->device.stream, &p), "urn_resample", error)) return -1;
    for (i = 0; i < 4; i++)
        if (device[i] != NULL && read_back(j, j->buffer[first++], host[i], bytes[i], error)) return -1;
    return prog_check(urn_stream_sync_host(j->device.stream), "urn_stream_sync_host", error);
}

static void report_rows(job *j) {
    int64_t r;
    for (r = 0; r < j->rows; r++) {
        if (j->stats[r].status == 0) continue;
        if (j->failed++ < FAILURES_SHOWN)
            fprintf(stderr, "urn resample: row %lld: %s\n", (long long)r, urn_row_status_text(j->stats[r].status));
    }
    if (j->failed > FAILURES_SHOWN)
        fprintf(stderr, "urn resample: and %lld more rows; --status FILE writes the status of each\n",
                (long long)(j->failed - FAILURES_SHOWN));
}

static int save_stats(const job *j, const char *path, prog_error *error) {
    prog_npy_out out;
    int64_t r;
    int bad;
    if (prog_npy_create(&out, path, PROG_F8, 2, 5, error) != 0) return -1;
    for (r = 0, bad = 0; r < j->rows && !bad; r++) bad = prog_npy_append(&out, &j->stats[r].ess, 1, error);
    return prog_npy_finish(&out, error) != 0 || bad ? -1 : 0;
}

static int save_status(const job *j, const char *path, prog_error *error) {
    prog_npy_out out;
    int64_t r;
    int bad;
    if (prog_npy_create(&out, path, PROG_I4, 1, 1, error) != 0) return -1;
    for (r = 0, bad = 0; r < j->rows && !bad; r++) bad = prog_npy_append(&out, &j->stats[r].status, 1, error);
    return prog_npy_finish(&out, error) != 0 || bad ? -1 : 0;
}

static int write_all(const job *j, prog_error *error) {
    const prog_value *of = j->v->of;
    if (of[OUT].given && prog_npy_save(of[OUT].text, PROG_I4, 2, j->rows, j->outputs, j->ancestors, error)) return -1;
    if (of[OFFSPRING].given && prog_npy_save(of[OFFSPRING].text, PROG_I4, 2, j->rows, j->n, j->offspring, error))
        return -1;
    if (of[LW_OUT].given && prog_npy_save(of[LW_OUT].text, j->weights.type, 2, j->rows, j->outputs, j->lw_out, error))
        return -1;
    if (of[STATS].given && save_stats(j, of[STATS].text, error)) return -1;
    return of[STATUS].given ? save_status(j, of[STATUS].text, error) : 0;
}

static void print_ancestors(const job *j) {
    const int32_t *a = j->ancestors;
    int64_t r, m;
    for (r = 0; r < j->rows; r++) {
        for (m = 0; m < j->outputs; m++) printf("%s%d", m ? " " : "", a[r * j->outputs + m]);
        putchar('\n');
    }
}

static void print_summary(const job *j) {
    char where[256];
    int64_t r;
    prog_device_text(&j->device, where, sizeof where);
    printf("%lld rows of %lld weights, %lld outputs a row, %lld failed; %s\ndigest %016llx\n", (long long)j->rows,
           (long long)j->n, (long long)j->outputs, (long long)j->failed, where,
           (unsigned long long)prog_digest_ids(PROG_DIGEST_START, j->ancestors, (size_t)j->rows * (size_t)j->outputs));
    printf("%6s %14s %8s %14s %14s  %s\n", "row", "ess", "of n", "log sum", "log mean", "resampled");
    for (r = 0; r < j->rows && r < ROWS_SHOWN; r++)
        printf("%6lld %14.6g %8.4f %14.8g %14.8g  %s\n", (long long)r, j->stats[r].ess, j->stats[r].ess / (double)j->n,
               j->stats[r].log_sum, j->stats[r].log_mean, j->stats[r].resampled ? "yes" : "no");
    if (j->rows > ROWS_SHOWN) printf("... %lld more; --stats FILE writes all\n", (long long)(j->rows - ROWS_SHOWN));
}

static void release(job *j) {
    while (j->buffers > 0) urn_buffer_destroy(j->buffer[--j->buffers]);
    free(j->ancestors), free(j->offspring), free(j->lw_out), free(j->stats);
    prog_device_close(&j->device);
    prog_npy_close(&j->weights);
    prog_npy_close(&j->law);
}

static int run(const prog_values *v) {
    prog_error error;
    job j;
    int code = PROG_FAILED;
    memset(&j, 0, sizeof j);
    j.v = v;
    if (prog_npy_open(v->operand[0], &j.weights, &error) != 0 || find_type(&j, v->operand[0], &error) != 0 ||
        open_law(&j, &error) != 0 || read_threshold(&j, &error) != 0 ||
        prog_device_open(&j.device, v->of[BACKEND].number, v->of[DEVICE].number, v->of[THREADS].number, &error) != 0 ||
        run_all(&j, &error) != 0) {
        fprintf(stderr, "urn resample: %s\n", error.text);
    } else {
        report_rows(&j);
        if (write_all(&j, &error) != 0) {
            fprintf(stderr, "urn resample: %s\n", error.text);
        } else {
            if (v->of[OUT].given || v->of[STATS].given || v->of[OFFSPRING].given)
                print_summary(&j);
            else
                print_ancestors(&j);
            code = j.failed ? PROG_FAILED : PROG_OK;
        }
    }
    release(&j);
    return code;
}

#define FILE_OPTION(name, help)                                                                                        \
    { name, 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL, help }

static const prog_option OPTIONS[] = {
    {"scheme", 0, PROG_CHOICE, "NAME", "systematic", 0, 0, SCHEMES, "how ancestors are chosen"},
    {"weights", 0, PROG_CHOICE, "FORM", "log", 0, 0, "log|linear", "what the file holds: logarithms or weights"},
    {"outputs", 'm', PROG_INT, "M", NULL, 0, 1 << 30, NULL, "ancestors of each row; left out: as many as weights"},
    PROG_OPTION_SEED,
    {"position", 0, PROG_INT, "N", "0", 0, 4294967295LL, NULL, "the step's number; another gives fresh draws"},
    {"threshold", 0, PROG_TEXT, "SHARE", NULL, 0, 0, NULL,
     "resample only rows whose ESS is below SHARE of their weights; the others keep their particles (needs M = n)"},
    {"cap", 0, PROG_INT, "N", "0", 0, 2147483647LL, NULL, "no item more often than N; 0: no cap"},
    {"iterations", 0, PROG_INT, "N", "32", 0, 1 << 20, NULL, "of metropolis, c1, c2, megopolis and rejection"},
    {"segment", 0, PROG_INT, "N", "1", 1, 1 << 30, NULL, "of c1 and c2: n is a multiple of it"},
    FILE_OPTION("law", "log-weights to draw by instead, of the same type and shape (auxiliary, tempered)"),
    FILE_OPTION("out", "write the ancestors, i4 [rows, M], instead of printing them"),
    FILE_OPTION("offspring", "write how often each item is an ancestor, i4 [rows, n]"),
    FILE_OPTION("lw-out", "write the log-weights after resampling, [rows, M], of the weights' type"),
    FILE_OPTION("stats", "write ess, log sum, log mean, max, mean / max of each row, f8 [rows, 5]"),
    FILE_OPTION("status", "write the row status, i4 [rows]: 0 drawn, else bits as in urn/status.h"),
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_resample = {
    "resample",
    "ancestors from the rows of a .npy matrix of weights",
    "WEIGHTS.npy [OPTIONS]",
    "Draws ancestors from every row of weights or log-weights, f4 or f8, by exact integers: counts sum to M, no count "
    "is "
    "off its floor or ceiling where the scheme promises that, and weight 0 has no offspring. A 1-D array is one "
    "row.\n\n"
    "The ancestors are a pure function of the row, the scheme, the seed, the row's number and the position.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    1,
    1,
    "Without --out, --offspring and --stats, the ancestors as text: a line a row. Else a summary, the digest of the "
    "ancestors as `urn sample` has it of ids, and a table of the rows' statistics.\n"
    "A row that cannot be drawn from has ancestors -1; stderr says which and why, and the exit code is 1.",
    "  urn resample lw.npy\n"
    "  urn resample lw.npy --threshold 0.5 --lw-out next.npy --out ancestors.npy\n"
    "  urn resample w.npy --weights linear --scheme ssp -m 100 --offspring counts.npy\n",
    run,
};
