/* parity_topk.c - urn_topk: the same bytes from plain C and from the kernels, in every launch shape; each logit of a
 * resident row is read once. */
#include <math.h>

#include "tests/parity/kept.h"
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

static const hint hints[] = {
    {"chosen", 0, 0, 0, 0, 2000},         {"block of 64", 2, 64, 0, 0, 2000},
    {"block of 256", 2, 256, 0, 0, 9000}, {"cluster of 2", 3, 64, 2, 0, 2000},
    {"cluster of 4", 3, 32, 4, 0, 9000},  {"crew of 4", 4, 64, 4, 0, 9000},
    {"streamed", 2, 64, 0, 1, 2000},      {"streamed crew of 4", 4, 32, 4, 1, 9000},
};
enum { HINTS = sizeof hints / sizeof *hints, ROWS = 5 };

/* A list of steps, or none (0). */
static int32_t steps_of(ut_rng *rng, urn_step *steps) {
    switch (ut_below(rng, 10)) {
    case 0:
        steps[0] = urn_temperature(urn_f(ut_below(rng, 2) ? 0.0f : 0.6f));
        return 1;
    case 1:
        steps[0] = urn_temperature(urn_f(1.4f)), steps[1] = urn_top_k(urn_i(1 + (int32_t)ut_below(rng, 90)));
        steps[2] = urn_top_p(urn_f(0.9f));
        return 3;
    case 2:
        steps[0] = urn_sparsemax();
        return 1;
    case 3:
        steps[0] = urn_temperature(urn_f(3.0f)), steps[1] = urn_inverse_gap(urn_f(2.0f), urn_f(0.0f));
        return 2;
    case 4:
        steps[0] = urn_quadratic(urn_f(0.3f), urn_f(1.0f)), steps[1] = urn_tsallis(urn_f(1.0f));
        steps[2] = urn_top_k(urn_i(40));
        return 3;
    case 5:
        steps[0] = urn_xtc(urn_f(0.9f), urn_f(0.02f)), steps[1] = urn_min_p(urn_f(0.01f));
        return 2;
    case 6:
        steps[0] = urn_dynamic_temperature(urn_f(1.0f), urn_f(0.5f), urn_f(1.0f)), steps[1] = urn_typical(urn_f(0.9f));
        return 2;
    case 7: /* far tails: weights of 0 */
        steps[0] = urn_temperature(urn_f(0.05f));
        return 1;
    default:
        return 0;
    }
}

static void fill_row(float *row, int64_t cols, uint64_t kind, ut_rng *rng) {
    ut_fill(row, cols, (ut_shape)(kind % 4), kind % 5 == 4 ? 60 : 2, ut_u64(rng));
    if (kind % 3 == 1) ut_punch(row, cols, kind % 2 ? 0.98 : 0.5, ut_u64(rng));
    int bad = (int)ut_below(rng, 14);
    for (int64_t i = 0; bad == 0 && i < cols; i++) row[i] = -INFINITY;
    if (bad == 1) row[ut_below(rng, cols)] = NAN;
    if (bad == 2) row[ut_below(rng, cols)] = INFINITY;
    if (bad == 3) row[ut_below(rng, cols)] = 3e38f, row[0] = -3e38f;
}

typedef struct limits {
    int64_t cols;
    int32_t k;
    int good; /* every output, no bad row, k everywhere */
} limits;

