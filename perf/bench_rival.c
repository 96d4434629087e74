/* bench_rival.c - what we are held against: softmax, f32 running sum, search, as a plain loop on one thread; and the
 * copy that bounds both. */
#define _POSIX_C_SOURCE 200809L
#include "perf/bench.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Temperature, then a draw. No truncation: where the steps have some, the rival does less work than urn. Its law loses
 * tails and its bits depend on the compiler; it is here for its speed. */
int32_t bench_rival_draw(const float *logits, int64_t cols, float temperature, double uniform, float *scratch) {
    const float scale = temperature > 0 ? 1 / temperature : 1;
    float largest = -INFINITY, sum = 0, target;
    int64_t i;
    for (i = 0; i < cols; i++)
        if (logits[i] > largest) largest = logits[i];
    for (i = 0; i < cols; i++) {
        sum += expf((logits[i] - largest) * scale);
        scratch[i] = sum;
    }
    target = (float)uniform * sum;
    for (i = 0; i < cols - 1; i++)
        if (scratch[i] > target) break;
    return (int32_t)i;
}

/* Each thread copies its own piece, several times over; memory far larger than any cache. */
enum { PIECE = 64 << 20, ROUNDS = 3 };

typedef struct copier {
    char *from, *to;
} copier;

static void *copy_piece(void *argument) {
    const copier *c = argument;
    memcpy(c->to, c->from, PIECE);
    return NULL;
}

double bench_measure_copy(int threads) {
    pthread_t *handle;
    copier *c;
    double best = 0;
    int i, round, ready = 0;
    if (threads < 1) threads = 1;
    if (threads > 16) threads = 16; /* enough to fill the memory of one socket, and 2 GiB */
    handle = calloc((size_t)threads, sizeof *handle);
    c = calloc((size_t)threads, sizeof *c);
    for (i = 0; handle && c && i < threads; i++) {
        c[i].from = malloc(PIECE);
        c[i].to = malloc(PIECE);
        if (c[i].from == NULL || c[i].to == NULL) break;
        memset(c[i].from, i + 1, PIECE); /* touched: untouched pages are all one page of zeros */
        memset(c[i].to, 0, PIECE);
        ready++;
    }
    for (round = 0; round < ROUNDS && ready > 0; round++) {
        const double begin = bench_seconds();
        int started = 0;
        for (i = 1; i < ready; i++) started += pthread_create(&handle[i], NULL, copy_piece, &c[i]) == 0;
        copy_piece(&c[0]);
        for (i = 1; i <= started; i++) pthread_join(handle[i], NULL);
        if (2.0 * PIECE * (started + 1) / (bench_seconds() - begin) > best)
            best = 2.0 * PIECE * (started + 1) / (bench_seconds() - begin);
    }
    for (i = 0; c && i < threads; i++) {
        free(c[i].from);
        free(c[i].to);
    }
    free(handle);
    free(c);
    return best;
}
