/* prog_info.c - `urn info`: what this build can do on this machine. */
#include "host/prog_args.h"
#include "host/prog_device.h"
#include "host/prog_lm.h"

#include <string.h>

#ifndef URN_WITH_CUDA
#define URN_WITH_CUDA 0
#endif
#ifndef URN_WITH_SIMT
#define URN_WITH_SIMT 0
#endif

static const char *yes(int built) { return built ? "yes" : "no"; }

static void print_columns(const urn_ctx_info *i) {
    printf("             rows read once: up to %lld f32, %lld f16 or bf16\n", (long long)i->resident_cols[URN_F32],
           (long long)i->resident_cols[URN_F16]);
}

static void print_backend(urn_backend_kind kind, int64_t ordinal, int64_t threads) {
    prog_device device;
    prog_error error;
    const urn_ctx_info *i = &device.info;
    const urn_status status = urn_backend_available(kind);
    printf("  %-5s", urn_backend_name(kind));
    if (status != URN_OK) {
        printf("not available: %s\n", urn_last_error()[0] ? urn_last_error() : urn_status_text(status));
        return;
    }
    if (prog_device_open(&device, kind, ordinal, threads, &error) != 0) {
        printf("not available: %s\n", error.text);
        prog_device_close(&device);
        return;
    }
    printf("available  %s\n", i->device_name);
    if (kind == URN_BACKEND_CPU) printf("             %d threads, instructions %s\n", i->threads, i->cpu_clone);
    if (kind == URN_BACKEND_SIMT) {
        printf("             the CUDA kernels compiled for the CPU, for development: exact and slow; %d threads\n",
               i->threads);
        print_columns(i);
    }
    if (kind == URN_BACKEND_CUDA) {
        printf("             device %lld, sm_%d, %d multiprocessors, %lld KiB shared memory a block, clusters of %d\n",
               (long long)ordinal, i->compute, i->multiprocessors, (long long)(i->shared_per_block / 1024),
               i->max_cluster);
        print_columns(i);
    }
    prog_device_close(&device);
}

enum { DEVICE, THREADS };

static int run(const prog_values *v) {
    const int version = urn_version();
    printf("urn %d.%d.%d, bits %d", version / 10000, version / 100 % 100, version % 100, urn_bits_version());
    if (version != URN_VERSION || urn_bits_version() != URN_BITS_VERSION)
        printf("  (the program was built with %d.%d.%d, bits %d)", URN_VERSION_MAJOR, URN_VERSION_MINOR,
               URN_VERSION_PATCH, URN_BITS_VERSION);
    printf("\n\nBuilt in:\n  cpu yes, cuda %s, simt %s, generate %s\n", yes(URN_WITH_CUDA), yes(URN_WITH_SIMT),
           yes(URN_WITH_LM));
    if (!URN_WITH_LM) printf("  (generate needs libsphinxbase-dev when the program is built)\n");
    printf("\nBackends:\n");
    print_backend(URN_BACKEND_CPU, 0, v->of[THREADS].number);
    print_backend(URN_BACKEND_CUDA, v->of[DEVICE].number, 0);
    print_backend(URN_BACKEND_SIMT, 0, v->of[THREADS].number);
    printf("  auto chooses %s\n", urn_backend_available(URN_BACKEND_CUDA) == URN_OK ? "cuda" : "cpu");
    printf("\nLimits:\n  rows of up to %lld logits in f32, f16 or bf16; %d steps a list\n", (long long)URN_MAX_COLS,
           URN_MAX_STEPS);
    return PROG_OK;
}

static const prog_option OPTIONS[] = {PROG_OPTION_DEVICE, PROG_OPTION_THREADS};

const prog_command prog_info = {
    "info",
    "versions, what was built, backends and devices",
    "[OPTIONS]",
    "Says what this build of urn can do on this machine: the version of the API and of the output bits (two builds "
    "with "
    "the same bits version give the same bits for the same inputs), which parts were built, and for every backend "
    "whether it can be used and on what, or why not.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    0,
    0,
    NULL,
    "  urn info\n",
    run,
};
