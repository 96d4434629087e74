/* prog_serve.c - the batch of a serving simulation.
 *
 * A step: preempt, admit, make rows in an order of its own with padding among them, sample, say the first draw of each
 * row, commit. Everything that a row depends on is by slot, by row, or in urn_slots; nothing depends on the batch. */
#include "host/prog_serve.h"
#include "host/prog_progress.h"
#include "host/prog_queue.h"
#include "host/prog_slab.h"

#include <stdlib.h>
#include <string.h>

enum {
    PREEMPT_EVERY = 4,
    PAD_EVERY = 6,
    ROOM_FOR_PADS = 4
}; /* one step in 4, a pad after one row in 6, a quarter more rows */

/* Places of arrays in the slabs. */
typedef struct places {
    size_t masks, ends, end_offsets, end_map;                        /* of fixed: sent once */
    size_t slot, row_index, mask_map, row_count, offsets;            /* of inputs, by row */
    size_t list, seed, label, heat, done;                            /* of inputs, by slot */
    size_t ids, logprob, raw, status;                                /* of outputs */
    size_t said, said_logprob, mirostat_slot;                        /* of spoken: what is committed */
    size_t admitted, prompt, prompt_offsets, replay, replay_logprob; /* of entry: requests that come into slots */
    size_t replay_count, replay_mirostat;
} places;

typedef struct server {
    prog_device *device;
    prog_lm *lm;
    const prog_serve_params *params;
    prog_request *requests;
    prog_serve_result *result;
    prog_lm_info model;
    prog_slab fixed, inputs, outputs, spoken, entry;
    places at;
    urn_slots *state;
    urn_sampler *sampler;
    urn_buffer *logits; /* [slots, words]: rows are found by index */
    unsigned char *host_logits;
    float *row;
    prog_queue queue;
} server;

static int make_slabs(server *s, prog_error *error) {
    const size_t slots = (size_t)s->params->slots, rows = (size_t)s->queue.most_rows,
                 tokens = (size_t)s->params->tokens;
    const size_t draws = rows * PROG_MAX_DRAWS, words = ((size_t)s->model.words + 31) / 32;
    places *at = &s->at;
    at->masks = prog_slab_add(&s->fixed, PROG_GRAMMARS * words * 4);
    at->ends = prog_slab_add(&s->fixed, 4);
    at->end_offsets = prog_slab_add(&s->fixed, 16);
    at->end_map = prog_slab_add(&s->fixed, rows * 4);
    at->slot = prog_slab_add(&s->inputs, rows * 4);
    at->row_index = prog_slab_add(&s->inputs, rows * 4);
    at->mask_map = prog_slab_add(&s->inputs, rows * 4);
    at->row_count = prog_slab_add(&s->inputs, 4);
    at->offsets = prog_slab_add(&s->inputs, (rows + 1) * 8);
    at->list = prog_slab_add(&s->inputs, slots * 4);
    at->seed = prog_slab_add(&s->inputs, slots * 8);
    at->label = prog_slab_add(&s->inputs, slots * 8);
    at->heat = prog_slab_add(&s->inputs, slots * 4);
    at->done = prog_slab_add(&s->inputs, slots);
    at->ids = prog_slab_add(&s->outputs, draws * 4);
    at->logprob = prog_slab_add(&s->outputs, draws * 4);
    at->raw = prog_slab_add(&s->outputs, draws * 4);
    at->status = prog_slab_add(&s->outputs, rows * 4);
    at->said = prog_slab_add(&s->spoken, rows * 4);
    at->said_logprob = prog_slab_add(&s->spoken, rows * 4);
    at->mirostat_slot = prog_slab_add(&s->spoken, rows * 4);
    at->admitted = prog_slab_add(&s->entry, slots * 4);
    at->prompt = prog_slab_add(&s->entry, slots * PROG_MAX_PROMPT * 4);
    at->prompt_offsets = prog_slab_add(&s->entry, (slots + 1) * 8);
    at->replay = prog_slab_add(&s->entry, slots * tokens * 4);
    at->replay_logprob = prog_slab_add(&s->entry, slots * tokens * 4);
    at->replay_count = prog_slab_add(&s->entry, slots * 4);
    at->replay_mirostat = prog_slab_add(&s->entry, slots * 4);
    return prog_slab_make(&s->fixed, s->device, error) || prog_slab_make(&s->inputs, s->device, error) ||
           prog_slab_make(&s->outputs, s->device, error) || prog_slab_make(&s->spoken, s->device, error) ||
           prog_slab_make(&s->entry, s->device, error);
}

