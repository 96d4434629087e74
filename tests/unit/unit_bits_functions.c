/* unit_bits_functions.c - LOG2, EXP2 and POW in f64 against long double, and Gumbel noise at both ends of its uniform.
 */
#include "host/cpu/cpu_functions.h"

#include "tests/urn_test.h"

/* property  |LOG2 v| is right to 2e-15 of itself and of 1, over all binades, around powers of two and sqrt 2
 * why       its turn at sqrt 2 is decided on significand bits, and a turn one bit off doubles or halves s */
START_TEST(log2_of_any_normal_number) {
    ut_rng rng = ut_rng_make(21);
    for (int i = 0; i < ut_loops(400000); i++) {
        uint64_t exponent = 1 + (uint64_t)ut_below(&rng, 2045), fraction = ut_u64(&rng) >> 12;
        if (i % 4 == 1) fraction = 0x6a09e667f3bc9u + (uint64_t)ut_below(&rng, 9);
        if (i % 4 == 2) fraction = (ut_u64(&rng) % 11 - 5) & 0xfffffffffffffu;
        if (i % 4 == 3) exponent = 1021 + (uint64_t)ut_below(&rng, 4);
        double v = urnc_f64_of_bits(exponent << 52 | fraction), found = urnc_log2_of(v);
        long double exact = log2l((long double)v), error = fabsl((long double)found - exact);
        UT_ASSERT(error <= 2e-15L * (1 + fabsl(exact)), "LOG2(%a) is %a, off by %Lg", v, found, error);
    }
}
END_TEST

/* property  EXP2 is right to 2e-14 of itself and exact at integers; beyond +-1000 it stands still */
START_TEST(exp2_of_any_number) {
    ut_rng rng = ut_rng_make(22);
    for (int i = 0; i < ut_loops(400000); i++) {
        double y = (ut_uniform(&rng) - 0.5) * (i % 2 ? 2000 : 4), found = urnc_exp2_of(y);
        long double exact = exp2l((long double)y), error = fabsl((long double)found / exact - 1);
        UT_ASSERT(error <= 2e-14L, "EXP2(%a) is %a, off by %Lg", y, found, error);
    }
    for (int n = -1000; n <= 1000; n++) UT_ASSERT(urnc_exp2_of(n) == ldexp(1, n), "EXP2(%d)", n);
    UT_ASSERT(urnc_exp2_of(INFINITY) == 0x1p1000 && urnc_exp2_of(-INFINITY) == 0x1p-1000, "at the ends");
}
END_TEST

/* property  POW is right to 1e-12 where its logarithm is of the size that rules have, and has its two corners */
START_TEST(pow_of_what_rules_ask) {
    ut_rng rng = ut_rng_make(23);
    for (int i = 0; i < ut_loops(200000); i++) {
        double a = exp((ut_uniform(&rng) - 0.5) * 30), b = (ut_uniform(&rng) - 0.5) * 6, found = urnc_pow(a, b);
        long double exact = powl((long double)a, (long double)b), error = fabsl((long double)found / exact - 1);
        UT_ASSERT(error <= 1e-12L, "POW(%a, %a) is %a, off by %Lg", a, b, found, error);
    }
    UT_ASSERT(urnc_pow(0, 2) == 0 && urnc_pow(0, 0) == 1 && urnc_pow(5, 0) == 1, "corners");
}
END_TEST

/* -log2(-log2((U + 1/2) / 2^64)) with 64-bit significands; near 1 by the distance from it. */
static long double exact_noise(uint64_t U) {
    long double low = ((long double)U + 0.5L) * 0x1p-64L, high = ((long double)~U + 0.5L) * 0x1p-64L;
    long double E = U >> 63 ? -log1pl(-high) / logl(2.0L) : -log2l(low);
    return -log2l(E);
}

/* property  noise is right to 1e-13 everywhere, to the last uniform at both ends and across the turn
 * why       most samplers lose one end: near 1 the logarithm of u cancels, near 0 u itself is rounded away */
START_TEST(gumbel_noise_keeps_both_tails) {
    static const uint64_t forced[] = {0,
                                      1,
                                      2,
                                      3,
                                      UINT64_MAX,
                                      UINT64_MAX - 1,
                                      UINT64_MAX - 2,
                                      UINT64_C(1) << 63,
                                      (UINT64_C(1) << 63) - 1,
                                      URN_GUMBEL_TURN,
                                      URN_GUMBEL_TURN - 1,
                                      URN_GUMBEL_TURN + 1,
                                      UINT64_C(1) << 53,
                                      UINT64_MAX - (UINT64_C(1) << 53)};
    ut_rng rng = ut_rng_make(24);
    for (int i = 0; i < ut_loops(400000); i++) {
        uint64_t U = ut_u64(&rng);
        if (i < (int)(sizeof forced / sizeof *forced))
            U = forced[i];
        else if (i % 3 == 1)
            U >>= ut_below(&rng, 64);
        else if (i % 3 == 2)
            U = ~(U >> ut_below(&rng, 64));
        long double exact = exact_noise(U), error = fabsl((long double)urnc_gumbel(U) - exact);
        UT_ASSERT(error <= 1e-13L * (1 + fabsl(exact)), "U %016llx: %a, off by %Lg", (unsigned long long)U,
                  urnc_gumbel(U), error);
    }
    UT_ASSERT(urnc_gumbel(UINT64_MAX) > 64 && urnc_gumbel(UINT64_MAX) < 65, "the largest is %g",
              urnc_gumbel(UINT64_MAX));
    UT_ASSERT(urnc_gumbel(0) < -6.02 && urnc_gumbel(0) > -6.03, "the least is %g", urnc_gumbel(0));
    for (uint64_t U = URN_GUMBEL_TURN - 2000; U < URN_GUMBEL_TURN + 2000; U += 500)
        UT_ASSERT(urnc_gumbel(U + 500) >= urnc_gumbel(U) - 1e-15, "it falls at %016llx", (unsigned long long)U);
}
END_TEST

/* property  cutting to an integer is floor for both signs */
START_TEST(floor_is_floor) {
    ut_rng rng = ut_rng_make(25);
    for (int i = 0; i < ut_loops(100000); i++) {
        double v = (ut_uniform(&rng) - 0.5) * ldexp(1, (int)ut_below(&rng, 62));
        UT_ASSERT((double)urnc_floor_i64(v) == floor(v), "floor(%a) is %lld", v, (long long)urnc_floor_i64(v));
    }
    UT_ASSERT(urnc_floor_i64(-3.0) == -3 && urnc_floor_i64(-0.5) == -1 && urnc_floor_i64(0.0) == 0, "by hand");
}
END_TEST

Suite *unit_bits_functions_suite(void);
Suite *unit_bits_functions_suite(void) {
    Suite *suite = suite_create("unit_bits_functions");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, log2_of_any_normal_number);
    tcase_add_test(cpu, exp2_of_any_number);
    tcase_add_test(cpu, pow_of_what_rules_ask);
    tcase_add_test(cpu, gumbel_noise_keeps_both_tails);
    tcase_add_test(cpu, floor_is_floor);
    suite_add_tcase(suite, cpu);
    return suite;
}
