/* prog_beam.c - stochastic beam search over a trigram model: each token is a call of urn_topk for all beams, whose keys
 * say how far down the list of all sentences a beam stands, and one that keeps the largest. */
#include "host/prog_beam.h"

#include "host/prog_progress.h"

#include <stdlib.h>
#include <string.h>

/* A sentence so far; ids has room for all its tokens. */
typedef struct beam {
    prog_history history;
    int32_t *ids, tokens, ended;
    int64_t key;
    double logprob;
} beam;

/* Arrays of one step; `here` and `there` have the same bytes. */
typedef struct shared {
    void *here;
    urn_buffer *there;
    size_t bytes;
} shared;

enum {
    SLOT,
    KEY,
    LOGPROB,
    IDS,
    KEYS,
    LOGPROBS,
    STATUS,
    PARENT,
    NEXT,
    NEXT_KEY,
    NEXT_LOGPROB,
    FOUND,
    MAP,
    LOGITS,
    ARRAYS
};

typedef struct search {
    prog_device *device;
    prog_lm *lm;
    const prog_decode_params *params;
    prog_lm_info model;
    urn_sampler *sampler;
    urn_buffer *mask;
    shared array[ARRAYS];
    beam *now, *next; /* [width] */
    int32_t width, beams;
    float *row;
} search;

static void *there(const search *a, int i) { return urn_buffer_data(a->array[i].there); }
static void *here(const search *a, int i) { return a->array[i].here; }

static int send(search *a, int i, prog_error *error) {
    const shared *x = &a->array[i];
    return prog_check(urn_buffer_write(a->device->stream, x->there, 0, x->here, x->bytes), "urn_buffer_write", error);
}

static int fetch(search *a, int i, prog_error *error) {
    const shared *x = &a->array[i];
    return prog_check(urn_buffer_read_host(a->device->stream, x->there, 0, x->here, x->bytes), "urn_buffer_read_host",
                      error);
}

static int make_arrays(search *a, prog_error *error) {
    const size_t w = (size_t)a->width, words = (size_t)a->model.words;
    const size_t bytes[ARRAYS] = {w * 4, w * 8, w * 8, w * w * 4, w * w * 8, w * w * 8, w * 4,
                                  w * 4, w * 4, w * 8, w * 8,     4,         w * 4,     w * words * 4};
    a->row = malloc(words * 4);
    a->now = calloc(w, sizeof *a->now);
    a->next = calloc(w, sizeof *a->next);
    if (!a->row || !a->now || !a->next) return prog_fail(error, "no memory for %d beams", a->width);
    for (size_t i = 0; i < w; i++) {
        a->now[i].ids = malloc((size_t)a->params->tokens * 4);
        a->next[i].ids = malloc((size_t)a->params->tokens * 4);
        if (!a->now[i].ids || !a->next[i].ids) return prog_fail(error, "no memory for %d beams", a->width);
    }
    for (int i = 0; i < ARRAYS; i++) {
        a->array[i].bytes = bytes[i];
        a->array[i].here = calloc(1, bytes[i]);
        if (a->array[i].here == NULL) return prog_fail(error, "no memory for %d beams", a->width);
        if (prog_check(urn_buffer_create(a->device->ctx, URN_DEVICE, bytes[i], &a->array[i].there), "memory for beams",
                       error))
            return -1;
    }
    return 0;
}