static int make_sampler(server *s, prog_error *error) {
    static urn_step steps[PROG_SERVE_LISTS][URN_MAX_STEPS];
    urn_list lists[PROG_SERVE_LISTS];
    urn_slots_view view;
    prog_serve_inputs in;
    const int64_t words = (s->model.words + 31) / 32;
    int64_t *end_offsets = prog_slab_here(&s->fixed, s->at.end_offsets);
    int32_t l;
    prog_serve_masks(s->lm, prog_slab_here(&s->fixed, s->at.masks), words);
    *(int32_t *)prog_slab_here(&s->fixed, s->at.ends) = s->model.end;
    end_offsets[1] = 1;
    if (prog_slab_send(&s->fixed, error) ||
        prog_check(urn_slots_get_view(s->state, &view), "urn_slots_get_view", error))
        return -1;
    in.temperature = urn_f_by(URN_BY_SLOT, prog_slab_there(&s->inputs, s->at.heat));
    in.mu = urn_f_by(URN_BY_SLOT, view.now.mu);
    in.masks = prog_slab_there(&s->fixed, s->at.masks);
    in.mask_stride = words;
    in.mask_map = prog_slab_there(&s->inputs, s->at.mask_map);
    in.ends = prog_slab_there(&s->fixed, s->at.ends);
    in.end_offsets = prog_slab_there(&s->fixed, s->at.end_offsets);
    in.end_map = prog_slab_there(&s->fixed, s->at.end_map);
    for (l = 0; l < PROG_SERVE_LISTS; l++) {
        lists[l].steps = steps[l];
        if (prog_serve_steps(l, &in, steps[l], &lists[l].count, error)) return -1;
    }
    return prog_check(urn_sampler_create(s->device->ctx, lists, PROG_SERVE_LISTS, &s->sampler), "urn_sampler_create",
                      error);
}

static int open_server(server *s, prog_error *error) {
    const size_t slots = (size_t)s->params->slots, words = (size_t)s->model.words;
    const size_t line = words * urn_dtype_size(s->params->dtype);
    urn_slots_params state = URN_SLOTS_PARAMS_INIT;
    s->row = malloc(words * sizeof *s->row);
    s->host_logits = calloc(slots, line);
    if (!s->row || !s->host_logits) return prog_fail(error, "no memory for %d slots", s->params->slots);
    if (prog_queue_open(&s->queue, s->requests, s->params->requests, s->params->slots, s->params->seed, error))
        return -1;
    state.slots = s->params->slots;
    state.history = PROG_MAX_PROMPT + s->params->tokens;
    state.counts = s->params->tokens;
    state.prompt_cols = s->model.words;
    state.mu = 2 * PROG_SERVE_TAU;
    if (prog_check(urn_slots_create(s->device->ctx, &state, &s->state), "urn_slots_create", error) ||
        make_slabs(s, error) || make_sampler(s, error))
        return -1;
    if (!s->device->host_memory &&
        prog_check(urn_buffer_create(s->device->ctx, URN_DEVICE, slots * line, &s->logits), "memory for logits", error))
        return -1;
    return prog_check(
        urn_stream_reserve(s->device->stream, urn_sample_workspace(s->sampler, s->queue.most_rows, (int64_t)words)),
        "urn_stream_reserve", error);
}

