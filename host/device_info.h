/* device_info.h - what a kernel backend's _open found, as urn_ctx_info tells it. */
#ifndef URN_DEVICE_INFO_H
#define URN_DEVICE_INFO_H

#include <string.h>

#include "host/handles.h"

static inline void urn_fill_device_info(urn_ctx *ctx) {
    ctx->info.compute = ctx->device.compute;
    ctx->info.multiprocessors = ctx->device.multiprocessors;
    ctx->info.max_cluster = ctx->device.max_cluster;
    ctx->info.shared_per_block = ctx->device.shared_per_block;
    memcpy(ctx->info.resident_cols, ctx->device.resident_cols, sizeof ctx->info.resident_cols);
}

#endif
