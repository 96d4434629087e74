/* memory.h - host memory for the library's own objects: everything goes through the context's allocator. */
#ifndef URN_MEMORY_H
#define URN_MEMORY_H

#include "urn/buffer.h"

#define URN_ALIGNMENT 256 /* of device memory, buffers and scratch */

/* The C library's, when the caller named none. */
urn_allocator urn_allocator_default(void);

/* urn_get - zeroed memory for an object; NULL when there is none. urn_put - give it back; NULL is fine. */
void *urn_get(const urn_allocator *allocator, size_t bytes);
void urn_put(const urn_allocator *allocator, void *pointer);

/* urn_get_aligned - bulk memory at a multiple of URN_ALIGNMENT, contents undefined; URN_E_MEMORY when there is none. */
urn_status urn_get_aligned(const urn_allocator *allocator, size_t bytes, void **pointer);
void urn_put_aligned(const urn_allocator *allocator, void *pointer);

/* The memory calls of a backend whose memory is the host's: every kind is the same. */
urn_status urn_memory_get_host(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer);
void urn_memory_put_host(urn_ctx *ctx, urn_memory kind, void *pointer);

/* urn_fail_memory - URN_E_MEMORY with the number of bytes. */
urn_status urn_fail_memory(const char *what, size_t bytes);

/* bytes rounded up to URN_ALIGNMENT */
static inline size_t urn_round_up(size_t bytes) { return (bytes + URN_ALIGNMENT - 1) & ~(size_t)(URN_ALIGNMENT - 1); }

#endif
