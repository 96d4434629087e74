/* prog_queue.h - who is in which slot of a serving simulation, who waits, and which rows a step has. */
#ifndef PROG_QUEUE_H
#define PROG_QUEUE_H

#include "host/prog_requests.h"

typedef struct prog_queue {
    prog_request *requests;
    int32_t count, slots, most_rows;
    int32_t *holder;      /* [slots] the request in each slot, -1 none */
    int32_t *row_request; /* [most_rows] of this step's rows, -1: padding */
    int32_t rows;
    int64_t step; /* how many were begun */
    int64_t preemptions, most_waiting;
    int32_t *ring, begin, end; /* of count + 1 places: no request waits twice */
    uint64_t seed;
} prog_queue;

/* prog_queue_open - returns 0, or -1 with error. prog_queue_close - also after a failed open. */
int prog_queue_open(prog_queue *queue, prog_request *requests, int32_t count, int32_t slots, uint64_t seed,
                    prog_error *error);
void prog_queue_close(prog_queue *queue);

/* prog_queue_step - begin a step: who had its last token leaves, who arrives waits, and at some steps one that runs has
 * to wait again. Returns how many requests are not gone. */
int32_t prog_queue_step(prog_queue *queue);

/* prog_queue_admit - the next waiting request into a free slot, the nth of this step; NULL when none waits or fits. */
const prog_request *prog_queue_admit(prog_queue *queue, int32_t nth);

/* prog_queue_arrange - the step's rows: whoever is in a slot, in an order of the step's own, with padding among them.
 */
void prog_queue_arrange(prog_queue *queue);

#endif
