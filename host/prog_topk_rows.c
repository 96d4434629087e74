/* prog_topk_rows.c - `urn topk` of a matrix of logits. */
#include "host/prog_progress.h"
#include "host/prog_steps.h"
#include "host/prog_topk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILURES_SHOWN = 20, CHUNK_BYTES = 1 << 26, IDS = 0, FOUND, STATUS, VALUES, LOGPROBS, OUTPUTS };

/* An output of 4 bytes an element: by pick or by row, its file. */
static const struct {
    int by_pick, option;
    prog_type type;
} OUTPUT[OUTPUTS] = {
    {1, TOPK_OUT, PROG_I4},    {0, TOPK_FOUND, PROG_I4},    {0, -1, PROG_I4},
    {1, TOPK_VALUES, PROG_F4}, {1, TOPK_LOGPROBS, PROG_F4},
};

typedef struct rows_job {
    topk_job *job;
    urn_sampler *sampler;
    urn_dtype dtype;
    int64_t chunk;
    urn_buffer *rows, *labels, *out[OUTPUTS]; /* of one chunk */
    void *result[OUTPUTS];                    /* of all rows */
} rows_job;

static int wanted(const rows_job *a, int i) { return i <= STATUS || a->job->v->of[OUTPUT[i].option].given; }

static size_t row_bytes(const rows_job *a, int i) { return OUTPUT[i].by_pick ? (size_t)a->job->k * 4 : 4; }

static int find_dtype(rows_job *a, prog_error *error) {
    const int bf16 = a->job->v->of[TOPK_DTYPE].given;
    const prog_type type = a->job->input.type;
    a->dtype = type == PROG_F4 ? URN_F32 : type == PROG_F2 ? URN_F16 : URN_BF16;
    if (type == PROG_F4 || type == PROG_F2) return 0;
    if (type == PROG_U2 && bf16) return 0;
    return prog_fail(error, "%s: holds %s; f4, f2, or u2 with --dtype bf16 is wanted", a->job->v->operand[0],
                     prog_type_name(type));
}

static int prepare(rows_job *a, prog_error *error) {
    topk_job *job = a->job;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    const size_t line = (size_t)job->input.cols * prog_type_size(job->input.type);
    int i;
    if (find_dtype(a, error) || prog_get_steps(job->v, TOPK_STEPS, steps, &list.count, error)) return -1;
    if (prog_reads_context(steps, list.count))
        return prog_fail(error, "--steps: a step reads what was said before, which `urn topk` does not know");
    if (job->by == URN_TOPK_PLAIN && list.count > 0)
        return prog_fail(error, "--by plain takes the numbers as they are: leave --steps out, or use --by value");
    if (job->input.cols > URN_MAX_COLS)
        return prog_fail(error, "rows of %lld are too long, %lld is the most", (long long)job->input.cols,
                         (long long)URN_MAX_COLS);
    if (list.count > 0 && prog_check(urn_sampler_create(job->device.ctx, &list, 1, &a->sampler), "--steps", error))
        return -1;
    a->chunk = CHUNK_BYTES / (int64_t)(line + (size_t)job->k * 12);
    if (a->chunk > job->input.rows) a->chunk = job->input.rows;
    if (a->chunk < 1) a->chunk = 1;
    if (prog_check(urn_stream_reserve(job->device.stream,
                                      urn_topk_workspace(a->sampler, a->chunk, job->input.cols, (int32_t)job->k)),
                   "urn_stream_reserve", error) ||
        prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, (size_t)a->chunk * 8, &a->labels), "memory", error))
        return -1;
    if (!job->device.host_memory &&
        prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, (size_t)a->chunk * line, &a->rows),
                   "memory for logits", error))
        return -1;
    for (i = 0; i < OUTPUTS; i++) {
        if (!wanted(a, i)) continue;
        if (prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, (size_t)a->chunk * row_bytes(a, i), &a->out[i]),
                       "memory for outputs", error))
            return -1;
        a->result[i] = calloc((size_t)job->input.rows, row_bytes(a, i));
        if (a->result[i] == NULL) return prog_fail(error, "no memory for the picks");
    }
    return 0;
}

static void *data_of(const rows_job *a, int i) { return a->out[i] ? urn_buffer_data(a->out[i]) : NULL; }

