/* shapes.c - beds on simt by launch shape, and one random call on two backends. */
#include "tests/parity/shapes.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"

ut_bed *hinted(const hint *h, int32_t lane_order, int32_t threads) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = threads;
    params.lane_order = lane_order;
    params.hint.team = h->team, params.hint.threads = h->threads;
    params.hint.cluster = h->cluster, params.hint.streamed = h->streamed;
    return ut_open_with(&params);
}

void hold(ut_bed *cpu, ut_bed *simt, uint64_t seed, const any_limits *limits, const char *shape) {
    any_case *c = any_case_of(seed, limits);
    ut_draws *a = ut_sample_all(cpu, &c->job), *b = ut_sample_all(simt, &c->job);
    if (simt_fault_count()) any_case_print(c, stderr);
    UT_ASSERT(simt_fault_count() == 0, "%s: %s", shape, simt_first_fault());
    any_check(c, a, b, shape);
    ut_draws_free(a);
    ut_draws_free(b);
    any_case_free(c);
}

#endif
