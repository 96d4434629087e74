/* prog_sample.c - `urn sample`: draws from the rows of a .npy matrix of logits. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_digest.h"
#include "host/prog_progress.h"
#include "host/prog_steps.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS,
    PRESET,
    SET,
    CONTEXT,
    DRAWS,
    SEED,
    POSITION,
    DTYPE,
    OUT,
    LOGPROBS,
    RAW,
    RANK,
    LSE,
    ENTROPY,
    KEPT,
    KEPT_LOGMASS,
    STATUS
};
enum { BACKEND = STATUS + 1, DEVICE, THREADS };
enum { CHUNK_BYTES = 1 << 26, CHUNK_ROWS = 1 << 16, FAILURES_SHOWN = 20 };

/* One output of the call: which option asks for it, where its pointer goes, what it is. */
typedef struct output {
    int option;
    size_t member;
    prog_type type;
    int by_draw; /* [rows, draws], else [rows] */
} output;

static const output OUTPUTS[] = {
    {OUT, offsetof(urn_sample_params, ids), PROG_I4, 1},
    {STATUS, offsetof(urn_sample_params, status), PROG_I4, 0},
    {LOGPROBS, offsetof(urn_sample_params, logprob), PROG_F4, 1},
    {RAW, offsetof(urn_sample_params, logprob_raw), PROG_F4, 1},
    {RANK, offsetof(urn_sample_params, rank), PROG_I4, 1},
    {LSE, offsetof(urn_sample_params, lse), PROG_F4, 0},
    {ENTROPY, offsetof(urn_sample_params, entropy), PROG_F4, 0},
    {KEPT, offsetof(urn_sample_params, kept_count), PROG_I4, 0},
    {KEPT_LOGMASS, offsetof(urn_sample_params, kept_logmass), PROG_F4, 0},
};

enum { OUTPUT_COUNT = sizeof OUTPUTS / sizeof OUTPUTS[0], IDS = 0, ROW_STATUS = 1 };

typedef struct job {
    const prog_values *v;
    prog_npy logits, context; /* context.rows 0: none */
    urn_dtype dtype;
    int64_t draws, chunk;
    prog_device device;
    urn_sampler *sampler;
    urn_slots *state;        /* NULL where no step reads a context */
    urn_buffer *said, *each; /* of one chunk: ids of its context; [2, rows] each row's position and how many ids */
    urn_buffer *rows, *labels, *out[OUTPUT_COUNT]; /* of one chunk; rows stays NULL where the file is read in place */
    void *result[OUTPUT_COUNT];                    /* of all rows */
    int64_t failed;
} job;

static int wanted(const job *j, int i) { return i == IDS || i == ROW_STATUS || j->v->of[OUTPUTS[i].option].given; }

static size_t row_bytes(const job *j, int i) { return OUTPUTS[i].by_draw ? (size_t)j->draws * 4 : 4; }

/* bf16 has no name in numpy, so such files say u2 and the user says bf16. Returns an exit code. */
static int find_dtype(job *j, const char *path) {
    const int bf16 = j->v->of[DTYPE].given;
    const char *name = prog_type_name(j->logits.type);
    if (j->logits.type == PROG_U2 && !bf16) {
        fprintf(stderr, "urn sample: %s: holds u2; if these are the bits of bf16 numbers, add --dtype bf16\n", path);
        return PROG_USAGE;
    }
    if (j->logits.type != PROG_U2 && bf16) {
        fprintf(stderr, "urn sample: %s: --dtype bf16 is for u2 files, this one holds %s: leave it out\n", path, name);
        return PROG_USAGE;
    }
    if (j->logits.type == PROG_F4)
        j->dtype = URN_F32;
    else if (j->logits.type == PROG_F2)
        j->dtype = URN_F16;
    else if (j->logits.type == PROG_U2)
        j->dtype = URN_BF16;
    else if (j->logits.type == PROG_F8) {
        fprintf(stderr,
                "urn sample: %s: holds f8; convert: python3 -c 'import numpy as n; n.save(\"fixed.npy\", "
                "n.load(\"%s\").astype(\"<f4\"))'\n",
                path, path);
        return PROG_FAILED;
    } else {
        fprintf(stderr, "urn sample: %s: holds %s, which are ids, not logits: f4, f2 or bf16 is wanted\n", path, name);
        return PROG_FAILED;
    }
    return PROG_OK;
}

