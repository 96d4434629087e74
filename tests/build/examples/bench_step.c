/* bench_step.c - how long one call takes: inputs rotate so that caches stay cold, the median counts.
 *
 *     bench_step [rows] [vocab]          prints microseconds a call and the GB/s at which logits were read */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "urn/urn.h"

enum { INPUTS = 4, CALLS = 25 };

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        if ((call) != URN_OK) return fprintf(stderr, "%s: %s\n", #call, urn_last_error()), 1;                          \
    } while (0)

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    int64_t rows = argc > 1 ? atoll(argv[1]) : 4, vocab = argc > 2 ? atoll(argv[2]) : 32000;
    if (rows < 1 || vocab < 1) return fprintf(stderr, "bench_step [rows] [vocab]\n"), 2;
    size_t bytes = (size_t)(rows * vocab) * sizeof(float);
    float *host = (float *)malloc(bytes);
    if (!host) return fprintf(stderr, "no memory\n"), 1;

    urn_ctx *ctx;
    urn_stream *stream;
    urn_buffer *input[INPUTS], *ids;
    TRY(urn_ctx_create(NULL, &ctx));
    TRY(urn_stream_create(ctx, urn_sample_workspace(NULL, rows, vocab), &stream));
    TRY(urn_buffer_create(ctx, URN_DEVICE, (size_t)rows * sizeof(int32_t), &ids));
    for (int i = 0; i < INPUTS; i++) {
        /* a sum of four uniforms, about N(0, 2): nearly flat inputs flatter or punish samplers that reject */
        for (int64_t j = 0; j < rows * vocab; j++) {
            host[j] = 0;
            for (int k = 0; k < 4; k++) host[j] += 3.4f * ((float)rand() / (float)RAND_MAX - 0.5f);
        }
        TRY(urn_buffer_create(ctx, URN_DEVICE, bytes, &input[i]));
        TRY(urn_buffer_write(stream, input[i], 0, host, bytes));
        TRY(urn_stream_sync_host(stream));
    }

    urn_step steps[URN_MAX_STEPS];
    urn_list list = {steps, 0};
    urn_sampler *sampler;
    TRY(urn_steps_parse("temperature=0.8,top_p=0.95", steps, &list.count));
    TRY(urn_sampler_create(ctx, &list, 1, &sampler));

    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.sampler = sampler;
    p.ids = (int32_t *)urn_buffer_data(ids);
    double took[CALLS];
    for (int i = -INPUTS; i < CALLS; i++) { /* the first ones warm up */
        p.logits = urn_matrix_dense(urn_buffer_data(input[(i + INPUTS) % INPUTS]), URN_F32, rows, vocab, 0);
        p.position_value = (uint32_t)(i + INPUTS);
        double start = now_us();
        TRY(urn_sample(stream, &p));
        TRY(urn_stream_sync_host(stream));
        if (i >= 0) took[i] = now_us() - start;
    }
    qsort(took, CALLS, sizeof *took, by_value);
    double median = took[CALLS / 2];
    printf("sample %lld x %lld f32: %.1f us (fastest %.1f), %.2f GB/s\n", (long long)rows, (long long)vocab, median,
           took[0], (double)bytes / median * 1e-3);

    for (int i = 0; i < INPUTS; i++) urn_buffer_destroy(input[i]);
    urn_buffer_destroy(ids);
    urn_sampler_destroy(sampler);
    urn_stream_destroy(stream);
    urn_ctx_destroy(ctx);
    free(host);
    return !(median > 0);
}
