/* unit_bits_convert.c - every f16 and bf16 pattern against arithmetic on doubles; keys against comparison of floats. */
#include <math.h>

#include "host/cpu/cpu_keys.h"
#include "tests/urn_test.h"

/* The value of a 16-bit pattern with `fraction` fraction bits, by its definition. */
static double value(uint16_t bits, int fraction) {
    int exponent_bits = 15 - fraction, bias = (1 << (exponent_bits - 1)) - 1;
    int e = bits >> fraction & ((1 << exponent_bits) - 1), m = bits & ((1 << fraction) - 1);
    double magnitude = e == (1 << exponent_bits) - 1 ? (m ? NAN : INFINITY)
                       : e == 0                      ? ldexp(m, 1 - bias - fraction)
                                                     : ldexp(m | 1 << fraction, e - bias - fraction);
    return bits >> 15 ? -magnitude : magnitude;
}

static void check(uint16_t bits, int fraction, float found) {
    double wanted = value(bits, fraction);
    if (isnan(wanted)) {
        UT_ASSERT(isnan(found), "0x%04x should stay NaN, is %a", bits, (double)found);
        return;
    }
    UT_ASSERT((double)found == wanted && !signbit(found) == !signbit(wanted), "0x%04x is %a, not %a", bits,
              (double)found, wanted);
}

START_TEST(all_f16_and_bf16_convert_exactly) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        check((uint16_t)bits, 10, urnc_f32_of_f16((uint16_t)bits));
        check((uint16_t)bits, 7, urnc_f32_of_bf16((uint16_t)bits));
    }
}
END_TEST

/* property  keys and orders compare as values do; adding 0.0f makes -0 the same key as +0 */
START_TEST(keys_order_as_values) {
    ut_rng rng = ut_rng_make(5);
    for (int i = 0; i < ut_loops(2000000); i++) {
        uint32_t near = (uint32_t)ut_u64(&rng);
        float a = urnc_f32_of_bits(near) + 0.0f;
        float b = urnc_f32_of_bits(i % 2 ? near + 1 : (uint32_t)ut_u64(&rng)) + 0.0f;
        if (isnan(a) || isnan(b)) continue;
        UT_ASSERT((a < b) == (urnc_key(a) < urnc_key(b)) && (a == b) == (urnc_key(a) == urnc_key(b)), "keys of %a, %a",
                  (double)a, (double)b);
        UT_ASSERT((a < b) == (urnc_order(a) < urnc_order(b)), "orders of %a, %a", (double)a, (double)b);
        UT_ASSERT(urnc_bits_of_f32(urnc_f32_of_order(urnc_order(a))) == urnc_bits_of_f32(a), "order of %a", (double)a);
    }
    UT_ASSERT(urnc_key(-0.0f + 0.0f) == urnc_key(0.0f), "-0 and +0 do not tie");
    UT_ASSERT(urnc_order(INFINITY) == URNC_ORDER_INF && urnc_order(-INFINITY) == URNC_ORDER_MINUS_INF, "infinities");
    UT_ASSERT(urnc_order(-0x1.fffffep+127f) == URNC_ORDER_LEAST, "the least value");
}
END_TEST

Suite *unit_bits_convert_suite(void);
Suite *unit_bits_convert_suite(void) {
    Suite *suite = suite_create("unit_bits_convert");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu");
    tcase_set_timeout(cpu, 60);
    tcase_add_test(cpu, all_f16_and_bf16_convert_exactly);
    tcase_add_test(cpu, keys_order_as_values);
    suite_add_tcase(suite, cpu);
    return suite;
}
