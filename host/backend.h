/* backend.h - one table a backend: what the checked calls of host/api_*.c forward to. */
#ifndef URN_BACKEND_H
#define URN_BACKEND_H

#include "kernels/launch.h"
#include "urn/urn.h"

/* An operation of a family: `call` is the struct that its row in kernels/launch_<family>.h names. Returns 0 or the
 * runtime's error number. */
typedef int (*urn_family_op)(const urnk_device *device, const void *call, struct CUstream_st *stream);

/* Memory and streams of a device. A stream is the backend's own handle. */
typedef struct urn_backend {
    urn_backend_kind kind;
    urn_status (*available)(void);
    urn_status (*open)(urn_ctx *ctx); /* fill ctx->device and ctx->info */
    void (*close)(urn_ctx *ctx);
    urn_status (*memory_get)(urn_ctx *ctx, urn_memory kind, size_t bytes, void **pointer);
    void (*memory_put)(urn_ctx *ctx, urn_memory kind, void *pointer);
    urn_status (*stream_open)(urn_ctx *ctx, struct CUstream_st **stream);
    void (*stream_close)(urn_ctx *ctx, struct CUstream_st *stream);
    urn_status (*stream_sync)(urn_ctx *ctx, struct CUstream_st *stream);
    urn_status (*stream_capturing)(urn_ctx *ctx, struct CUstream_st *stream, int *capturing);
    urn_status (*copy)(urn_ctx *ctx, struct CUstream_st *stream, void *dst, const void *src, size_t bytes);
    urn_status (*zero)(urn_ctx *ctx, struct CUstream_st *stream, void *dst, size_t bytes);
    /* operations; each one returns what urnk_ and urnc_ functions return, converted */
    urn_status (*sample)(urn_ctx *ctx, struct CUstream_st *stream, const urnk_sample_call *call);
    urn_status (*slots_reset)(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view, const int32_t *slot,
                              int64_t n);
    urn_status (*slots_commit)(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *slot, const int32_t *ids, int64_t ids_stride, const int32_t *accepted,
                               int64_t rows);
    urn_status (*slots_prompt)(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *slot, const int32_t *ids, int64_t size, const int64_t *offsets,
                               int64_t rows);
    urn_status (*slots_mirostat)(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                                 const int32_t *slot, const float *logprob, int64_t stride, const int32_t *accepted,
                                 int64_t rows, float tau, float eta);
    urn_status (*slots_gather)(urn_ctx *ctx, struct CUstream_st *stream, const urn_slots_view *view,
                               const int32_t *ancestors);
    /* the special calls; an entry that is NULL is a call that this backend does not have */
    urn_status (*tiny)(urn_ctx *ctx, struct CUstream_st *stream, const urn_tiny_params *params);
    urn_status (*unmask_choose)(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params);
    urn_status (*unmask_settle)(urn_ctx *ctx, struct CUstream_st *stream, const urn_unmask_params *params);
    urn_status (*shard_first)(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                              urn_shard_message1 *mine);
    urn_status (*shard_second)(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                               const urn_shard_message1 *all, urn_shard_message2 *mine);
    urn_status (*shard_finish)(urn_ctx *ctx, struct CUstream_st *stream, const urn_shard_params *params,
                               const urn_shard_message1 *all1, const urn_shard_message2 *all2);
    urn_status (*reject)(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params);
    urn_status (*reject_round)(urn_ctx *ctx, struct CUstream_st *stream, const urn_reject_params *params,
                               urn_reject_round *rounds);
    /* what runs an operation of a family (backend_family.h) on this device and converts its errors */
    urn_status (*launch)(urn_ctx *ctx, struct CUstream_st *stream, const char *name, urn_family_op op,
                         const void *call);
} urn_backend;

extern const urn_backend urn_backend_cpu, urn_backend_none;
#if URN_WITH_SIMT
extern const urn_backend urn_backend_simt;
#endif
#if URN_WITH_CUDA
extern const urn_backend urn_backend_cuda;
#endif

#endif