/* One random call; what it wrote is kept, places that it must leave alone too. */
static void run(ut_bed *bed, uint64_t seed, limits most, outputs *o) {
    ut_rng rng = ut_rng_make(seed);
    urn_topk_params p = URN_TOPK_PARAMS_INIT;
    urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
    p.by = (int32_t)ut_below(&rng, 4);
    int64_t cols = 1 + ut_below(&rng, ut_below(&rng, 3) ? most.cols : 70), stride = cols + ut_below(&rng, 5);
    urn_dtype dtype = (urn_dtype)ut_below(&rng, 3);
    size_t cells = (size_t)(ROWS * stride), size = urn_dtype_size(dtype), shift = (size_t)ut_below(&rng, 3) * size;
    int32_t top = p.by == URN_TOPK_RACE ? URN_TOPK_RACE_K : most.k;
    p.k = 1 + (int32_t)ut_below(&rng, ut_below(&rng, 2) ? top : 12);
    ut_note("topk seed %llu by %d cols %lld dtype %d k %d", (unsigned long long)seed, p.by, (long long)cols, (int)dtype,
            p.k);
    float *x = (float *)ut_malloc(4 * cells);
    void *packed = ut_malloc(4 * cells);
    for (int64_t i = 0; i < (int64_t)cells; i++) x[i] = 7;
    for (int64_t r = 0; r < ROWS; r++) fill_row(x + r * stride, cols, ut_u64(&rng) % 60, &rng);
    ut_pack(x, (int64_t)cells, dtype, packed);
    rows.logits = urn_matrix_dense(ut_upload_at(bed, packed, cells * size, shift), dtype, ROWS, cols, stride);
    free(x), free(packed);
    int64_t from[ROWS + 1] = {0, cols / 2, cols / 2, cols + 1, cols, 2 * cols};
    if (cols > 3 && ut_below(&rng, 5) == 0)
        rows.logits = urn_matrix_ragged(rows.logits.data, dtype, (int64_t)cells,
                                        (const int64_t *)ut_upload(bed, from, sizeof from), ROWS, cols);
    urn_step steps[4];
    urn_sampler *sampler = NULL;
    urn_list list = {steps, p.by == URN_TOPK_PLAIN ? 0 : steps_of(&rng, steps)};
    if (list.count) UT_OK(urn_sampler_create(bed->ctx, &list, 1, &sampler));
    rows.sampler = sampler;
    int32_t slots[ROWS] = {3, 1, ut_below(&rng, 3) ? 2 : -1, 0, ut_below(&rng, 3) ? 4 : 9};
    if (ut_below(&rng, 3) == 0) rows.slot = (const int32_t *)ut_upload(bed, slots, sizeof slots), rows.slots = ROWS;
    rows.seed_value = ut_u64(&rng), rows.position_value = (uint32_t)ut_u64(&rng);
    p.rows = &rows;
    p.draw = (uint32_t)ut_below(&rng, 3);
    p.flags = ut_below(&rng, 2) ? URN_TOPK_BY_ID : 0;
    if (p.by == URN_TOPK_PLAIN) p.flags |= (uint32_t)ut_below(&rng, 4) * URN_TOPK_SMALLEST;
    int32_t own[ROWS];
    int64_t place[ROWS + 1] = {0}, room = ROWS * p.k;
    for (int r = 0; r < ROWS; r++) {
        own[r] = (int32_t)ut_below(&rng, p.k + 1) + (ut_below(&rng, 9) == 0 ? p.k : 0) - (ut_below(&rng, 9) == 0);
        /* ranges never overlap; the last may descend, others be too long */
        int64_t next = r == ROWS - 1 && ut_below(&rng, 4) == 0 ? -2 : ut_below(&rng, p.k + 1);
        place[r + 1] = place[r] + (ut_below(&rng, 12) == 0 ? 2 * p.k : next);
    }
    int how = most.good ? 0 : (int)ut_below(&rng, 4);
    if (how == 1) p.k_of_row = (const int32_t *)ut_upload(bed, own, sizeof own);
    if (how == 2) p.offsets = (const int64_t *)ut_upload(bed, place, sizeof place), p.out_size = room;
    size_t n = (size_t)room;
    uint64_t want = ut_u64(&rng) | (uint64_t)(ut_below(&rng, 3) ? 255 : 1);
    p.ids = (int32_t *)ut_output(bed, 4 * n);
    if (want & 2) p.values = (float *)ut_output(bed, 4 * n);
    if (want & 4) p.keys = (int64_t *)ut_output(bed, 8 * n);
    p.found = (int32_t *)ut_output(bed, 4 * ROWS), p.status = (int32_t *)ut_output(bed, 4 * ROWS);
    if (p.by != URN_TOPK_PLAIN && (want & 8)) p.logprob = (float *)ut_output(bed, 4 * n);
    if (p.by != URN_TOPK_PLAIN && (want & 16)) p.logmass = (float *)ut_output(bed, 4 * n);
    if (p.by >= URN_TOPK_GUMBEL) {
        if (want & 32) p.inclusion_logprob = (float *)ut_output(bed, 4 * n);
        if (want & 64) p.ordered_logprob = (float *)ut_output(bed, 4 * ROWS);
        if (want & 128) p.set_logprob = (float *)ut_output(bed, 4 * ROWS);
        if (want & 128) p.threshold = (int64_t *)ut_output(bed, 8 * ROWS);
    }
    if (p.by >= URN_TOPK_GUMBEL && ut_below(&rng, 2)) {
        int64_t keys[ROWS];
        double logprobs[ROWS];
        for (int r = 0; r < ROWS; r++) {
            keys[r] =
                ut_below(&rng, 3) ? (ut_below(&rng, 60) - 30) * (INT64_C(1) << 40) + ut_below(&rng, 9) : INT64_MAX;
            if (ut_below(&rng, 9) == 0) keys[r] = INT64_MIN; /* of a beam that was not found */
            logprobs[r] = keys[r] == INT64_MAX ? 0 : -30 * ut_uniform(&rng);
        }
        p.parent_key = (const int64_t *)ut_upload(bed, keys, sizeof keys);
        p.parent_logprob = (const double *)ut_upload(bed, logprobs, sizeof logprobs);
        if (want & 256) p.beam_keys = (int64_t *)ut_output(bed, 8 * n);
        if (want & 512) p.beam_logprob = (double *)ut_output(bed, 8 * n);
    }
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_workspace(sampler, ROWS, cols, p.k)));
    UT_OK(urn_topk(bed->stream, &p));
    keep(o, bed, p.status, 4 * ROWS), keep(o, bed, p.found, 4 * ROWS), keep(o, bed, p.ids, 4 * n);
    keep(o, bed, p.keys, 8 * n), keep(o, bed, p.values, 4 * n), keep(o, bed, p.threshold, 8 * ROWS);
    keep(o, bed, p.logprob, 4 * n), keep(o, bed, p.logmass, 4 * n), keep(o, bed, p.inclusion_logprob, 4 * n);
    keep(o, bed, p.ordered_logprob, 4 * ROWS), keep(o, bed, p.set_logprob, 4 * ROWS);
    keep(o, bed, p.beam_keys, 8 * n), keep(o, bed, p.beam_logprob, 8 * n);
    urn_sampler_destroy(sampler);
    ut_clear(bed);
}

