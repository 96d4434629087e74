/* prog_requests.h - the requests of a serving simulation: what each asks for, when it comes, and what it got. */
#ifndef PROG_REQUESTS_H
#define PROG_REQUESTS_H

#include "host/prog_lm.h"

enum { PROG_MAX_PROMPT = 6, PROG_MAX_DRAWS = 4, PROG_GRAMMARS = 5 };

typedef enum prog_state {
    PROG_COMING,    /* before its arrival */
    PROG_WAITING,   /* in the queue: new, or preempted */
    PROG_RUNNING,   /* in a slot */
    PROG_LINGERING, /* has its last token */
    PROG_LEAVING,   /* the step after that: still in its slot, which is marked as done */
    PROG_GONE
} prog_state;

typedef struct prog_request {
    int64_t arrival; /* the first step that may run it */
    int32_t list;    /* of prog_serve_lists.h */
    uint64_t seed, label;
    float temperature; /* 0: greedy */
    int32_t grammar;   /* its first mask row, the next token's is the next; -1: no mask */
    int32_t draws;     /* ids drawn at every token; the first one is said */
    int32_t tokens;    /* most */
    int32_t prompt_count, prompt[PROG_MAX_PROMPT];
    prog_state state;
    int32_t slot;
    int32_t done; /* tokens said */
    int32_t *ids; /* [tokens, draws], as the outputs below: all that was drawn */
    float *logprob, *logprob_raw;
} prog_request;

/* prog_hash - 64 well mixed bits of three numbers: the simulation's own randomness, nothing of liburn's. */
uint64_t prog_hash(uint64_t seed, uint64_t what, uint64_t which);

/* prog_requests_make - `count` requests that keep `slots` slots busy; a pure function of its arguments and the model.
 * Returns NULL with error. */
prog_request *prog_requests_make(const prog_lm *lm, int32_t count, int32_t slots, int32_t tokens, uint64_t seed,
                                 prog_error *error);
void prog_requests_free(prog_request *requests, int32_t count);

/* prog_request_history - the last two words of prompt and output. prog_request_mask - the mask row of its next token,
 * -1 none. prog_request_take - its next token's draws; the first is said, </s> (`end`) or the last token ends it. */
prog_history prog_request_history(const prog_request *request, int32_t begin);
int32_t prog_request_mask(const prog_request *request, int32_t token);
void prog_request_take(prog_request *request, const int32_t *ids, const float *logprob, const float *logprob_raw,
                       int32_t end);

#endif
