/* prog_device.c - opening a backend and converting logits for the program's commands. */
#include "host/prog_device.h"

#include <string.h>

int prog_check(urn_status status, const char *call, prog_error *error) {
    if (status == URN_OK) return 0;
    /* The detail names the argument and what was found; the status's own text is for where there is none. */
    return prog_fail(error, "%s: %s (%s)", call, urn_last_error()[0] ? urn_last_error() : urn_status_text(status),
                     urn_status_name(status));
}

int prog_device_open(prog_device *device, int64_t backend, int64_t ordinal, int64_t threads, prog_error *error) {
    const urn_ctx_info empty = URN_CTX_INFO_INIT;
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    memset(device, 0, sizeof *device);
    device->info = empty;
    params.backend = (int32_t)backend;
    params.device = (int32_t)ordinal;
    params.threads = (int32_t)threads;
    if (prog_check(urn_ctx_create(&params, &device->ctx), urn_backend_name((urn_backend_kind)backend), error))
        return -1;
    if (prog_check(urn_ctx_get_info(device->ctx, &device->info), "urn_ctx_get_info", error)) return -1;
    device->host_memory = device->info.backend == URN_BACKEND_CPU;
    return prog_check(urn_stream_create(device->ctx, 0, &device->stream), "urn_stream_create", error);
}

void prog_device_close(prog_device *device) {
    urn_stream_destroy(device->stream);
    urn_ctx_destroy(device->ctx);
    memset(device, 0, sizeof *device);
}

void prog_device_text(const prog_device *device, char *text, size_t size) {
    const urn_ctx_info *i = &device->info;
    const char *name = urn_backend_name((urn_backend_kind)i->backend);
    if (i->backend == URN_BACKEND_CUDA)
        snprintf(text, size, "%s: %s, sm_%d, %d multiprocessors", name, i->device_name, i->compute, i->multiprocessors);
    else
        snprintf(text, size, "%s: %s%s%s, %d thread%s", name, i->device_name, i->cpu_clone[0] ? ", " : "", i->cpu_clone,
                 i->threads, i->threads == 1 ? "" : "s");
}

static uint16_t bf16_bits(float x) {
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    if ((b & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(b >> 16 | 0x40); /* NaN stays NaN */
    return (uint16_t)((b + 0x7fffu + (b >> 16 & 1)) >> 16);
}

static uint16_t f16_bits(float x) {
    uint32_t b, magnitude, kept, cut, sign;
    int shift;
    memcpy(&b, &x, sizeof b);
    sign = b >> 16 & 0x8000u;
    magnitude = b & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above round to infinity */
    if (magnitude >= 0x38800000u) { /* a normal f16: drop 13 bits, move the exponent from bias 127 to 15 */
        kept = (magnitude >> 13) - (112u << 10);
        cut = magnitude & 0x1fffu;
        shift = 13;
    } else { /* below 2^-14: whole multiples of 2^-24 */
        shift = 126 - (int)(magnitude >> 23);
        if (shift > 24) return (uint16_t)sign;
        kept = ((magnitude & 0x7fffffu) | 0x800000u) >> shift;
        cut = ((magnitude & 0x7fffffu) | 0x800000u) & ((1u << shift) - 1);
    }
    if (cut > 1u << (shift - 1) || (cut == 1u << (shift - 1) && (kept & 1))) kept++;
    return (uint16_t)(sign | kept);
}

void prog_convert(const float *from, int64_t count, urn_dtype dtype, void *to) {
    uint16_t *half = to;
    int64_t i;
    if (dtype == URN_F32)
        memcpy(to, from, (size_t)count * sizeof *from);
    else if (dtype == URN_F16)
        for (i = 0; i < count; i++) half[i] = f16_bits(from[i]);
    else
        for (i = 0; i < count; i++) half[i] = bf16_bits(from[i]);
}
