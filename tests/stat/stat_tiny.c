/* stat_tiny.c - does urn_tiny choose by the softmax of its logits? Chi-square over equal rows, wrong scales rejected.
 */
#include <math.h>

#include "tests/stat/stat.h"

enum { WIDTH = 6 };

static const float logits[WIDTH] = {0.3f, -1.2f, 2.0f, -INFINITY, 1.9f, -4.0f};

/* Choices of `rows` equal rows; 0 where the backend does not have the call. */
static int choose(urn_backend_kind kind, int64_t rows, float scale, int32_t *ids) {
    ut_bed *bed = ut_open(kind);
    float *x = (float *)ut_malloc((size_t)rows * sizeof logits);
    uint8_t *choice = (uint8_t *)ut_malloc((size_t)rows);
    for (int64_t r = 0; r < rows; r++) memcpy(x + r * WIDTH, logits, sizeof logits);
    urn_tiny_params p = URN_TINY_PARAMS_INIT;
    p.logits = ut_upload(bed, x, (size_t)rows * sizeof logits);
    p.rows = rows, p.width = WIDTH, p.scale = scale, p.seed = 2026, p.choice = (uint8_t *)ut_output(bed, (size_t)rows);
    urn_status status = urn_tiny(bed->stream, &p);
    if (status != URN_E_BACKEND) {
        UT_OK(status);
        ut_download(bed, p.choice, choice, (size_t)rows);
        for (int64_t r = 0; r < rows; r++) ids[r] = choice[r];
    }
    free(x);
    free(choice);
    ut_close(bed);
    return status == URN_OK;
}

/* design    2^18 rows (2^15 quick); Pearson's chi-square over 5 ids, false alarms 1e-6; must see a scale that is 4 %
 *           too large with power 0.999, and sees it: the same test rejects those choices */
START_TEST(choices_follow_the_softmax) {
    int64_t rows = ut_quick() ? 1 << 17 : 1 << 18;
    long double right[WIDTH], wrong[WIDTH], z = 0, y = 0;
    for (int i = 0; i < WIDTH; i++) z += right[i] = expl((long double)logits[i]), y += wrong[i] = powl(right[i], 1.04L);
    for (int i = 0; i < WIDTH; i++) right[i] /= z, wrong[i] /= y;
    stat_cells *cells = stat_cells_make(right, WIDTH, rows);
    UT_ASSERT(ut_quick() || stat_power(cells, wrong) > 0.999, "power %.4g", stat_power(cells, wrong));
    int32_t *ids = (int32_t *)ut_malloc(4 * (size_t)rows);
    FOR_EACH_BACKEND(kind) {
        ut_note("backend %s", urn_backend_name(kind));
        if (!choose(kind, rows, 1.0f, ids)) continue;
        double p = stat_p(cells, ids);
        UT_ASSERT(p > STAT_ALPHA, "p-value %.3g", p);
        choose(kind, rows, 1.06f, ids);
        p = stat_p(cells, ids);
        UT_ASSERT(p < STAT_ALPHA, "a scale of 1.06 passes with p-value %.3g", p);
    }
    stat_cells_free(cells);
    free(ids);
}
END_TEST

Suite *stat_tiny_suite(void);
Suite *stat_tiny_suite(void) {
    Suite *suite = suite_create("stat_tiny");
    TCase *tcase = tcase_create("law");
    tcase_add_test(tcase, choices_follow_the_softmax);
    suite_add_tcase(suite, tcase);
    return suite;
}
