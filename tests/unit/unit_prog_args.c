/* unit_prog_args.c - the program's option parser, digest and conversions. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_digest.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *unit_prog_args_suite(void);

enum { COUNT, SEED, KIND, NAME, LOUD, SIZES };
static const prog_option OPTIONS[] = {
    {"count", 'n', PROG_INT, "N", "1", 1, 100, NULL, ""},   {"seed", 's', PROG_U64, "N", "0", 0, 0, NULL, ""},
    {"kind", 0, PROG_CHOICE, "K", "b", 0, 0, "a|b|cc", ""}, {"name", 0, PROG_TEXT, "T", NULL, 0, 0, NULL, ""},
    {"loud", 0, PROG_FLAG, NULL, NULL, 0, 0, NULL, ""},     {"sizes", 0, PROG_SIZES, "N,N", "4,8", 1, 64, NULL, ""},
};
static const prog_command COMMAND = {"test", "", "", "", OPTIONS, 6, 0, 1, NULL, NULL, NULL};

static int parse(const char *line, prog_values *values) {
    static char text[256];
    char *argv[16];
    int argc = 0;
    char *word;
    strcpy(text, line);
    for (word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    return prog_args_parse(&COMMAND, argc, argv, values);
}

START_TEST(every_form_of_an_option_is_understood) {
    static const char *const LINES[] = {"--count 5 --seed 0xff x", "--count=5 --seed=255 x",
                                        "-n 5 -s 255 x",           "-n5 -s255 x",
                                        "x -n=5 --seed 255",       "-n 5 --seed 255 -- x"};
    prog_values v;
    ck_assert_int_eq(parse(LINES[_i], &v), PROG_OK);
    ck_assert_int_eq(v.of[COUNT].number, 5);
    ck_assert_uint_eq(v.of[SEED].wide, 255);
    ck_assert_int_eq(v.operands, 1);
    ck_assert_str_eq(v.operand[0], "x");
}
END_TEST

START_TEST(defaults_stand_where_nothing_is_given) {
    prog_values v;
    ck_assert_int_eq(parse("", &v), PROG_OK);
    ck_assert_int_eq(v.of[COUNT].number, 1);
    ck_assert_int_eq(v.of[KIND].number, 1);
    ck_assert_int_eq(v.of[LOUD].number, 0);
    ck_assert_ptr_null(v.of[NAME].text);
    ck_assert_int_eq(v.of[KIND].given, 0);
    ck_assert_int_eq(parse("--kind cc --loud --name --seed", &v), PROG_OK); /* a value may look like an option */
    ck_assert_int_eq(v.of[KIND].number, 2);
    ck_assert_int_eq(v.of[LOUD].given, 1);
    ck_assert_str_eq(v.of[NAME].text, "--seed");
    ck_assert_int_eq(parse("--seed 18446744073709551615", &v), PROG_OK);
    ck_assert(v.of[SEED].wide == UINT64_MAX);
}
END_TEST

START_TEST(what_is_wrong_is_refused) {
    static const char *const LINES[] = {"--count 0",
                                        "--count 101",
                                        "--count 5x",
                                        "--count",
                                        "--count=",
                                        "--seed -1",
                                        "--seed 1e3",
                                        "--seed 0x",
                                        "--kind c",
                                        "--kind",
                                        "--loud=1",
                                        "--cuont 5",
                                        "--c 5",
                                        "-x",
                                        "a b",
                                        "--sizes 1,,2",
                                        "--sizes 1,",
                                        "--sizes 65",
                                        "--sizes x",
                                        "--seed 18446744073709551616",
                                        "--count 99999999999999999999"};
    prog_values v;
    ck_assert_msg(parse(LINES[_i], &v) == PROG_USAGE, "accepted: %s", LINES[_i]);
}
END_TEST

START_TEST(the_nearest_name_is_suggested) {
    static const char *const NAMES[] = {"steps", "seed", "draws", "raw-logprobs", NULL};
    ck_assert_int_eq(prog_nearest("setps", NAMES), 0);
    ck_assert_int_eq(prog_nearest("sede", NAMES), 1);
    ck_assert_int_eq(prog_nearest("draw", NAMES), 2);
    ck_assert_int_eq(prog_nearest("raw", NAMES), 3);
    ck_assert_int_eq(prog_nearest("zzzzz", NAMES), -1);
}
END_TEST

