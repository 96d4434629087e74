/* unit_bits_log2.c - log2 of integers against long double, and what is made from it. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "tests/urn_test.h"
#include "urn/bits.h"

/* The rounding of Z to f64 and of the result are part of the rule: 2^-53 relative, and half an ulp of up to 64. */
static long double bound(uint64_t Z) { return 1e-14L + (Z >> 53 ? 0x1p-52L : 0.0L); }

static void check(uint64_t Z) {
    long double error = fabsl((long double)urnc_log2(Z) - log2l((long double)Z));
    UT_ASSERT(error < bound(Z), "log2(%llu) is off by %Lg", (unsigned long long)Z, error);
}

/* property  |log2 Z| is right to 1e-14 for all small Z, around every power of two and of its half steps, and at random
 */
START_TEST(log2_is_right_to_1e_14) {
    ut_rng rng = ut_rng_make(3);
    for (uint64_t Z = 1; Z < 70000; Z++) check(Z);
    for (int e = 1; e < 64; e++)
        for (int64_t k = -300; k <= 300; k++) {
            uint64_t Z = (UINT64_C(1) << e) + (uint64_t)k,
                     half = (uint64_t)(ldexp(1.4142135623730951, e - 1)) + (uint64_t)k;
            if (Z > 0) check(Z);
            if (half > 0) check(half);
        }
    check(UINT64_MAX);
    for (int i = 0; i < ut_loops(1000000); i++) {
        uint64_t Z = ut_u64(&rng) >> ut_below(&rng, 64);
        if (Z) check(Z);
    }
}
END_TEST

/* property  powers of two are exact, so one id has log-probability 0 and mass 2^0 */
START_TEST(powers_of_two_are_exact) {
    for (int e = 0; e < 64; e++) UT_ASSERT(urnc_log2(UINT64_C(1) << e) == (double)e, "log2(2^%d)", e);
    UT_ASSERT(urnc_log2_mass(UINT64_C(1) << URN_F) == 0.0, "the mass of one id");
    float one = urnc_logprob(3.0f, 3.0f, URN_LOG2E, 0.0);
    UT_ASSERT(urnc_bits_of_f32(one) == 0, "one id's log-probability has pattern 0x%08x", urnc_bits_of_f32(one));
}
END_TEST

/* property  log2 does not fall from Z to Z + 1 where f64 still tells them apart */
START_TEST(log2_does_not_fall) {
    ut_rng rng = ut_rng_make(4);
    for (int i = 0; i < ut_loops(400000); i++) {
        uint64_t Z = (ut_u64(&rng) >> (11 + ut_below(&rng, 50))) + 1;
        UT_ASSERT(urnc_log2(Z + 1) >= urnc_log2(Z) - 2e-15 * urnc_log2(Z + 1), "at %llu", (unsigned long long)Z);
    }
}
END_TEST

Suite *unit_bits_log2_suite(void);
Suite *unit_bits_log2_suite(void) {
    Suite *suite = suite_create("unit_bits_log2");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 120);
    tcase_add_test(cpu, log2_is_right_to_1e_14);
    tcase_add_test(cpu, powers_of_two_are_exact);
    tcase_add_test(cpu, log2_does_not_fall);
    suite_add_tcase(suite, cpu);
    return suite;
}
