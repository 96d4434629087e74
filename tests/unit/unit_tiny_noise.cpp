/* unit_tiny_noise.cpp - the f32 Gumbel noise of short rows against long double, at both ends of the uniform and
 * between. */
#include "tests/urn_test.h"

#if URN_WITH_SIMT
#include <cmath>

#include "kernels/bits/dev_tiny_noise.h"

namespace {

/* -log2(-log2 u), u = (U + 1/2) / 2^64, each end by the logarithm that keeps it */
long double exact(uint64_t u) {
    long double two64 = 18446744073709551616.0L, low = (static_cast<long double>(u) + 0.5L) / two64;
    long double high = (static_cast<long double>(~u) + 0.5L) / two64;
    long double e = u >> 63 ? -log1pl(-high) / M_LN2l : -log2l(low);
    return -log2l(e);
}

float found(uint64_t u) { return urnd::tiny_gumbel(static_cast<uint32_t>(u), static_cast<uint32_t>(u >> 32)); }

/* what a uniform of 24 bits gives: the sampler that loses the tail */
float short_noise(uint64_t u) {
    float v = (static_cast<float>(u >> 40) + 0.5f) * 0x1p-24f;
    return -log2f(-log2f(v));
}

/* Largest error in units of 4e-7 + 1e-7 |G|, over uniforms near both ends, near the turn, and anywhere. */
long double worst(float (*noise)(uint64_t)) {
    long double most = 0;
    ut_rng rng = ut_rng_make(7);
    for (int i = 0; i < ut_loops(400000); i++) {
        int shift = static_cast<int>(ut_below(&rng, 64));
        uint64_t u = ut_u64(&rng) >> shift;
        if (i % 3 == 1) u = ~u;
        if (i % 3 == 2) u = URN_GUMBEL_TURN + (i % 2 ? u >> 20 : -(u >> 20));
        long double g = exact(u), error = std::fabs(static_cast<long double>(noise(u)) - g);
        /* an odd number stands for each pair: half a unit of 2^-64, which shows where there are few of them */
        long double few = static_cast<long double>((u < ~u ? u : ~u)) + 0.5L;
        long double unit = 4e-7L + 1e-7L * std::fabs(g) + 2 / few;
        if (error / unit > most) most = error / unit;
    }
    return most;
}

/* property  noise errs by at most 4e-7 + 1e-7 |G| in log2 units, up to the tails
 * must see  noise from 24-bit uniforms */
START_TEST(noise_keeps_both_tails) {
    ut_note("all uniforms");
    long double good = worst(found), bad = worst(short_noise);
    UT_ASSERT(good < 1, "error %.3Lf of its bound", good);
    UT_ASSERT(bad > 1000, "noise of 24 bits passes: %.3Lf of the bound", bad);
    UT_ASSERT(found(0) > -6.01f && found(0) < -5.99f, "smallest %g", static_cast<double>(found(0)));
    UT_ASSERT(found(~UINT64_C(0)) > 63 && found(~UINT64_C(0)) < 64, "largest %g",
              static_cast<double>(found(~UINT64_C(0))));
}
END_TEST

/* property  noise never falls when the uniform grows by more than its own rounding */
START_TEST(noise_rises_with_the_uniform) {
    float before = found(0);
    for (int i = 1; i < 4096; i++) {
        uint64_t u = static_cast<uint64_t>(i) << 52;
        float g = found(u);
        UT_ASSERT(g > before, "at %d / 4096", i);
        before = g;
    }
}
END_TEST

} // namespace
#endif

extern "C" Suite *unit_tiny_noise_suite(void);
extern "C" Suite *unit_tiny_noise_suite(void) {
    Suite *suite = suite_create("unit_tiny_noise");
    TCase *tcase = tcase_create("noise");
#if URN_WITH_SIMT
    tcase_add_test(tcase, noise_keeps_both_tails);
    tcase_add_test(tcase, noise_rises_with_the_uniform);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
