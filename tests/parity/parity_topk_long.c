/* parity_topk_long.c - long rows: the same bytes from plain C and from the kernels, however the row was cut, pushed and
 * merged; how often values are read. */
#include <math.h>

#include "tests/parity/kept.h"
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

enum { SHARDS = 3 };

typedef struct row {
    void *values;
    int64_t n;
    int32_t type;
    size_t size;
} row;

static row row_of(ut_rng *rng, int64_t n) {
    row r = {NULL, n, ut_below(rng, 2) ? URN_ITEM_F32 : URN_ITEM_F64, 0};
    r.size = r.type == URN_ITEM_F32 ? 4 : 8;
    float *x = (float *)ut_malloc(4 * (size_t)n);
    uint64_t kind = ut_u64(rng) % 24;
    ut_fill(x, n, (ut_shape)(kind % 4), kind % 5 == 4 ? 60 : 2, ut_u64(rng));
    if (kind % 3 == 1) ut_punch(x, n, 0.9, ut_u64(rng));
    for (int64_t i = 0; kind == 22 && i < n; i++) x[i] = (float)i; /* every item comes before all so far */
    for (int64_t i = 0; kind == 23 && i < n; i++) x[i] = -INFINITY;
    if (ut_below(rng, 10) == 0) x[ut_below(rng, n)] = ut_below(rng, 2) ? NAN : INFINITY;
    if (ut_below(rng, 4) == 0) x[ut_below(rng, n)] = 3e38f, x[ut_below(rng, n)] = -3e38f;
    r.values = x;
    if (r.type == URN_ITEM_F64) {
        double *y = (double *)ut_malloc(8 * (size_t)n);
        for (int64_t i = 0; i < n; i++) y[i] = kind % 7 == 3 ? (double)x[i] * 1e200 : (double)x[i] * 1.0000000001;
        free(x);
        r.values = y;
    }
    return r;
}

static void finish(ut_bed *bed, urn_topk_long_params *p, outputs *o) {
    urn_topk_long_results r = URN_TOPK_LONG_RESULTS_INIT;
    size_t k = (size_t)p->k;
    r.ids = (int64_t *)ut_output(bed, 8 * k), r.keys = (int64_t *)ut_output(bed, 8 * k);
    r.found = (int64_t *)ut_output(bed, 8), r.threshold = (int64_t *)ut_output(bed, 8);
    r.status = (int32_t *)ut_output(bed, 4);
    UT_OK(urn_topk_long_finish(bed->stream, p, &r));
    keep(o, bed, r.status, 4), keep(o, bed, r.found, 8), keep(o, bed, r.threshold, 8);
    keep(o, bed, r.keys, 8 * k), keep(o, bed, r.ids, 8 * k);
}

