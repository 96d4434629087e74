/* prog_queue.c - arrivals, slots, preemptions and the order of rows: all from the simulation's seed. */
#include "host/prog_queue.h"

#include <stdlib.h>
#include <string.h>

enum { PREEMPT = 100, VICTIM, PLACE, SHUFFLE, PAD };          /* of prog_hash */
enum { PREEMPT_EVERY = 2, PAD_EVERY = 6, ROOM_FOR_PADS = 4 }; /* a quarter more rows than slots */

static int64_t below(const prog_queue *queue, uint64_t what, uint64_t which, int64_t n) {
    return (int64_t)(prog_hash(queue->seed + (uint64_t)queue->step, what, which) % (uint64_t)n);
}

int prog_queue_open(prog_queue *queue, prog_request *requests, int32_t count, int32_t slots, uint64_t seed,
                    prog_error *error) {
    int32_t i;
    memset(queue, 0, sizeof *queue);
    queue->requests = requests;
    queue->count = count;
    queue->slots = slots;
    queue->most_rows = slots + slots / ROOM_FOR_PADS + 2;
    queue->seed = prog_hash(seed, 0, 0);
    queue->holder = malloc((size_t)slots * sizeof *queue->holder);
    queue->row_request = malloc((size_t)queue->most_rows * sizeof *queue->row_request);
    queue->ring = malloc(((size_t)count + 1) * sizeof *queue->ring);
    if (!queue->holder || !queue->row_request || !queue->ring)
        return prog_fail(error, "no memory for %d requests", count);
    for (i = 0; i < slots; i++) queue->holder[i] = -1;
    return 0;
}

void prog_queue_close(prog_queue *queue) {
    free(queue->holder);
    free(queue->row_request);
    free(queue->ring);
    memset(queue, 0, sizeof *queue);
}

static void wait_in_ring(prog_queue *queue, int32_t request) {
    queue->requests[request].state = PROG_WAITING;
    queue->ring[queue->end] = request;
    queue->end = (queue->end + 1) % (queue->count + 1);
}

static int32_t waiting(const prog_queue *queue) {
    const int32_t n = queue->end - queue->begin;
    return n < 0 ? n + queue->count + 1 : n;
}

static void leave_slot(prog_queue *queue, prog_request *q) {
    queue->holder[q->slot] = -1;
    q->slot = -1;
}

static void preempt_one(prog_queue *queue, int32_t running) {
    int32_t victim = (int32_t)below(queue, VICTIM, 0, running), i;
    for (i = 0; i < queue->count; i++)
        if (queue->requests[i].state == PROG_RUNNING && victim-- == 0) {
            leave_slot(queue, &queue->requests[i]);
            wait_in_ring(queue, i);
            queue->preemptions++;
            return;
        }
}

int32_t prog_queue_step(prog_queue *queue) {
    int32_t i, left = 0, running = 0;
    for (i = 0; i < queue->count; i++) {
        prog_request *q = &queue->requests[i];
        if (q->state == PROG_LEAVING) {
            leave_slot(queue, q);
            q->state = PROG_GONE;
        }
        if (q->state == PROG_LINGERING) q->state = PROG_LEAVING;
        if (q->state == PROG_COMING && q->arrival <= queue->step) wait_in_ring(queue, i);
        running += q->state == PROG_RUNNING;
        left += q->state != PROG_GONE;
    }
    if (waiting(queue) > queue->most_waiting) queue->most_waiting = waiting(queue);
    if (running > 0 && below(queue, PREEMPT, 0, PREEMPT_EVERY) == 0) preempt_one(queue, running);
    queue->step += left > 0;
    return left;
}

/* A free slot, not the lowest: where a request sits has to be without effect. -1: none. */
static int32_t free_slot(const prog_queue *queue, int32_t nth) {
    const int32_t first = (int32_t)below(queue, PLACE, (uint64_t)nth, queue->slots);
    int32_t i;
    for (i = 0; i < queue->slots; i++)
        if (queue->holder[(first + i) % queue->slots] < 0) return (first + i) % queue->slots;
    return -1;
}

const prog_request *prog_queue_admit(prog_queue *queue, int32_t nth) {
    const int32_t place = waiting(queue) > 0 ? free_slot(queue, nth) : -1;
    prog_request *q;
    if (place < 0) return NULL;
    queue->holder[place] = queue->ring[queue->begin];
    queue->begin = (queue->begin + 1) % (queue->count + 1);
    q = &queue->requests[queue->holder[place]];
    q->slot = place;
    q->state = PROG_RUNNING;
    return q;
}

void prog_queue_arrange(prog_queue *queue) {
    int32_t *order = queue->row_request, n = 0, i, j, held;
    for (i = 0; i < queue->slots; i++)
        if (queue->holder[i] >= 0) order[n++] = queue->holder[i];
    for (i = n - 1; i > 0; i--) {
        j = (int32_t)below(queue, SHUFFLE, (uint64_t)i, i + 1);
        held = order[i];
        order[i] = order[j];
        order[j] = held;
    }
    queue->rows = n;
    for (i = n; i >= 0 && queue->rows < queue->most_rows - 1; i--)
        if (below(queue, PAD, (uint64_t)i, PAD_EVERY) == 0) {
            memmove(order + i + 1, order + i, (size_t)(queue->rows - i) * sizeof *order);
            order[i] = -1;
            queue->rows++;
        }
}
