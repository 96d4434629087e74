/* prog_topk.h - `urn topk` in two files: a long row or its segments, and rows of logits. */
#ifndef PROG_TOPK_H
#define PROG_TOPK_H

#include "host/prog_args.h"
#include "host/prog_device.h"

/* Options, in the order of the command's table. */
enum {
    TOPK_K,
    TOPK_BY,
    TOPK_SEED,
    TOPK_POSITION,
    TOPK_SORT,
    TOPK_OUT,
    TOPK_TEMPERATURE,
    TOPK_KEYS,
    TOPK_OFFSETS,
    TOPK_CHUNK,
    TOPK_STEPS,
    TOPK_PRESET,
    TOPK_SET,
    TOPK_DTYPE,
    TOPK_VALUES,
    TOPK_LOGPROBS,
    TOPK_FOUND,
    TOPK_BACKEND,
    TOPK_DEVICE,
    TOPK_THREADS
};

/* What both have. by is urn_topk_by. */
typedef struct topk_job {
    const prog_values *v;
    prog_npy input;
    prog_device device;
    int64_t k;
    int32_t by;
    uint32_t flags;
} topk_job;

/* Each picks, writes the files asked for and prints. Returns 0, 1 where rows failed, or -1 with error. */
int prog_topk_long(topk_job *job, prog_error *error);
int prog_topk_segments(topk_job *job, prog_error *error);
int prog_topk_rows(topk_job *job, prog_error *error);

/* prog_topk_device - n bytes that the backend reads or writes: `host` itself where it is host memory, else a buffer
 * which then has the contents of `host` (if copy) and is destroyed by the caller. */
void *prog_topk_device(topk_job *job, urn_buffer **buffer, void *host, size_t n, int copy, prog_error *error);

/* prog_topk_host - and back, and wait. */
int prog_topk_host(topk_job *job, const urn_buffer *buffer, void *host, size_t n, prog_error *error);

#endif
