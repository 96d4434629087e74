/* parity_resample_reads.c - what the resample family moves: weights as often as resample.h says, outputs once. */
#include "tests/urn_test.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

static const int64_t lengths[] = {1, 100, 2048, 2049, 30000};
enum { LENGTHS = sizeof lengths / sizeof *lengths, ROWS = 3, TILE = 2048 };

static void *filled(ut_bed *bed, int64_t n, int32_t type) {
    size_t unit = type % 2 ? 8 : 4;
    void *x = ut_malloc((size_t)n * unit);
    ut_rng rng = ut_rng_make(7);
    for (int64_t i = 0; i < n; i++) {
        double v = type < 2 ? ut_normal(&rng) : ut_uniform(&rng);
        if (unit == 4)
            ((float *)x)[i] = (float)v;
        else
            ((double *)x)[i] = v;
    }
    void *device = ut_upload(bed, x, (size_t)n * unit);
    free(x);
    return device;
}

/* property  systematic, stratified: a weight is read once to sum and once to emit where a block holds the row, else
 *           twice and once; an ancestor is written once, and nothing else. Statistics read one time less
 * shapes    rows of 1 to 30,000, tiles of 2,048, both dtypes of both kinds */
START_TEST(weights_are_read_as_often_as_promised) {
    int64_t n = lengths[_i % LENGTHS];
    int32_t type = _i / LENGTHS;
    uint64_t all = (uint64_t)(ROWS * n) * (type % 2 ? 8 : 4), passes = n <= TILE ? 1 : 2;
    ut_bed *simt = ut_open(URN_BACKEND_SIMT);
    void *x = filled(simt, ROWS * n, type);
    urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
    p.weights = urn_weights_dense(x, (urn_weight_type)type, ROWS, n);
    p.outputs = n;
    p.ancestors = (int32_t *)ut_output(simt, (size_t)(ROWS * n) * 4);
    UT_OK(urn_stream_reserve(simt->stream, urn_resample_workspace(URN_RESAMPLE_STRATIFIED, ROWS, n, n)));
    for (p.scheme = URN_RESAMPLE_SYSTEMATIC; p.scheme <= URN_RESAMPLE_STRATIFIED; p.scheme++) {
        ut_note("scheme %d, n %lld, type %d", (int)p.scheme, (long long)n, (int)type);
        simt_clear_bytes();
        UT_OK(urn_resample(simt->stream, &p));
        UT_OK(urn_stream_sync_host(simt->stream));
        UT_ASSERT(simt_bytes(TAG_LOGITS).read == (passes + 1) * all, "%llu bytes of weights were read, %llu exist",
                  (unsigned long long)simt_bytes(TAG_LOGITS).read, (unsigned long long)all);
        UT_ASSERT(simt_bytes(TAG_OUT).written == (uint64_t)(ROWS * n) * 4, "%llu bytes of ancestors were written",
                  (unsigned long long)simt_bytes(TAG_OUT).written);
        /* records only: 256 and 80 bytes a row and a tile, a few times over */
        uint64_t records = (uint64_t)ROWS * (256 + 80 * (uint64_t)(n / TILE + 1)), threads = 256;
        UT_ASSERT(simt_bytes(TAG_WORKSPACE).written <= 8 * records, "%llu bytes of scratch were written",
                  (unsigned long long)simt_bytes(TAG_WORKSPACE).written);
        UT_ASSERT(simt_bytes(TAG_WORKSPACE).read <= 12 * threads * records, "%llu bytes of scratch were read",
                  (unsigned long long)simt_bytes(TAG_WORKSPACE).read);
    }
    urn_weights_stats_params s = URN_WEIGHTS_STATS_PARAMS_INIT;
    s.weights = p.weights;
    s.stats = (urn_weight_stats *)ut_output(simt, ROWS * sizeof *s.stats);
    simt_clear_bytes();
    UT_OK(urn_weights_stats(simt->stream, &s));
    UT_OK(urn_stream_sync_host(simt->stream));
    UT_ASSERT(simt_bytes(TAG_LOGITS).read == passes * all, "statistics read %llu bytes, %llu exist",
              (unsigned long long)simt_bytes(TAG_LOGITS).read, (unsigned long long)all);
    UT_ASSERT(simt_bytes(TAG_OUT).written == ROWS * sizeof *s.stats, "%llu bytes of statistics were written",
              (unsigned long long)simt_bytes(TAG_OUT).written);
    ut_close(simt);
}
END_TEST

/* property  in place, only particles that died are written, and only their ancestors read */
START_TEST(living_particles_stay_where_they_are) {
    enum { N = 1000, SIZE = 48 };
    ut_bed *simt = ut_open(URN_BACKEND_SIMT);
    int32_t *a = (int32_t *)ut_malloc(N * 4);
    unsigned char *state = (unsigned char *)ut_malloc(N * SIZE);
    ut_rng rng = ut_rng_make(3);
    for (int i = 0; i < N; i++) a[i] = (int32_t)ut_below(&rng, N);
    for (int i = 0; i < N * SIZE; i++) state[i] = (unsigned char)ut_u64(&rng);
    urn_ancestors_params p = URN_ANCESTORS_PARAMS_INIT;
    p.rows = 1, p.items = p.outputs = N;
    p.ancestors = (int32_t *)ut_inout(simt, a, N * 4, 0);
    UT_OK(urn_stream_reserve(simt->stream, urn_ancestors_workspace(1, N, N)));
    UT_OK(urn_ancestors_permute(simt->stream, &p));
    ut_download(simt, p.ancestors, a, N * 4);
    uint64_t dead = 0;
    for (int i = 0; i < N; i++) dead += a[i] != i;
    urn_particles_gather_params g = URN_PARTICLES_GATHER_PARAMS_INIT;
    g.rows = 1, g.items = g.outputs = N;
    g.particle_bytes = SIZE;
    g.to = ut_inout(simt, state, N * SIZE, 0);
    g.from = g.to;
    g.ancestors = p.ancestors;
    simt_clear_bytes();
    UT_OK(urn_particles_gather(simt->stream, &g));
    UT_OK(urn_stream_sync_host(simt->stream));
    UT_ASSERT(dead > N / 4 && dead < N / 2, "%llu died", (unsigned long long)dead);
    UT_ASSERT(simt_bytes(TAG_LOGITS).read == dead * SIZE && simt_bytes(TAG_OUT).written == dead * SIZE,
              "%llu read, %llu written of %llu", (unsigned long long)simt_bytes(TAG_LOGITS).read,
              (unsigned long long)simt_bytes(TAG_OUT).written, (unsigned long long)(dead * SIZE));
    free(a);
    free(state);
    ut_close(simt);
}
END_TEST

Suite *parity_resample_reads_suite(void);
Suite *parity_resample_reads_suite(void) {
    Suite *suite = suite_create("parity_resample_reads");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, weights_are_read_as_often_as_promised, 0, 4 * LENGTHS);
    tcase_add_test(tcase, living_particles_stay_where_they_are);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_resample_reads_suite(void);
Suite *parity_resample_reads_suite(void) { return suite_create("parity_resample_reads (no simt backend)"); }

#endif
