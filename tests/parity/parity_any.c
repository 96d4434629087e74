/* parity_any.c - random calls over all steps give the same bytes on the plain-C witness and on the kernels, in every
 * launch shape. */
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

static const hint hints[] = {
    {"chosen", 0, 0, 0, 0, 2000},        {"warp", 1, 64, 0, 0, 1024},
    {"block of 64", 2, 64, 0, 0, 2000},  {"block of 256", 2, 256, 0, 0, 9000},
    {"cluster of 2", 3, 64, 2, 0, 2000}, {"cluster of 4", 3, 32, 4, 0, 9000},
    {"crew of 2", 4, 64, 2, 0, 9000},    {"crew of 4", 4, 32, 4, 0, 9000},
    {"streamed", 2, 64, 0, 1, 9000},     {"streamed crew of 4", 4, 32, 4, 1, 9000},
};
enum { HINTS = sizeof hints / sizeof *hints };

/* property  random calls agree in every launch shape
 * shapes    rows of up to 2000, some to 9000 where the shape takes them; lane order forward, backward, shuffled */
START_TEST(any_call_agrees) {
    const hint *h = hints + _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, _i % 3, 2);
    any_limits limits = {5, h->cols < 2000 ? h->cols : 2000, 0, 0, 0}, longer = {2, h->cols, 0, 0, 1};
    for (int n = 0; n < ut_loops(120); n++) hold(cpu, simt, (uint64_t)(40000 + 1000 * _i + n), &limits, h->name);
    for (int n = 0; n < ut_loops(12); n++) hold(cpu, simt, (uint64_t)(50000 + 1000 * _i + n), &longer, h->name);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  each step, after a temperature or not, agrees in every launch shape  */
START_TEST(any_step_alone_agrees) {
    const hint *h = hints + _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, (_i + 1) % 3, 2);
    for (int o = 0; o < any_op_count; o++) {
        any_limits limits = {3, 700, UINT64_C(1) << any_ops[o] | UINT64_C(1) << URN_OP_TEMPERATURE, 0, 1};
        int loops = ut_quick() ? 1 : 3;
        for (int n = 0; n < loops; n++) hold(cpu, simt, (uint64_t)(60000 + 100 * o + 10 * _i + n), &limits, h->name);
    }
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  no two accesses to shared memory race: between them stands a barrier, whatever the steps  */
START_TEST(no_race_whatever_the_steps) {
    simt_options options = simt_get_options();
    const hint *h = hints + _i;
    options.races = 1;
    simt_set_options(&options);
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, 0, 2);
    any_limits limits = {3, h->cols < 1500 ? h->cols : 1500, 0, 0, 1};
    for (int n = 0; n < ut_loops(24); n++) hold(cpu, simt, (uint64_t)(70000 + 1000 * _i + n), &limits, h->name);
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

Suite *parity_any_suite(void);
Suite *parity_any_suite(void) {
    Suite *suite = suite_create("parity_any");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_call_agrees, 0, HINTS);
    tcase_add_loop_test(tcase, any_step_alone_agrees, 0, HINTS);
    tcase_add_loop_test(tcase, no_race_whatever_the_steps, 0, HINTS);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_any_suite(void);
Suite *parity_any_suite(void) { return suite_create("parity_any (no simt backend)"); }

#endif