/* Ids said before, a row of them for each row of logits. Returns an exit code. */
static int open_context(job *j, const char *path, prog_error *error) {
    if (path == NULL) return PROG_OK;
    if (prog_npy_open(path, &j->context, error) != 0)
        fprintf(stderr, "urn sample: %s\n", error->text);
    else if (j->context.type != PROG_I4 || j->context.rows != j->logits.rows || j->context.cols > 1 << 20)
        fprintf(stderr, "urn sample: --context: %s holds %s [%lld, %lld]; i4 [%lld, N] is wanted, N at most 1048576\n",
                path, prog_type_name(j->context.type), (long long)j->context.rows, (long long)j->context.cols,
                (long long)j->logits.rows);
    else
        return PROG_OK;
    return PROG_FAILED;
}

/* Slots whose outputs are the context's ids. A row's position would be how many those are: it gets one of its own. */
static int prepare_context(job *j, prog_error *error) {
    const int32_t rows = (int32_t)j->chunk, said = (int32_t)j->context.cols;
    urn_slots_params params = URN_SLOTS_PARAMS_INIT;
    int32_t *each = malloc((size_t)rows * 2 * sizeof *each), r;
    int bad;
    if (each == NULL) return prog_fail(error, "no memory");
    for (r = 0; r < rows; r++) {
        each[r] = (int32_t)(uint32_t)j->v->of[POSITION].number;
        each[rows + r] = said;
    }
    params.slots = rows;
    params.history = said;
    params.counts = said > 0 ? said : 1;
    bad = prog_check(urn_slots_create(j->device.ctx, &params, &j->state), "--context", error) ||
          prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, (size_t)rows * 8, &j->each), "--context", error) ||
          prog_check(urn_buffer_write(j->device.stream, j->each, 0, each, (size_t)rows * 8), "--context", error) ||
          prog_check(urn_stream_sync_host(j->device.stream), "urn_stream_sync_host", error);
    if (!bad && said > 0)
        bad = prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, (size_t)rows * (size_t)said * 4, &j->said),
                         "memory for --context", error);
    free(each);
    return bad ? -1 : 0;
}

/* The ids said before the rows of this chunk become their slots' outputs. */
static int load_context(job *j, int64_t first, int64_t rows, prog_error *error) {
    const int64_t said = j->context.cols;
    const int32_t *ids = (const int32_t *)j->context.data + first * said;
    if (j->said == NULL) return 0;
    if (prog_check(urn_slots_reset(j->device.stream, j->state, NULL, 0), "urn_slots_reset", error) ||
        prog_check(urn_buffer_write(j->device.stream, j->said, 0, ids, (size_t)(rows * said) * 4), "--context", error))
        return -1;
    return prog_check(urn_slots_commit(j->device.stream, j->state, NULL, urn_buffer_data(j->said), said,
                                       (const int32_t *)urn_buffer_data(j->each) + j->chunk, rows),
                      "urn_slots_commit", error);
}

