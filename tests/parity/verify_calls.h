/* verify_calls.h - random calls of urn_verify and urn_verify_tree: every verifier, lists, chains, trees, bad rows. */
#ifndef URN_VERIFY_CALLS_H
#define URN_VERIFY_CALLS_H

#include "tests/urn_test.h"

/* What a call leaves, in host memory; what it left alone stays 0xca bytes. */
typedef struct verify_outputs {
    int32_t *ids, *path, *accepted, *emitted, *status;
    float *logprob;
    urn_verify_stats stats;
    int64_t requests, columns;
} verify_outputs;

typedef struct verify_limits {
    int64_t cols;
    int32_t verifier; /* urn_verifier; -1: any */
    int32_t nodes;    /* at most */
    int good;         /* nothing wrong on purpose */
} verify_limits;

/* The case of a seed, run on a bed. Every bed gets the same. */
verify_outputs verify_run(ut_bed *bed, uint64_t seed, const verify_limits *limits);
void verify_free(verify_outputs *out);
void verify_same(const verify_outputs *a, const verify_outputs *b, const char *what);

#endif
