/* unit_bits_exp2.c - the polynomial of 2^f over every f32 of its range, and the error of weights. */
#include <math.h>
#include <stdio.h>

#include "host/cpu/cpu_weights.h"
#include "tests/urn_test.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && __GNUC__ >= 12
#define WIDE(name) __attribute__((target("arch=x86-64-" #name)))
#define ALWAYS_INLINE __attribute__((always_inline)) inline
#define HAS_WIDE 1
#else
#define ALWAYS_INLINE inline
#define HAS_WIDE 0
#endif

#define CHUNK 4096

/* The worst of a walk: relative error as the pattern of a double (positive ones order as integers), and largest v. */
typedef struct {
    int64_t error;
    int32_t largest;
} worst;

/* 2^f by its Taylor series in f64: 14 terms leave less than (ln 2 / 2)^14 / 14! = 5e-18, and 14 roundings of at most
 * 2^-53 each leave less than 2e-15, far below what is measured. */
static ALWAYS_INLINE double reference(double f) {
    static const double factorial[14] = {1.0,    1.0,     2.0,      6.0,       24.0,       120.0,       720.0,
                                         5040.0, 40320.0, 362880.0, 3628800.0, 39916800.0, 479001600.0, 6227020800.0};
    double a = f * 0x1.62e42fefa39efp-1, sum = 1.0 / factorial[13];
#pragma GCC unroll 13
    for (int k = 12; k >= 0; k--) sum = sum * a + 1.0 / factorial[k];
    return sum;
}

static ALWAYS_INLINE worst walk_chunk(uint32_t first, worst w) {
    for (int i = 0; i < CHUNK; i++) {
        float f = urnc_f32_of_bits(first + (uint32_t)i);
        float v = urnc_exp2_poly(f);
        double exact = reference(f), error = fabs((double)v - exact) / exact;
        int64_t e;
        int32_t b = (int32_t)urnc_bits_of_f32(v);
        memcpy(&e, &error, sizeof e);
        w.error = e > w.error ? e : w.error;
        w.largest = b > w.largest ? b : w.largest;
    }
    return w;
}

static worst walk_default(uint32_t first, worst w) { return walk_chunk(first, w); }

#if HAS_WIDE
WIDE(v4) static worst walk_v4(uint32_t first, worst w) { return walk_chunk(first, w); }
WIDE(v3) static worst walk_v3(uint32_t first, worst w) { return walk_chunk(first, w); }
#endif

typedef worst (*walker)(uint32_t, worst);

static walker best_walker(int *wide) {
    *wide = 0;
#if HAS_WIDE
    *wide = 2;
    if (__builtin_cpu_supports("x86-64-v4")) return walk_v4;
    *wide = 1;
    if (__builtin_cpu_supports("x86-64-v3")) return walk_v3;
    *wide = 0;
#endif
    return walk_default;
}

/* Every f32 of one sign with magnitude up to 1/2: patterns sign | 0 .. sign | 0x3f000000. Slow machines and slow builds
 * take one chunk of `step`, and always the last values before 1/2. */
static worst walk(uint32_t sign, uint32_t step) {
    int wide;
    walker chunk = best_walker(&wide);
    worst w = {0, 0};
    for (uint64_t b = 0; b < 0x3f000000u; b += (uint64_t)CHUNK * step) w = chunk(sign | (uint32_t)b, w);
    w = chunk(sign | (0x3f000000u - CHUNK), w);
    return chunk(sign | (0x3f000000u - CHUNK + 1), w);
}