static void close_server(server *s) {
    (void)urn_stream_sync_host(s->device->stream); /* after a failure: nothing may still read what is freed here */
    urn_sampler_destroy(s->sampler);
    urn_slots_destroy(s->state);
    urn_buffer_destroy(s->logits);
    prog_slab_free(&s->fixed);
    prog_slab_free(&s->inputs);
    prog_slab_free(&s->outputs);
    prog_slab_free(&s->spoken);
    prog_slab_free(&s->entry);
    free(s->row);
    free(s->host_logits);
    prog_queue_close(&s->queue);
}

/* What the slot of request q needs to be as if q had never left it; entry n of this step. */
static void write_entry(server *s, const prog_request *q, int32_t n) {
    const places *at = &s->at;
    int64_t *offsets = prog_slab_here(&s->entry, at->prompt_offsets);
    int32_t *prompt = prog_slab_here(&s->entry, at->prompt);
    int32_t *ids = (int32_t *)prog_slab_here(&s->entry, at->replay) + (size_t)n * (size_t)s->params->tokens;
    float *logprob = (float *)prog_slab_here(&s->entry, at->replay_logprob) + (size_t)n * (size_t)s->params->tokens;
    int32_t t;
    ((int32_t *)prog_slab_here(&s->entry, at->admitted))[n] = q->slot;
    ((int32_t *)prog_slab_here(&s->entry, at->replay_count))[n] = q->done;
    ((int32_t *)prog_slab_here(&s->entry, at->replay_mirostat))[n] = prog_serve_mirostat(q->list) ? q->slot : -1;
    offsets[n + 1] = offsets[n] + q->prompt_count;
    memcpy(prompt + offsets[n], q->prompt, (size_t)q->prompt_count * 4);
    for (t = 0; t < q->done; t++) {
        ids[t] = q->ids[t * q->draws];
        logprob[t] = q->logprob[t * q->draws];
    }
    s->result->replayed += q->done;
}

static int admit(server *s, prog_error *error) {
    const places *at = &s->at;
    urn_stream *stream = s->device->stream;
    const int32_t *slot = prog_slab_there(&s->entry, at->admitted), tokens = s->params->tokens;
    const int64_t *offsets = prog_slab_here(&s->entry, at->prompt_offsets);
    const prog_request *q;
    int32_t n = 0;
    while ((q = prog_queue_admit(&s->queue, n)) != NULL) write_entry(s, q, n++);
    if (n == 0) return 0;
    return prog_slab_send(&s->entry, error) ||
           prog_check(urn_slots_reset(stream, s->state, slot, n), "urn_slots_reset", error) ||
           prog_check(urn_slots_prompt(stream, s->state, slot, prog_slab_there(&s->entry, at->prompt), offsets[n],
                                       prog_slab_there(&s->entry, at->prompt_offsets), n),
                      "urn_slots_prompt", error) ||
           prog_check(urn_slots_commit(stream, s->state, slot, prog_slab_there(&s->entry, at->replay), tokens,
                                       prog_slab_there(&s->entry, at->replay_count), n),
                      "urn_slots_commit", error) ||
           prog_check(urn_slots_mirostat(stream, s->state, prog_slab_there(&s->entry, at->replay_mirostat),
                                         prog_slab_there(&s->entry, at->replay_logprob), tokens,
                                         prog_slab_there(&s->entry, at->replay_count), n, PROG_SERVE_TAU,
                                         PROG_SERVE_ETA),
                      "urn_slots_mirostat", error);
}

static void write_slots(server *s) {
    const places *at = &s->at;
    int32_t i;
    for (i = 0; i < s->params->slots; i++) {
        const prog_request *q = s->queue.holder[i] >= 0 ? &s->requests[s->queue.holder[i]] : NULL;
        if (q == NULL) continue;
        ((int32_t *)prog_slab_here(&s->inputs, at->list))[i] = q->list;
        ((uint64_t *)prog_slab_here(&s->inputs, at->seed))[i] = q->seed;
        ((uint64_t *)prog_slab_here(&s->inputs, at->label))[i] = q->label;
        ((float *)prog_slab_here(&s->inputs, at->heat))[i] = q->temperature;
        ((uint8_t *)prog_slab_here(&s->inputs, at->done))[i] = q->state == PROG_LEAVING;
    }
}

