/* prog_alone.c - each request of a serving simulation again, in a batch of its own: one row, one slot, one list, its
 * parameters as plain values, its draws not ragged. Every bit must be as it was in the crowd. */
#include "host/prog_progress.h"
#include "host/prog_serve.h"
#include "host/prog_slab.h"

#include <stdlib.h>
#include <string.h>

typedef struct loner {
    prog_device *device;
    prog_lm *lm;
    const prog_serve_params *params;
    prog_lm_info model;
    prog_slab slab;
    size_t masks, ends, end_offsets, map, zero, label, prompt, prompt_offsets, logits; /* in the slab */
    prog_slab out;
    size_t ids, logprob, raw, status;
    float *row;
    /* of one request */
    urn_slots *state;
    urn_sampler *sampler;
} loner;

static int open_loner(loner *a, prog_error *error) {
    const size_t words = ((size_t)a->model.words + 31) / 32;
    a->row = malloc((size_t)a->model.words * sizeof *a->row);
    if (a->row == NULL) return prog_fail(error, "no memory for a row");
    a->masks = prog_slab_add(&a->slab, PROG_GRAMMARS * words * 4);
    a->ends = prog_slab_add(&a->slab, 4);
    a->end_offsets = prog_slab_add(&a->slab, 16);
    a->map = prog_slab_add(&a->slab, 4);
    a->zero = prog_slab_add(&a->slab, 4);
    a->label = prog_slab_add(&a->slab, 8);
    a->prompt = prog_slab_add(&a->slab, PROG_MAX_PROMPT * 4);
    a->prompt_offsets = prog_slab_add(&a->slab, 16);
    a->logits = prog_slab_add(&a->slab, (size_t)a->model.words * urn_dtype_size(a->params->dtype));
    a->ids = prog_slab_add(&a->out, PROG_MAX_DRAWS * 4);
    a->logprob = prog_slab_add(&a->out, PROG_MAX_DRAWS * 4);
    a->raw = prog_slab_add(&a->out, PROG_MAX_DRAWS * 4);
    a->status = prog_slab_add(&a->out, 4);
    if (prog_slab_make(&a->slab, a->device, error) || prog_slab_make(&a->out, a->device, error)) return -1;
    prog_serve_masks(a->lm, prog_slab_here(&a->slab, a->masks), (int64_t)words);
    *(int32_t *)prog_slab_here(&a->slab, a->ends) = a->model.end;
    ((int64_t *)prog_slab_here(&a->slab, a->end_offsets))[1] = 1;
    return 0;
}

/* A slot and a sampler of the request's own; the prompt in the slot. */
static int begin_request(loner *a, const prog_request *q, prog_error *error) {
    urn_slots_params state = URN_SLOTS_PARAMS_INIT;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    urn_slots_view view;
    prog_serve_inputs in;
    state.history = PROG_MAX_PROMPT + q->tokens;
    state.counts = q->tokens;
    state.prompt_cols = a->model.words;
    state.mu = 2 * PROG_SERVE_TAU;
    if (prog_check(urn_slots_create(a->device->ctx, &state, &a->state), "urn_slots_create", error) ||
        prog_check(urn_slots_get_view(a->state, &view), "urn_slots_get_view", error))
        return -1;
    in.temperature = urn_f(q->temperature);
    in.mu = urn_f_by(URN_BY_ROW, view.now.mu);
    in.masks = prog_slab_there(&a->slab, a->masks);
    in.mask_stride = (a->model.words + 31) / 32;
    in.mask_map = prog_slab_there(&a->slab, a->map);
    in.ends = prog_slab_there(&a->slab, a->ends);
    in.end_offsets = prog_slab_there(&a->slab, a->end_offsets);
    in.end_map = prog_slab_there(&a->slab, a->zero);
    *(uint64_t *)prog_slab_here(&a->slab, a->label) = q->label;
    memcpy(prog_slab_here(&a->slab, a->prompt), q->prompt, sizeof q->prompt);
    ((int64_t *)prog_slab_here(&a->slab, a->prompt_offsets))[1] = q->prompt_count;
    if (prog_serve_steps(q->list, &in, steps, &list.count, error) ||
        prog_check(urn_sampler_create(a->device->ctx, &list, 1, &a->sampler), "urn_sampler_create", error) ||
        prog_check(urn_stream_reserve(a->device->stream, urn_sample_workspace(a->sampler, 1, a->model.words)),
                   "urn_stream_reserve", error) ||
        prog_slab_send(&a->slab, error))
        return -1;
    return prog_check(urn_slots_prompt(a->device->stream, a->state, NULL, prog_slab_there(&a->slab, a->prompt),
                                       q->prompt_count, prog_slab_there(&a->slab, a->prompt_offsets), 1),
                      "urn_slots_prompt", error);
}

