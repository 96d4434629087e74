/* bench_bits.c - before a time is printed: the bits of two runs, and of every backend that opens here, are the same. */
#include "perf/bench_op.h"

#include <stdlib.h>
#include <string.h>

/* A small case in the shape of the large one; simt takes a second for a few thousand numbers. */
enum { ROWS = 3, COLS = 1500, SMALL_K = 20 };

static bench_case small_of(const bench_case *c) {
    bench_case small = *c;
    small.rows = ROWS < c->op->most_rows ? ROWS : c->op->most_rows;
    small.cols = c->cols < COLS ? c->cols : COLS;
    small.k = c->k < SMALL_K ? c->k : SMALL_K;
    return small;
}

/* Run the small case; its results to `answer`, out_bytes of them. */
static urn_status run_small(urn_ctx *ctx, const bench_case *c, const void *host, size_t bytes, char *answer) {
    const size_t size = c->op->out_bytes(c);
    urn_stream *stream = NULL;
    urn_buffer *in = NULL, *out = NULL;
    urn_sampler *sampler = NULL;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    urn_status s = urn_steps_parse(c->steps, steps, &list.count);
    if (s == URN_OK) s = urn_sampler_create(ctx, &list, 1, &sampler);
    if (s == URN_OK) s = urn_stream_create(ctx, c->op->scratch(c, sampler), &stream);
    if (s == URN_OK) s = urn_buffer_create(ctx, URN_DEVICE, bytes, &in);
    if (s == URN_OK) s = urn_buffer_create(ctx, URN_DEVICE, size, &out);
    if (s == URN_OK) s = urn_buffer_zero(stream, out, 0, size);
    if (s == URN_OK) s = urn_buffer_write(stream, in, 0, host, bytes);
    if (s == URN_OK) {
        const bench_call call = {c, sampler, urn_buffer_data(in), urn_buffer_data(out), 0, 1};
        s = c->op->enqueue(stream, &call);
    }
    if (s == URN_OK) s = urn_buffer_read_host(stream, out, 0, answer, size);
    urn_buffer_destroy(in);
    urn_buffer_destroy(out);
    urn_sampler_destroy(sampler);
    urn_stream_destroy(stream);
    return s;
}

int bench_same_bits(bench_bed *bed, const bench_case *large, int *same) {
    static const urn_backend_kind OTHERS[] = {URN_BACKEND_CPU, URN_BACKEND_SIMT};
    const bench_case c = small_of(large);
    const size_t bytes = (size_t)(c.rows * c.cols) * urn_dtype_size(c.dtype), size = c.op->out_bytes(&c);
    const size_t from = c.op->private_bytes ? c.op->private_bytes(&c) : 0;
    float x[ROWS * COLS], packed[ROWS * COLS];
    char *first = malloc(size), *again = malloc(size);
    int i, bad = first == NULL || again == NULL;
    bench_fill(x, c.rows * c.cols, c.input, &bed->real, 0);
    bench_pack(x, c.rows * c.cols, c.dtype, packed);
    if (bad) {
        snprintf(bed->error, sizeof bed->error, "no memory");
    } else if (run_small(bed->ctx, &c, packed, bytes, first) != URN_OK ||
               run_small(bed->ctx, &c, packed, bytes, again) != URN_OK) {
        snprintf(bed->error, sizeof bed->error, "%s: %s", c.op->name, urn_last_error());
        bad = 1;
    }
    *same = !bad && memcmp(first + from, again + from, size - from) == 0;
    for (i = 0; i < 2 && !bad; i++) {
        urn_ctx_params params = URN_CTX_PARAMS_INIT;
        urn_ctx *ctx = NULL;
        urn_status s;
        params.backend = OTHERS[i];
        if (OTHERS[i] == (urn_backend_kind)bed->info.backend || urn_ctx_create(&params, &ctx) != URN_OK) continue;
        s = run_small(ctx, &c, packed, bytes, again); /* a backend may not have the operation */
        if (s != URN_E_BACKEND && (s != URN_OK || memcmp(first + from, again + from, size - from) != 0)) *same = 0;
        urn_ctx_destroy(ctx);
    }
    free(first);
    free(again);
    return bad ? -1 : 0;
}