/* The user's steps after a mask that allows words and </s>. */
static int make_sampler(search *a, prog_error *error) {
    const size_t words = ((size_t)a->model.words + 31) / 32;
    uint32_t *bits = calloc(words, sizeof *bits);
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, a->params->step_count + 1};
    int bad = bits == NULL ? prog_fail(error, "no memory for the mask") : 0;
    if (!bad) {
        prog_allow_words(a->lm, bits);
        bad = prog_check(urn_buffer_create(a->device->ctx, URN_DEVICE, words * 4, &a->mask), "urn_buffer_create",
                         error) ||
              prog_check(urn_buffer_write(a->device->stream, a->mask, 0, bits, words * 4), "urn_buffer_write", error) ||
              prog_check(urn_stream_sync_host(a->device->stream), "urn_stream_sync_host", error);
    }
    free(bits);
    if (bad) return -1;
    steps[0] = urn_mask(urn_buffer_data(a->mask), 1, (int64_t)words, there(a, MAP)); /* one mask row for all */
    memcpy(steps + 1, a->params->steps, (size_t)a->params->step_count * sizeof *steps);
    if (send(a, MAP, error)) return -1;
    if (prog_check(urn_sampler_create(a->device->ctx, &list, 1, &a->sampler), "--steps", error)) return -1;
    return prog_check(
        urn_stream_reserve(a->device->stream, urn_topk_workspace(a->sampler, a->width, a->model.words, a->width)),
        "urn_stream_reserve", error);
}

/* Children of every beam that goes on; one that has ended stays as its own only child. */
static int find_children(search *a, int32_t token, prog_error *error) {
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    const size_t words = (size_t)a->model.words;
    for (int32_t b = 0; b < a->beams; b++) {
        const beam *from = &a->now[b];
        ((int32_t *)here(a, SLOT))[b] = from->ended ? -1 : b;
        ((int64_t *)here(a, KEY))[b] = from->key;
        ((double *)here(a, LOGPROB))[b] = from->logprob;
        if (!from->ended) prog_lm_row(a->lm, from->history, (float *)here(a, LOGITS) + (size_t)b * words);
    }
    if (send(a, SLOT, error) || send(a, KEY, error) || send(a, LOGPROB, error) || send(a, LOGITS, error)) return -1;
    rows.logits = urn_matrix_dense(there(a, LOGITS), URN_F32, a->beams, a->model.words, 0);
    rows.sampler = a->sampler;
    rows.slot = there(a, SLOT);
    rows.seed_value = a->params->seed;
    rows.position_value = (uint32_t)token;
    p.rows = &rows, p.by = URN_TOPK_GUMBEL, p.k = a->width;
    p.parent_key = there(a, KEY), p.parent_logprob = there(a, LOGPROB);
    p.ids = there(a, IDS), p.beam_keys = there(a, KEYS), p.beam_logprob = there(a, LOGPROBS);
    p.status = there(a, STATUS);
    if (prog_check(urn_topk(a->device->stream, &p), "urn_topk", error) || fetch(a, IDS, error) ||
        fetch(a, KEYS, error) || fetch(a, LOGPROBS, error) || fetch(a, STATUS, error))
        return -1;
    for (int32_t b = 0; b < a->beams; b++) {
        const int32_t status = ((int32_t *)here(a, STATUS))[b];
        const int64_t at = (int64_t)b * a->width;
        if (!a->now[b].ended) {
            if (status == URN_ROW_OK) continue;
            return prog_fail(error, "beam %d, token %d: %s", b, token, urn_row_status_text(status));
        }
        ((int32_t *)here(a, IDS))[at] = a->model.end;
        ((int64_t *)here(a, KEYS))[at] = a->now[b].key;
        ((double *)here(a, LOGPROBS))[at] = a->now[b].logprob;
    }
    return send(a, IDS, error) || send(a, KEYS, error) || send(a, LOGPROBS, error) ? -1 : 0;
}

