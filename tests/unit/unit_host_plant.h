/* unit_host_plant.h - a backend table of the test's own under a context, to see what host/ asks of a backend and to
 * fail where no machine here would. */
#ifndef UNIT_HOST_PLANT_H
#define UNIT_HOST_PLANT_H

#include "host/handles.h"
#include "tests/urn_test.h"

typedef struct plant {
    urn_ctx *ctx;
    const urn_backend *real; /* none's */
    urn_backend table;
    urn_status next;       /* what every call but the memory's answers */
    int opens_work;        /* stream_open succeeds all the same */
    int capturing;         /* what stream_capturing says */
    urnk_sample_call seen; /* the last sample call */
    float tau, eta;        /* of the last mirostat call */
    int samples, resets, commits, prompts, mirostats, gathers;
    int copies, zeros, gets, puts, opens, closes, syncs, asks;
} plant;

extern plant the_plant; /* one a process: tables have no user pointer */

void plant_open(void); /* on NONE; all counters 0 afterwards */
void plant_close(void);

#endif