/* Rows first .. first + rows - 1. A row's label is its number in the file, so chunks change no bit. */
static int run_chunk(rows_job *a, int64_t first, int64_t rows, uint64_t *labels, prog_error *error) {
    topk_job *job = a->job;
    urn_stream *stream = job->device.stream;
    const size_t line = (size_t)job->input.cols * prog_type_size(job->input.type);
    const char *host = (const char *)job->input.data + (size_t)first * line;
    urn_sample_params law = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    const void *data = host;
    int i;
    for (int64_t r = 0; r < rows; r++) labels[r] = (uint64_t)(first + r);
    if (prog_check(urn_buffer_write(stream, a->labels, 0, labels, (size_t)rows * 8), "urn_buffer_write", error))
        return -1;
    if (a->rows != NULL) {
        if (prog_check(urn_buffer_write(stream, a->rows, 0, host, (size_t)rows * line), "urn_buffer_write", error))
            return -1;
        data = urn_buffer_data(a->rows);
    }
    law.logits = urn_matrix_dense(data, a->dtype, rows, job->input.cols, 0);
    law.sampler = a->sampler;
    law.label = urn_buffer_data(a->labels);
    law.seed_value = job->v->of[TOPK_SEED].wide;
    law.position_value = (uint32_t)job->v->of[TOPK_POSITION].number;
    p.rows = &law, p.by = job->by, p.k = (int32_t)job->k, p.flags = job->flags;
    p.ids = data_of(a, IDS), p.found = data_of(a, FOUND), p.status = data_of(a, STATUS);
    p.values = data_of(a, VALUES), p.logprob = data_of(a, LOGPROBS);
    if (prog_check(urn_topk(stream, &p), "urn_topk", error)) return -1;
    for (i = 0; i < OUTPUTS; i++)
        if (a->out[i] != NULL &&
            prog_check(urn_buffer_read(stream, a->out[i], 0, (char *)a->result[i] + (size_t)first * row_bytes(a, i),
                                       (size_t)rows * row_bytes(a, i)),
                       "urn_buffer_read", error))
            return -1;
    return prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error);
}

static int run_all(rows_job *a, prog_error *error) {
    const int64_t all = a->job->input.rows;
    uint64_t *labels = malloc((size_t)a->chunk * sizeof *labels);
    prog_progress bar;
    int bad = labels == NULL ? prog_fail(error, "no memory") : 0;
    prog_progress_begin(&bar, "choosing", all);
    for (int64_t first = 0; first < all && !bad; first += a->chunk) {
        bad = run_chunk(a, first, all - first < a->chunk ? all - first : a->chunk, labels, error);
        prog_progress_update(&bar, first, NULL);
    }
    prog_progress_end(&bar);
    free(labels);
    return bad;
}

static int report(const rows_job *a, prog_error *error) {
    const topk_job *job = a->job;
    const int32_t *ids = a->result[IDS], *found = a->result[FOUND], *status = a->result[STATUS];
    const int64_t rows = job->input.rows, k = job->k;
    int64_t failed = 0;
    char where[256];
    for (int64_t r = 0; r < rows; r++)
        if (status[r] != 0 && failed++ < FAILURES_SHOWN)
            fprintf(stderr, "urn topk: row %lld: %s\n", (long long)r, urn_row_status_text(status[r]));
    for (int i = 0; i < OUTPUTS; i++) {
        const prog_value *file = OUTPUT[i].option < 0 ? NULL : &job->v->of[OUTPUT[i].option];
        if (file != NULL && file->given &&
            prog_npy_save(file->text, OUTPUT[i].type, OUTPUT[i].by_pick ? 2 : 1, rows, OUTPUT[i].by_pick ? k : 1,
                          a->result[i], error))
            return -1;
    }
    if (job->v->of[TOPK_OUT].given) {
        prog_device_text(&job->device, where, sizeof where);
        printf("%lld of each of %lld rows of %lld, %lld failed; %s\n", (long long)k, (long long)rows,
               (long long)job->input.cols, (long long)failed, where);
        return failed > 0;
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int32_t j = 0; j < found[r]; j++) printf("%s%d", j ? " " : "", ids[r * k + j]);
        printf("\n");
    }
    return failed > 0;
}

int prog_topk_rows(topk_job *job, prog_error *error) {
    rows_job a;
    int answer = -1, i;
    memset(&a, 0, sizeof a);
    a.job = job;
    if (prepare(&a, error) == 0 && run_all(&a, error) == 0) answer = report(&a, error);
    for (i = 0; i < OUTPUTS; i++) {
        urn_buffer_destroy(a.out[i]);
        free(a.result[i]);
    }
    urn_buffer_destroy(a.rows);
    urn_buffer_destroy(a.labels);
    urn_sampler_destroy(a.sampler);
    return answer;
}
