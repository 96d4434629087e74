/* prog_slab.h - arrays that travel together: one block of host memory and one of device memory with the same layout, so
 * that a step of a simulation costs one copy there or back. */
#ifndef PROG_SLAB_H
#define PROG_SLAB_H

#include "host/prog_device.h"

typedef struct prog_slab {
    prog_device *device;
    unsigned char *host; /* zeros at first */
    urn_buffer *there;
    size_t bytes;
} prog_slab;

/* prog_slab_add - room for an array; its place. Before prog_slab_make, which returns 0, or -1 with error. */
size_t prog_slab_add(prog_slab *slab, size_t bytes);
int prog_slab_make(prog_slab *slab, prog_device *device, prog_error *error);
void prog_slab_free(prog_slab *slab);

/* prog_slab_here, prog_slab_there - an array's host and device addresses. */
void *prog_slab_here(const prog_slab *slab, size_t place);
void *prog_slab_there(const prog_slab *slab, size_t place);

/* prog_slab_send - all of it to the device, enqueued: the host's side stays as it is until the stream was waited for.
 * prog_slab_fetch - all of it back, and wait. */
int prog_slab_send(prog_slab *slab, prog_error *error);
int prog_slab_fetch(prog_slab *slab, prog_error *error);

#endif
