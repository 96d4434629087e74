/* prog_decode.c - the decoding loop: logits rows, one urn_sample for the batch, one commit, ids back. */
#include "host/prog_decode.h"
#include "host/prog_digest.h"
#include "host/prog_progress.h"

#include <stdlib.h>
#include <string.h>

/* The call's outputs lie one after another in one buffer, so that one copy brings them back. */
enum { IDS, ROW_STATUS, KEPT, LOGPROB, RAW, ENTROPY, OUTPUTS };

typedef union cell {
    int32_t i;
    float f;
} cell;

typedef struct decoder {
    prog_device *device;
    prog_lm *lm;
    const prog_decode_params *params;
    prog_decode_result *result;
    prog_lm_info model;
    urn_sampler *sampler;
    urn_slots *slots;
    urn_buffer *mask, *map, *slot, *logits, *outputs;
    float *row;                 /* one row as the model makes it */
    unsigned char *host_logits; /* [rows, words] in the dtype */
    int32_t *host_slot;         /* [rows] the sentence's number, or -1 once it has ended */
    prog_history *history;      /* [rows] */
    cell *out;                  /* [OUTPUTS, rows] */
    prog_npy_out dump;
} decoder;

static int get_buffer(decoder *d, size_t bytes, const void *host, urn_buffer **buffer, prog_error *error) {
    if (prog_check(urn_buffer_create(d->device->ctx, URN_DEVICE, bytes, buffer), "urn_buffer_create", error)) return -1;
    if (host == NULL) return 0;
    return prog_check(urn_buffer_write(d->device->stream, *buffer, 0, host, bytes), "urn_buffer_write", error);
}

void prog_allow_words(const prog_lm *lm, uint32_t *bits) {
    const prog_lm_info model = prog_lm_get_info(lm);
    int32_t id;
    for (id = 0; id < model.words; id++)
        if (id == model.end || !prog_lm_is_marker(lm, id)) bits[id / 32] |= UINT32_C(1) << id % 32;
}

/* The user's steps after a mask that allows words and </s>, and before Mirostat. One mask row serves all rows. */
static int make_sampler(decoder *d, prog_error *error) {
    const size_t words = ((size_t)d->model.words + 31) / 32;
    uint32_t *bits = calloc(words, sizeof *bits);
    int32_t *map = calloc((size_t)d->params->rows, sizeof *map);
    urn_step steps[URN_MAX_STEPS];
    urn_list list;
    int bad = bits == NULL || map == NULL ? prog_fail(error, "no memory for the mask") : 0;
    if (!bad) {
        prog_allow_words(d->lm, bits);
        bad = get_buffer(d, words * 4, bits, &d->mask, error) ||
              get_buffer(d, (size_t)d->params->rows * 4, map, &d->map, error) ||
              prog_check(urn_stream_sync_host(d->device->stream), "urn_stream_sync_host", error);
    }
    free(bits);
    free(map);
    if (bad) return -1;
    steps[0] = urn_mask(urn_buffer_data(d->mask), 1, (int64_t)words, urn_buffer_data(d->map));
    memcpy(steps + 1, d->params->steps, (size_t)d->params->step_count * sizeof *steps);
    list.steps = steps;
    list.count = d->params->step_count + 1;
    if (d->params->mirostat) {
        urn_slots_view view;
        if (prog_check(urn_slots_get_view(d->slots, &view), "urn_slots_get_view", error)) return -1;
        steps[list.count++] = urn_mirostat(urn_f_by(URN_BY_SLOT, view.now.mu));
    }
    if (prog_check(urn_sampler_create(d->device->ctx, &list, 1, &d->sampler), "--steps", error)) return -1;
    return prog_check(
        urn_stream_reserve(d->device->stream, urn_sample_workspace(d->sampler, d->params->rows, d->model.words)),
        "urn_stream_reserve", error);
}

prog_history prog_start_of(const prog_decode_params *params, const prog_lm_info *model) {
    const int32_t n = params->prompt_count, *words = params->prompt;
    prog_history start = {-1, model->begin};
    if (n > 0) start.last = words[n - 1], start.before = n > 1 ? words[n - 2] : model->begin;
    return start;
}

