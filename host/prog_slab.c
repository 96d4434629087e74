/* prog_slab.c - arrays that travel together. */
#include "host/prog_slab.h"

#include <stdlib.h>
#include <string.h>

size_t prog_slab_add(prog_slab *slab, size_t bytes) {
    const size_t place = slab->bytes;
    slab->bytes += (bytes + 255) / 256 * 256;
    return place;
}

int prog_slab_make(prog_slab *slab, prog_device *device, prog_error *error) {
    slab->device = device;
    slab->host = calloc(slab->bytes, 1);
    if (slab->host == NULL) return prog_fail(error, "no memory for %zu bytes", slab->bytes);
    return prog_check(urn_buffer_create(device->ctx, URN_DEVICE, slab->bytes, &slab->there), "urn_buffer_create",
                      error);
}

void prog_slab_free(prog_slab *slab) {
    free(slab->host);
    urn_buffer_destroy(slab->there);
    memset(slab, 0, sizeof *slab);
}

void *prog_slab_here(const prog_slab *slab, size_t place) { return slab->host + place; }

void *prog_slab_there(const prog_slab *slab, size_t place) { return (char *)urn_buffer_data(slab->there) + place; }

int prog_slab_send(prog_slab *slab, prog_error *error) {
    return prog_check(urn_buffer_write(slab->device->stream, slab->there, 0, slab->host, slab->bytes),
                      "urn_buffer_write", error);
}

int prog_slab_fetch(prog_slab *slab, prog_error *error) {
    return prog_check(urn_buffer_read_host(slab->device->stream, slab->there, 0, slab->host, slab->bytes),
                      "urn_buffer_read_host", error);
}