static int prepare(job *j, const urn_step *steps, int32_t count, prog_error *error) {
    const size_t width = urn_dtype_size(j->dtype), line = (size_t)j->logits.cols * width;
    urn_list list;
    int i;
    list.steps = steps;
    list.count = count;
    if (j->logits.cols > URN_MAX_COLS)
        return prog_fail(error, "rows of %lld logits are too long, %lld is the most", (long long)j->logits.cols,
                         (long long)URN_MAX_COLS);
    if (prog_check(urn_sampler_create(j->device.ctx, &list, 1, &j->sampler), "--steps", error)) return -1;
    j->chunk = CHUNK_BYTES / (int64_t)(line > (size_t)j->draws * 4 ? line : (size_t)j->draws * 4);
    if (j->context.cols > 0 && j->chunk > CHUNK_BYTES / (j->context.cols * 64))
        j->chunk = CHUNK_BYTES / (j->context.cols * 64); /* what slots keep of an id, twice */
    if (j->chunk > CHUNK_ROWS) j->chunk = CHUNK_ROWS;
    if (j->chunk > j->logits.rows) j->chunk = j->logits.rows;
    if (j->chunk < 1) j->chunk = 1;
    if ((j->context.rows > 0 || prog_reads_context(steps, count)) && prepare_context(j, error)) return -1;
    if (prog_check(urn_stream_reserve(j->device.stream, urn_sample_workspace(j->sampler, j->chunk, j->logits.cols)),
                   "urn_stream_reserve", error))
        return -1;
    if (!j->device.host_memory &&
        prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, (size_t)j->chunk * line, &j->rows), "memory for logits",
                   error))
        return -1;
    if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, (size_t)j->chunk * 8, &j->labels), "urn_buffer_create",
                   error))
        return -1;
    for (i = 0; i < OUTPUT_COUNT; i++) {
        if (!wanted(j, i)) continue;
        if (prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, (size_t)j->chunk * row_bytes(j, i), &j->out[i]),
                       "memory for outputs", error))
            return -1;
        j->result[i] = calloc((size_t)j->logits.rows, row_bytes(j, i));
        if (j->result[i] == NULL)
            return prog_fail(error, "no memory for %lld rows of %lld draws", (long long)j->logits.rows,
                             (long long)j->draws);
    }
    return 0;
}

/* Rows first .. first + rows - 1. A row's label is its number in the file, so chunks change no bit. */
static int run_chunk(job *j, int64_t first, int64_t rows, uint64_t *labels, prog_error *error) {
    const size_t line = (size_t)j->logits.cols * urn_dtype_size(j->dtype);
    const char *host = (const char *)j->logits.data + (size_t)first * line;
    const void *data = host;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_stream *stream = j->device.stream;
    int64_t r;
    int i;
    for (r = 0; r < rows; r++) labels[r] = (uint64_t)(first + r);
    if (prog_check(urn_buffer_write(stream, j->labels, 0, labels, (size_t)rows * 8), "urn_buffer_write", error))
        return -1;
    if (j->rows != NULL) {
        if (prog_check(urn_buffer_write(stream, j->rows, 0, host, (size_t)rows * line), "urn_buffer_write", error))
            return -1;
        data = urn_buffer_data(j->rows);
    }
    p.logits = urn_matrix_dense(data, j->dtype, rows, j->logits.cols, 0);
    p.draws = (int32_t)j->draws;
    p.sampler = j->sampler;
    p.label = urn_buffer_data(j->labels);
    p.seed_value = j->v->of[SEED].wide;
    p.position_value = (uint32_t)j->v->of[POSITION].number;
    if (j->state != NULL) {
        if (load_context(j, first, rows, error)) return -1;
        p.state = j->state;
        p.position = urn_buffer_data(j->each);
    }
    for (i = 0; i < OUTPUT_COUNT; i++)
        if (j->out[i] != NULL) {
            void *out = urn_buffer_data(j->out[i]);
            memcpy((char *)&p + OUTPUTS[i].member, &out, sizeof out);
        }
    if (prog_check(urn_sample(stream, &p), "urn_sample", error)) return -1;
    for (i = 0; i < OUTPUT_COUNT; i++)
        if (j->out[i] != NULL &&
            prog_check(urn_buffer_read(stream, j->out[i], 0, (char *)j->result[i] + (size_t)first * row_bytes(j, i),
                                       (size_t)rows * row_bytes(j, i)),
                       "urn_buffer_read", error))
            return -1;
    return prog_check(urn_stream_sync_host(stream), "urn_stream_sync_host", error);
}