START_TEST(the_digest_is_fnv_1a_of_little_endian_ids) {
    /* FNV-1a's published value for "foobar" needs bytes; ids whose bytes spell "foob" and "ar\0\0" give this one */
    const int32_t ids[] = {0x626f6f66, 0x00007261};
    uint64_t h = PROG_DIGEST_START;
    const unsigned char bytes[] = "foobar\0";
    size_t i;
    for (i = 0; i < 6; i++) h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    ck_assert(h == UINT64_C(0x85944171f73967e8)); /* the published value */
    for (i = 6; i < 8; i++) h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    ck_assert(prog_digest_ids(PROG_DIGEST_START, ids, 2) == h);
    ck_assert(prog_digest_ids(prog_digest_ids(PROG_DIGEST_START, ids, 1), ids + 1, 1) == h);
    ck_assert(prog_digest_ids(PROG_DIGEST_START, ids, 0) == PROG_DIGEST_START);
}
END_TEST

static float half_value(uint32_t bits, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (int)(bits >> fraction_bits & ((1u << exponent_bits) - 1));
    const double fraction = bits & ((1u << fraction_bits) - 1);
    double x;
    if (exponent == (1 << exponent_bits) - 1)
        x = fraction != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        x = ldexp(fraction, 1 - bias - fraction_bits);
    else
        x = ldexp(fraction + ldexp(1, fraction_bits), exponent - bias - fraction_bits);
    return (float)(bits >> 15 & 1 ? -x : x);
}

/* Every value of the small type comes back as itself, and between each two neighbours the midpoint goes to the even
 * one, the floats beside it to the nearer. */
static void check_conversion(urn_dtype dtype, int exponent_bits, int fraction_bits) {
    const uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
    uint32_t b;
    for (b = 0; b < infinity; b++) {
        const float low = half_value(b, exponent_bits, fraction_bits);
        const float high = b + 1 == infinity ? (float)ldexp(1, 1 << (exponent_bits - 1))
                                             : half_value(b + 1, exponent_bits, fraction_bits);
        const float middle = (float)(((double)low + (double)high) / 2);
        float x[5];
        uint16_t out[5];
        int i;
        x[0] = low;
        x[1] = nextafterf(middle, low);
        x[2] = middle;
        x[3] = nextafterf(middle, INFINITY);
        x[4] = -x[3];
        prog_convert(x, 5, dtype, out);
        ck_assert_msg(out[0] == b, "%a gives %04x", x[0], out[0]);
        if (isinf(middle)) continue;
        ck_assert_msg(out[1] == b, "%a gives %04x, not %04x", x[1], out[1], b);
        ck_assert_msg(out[2] == b + (b & 1), "%a gives %04x, not %04x", x[2], out[2], b + (b & 1));
        for (i = 3; i < 5; i++)
            ck_assert_msg(out[i] == (b + 1) + (i == 4 ? 0x8000u : 0), "%a gives %04x, not %04x", x[i], out[i], b + 1);
    }
}

START_TEST(f16_rounds_to_nearest_even) { check_conversion(URN_F16, 5, 10); }
END_TEST

START_TEST(bf16_rounds_to_nearest_even) { check_conversion(URN_BF16, 8, 7); }
END_TEST

START_TEST(infinities_and_nan_are_kept) {
    const float x[] = {INFINITY, -INFINITY, NAN, 1e30f};
    uint16_t half[4], brain[4];
    prog_convert(x, 4, URN_F16, half);
    prog_convert(x, 4, URN_BF16, brain);
    ck_assert_uint_eq(half[0], 0x7c00);
    ck_assert_uint_eq(half[1], 0xfc00);
    ck_assert_uint_gt(half[2] & 0x7fff, 0x7c00);
    ck_assert_uint_eq(half[3], 0x7c00);
    ck_assert_uint_eq(brain[0], 0x7f80);
    ck_assert_uint_eq(brain[1], 0xff80);
    ck_assert_uint_gt(brain[2] & 0x7fff, 0x7f80);
}
END_TEST

Suite *unit_prog_args_suite(void) {
    Suite *suite = suite_create("unit_prog_args");
    TCase *c = tcase_create("program");
    tcase_add_loop_test(c, every_form_of_an_option_is_understood, 0, 6);
    tcase_add_test(c, defaults_stand_where_nothing_is_given);
    tcase_add_loop_test(c, what_is_wrong_is_refused, 0, 21);
    tcase_add_test(c, the_nearest_name_is_suggested);
    tcase_add_test(c, the_digest_is_fnv_1a_of_little_endian_ids);
    tcase_add_test(c, f16_rounds_to_nearest_even);
    tcase_add_test(c, bf16_rounds_to_nearest_even);
    tcase_add_test(c, infinities_and_nan_are_kept);
    suite_add_tcase(suite, c);
    return suite;
}