static int get_memory(decoder *d, prog_error *error) {
    const size_t rows = (size_t)d->params->rows, words = (size_t)d->model.words;
    urn_slots_params slots = URN_SLOTS_PARAMS_INIT;
    size_t r;
    d->result->sentences = calloc(rows, sizeof *d->result->sentences);
    d->row = malloc(words * sizeof *d->row);
    d->host_logits = malloc(rows * words * urn_dtype_size(d->params->dtype));
    d->host_slot = malloc(rows * sizeof *d->host_slot);
    d->history = malloc(rows * sizeof *d->history);
    d->out = malloc(rows * OUTPUTS * sizeof *d->out);
    if (!d->result->sentences || !d->row || !d->host_logits || !d->host_slot || !d->history || !d->out)
        return prog_fail(error, "no memory for %d rows", d->params->rows);
    for (r = 0; r < rows; r++) {
        d->result->sentences[r].ids = malloc((size_t)d->params->tokens * 4);
        if (d->result->sentences[r].ids == NULL) return prog_fail(error, "no memory for %d rows", d->params->rows);
        d->host_slot[r] = (int32_t)r;
        d->history[r] = prog_start_of(d->params, &d->model);
    }
    slots.slots = d->params->rows;
    slots.history = d->params->prompt_count + d->params->tokens;
    slots.counts = d->params->tokens; /* distinct words of a sentence */
    slots.prompt_cols = d->model.words;
    slots.mu = 2 * d->params->tau;
    if (prog_check(urn_slots_create(d->device->ctx, &slots, &d->slots), "urn_slots_create", error) ||
        get_buffer(d, rows * 4, NULL, &d->slot, error) || get_buffer(d, rows * OUTPUTS * 4, NULL, &d->outputs, error))
        return -1;
    if (!d->device->host_memory &&
        get_buffer(d, rows * words * urn_dtype_size(d->params->dtype), NULL, &d->logits, error))
        return -1;
    return 0;
}

/* The prompt into every slot. The arrays may go when the copies are done. */
static int load_prompt(decoder *d, prog_error *error) {
    const size_t n = (size_t)d->params->prompt_count, rows = (size_t)d->params->rows;
    int32_t *ids = malloc(rows * n * 4 + 4);
    int64_t *offsets = malloc((rows + 1) * sizeof *offsets);
    urn_buffer *ids_there = NULL, *offsets_there = NULL;
    size_t r;
    int bad = ids == NULL || offsets == NULL ? prog_fail(error, "no memory for the prompt") : 0;
    if (!bad && n > 0) {
        for (r = 0; r <= rows; r++) offsets[r] = (int64_t)(r * n);
        for (r = 0; r < rows; r++) memcpy(ids + r * n, d->params->prompt, n * 4);
        bad = get_buffer(d, rows * n * 4, ids, &ids_there, error) ||
              get_buffer(d, (rows + 1) * 8, offsets, &offsets_there, error) ||
              prog_check(urn_slots_prompt(d->device->stream, d->slots, NULL, urn_buffer_data(ids_there),
                                          (int64_t)(rows * n), urn_buffer_data(offsets_there), (int64_t)rows),
                         "urn_slots_prompt", error);
    }
    if (prog_check(urn_stream_sync_host(d->device->stream), "urn_stream_sync_host", error)) bad = 1;
    urn_buffer_destroy(ids_there);
    urn_buffer_destroy(offsets_there);
    free(ids);
    free(offsets);
    return bad ? -1 : 0;
}

/* The logits of every running sentence; a finished one keeps its last row, which nobody reads. */
static void make_rows(decoder *d) {
    const size_t line = (size_t)d->model.words * urn_dtype_size(d->params->dtype);
    int32_t r;
    for (r = 0; r < d->params->rows; r++)
        if (d->host_slot[r] >= 0) {
            prog_lm_row(d->lm, d->history[r], d->row);
            prog_convert(d->row, d->model.words, d->params->dtype, d->host_logits + (size_t)r * line);
        }
}

