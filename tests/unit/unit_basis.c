/* unit_basis.c - basis-aware truncation: the linear program against answers worked out by hand, and draws from what it
 * keeps. */
#include "tests/urn_test.h"
#include "urn/basis.h"

#include <math.h>

static const float p6[6] = {.40f, .25f, .15f, .10f, .06f, .04f};
static const float w6[12] = {1, 0, 0, 1, 1, 1, -1, 0, 0, -1, .5f, -.5f};
/* the least 1 / (1 - epsilon) at which each id can be ruled out */
static const double least[6] = {3.28571429, 2.42857143, 1.35, 1.60606061, 1.21428571, 1.09677419};

#if URN_WITH_CLP

/* property  an id is kept exactly while the bound stays below the factor at which some law misses it: by hand, with two
 *           dimensions, the kept set is not a prefix of the order (id 3 of .10 stays, id 2 of .15 goes) */
START_TEST(kept_ids_are_those_that_no_law_misses) {
    urn_basis *basis;
    UT_OK(urn_basis_create(w6, 6, 2, 0, &basis));
    for (int i = 0; i < 6; i++) {
        for (double side = .999; side < 1.01; side += .002) {
            double sigma = least[i] * side;
            UT_OK(urn_basis_law(basis, p6, (float)(1 - 1 / sigma)));
            UT_ASSERT(urn_basis_keeps(basis, i) == (side < 1), "id %d at %g times its factor", i, side);
        }
    }
    UT_OK(urn_basis_law(basis, p6, (float)(1 - 1 / 1.5)));
    static const int kept[6] = {1, 1, 0, 1, 0, 0};
    for (int i = 0; i < 6; i++) ck_assert_int_eq(urn_basis_keeps(basis, i), kept[i]);
    urn_basis_destroy(basis);
}
END_TEST

/* property  with no dimensions it is the epsilon rule; with as many as ids, independent ones, all ids are kept */
START_TEST(no_basis_is_epsilon_and_a_full_one_keeps_all) {
    float unit[36] = {0};
    urn_basis *none, *full;
    for (int i = 0; i < 6; i++) unit[7 * i] = 1;
    UT_OK(urn_basis_create(NULL, 6, 0, 0, &none));
    UT_OK(urn_basis_create(unit, 6, 6, 0, &full));
    for (int e = 0; e < 20; e++) {
        float epsilon = (float)(e + .5) / 21;
        UT_OK(urn_basis_law(none, p6, epsilon));
        UT_OK(urn_basis_law(full, p6, epsilon));
        for (int i = 0; i < 6; i++) {
            ck_assert_int_eq(urn_basis_keeps(none, i), p6[i] >= epsilon);
            ck_assert_int_eq(urn_basis_keeps(full, i), 1);
        }
    }
    urn_basis_destroy(none);
    urn_basis_destroy(full);
}
END_TEST

/* property  draws have the law of p on the kept ids: {0, 1, 3} at 1.5, in .40 : .25 : .10
 * power     20,000 rows; a share off by 0.02 is 6 standard deviations of 0.0035; alarm at 5 (6e-7)
 * broken    the first id in the order taken instead of the first kept one: ids 2, 4, 5 appear */
START_TEST(draws_have_the_law_of_the_kept_ids) {
    enum { ROWS = 20000 };
    static const double law[6] = {.40 / .75, .25 / .75, 0, .10 / .75, 0, 0};
    FOR_EACH_BACKEND(kind) {
        int32_t rows = kind == URN_BACKEND_SIMT ? 40 : ROWS, count[6] = {0};
        int32_t *ids = (int32_t *)ut_malloc(4 * ROWS), *status = (int32_t *)ut_malloc(4 * ROWS);
        float x[6];
        ut_bed *bed = ut_open(kind);
        urn_basis *basis;
        for (int i = 0; i < 6; i++) x[i] = logf(p6[i]);
        UT_OK(urn_basis_create(w6, 6, 2, 0, &basis));
        urn_basis_params p = URN_BASIS_PARAMS_INIT;
        p.epsilon = (float)(1 - 1 / 1.5);
        p.logits = urn_matrix_dense(ut_upload(bed, x, sizeof x), URN_F32, rows, 6, 6);
        p.logits.row_stride = 0;
        p.seed_value = 5;
        p.ids = ids;
        p.status = status;
        UT_OK(urn_basis_sample_host(bed->stream, basis, &p));
        for (int r = 0; r < rows; r++) {
            ck_assert_int_eq(status[r], URN_ROW_OK);
            ck_assert_int_ge(ids[r], 0);
            count[ids[r]]++;
        }
        for (int i = 0; i < 6; i++) {
            UT_ASSERT(law[i] > 0 || count[i] == 0, "id %d is not kept and came %d times", i, count[i]);
            double deviation = sqrt(rows * law[i] * (1 - law[i]));
            UT_ASSERT(fabs(count[i] - rows * law[i]) <= 5 * deviation, "id %d came %d times of %d", i, count[i], rows);
        }
        urn_basis_destroy(basis);
        ut_close(bed);
        free(ids);
        free(status);
    }
}
END_TEST

