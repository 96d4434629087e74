/* unit_api_status.c - every status of the list is reached by a call, on a planted backend where no machine here would.
 */
#include <stdio.h>

#include "tests/unit/unit_host_plant.h"

/* A backend that this build or machine lacks; URN_BACKEND_AUTO when all are here. */
static urn_backend_kind missing_backend(void) {
    for (int kind = URN_BACKEND_CPU; kind <= URN_BACKEND_NONE; kind++)
        if (urn_backend_available((urn_backend_kind)kind) == URN_E_BACKEND) return (urn_backend_kind)kind;
    return URN_BACKEND_AUTO;
}

static void *no_allocate(void *user, size_t bytes) { return (void)user, (void)bytes, NULL; }
static void no_release(void *user, void *pointer) { (void)user, (void)pointer; }

static urn_status create_ctx(urn_ctx_params params) {
    urn_ctx *ctx;
    urn_status status = urn_ctx_create(&params, &ctx);
    urn_ctx_destroy(ctx);
    return status;
}

/* What a call answers that is made to answer `wanted`. */
static urn_status reach(urn_status wanted, urn_stream *stream) {
    static float logits[64];
    static int32_t ids[1];
    urn_ctx *ctx = the_plant.ctx, *other;
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    urn_sample_params p = URN_SAMPLE_PARAMS_INIT;
    urn_step bad = urn_top_p(urn_f(2));
    urn_list list = {&bad, 1}, empty = {NULL, 0};
    urn_sampler *sampler = NULL;
    urn_status status = URN_OK;
    params.backend = URN_BACKEND_NONE;
    p.logits = urn_matrix_dense(logits, URN_F32, 1, 64, 0);
    p.ids = ids;
    switch (wanted) {
    case URN_OK:
        return urn_sample(stream, &p);
    case URN_E_NULL:
        return urn_sample(stream, NULL);
    case URN_E_SHAPE:
        return p.logits.cols = 0, urn_sample(stream, &p);
    case URN_E_DTYPE:
        return p.logits.dtype = 7, urn_sample(stream, &p);
    case URN_E_VALUE:
        return p.draws = 0, urn_sample(stream, &p);
    case URN_E_STRUCT:
        return p.struct_size = 3, urn_sample(stream, &p);
    case URN_E_STEP:
        return urn_sampler_create(ctx, &list, 1, &sampler);
    case URN_E_MISMATCH:
        UT_OK(urn_ctx_create(&params, &other));
        UT_OK(urn_sampler_create(other, &empty, 1, &sampler));
        p.sampler = sampler;
        status = urn_sample(stream, &p);
        urn_sampler_destroy(sampler);
        urn_ctx_destroy(other);
        return status;
    case URN_E_BACKEND:
        params.backend = missing_backend();
        if (params.backend != URN_BACKEND_AUTO) return create_ctx(params);
        fprintf(stderr, "skip URN_E_BACKEND: every backend is here\n");
        return URN_E_BACKEND;
    case URN_E_DEVICE:
        return params.device = -1, create_ctx(params);
    case URN_E_CUDA:
        the_plant.next = URN_E_CUDA;
        status = urn_sample(stream, &p);
        the_plant.next = URN_OK;
        return status;
    case URN_E_MEMORY:
        return params.allocator = (urn_allocator){no_allocate, no_release, NULL}, create_ctx(params);
    case URN_E_WORKSPACE:
        return p.logits = urn_matrix_dense(logits, URN_F32, 1, 1 << 22, 0), urn_sample(stream, &p);
    case URN_E_CAPTURE:
        the_plant.capturing = 1;
        status = urn_stream_sync_host(stream);
        the_plant.capturing = 0;
        return status;
    }
    return (urn_status)-1; /* a new status needs a line above */
}

START_TEST(every_status_is_reached) {
    urn_stream *stream;
    plant_open();
    UT_OK(urn_stream_create(the_plant.ctx, urn_sample_workspace(NULL, 1, 64), &stream));
#define REACH(name, value, text)                                                                                       \
    ut_note("%s", #name);                                                                                              \
    UT_IS(reach(name, stream), name);                                                                                  \
    UT_ASSERT(name == URN_OK || urn_last_error()[0], "no detail");
    URN_STATUS_LIST(REACH)
#undef REACH
    urn_stream_destroy(stream);
    plant_close();
}
END_TEST

Suite *unit_api_status_suite(void) {
    Suite *suite = suite_create("unit_api_status");
    TCase *tcase = tcase_create("status");
    tcase_add_test(tcase, every_status_is_reached);
    suite_add_tcase(suite, tcase);
    return suite;
}