static int copy_rows(decoder *d, prog_error *error) {
    const size_t bytes = (size_t)d->params->rows * (size_t)d->model.words * urn_dtype_size(d->params->dtype);
    if (d->logits == NULL) return 0;
    if (prog_check(urn_buffer_write(d->device->stream, d->logits, 0, d->host_logits, bytes), "urn_buffer_write", error))
        return -1;
    return prog_check(urn_stream_sync_host(d->device->stream), "urn_stream_sync_host", error);
}

/* Draw for the batch. Label: the sentence's number, the default. Position: the slots', one more after each commit. */
static int draw(decoder *d, prog_error *error) {
    const int32_t rows = d->params->rows;
    const void *logits = d->logits != NULL ? urn_buffer_data(d->logits) : d->host_logits;
    cell *out = urn_buffer_data(d->outputs);
    urn_stream *stream = d->device->stream;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    if (prog_check(urn_buffer_write(stream, d->slot, 0, d->host_slot, (size_t)rows * 4), "urn_buffer_write", error))
        return -1;
    p.logits = urn_matrix_dense(logits, d->params->dtype, rows, d->model.words, 0);
    p.sampler = d->sampler;
    p.slot = urn_buffer_data(d->slot);
    p.state = d->slots;
    p.seed_value = d->params->seed;
    p.ids = &out[IDS * rows].i;
    p.status = &out[ROW_STATUS * rows].i;
    p.kept_count = &out[KEPT * rows].i;
    p.logprob = &out[LOGPROB * rows].f;
    p.logprob_raw = &out[RAW * rows].f;
    p.entropy = &out[ENTROPY * rows].f;
    if (prog_check(urn_sample(stream, &p), "urn_sample", error)) return -1;
    if (prog_check(urn_slots_commit(stream, d->slots, p.slot, p.ids, 1, NULL, rows), "urn_slots_commit", error))
        return -1;
    if (d->params->mirostat && prog_check(urn_slots_mirostat(stream, d->slots, p.slot, p.logprob, 1, NULL, rows,
                                                             d->params->tau, d->params->eta),
                                          "urn_slots_mirostat", error))
        return -1;
    return prog_check(urn_buffer_read_host(stream, d->outputs, 0, d->out, (size_t)rows * OUTPUTS * 4),
                      "urn_buffer_read_host", error);
}

/* What was drawn goes to its sentence; </s> ends it. Returns how many still run, or -1. */
static int take_tokens(decoder *d, prog_error *error) {
    const int32_t rows = d->params->rows;
    int32_t r, running = 0;
    for (r = 0; r < rows; r++) {
        prog_sentence *s = &d->result->sentences[r];
        const int32_t id = d->out[IDS * rows + r].i, status = d->out[ROW_STATUS * rows + r].i;
        if (d->host_slot[r] < 0) continue;
        if (status != URN_ROW_OK || id < 0 || id >= d->model.words)
            return prog_fail(error, "sentence %d, token %d: id %d: %s", r, s->tokens, id, urn_row_status_text(status));
        s->ids[s->tokens++] = id;
        s->logprob += d->out[LOGPROB * rows + r].f;
        s->logprob_raw += d->out[RAW * rows + r].f;
        s->entropy += d->out[ENTROPY * rows + r].f;
        s->kept += d->out[KEPT * rows + r].i;
        d->result->tokens++;
        d->history[r].before = d->history[r].last;
        d->history[r].last = id;
        if (id == d->model.end) {
            s->ended = 1;
            d->host_slot[r] = -1;
        } else
            running++;
    }
    return running;
}

/* Rows to the file: those just drawn from, or, with `all`, the one that each sentence's last token came from. */
static int dump_rows(decoder *d, int all, prog_error *error) {
    const size_t line = (size_t)d->model.words * urn_dtype_size(d->params->dtype);
    int32_t r;
    for (r = 0; r < d->params->rows; r++)
        if ((all || d->host_slot[r] >= 0) && prog_npy_append(&d->dump, d->host_logits + (size_t)r * line, 1, error))
            return -1;
    return 0;
}