static void end_request(loner *a) {
    (void)urn_stream_sync_host(a->device->stream);
    urn_sampler_destroy(a->sampler);
    urn_slots_destroy(a->state);
    a->sampler = NULL;
    a->state = NULL;
}

/* Token `said.done` of a copy of the request that has the tokens before it. */
static int draw_token(loner *a, const prog_request *said, prog_error *error) {
    urn_stream *stream = a->device->stream;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    prog_lm_row(a->lm, prog_request_history(said, a->model.begin), a->row);
    prog_convert(a->row, a->model.words, a->params->dtype, prog_slab_here(&a->slab, a->logits));
    *(int32_t *)prog_slab_here(&a->slab, a->map) = prog_request_mask(said, said->done);
    p.logits = urn_matrix_dense(prog_slab_there(&a->slab, a->logits), a->params->dtype, 1, a->model.words, 0);
    p.draws = said->draws;
    p.sampler = a->sampler;
    p.state = a->state;
    p.seed_value = said->seed;
    p.label = prog_slab_there(&a->slab, a->label);
    p.ids = prog_slab_there(&a->out, a->ids);
    p.logprob = prog_slab_there(&a->out, a->logprob);
    p.logprob_raw = prog_slab_there(&a->out, a->raw);
    p.status = prog_slab_there(&a->out, a->status);
    if (prog_slab_send(&a->slab, error) || prog_check(urn_sample(stream, &p), "urn_sample", error) ||
        prog_check(urn_slots_commit(stream, a->state, NULL, p.ids, said->draws, NULL, 1), "urn_slots_commit", error))
        return -1;
    if (prog_serve_mirostat(said->list) && prog_check(urn_slots_mirostat(stream, a->state, NULL, p.logprob, said->draws,
                                                                         NULL, 1, PROG_SERVE_TAU, PROG_SERVE_ETA),
                                                      "urn_slots_mirostat", error))
        return -1;
    return prog_slab_fetch(&a->out, error);
}

/* 1 where the token just drawn is not what the request had from the batch. */
static int differs(const loner *a, const prog_request *said, int32_t request, prog_serve_result *result) {
    const size_t at = (size_t)said->done * (size_t)said->draws, bytes = (size_t)said->draws * 4;
    const int32_t *ids = prog_slab_here(&a->out, a->ids);
    const int32_t status = *(const int32_t *)prog_slab_here(&a->out, a->status);
    const char *what = status != URN_ROW_OK                                                     ? "status"
                       : memcmp(ids, said->ids + at, bytes)                                     ? "ids"
                       : memcmp(prog_slab_here(&a->out, a->logprob), said->logprob + at, bytes) ? "log-probabilities"
                       : memcmp(prog_slab_here(&a->out, a->raw), said->logprob_raw + at, bytes)
                           ? "raw log-probabilities"
                           : NULL;
    if (what == NULL) return 0;
    if (result->mismatches++ == 0)
        snprintf(result->first, sizeof result->first,
                 "request %d, list %s, temperature %g, token %d of %d: other %s; id %d in the batch, %d alone", request,
                 prog_serve_text(said->list), (double)said->temperature, said->done, said->tokens, what, said->ids[at],
                 ids[0]);
    return 1;
}

static int compare_request(loner *a, const prog_request *q, int32_t number, prog_serve_result *result,
                           prog_error *error) {
    prog_request said = *q;
    int bad = begin_request(a, q, error);
    for (said.done = 0; said.done < q->done && !bad; said.done++) {
        bad = draw_token(a, &said, error);
        if (!bad && differs(a, &said, number, result)) break;
    }
    end_request(a);
    result->compared += !bad;
    return bad;
}

int prog_serve_alone(prog_device *device, prog_lm *lm, const prog_serve_params *params, const prog_request *requests,
                     prog_serve_result *result, prog_error *error) {
    const double begin = prog_seconds();
    prog_progress bar;
    loner a;
    int32_t i;
    int bad;
    memset(&a, 0, sizeof a);
    a.device = device;
    a.lm = lm;
    a.params = params;
    a.model = prog_lm_get_info(lm);
    prog_progress_begin(&bar, "alone", params->requests);
    bad = open_loner(&a, error);
    for (i = 0; i < params->requests && !bad; i++) {
        bad = compare_request(&a, &requests[i], i, result, error);
        prog_progress_update(&bar, i + 1, NULL);
    }
    prog_progress_end(&bar);
    prog_slab_free(&a.slab);
    prog_slab_free(&a.out);
    free(a.row);
    result->alone_seconds = prog_seconds() - begin;
    return bad ? -1 : 0;
}
