/* bench.c - one case: bits, cold inputs, median and spread, the rival. */
#define _POSIX_C_SOURCE 200809L
#include "perf/bench_op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SAMPLES = 2000, MAX_MATRICES = 4096, RIVAL_ROWS = 4, CUDA_CALLS = 32 };

double bench_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(const double *sorted, int n) { return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2; }

void bench_statistics(double *samples, int n, double *median, double *mad) {
    int i;
    qsort(samples, (size_t)n, sizeof *samples, by_value);
    *median = middle(samples, n);
    for (i = 0; i < n; i++) samples[i] = fabs(samples[i] - *median);
    qsort(samples, (size_t)n, sizeof *samples, by_value);
    *mad = middle(samples, n);
}

static int check(bench_bed *bed, urn_status status, const char *what) {
    if (status == URN_OK) return 0;
    snprintf(bed->error, sizeof bed->error, "%s: %s: %s", what, urn_status_name(status), urn_last_error());
    return -1;
}

/* The bandwidth that bounds the device: a copy on the CPU. A GPU's fill is what the public API can enqueue. */
static int measure_ceiling(bench_bed *bed) {
    const size_t bytes = (size_t)1 << 30;
    urn_buffer *buffer = NULL;
    int round, bad;
    if (bed->info.backend != URN_BACKEND_CUDA) {
        bed->ceiling = bench_measure_copy(bed->info.threads);
        bed->ceiling_name = "copy";
        bed->poly = bench_measure_poly(bed->info.threads);
        return 0;
    }
    bed->ceiling_name = "fill";
    bad = check(bed, urn_buffer_create(bed->ctx, URN_DEVICE, bytes, &buffer), "urn_buffer_create");
    for (round = 0; round < 5 && !bad; round++) {
        double begin, rate;
        int i;
        bad = check(bed, urn_stream_sync_host(bed->stream), "urn_stream_sync_host");
        begin = bench_seconds();
        for (i = 0; i < 8 && !bad; i++)
            bad = check(bed, urn_buffer_zero(bed->stream, buffer, 0, bytes), "urn_buffer_zero");
        if (!bad) bad = check(bed, urn_stream_sync_host(bed->stream), "urn_stream_sync_host");
        rate = 8 * (double)bytes / (bench_seconds() - begin);
        if (rate > bed->ceiling) bed->ceiling = rate;
    }
    urn_buffer_destroy(buffer);
    return bad;
}

int bench_open(bench_bed *bed, const urn_ctx_params *params, int quick) {
    const urn_ctx_info info = URN_CTX_INFO_INIT;
    memset(bed, 0, sizeof *bed);
    bed->info = info;
    bed->seconds = quick ? 0.05 : 0.4;
    bed->least = quick ? 5 : 15;
    if (check(bed, urn_ctx_create(params, &bed->ctx), "urn_ctx_create") ||
        check(bed, urn_ctx_get_info(bed->ctx, &bed->info), "urn_ctx_get_info") ||
        check(bed, urn_stream_create(bed->ctx, 0, &bed->stream), "urn_stream_create"))
        return -1;
    return measure_ceiling(bed);
}

void bench_close(bench_bed *bed) {
    urn_stream_destroy(bed->stream);
    urn_ctx_destroy(bed->ctx);
    bed->stream = NULL;
    bed->ctx = NULL;
}

/* Enough matrices that a call never finds its logits in a cache: four times the last-level cache, 256 MiB on a GPU
 * (five times an H100's L2). */
static int64_t count_matrices(const bench_bed *bed, size_t bytes) {
    size_t pool = (size_t)256 << 20;
    int64_t n;
    if (bed->info.backend != URN_BACKEND_CUDA) {
#ifdef _SC_LEVEL3_CACHE_SIZE
        const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
        pool = cache > 0 ? 4 * (size_t)cache : (size_t)128 << 20;
        if (pool > (size_t)1 << 30) pool = (size_t)1 << 30;
#else
        pool = (size_t)128 << 20;
#endif
        if (bed->info.backend == URN_BACKEND_SIMT) pool = 0; /* far from any memory's limit */
    }
    n = (int64_t)((pool + bytes - 1) / bytes);
    return n < 2 ? 2 : n > MAX_MATRICES ? MAX_MATRICES : n;
}

typedef struct run {
    urn_buffer *in, *out;
    urn_sampler *sampler;
    float *host;  /* one matrix as f32 */
    void *packed; /* one matrix in the dtype */
    int64_t matrices;
    size_t bytes;      /* of one, rounded up so that each begins 256-aligned */
    float temperature; /* the steps' product, for the rival */
} run;

