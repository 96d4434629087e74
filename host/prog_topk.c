/* prog_topk.c - `urn topk`: the first k of rows, of a long row, of segments; by value or without replacement. */
#include "host/prog_topk.h"

#include "host/prog_steps.h"

#include <stdio.h>
#include <string.h>

void *prog_topk_device(topk_job *job, urn_buffer **buffer, void *host, size_t n, int copy, prog_error *error) {
    *buffer = NULL;
    if (job->device.host_memory) return host;
    if (prog_check(urn_buffer_create(job->device.ctx, URN_DEVICE, n ? n : 1, buffer), "device memory", error))
        return NULL;
    if (copy && n && prog_check(urn_buffer_write(job->device.stream, *buffer, 0, host, n), "urn_buffer_write", error))
        return NULL;
    return urn_buffer_data(*buffer);
}

int prog_topk_host(topk_job *job, const urn_buffer *buffer, void *host, size_t n, prog_error *error) {
    if (buffer != NULL && prog_check(urn_buffer_read(job->device.stream, buffer, 0, host, n), "urn_buffer_read", error))
        return -1;
    return prog_check(urn_stream_sync_host(job->device.stream), "urn_stream_sync_host", error);
}

static int usage(const char *text) {
    fprintf(stderr, "urn topk: %s\n", text);
    return PROG_USAGE;
}

/* What does not go together. */
static int check_options(const topk_job *job) {
    const prog_value *of = job->v->of;
    const int matrix = job->input.dims == 2;
    if (!matrix && (job->by == URN_TOPK_PLAIN || job->by == URN_TOPK_RACE))
        return usage("--by plain and race are for a matrix of logits; this file is one long row: gumbel or value");
    if (matrix && (of[TOPK_KEYS].given || of[TOPK_OFFSETS].given || of[TOPK_TEMPERATURE].given))
        return usage("--keys, --offsets and --temperature are for one long row; for a matrix of logits: --steps");
    if (!matrix && (of[TOPK_STEPS].given || of[TOPK_PRESET].given || of[TOPK_VALUES].given || of[TOPK_LOGPROBS].given))
        return usage("--steps, --preset, --values and --logprobs are for a matrix of logits; for one long row: "
                     "--temperature and --keys");
    if (matrix && job->k > URN_TOPK_K) return usage("-k is at most 2048 for a matrix of logits");
    if (job->by == URN_TOPK_RACE && job->k > URN_TOPK_RACE_K) return usage("-k is at most 64 with --by race");
    return PROG_OK;
}

static int run(const prog_values *v) {
    static const int32_t BY[] = {URN_TOPK_GUMBEL, URN_TOPK_VALUE, URN_TOPK_RACE, URN_TOPK_PLAIN};
    prog_error error;
    topk_job job;
    int code = PROG_FAILED, answer;
    memset(&job, 0, sizeof job);
    job.v = v;
    job.k = v->of[TOPK_K].number;
    job.by = BY[v->of[TOPK_BY].number];
    job.flags = v->of[TOPK_SORT].number == 1 ? URN_TOPK_BY_ID : 0;
    if (prog_npy_open(v->operand[0], &job.input, &error) != 0) goto failed;
    code = check_options(&job);
    if (code != PROG_OK) goto done;
    code = PROG_FAILED;
    if (prog_device_open(&job.device, v->of[TOPK_BACKEND].number, v->of[TOPK_DEVICE].number, v->of[TOPK_THREADS].number,
                         &error) != 0)
        goto failed;
    answer = job.input.dims == 2         ? prog_topk_rows(&job, &error)
             : v->of[TOPK_OFFSETS].given ? prog_topk_segments(&job, &error)
                                         : prog_topk_long(&job, &error);
    if (answer < 0) goto failed;
    code = answer ? PROG_FAILED : PROG_OK;
    goto done;
failed:
    fprintf(stderr, "urn topk: %s\n", error.text);
done:
    prog_device_close(&job.device);
    prog_npy_close(&job.input);
    return code;
}

#define FILE_OPTION(name, help)                                                                                        \
    { name, 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL, help }

static const prog_option OPTIONS[] = {
    {"count", 'k', PROG_INT, "K", "10", 1, URN_TOPK_LONG_K, NULL,
     "how many of each row or segment; at most 2048 for a matrix"},
    {"by", 0, PROG_CHOICE, "HOW", "gumbel", 0, 0, "gumbel|value|race|plain",
     "gumbel: drawn without replacement, as if one after the other; value: the largest; for a matrix also race: as "
     "gumbel, cheaper for few; plain: any numbers, -inf and +inf included"},
    PROG_OPTION_SEED,
    {"position", 0, PROG_INT, "N", "0", 0, 4294967295LL, NULL, "another position gives a fresh, independent draw"},
    {"sort", 0, PROG_CHOICE, "ORDER", "key", 0, 0, "key|id", "first the first pick, or first the smallest index"},
    FILE_OPTION("out", "write the picks instead of printing them: i8 [K], or i4 [rows, K] for a matrix; -1 where there "
                       "were no more"),
    {"temperature", 0, PROG_TEXT, "T", "1", 0, 0, NULL,
     "weights are exp(x / T), T above 0; for a matrix use --steps temperature=T"},
    FILE_OPTION("keys", "write what orders the picks, i8 [K], in units of 2^-40 bits"),
    FILE_OPTION("offsets", "the row is segments: i8 [segments + 1]; K of each, and --out is i8 [segments, K]"),
    {"chunk", 0, PROG_INT, "N", "4194304", 256, URN_TOPK_LONG_CHUNK, NULL,
     "items of a long row that are on the device at a time"},
    PROG_OPTION_STEPS("none"),
    PROG_OPTION_PRESET,
    PROG_OPTION_SET,
    {"dtype", 0, PROG_CHOICE, "NAME", NULL, 0, 0, "bf16", "read a u2 matrix as the bits of bf16 numbers"},
    FILE_OPTION("values", "write the picks' numbers, f4 [rows, K]"),
    FILE_OPTION("logprobs", "write ln of each pick's probability in its row's law, f4 [rows, K]"),
    FILE_OPTION("found", "write how many each row or segment gave, i4 [rows] or i8 [segments]"),
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_topk = {
    "topk",
    "the first k of a .npy array: the largest, or drawn without replacement",
    "VALUES.npy [OPTIONS]",
    "A 1-D array is one long row of log-weights, f4 or f8: data selection, subsets of any weights. It is mapped and "
    "pushed chunk by chunk, so it may be larger than memory; the picks do not depend on the chunks. -inf is never "
    "picked. A 2-D array is a matrix of logits (f4, f2, or u2 with --dtype bf16), a list of picks for each row, after "
    "the steps.\n\n"
    "By gumbel, the picks have the law of drawing one after the other from softmax(x / T), each time from what is "
    "left; "
    "they are a pure function of values, seed and position, on every backend.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    1,
    1,
    "Without --out, the picks as text: one a line for a long row, a line a row or segment else. With --out, a summary. "
    "Rows and segments that cannot be picked from (NaN, +inf, nothing possible) are named on stderr, and the exit code "
    "is 1.",
    "  urn topk logweights.npy -k 100000 --seed 7 --sort id --out chosen.npy\n"
    "  urn topk scores.npy -k 20 --by value\n"
    "  urn topk scores.npy --offsets strata.npy -k 5 --out chosen.npy\n"
    "  urn topk logits.npy -k 4 --steps temperature=0.7,top_p=0.9 --logprobs lp.npy --out ids.npy\n",
    run,
};
