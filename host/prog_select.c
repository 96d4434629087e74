/* prog_select.c - `urn select`: choose the documents of a large text that look like those of a small one. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_features.h"
#include "host/prog_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET, COUNT, SEED, HEAD, TEMPERATURE, OUT, IDS, WEIGHTS, BACKEND, DEVICE, THREADS };

typedef struct job {
    const prog_values *v;
    prog_text raw, target;
    prog_counts *of_raw, *of_target, *of_chosen, *of_random;
    float *log_weight; /* [documents] */
    int64_t *ids, k;
    prog_device device;
} job;

static void count_all(const prog_text *text, prog_counts *counts, const char *label) {
    prog_progress bar;
    prog_progress_begin(&bar, label, text->documents);
    for (int64_t d = 0; d < text->documents; d++) {
        prog_count_document(text, d, counts);
        if (d % 4096 == 0) prog_progress_update(&bar, d, NULL);
    }
    prog_progress_end(&bar);
}

/* ln of how much likelier the target makes each document than the raw text does. */
static int weigh(job *j, prog_error *error) {
    float *score = malloc(PROG_BUCKETS * sizeof *score), *raw = malloc(PROG_BUCKETS * sizeof *raw);
    prog_progress bar;
    j->log_weight = malloc((size_t)j->raw.documents * sizeof *j->log_weight);
    if (!score || !raw || !j->log_weight) {
        free(score), free(raw);
        return prog_fail(error, "no memory for %lld documents", (long long)j->raw.documents);
    }
    prog_log_shares(j->of_target, score);
    prog_log_shares(j->of_raw, raw);
    for (int i = 0; i < PROG_BUCKETS; i++) score[i] -= raw[i];
    prog_progress_begin(&bar, "weighing", j->raw.documents);
    for (int64_t d = 0; d < j->raw.documents; d++) {
        j->log_weight[d] = (float)prog_score_document(&j->raw, d, score);
        if (d % 4096 == 0) prog_progress_update(&bar, d, NULL);
    }
    prog_progress_end(&bar);
    free(score), free(raw);
    return 0;
}

/* k of n by these log-weights (NULL: all equal) into ids, by increasing number. */
static int choose(job *j, const float *weights, float temperature, int by_value, prog_error *error) {
    urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    const size_t n = (size_t)j->raw.documents, out = (size_t)j->k * 8;
    urn_stream *stream = j->device.stream;
    urn_buffer *state = NULL, *values = NULL, *ids = NULL;
    p.k = j->k, p.seed = j->v->of[SEED].wide, p.temperature = temperature, p.flags = URN_TOPK_BY_ID;
    p.by = by_value ? URN_TOPK_VALUE : URN_TOPK_GUMBEL;
    p.label = weights == NULL; /* not the noise of the choice that it is compared with */
    p.state_bytes = urn_topk_long_state(p.k);
    int bad = prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, p.state_bytes, &state), "memory", error) ||
              prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, n * 4, &values), "memory", error) ||
              prog_check(urn_buffer_create(j->device.ctx, URN_DEVICE, out, &ids), "memory", error) ||
              prog_check(urn_stream_reserve(stream, urn_topk_long_workspace(p.k, (int64_t)n)), "reserve", error);
    if (!bad && weights != NULL)
        bad = prog_check(urn_buffer_write(stream, values, 0, weights, n * 4), "urn_buffer_write", error);
    if (!bad) {
        p.state = urn_buffer_data(state);
        r.ids = urn_buffer_data(ids);
        bad = prog_check(urn_topk_long_begin(stream, &p), "urn_topk_long_begin", error) ||
              prog_check(
                  urn_topk_long_push(stream, &p, weights ? urn_buffer_data(values) : NULL, URN_ITEM_F32, (int64_t)n, 0),
                  "urn_topk_long_push", error) ||
              prog_check(urn_topk_long_finish(stream, &p, &r), "urn_topk_long_finish", error) ||
              prog_check(urn_buffer_read_host(stream, ids, 0, j->ids, out), "urn_buffer_read_host", error);
    }
    urn_buffer_destroy(state), urn_buffer_destroy(values), urn_buffer_destroy(ids);
    return bad ? -1 : 0;
}

static void count_chosen(const job *j, prog_counts *counts) {
    for (int64_t i = 0; i < j->k; i++)
        if (j->ids[i] >= 0) prog_count_document(&j->raw, j->ids[i], counts);
}

static int write_text(const job *j, prog_error *error) {
    const char *path = j->v->of[OUT].text;
    FILE *file = path ? fopen(path, "wb") : stdout;
    int ok = file != NULL;
    for (int64_t i = 0; i < j->k && ok; i++) {
        const size_t from = j->raw.begin[j->ids[i]];
        const char *line = j->raw.data + from, *end = memchr(line, '\n', j->raw.bytes - from);
        const size_t n = end ? (size_t)(end - line) : j->raw.bytes - from;
        ok = fwrite(line, 1, n, file) == n && fputc('\n', file) != EOF;
    }
    if (path && file) ok = fclose(file) == 0 && ok;
    return ok ? 0 : prog_fail(error, "%s: cannot be written", path ? path : "the output");
}