static void hold_topk(ut_bed *cpu, ut_bed *simt, uint64_t seed, limits most, const char *shape) {
    outputs a = {NULL, 0, 0}, b = {NULL, 0, 0};
    run(cpu, seed, most, &a);
    run(simt, seed, most, &b);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", shape, simt_first_fault());
    same_outputs(&a, &b, shape);
    free(a.bytes);
}

/* property  random calls agree in every launch shape and lane order, up to the largest k */
START_TEST(topk_agrees) {
    const hint *h = hints + _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, _i % 3, 2);
    for (int n = 0; n < ut_loops(80); n++)
        hold_topk(cpu, simt, (uint64_t)(1000 * _i + n), (limits){h->cols < 2000 ? h->cols : 2000, 40, 0}, h->name);
    for (int n = 0; n < ut_loops(16); n++)
        hold_topk(cpu, simt, (uint64_t)(20000 + 1000 * _i + n), (limits){h->cols, URN_TOPK_K, 0}, h->name);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  no two accesses to shared memory race: between them stands a barrier */
START_TEST(topk_does_not_race) {
    simt_options options = simt_get_options();
    const hint *h = hints + _i;
    options.races = 1;
    simt_set_options(&options);
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = hinted(h, 0, 2);
    for (int n = 0; n < ut_loops(40); n++)
        hold_topk(cpu, simt, (uint64_t)(40000 + 1000 * _i + n), (limits){700, 300, 0}, h->name);
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

/* property  each logit of a resident row is read once, by every `by`, whatever the outputs, many equal values or not */
START_TEST(topk_reads_resident_logits_once) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT, params.threads = 2;
    ut_bed *simt = ut_open_with(&params);
    for (int n = 0; n < 12; n++) {
        int64_t cols = n % 3 ? 30001 : 4099;
        urn_topk_params p = URN_TOPK_PARAMS_INIT;
        urn_sample_params rows = URN_SAMPLE_PARAMS_INIT;
        float *x = (float *)ut_malloc(8 * (size_t)cols);
        ut_fill(x, 2 * cols, n % 2 ? UT_NORMAL : UT_TIES, 3, 5);
        rows.logits = urn_matrix_dense(ut_upload_at(simt, x, 8 * (size_t)cols, 4), URN_F32, 2, cols, 0);
        free(x);
        p.rows = &rows, p.by = n / 3, p.k = 50;
        p.ids = (int32_t *)ut_output(simt, 400), p.values = (float *)ut_output(simt, 400);
        if (p.by >= URN_TOPK_GUMBEL) p.threshold = (int64_t *)ut_output(simt, 16);
        if (p.by >= URN_TOPK_VALUE) p.logmass = (float *)ut_output(simt, 400);
        UT_OK(urn_stream_reserve(simt->stream, urn_topk_workspace(NULL, 2, cols, p.k)));
        simt_clear_bytes();
        UT_OK(urn_topk(simt->stream, &p));
        UT_OK(urn_stream_sync_host(simt->stream));
        uint64_t read = simt_bytes(TAG_LOGITS).read, once = 8 * (uint64_t)cols;
        UT_ASSERT(read == once, "by %d: %llu bytes of logits read, %llu exist", p.by, (unsigned long long)read,
                  (unsigned long long)once);
        ut_clear(simt);
    }
    ut_close(simt);
}
END_TEST

Suite *parity_topk_suite(void);
Suite *parity_topk_suite(void) {
    Suite *suite = suite_create("parity_topk");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, topk_agrees, 0, HINTS);
    tcase_add_loop_test(tcase, topk_does_not_race, 0, HINTS);
    tcase_add_test(tcase, topk_reads_resident_logits_once);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_topk_suite(void);
Suite *parity_topk_suite(void) { return suite_create("parity_topk (no simt backend)"); }

#endif
