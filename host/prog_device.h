/* prog_device.h - what every command does with liburn: open a backend, move arrays, turn a status into words. */
#ifndef PROG_DEVICE_H
#define PROG_DEVICE_H

#include "host/prog_npy.h"
#include "urn/urn.h"

/* Option rows that commands share. The choice's index is the urn_backend_kind. */
#define PROG_BACKENDS "auto|cpu|cuda|simt"
#define PROG_OPTION_BACKEND                                                                                            \
    {                                                                                                                  \
        "backend", 0, PROG_CHOICE, "NAME", "auto", 0, 0, PROG_BACKENDS,                                                \
            "where it runs; auto is cuda where a GPU answers, else cpu. The results are the same bits on each"         \
    }
#define PROG_OPTION_DEVICE                                                                                             \
    { "device", 0, PROG_INT, "N", "0", 0, 1023, NULL, "which GPU, for cuda" }
#define PROG_OPTION_THREADS                                                                                            \
    { "threads", 0, PROG_INT, "N", "0", 0, 4096, NULL, "most CPU threads of a call, for cpu and simt; 0 is all cores" }
#define PROG_OPTION_SEED                                                                                               \
    { "seed", 's', PROG_U64, "N", "0", 0, 0, NULL, "the random seed; the same seed gives the same ids" }

/* A context and one stream. */
typedef struct prog_device {
    urn_ctx *ctx;
    urn_stream *stream;
    urn_ctx_info info;
    int host_memory; /* 1: kernels read host arrays as they are, so inputs need no copy */
} prog_device;

/* prog_device_open - returns 0, or -1 with error. prog_device_close - also after a failed open. */
int prog_device_open(prog_device *device, int64_t backend, int64_t ordinal, int64_t threads, prog_error *error);
void prog_device_close(prog_device *device);

/* prog_device_text - "cpu: AMD EPYC, x86-64-v4, 2 threads" into text. */
void prog_device_text(const prog_device *device, char *text, size_t size);

/* prog_check - 0 for URN_OK, else -1 with an error of the call's name, the status and the library's detail. */
int prog_check(urn_status status, const char *call, prog_error *error);

/* f32 to f16 or bf16, to nearest even; f32 is copied. */
void prog_convert(const float *from, int64_t count, urn_dtype dtype, void *to);

#endif