static int work(job *j, prog_error *error) {
    const prog_value *of = j->v->of;
    char *end;
    float temperature = strtof(of[TEMPERATURE].text, &end);
    if (*end != 0 || end == of[TEMPERATURE].text || !(temperature > 0) || temperature > 1e30f)
        return prog_fail(error, "--temperature is '%s'; a number above 0 is wanted", of[TEMPERATURE].text);
    if (prog_text_open(of[TARGET].text, &j->target, error)) return -1;
    if (prog_text_open(j->v->operand[0], &j->raw, error)) return -1;
    j->k = of[COUNT].number < j->raw.documents ? of[COUNT].number : j->raw.documents;
    j->of_raw = calloc(4, sizeof *j->of_raw);
    j->ids = malloc((size_t)j->k * 8);
    if (!j->of_raw || !j->ids) return prog_fail(error, "no memory");
    j->of_target = j->of_raw + 1, j->of_chosen = j->of_raw + 2, j->of_random = j->of_raw + 3;
    count_all(&j->target, j->of_target, "target");
    count_all(&j->raw, j->of_raw, "raw");
    if (weigh(j, error)) return -1;
    if (prog_device_open(&j->device, of[BACKEND].number, of[DEVICE].number, of[THREADS].number, error)) return -1;
    if (choose(j, NULL, 1, 0, error)) return -1;
    count_chosen(j, j->of_random);
    if (choose(j, j->log_weight, temperature, of[HEAD].given, error)) return -1;
    count_chosen(j, j->of_chosen);
    if (of[IDS].given && prog_npy_save(of[IDS].text, PROG_I8, 1, j->k, 1, j->ids, error)) return -1;
    if (of[WEIGHTS].given && prog_npy_save(of[WEIGHTS].text, PROG_F4, 1, j->raw.documents, 1, j->log_weight, error))
        return -1;
    if (write_text(j, error)) return -1;
    fprintf(stderr,
            "%lld of %lld documents, like %lld of the target\n"
            "nats from the target: the raw text %.4f, %lld at random %.4f, those chosen %.4f\n",
            (long long)j->k, (long long)j->raw.documents, (long long)j->target.documents,
            prog_divergence(j->of_target, j->of_raw), (long long)j->k, prog_divergence(j->of_target, j->of_random),
            prog_divergence(j->of_target, j->of_chosen));
    return 0;
}

static int run(const prog_values *v) {
    prog_error error;
    job j;
    int bad;
    memset(&j, 0, sizeof j);
    j.v = v;
    if (!v->of[TARGET].given) {
        fprintf(stderr, "urn select: --target FILE is wanted: documents that the chosen ones should be like\n");
        return PROG_USAGE;
    }
    bad = work(&j, &error);
    if (bad) fprintf(stderr, "urn select: %s\n", error.text);
    prog_device_close(&j.device);
    prog_text_close(&j.raw), prog_text_close(&j.target);
    free(j.of_raw), free(j.ids), free(j.log_weight);
    return bad ? PROG_FAILED : PROG_OK;
}

#define FILE_OPTION(name, help)                                                                                        \
    { name, 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL, help }

static const prog_option OPTIONS[] = {
    FILE_OPTION("target", "a text whose documents the chosen ones should be like; needed"),
    {"count", 'k', PROG_INT, "K", "1000", 1, URN_TOPK_LONG_K, NULL, "how many documents"},
    PROG_OPTION_SEED,
    {"head", 0, PROG_FLAG, NULL, NULL, 0, 0, NULL,
     "the likeliest documents instead of a draw: less like the target as a whole"},
    {"temperature", 0, PROG_TEXT, "T", "1", 0, 0, NULL, "weights are exp(x / T), T above 0"},
    FILE_OPTION("out", "write the chosen documents there instead of printing them"),
    FILE_OPTION("ids", "write their numbers, i8 [K], ascending"),
    FILE_OPTION("weights", "write the log-weight of every document, f4, for `urn topk`"),
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_select = {
    "select",
    "choose the documents of a text that look like those of another",
    "RAW.txt --target TARGET.txt [OPTIONS]",
    "Data selection by importance resampling (Xie et al. 2023): every line with a word is a document, its words and "
    "pairs of neighbouring words are hashed into 65,536 buckets, and its log-weight is the sum over them of ln(share "
    "in "
    "the target / share in the raw text). Then documents are drawn without replacement by these weights, so that the "
    "chosen ones as a whole have the target's mixture of words.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    1,
    1,
    "The chosen documents, one a line, in the order of the raw text. On stderr, how far their words are from the "
    "target's, beside those of as many documents at random: the divergence of the bucket shares, in nats.",
    "  urn select corpus.txt --target wanted.txt -k 10000 --out chosen.txt\n"
    "  urn select corpus.txt --target wanted.txt --weights w.npy --out /dev/null && urn topk w.npy -k 5\n",
    run,
};
