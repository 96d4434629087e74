/* kat_numbers.c - known answers of the single rules of bits.h, held against host/cpu. */
#include "host/cpu/cpu_keys.h"
#include "host/cpu/cpu_log2.h"
#include "host/cpu/cpu_philox.h"
#include "host/cpu/cpu_row.h"
#include "host/cpu/cpu_weights.h"
#include "tests/kat/kat_read.h"
#include "tests/urn_test.h"

static void expect(const kat_file *file, const kat_case *c, const char *key, uint64_t found) {
    uint64_t wanted = kat_value(c, key);
    UT_ASSERT(found == wanted, "%s:%d (%s): %s is 0x%llx, not 0x%llx", file->name, c->line, c->path, key,
              (unsigned long long)found, (unsigned long long)wanted);
}

static uint64_t f64_bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static float f32(const kat_case *c, const char *key) { return urnc_f32_of_bits((uint32_t)kat_value(c, key)); }

static void check_philox(const kat_file *file, const kat_case *c) {
    if (!strcmp(c->name, "row_key")) {
        expect(file, c, "key", urnc_row_key(kat_value(c, "seed"), kat_value(c, "label")));
        return;
    }
    uint64_t counter[4], words[4];
    UT_ASSERT(kat_list(c, "counter", counter, 4) == 4 && kat_list(c, "words", words, 4) == 4, "line %d", c->line);
    uint32_t counter32[4];
    for (int w = 0; w < 4; w++) counter32[w] = (uint32_t)counter[w];
    urnc_block block = urnc_philox(kat_value(c, "key"), counter32);
    for (int w = 0; w < 4; w++)
        UT_ASSERT(block.word[w] == words[w], "%s:%d (%s): word %d is 0x%08x, not 0x%08x", file->name, c->line, c->path,
                  w, block.word[w], (unsigned)words[w]);
}

static void check_convert(const kat_file *file, const kat_case *c) {
    uint32_t bits = (uint32_t)kat_value(c, "bits");
    float x = !strcmp(c->name, "f16")    ? urnc_f32_of_f16((uint16_t)bits)
              : !strcmp(c->name, "bf16") ? urnc_f32_of_bf16((uint16_t)bits)
                                         : urnc_f32_of_bits(bits);
    x = x + 0.0f;
    expect(file, c, "f32", urnc_bits_of_f32(x));
    expect(file, c, "key", urnc_key(x));
    expect(file, c, "key", (uint32_t)urnc_order(x) ^ 0x80000000u);
    UT_ASSERT(urnc_f32_of_order(urnc_order(x)) == x, "%s:%d: order does not lead back", file->name, c->line);
}

static void check_weights(const kat_file *file, const kat_case *c) {
    float x = f32(c, "x"), M = f32(c, "M"), scale = URN_LOG2E / f32(c, "T");
    expect(file, c, "c", urnc_bits_of_f32(scale));
    expect(file, c, "w", urnc_weight(x, M, scale));
    expect(file, c, "e", urnc_weight_entropy(x, M, scale));
}

static void check_log2(const kat_file *file, const kat_case *c) {
    expect(file, c, "f64", f64_bits(urnc_log2(kat_value(c, "Z"))));
}

static void check_need(const kat_file *file, const kat_case *c) {
    expect(file, c, "ceil", urnc_ceil_product(f32(c, "p"), kat_value(c, "Z")));
}

/* Every case of a file; a file with fewer cases than it had is a failure too. */
static void check_file(const char *name, int least, void (*check)(const kat_file *, const kat_case *)) {
    kat_file file;
    kat_case c;
    int cases = 0, state;
    UT_ASSERT(kat_open(&file, name), "cannot read %s", name);
    for (; (state = kat_next(&file, &c)) > 0; cases++) check(&file, &c);
    UT_ASSERT(state == 0, "%s:%d is no case", name, c.line);
    UT_ASSERT(cases >= least, "%s has %d cases, not %d", name, cases, least);
    kat_close(&file);
}

START_TEST(philox_blocks_and_row_keys) { check_file("philox.txt", 47, check_philox); }
END_TEST

START_TEST(conversions_and_keys) { check_file("convert.txt", 37, check_convert); }
END_TEST

START_TEST(weights_at_chosen_values) { check_file("weights.txt", 180, check_weights); }
END_TEST

START_TEST(log2_of_integers) { check_file("log2.txt", 74, check_log2); }
END_TEST

START_TEST(needs_and_thresholds) { check_file("need.txt", 90, check_need); }
END_TEST

Suite *kat_numbers_suite(void);
Suite *kat_numbers_suite(void) {
    Suite *suite = suite_create("kat_numbers");
    TCase *cpu = tcase_create("cpu");
    tcase_set_tags(cpu, "cpu kat");
    tcase_add_test(cpu, philox_blocks_and_row_keys);
    tcase_add_test(cpu, conversions_and_keys);
    tcase_add_test(cpu, weights_at_chosen_values);
    tcase_add_test(cpu, log2_of_integers);
    tcase_add_test(cpu, needs_and_thresholds);
    suite_add_tcase(suite, cpu);
    return suite;
}
