/* unit_resample_clones.c - loops over particles: each clone, each number of threads, the bits of the plain one. */
#include <math.h>
#include <stdio.h>

#include "host/cpu/cpu_loops.h"
#include "host/cpu/cpu_particles.h"
#include "tests/urn_test.h"

#define N (URNC_LOT * 3 + 41)
#define LOTS 4

/* A row of each type that has all that matters: ties, zeros, subnormals, a scale. */
static void fill(int32_t type, double scale, uint64_t seed, void *data) {
    ut_rng rng = ut_rng_make(seed);
    for (int i = 0; i < N; i++) {
        double x = ut_normal(&rng) * scale;
        if (i % 7 == 3) x = i % 2 ? 0.25 : 0.0;
        if (type >= URN_WEIGHT_F32) x = scale > 100 ? exp(x * 0.01) * 1e-40 : exp(x);
        if (i % 11 == 5) x = type >= URN_WEIGHT_F32 ? 0.0 : -INFINITY;
        if (urnc_weight_bytes(type) == 4)
            ((float *)data)[i] = (float)x;
        else
            ((double *)data)[i] = x;
    }
}

typedef struct {
    urnc_reach reach;
    uint64_t w[LOTS][URNC_LOT], one[N];
    urnc_totals totals;
    int32_t k[URNC_LOT];
    int near;
} answers;

static void ask(const urnc_resample_loops *loops, const urnc_crowd *crowd, answers *a) {
    uint64_t s[URNC_LOT], sum = 0;
    memset(a, 0, sizeof *a);
    loops->reach(crowd, 0, N, &a->reach);
    for (int g = 0; g < LOTS; g++) {
        loops->weigh(crowd, g * URNC_LOT, a->w[g]);
        loops->total(a->w[g], 1, &a->totals);
    }
    for (int i = 0; i < N; i++) a->one[i] = loops->one(crowd, i);
    for (int i = 0; i < URNC_LOT; i++) s[i] = sum += a->w[0][i];
    urnc_ruler ruler = {1000.0 / (double)(sum + 1), 0.375};
    a->near = loops->measure(ruler, s, a->k);
}

/* property  clones of the loops agree in every bit, and a weight by itself is the weight of its lot */
START_TEST(clones_weigh_alike) {
    static double data[N];
    static answers found, plain;
    const double scales[] = {0.01, 1, 12, 300};
    for (int32_t type = 0; type < 4; type++)
        for (int s = 0; s < 4; s++) {
            const urnc_loops *const *loops = urnc_loops_here();
            urnc_particles row;
            uint64_t room[64];
            fill(type, scales[s], (uint64_t)(type * 4 + s), data);
            UT_ASSERT(urnc_particles_bytes(N) <= sizeof room, "room");
            urnc_particles_begin(&row, data, type, N, 1, room);
            UT_ASSERT(row.status == 0, "type %d scale %g: status %d", type, scales[s], row.status);
            row.crowd.most = s == 2 ? UINT64_C(1) << 37 : UINT64_MAX;
            ask(urnc_loops_default.resample, &row.crowd, &plain);
            for (int i = 0; i < N; i++)
                UT_ASSERT(plain.one[i] == plain.w[i / URNC_LOT][i % URNC_LOT], "type %d: weight %d", type, i);
            for (; *loops; loops++) {
                ut_note("clone %s, type %d, scale %g", (*loops)->name, type, scales[s]);
                ask((*loops)->resample, &row.crowd, &found);
                UT_ASSERT(memcmp(&found, &plain, sizeof plain) == 0, "differs");
            }
        }
}
END_TEST

/* property  a long row over threads gives the bits of one thread, whatever the scheme */
START_TEST(threads_change_no_bit) {
    int64_t n = ut_quick() ? 270000 : 700001;
    int32_t *one = ut_malloc((size_t)n * 4), *more = ut_malloc((size_t)n * 4);
    int32_t *one_count = ut_malloc((size_t)n * 4), *more_count = ut_malloc((size_t)n * 4);
    float *x = ut_malloc((size_t)n * 4);
    ut_fill(x, n, UT_NORMAL, 3, 9);
    ut_punch(x, n, 0.3, 10);
    for (int32_t scheme = 0; scheme <= URN_RESAMPLE_REJECTION; scheme++) {
        size_t bytes = urn_resample_workspace((urn_resample_scheme)scheme, 1, n, n);
        void *room = ut_malloc(bytes);
        urn_weight_stats stats[2];
        urn_resample_params p = URN_RESAMPLE_PARAMS_INIT;
        p.scheme = scheme, p.weights = urn_weights_dense(x, URN_WEIGHT_LOG_F32, 1, n), p.outputs = n;
        p.outputs_stride = n, p.seed_value = 3, p.iterations = 2, p.segment = 1;
        p.workspace = room, p.workspace_bytes = bytes;
        p.ancestors = one, p.offspring = one_count, p.stats = &stats[0];
        urnc_resample(&p, 1);
        p.ancestors = more, p.offspring = more_count, p.stats = &stats[1];
        for (int threads = 2; threads <= 5; threads += 3) {
            memset(room, 0x5a, bytes);
            ut_note("scheme %d, %d threads", scheme, threads);
            urnc_resample(&p, threads);
            UT_SAME_BITS(one, more, n, "ancestors");
            UT_SAME_BITS(one_count, more_count, n, "offspring");
            UT_ASSERT(memcmp(&stats[0], &stats[1], sizeof stats[0]) == 0, "stats");
        }
        free(room);
    }
    free(one), free(more), free(one_count), free(more_count), free(x);
}
END_TEST

Suite *unit_resample_clones_suite(void) {
    Suite *suite = suite_create("unit_resample_clones");
    TCase *tc = tcase_create("clones");
    tcase_add_test(tc, clones_weigh_alike);
    tcase_add_test(tc, threads_change_no_bit);
    suite_add_tcase(suite, tc);
    return suite;
}
