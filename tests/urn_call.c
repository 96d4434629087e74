/* urn_call.c - registered members of a params struct: uploaded, run, compared. */
#include "tests/urn_call.h"

#include <stdio.h>

void *ut_call_array(ut_call *call, const void *member, ut_way way, int64_t elements, size_t unit, const char *name) {
    UT_ASSERT(call->count < UT_MEMBERS, "a call has too many members");
    ut_member *m = call->member + call->count++;
    memset(m, 0, sizeof *m);
    m->offset = (size_t)((const char *)member - (const char *)call->params);
    m->unit = unit;
    m->bytes = (size_t)elements * unit;
    m->way = way;
    m->name = name;
    m->host = memset(ut_malloc(m->bytes), way == UT_OUT ? 0xca : 0, m->bytes ? m->bytes : 1);
    if (way != UT_IN) m->found = ut_malloc(m->bytes);
    memcpy((char *)call->params + m->offset, &m->host, sizeof(void *));
    return m->host;
}

void ut_call_start(ut_call *call) {
    for (int i = 0; i < call->count; i++) {
        const ut_member *m = call->member + i;
        if (m->way == UT_INOUT) memcpy(m->found, m->host, m->bytes);
    }
}

int ut_call_run(ut_bed *bed, ut_call *call, ut_call_fn fn) {
    static const char none[16] = {0};
    void *copy = memcpy(ut_malloc(call->size), call->params, call->size), *device[UT_MEMBERS];
    for (int i = 0; i < call->count; i++) {
        ut_member *m = call->member + i;
        /* an array without elements is there all the same */
        if (m->way == UT_IN)
            device[i] = ut_upload_at(bed, m->bytes ? m->host : none, m->bytes ? m->bytes : 16, m->misalign);
        if (m->way == UT_OUT) device[i] = ut_output(bed, m->bytes ? m->bytes : 16);
        if (m->way == UT_INOUT) device[i] = ut_inout(bed, m->found, m->bytes, m->misalign);
        memcpy((char *)copy + m->offset, device + i, sizeof(void *));
    }
    urn_status status = fn(bed, copy);
    int here = status != URN_E_BACKEND || bed->kind == URN_BACKEND_CPU;
    if (!here) fprintf(stderr, "skip a call of %s: %s\n", urn_backend_name(bed->kind), urn_last_error());
    if (here) {
        UT_OK(status);
        for (int i = 0; i < call->count; i++) {
            ut_member *m = call->member + i;
            if (m->way != UT_IN && m->bytes) ut_download(bed, device[i], m->found, m->bytes);
        }
    }
    ut_clear(bed);
    free(copy);
    return here;
}

void ut_call_same(const char *file, int line, const ut_call *call, const char *what) {
    for (int pass = 0; pass < 2; pass++) { /* a status that differs says most */
        for (int i = 0; i < call->count; i++) {
            const ut_member *m = call->member + i;
            if (m->way == UT_IN || (pass == 0 && strcmp(m->name, "status") != 0)) continue;
            char text[160];
            snprintf(text, sizeof text, "%s: %s", what, m->name);
            size_t unit = m->unit > 8 ? 4 : m->unit;
            ut_same_bits(file, line, m->found, m->host, m->bytes / unit, unit, text);
        }
    }
}

void ut_call_free(ut_call *call) {
    for (int i = 0; i < call->count; i++) {
        free(call->member[i].host);
        free(call->member[i].found);
    }
    call->count = 0;
}

void ut_call_hold(const ut_call_kind *kind, uint64_t seed) {
    FOR_EACH_BACKEND(backend) {
        ut_bed *bed = ut_open(backend);
        int cases = ut_loops(backend == URN_BACKEND_SIMT ? 60 : 400), here = 1;
        for (int n = 0; n < cases && here; n++) {
            ut_call call;
            ut_rng rng = ut_rng_make(seed + (uint64_t)n);
            ut_note("%s of %s, case %d", kind->name, urn_backend_name(backend), n);
            kind->make(&call, &rng);
            here = ut_call_run(bed, &call, kind->run);
            if (here) UT_SAME_CALL(&call, kind->name);
            ut_call_free(&call);
            free(call.params);
        }
        ut_close(bed);
    }
}
