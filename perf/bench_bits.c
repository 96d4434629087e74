/* bench_bits.c - before a time is printed: the bits of two runs, and of every backend that opens here, are the same. */
#include "perf/bench.h"

#include <stdlib.h>
#include <string.h>

/* A small case in the shape of the large one; simt takes a second for a few thousand logits. */
enum { ROWS = 3, COLS = 1500, WORDS = 9 };

typedef struct answer {
    uint32_t words[WORDS][ROWS]; /* ids, status, logprob, raw, rank, lse, entropy, kept, kept mass */
} answer;

static urn_status sample_small(urn_ctx *ctx, const void *host, size_t bytes, const bench_case *c, answer *a) {
    urn_stream *stream = NULL;
    urn_buffer *logits = NULL, *out = NULL;
    urn_sampler *sampler = NULL;
    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    const int64_t cols = c->cols < COLS ? c->cols : COLS;
    urn_status s = urn_steps_parse(c->steps, steps, &list.count);
    memset(a, 0xca, sizeof *a);
    if (s == URN_OK) s = urn_sampler_create(ctx, &list, 1, &sampler);
    if (s == URN_OK) s = urn_stream_create(ctx, urn_sample_workspace(sampler, ROWS, cols), &stream);
    if (s == URN_OK) s = urn_buffer_create(ctx, URN_DEVICE, bytes, &logits);
    if (s == URN_OK) s = urn_buffer_create(ctx, URN_DEVICE, sizeof *a, &out);
    if (s == URN_OK) s = urn_buffer_write(stream, logits, 0, host, bytes);
    if (s == URN_OK) {
        answer *device = urn_buffer_data(out);
        p.logits = urn_matrix_dense(urn_buffer_data(logits), c->dtype, ROWS, cols, 0);
        p.sampler = sampler;
        p.seed_value = 7;
        p.ids = (int32_t *)device->words[0];
        p.status = (int32_t *)device->words[1];
        p.logprob = (float *)device->words[2];
        p.logprob_raw = (float *)device->words[3];
        p.rank = (int32_t *)device->words[4];
        p.lse = (float *)device->words[5];
        p.entropy = (float *)device->words[6];
        p.kept_count = (int32_t *)device->words[7];
        p.kept_logmass = (float *)device->words[8];
        s = urn_sample(stream, &p);
    }
    if (s == URN_OK) s = urn_buffer_read_host(stream, out, 0, a, sizeof *a);
    urn_buffer_destroy(logits);
    urn_buffer_destroy(out);
    urn_sampler_destroy(sampler);
    urn_stream_destroy(stream);
    return s;
}

int bench_same_bits(bench_bed *bed, const bench_case *c, int *same) {
    static const urn_backend_kind OTHERS[] = {URN_BACKEND_CPU, URN_BACKEND_SIMT};
    const int64_t cols = c->cols < COLS ? c->cols : COLS;
    const size_t bytes = (size_t)(ROWS * cols) * urn_dtype_size(c->dtype);
    float x[ROWS * COLS], packed[ROWS * COLS];
    answer first, again;
    int i;
    bench_fill(x, ROWS * cols, c->input, &bed->real, 0);
    bench_pack(x, ROWS * cols, c->dtype, packed);
    if (sample_small(bed->ctx, packed, bytes, c, &first) != URN_OK ||
        sample_small(bed->ctx, packed, bytes, c, &again) != URN_OK) {
        snprintf(bed->error, sizeof bed->error, "%s", urn_last_error());
        return -1;
    }
    *same = memcmp(&first, &again, sizeof first) == 0;
    for (i = 0; i < 2; i++) {
        urn_ctx_params params = URN_CTX_PARAMS_INIT;
        urn_ctx *ctx = NULL;
        params.backend = OTHERS[i];
        if (OTHERS[i] == (urn_backend_kind)bed->info.backend || urn_ctx_create(&params, &ctx) != URN_OK) continue;
        if (sample_small(ctx, packed, bytes, c, &again) != URN_OK || memcmp(&first, &again, sizeof first) != 0)
            *same = 0;
        urn_ctx_destroy(ctx);
    }
    return 0;
}