/* property  a law that keeps nothing gives -1 and says so, and its neighbours draw */
START_TEST(nothing_kept_is_said) {
    static const float flat[2][4] = {{0, 0, 0, 0}, {9, 0, 0, 0}};
    int32_t ids[2], status[2], tried[2];
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    urn_basis *basis;
    UT_OK(urn_basis_create(NULL, 4, 0, 0, &basis));
    urn_basis_params p = URN_BASIS_PARAMS_INIT;
    p.epsilon = .5f;
    p.logits = urn_matrix_dense(ut_upload(bed, flat, sizeof flat), URN_F32, 2, 4, 0);
    p.ids = ids;
    p.status = status;
    p.tried = tried;
    UT_OK(urn_basis_sample_host(bed->stream, basis, &p));
    ck_assert_int_eq(ids[0], -1);
    ck_assert_int_eq(status[0], URN_ROW_EMPTY);
    ck_assert_int_eq(tried[0], 4);
    ck_assert_int_eq(ids[1], 0);
    ck_assert_int_eq(tried[1], 1);
    urn_basis_destroy(basis);
    ut_close(bed);
}
END_TEST

#endif

/* property  bad arguments are refused with a text that names them; without a solver the call says that */
START_TEST(refusals_name_the_argument) {
    urn_basis *basis = (urn_basis *)(uintptr_t)1;
#if URN_WITH_CLP
    float bad[2] = {0, NAN};
    UT_IS(urn_basis_create(NULL, 6, 2, 0, &basis), URN_E_NULL);
    ck_assert_ptr_null(basis);
    ck_assert_ptr_nonnull(strstr(urn_last_error(), "embedding"));
    UT_IS(urn_basis_create(w6, 0, 2, 0, &basis), URN_E_SHAPE);
    UT_IS(urn_basis_create(w6, 6, -1, 0, &basis), URN_E_SHAPE);
    UT_IS(urn_basis_create(w6, 6, 2, 1, &basis), URN_E_SHAPE);
    UT_IS(urn_basis_create(bad, 1, 2, 0, &basis), URN_E_VALUE);
    UT_OK(urn_basis_create(w6, 6, 2, 0, &basis));
    ck_assert_int_eq(urn_basis_keeps(basis, 0), -1); /* no law yet */
    UT_IS(urn_basis_law(basis, p6, 1.0f), URN_E_VALUE);
    UT_IS(urn_basis_law(basis, bad, .5f), URN_E_VALUE);
    UT_OK(urn_basis_law(basis, p6, .3f));
    ck_assert_int_eq(urn_basis_keeps(basis, 6), -1);
    ut_bed *bed = ut_open(URN_BACKEND_CPU);
    int32_t ids[2];
    urn_basis_params p = URN_BASIS_PARAMS_INIT;
    p.ids = ids;
    p.logits = urn_matrix_dense(ut_upload(bed, p6, sizeof p6), URN_F32, 1, 5, 0);
    UT_IS(urn_basis_sample_host(bed->stream, basis, &p), URN_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(urn_last_error(), "logits.cols"));
    p.epsilon = -1;
    UT_IS(urn_basis_sample_host(bed->stream, basis, &p), URN_E_VALUE);
    p.struct_size = 4;
    UT_IS(urn_basis_sample_host(bed->stream, basis, &p), URN_E_STRUCT);
    UT_IS(urn_basis_sample_host(NULL, basis, &p), URN_E_NULL);
    ut_close(bed);
    urn_basis_destroy(basis);
#else
    (void)p6, (void)w6, (void)least;
    UT_IS(urn_basis_create(w6, 6, 2, 0, &basis), URN_E_BACKEND);
    ck_assert_ptr_null(basis);
#endif
    urn_basis_destroy(NULL);
}
END_TEST

Suite *unit_basis_suite(void);
Suite *unit_basis_suite(void) {
    Suite *suite = suite_create("unit_basis");
    TCase *tcase = tcase_create("basis");
    tcase_add_test(tcase, refusals_name_the_argument);
#if URN_WITH_CLP
    tcase_add_test(tcase, kept_ids_are_those_that_no_law_misses);
    tcase_add_test(tcase, no_basis_is_epsilon_and_a_full_one_keeps_all);
    tcase_add_test(tcase, draws_have_the_law_of_the_kept_ids);
    tcase_add_test(tcase, nothing_kept_is_said);
#else
    printf("skip: unit_basis: built without Clp\n");
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
