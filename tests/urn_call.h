/* urn_call.h - one call of any family from host arrays to host arrays: the members of its params that are arrays are
 * registered, uploaded for a backend, and what came back is compared with what an oracle wrote into the host's. */
#ifndef URN_CALL_H
#define URN_CALL_H

#include "tests/urn_test.h"

#define UT_MEMBERS 96

typedef enum ut_way { UT_IN, UT_OUT, UT_INOUT } ut_way;

typedef struct ut_member {
    size_t offset, bytes, unit, misalign;
    ut_way way;
    const char *name;
    void *host;  /* inputs, and what the oracle writes */
    void *found; /* what the backend wrote */
} ut_member;

/* params is plain memory of the caller's: the members that the call does not know are passed as they are. */
typedef struct ut_call {
    void *params;
    size_t size;
    ut_member member[UT_MEMBERS];
    int count;
} ut_call;

/* The call's own host array for the pointer at `member` of params, which is set to it. Outputs are filled with 0xca,
 * others with 0. */
void *ut_call_array(ut_call *call, const void *member, ut_way way, int64_t elements, size_t unit, const char *name);
#define UT_TAKES(call, params, name, elements)                                                                         \
    ut_call_array((call), &(params)->name, UT_IN, (elements), sizeof *(params)->name, #name)
#define UT_GIVES(call, params, name, elements)                                                                         \
    ut_call_array((call), &(params)->name, UT_OUT, (elements), sizeof *(params)->name, #name)

/* Keep what the UT_INOUT arrays hold now for the backend: before the oracle changes them. */
void ut_call_start(ut_call *call);

/* Upload, run, download into `found`. fn gets a copy of params with device pointers. Returns 0 where this backend does
 * not have the family: the caller goes on to the next one. Any other failure fails the test. */
typedef urn_status (*ut_call_fn)(ut_bed *bed, void *params);
int ut_call_run(ut_bed *bed, ut_call *call, ut_call_fn fn);

/* Every output that the backend wrote against the host's, byte for byte. */
#define UT_SAME_CALL(call, what) ut_call_same(__FILE__, __LINE__, (call), (what))
void ut_call_same(const char *file, int line, const ut_call *call, const char *what);
void ut_call_free(ut_call *call); /* the arrays, not params */

/* A call that can be made at random: `make` allocates params, fills in arguments and lets the oracle write outputs. */
typedef struct ut_call_kind {
    const char *name;
    void (*make)(ut_call *call, ut_rng *rng);
    ut_call_fn run;
} ut_call_kind;

/* 400 random cases on every backend that has the call (simt: 60), seeds from `seed` on: outputs byte for byte. */
void ut_call_hold(const ut_call_kind *kind, uint64_t seed);

#endif
