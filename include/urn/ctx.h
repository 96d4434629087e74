/* ctx.h - a device and its backend. Immutable after creation; any number of threads may share one. */
#ifndef URN_CTX_H
#define URN_CTX_H

#include "urn/status.h"
#include "urn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct urn_ctx urn_ctx;

/* Where calls run. SIMT compiles the CUDA kernels for the CPU (development builds); NONE checks and plans every
 * call and runs no kernel, which measures the host's own cost; its copies are made. AUTO is CUDA where a device
 * answers, else CPU. */
typedef enum urn_backend_kind {
    URN_BACKEND_AUTO = 0,
    URN_BACKEND_CPU = 1,
    URN_BACKEND_CUDA = 2,
    URN_BACKEND_SIMT = 3,
    URN_BACKEND_NONE = 4
} urn_backend_kind;

/* urn_backend_name - "auto", "cpu", "cuda", "simt", "none"; "unknown" otherwise. Never NULL. */
URN_API const char *urn_backend_name(urn_backend_kind kind);

/* A launch shape, for tests and tuning. Zero members mean "choose". What does not fit the device or the row is
 * replaced by the nearest that does. No value changes a bit of any output. Ignored by cpu. */
typedef struct urn_launch_hint {
    int32_t team;     /* who holds a row: 1 a warp, 2 a block, 3 a cluster, 4 a crew: blocks that meet in memory */
    int32_t threads;  /* threads of a block, a multiple of 32 up to 512 */
    int32_t cluster;  /* blocks of a cluster or crew, a power of two up to 16 */
    int32_t streamed; /* 1: read (half of) rows past 1,024 ids again at every pass, as rows too long to hold are */
} urn_launch_hint;

/* Host memory for the library's own objects. Both NULL: malloc and free. allocate returns memory aligned for any
 * type, or NULL. Device memory of the cpu backend comes from here too (simt has its own, with red zones); pinned memory
 * does where it is plain host memory. Called from any thread. */
typedef struct urn_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *pointer);
    void *user;
} urn_allocator;

typedef struct urn_ctx_params {
    uint32_t struct_size;
    int32_t backend;      /* urn_backend_kind */
    int32_t device;       /* CUDA ordinal */
    int32_t threads;      /* cpu, simt: most threads a call may use, to 4096; 0 all cores, 1 only the caller's */
    int32_t lane_order;   /* simt: 0 forward, 1 backward, 2 shuffled: results do not depend on it */
    int32_t simt_shared;  /* simt: shared memory of a block in bytes, from 4096; 0: 232448, as on sm_90, the most */
    urn_launch_hint hint;
    urn_allocator allocator;
} urn_ctx_params;

#define URN_CTX_PARAMS_INIT { (uint32_t)sizeof(urn_ctx_params), 0, 0, 0, 0, 0, { 0, 0, 0, 0 }, { NULL, NULL, NULL } }

/* urn_ctx_create - open a backend on a device, load every kernel, ask the device what fits.
 *
 *  in    params  NULL means URN_CTX_PARAMS_INIT
 *  out   ctx     the new context; NULL when the call fails
 *
 *  sync    may wait for the device; not capturable
 *  returns URN_OK | URN_E_NULL (ctx) | URN_E_STRUCT | URN_E_VALUE (threads, lane_order, simt_shared, hint, backend,
 *          one of allocate and release NULL)
 *          | URN_E_BACKEND (not built, or no driver: the text says which) | URN_E_DEVICE (cuda: no such
 *          ordinal; everywhere: a negative one) | URN_E_CUDA | URN_E_MEMORY */
URN_API urn_status urn_ctx_create(const urn_ctx_params *params, urn_ctx **ctx);

/* urn_ctx_destroy - free the context. Its streams, buffers, slots and samplers must be gone first. NULL is fine. */
URN_API void urn_ctx_destroy(urn_ctx *ctx);

/* What a context runs on. Strings live as long as the context. */
typedef struct urn_ctx_info {
    uint32_t struct_size;
    int32_t backend;          /* urn_backend_kind, never AUTO */
    char device_name[128];    /* "NVIDIA H200", the CPU's model name, ... */
    int32_t threads;          /* cpu, simt: threads a call may use */
    int32_t compute;          /* cuda: 10 * major + minor of the compute capability */
    int32_t multiprocessors;  /* cuda */
    int32_t max_cluster;      /* blocks of the largest cluster that fits; 1 where there are none */
    int64_t shared_per_block; /* bytes a block may use */
    int64_t resident_cols[3]; /* longest row read once, by dtype (urn_dtype) */
    char cpu_clone[32];       /* cpu: instruction set of the clone that runs: "x86-64-v4", "x86-64-v3", "default" */
} urn_ctx_info;

#define URN_CTX_INFO_INIT { (uint32_t)sizeof(urn_ctx_info), 0, { 0 }, 0, 0, 0, 0, 0, { 0, 0, 0 }, { 0 } }

/* urn_ctx_get_info - fill `info` (from its _INIT). returns URN_OK | URN_E_NULL | URN_E_STRUCT. */
URN_API urn_status urn_ctx_get_info(const urn_ctx *ctx, urn_ctx_info *info);

/* urn_backend_available - can urn_ctx_create open this backend here? URN_OK, or the status it would return, with
 * the reason in urn_last_error(). */
URN_API urn_status urn_backend_available(urn_backend_kind kind);

#ifdef __cplusplus
}
#endif

#endif
