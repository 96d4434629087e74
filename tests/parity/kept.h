/* kept.h - one call's outputs on one backend, byte after byte, to be held against another backend's. */
#ifndef URN_PARITY_KEPT_H
#define URN_PARITY_KEPT_H

#include "tests/urn_test.h"

typedef struct outputs {
    unsigned char *bytes;
    size_t size, room;
} outputs;

/* Download and keep; device NULL keeps nothing. */
void keep(outputs *o, ut_bed *bed, const void *device, size_t bytes);

/* Fails if the two differ; frees the second. */
void same_outputs(const outputs *a, outputs *b, const char *what);

#endif
