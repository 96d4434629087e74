/* abuse_resample_rows.c - rows of weights that cannot be drawn from: each status, and neighbours as if alone. */
#include <math.h>

#include "tests/urn_test.h"

enum { ROWS = 12, ITEMS = 6, OUTPUTS = 7 };

typedef struct {
    int32_t ancestors[ROWS][OUTPUTS], offspring[ROWS][ITEMS], produced[ROWS], resampled[ROWS], status[ROWS];
    urn_weight_stats stats[ROWS];
    float lw_out[ROWS][OUTPUTS];
} answers;

static answers run(ut_bed *bed, urn_resample_params p, int with_lw) {
    answers a;
    urn_weight_stats *stats = p.stats = ut_output(bed, sizeof a.stats);
    int32_t *ancestors = p.ancestors = ut_output(bed, sizeof a.ancestors);
    int32_t *offspring = p.offspring = ut_output(bed, sizeof a.offspring);
    int32_t *produced = p.produced = ut_output(bed, sizeof a.produced);
    int32_t *resampled = p.resampled = ut_output(bed, sizeof a.resampled);
    int32_t *status = p.status = ut_output(bed, sizeof a.status);
    void *lw = p.lw_out = with_lw ? ut_output(bed, sizeof a.lw_out) : NULL;
    size_t bytes = urn_resample_workspace((urn_resample_scheme)p.scheme, p.weights.rows, p.weights.items, p.outputs);
    UT_OK(urn_stream_reserve(bed->stream, bytes));
    UT_OK(urn_resample(bed->stream, &p));
    memset(&a, 0xca, sizeof a);
    size_t rows = (size_t)p.weights.rows;
    ut_download(bed, stats, a.stats, rows * sizeof *a.stats);
    ut_download(bed, ancestors, a.ancestors, rows * sizeof *a.ancestors);
    ut_download(bed, offspring, a.offspring, rows * sizeof *a.offspring);
    ut_download(bed, produced, a.produced, rows * 4);
    ut_download(bed, resampled, a.resampled, rows * 4);
    ut_download(bed, status, a.status, rows * 4);
    if (with_lw) ut_download(bed, lw, a.lw_out, rows * sizeof *a.lw_out);
    return a;
}

static urn_resample_params params_of(ut_bed *bed, const float *w, urn_weight_type type, int64_t rows) {
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    p.weights = urn_weights_dense(ut_upload(bed, w, (size_t)rows * ITEMS * 4), type, rows, ITEMS);
    p.outputs = OUTPUTS;
    p.seed_value = 5;
    return p;
}

static int has_resample(ut_bed *bed) {
    static float one[ITEMS] = {1, 1, 1, 1, 1, 1};
    urn_resample_params p = params_of(bed, one, URN_WEIGHT_F32, 1);
    p.status = ut_output(bed, 4);
    UT_OK(urn_stream_reserve(bed->stream, 1 << 20));
    return urn_resample(bed->stream, &p) != URN_E_BACKEND;
}

static void check_bad_row(const answers *a, int r, int32_t status) {
    UT_ASSERT(a->status[r] == status && a->stats[r].status == status, "row %d: status %d, %d; wanted %d", r,
              a->status[r], a->stats[r].status, status);
    for (int m = 0; m < OUTPUTS; m++) UT_ASSERT(a->ancestors[r][m] == -1, "row %d: ancestor %d", r, a->ancestors[r][m]);
    for (int i = 0; i < ITEMS; i++) UT_ASSERT(a->offspring[r][i] == 0, "row %d: offspring %d", r, a->offspring[r][i]);
    UT_ASSERT(a->produced[r] == 0 && a->resampled[r] == 0, "row %d", r);
}

