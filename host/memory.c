/* memory.c - allocator hooks, and alignment over an allocator that promises less. */
#include "host/memory.h"

#include <stdlib.h>
#include <string.h>

#include "host/check.h"
#include "host/handles.h"

static void *plain_allocate(void *user, size_t bytes) {
    (void)user;
    return malloc(bytes);
}

static void plain_release(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

urn_allocator urn_allocator_default(void) {
    urn_allocator allocator = {plain_allocate, plain_release, NULL};
    return allocator;
}

void *urn_get(const urn_allocator *allocator, size_t bytes) {
    void *pointer = allocator->allocate(allocator->user, bytes);
    if (pointer) memset(pointer, 0, bytes);
    return pointer;
}

void urn_put(const urn_allocator *allocator, void *pointer) {
    if (pointer) allocator->release(allocator->user, pointer);
}

/* The pointer that the allocator gave lies in the word before the aligned memory. */
urn_status urn_get_aligned(const urn_allocator *allocator, size_t bytes, void **pointer) {
    const size_t more = URN_ALIGNMENT + sizeof(void *);
    *pointer = NULL;
    char *given = bytes <= SIZE_MAX - more ? allocator->allocate(allocator->user, bytes + more) : NULL;
    if (!given) return urn_fail_memory("aligned host memory", bytes);
    uintptr_t at = ((uintptr_t)given + more) & ~(uintptr_t)(URN_ALIGNMENT - 1);
    memcpy((char *)at - sizeof given, &given, sizeof given);
    *pointer = (void *)at;
    return URN_OK;
}

void urn_put_aligned(const urn_allocator *allocator, void *pointer) {
    char *given;
    if (!pointer) return;
    memcpy(&given, (char *)pointer - sizeof given, sizeof given);
    allocator->release(allocator->user, given);
}

urn_status urn_memory_get_host(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer) {
    (void)kind;
    return urn_get_aligned(&ctx->allocator, bytes, pointer);
}

void urn_memory_put_host(urn_ctx *ctx, urn_memory kind, void *pointer) {
    (void)kind;
    urn_put_aligned(&ctx->allocator, pointer);
}

urn_status urn_fail_memory(const char *what, size_t bytes) {
    return urn_fail(URN_E_MEMORY, "%s: %zu bytes were refused; free some or ask for less", what, bytes);
}
