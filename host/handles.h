/* handles.h - what the opaque handles are. Contexts, samplers and buffers do not change after creation, so threads may
 * share them; a stream belongs to one thread at a time. */
#ifndef URN_HANDLES_H
#define URN_HANDLES_H

#include "host/backend.h"
#include "host/memory.h"

struct urn_ctx {
    const urn_backend *backend;
    urn_allocator allocator;
    urnk_device device;
    urn_ctx_info info;
    urn_sampler *plain; /* one empty list: what a call without a sampler runs */
};

/* Scratch of a stream. Blocks are neither moved nor freed before the stream's end: captured graphs point into them. */
typedef struct urn_block {
    struct urn_block *next;
    void *pointer;
    size_t bytes;
} urn_block;

struct urn_stream {
    urn_ctx *ctx;
    struct CUstream_st *handle; /* the backend's */
    int owned;
    urn_block *blocks; /* the largest first, which is also the newest */
    uint64_t launches, allocations, scratch_bytes;
};

struct urn_buffer {
    urn_ctx *ctx;
    urn_memory kind;
    size_t bytes;
    void *data;
};

struct urn_slots {
    urn_ctx *ctx;
    urn_slots_view view; /* its arrays are parts of `memory` */
    void *memory;
};

/* A step with a table: how wide the table is and where the step stands. */
typedef struct urn_table_place {
    int64_t stride;
    int32_t list, step;
    const char *name;
} urn_table_place;

struct urn_sampler {
    urn_ctx *ctx;
    urn_lists_view lists; /* device arrays, parts of `memory` */
    void *memory;
    urn_table_place words;   /* the narrowest table of bits, in words; stride INT64_MAX: none */
    urn_table_place columns; /* the narrowest table with a column an id, in elements; INT64_MAX: none */
    urn_table_place halves;  /* a table of logits that only 16-bit elements may have; name NULL: none */
};

/* urn_setup_stream - a stream for the copies of a create call; close it with urn_setup_finish, which waits. */
urn_status urn_setup_stream(urn_ctx *ctx, struct CUstream_st **stream);
urn_status urn_setup_finish(urn_ctx *ctx, struct CUstream_st *stream, urn_status so_far);

/* urn_check_not_capturing - URN_E_CAPTURE while the stream is captured: allocating or waiting would spoil the capture.
 * Asks the backend, so run calls do not use it. */
urn_status urn_check_not_capturing(const char *call, const urn_stream *stream);

/* The largest rows and slots that a call takes: their numbers live in int32 arrays. */
#define URN_MAX_ROWS INT64_C(2147483647)

#endif
