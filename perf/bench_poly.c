/* bench_poly.c - the arithmetic ceiling of a CPU: how fast the contract's 2^y alone runs on values that lie in L1.
 *
 * A plain draw must make one weight of each logit. This loop does the nine f32 operations of bits.h section 2 from x to
 * v and adds v up in f32; no exact sum, no maximum, no draw. Nothing that makes every weight can pass it. */
#include <math.h>

#include "perf/bench.h"
#include "urn/bits.h"

enum { VALUES = 4096, LANES = 64, REPEATS = 256, TRIES = 5 };

/* ThreadSanitizer instruments the function that chooses a clone, which runs before ThreadSanitizer does. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#endif
static void
add_powers(const float *x, float max, float c, float *sums) {
    int i, j;
    for (i = 0; i < VALUES; i += LANES)
        for (j = 0; j < LANES; j++) {
            const float d = x[i + j] - max, t = fmaf(d, c, URN_ROUND_MAGIC), n = t - URN_ROUND_MAGIC;
            const float f = fmaf(d, c, -n);
            float v = fmaf(URN_EXP2_E5, f, URN_EXP2_E4);
            v = fmaf(v, f, URN_EXP2_E3);
            v = fmaf(v, f, URN_EXP2_E2);
            v = fmaf(v, f, URN_EXP2_E1);
            sums[j] += fmaf(v, f, 1.0f) * (n > -40.0f ? 1.0f : 0.0f);
        }
}

double bench_measure_poly(int threads) {
    static float x[VALUES];
    float sums[LANES] = {0};
    volatile float sink = 0;
    double best = 0;
    int i, k;
    for (i = 0; i < VALUES; i++) x[i] = (float)(i % 997) * 0.01f;
    for (k = 0; k < TRIES; k++) {
        const double begin = bench_seconds();
        double rate;
        for (i = 0; i < REPEATS; i++) add_powers(x, 10.0f + (float)i, URN_LOG2E, sums);
        rate = (double)VALUES * REPEATS / (bench_seconds() - begin);
        if (rate > best) best = rate;
    }
    sink = sink + sums[0];
    return best * (threads < 1 ? 1 : threads);
}