/* A row of one random call in one piece (cut 0), or cut, shuffled and dealt out to shards by `cut`. */
static void run(ut_bed *bed, uint64_t seed, uint64_t cut, int64_t most_n, int64_t most_k, outputs *o) {
    ut_rng rng = ut_rng_make(seed), deal = ut_rng_make(cut);
    int64_t n = 1 + ut_below(&rng, ut_below(&rng, 3) ? most_n : 90);
    row x = row_of(&rng, n);
    urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
    p.by = ut_below(&rng, 3) ? URN_TOPK_GUMBEL : URN_TOPK_VALUE;
    p.k = 1 + ut_below(&rng, ut_below(&rng, 2) ? most_k : 30);
    p.seed = ut_u64(&rng), p.label = ut_u64(&rng), p.position = (uint32_t)ut_u64(&rng);
    p.temperature = ut_below(&rng, 3) ? 1.0f : ut_below(&rng, 2) ? 1e-38f : 0.3f;
    p.flags = ut_below(&rng, 2) ? URN_TOPK_BY_ID : 0;
    int64_t first = ut_below(&rng, 2) ? ut_below(&rng, 7) : URN_TOPK_LONG_ITEMS - n - ut_below(&rng, 3);
    int none = p.by == URN_TOPK_GUMBEL && ut_below(&rng, 5) == 0; /* no values */
    p.state_bytes = urn_topk_long_state(p.k);
    void *state[SHARDS];
    int64_t shards = cut ? SHARDS : 1, parts = cut ? 1 + ut_below(&deal, 7) : 1, at[9] = {0};
    ut_note("long seed %llu cut %llu by %d n %lld k %lld type %d", (unsigned long long)seed, (unsigned long long)cut,
            p.by, (long long)n, (long long)p.k, x.type);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_long_workspace(p.k, n)));
    for (int s = 0; s < shards; s++) {
        p.state = state[s] = ut_output(bed, p.state_bytes);
        UT_OK(urn_topk_long_begin(bed->stream, &p));
    }
    for (int64_t c = 1; c < parts; c++) at[c] = at[c - 1] + ut_below(&deal, n - at[c - 1] + 1);
    at[parts] = n;
    int32_t status = 0;
    for (int64_t c = parts; c-- > 0;) {
        int64_t size = at[c + 1] - at[c];
        const char *from = (const char *)x.values + (size_t)at[c] * x.size;
        const void *values =
            none || !size ? NULL : ut_upload_at(bed, from, (size_t)size * x.size, (size_t)ut_below(&deal, 4) * x.size);
        if (!none && !size) continue;
        p.state = state[ut_below(&deal, shards)];
        UT_OK(urn_topk_long_push(bed->stream, &p, values, x.type, size, first + at[c]));
    }
    (void)status;
    p.state = state[shards - 1];
    for (int64_t s = 0; s + 1 < shards; s++) UT_OK(urn_topk_long_merge(bed->stream, &p, state[s]));
    finish(bed, &p, o);
    free(x.values);
    ut_clear(bed);
}

static ut_bed *simt_bed(int order) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT, params.threads = 2, params.lane_order = order;
    return ut_open_with(&params);
}

/* Both backends, whole and cut. */
static void hold_long(ut_bed *cpu, ut_bed *simt, uint64_t seed, int64_t n, int64_t k) {
    outputs a = {NULL, 0, 0}, b = {NULL, 0, 0};
    run(cpu, seed, 0, n, k, &a);
    run(simt, seed, 0, n, k, &b);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    same_outputs(&a, &b, "whole");
    run(simt, seed, seed + 1, n, k, &b);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    same_outputs(&a, &b, "in parts");
    free(a.bytes);
}

/* property  random long rows agree, whole and in parts of any order and over shards; in every lane order */
START_TEST(long_rows_agree) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = simt_bed(_i);
    for (int n = 0; n < ut_loops(120); n++) hold_long(cpu, simt, (uint64_t)(1000 * _i + n), 5000, 300);
    for (int n = 0; n < ut_loops(16); n++) hold_long(cpu, simt, (uint64_t)(9000 + 1000 * _i + n), 90000, URN_TOPK_K);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  k above URN_TOPK_K agrees, by crews of some sizes and by a block alone */
START_TEST(large_k_agrees) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT, params.threads = 2, params.lane_order = _i, params.hint.cluster = 1 << _i;
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = ut_open_with(&params);
    for (int n = 0; n < ut_loops(40); n++) hold_long(cpu, simt, (uint64_t)(70000 + 1000 * _i + n), 30000, 9000);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* Where the kernels' sample of m items looks (kernels/topk/item_walk.h). */