/* Rows at and past *row_count name a slot that is in use: nothing of it may be read or moved. */
static void write_rows(server *s) {
    const places *at = &s->at;
    int32_t *slot = prog_slab_here(&s->inputs, at->slot), *index = prog_slab_here(&s->inputs, at->row_index);
    int32_t *map = prog_slab_here(&s->inputs, at->mask_map);
    int64_t *offsets = prog_slab_here(&s->inputs, at->offsets);
    int32_t r, used = 0;
    for (r = 0; r < s->queue.most_rows; r++) {
        const int32_t request = r < s->queue.rows ? s->queue.row_request[r] : -1;
        const prog_request *q = request >= 0 ? &s->requests[request] : NULL;
        slot[r] = q != NULL ? q->slot : r < s->queue.rows ? -1 : used;
        index[r] = q != NULL ? q->slot : 0;
        map[r] = q != NULL ? prog_request_mask(q, q->done) : 0;
        offsets[r + 1] = offsets[r] + (q != NULL ? q->draws : 1);
        if (q != NULL) used = q->slot;
    }
    *(int32_t *)prog_slab_here(&s->inputs, at->row_count) = s->queue.rows;
}

static int make_logits(server *s, prog_error *error) {
    const size_t line = (size_t)s->model.words * urn_dtype_size(s->params->dtype);
    int32_t i;
    for (i = 0; i < s->params->slots; i++) {
        const prog_request *q = s->queue.holder[i] >= 0 ? &s->requests[s->queue.holder[i]] : NULL;
        if (q == NULL || q->state != PROG_RUNNING) continue;
        prog_lm_row(s->lm, prog_request_history(q, s->model.begin), s->row);
        prog_convert(s->row, s->model.words, s->params->dtype, s->host_logits + (size_t)i * line);
    }
    if (s->logits == NULL) return 0;
    return prog_check(
        urn_buffer_write(s->device->stream, s->logits, 0, s->host_logits, (size_t)s->params->slots * line),
        "urn_buffer_write", error);
}

static int sample_rows(server *s, prog_error *error) {
    const places *at = &s->at;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_indexed(urn_matrix_dense(s->logits != NULL ? urn_buffer_data(s->logits) : s->host_logits,
                                                   s->params->dtype, s->params->slots, s->model.words, 0),
                                  prog_slab_there(&s->inputs, at->row_index), s->queue.most_rows);
    p.draws = PROG_MAX_DRAWS;
    p.draw_offsets = prog_slab_there(&s->inputs, at->offsets);
    p.draws_size = (int64_t)s->queue.most_rows * PROG_MAX_DRAWS;
    p.sampler = s->sampler;
    p.state = s->state;
    p.slot = prog_slab_there(&s->inputs, at->slot);
    p.list = prog_slab_there(&s->inputs, at->list);
    p.seed = prog_slab_there(&s->inputs, at->seed);
    p.label = prog_slab_there(&s->inputs, at->label);
    p.done = prog_slab_there(&s->inputs, at->done);
    p.row_count = prog_slab_there(&s->inputs, at->row_count);
    p.ids = prog_slab_there(&s->outputs, at->ids);
    p.logprob = prog_slab_there(&s->outputs, at->logprob);
    p.logprob_raw = prog_slab_there(&s->outputs, at->raw);
    p.status = prog_slab_there(&s->outputs, at->status);
    if (prog_slab_send(&s->inputs, error) || prog_check(urn_sample(s->device->stream, &p), "urn_sample", error))
        return -1;
    return prog_slab_fetch(&s->outputs, error);
}

