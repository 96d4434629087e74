/* bench.h - the harness: check the bits, then time with cold inputs, then say what the time is worth.
 *
 * perf/ uses the public headers and the C library only. README.md explains every column. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>

#include "urn/urn.h"

/* What logits look like decides how many ids the steps keep and so what they cost. */
typedef enum bench_input {
    BENCH_NORMAL1, /* N(0, 1) */
    BENCH_NORMAL5, /* N(0, 5): a few ids hold the mass */
    BENCH_GUMBEL,  /* standard Gumbel: the tail of a language model */
    BENCH_FLAT,    /* all equal: every comparison is a tie */
    BENCH_REAL     /* rows of a file */
} bench_input;

enum { BENCH_INPUTS = 5 };
extern const char *const bench_input_names[BENCH_INPUTS + 1]; /* ends with NULL */

/* Real logits, f32, for BENCH_REAL: rows x cols. */
typedef struct bench_real {
    const float *data;
    int64_t rows, cols;
} bench_real;

typedef struct bench_op bench_op; /* bench_op.h */

typedef struct bench_case {
    const bench_op *op;
    int64_t rows, cols;
    int64_t k; /* of top-k */
    urn_dtype dtype;
    bench_input input;
    const char *steps; /* for urn_steps_parse */
} bench_case;

/* Where cases run, opened once. */
typedef struct bench_bed {
    urn_ctx *ctx;
    urn_stream *stream;
    urn_ctx_info info;
    bench_real real;
    double seconds; /* time spent on the samples of a case, at least */
    int least;      /* samples of a case, at least */
    double ceiling; /* bytes a second that a copy (cpu, simt) or a fill (cuda) moves here */
    const char *ceiling_name;
    double poly; /* values a second that the contract's 2^y alone makes here; 0: not measured (cuda) */
    char error[512];
} bench_bed;

typedef struct bench_result {
    double us, mad_percent; /* median of a call, and the median distance from it as a share */
    int samples;
    double bytes_min;  /* logits read once, outputs written */
    double bytes_done; /* what moves by the kernels' cards; 0: not known (rows too long to stay resident) */
    double rival_us;   /* the same rows by plain f32 code on one thread */
    int bits_ok;
} bench_result;

/* bench_open - a context, a stream and the ceiling. bench_close - also after a failed open. bench_run - one case.
 * Each returns 0, or -1 with bed->error. */
int bench_open(bench_bed *bed, const urn_ctx_params *params, int quick);
void bench_close(bench_bed *bed);
int bench_run(bench_bed *bed, const bench_case *c, bench_result *result);

/* bench_print_head - the columns' names. bench_print - one line. bench_print_json - one object on a line. */
void bench_print_head(FILE *file);
void bench_print(FILE *file, const bench_bed *bed, const bench_case *c, const bench_result *r);
void bench_print_json(FILE *file, const bench_bed *bed, const bench_case *c, const bench_result *r);

/* Parts, in files of their own. */
double bench_seconds(void);
void bench_statistics(double *samples, int n, double *median, double *mad); /* sorts samples */
void bench_fill(float *x, int64_t count, bench_input input, const bench_real *real, uint64_t offset);
void bench_pack(const float *x, int64_t count, urn_dtype dtype, void *packed);
double bench_measure_copy(int threads); /* bytes read and written a second */
double bench_measure_poly(int threads); /* values a second, threads times those of one */
int32_t bench_rival_draw(const float *logits, int64_t cols, float temperature, double uniform, float *scratch);
void bench_rival_topk(const float *x, int64_t n, int64_t k, uint64_t noise, float *scratch); /* noise 0: none */
void bench_rival_systematic(const float *lw, int64_t n, double uniform, float *scratch); /* scratch [2 n] */
int bench_same_bits(bench_bed *bed, const bench_case *c, int *same); /* two runs, and every backend that opens */

#endif