static double as_double(int64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t step_here(void) {
    int wide;
    best_walker(&wide);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
    wide = 0;
#endif
    if (ut_quick()) return 64;
    return wide == 2 ? 1 : wide == 1 ? 3 : 64;
}

/* property  |p(f) / 2^f - 1| <= 1.6e-7 on [-1/2, 1/2]; p <= 1 for f <= 0; p(0) = 1
 * why       bits.h section 2 states them; the largest weight being exactly 2^F rests on the last two */
START_TEST(polynomial_keeps_its_bound_at_every_f32) {
    uint32_t step = step_here();
    worst above = walk(0, step), below = walk(0x80000000u, step);
    printf("2^f: worst relative error %.4g for f >= 0, %.4g for f <= 0 (%s)\n", as_double(above.error),
           as_double(below.error), step == 1 ? "every f32 in [-1/2, 1/2]" : "a sample: this machine or build is slow");
    UT_ASSERT(as_double(above.error) <= 1.6e-7, "relative error %.9g for f >= 0", as_double(above.error));
    UT_ASSERT(as_double(below.error) <= 1.6e-7, "relative error %.9g for f <= 0", as_double(below.error));
    UT_ASSERT(below.largest <= 0x3f800000, "p(f) > 1 for some f <= 0: 0x%08x", (unsigned)below.largest);
    UT_ASSERT(urnc_exp2_poly(0.0f) == 1.0f, "p(0) is not 1");
    UT_ASSERT(urnc_exp2_poly(-0.0f) == 1.0f, "p(-0) is not 1");
}
END_TEST

static void check_weight(float x, float M, float T) {
    float c = URN_LOG2E / T, d = x - M;
    if (isinf(c) || isinf(d)) return;
    long double y = (long double)d * (long double)c, exact = exp2l(y);
    long double found = ldexpl((long double)urnc_weight(x, M, c), -URN_F);
    long double bound = 0x1p-40L + exact * (3e-7L - y * 1e-7L);
    UT_ASSERT(fabsl(found - exact) <= bound, "x %a M %a T %a: weight is off by %Lg, not within %Lg", (double)x,
              (double)M, (double)T, fabsl(found - exact), bound);
    UT_ASSERT(urnc_weight(x, M, c) <= UINT64_C(1) << URN_F, "x %a M %a T %a: above 2^F", (double)x, (double)M,
              (double)T);
}

/* property  |w / 2^F - 2^(d c)| <= 2^-F + 2^(d c) (3e-7 + |d c| 1e-7), against long double */
START_TEST(weights_keep_their_bound) {
    ut_rng rng = ut_rng_make(20261122);
    for (int i = 0; i < ut_loops(1500000); i++) {
        float T = (float)exp2(60 * ut_uniform(&rng) - 30), y = (float)(46 * ut_uniform(&rng));
        float scale = (float)exp2(80 * ut_uniform(&rng) - 50);
        float M = i % 3 == 0 ? 0.0f : (float)ut_normal(&rng) * scale;
        check_weight(M - y * T * 0.6931472f, M, T);
    }
}
END_TEST

/* property  x == M weighs exactly 2^F, at any scale of logits and temperatures that is not greedy */
START_TEST(the_largest_weighs_two_to_the_f) {
    static const float M[] = {516.0f, -1e9f, 65504.0f, 3e38f, -3e38f, 0.0f, 0x1p-149f, 1.0f, 0x1.fffffep+127f};
    static const float T[] = {1e-5f, 1e-4f, 1.0f, 30.0f, 3e38f, 0x1.fffffep+127f, 1e-37f};
    for (size_t m = 0; m < sizeof M / sizeof *M; m++)
        for (size_t t = 0; t < sizeof T / sizeof *T; t++) {
            float c = URN_LOG2E / T[t];
            UT_ASSERT(urnc_weight(M[m], M[m], c) == UINT64_C(1) << URN_F, "M %g T %g", (double)M[m], (double)T[t]);
            UT_ASSERT(urnc_weight(-INFINITY, M[m], c) == 0, "-inf weighs something, M %g", (double)M[m]);
            UT_ASSERT(urnc_weight(-3e38f, M[m], c) <= UINT64_C(1) << URN_F, "above 2^F, M %g", (double)M[m]);
        }
    UT_ASSERT(urnc_weight(-3e38f, 3e38f, URN_LOG2E / 3e38f) == 0, "d = -inf weighs something");
}
END_TEST

/* property  v * 2^(F + n) at the ends of n: -F is the last that can weigh 1, and n rounds d c to nearest */
START_TEST(weights_at_the_floor) {
    float c = 1.0f; /* so that d c = d exactly */
    UT_ASSERT(urnc_weight(-40.0f, 0.0f, c) == 1, "2^-40 does not weigh 1");
    UT_ASSERT(urnc_weight(-0x1.400002p+5f, 0.0f, c) == 0, "just below 2^-40 weighs something");
    UT_ASSERT(urnc_weight(-39.0f, 0.0f, c) == 2, "2^-39 does not weigh 2");
    UT_ASSERT(urnc_weight(-41.0f, 0.0f, c) == 0 && urnc_weight(-1e9f, 0.0f, c) == 0, "a deep tail weighs something");
    UT_ASSERT(urnc_weight(-0x1p+22f, 0.0f, c) == 0 && urnc_weight(-0x1.8p+23f, 0.0f, c) == 0, "where t loses its unit");
}
END_TEST

Suite *unit_bits_exp2_suite(void);
Suite *unit_bits_exp2_suite(void) {
    Suite *suite = suite_create("unit_bits_exp2");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu slow");
    tcase_set_timeout(cpu, 300);
    tcase_add_test(cpu, polynomial_keeps_its_bound_at_every_f32);
    tcase_add_test(cpu, weights_keep_their_bound);
    tcase_add_test(cpu, the_largest_weighs_two_to_the_f);
    tcase_add_test(cpu, weights_at_the_floor);
    suite_add_tcase(suite, cpu);
    return suite;
}
