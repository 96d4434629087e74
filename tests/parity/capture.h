/* capture.h - stream capture on whichever backend has it, in one vocabulary. */
#ifndef URN_CAPTURE_H
#define URN_CAPTURE_H

#include "tests/urn_test.h"

typedef struct capture_bed {
    ut_bed bed; /* its stream wraps `native` */
    ut_bed *owner;
    struct CUstream_st *native;
    void *graph;
} capture_bed;

/* simt and cuda have captures; NULL elsewhere, and where the backend cannot be opened. */
capture_bed *capture_open(urn_backend_kind kind);
capture_bed *capture_open_with(const urn_ctx_params *params); /* a context with a launch shape of its own */
void capture_begin(capture_bed *c);
void capture_end(capture_bed *c);
void capture_launch(capture_bed *c); /* and wait */
void capture_close(capture_bed *c);

#endif
