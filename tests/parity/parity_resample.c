/* parity_resample.c - every call of the resample family: the same bytes from plain C and from the kernels, whatever the
 * tile, the number of threads and the order of lanes. */
#include <math.h>

#include "tests/parity/resample_calls.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

static const int32_t threads[] = {0, 32, 64, 128}; /* of a block: tiles of 2048, 256, 512, 1024 items */
enum { THREADS = sizeof threads / sizeof *threads };

static ut_bed *bed_of(int32_t hint, int32_t lane_order) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 2;
    params.lane_order = lane_order;
    params.hint.threads = hint;
    return ut_open_with(&params);
}

/* What cpu wrote becomes what is wanted. */
static void hold_call(ut_bed *cpu, ut_bed *simt, ut_call *call, ut_call_fn run, const char *name) {
    ut_call_run(cpu, call, run);
    for (int i = 0; i < call->count; i++) {
        ut_member *m = call->member + i;
        if (m->way == UT_INOUT) { /* found is what the next backend starts from */
            unsigned char *start = (unsigned char *)ut_malloc(m->bytes ? m->bytes : 1);
            memcpy(start, m->host, m->bytes);
            memcpy(m->host, m->found, m->bytes);
            memcpy(m->found, start, m->bytes);
            free(start);
        } else if (m->way == UT_OUT) {
            memcpy(m->host, m->found, m->bytes);
        }
    }
    UT_ASSERT(ut_call_run(simt, call, run), "%s: simt does not have it", name);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", name, simt_first_fault());
    UT_SAME_CALL(call, name);
}

static void hold_cases(int op, int32_t hint, int cases, int64_t items, uint64_t seed) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU);
    for (int n = 0; n < cases; n++) {
        ut_bed *simt = bed_of(hint, n % 3);
        ut_call call;
        ut_rng rng = ut_rng_make(seed + (uint64_t)n);
        const resample_op *o = resample_ops + op;
        ut_note("%s, seed %llu, threads %d, items to %lld", o->name, (unsigned long long)(seed + (uint64_t)n), hint,
                (long long)items);
        o->make(&call, &rng, items);
        ut_call_start(&call);
        hold_call(cpu, simt, &call, o->run, o->name);
        free(call.params);
        ut_call_free(&call);
        ut_close(simt);
    }
    ut_close(cpu);
}

/* property  each call's outputs are the same bytes on both backends
 * shapes    1 to 4 rows of up to 700 and of up to 5000, tiles of 256 to 2048, three lane orders */
START_TEST(any_call_has_the_same_bytes) {
    int op = _i % RESAMPLE_CALLS, t = _i / RESAMPLE_CALLS;
    hold_cases(op, threads[t], ut_loops(32), 700, 1000 + (uint64_t)_i * 100);
    hold_cases(op, threads[t], ut_loops(8), 5000, 500000 + (uint64_t)_i * 100);
}
END_TEST

static void hold_wide(int32_t scheme, int64_t outputs) {
    enum { N = (1 << 22) + 5 };
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = bed_of(0, 0);
    ut_call call;
    ut_rng rng = ut_rng_make((uint64_t)scheme);
    urn_resample_params fresh = URN_RESAMPLE_PARAMS_INIT, *p = (urn_resample_params *)ut_malloc(sizeof *p);
    memset(&call, 0, sizeof call);
    *p = fresh;
    call.params = p, call.size = sizeof *p;
    p->scheme = scheme;
    float *x = (float *)ut_call_array(&call, &p->weights.data, UT_IN, N, 4, "weights.data");
    for (int64_t i = 0; i < N; i++) x[i] = (float)(3 * ut_normal(&rng));
    p->weights.rows = 1, p->weights.items = N;
    p->outputs = outputs;
    p->iterations = 3;
    p->segment = 1;
    UT_GIVES(&call, p, ancestors, outputs);
    UT_GIVES(&call, p, offspring, N);
    UT_GIVES(&call, p, stats, 1);
    UT_GIVES(&call, p, status, 1);
    ut_note("scheme %d", (int)scheme);
    hold_call(cpu, simt, &call, resample_ops[0].run, "urn_resample");
    free(p);
    ut_call_free(&call);
    ut_close(simt);
    ut_close(cpu);
}

/* property  the same where weights have more bits and sums are 128 bits wide: the first n past 2^22 */
START_TEST(wide_rows_have_the_same_bytes) {
    static const int32_t schemes[] = {URN_RESAMPLE_SYSTEMATIC, URN_RESAMPLE_STRATIFIED, URN_RESAMPLE_RESIDUAL,
                                      URN_RESAMPLE_SSP, URN_RESAMPLE_REJECTION};
    hold_wide(schemes[_i], 5000);
}
END_TEST

/* property  a tile that has nearly all outputs is spread over blocks by the last launch */
START_TEST(one_heavy_item_takes_all_outputs) {
    ut_bed *cpu = ut_open(URN_BACKEND_CPU), *simt = bed_of(32, _i % 3);
    enum { N = 3000, M = 30000 };
    ut_call call;
    urn_resample_params fresh = URN_RESAMPLE_PARAMS_INIT, *p = (urn_resample_params *)ut_malloc(sizeof *p);
    memset(&call, 0, sizeof call);
    *p = fresh;
    call.params = p, call.size = sizeof *p;
    p->scheme = _i;
    double *x = (double *)ut_call_array(&call, &p->weights.data, UT_IN, 2 * N, 8, "weights.data");
    for (int64_t i = 0; i < 2 * N; i++) x[i] = i % 7 == 0 ? 0.25 : 0.0;
    x[1234] = 1e4, x[N + N - 1] = 1e5;
    p->weights.type = URN_WEIGHT_F64, p->weights.rows = 2, p->weights.items = N;
    p->outputs = M;
    UT_GIVES(&call, p, ancestors, 2 * M);
    UT_GIVES(&call, p, offspring, 2 * N);
    ut_note("scheme %d", _i);
    hold_call(cpu, simt, &call, resample_ops[0].run, "urn_resample");
    free(p);
    ut_call_free(&call);
    ut_close(simt);
    ut_close(cpu);
}
END_TEST

Suite *parity_resample_suite(void);
Suite *parity_resample_suite(void) {
    Suite *suite = suite_create("parity_resample");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_call_has_the_same_bytes, 0, RESAMPLE_CALLS * THREADS);
    tcase_add_loop_test(tcase, wide_rows_have_the_same_bytes, 0, 5);
    tcase_add_loop_test(tcase, one_heavy_item_takes_all_outputs, 0, 8);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else

Suite *parity_resample_suite(void);
Suite *parity_resample_suite(void) { return suite_create("parity_resample (no simt backend)"); }

#endif