/* The beams that go on. Returns how many of them have not ended, or -1. */
static int select_beams(search *a, prog_error *error) {
    urn_beam_select_params s = URN_BEAM_SELECT_PARAMS_INIT;
    int32_t running = 0, found;
    s.width = s.k = a->width, s.groups = 1, s.beams = a->beams;
    s.ids = there(a, IDS), s.beam_keys = there(a, KEYS), s.beam_logprob = there(a, LOGPROBS);
    s.parent = there(a, PARENT), s.next_ids = there(a, NEXT), s.key = there(a, NEXT_KEY);
    s.logprob = there(a, NEXT_LOGPROB), s.found = there(a, FOUND);
    if (prog_check(urn_beam_select(a->device->stream, &s), "urn_beam_select", error) || fetch(a, PARENT, error) ||
        fetch(a, NEXT, error) || fetch(a, NEXT_KEY, error) || fetch(a, NEXT_LOGPROB, error) || fetch(a, FOUND, error))
        return -1;
    found = *(int32_t *)here(a, FOUND);
    for (int32_t b = 0; b < found; b++) {
        const beam *from = &a->now[((int32_t *)here(a, PARENT))[b]];
        const int32_t id = ((int32_t *)here(a, NEXT))[b];
        beam *to = &a->next[b];
        memcpy(to->ids, from->ids, (size_t)from->tokens * 4);
        to->tokens = from->tokens;
        if (!from->ended) to->ids[to->tokens++] = id;
        to->ended = from->ended || id == a->model.end;
        to->history.before = from->history.last, to->history.last = id;
        to->key = ((int64_t *)here(a, NEXT_KEY))[b];
        to->logprob = ((double *)here(a, NEXT_LOGPROB))[b];
        running += !to->ended;
    }
    beam *t = a->now;
    a->now = a->next;
    a->next = t;
    a->beams = found;
    return running;
}

static void print_beams(const search *a, const char *prompt) {
    for (int32_t b = 0; b < a->beams; b++) {
        const beam *s = &a->now[b];
        printf("%d  %d tokens, %s; logprob %.4f, key %.4f\n   %s", b, s->tokens, s->ended ? "ended" : "cut", s->logprob,
               (double)s->key * 0x1p-40 * URN_LN2 - URN_LN_LN2, prompt);
        for (int32_t t = 0; t < s->tokens - s->ended; t++)
            printf("%s%s", t > 0 || prompt[0] ? " " : "", prog_lm_word(a->lm, s->ids[t]));
        printf("%s\n", s->ended ? "." : " ...");
    }
}

static void release(search *a) {
    for (int32_t i = 0; i < a->width; i++) {
        if (a->now) free(a->now[i].ids);
        if (a->next) free(a->next[i].ids);
    }
    free(a->now), free(a->next), free(a->row);
    for (int i = 0; i < ARRAYS; i++) {
        free(a->array[i].here);
        urn_buffer_destroy(a->array[i].there);
    }
    urn_sampler_destroy(a->sampler);
    urn_buffer_destroy(a->mask);
}

int prog_beam(prog_device *device, prog_lm *lm, const prog_decode_params *params, const char *prompt,
              prog_error *error) {
    search a;
    prog_progress bar;
    const double begin = prog_seconds();
    int running = 1, bad;
    int32_t t = 0;
    memset(&a, 0, sizeof a);
    a.device = device, a.lm = lm, a.params = params, a.model = prog_lm_get_info(lm), a.width = params->rows;
    bad = make_arrays(&a, error) || make_sampler(&a, error);
    if (!bad) {
        a.beams = 1;
        a.now[0].history = prog_start_of(params, &a.model);
        a.now[0].key = INT64_MAX;
        prog_progress_begin(&bar, "searching", params->tokens);
        for (; t < params->tokens && running > 0 && !bad; t++) {
            bad = find_children(&a, t, error);
            if (!bad) bad = (running = select_beams(&a, error)) < 0;
            prog_progress_update(&bar, t, NULL);
        }
        prog_progress_end(&bar);
    }
    if (!bad) {
        print_beams(&a, prompt);
        printf("\n%d sentences without replacement, %d steps, %.3f s; seed %llu\n", a.beams, t, prog_seconds() - begin,
               (unsigned long long)params->seed);
    }
    release(&a);
    return bad ? -1 : 0;
}
