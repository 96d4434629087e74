/* bench_op.h - what can be timed: an operation by its name, as `urn bench --op` takes it. */
#ifndef BENCH_OP_H
#define BENCH_OP_H

#include "perf/bench.h"

/* Operands of a call: `rows` x `cols` numbers at `in`, in the case's dtype; results at `out`, 256-aligned. */
typedef struct bench_call {
    const bench_case *c;
    const urn_sampler *sampler; /* of the case's steps */
    const void *in;
    char *out;
    uint32_t number; /* of the call: another position, so another draw */
    int all;         /* 1: every output there is, to compare bits; 0: what a user would ask for, to time */
} bench_call;

struct bench_op {
    const char *name;
    int steps; /* 1: takes a list of steps and any dtype; 0: f32 (log-weights), no steps */
    int64_t most_rows, most_cols;
    size_t (*scratch)(const bench_case *c, const urn_sampler *sampler);
    size_t (*private_bytes)(const bench_case *c); /* at the front of `out`: state, which is not compared; may be NULL */
    size_t (*out_bytes)(const bench_case *c);     /* all of `out` */
    double (*result_bytes)(const bench_case *c);  /* the least that is written */
    urn_status (*enqueue)(urn_stream *stream, const bench_call *call);
    void (*rival)(const bench_case *c, float temperature, int i, const float *row, int64_t cols, float *scratch);
};

/* bench_op_find - by name; NULL: none of that name. bench_op_names - "sample,topk,...". */
const bench_op *bench_op_find(const char *name, size_t length);
const char *bench_op_names(void);

#endif
