/* kat_case.h - a line of rules.txt as a call of urn_sample. */
#ifndef URN_KAT_CASE_H
#define URN_KAT_CASE_H

#include "tests/kat/kat_read.h"
#include "tests/urn_test.h"

enum { KAT_MOST = 64, KAT_WIDE = 256 }; /* ids of a row; values of a key */

/* One line as a job. */
typedef struct kat_job {
    float x[KAT_MOST], values[KAT_MOST];
    int32_t ids[KAT_MOST], outputs[KAT_MOST];
    int64_t list_offsets[2], output_offsets[2], prompt_offsets[2];
    urn_step steps[8];
    urn_list list;
    ut_state state;
    ut_job job;
} kat_job;

void kat_job_read(const kat_case *c, kat_job *r);

/* A key's values as floats (patterns) or ints; how many. */
int kat_floats(const kat_case *c, const char *key, float *to);
int kat_ints(const kat_case *c, const char *key, int32_t *to);

#endif
