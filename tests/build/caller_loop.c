/* caller_loop.c - a benchmark loop: one call checked, then timed; nothing is allocated while it runs. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "urn/urn.h"

enum { ROWS = 8, COLS = 32000, CALLS = 20 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

int main(void) {
    static float logits[ROWS * COLS];
    int32_t first[ROWS], again[ROWS];
    urn_ctx *ctx = NULL;
    urn_stream *stream = NULL;
    urn_buffer *rows = NULL, *ids = NULL;
    urn_stream_stats before = URN_STREAM_STATS_INIT, after = URN_STREAM_STATS_INIT;
    int ok = 0;
    for (int i = 0; i < ROWS * COLS; i++) logits[i] = (float)((unsigned)i * 2654435761u >> 20) * 0.002f;

    if (urn_ctx_create(NULL, &ctx) || urn_stream_create(ctx, urn_sample_workspace(ROWS, COLS), &stream)) goto done;
    if (urn_buffer_create(ctx, URN_DEVICE, sizeof logits, &rows) ||
        urn_buffer_create(ctx, URN_DEVICE, sizeof first, &ids))
        goto done;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    p.logits = urn_matrix_dense(urn_buffer_data(rows), URN_F32, ROWS, COLS, 0);
    p.ids = (int32_t *)urn_buffer_data(ids);
    if (urn_buffer_write(stream, rows, 0, logits, sizeof logits) || urn_sample(stream, &p)) goto done;
    if (urn_buffer_read_host(stream, ids, 0, first, sizeof first)) goto done;

    if (urn_stream_get_stats(stream, &before)) goto done;
    double start = now_us();
    for (int i = 0; i < CALLS; i++)
        if (urn_sample(stream, &p)) goto done;
    if (urn_stream_sync_host(stream)) goto done;
    double each = (now_us() - start) / CALLS;
    if (urn_stream_get_stats(stream, &after) || urn_buffer_read_host(stream, ids, 0, again, sizeof again)) goto done;

    ok = memcmp(first, again, sizeof first) == 0 && after.launches - before.launches == CALLS &&
         after.allocations == before.allocations;
    printf("%d x %d f32: %.1f us a call, %d launches, %d allocations\n", ROWS, COLS, each,
           (int)(after.launches - before.launches), (int)(after.allocations - before.allocations));
done:
    if (!ok) printf("last error: \"%s\"\n", urn_last_error());
    urn_stream_destroy(stream);
    urn_buffer_destroy(rows);
    urn_buffer_destroy(ids);
    urn_ctx_destroy(ctx);
    return !ok;
}
