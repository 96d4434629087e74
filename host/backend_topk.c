/* backend_topk.c - the topk family's operations in plain C, their tables and scratch. */
#include "host/backend_topk.h"

#include "host/cpu/cpu_calls_topk.h"

static int cpu_topk(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_call *c = call;
    (void)stream;
    urnc_topk(&c->params, &c->rows, &c->lists, c->state.slots ? &c->state : NULL, c->workspace, c->workspace_bytes,
              device->threads);
    return 0;
}

static int cpu_topk_long_begin(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)device, (void)stream;
    urnc_topk_long_begin(&c->params);
    return 0;
}

static int cpu_topk_long_push(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)stream;
    urnc_topk_long_push(&c->params, c->values, c->type, c->n, c->first, c->workspace, device->threads);
    return 0;
}

static int cpu_topk_long_merge(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)device, (void)stream;
    urnc_topk_long_merge(&c->params, c->other, c->workspace);
    return 0;
}

static int cpu_topk_long_finish(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_long_call *c = call;
    (void)stream;
    urnc_topk_long_finish(&c->params, &c->results, c->workspace, device->threads);
    return 0;
}

static int cpu_topk_segments(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_topk_segments_call *c = call;
    (void)stream;
    urnc_topk_segments(&c->params, c->workspace, c->workspace_bytes, device->threads);
    return 0;
}

static int cpu_fixed(const urnk_device *device, const void *call, struct CUstream_st *stream) {
    const urnk_fixed_call *c = call;
    (void)stream;
    urnc_fixed(&c->params, c->workspace, device->threads);
    return 0;
}

URN_FAMILY_PLAIN(beam_select, urn_beam_select_params)
URN_FAMILY_PLAIN(inclusion, urn_inclusion_params)
URN_FAMILY_PLAIN(permute, urn_permute_params)
URN_FAMILY_PLAIN(bootstrap, urn_bootstrap_params)
URN_FAMILY_PLAIN(field, urn_field_params)

URN_FAMILY_TABLES(topk, URNK_TOPK_OPS)

static size_t larger(size_t plain, size_t kernels) {
#if URN_WITH_SIMT || URN_WITH_CUDA
    return plain > kernels ? plain : kernels;
#else
    (void)kernels;
    return plain;
#endif
}

size_t urn_backend_topk_workspace(int64_t rows, int64_t cols, int32_t k, int32_t needs) {
    return larger(urnc_topk_workspace(rows, cols, k, needs), urnk_topk_workspace(rows, cols, k, needs));
}

size_t urn_backend_topk_long_workspace(int64_t k, int64_t n) {
    return larger(urnc_topk_long_workspace(k, n), urnk_topk_long_workspace(k, n));
}

size_t urn_backend_topk_segments_workspace(int64_t segments, int64_t longest, int64_t k, int64_t out) {
    return larger(urnc_topk_segments_workspace(segments, longest, k, out),
                  urnk_topk_segments_workspace(segments, longest, k, out));
}

size_t urn_backend_fixed_workspace(int64_t rows, int64_t cols) {
    return larger(urnc_fixed_workspace(rows, cols), urnk_fixed_workspace(rows, cols));
}
