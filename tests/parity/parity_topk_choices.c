/* parity_topk_choices.c - beams, given inclusion probabilities, uniform choices: the same bytes from plain C and from
 * the kernels. */
#include <math.h>

#include "tests/parity/kept.h"
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

static void run_beams(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_beam_select_params p = URN_BEAM_SELECT_PARAMS_INIT;
    p.groups = 1 + ut_below(rng, 4), p.beams = 1 + (int32_t)ut_below(rng, 40), p.k = 1 + (int32_t)ut_below(rng, 200);
    p.width = 1 + (int32_t)ut_below(rng, ut_below(rng, 2) ? URN_BEAM_WIDTH : 9);
    size_t n = (size_t)(p.groups * p.beams * p.k), out = (size_t)(p.groups * p.width);
    int32_t *ids = (int32_t *)ut_malloc(4 * n);
    int64_t *keys = (int64_t *)ut_malloc(8 * n);
    double *logprob = (double *)ut_malloc(8 * n);
    int ties = ut_below(rng, 2) == 0;
    for (size_t i = 0; i < n; i++) {
        ids[i] = (int32_t)ut_below(rng, 9) - 1, logprob[i] = -ut_uniform(rng);
        keys[i] = ties ? ut_below(rng, 9) : (int64_t)ut_u64(rng) / 5;
    }
    p.ids = (const int32_t *)ut_upload(bed, ids, 4 * n), p.beam_keys = (const int64_t *)ut_upload(bed, keys, 8 * n);
    p.beam_logprob = (const double *)ut_upload(bed, logprob, 8 * n);
    free(ids), free(keys), free(logprob);
    p.parent = (int32_t *)ut_output(bed, 4 * out), p.next_ids = (int32_t *)ut_output(bed, 4 * out);
    p.key = (int64_t *)ut_output(bed, 8 * out), p.logprob = (double *)ut_output(bed, 8 * out);
    p.found = (int32_t *)ut_output(bed, 4 * (size_t)p.groups);
    UT_OK(urn_beam_select(bed->stream, &p));
    keep(o, bed, p.found, 4 * (size_t)p.groups), keep(o, bed, p.parent, 4 * out), keep(o, bed, p.next_ids, 4 * out);
    keep(o, bed, p.key, 8 * out), keep(o, bed, p.logprob, 8 * out);
}

static void run_permute(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_permute_params p = URN_PERMUTE_PARAMS_INIT;
    enum { MOST = 700 };
    int64_t index[MOST];
    p.n = ut_below(rng, 3) ? 1 + ut_below(rng, INT64_C(1) << ut_below(rng, 41)) : 1 + ut_below(rng, 9);
    p.inverse = (int32_t)ut_below(rng, 2), p.count = ut_below(rng, (p.n < MOST ? p.n : MOST) + 1);
    p.first = ut_below(rng, p.n - p.count + 1);
    p.seed = ut_u64(rng), p.label = ut_u64(rng), p.position = (uint32_t)ut_u64(rng);
    for (int i = 0; i < MOST; i++) index[i] = ut_below(rng, p.n + 2) - 1;
    if (ut_below(rng, 2)) p.index = (const int64_t *)ut_upload(bed, index, 8 * (size_t)p.count);
    p.out = (int64_t *)ut_output(bed, 8 * (size_t)p.count + 8);
    UT_OK(urn_permute(bed->stream, &p));
    keep(o, bed, p.out, 8 * (size_t)p.count + 8);
}

static void run_bootstrap(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_bootstrap_params p = URN_BOOTSTRAP_PARAMS_INIT;
    p.rows = 1 + ut_below(rng, 5), p.n = 1 + ut_below(rng, 900), p.draws = 1 + ut_below(rng, 5000);
    uint64_t labels[5];
    for (int i = 0; i < 5; i++) labels[i] = ut_u64(rng);
    if (ut_below(rng, 2)) p.label = (const uint64_t *)ut_upload(bed, labels, 8 * (size_t)p.rows);
    p.seed_value = ut_u64(rng), p.position_value = (uint32_t)ut_u64(rng);
    size_t ids = 4 * (size_t)(p.rows * p.draws), counts = 4 * (size_t)(p.rows * p.n);
    p.ids = (int32_t *)ut_output(bed, ids);
    if (ut_below(rng, 3)) p.counts = (int32_t *)ut_output(bed, counts);
    UT_OK(urn_bootstrap(bed->stream, &p));
    keep(o, bed, p.ids, ids), keep(o, bed, p.counts, counts);
}

