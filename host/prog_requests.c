/* prog_requests.c - a deterministic crowd of requests. */
#include "host/prog_requests.h"
#include "host/prog_serve_lists.h"

#include <stdlib.h>
#include <string.h>

enum { ARRIVAL = 1, LIST, SEED, LABEL, HEAT, GRAMMAR, DRAWS, TOKENS, PROMPT, WORD };

/* splitmix64's mixer, once for each number. */
static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t prog_hash(uint64_t seed, uint64_t what, uint64_t which) { return mix(mix(mix(seed) ^ what) ^ which); }

/* A word of the model that is no marker. */
static int32_t some_word(const prog_lm *lm, uint64_t bits) {
    const int32_t words = prog_lm_get_info(lm).words;
    int32_t id = (int32_t)(bits % (uint64_t)words), tried;
    for (tried = 0; prog_lm_is_marker(lm, id) && tried < words; tried++) id = (id + 1) % words;
    return id;
}

static int fill(const prog_lm *lm, prog_request *q, uint64_t seed, uint64_t number, int64_t span, int32_t tokens) {
    size_t draws;
    int32_t i;
    q->arrival = (int64_t)(prog_hash(seed, ARRIVAL, number) % (uint64_t)span);
    q->list = (int32_t)(prog_hash(seed, LIST, number) % PROG_SERVE_LISTS);
    q->seed = prog_hash(seed, SEED, number % 7); /* some share a seed: the label tells them apart */
    q->label = prog_hash(seed, LABEL, number);
    q->temperature = 0.5f + 0.25f * (float)(prog_hash(seed, HEAT, number) % 5);
    if (prog_hash(seed, HEAT, number) % 4 == 0) q->temperature = 0;
    q->grammar = (int32_t)(prog_hash(seed, GRAMMAR, number) % (PROG_GRAMMARS + 3));
    if (q->grammar >= PROG_GRAMMARS) q->grammar = -1;
    q->draws = 1 + (int32_t)(prog_hash(seed, DRAWS, number) % PROG_MAX_DRAWS);
    q->tokens = 1 + (int32_t)(prog_hash(seed, TOKENS, number) % (uint64_t)tokens);
    q->prompt_count = (int32_t)(prog_hash(seed, PROMPT, number) % (PROG_MAX_PROMPT + 1));
    for (i = 0; i < q->prompt_count; i++) q->prompt[i] = some_word(lm, prog_hash(seed, WORD + (uint64_t)i, number));
    q->slot = -1;
    draws = (size_t)q->tokens * (size_t)q->draws;
    q->ids = malloc(draws * sizeof *q->ids);
    q->logprob = malloc(draws * sizeof *q->logprob);
    q->logprob_raw = malloc(draws * sizeof *q->logprob_raw);
    return q->ids != NULL && q->logprob != NULL && q->logprob_raw != NULL;
}

/* They come faster than `slots` of them can be served, at seven tokens each, so that a queue forms and drains. */
prog_request *prog_requests_make(const prog_lm *lm, int32_t count, int32_t slots, int32_t tokens, uint64_t seed,
                                 prog_error *error) {
    prog_request *requests = calloc((size_t)count, sizeof *requests);
    const int64_t span = 1 + (int64_t)count * tokens / 10 / slots;
    int32_t i;
    for (i = 0; requests != NULL && i < count; i++)
        if (!fill(lm, &requests[i], seed, (uint64_t)i, span, tokens)) {
            prog_requests_free(requests, count);
            requests = NULL;
        }
    if (requests == NULL) prog_fail(error, "no memory for %d requests", count);
    return requests;
}

void prog_requests_free(prog_request *requests, int32_t count) {
    int32_t i;
    if (requests == NULL) return;
    for (i = 0; i < count; i++) {
        free(requests[i].ids);
        free(requests[i].logprob);
        free(requests[i].logprob_raw);
    }
    free(requests);
}

/* The word that stands `back` places from the end; <s> where there is none. */
static int32_t word_before_end(const prog_request *q, int32_t back, int32_t begin) {
    const int32_t at = q->done - back, in_prompt = q->prompt_count + at;
    if (at >= 0) return q->ids[at * q->draws];
    return in_prompt >= 0 ? q->prompt[in_prompt] : begin;
}

prog_history prog_request_history(const prog_request *q, int32_t begin) {
    prog_history history;
    history.last = word_before_end(q, 1, begin);
    history.before = q->prompt_count + q->done > 0 ? word_before_end(q, 2, begin) : -1;
    return history;
}

int32_t prog_request_mask(const prog_request *q, int32_t token) {
    return q->grammar < 0 ? -1 : (q->grammar + token) % PROG_GRAMMARS;
}

void prog_request_take(prog_request *q, const int32_t *ids, const float *logprob, const float *logprob_raw,
                       int32_t end) {
    const size_t at = (size_t)q->done * (size_t)q->draws, draws = (size_t)q->draws;
    memcpy(q->ids + at, ids, draws * sizeof *ids);
    memcpy(q->logprob + at, logprob, draws * sizeof *logprob);
    memcpy(q->logprob_raw + at, logprob_raw, draws * sizeof *logprob_raw);
    q->done++;
    if (ids[0] == end || q->done == q->tokens) q->state = PROG_LINGERING;
}
