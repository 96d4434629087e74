/* prog_serve.h - a serving simulation: requests that come, go, are preempted and come back, decoded in one batch that
 * changes at every step; then every request alone, which must have the same bits. */
#ifndef PROG_SERVE_H
#define PROG_SERVE_H

#include "host/prog_requests.h"
#include "host/prog_serve_lists.h"

typedef struct prog_serve_params {
    int32_t requests, slots, tokens; /* tokens: most of a request */
    uint64_t seed;
    urn_dtype dtype;
} prog_serve_params;

typedef struct prog_serve_result {
    int64_t steps, rows, padding, done_rows, draws; /* rows: of running requests, a token each */
    int64_t preemptions, replayed;                  /* replayed: tokens put into slots again */
    int64_t greedy, masked, most_waiting;
    int64_t bad_padding; /* padding rows that were not answered as padding */
    int64_t compared, mismatches;
    char first[256]; /* the first mismatch, in words */
    double serve_seconds, alone_seconds;
    uint64_t digest; /* over every request in order: all ids drawn, then -1 */
} prog_serve_result;

/* prog_serve_batch - run all requests in the batch. prog_serve_alone - run each in a batch of its own and compare; adds
 * to compared and mismatches. Each returns 0, or -1 with error; mismatches are no error. */
int prog_serve_batch(prog_device *device, prog_lm *lm, const prog_serve_params *params, prog_request *requests,
                     prog_serve_result *result, prog_error *error);
int prog_serve_alone(prog_device *device, prog_lm *lm, const prog_serve_params *params, const prog_request *requests,
                     prog_serve_result *result, prog_error *error);

/* prog_serve - requests, both, and the report on stdout, failures on stderr. Returns an exit code: 1 after a mismatch.
 */
int prog_serve(prog_device *device, prog_lm *lm, const prog_serve_params *params, prog_error *error);

#endif