static void run_field(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_field_params p = URN_FIELD_PARAMS_INIT;
    uint64_t own[5], seeds[5];
    p.rows = 1 + ut_below(rng, 5), p.n = 1 + ut_below(rng, 9000), p.bits_stride = (p.n + 31) / 32 + ut_below(rng, 3);
    for (int i = 0; i < 5; i++) own[i] = (uint64_t)ut_below(rng, INT64_C(5) << 30), seeds[i] = ut_u64(rng);
    p.p_value = own[0] % ((UINT64_C(1) << 32) + 1);
    if (ut_below(rng, 2)) p.p = (const uint64_t *)ut_upload(bed, own, 8 * (size_t)p.rows);
    if (ut_below(rng, 2)) p.seed = (const uint64_t *)ut_upload(bed, seeds, 8 * (size_t)p.rows);
    p.position_value = (uint32_t)ut_u64(rng);
    size_t bytes = 4 * (size_t)(p.rows * p.bits_stride);
    p.bits = (uint32_t *)ut_output(bed, bytes), p.status = (int32_t *)ut_output(bed, 4 * (size_t)p.rows);
    UT_OK(urn_field(bed->stream, &p));
    keep(o, bed, p.bits, bytes), keep(o, bed, p.status, 4 * (size_t)p.rows);
}

static void run_inclusion(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_inclusion_params p = URN_INCLUSION_PARAMS_INIT;
    enum { ROWS = 6 };
    int64_t cols = 1 + ut_below(rng, ut_below(rng, 2) ? 3000 : 20), stride = cols + ut_below(rng, 3);
    size_t cells = (size_t)(ROWS * stride);
    float *x = (float *)ut_malloc(4 * cells);
    int32_t own[ROWS];
    for (size_t i = 0; i < cells; i++) x[i] = -1;
    for (int r = 0; r < ROWS; r++) {
        int kind = (int)ut_below(rng, 9);
        for (int64_t i = 0; i < cols; i++) {
            double u = ut_uniform(rng);
            x[r * stride + i] = (float)(kind == 0   ? 1
                                        : kind == 1 ? u * u * u * u * u * u
                                        : kind == 2 ? u * 1e-42
                                        : kind == 3 ? (u < 0.9 ? 0 : u)
                                        : kind == 4 ? 1 / u
                                        : kind == 5 ? 3e38 * u
                                                    : u);
        }
        float *row = x + r * stride;
        if (ut_below(rng, 16) == 0) row[ut_below(rng, cols)] = NAN;
        if (ut_below(rng, 16) == 0) row[ut_below(rng, cols)] = INFINITY;
        if (ut_below(rng, 16) == 0) row[ut_below(rng, cols)] = -1;
        if (ut_below(rng, 16) == 0) row[ut_below(rng, cols)] = 0.0f;
        for (int64_t i = 0; kind == 8 && i < cols; i++) row[i] = 0;
    }
    p.rows = ROWS, p.cols = cols, p.weights_stride = stride, p.p_stride = cols + 1;
    p.k = 1 + (int32_t)ut_below(rng, ut_below(rng, 2) ? cols + 2 : 5);
    for (int r = 0; r < ROWS; r++) own[r] = (int32_t)ut_below(rng, p.k + 1) - (ut_below(rng, 16) == 0 ? 99999 : 0);
    if (ut_below(rng, 2)) p.k_of_row = (const int32_t *)ut_upload(bed, own, sizeof own);
    p.weights = (const float *)ut_upload(bed, x, 4 * cells);
    free(x);
    p.p = (uint64_t *)ut_output(bed, 8 * (size_t)(ROWS * p.p_stride)), p.status = (int32_t *)ut_output(bed, 4 * ROWS);
    UT_OK(urn_inclusion(bed->stream, &p));
    keep(o, bed, p.status, 4 * ROWS), keep(o, bed, p.p, 8 * (size_t)(ROWS * p.p_stride));
}