static int prepare(bench_bed *bed, const bench_case *c, run *r) {
    const int64_t count = c->rows * c->cols;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    int64_t m;
    int i;
    r->bytes = ((size_t)count * urn_dtype_size(c->dtype) + 255) / 256 * 256;
    r->matrices = count_matrices(bed, r->bytes);
    r->host = malloc((size_t)count * sizeof *r->host);
    r->packed = malloc(r->bytes);
    if (r->host == NULL || r->packed == NULL) {
        snprintf(bed->error, sizeof bed->error, "no memory for %lld logits", (long long)count);
        return -1;
    }
    if (check(bed, urn_steps_parse(c->steps, steps, &list.count), "urn_steps_parse") ||
        check(bed, urn_sampler_create(bed->ctx, &list, 1, &r->sampler), "urn_sampler_create") ||
        check(bed, urn_buffer_create(bed->ctx, URN_DEVICE, r->bytes * (size_t)r->matrices, &r->in), "inputs") ||
        check(bed, urn_buffer_create(bed->ctx, URN_DEVICE, c->op->out_bytes(c), &r->out), "outputs") ||
        check(bed, urn_stream_reserve(bed->stream, c->op->scratch(c, r->sampler)), "urn_stream_reserve"))
        return -1;
    r->temperature = 1;
    for (i = 0; i < list.count; i++)
        if (steps[i].op == URN_OP_TEMPERATURE) r->temperature *= steps[i].param[0].f;
    for (m = 0; m < r->matrices; m++) {
        bench_fill(r->host, count, c->input, &bed->real, (uint64_t)m);
        bench_pack(r->host, count, c->dtype, r->packed);
        if (check(bed,
                  urn_buffer_write(bed->stream, r->in, (size_t)m * r->bytes, r->packed,
                                   (size_t)count * urn_dtype_size(c->dtype)),
                  "urn_buffer_write") ||
            check(bed, urn_stream_sync_host(bed->stream), "urn_stream_sync_host"))
            return -1;
    }
    return 0;
}

static urn_status enqueue(bench_bed *bed, const bench_case *c, const run *r, uint32_t number) {
    const char *data = urn_buffer_data(r->in);
    const bench_call call = {
        c, r->sampler, data + (size_t)(number % (uint64_t)r->matrices) * r->bytes, urn_buffer_data(r->out), number, 0};
    return c->op->enqueue(bed->stream, &call);
}

/* On the CPU a sample is one call. On a GPU it is a train of calls between two waits, so that what is timed is the
 * device and not the wait. */
static int time_calls(bench_bed *bed, const bench_case *c, const run *r, bench_result *result) {
    const int calls = bed->info.backend == URN_BACKEND_CUDA ? CUDA_CALLS : 1;
    double samples[MAX_SAMPLES], spent = 0, mad;
    uint32_t call = 0;
    int i, n = 0, bad = 0, warm = bed->info.backend == URN_BACKEND_SIMT ? 0 : 2;
    while (n < MAX_SAMPLES && !bad && (n < bed->least || spent < bed->seconds)) {
        const double begin = bench_seconds();
        double time;
        for (i = 0; i < calls && !bad; i++) bad = check(bed, enqueue(bed, c, r, call++), c->op->name);
        if (!bad) bad = check(bed, urn_stream_sync_host(bed->stream), "urn_stream_sync_host");
        time = bench_seconds() - begin;
        if (warm-- > 0) continue; /* threads start, pages come in */
        samples[n++] = time / calls;
        spent += time;
        if (spent > 20 * bed->seconds && n >= 3) break; /* slow cases: three samples will do */
    }
    if (bad) return -1;
    bench_statistics(samples, n, &result->us, &mad);
    result->mad_percent = 100 * mad / result->us;
    result->us *= 1e6;
    result->samples = n;
    return 0;
}

/* A few rows by the rival, scaled to all: it has no state that more rows would change. */
static int time_rival(bench_bed *bed, const bench_case *c, const run *r, bench_result *result) {
    const int rows = c->rows < RIVAL_ROWS ? (int)c->rows : RIVAL_ROWS;
    float *scratch = malloc(2 * (size_t)c->cols * sizeof *scratch);
    const int tries = c->rows * c->cols > 1 << 22 ? 3 : 9;
    double samples[9], mad;
    int i, k;
    if (scratch == NULL) {
        snprintf(bed->error, sizeof bed->error, "no memory for the rival");
        return -1;
    }
    for (k = 0; k < tries; k++) {
        const double begin = bench_seconds();
        for (i = 0; i < rows; i++)
            c->op->rival(c, r->temperature, k, r->host + (i + k) % rows * c->cols, c->cols, scratch);
        samples[k] = bench_seconds() - begin;
    }
    bench_statistics(samples, tries, &result->rival_us, &mad);
    result->rival_us *= 1e6 * (double)c->rows / rows;
    free(scratch);
    return 0;
}

int bench_run(bench_bed *bed, const bench_case *c, bench_result *result) {
    run r;
    int bad, resident;
    memset(&r, 0, sizeof r);
    memset(result, 0, sizeof *result);
    bad = bench_same_bits(bed, c, &result->bits_ok) || prepare(bed, c, &r) || time_calls(bed, c, &r, result) ||
          time_rival(bed, c, &r, result);
    result->bytes_min = (double)c->rows * (double)c->cols * (double)urn_dtype_size(c->dtype) + c->op->result_bytes(c);
    resident = c->op->steps && (bed->info.backend == URN_BACKEND_CPU || c->cols <= bed->info.resident_cols[c->dtype]);
    result->bytes_done = resident ? result->bytes_min : 0;
    urn_stream_sync_host(bed->stream);
    urn_buffer_destroy(r.in);
    urn_buffer_destroy(r.out);
    urn_sampler_destroy(r.sampler);
    free(r.host);
    free(r.packed);
    return bad ? -1 : 0;
}
