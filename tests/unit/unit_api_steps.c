/* unit_api_steps.c - constructors of steps. */
#include "tests/urn_test.h"

/* property  every constructor puts its arguments where the contract says and leaves the rest zero */
START_TEST(constructors_fill_what_they_are_given) {
    const float f[1] = {0};
    const int32_t map[1] = {0};
    const uint32_t words[1] = {0};
    const int64_t offsets[2] = {0}, sets[2] = {0};
    const urn_id_lists lists = {map + 1, f + 1, offsets, map, 11, 12};
    const urn_param a = urn_f(0.25f), b = urn_f_by(URN_BY_SLOT, f), c = urn_i(-7), d = urn_i_by(URN_BY_ROW, map);
    enum { NO, TABLE, LISTS, SETS };
    const struct {
        urn_step step;
        int32_t op, params, memory;
    } made[] = {
        {urn_temperature(a), 1, 1, NO},
        {urn_mask(words, 5, 7, map), 2, 0, TABLE},
        {urn_allow(lists), 3, 0, LISTS},
        {urn_min_tokens(a, lists), 4, 1, LISTS},
        {urn_ban(lists, sets, 9), 5, 0, SETS},
        {urn_no_repeat(a), 6, 1, NO},
        {urn_dynamic_temperature(a, b, c), 7, 3, NO},
        {urn_bias(lists), 8, 0, LISTS},
        {urn_dense_bias((const float *)words, 5, 7, map), 9, 0, TABLE},
        {urn_penalties(a, b, c, d), 10, 4, NO},
        {urn_dry(a, b, c, d, lists), 11, 4, LISTS},
        {urn_id_temperature((const float *)words, 5, 7, map), 12, 0, TABLE},
        {urn_values(a, lists), 13, 1, LISTS},
        {urn_mix(a, words, 5, 7, map), 14, 1, TABLE},
        {urn_quadratic(a, b), 15, 2, NO},
        {urn_top_k(a), 16, 1, NO},
        {urn_top_p(a), 17, 1, NO},
        {urn_min_p(a), 18, 1, NO},
        {urn_top_a(a), 19, 1, NO},
        {urn_epsilon(a), 20, 1, NO},
        {urn_eta(a), 21, 1, NO},
        {urn_typical(a), 22, 1, NO},
        {urn_tail_free(a), 23, 1, NO},
        {urn_top_n_sigma(a), 24, 1, NO},
        {urn_xtc(a, b), 25, 2, NO},
        {urn_mirostat(a), 26, 1, NO},
        {urn_mirostat_v1(a), 27, 1, NO},
        {urn_quadratic_score(a, b, c), 32, 3, NO},
        {urn_sparsemax(), 40, 0, NO},
        {urn_inverse_gap(a, b), 41, 2, NO},
        {urn_tsallis(a), 42, 1, NO},
        {urn_mixture(a, words, 5, 7, map), 43, 1, TABLE},
    };
    const urn_param wanted[4] = {a, b, c, d}, none = {0};
    for (size_t s = 0; s < sizeof made / sizeof *made; s++) {
        const urn_step *step = &made[s].step;
        const int memory = made[s].memory;
        ut_note("op %d", made[s].op);
        UT_ASSERT(step->op == made[s].op && step->flags == 0, "op %d, flags %u", step->op, step->flags);
        for (int i = 0; i < 4; i++)
            UT_ASSERT(memcmp(&step->param[i], i < made[s].params ? &wanted[i] : &none, sizeof none) == 0, "param %d",
                      i);
        UT_ASSERT(step->table == (memory == NO ? NULL : memory == TABLE ? (const void *)words : map + 1), "table");
        UT_ASSERT(step->map == (memory == NO ? NULL : map), "map");
        UT_ASSERT(step->table_rows == (memory == NO ? 0 : memory == TABLE ? 5 : 11), "table_rows");
        UT_ASSERT(step->table_stride == (memory == NO ? 0 : memory == TABLE ? 7 : 12), "table_stride");
        UT_ASSERT(step->offsets == (memory >= LISTS ? offsets : NULL), "offsets");
        UT_ASSERT(step->values == (memory >= LISTS ? f + 1 : NULL), "values");
        UT_ASSERT(step->sets == (memory == SETS ? sets : NULL) && step->sets_rows == (memory == SETS ? 9 : 0), "sets");
    }
    UT_ASSERT(a.by == URN_SCALAR && a.f == 0.25f && c.by == URN_SCALAR && c.i == -7, "scalars");
    UT_ASSERT(b.by == URN_BY_SLOT && b.array == f && d.by == URN_BY_ROW && d.array == map, "arrays");
}
END_TEST

Suite *unit_api_steps_suite(void) {
    Suite *suite = suite_create("unit_api_steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_test(tcase, constructors_fill_what_they_are_given);
    suite_add_tcase(suite, tcase);
    return suite;
}