/* property  each bad row has its status and gives nothing; its neighbours have the bits that they have alone */
START_TEST(bad_rows_disturb_no_neighbour) {
    static const float I = INFINITY, N = NAN;
    const float logs[ROWS][ITEMS] = {
        {0, -1, -2, 3, 1, 0}, {0, 1, N, 0, 0, 0},      {0, I, 0, 0, 0, 0},          {-I, -I, -I, -I, -I, -I},
        {N, I, -I, 0, 0, 0},  {-I, -I, -I, 7, -I, -I}, {1e38f, -1e38f, 0, 0, 0, 0}, {-N, 0, 0, 0, 0, 0},
        {0, 0, 0, 0, 0, 0},   {I, I, I, I, I, I},      {-I, 0, -I, 0, -I, 0},       {5, 4, 3, 2, 1, 0},
    };
    const int32_t wanted[ROWS] = {
        0, URN_ROW_NAN, URN_ROW_INF, URN_ROW_EMPTY, URN_ROW_NAN | URN_ROW_INF, 0, 0, URN_ROW_NAN, 0, URN_ROW_INF, 0, 0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        for (int scheme = 0; has_resample(bed) && scheme <= URN_RESAMPLE_REJECTION; scheme++) {
            if (scheme == URN_RESAMPLE_KILLING) continue;
            ut_note("backend %s, scheme %d", urn_backend_name(kind), scheme);
            urn_resample_params p = params_of(bed, logs[0], URN_WEIGHT_LOG_F32, ROWS);
            p.scheme = scheme, p.iterations = 3, p.segment = 3;
            answers a = run(bed, p, 1);
            for (int r = 0; r < ROWS; r++) {
                if (wanted[r]) {
                    check_bad_row(&a, r, wanted[r]);
                    continue;
                }
                UT_ASSERT(a.status[r] == 0, "row %d: status %d", r, a.status[r]);
                urn_resample_params q = params_of(bed, logs[r], URN_WEIGHT_LOG_F32, 1);
                uint64_t label = (uint64_t)r;
                q.scheme = scheme, q.iterations = 3, q.segment = 3, q.label = ut_upload(bed, &label, 8);
                answers alone = run(bed, q, 1);
                UT_SAME_BITS(a.ancestors[r], alone.ancestors[0], OUTPUTS, "ancestors");
                UT_SAME_BITS(a.lw_out[r], alone.lw_out[0], OUTPUTS, "lw_out");
                for (int m = 0; m < a.produced[r] && m < OUTPUTS; m++) {
                    int32_t i = a.ancestors[r][m];
                    UT_ASSERT(i >= 0 && i < ITEMS, "row %d: ancestor %d", r, i);
                    UT_ASSERT(logs[r][i] > -I || scheme >= URN_RESAMPLE_METROPOLIS, "row %d: %d has weight 0", r, i);
                }
            }
            ut_clear(bed);
        }
        ut_close(bed);
    }
}
END_TEST

/* property  a negative weight is URN_ROW_PARAM beside what else is wrong; all zero is URN_ROW_EMPTY */
START_TEST(linear_rows_have_their_statuses) {
    const float w[5][ITEMS] = {{1, 2, 0, 0, 0, 3},
                               {1, -1, 0, 0, 0, 0},
                               {0, 0, -0.0f, 0, 0, 0},
                               {-1, NAN, INFINITY, 0, 0, 0},
                               {1e-45f, 0, 0, 0, 1e-45f, 0}};
    const int32_t wanted[5] = {0, URN_ROW_PARAM, URN_ROW_EMPTY, URN_ROW_PARAM | URN_ROW_NAN | URN_ROW_INF, 0};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        if (has_resample(bed)) {
            answers a = run(bed, params_of(bed, w[0], URN_WEIGHT_F32, 5), 0);
            for (int r = 0; r < 5; r++) {
                if (wanted[r])
                    check_bad_row(&a, r, wanted[r]);
                else
                    UT_ASSERT(a.status[r] == 0 && a.produced[r] == OUTPUTS, "row %d: status %d", r, a.status[r]);
            }
            UT_ASSERT(a.offspring[4][0] + a.offspring[4][4] == OUTPUTS, "subnormal weights count");
            UT_ASSERT(a.stats[2].ess == 0 && a.stats[2].log_mean == -INFINITY && isnan(a.stats[1].ess), "stats");
        }
        ut_close(bed);
    }
}
END_TEST

