/* bench_rival_long.c - what long rows are held against: plain f32 loops on one thread, as one writes them in an
 * afternoon. Their laws lose tails and zero weights can be drawn; they are here for their speed. */
#include "perf/bench.h"

#include <math.h>
#include <stdlib.h>

/* 24-bit uniforms through -log(-log u), as common recipes do. */
static float noise_of(uint64_t seed, int64_t i) {
    uint64_t x = (seed * UINT64_C(0x9e3779b97f4a7c15)) ^ (uint64_t)i * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 31) * UINT64_C(0x94d049bb133111eb);
    return -logf(-logf(((float)(x >> 40) + 0.5f) * 0x1p-24f));
}

/* Hoare's selection: the k largest to the front, in no order. */
static void select_largest(float *x, int64_t n, int64_t k) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const float pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] > pivot) i++;
            while (x[j] < pivot) j--;
            if (i <= j) {
                const float t = x[i];
                x[i++] = x[j];
                x[j--] = t;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
}

void bench_rival_topk(const float *x, int64_t n, int64_t k, uint64_t noise, float *scratch) {
    int64_t i;
    for (i = 0; i < n; i++) scratch[i] = noise ? x[i] + noise_of(noise, i) : x[i];
    select_largest(scratch, n, k < n ? k : n - 1);
}

void bench_rival_systematic(const float *lw, int64_t n, double uniform, float *scratch) {
    int32_t *ancestors = (int32_t *)scratch + n;
    float largest = -INFINITY, sum = 0, step;
    int64_t i, m = 0;
    for (i = 0; i < n; i++)
        if (lw[i] > largest) largest = lw[i];
    for (i = 0; i < n; i++) scratch[i] = sum += expf(lw[i] - largest);
    step = sum / (float)n;
    for (i = 0; i < n; i++)
        while (m < n && scratch[i] > ((float)m + (float)uniform) * step) ancestors[m++] = (int32_t)i;
    while (m < n) ancestors[m++] = (int32_t)(n - 1); /* where rounding left the sum below the last point */
}
