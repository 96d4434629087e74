/* kept.c - outputs byte after byte. */
#include "tests/parity/kept.h"

void keep(outputs *o, ut_bed *bed, const void *device, size_t bytes) {
    if (!device || !bytes) return;
    if (o->size + bytes > o->room) {
        o->room = 2 * (o->size + bytes);
        o->bytes = (unsigned char *)realloc(o->bytes, o->room);
        UT_ASSERT(o->bytes != NULL, "out of memory");
    }
    ut_download(bed, device, o->bytes + o->size, bytes);
    o->size += bytes;
}

void same_outputs(const outputs *a, outputs *b, const char *what) {
    UT_ASSERT(a->size == b->size, "%s: %zu bytes and %zu", what, a->size, b->size);
    UT_SAME_BITS(a->bytes, b->bytes, a->size, what);
    free(b->bytes);
    b->bytes = NULL, b->size = b->room = 0;
}