static int64_t sampled(int64_t j, int64_t m, int64_t n) {
    uint64_t z = ((uint64_t)j + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    int64_t width = n / m, size = j == m - 1 ? n - j * width : width;
    __extension__ typedef unsigned __int128 wide;
    return j * width + (int64_t)((wide)z * (uint64_t)size >> 64);
}

/* property  a chunk larger than the workspace has room for: the sample's cut lets the right ones through in little more
 *           than one read of the values; one that misleads, made on purpose, changes nothing but the time */
START_TEST(large_chunks_agree) {
    const int64_t n = 1200000, k = 2500, m = n / 64;
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT, params.threads = 2, params.hint.cluster = 4;
    ut_bed *beds[2] = {ut_open(URN_BACKEND_CPU), ut_open_with(&params)};
    float *x = (float *)ut_malloc(4 * (size_t)n);
    ut_rng rng = ut_rng_make(7);
    for (int64_t i = 0; i < n; i++) x[i] = (float)ut_below(&rng, 1 << 20);
    for (int64_t j = 0; _i == 2 && j < m; j++) x[sampled(j, m, n)] = j < 200 ? 3e6f : 0.0f; /* a cut too high */
    for (int64_t j = 0; _i == 3 && j < m; j++) x[sampled(j, m, n)] = -1.0f;                 /* a cut too low */
    outputs kept[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    ut_note("kind %d", _i);
    for (int side = 0; side < 2; side++) {
        ut_bed *bed = beds[side];
        urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
        p.k = k, p.by = _i == 0 ? URN_TOPK_GUMBEL : URN_TOPK_VALUE, p.temperature = 1e5f;
        p.state_bytes = urn_topk_long_state(k), p.state = ut_output(bed, p.state_bytes);
        UT_OK(urn_stream_reserve(bed->stream, urn_topk_long_workspace(k, n)));
        UT_OK(urn_topk_long_begin(bed->stream, &p));
        const void *values = ut_upload_at(bed, x, 4 * (size_t)n, 4);
        UT_OK(urn_stream_sync_host(bed->stream));
        simt_clear_bytes();
        UT_OK(urn_topk_long_push(bed->stream, &p, values, URN_ITEM_F32, n, 5));
        UT_OK(urn_stream_sync_host(bed->stream));
        UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
        double reads = (double)simt_bytes(TAG_LOGITS).read / (4.0 * (double)n);
        if (side) UT_ASSERT(_i < 2 ? reads < 1.1 : reads > 2, "values were read %.3f times", reads);
        finish(bed, &p, &kept[side]);
        ut_close(bed);
    }
    same_outputs(&kept[0], &kept[1], "large chunk");
    free(kept[0].bytes), free(x);
}
END_TEST

/* property  no two accesses to shared memory race */
START_TEST(long_rows_do_not_race) {
    simt_options options = simt_get_options();
    options.races = 1;
    simt_set_options(&options);
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = simt_bed(0);
    for (int n = 0; n < ut_loops(60); n++) hold_long(cpu, simt, (uint64_t)(50000 + n), 6000, 500);
    for (int n = 0; n < ut_loops(24); n++) hold_long(cpu, simt, (uint64_t)(80000 + n), 9000, 5000);
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

/* property  k up to URN_TOPK_K: each value is read once, in any order of values */
START_TEST(long_rows_are_read_once) {
    static const int64_t sizes[] = {100, 70001, 400000};
    ut_bed *simt = simt_bed(0);
    for (int n = 0; n < 6; n++) {
        int64_t size = sizes[n % 3], k = n % 2 ? URN_TOPK_K : 10;
        float *x = (float *)ut_malloc(4 * (size_t)size);
        ut_fill(x, size, UT_NORMAL, 3, 5);
        for (int64_t i = 0; n == 4 && i < size; i++) x[i] = (float)i;
        urn_topk_long_params p = URN_TOPK_LONG_PARAMS_INIT;
        p.by = n < 2 ? URN_TOPK_GUMBEL : URN_TOPK_VALUE, p.k = k;
        p.state_bytes = urn_topk_long_state(k), p.state = ut_output(simt, p.state_bytes);
        UT_OK(urn_stream_reserve(simt->stream, urn_topk_long_workspace(k, size)));
        const void *values = ut_upload_at(simt, x, 4 * (size_t)size, 4);
        free(x);
        UT_OK(urn_topk_long_begin(simt->stream, &p));
        UT_OK(urn_stream_sync_host(simt->stream));
        simt_clear_bytes();
        UT_OK(urn_topk_long_push(simt->stream, &p, values, URN_ITEM_F32, size, 0));
        UT_OK(urn_stream_sync_host(simt->stream));
        uint64_t read = simt_bytes(TAG_LOGITS).read, once = 4 * (uint64_t)size;
        UT_ASSERT(read == once, "%llu bytes of values read, %llu exist", (unsigned long long)read,
                  (unsigned long long)once);
        UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
        ut_clear(simt);
    }
    ut_close(simt);
}
END_TEST

/* ---- segments ---- */

/* One random call over segments of up to `most_n` items with rooms of up to `most_k`. */
static void run_segments(ut_bed *bed, uint64_t seed, int64_t most_n, int64_t most_k, outputs *o) {
    enum { SEGMENTS = 9 };
    ut_rng rng = ut_rng_make(seed);
    urn_topk_segments_params p = URN_TOPK_SEGMENTS_PARAMS_INIT;
    int64_t offsets[SEGMENTS + 1] = {0}, out[SEGMENTS + 1] = {0}, own[SEGMENTS], largest = 1;
    uint64_t seeds[SEGMENTS], labels[SEGMENTS];
    float warm[SEGMENTS];
    p.longest = 1 + ut_below(&rng, most_n), p.k = 1 + ut_below(&rng, ut_below(&rng, 2) ? most_k : 20);
    for (int s = 0; s < SEGMENTS; s++) {
        int64_t size = ut_below(&rng, 6) ? ut_below(&rng, p.longest + 1) : 0, room = ut_below(&rng, p.k + 1);
        offsets[s + 1] = offsets[s] + size, out[s + 1] = out[s] + room;
        own[s] = ut_below(&rng, room + 1) + (ut_below(&rng, 9) == 0 ? p.k : 0);
        seeds[s] = ut_u64(&rng), labels[s] = ut_u64(&rng);
        warm[s] = ut_below(&rng, 9) ? 0.5f : ut_below(&rng, 2) ? 0.0f : NAN;
        largest = size > largest ? size : largest;
    }
    p.size = offsets[SEGMENTS], p.segments = SEGMENTS;
    if (ut_below(&rng, 4) == 0) p.longest = largest / 2 + 1;           /* some are too long */
    if (ut_below(&rng, 4) == 0) out[SEGMENTS] = out[SEGMENTS - 1] - 1; /* descends; may pass below 0 */
    row x = row_of(&rng, p.size + 1);
    p.by = ut_below(&rng, 3) ? URN_TOPK_GUMBEL : URN_TOPK_VALUE, p.type = x.type;
    p.flags = (uint32_t)(ut_below(&rng, 2) * URN_TOPK_BY_ID + ut_below(&rng, 2) * URN_TOPK_LOCAL);
    ut_note("segments seed %llu by %d longest %lld k %lld type %d", (unsigned long long)seed, p.by,
            (long long)p.longest, (long long)p.k, p.type);
    int none = p.by == URN_TOPK_GUMBEL && ut_below(&rng, 5) == 0;
    if (!none) p.values = ut_upload_at(bed, x.values, (size_t)(p.size + 1) * x.size, x.size);
    free(x.values);
    p.offsets = (const int64_t *)ut_upload(bed, offsets, sizeof offsets);
    p.out_size = out[SEGMENTS - 1] + p.k;
    if (ut_below(&rng, 2)) p.out_offsets = (const int64_t *)ut_upload(bed, out, sizeof out);
    if (p.out_offsets && ut_below(&rng, 2)) p.k_of_segment = (const int64_t *)ut_upload(bed, own, sizeof own);
    if (ut_below(&rng, 2)) p.temperature = (const float *)ut_upload(bed, warm, sizeof warm);
    if (ut_below(&rng, 2)) p.seed = (const uint64_t *)ut_upload(bed, seeds, sizeof seeds);
    if (ut_below(&rng, 2)) p.label = (const uint64_t *)ut_upload(bed, labels, sizeof labels);
    p.seed_value = ut_u64(&rng), p.position_value = (uint32_t)ut_u64(&rng);
    size_t n = (size_t)(p.out_offsets ? p.out_size : SEGMENTS * p.k), each = SEGMENTS;
    p.ids = (int64_t *)ut_output(bed, 8 * n), p.keys = (int64_t *)ut_output(bed, 8 * n);
    p.found = (int64_t *)ut_output(bed, 8 * each), p.threshold = (int64_t *)ut_output(bed, 8 * each);
    p.status = (int32_t *)ut_output(bed, 4 * each);
    UT_OK(urn_stream_reserve(bed->stream, urn_topk_segments_workspace(SEGMENTS, p.longest, p.k, (int64_t)n)));
    UT_OK(urn_topk_segments(bed->stream, &p));
    keep(o, bed, p.status, 4 * each), keep(o, bed, p.found, 8 * each), keep(o, bed, p.threshold, 8 * each);
    keep(o, bed, p.keys, 8 * n), keep(o, bed, p.ids, 8 * n);
    ut_clear(bed);
}

static void hold_segments(ut_bed *cpu, ut_bed *simt, uint64_t seed, int64_t n, int64_t k) {
    outputs a = {NULL, 0, 0}, b = {NULL, 0, 0};
    run_segments(cpu, seed, n, k, &a);
    run_segments(simt, seed, n, k, &b);
    UT_ASSERT(simt_fault_count() == 0, "%s", simt_first_fault());
    same_outputs(&a, &b, "segments");
    free(a.bytes);
}

/* property  random segments agree: short ones, long ones, long ones with large k; in every lane order */
START_TEST(segments_agree) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = simt_bed(_i);
    for (int n = 0; n < ut_loops(80); n++) hold_segments(cpu, simt, (uint64_t)(1000 * _i + n), 900, 90);
    for (int n = 0; n < ut_loops(24); n++) hold_segments(cpu, simt, (uint64_t)(9000 + 1000 * _i + n), 9000, URN_TOPK_K);
    for (int n = 0; n < ut_loops(16); n++) hold_segments(cpu, simt, (uint64_t)(19000 + 1000 * _i + n), 7000, 6000);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

/* property  no two accesses to shared memory race */
START_TEST(segments_do_not_race) {
    simt_options options = simt_get_options();
    options.races = 1;
    simt_set_options(&options);
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = simt_bed(0);
    for (int n = 0; n < ut_loops(24); n++) hold_segments(cpu, simt, (uint64_t)(50000 + n), 5000, 300);
    for (int n = 0; n < ut_loops(16); n++) hold_segments(cpu, simt, (uint64_t)(60000 + n), 4000, 4000);
    ut_close(simt);
    ut_close(cpu);
    options.races = 0;
    simt_set_options(&options);
}
END_TEST

Suite *parity_topk_long_suite(void);
Suite *parity_topk_long_suite(void) {
    Suite *suite = suite_create("parity_topk_long");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt cpu");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, long_rows_agree, 0, 3);
    tcase_add_loop_test(tcase, large_k_agrees, 0, 3);
    tcase_add_loop_test(tcase, large_chunks_agree, 0, 4);
    tcase_add_test(tcase, long_rows_do_not_race);
    tcase_add_test(tcase, long_rows_are_read_once);
    tcase_add_loop_test(tcase, segments_agree, 0, 3);
    tcase_add_test(tcase, segments_do_not_race);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_topk_long_suite(void);
Suite *parity_topk_long_suite(void) { return suite_create("parity_topk_long (no simt backend)"); }

#endif