static int run_all(job *j, prog_error *error) {
    uint64_t *labels = malloc((size_t)j->chunk * sizeof *labels);
    prog_progress bar;
    int64_t first;
    int bad = labels == NULL ? prog_fail(error, "no memory") : 0;
    prog_progress_begin(&bar, "sampling", j->logits.rows);
    for (first = 0; first < j->logits.rows && !bad; first += j->chunk) {
        const int64_t left = j->logits.rows - first;
        bad = run_chunk(j, first, left < j->chunk ? left : j->chunk, labels, error);
        prog_progress_update(&bar, first, NULL);
    }
    prog_progress_end(&bar);
    free(labels);
    return bad;
}

static void report_rows(job *j) {
    const int32_t *status = j->result[ROW_STATUS];
    int64_t r;
    for (r = 0; r < j->logits.rows; r++) {
        if (status[r] == 0) continue;
        if (j->failed++ < FAILURES_SHOWN)
            fprintf(stderr, "urn sample: row %lld: %s\n", (long long)r, urn_row_status_text(status[r]));
    }
    if (j->failed > FAILURES_SHOWN)
        fprintf(stderr, "urn sample: and %lld more rows; --status FILE writes the status of each\n",
                (long long)(j->failed - FAILURES_SHOWN));
}

static int write_all(job *j, prog_error *error) {
    int i;
    for (i = 0; i < OUTPUT_COUNT; i++) {
        const prog_value *file = &j->v->of[OUTPUTS[i].option];
        if (file->given && prog_npy_save(file->text, OUTPUTS[i].type, OUTPUTS[i].by_draw ? 2 : 1, j->logits.rows,
                                         OUTPUTS[i].by_draw ? j->draws : 1, j->result[i], error))
            return -1;
    }
    return 0;
}

static void print_ids(const job *j) {
    const int32_t *ids = j->result[IDS];
    int64_t r, d;
    for (r = 0; r < j->logits.rows; r++)
        for (d = 0; d < j->draws; d++) printf("%d%c", ids[r * j->draws + d], d + 1 == j->draws ? '\n' : ' ');
}

static void print_summary(const job *j) {
    char where[256];
    const size_t count = (size_t)j->logits.rows * (size_t)j->draws;
    prog_device_text(&j->device, where, sizeof where);
    printf("%lld rows of %lld logits, %lld draw%s a row, %lld failed; %s\ndigest %016llx\n", (long long)j->logits.rows,
           (long long)j->logits.cols, (long long)j->draws, j->draws == 1 ? "" : "s", (long long)j->failed, where,
           (unsigned long long)prog_digest_ids(PROG_DIGEST_START, j->result[IDS], count));
}

static void release(job *j) {
    int i;
    for (i = 0; i < OUTPUT_COUNT; i++) {
        urn_buffer_destroy(j->out[i]);
        free(j->result[i]);
    }
    urn_buffer_destroy(j->rows);
    urn_buffer_destroy(j->labels);
    urn_buffer_destroy(j->said);
    urn_buffer_destroy(j->each);
    urn_slots_destroy(j->state);
    urn_sampler_destroy(j->sampler);
    prog_device_close(&j->device);
    prog_npy_close(&j->logits);
    prog_npy_close(&j->context);
}

