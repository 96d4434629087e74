/* bench_inputs.c - logits to measure on: a fixed pool of random numbers, read from different places. */
#include "perf/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const bench_input_names[BENCH_INPUTS + 1] = {"normal1", "normal5", "gumbel", "flat", "real", NULL};

/* A prime, so that matrices taken from different offsets never line up. */
enum { POOL = 1048573 };

static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static double uniform(uint64_t i) {
    return ((double)(mix(i * UINT64_C(0x9e3779b97f4a7c15) + 1) >> 11) + 0.5) * 0x1p-53;
}

static double one(bench_input input, uint64_t i) {
    if (input == BENCH_GUMBEL) return -log(-log(uniform(i)));
    if (input == BENCH_FLAT) return 0.5;
    return (input == BENCH_NORMAL5 ? 5 : 1) * sqrt(-2 * log(uniform(2 * i))) *
           cos(6.283185307179586 * uniform(2 * i + 1));
}

void bench_fill(float *x, int64_t count, bench_input input, const bench_real *real, uint64_t offset) {
    static float *pool;
    static int held = -1;
    int64_t i;
    if (input == BENCH_REAL) { /* rows in turn, beginning at another one each time */
        const int64_t size = real->rows * real->cols, begin = (int64_t)(offset % (uint64_t)real->rows) * real->cols;
        for (i = 0; i < count; i++) x[i] = real->data[(begin + i) % size];
        return;
    }
    if (pool == NULL) pool = malloc(POOL * sizeof *pool);
    if (pool == NULL) { /* slower, the same numbers */
        for (i = 0; i < count; i++) x[i] = (float)one(input, ((uint64_t)i + offset * 7919) % POOL);
        return;
    }
    if (held != (int)input)
        for (i = 0; i < POOL; i++) pool[i] = (float)one(input, (uint64_t)i);
    held = (int)input;
    for (i = 0; i < count; i++) x[i] = pool[((uint64_t)i + offset * 7919) % POOL];
}

static uint16_t to_bf16(float x) {
    uint32_t b;
    memcpy(&b, &x, 4);
    return (uint16_t)((b + 0x7fff + (b >> 16 & 1)) >> 16);
}

/* f16 by arithmetic: one multiplication moves the exponent, one addition rounds. For |x| below 65504 and -inf. */
static uint16_t to_f16(float x) {
    uint32_t b, sign;
    float y;
    memcpy(&b, &x, 4);
    sign = b >> 16 & 0x8000;
    b &= 0x7fffffff;
    if (b >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (b < 0x38800000) { /* below the normal f16: 0.5 has its last place at 2^-24 */
        memcpy(&y, &b, 4);
        y += 0.5f;
        memcpy(&b, &y, 4);
        return (uint16_t)(sign | (b - 0x3f000000));
    }
    b += 0xc8000fff + (b >> 13 & 1); /* exponent bias 127 to 15, round to even at bit 13 */
    return (uint16_t)(sign | b >> 13);
}

void bench_pack(const float *x, int64_t count, urn_dtype dtype, void *packed) {
    uint16_t *half = packed;
    int64_t i;
    if (dtype == URN_F32)
        memcpy(packed, x, (size_t)count * 4);
    else
        for (i = 0; i < count; i++) half[i] = dtype == URN_F16 ? to_f16(x[i]) : to_bf16(x[i]);
}