/* Every row's draws to its request; what is said to the slab that is committed. */
static int take_rows(server *s, prog_error *error) {
    const places *at = &s->at;
    const int64_t *offsets = prog_slab_here(&s->inputs, at->offsets);
    const int32_t *ids = prog_slab_here(&s->outputs, at->ids), *status = prog_slab_here(&s->outputs, at->status);
    const float *logprob = prog_slab_here(&s->outputs, at->logprob), *raw = prog_slab_here(&s->outputs, at->raw);
    int32_t *said = prog_slab_here(&s->spoken, at->said), *mirostat = prog_slab_here(&s->spoken, at->mirostat_slot);
    float *said_logprob = prog_slab_here(&s->spoken, at->said_logprob);
    int32_t r;
    for (r = 0; r < s->queue.most_rows; r++) {
        const int32_t request = r < s->queue.rows ? s->queue.row_request[r] : -1;
        prog_request *q = request >= 0 ? &s->requests[request] : NULL;
        said[r] = mirostat[r] = -1;
        if (q == NULL || q->state == PROG_LEAVING) {
            s->result->bad_padding += ids[offsets[r]] != -1 || status[r] != URN_ROW_PADDING;
            s->result->padding += q == NULL;
            s->result->done_rows += q != NULL;
            continue;
        }
        if (status[r] != URN_ROW_OK || ids[offsets[r]] < 0 || ids[offsets[r]] >= s->model.words)
            return prog_fail(error, "request %d, list %s, token %d: id %d: %s", request, prog_serve_text(q->list),
                             q->done, ids[offsets[r]], urn_row_status_text(status[r]));
        said[r] = ids[offsets[r]];
        said_logprob[r] = logprob[offsets[r]];
        if (prog_serve_mirostat(q->list)) mirostat[r] = q->slot;
        prog_request_take(q, ids + offsets[r], logprob + offsets[r], raw + offsets[r], s->model.end);
        s->result->rows++;
        s->result->draws += q->draws;
    }
    return 0;
}

static int commit_rows(server *s, prog_error *error) {
    const places *at = &s->at;
    urn_stream *stream = s->device->stream;
    return prog_slab_send(&s->spoken, error) ||
           prog_check(urn_slots_commit(stream, s->state, prog_slab_there(&s->inputs, at->slot),
                                       prog_slab_there(&s->spoken, at->said), 1, NULL, s->queue.most_rows),
                      "urn_slots_commit", error) ||
           prog_check(urn_slots_mirostat(stream, s->state, prog_slab_there(&s->spoken, at->mirostat_slot),
                                         prog_slab_there(&s->spoken, at->said_logprob), 1, NULL, s->queue.most_rows,
                                         PROG_SERVE_TAU, PROG_SERVE_ETA),
                      "urn_slots_mirostat", error);
}

int prog_serve_batch(prog_device *device, prog_lm *lm, const prog_serve_params *params, prog_request *requests,
                     prog_serve_result *result, prog_error *error) {
    const double begin = prog_seconds();
    prog_progress bar;
    server s;
    int32_t left;
    int bad;
    memset(&s, 0, sizeof s);
    s.device = device;
    s.lm = lm;
    s.params = params;
    s.requests = requests;
    s.result = result;
    s.model = prog_lm_get_info(lm);
    prog_progress_begin(&bar, "serving", params->requests);
    bad = open_server(&s, error);
    while (!bad && (left = prog_queue_step(&s.queue)) > 0) {
        prog_progress_update(&bar, params->requests - left, NULL);
        bad = admit(&s, error);
        if (bad) break;
        prog_queue_arrange(&s.queue);
        write_slots(&s);
        write_rows(&s);
        bad = make_logits(&s, error) || sample_rows(&s, error) || take_rows(&s, error) || commit_rows(&s, error) ||
              prog_check(urn_stream_sync_host(device->stream), "urn_stream_sync_host", error);
    }
    prog_progress_end(&bar);
    result->steps = s.queue.step;
    result->preemptions = s.queue.preemptions;
    result->most_waiting = s.queue.most_waiting;
    close_server(&s);
    result->serve_seconds = prog_seconds() - begin;
    return bad ? -1 : 0;
}