static int run(const prog_values *v) {
    urn_step steps[URN_MAX_STEPS];
    int32_t count;
    prog_error error;
    job j;
    int code;
    memset(&j, 0, sizeof j);
    j.v = v;
    j.draws = v->of[DRAWS].number;
    if (prog_get_steps(v, STEPS, steps, &count, &error) != 0) {
        fprintf(stderr, "urn sample: %s\n", error.text);
        return PROG_USAGE;
    }
    code = PROG_FAILED;
    if (prog_npy_open(v->operand[0], &j.logits, &error) != 0) goto failed;
    code = find_dtype(&j, v->operand[0]);
    if (code == PROG_OK) code = open_context(&j, v->of[CONTEXT].text, &error);
    if (code != PROG_OK) goto done;
    code = PROG_FAILED;
    if (prog_device_open(&j.device, v->of[BACKEND].number, v->of[DEVICE].number, v->of[THREADS].number, &error) != 0 ||
        prepare(&j, steps, count, &error) != 0 || run_all(&j, &error) != 0)
        goto failed;
    report_rows(&j);
    if (write_all(&j, &error) != 0) goto failed;
    if (v->of[OUT].given)
        print_summary(&j);
    else
        print_ids(&j);
    code = j.failed ? PROG_FAILED : PROG_OK;
    goto done;
failed:
    fprintf(stderr, "urn sample: %s\n", error.text);
done:
    release(&j);
    return code;
}

#define FILE_OPTION(name, help)                                                                                        \
    { name, 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL, help }

static const prog_option OPTIONS[] = {
    PROG_OPTION_STEPS("none"),
    PROG_OPTION_PRESET,
    PROG_OPTION_SET,
    FILE_OPTION("context",
                "ids said before each row, i4 [rows, N], a negative id ends a row: what the steps no_repeat, "
                "penalties and dry read; without it they find nothing"),
    {"draws", 'n', PROG_INT, "N", "1", 1, 1 << 20, NULL, "ids drawn from each row, with replacement"},
    PROG_OPTION_SEED,
    {"position", 0, PROG_INT, "N", "0", 0, 4294967295LL, NULL,
     "the token number; another position gives fresh, independent draws"},
    {"dtype", 0, PROG_CHOICE, "NAME", NULL, 0, 0, "bf16", "read a u2 file as the bits of bf16 numbers"},
    FILE_OPTION("out", "write the ids, i4 [rows, draws], instead of printing them"),
    FILE_OPTION("logprobs", "write ln of each id's probability in the law drawn from, f4 [rows, draws]"),
    FILE_OPTION("raw-logprobs", "write ln softmax of the raw logits at each id, f4 [rows, draws]"),
    FILE_OPTION("rank", "write how many ids come before each in the raw order, i4 [rows, draws]"),
    FILE_OPTION("lse", "write ln sum exp of the raw logits, f4 [rows]"),
    FILE_OPTION("entropy", "write the entropy of the law drawn from, in nats, f4 [rows]"),
    FILE_OPTION("kept", "write how many ids the steps left, i4 [rows]"),
    FILE_OPTION("kept-logmass", "write ln of the mass that keep steps left, f4 [rows]"),
    FILE_OPTION("status", "write the row status, i4 [rows]: 0 drawn, else bits as in urn/status.h"),
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_sample = {
    "sample",
    "draw ids from the rows of a .npy matrix of logits",
    "LOGITS.npy [OPTIONS]",
    "Draws ids from softmax(logits) of every row, after the steps. The file is what numpy.save writes: f4 or f2, or u2 "
    "with --dtype bf16, little-endian, C order; a 1-D array is one row. It is mapped, not loaded, and worked through "
    "in "
    "pieces, so it may be larger than memory.\n\n"
    "Draw j of row r is a pure function of the row's logits, the steps, the seed, r, j and the position: it does not "
    "depend on the backend, the threads, or the other rows.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    1,
    1,
    "Without --out, the ids as text: a line a row, draws separated by blanks. With --out, a summary and the digest: "
    "64-bit FNV-1a over the ids' bytes (int32, little-endian, row by row).\n"
    "A row that cannot be drawn from has id -1; stderr says which and why (NaN, +inf, nothing possible), the other "
    "rows "
    "are as if alone, and the exit code is 1.",
    "  urn sample logits.npy\n"
    "  urn sample logits.npy --steps temperature=0.8,top_k=50,top_p=0.95 --seed 7 -n 100 --out ids.npy\n"
    "  urn sample bits.npy --dtype bf16 --logprobs lp.npy --entropy h.npy\n",
    run,
};