static void run_fixed(ut_bed *bed, ut_rng *rng, outputs *o) {
    urn_fixed_params p = URN_FIXED_PARAMS_INIT;
    const uint64_t one = UINT64_C(1) << 62;
    p.method = (int32_t)ut_below(rng, 3), p.rows = 1 + ut_below(rng, 4);
    p.cols = 1 + ut_below(rng, ut_below(rng, 2) ? 9000 : 70), p.p_stride = p.cols + ut_below(rng, 3);
    p.room = (int32_t)ut_below(rng, p.cols + 1);
    size_t cells = (size_t)(p.rows * p.p_stride), picks = (size_t)(p.rows * p.room), words;
    uint64_t *x = (uint64_t *)ut_malloc(8 * cells);
    int64_t scarce = 1 + ut_below(rng, 20);
    for (size_t i = 0; i < cells; i++) {
        int64_t kind = ut_below(rng, 10);
        x[i] = kind == 0 ? 0 : kind == 1 ? one : ut_u64(rng) % one / (uint64_t)scarce;
        if (scarce == 7) x[i] = one / 4; /* sums of exactly 1 */
        if (ut_below(rng, 30000) == 0) x[i] = one + 1 + ut_u64(rng) % one;
    }
    p.p = (const uint64_t *)ut_upload(bed, x, 8 * cells);
    free(x);
    p.seed_value = ut_u64(rng), p.position_value = (uint32_t)ut_u64(rng);
    p.bits_stride = (p.cols + 31) / 32 + ut_below(rng, 3), words = (size_t)(p.rows * p.bits_stride);
    if (ut_below(rng, 2)) p.bits = (uint32_t *)ut_output(bed, 4 * words);
    p.ids = (int32_t *)ut_output(bed, 4 * picks), p.weight = (float *)ut_output(bed, 4 * picks);
    p.found = (int32_t *)ut_output(bed, 4 * (size_t)p.rows), p.status = (int32_t *)ut_output(bed, 4 * (size_t)p.rows);
    UT_OK(urn_stream_reserve(bed->stream, urn_fixed_workspace(p.rows, p.cols)));
    UT_OK(urn_fixed(bed->stream, &p));
    keep(o, bed, p.status, 4 * (size_t)p.rows), keep(o, bed, p.found, 4 * (size_t)p.rows);
    keep(o, bed, p.ids, 4 * picks), keep(o, bed, p.weight, 4 * picks), keep(o, bed, p.bits, 4 * words);
}

typedef void (*run_of)(ut_bed *bed, ut_rng *rng, outputs *o);
static const run_of runs[] = {run_beams, run_permute, run_bootstrap, run_field, run_inclusion, run_fixed};
enum { RUNS = sizeof runs / sizeof *runs };

/* property  random calls agree, in every lane order, without races in shared memory */
START_TEST(choices_agree) {
    simt_options options = simt_get_options();
    options.races = 1;
    simt_set_options(&options);
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT, params.threads = 2, params.lane_order = _i % 3;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = ut_open_with(&params);
    for (int n = 0; n < ut_loops(64); n++) {
        outputs a = {NULL, 0, 0}, b = {NULL, 0, 0};
        ut_rng rng = ut_rng_make((uint64_t)(1000 * _i + n)), same = rng;
        ut_note("call %d seed %d", _i / 3, 1000 * _i + n);
        runs[_i / 3](cpu, &rng, &a);
        runs[_i / 3](simt, &same, &b);
        UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
        same_outputs(&a, &b, "outputs");
        free(a.bytes);
        ut_clear(cpu), ut_clear(simt);
    }
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

Suite *parity_topk_choices_suite(void);
Suite *parity_topk_choices_suite(void) {
    Suite *suite = suite_create("parity_topk_choices");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, choices_agree, 0, 3 * RUNS);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_topk_choices_suite(void);
Suite *parity_topk_choices_suite(void) { return suite_create("parity_topk_choices (no simt backend)"); }

#endif