/* property  parameters in device memory: M, threshold, pins, offsets give their row a status */
START_TEST(bad_parameters_stay_in_their_row) {
    const float logs[6][ITEMS] = {{0}};
    FOR_EACH_BACKEND(kind) {
        ut_bed *bed = ut_open(kind);
        ut_note("backend %s", urn_backend_name(kind));
        if (!has_resample(bed)) {
            ut_close(bed);
            continue;
        }
        const int32_t M[6] = {OUTPUTS, -1, OUTPUTS + 1, 0, 3, 6};
        const float threshold[6] = {1, 1, 1, 1, NAN, 0};
        urn_resample_params p = params_of(bed, logs[0], URN_WEIGHT_LOG_F32, 6);
        p.outputs_row = ut_upload(bed, M, sizeof M);
        p.threshold = ut_upload(bed, threshold, sizeof threshold);
        answers a = run(bed, p, 1);
        const int32_t wanted[6] = {0, URN_ROW_PARAM, URN_ROW_PARAM, 0, URN_ROW_PARAM, 0};
        for (int r = 0; r < 6; r++)
            if (wanted[r]) check_bad_row(&a, r, wanted[r]);
        UT_ASSERT(a.status[3] == 0 && a.produced[3] == 0 && a.ancestors[3][0] == -1, "M = 0");
        UT_ASSERT(a.status[5] == 0 && a.resampled[5] == 0 && a.produced[5] == 6, "the trigger held row 5 back");
        for (int m = 0; m < 6; m++) UT_ASSERT(a.ancestors[5][m] == m && a.lw_out[5][m] == 0.0f, "the identity");

        const int32_t slot[6] = {-1, 0, OUTPUTS, 2, 6, -2}, pin[6] = {99, 5, 0, ITEMS, 0, 0};
        const float pinned_logs[6][ITEMS] = {{0}, {0}, {0}, {0}, {-INFINITY, 0, 0, 0, 0, 0}, {0}};
        const int32_t pinned[6] = {0, 0, URN_ROW_PARAM, URN_ROW_PARAM, URN_ROW_PARAM, URN_ROW_PARAM};
        urn_resample_params q = params_of(bed, pinned_logs[0], URN_WEIGHT_LOG_F32, 6);
        q.pin_slot = ut_upload(bed, slot, sizeof slot), q.pin_ancestor = ut_upload(bed, pin, sizeof pin);
        a = run(bed, q, 1);
        for (int r = 0; r < 6; r++)
            if (pinned[r]) check_bad_row(&a, r, pinned[r]);
        UT_ASSERT(a.status[0] == 0 && a.status[1] == 0 && a.ancestors[1][0] == 5, "pinned");

        q = params_of(bed, logs[0], URN_WEIGHT_LOG_F32, 6);
        q.scheme = URN_RESAMPLE_KILLING;
        a = run(bed, q, 1);
        check_bad_row(&a, 0, URN_ROW_PARAM); /* M is not n */
        q.scheme = URN_RESAMPLE_METROPOLIS_C1, q.segment = 4;
        a = run(bed, q, 1);
        check_bad_row(&a, 0, URN_ROW_PARAM); /* 6 is no multiple of 4 */
        q.scheme = URN_RESAMPLE_SYSTEMATIC, q.cap = 1;
        a = run(bed, q, 0);
        check_bad_row(&a, 0, URN_ROW_PARAM); /* 7 outputs of 6 items, each once at most */

        const int64_t offsets[6] = {0, 3, 3, 2, 6, 60};
        const int32_t ragged[5] = {0, URN_ROW_EMPTY, URN_ROW_INDEX, 0, URN_ROW_INDEX};
        q = params_of(bed, logs[0], URN_WEIGHT_LOG_F32, 5);
        q.weights = urn_weights_ragged(q.weights.data, URN_WEIGHT_LOG_F32, ut_upload(bed, offsets, sizeof offsets), 5,
                                       ITEMS, 30);
        a = run(bed, q, 1);
        for (int r = 0; r < 5; r++) UT_ASSERT(a.status[r] == ragged[r], "ragged row %d: status %d", r, a.status[r]);
        ut_close(bed);
    }
}
END_TEST

Suite *abuse_resample_rows_suite(void) {
    Suite *suite = suite_create("abuse_resample_rows");
    TCase *tc = tcase_create("rows");
    tcase_add_test(tc, bad_rows_disturb_no_neighbour);
    tcase_add_test(tc, linear_rows_have_their_statuses);
    tcase_add_test(tc, bad_parameters_stay_in_their_row);
    suite_add_tcase(suite, tc);
    return suite;
}