static int open_dump(decoder *d, prog_error *error) {
    static const prog_type TYPE[] = {PROG_F4, PROG_F2, PROG_U2}; /* by urn_dtype */
    if (d->params->dump == NULL) return 0;
    return prog_npy_create(&d->dump, d->params->dump, TYPE[d->params->dtype], 2, d->model.words, error);
}

static int decode_all(decoder *d, prog_error *error) {
    prog_progress bar;
    char note[64];
    int32_t t, running = d->params->rows;
    int bad = 0;
    prog_progress_begin(&bar, "decoding", d->params->tokens);
    for (t = 0; t < d->params->tokens && running > 0 && !bad; t++) {
        const double begin = prog_seconds();
        double made, copied;
        make_rows(d);
        made = prog_seconds();
        bad = copy_rows(d, error);
        copied = prog_seconds();
        if (!bad) bad = draw(d, error);
        d->result->urn_seconds += prog_seconds() - copied;
        d->result->copy_seconds += d->logits != NULL ? copied - made : 0;
        d->result->model_seconds += made - begin;
        if (!bad && d->dump.file != NULL && d->params->dump_all) bad = dump_rows(d, 0, error);
        if (!bad) running = take_tokens(d, error);
        bad = bad || running < 0;
        snprintf(note, sizeof note, "%d of %d sentences running", running, d->params->rows);
        prog_progress_update(&bar, t + 1, note);
    }
    prog_progress_end(&bar);
    if (!bad && d->dump.file != NULL && !d->params->dump_all) bad = dump_rows(d, 1, error);
    return bad;
}

static void summarise(decoder *d) {
    const int32_t separator = -1;
    urn_stream_stats stats = URN_STREAM_STATS_INIT;
    uint64_t digest = PROG_DIGEST_START;
    int32_t r;
    for (r = 0; r < d->params->rows; r++) {
        prog_sentence *s = &d->result->sentences[r];
        s->entropy /= s->tokens;
        s->kept /= s->tokens;
        digest = prog_digest_ids(digest, s->ids, (size_t)s->tokens);
        digest = prog_digest_ids(digest, &separator, 1);
    }
    d->result->digest = digest;
    if (urn_stream_get_stats(d->device->stream, &stats) == URN_OK) d->result->launches = stats.launches;
}

int prog_decode(prog_device *device, prog_lm *lm, const prog_decode_params *params, prog_decode_result *result,
                prog_error *error) {
    decoder d;
    prog_error later;
    int bad;
    memset(&d, 0, sizeof d);
    memset(result, 0, sizeof *result);
    d.device = device;
    d.lm = lm;
    d.params = params;
    d.result = result;
    d.model = prog_lm_get_info(lm);
    bad = get_memory(&d, error) || load_prompt(&d, error) || make_sampler(&d, error) || open_dump(&d, error) ||
          decode_all(&d, error);
    if (d.dump.file != NULL && prog_npy_finish(&d.dump, bad ? &later : error)) bad = 1;
    if (!bad) summarise(&d);
    urn_stream_sync_host(device->stream); /* after a failure: nothing may still read what is freed here */
    urn_sampler_destroy(d.sampler);
    urn_slots_destroy(d.slots);
    urn_buffer_destroy(d.mask);
    urn_buffer_destroy(d.map);
    urn_buffer_destroy(d.slot);
    urn_buffer_destroy(d.logits);
    urn_buffer_destroy(d.outputs);
    free(d.row);
    free(d.host_logits);
    free(d.host_slot);
    free(d.history);
    free(d.out);
    return bad ? -1 : 0;
}

void prog_decode_free(prog_decode_result *result, int32_t rows) {
    int32_t r;
    if (result->sentences == NULL) return;
    for (r = 0; r < rows; r++) free(result->sentences[r].ids);
    free(result->sentences);
    result->sentences = NULL;
}
