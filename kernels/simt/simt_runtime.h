/* simt_runtime.h - the SIMT layer's stand-in for the CUDA runtime: memory, streams, events. C, so that host/ can drive
 * it exactly as it drives cudart.
 *
 * Work on a stream runs in order on a thread of that stream's own, after the call that enqueued it has returned: a
 * missing wait is a wrong answer here, as it is on a GPU. Error numbers are cudaError_t's. */
#ifndef URN_SIMT_RUNTIME_H
#define URN_SIMT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct CUstream_st;
typedef struct simt_event simt_event;

int simt_malloc(void **pointer,
                size_t bytes); /* device memory, 256-aligned, redzones on both sides, filled with 0xCB */
int simt_free(void *pointer);  /* checks the redzones: a hit is error 719 and a fault record */
int simt_memcpy_async(void *dst, const void *src, size_t bytes, struct CUstream_st *stream);
int simt_memset_async(void *dst, int value, size_t bytes, struct CUstream_st *stream);
int simt_stream_create(struct CUstream_st **stream);
int simt_stream_destroy(struct CUstream_st *stream);
int simt_stream_sync(struct CUstream_st *stream); /* waits; returns and clears the first error of its work */
int simt_event_create(simt_event **event);
int simt_event_destroy(simt_event *event);
int simt_event_record(simt_event *event, struct CUstream_st *stream);
int simt_event_wait(simt_event *event, struct CUstream_st *stream); /* later work of stream waits for event */
int simt_event_sync(simt_event *event);
int simt_event_elapsed(float *milliseconds, simt_event *start, simt_event *end);
const char *simt_error_name(int error);

/* Capture, as cudart's: between begin and end what is enqueued on the stream is kept and not run; a launch of the graph
 * enqueues it all, with the arguments it was captured with. Waiting for the stream, allocating and freeing while any
 * stream is captured is error 900 and spoils the capture: end then gives error 901 and no graph. Events are not
 * captured here: recording one or waiting for one spoils it too. */
typedef struct simt_graph simt_graph;
int simt_capture_begin(struct CUstream_st *stream);
int simt_capture_end(struct CUstream_st *stream, simt_graph **graph);
int simt_capturing(struct CUstream_st *stream); /* 1 or 0 */
int simt_graph_launch(simt_graph *graph, struct CUstream_st *stream);
int simt_graph_destroy(simt_graph *graph);

/* No more than `bytes` of device memory may be held at a time: what passes it gets error 2. SIZE_MAX, the start: no
 * limit. For tests of failing allocations. */
void simt_set_malloc_limit(size_t bytes);

/* How later launches from the calling thread run. A launcher sets it from its urnk_device (words.h,
 * set_launch_options); tests of bare kernels set it here. */
typedef struct simt_options {
    int32_t threads;      /* OS threads over clusters; below 1 is 1 */
    int32_t lane_order;   /* of lanes, warps, blocks and clusters: 0 forward, 1 backward, 2 shuffled */
    int32_t shared_limit; /* bytes of shared memory a block may have; 0 is 232448 */
    int32_t races;        /* 1: two accesses to shared memory with no barrier between them are a fault */
    uint64_t seed;        /* of order 2 */
} simt_options;
simt_options simt_get_options(void);
void simt_set_options(const simt_options *options);

/* Faults a kernel committed: bounds, redzones, uninitialised shared memory, divergent barriers, absent lanes. Each is
 * recorded, the kernel's launch ends with error 719 (launch failure), and the text of the first says what and where. */
int simt_fault_count(void);
const char *simt_first_fault(void);
void simt_clear_faults(void);

/* Bytes that kernels moved, by buffer tag (words.h), since the last clear. */
typedef struct simt_traffic {
    uint64_t read, written;
} simt_traffic;
simt_traffic simt_bytes(int tag);
void simt_clear_bytes(void);
uint64_t simt_launches(void);

#ifdef __cplusplus
}
#endif

#endif
