/* capture.c - stream capture: the SIMT layer's, and CUDA's where this build has it. */
#include "tests/parity/capture.h"

#if URN_WITH_SIMT
#include "kernels/simt/simt_runtime.h"
#endif
#if URN_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

#define GOOD(call) UT_ASSERT((call) == 0, "%s failed", #call)

static void open_native(capture_bed *c, urn_backend_kind kind) {
    (void)kind;
#if URN_WITH_SIMT
    if (kind == URN_BACKEND_SIMT) GOOD(simt_stream_create(&c->native));
#endif
#if URN_WITH_CUDA
    if (kind == URN_BACKEND_CUDA) GOOD(cudaStreamCreateWithFlags(&c->native, cudaStreamNonBlocking));
#endif
}

capture_bed *capture_open(urn_backend_kind kind) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = kind;
    params.threads = kind == URN_BACKEND_SIMT ? 2 : 0;
    return capture_open_with(&params);
}

capture_bed *capture_open_with(const urn_ctx_params *params) {
    urn_backend_kind kind = (urn_backend_kind)params->backend;
    if ((kind != URN_BACKEND_SIMT && kind != URN_BACKEND_CUDA) || !ut_has_backend(kind)) return NULL;
    capture_bed *c = (capture_bed *)ut_malloc(sizeof *c);
    memset(c, 0, sizeof *c);
    c->owner = ut_open_with(params);
    open_native(c, kind);
    c->bed = *c->owner;
    c->bed.arrays = NULL;
    c->bed.count = c->bed.capacity = 0;
    UT_OK(urn_stream_wrap(c->owner->ctx, c->native, 0, &c->bed.stream));
    return c;
}

void capture_begin(capture_bed *c) {
#if URN_WITH_SIMT
    if (c->bed.kind == URN_BACKEND_SIMT) GOOD(simt_capture_begin(c->native));
#endif
#if URN_WITH_CUDA
    if (c->bed.kind == URN_BACKEND_CUDA) GOOD(cudaStreamBeginCapture(c->native, cudaStreamCaptureModeGlobal));
#endif
}

void capture_end(capture_bed *c) {
#if URN_WITH_SIMT
    if (c->bed.kind == URN_BACKEND_SIMT) {
        simt_graph *graph = NULL;
        GOOD(simt_capture_end(c->native, &graph));
        c->graph = graph;
    }
#endif
#if URN_WITH_CUDA
    if (c->bed.kind == URN_BACKEND_CUDA) {
        cudaGraph_t graph;
        cudaGraphExec_t made;
        GOOD(cudaStreamEndCapture(c->native, &graph));
        GOOD(cudaGraphInstantiate(&made, graph, 0));
        GOOD(cudaGraphDestroy(graph));
        c->graph = made;
    }
#endif
}

void capture_launch(capture_bed *c) {
#if URN_WITH_SIMT
    if (c->bed.kind == URN_BACKEND_SIMT) GOOD(simt_graph_launch((simt_graph *)c->graph, c->native));
#endif
#if URN_WITH_CUDA
    if (c->bed.kind == URN_BACKEND_CUDA) GOOD(cudaGraphLaunch((cudaGraphExec_t)c->graph, c->native));
#endif
    UT_OK(urn_stream_sync_host(c->bed.stream));
}

void capture_close(capture_bed *c) {
    ut_clear(&c->bed);
    urn_stream_destroy(c->bed.stream);
#if URN_WITH_SIMT
    if (c->bed.kind == URN_BACKEND_SIMT) {
        if (c->graph) GOOD(simt_graph_destroy((simt_graph *)c->graph));
        GOOD(simt_stream_destroy(c->native));
    }
#endif
#if URN_WITH_CUDA
    if (c->bed.kind == URN_BACKEND_CUDA) {
        if (c->graph) GOOD(cudaGraphExecDestroy((cudaGraphExec_t)c->graph));
        GOOD(cudaStreamDestroy(c->native));
    }
#endif
    ut_close(c->owner);
    free(c->bed.arrays);
    free(c);
}
