/* fuzz_sample.c - libFuzzer over urn_sample: bytes become a call (lists, parameters, tables, contexts, shapes, payload
 * bits), which must give the same bytes on cpu and simt, in whatever launch shape the first byte names, and no fault.
 *
 *   cmake --preset fuzz && cmake --build build-fuzz --target fuzz_sample
 *   build-fuzz/fuzz_sample -max_total_time=60 tests/fuzz/corpus
 *
 * A crash leaves its bytes in crash-...; fuzz_sample crash-... runs them again and prints the call. */
#include "kernels/simt/simt_runtime.h"
#include "tests/any_case.h"

enum { SHAPES = 5 };

/* warps, blocks, clusters, streamed clusters, and whatever the launcher chooses */
static const int32_t shapes[SHAPES][4] = {{1, 64, 0, 0}, {2, 96, 0, 0}, {3, 64, 4, 0}, {3, 64, 2, 1}, {0, 0, 0, 0}};

static ut_bed *cpu, *simt[SHAPES];

static ut_bed *open_shape(int shape) {
    urn_ctx_params params = URN_CTX_PARAMS_INIT;
    params.backend = URN_BACKEND_SIMT;
    params.threads = 1;
    params.hint.team = shapes[shape][0];
    params.hint.threads = shapes[shape][1];
    params.hint.cluster = shapes[shape][2];
    params.hint.streamed = shapes[shape][3];
    return ut_open_with(&params);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    ut_outside_check = 1;
    cpu = ut_open(URN_BACKEND_CPU);
    for (int shape = 0; shape < SHAPES; shape++) simt[shape] = open_shape(shape);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const any_limits limits = {3, 400, 0, 0, 0};
    if (size < 1) return 0;
    ut_bed *other = simt[data[0] % SHAPES];
    any_case *c = any_case_from_bytes(data + 1, size - 1, &limits);
    ut_draws *a = ut_sample_all(cpu, &c->job), *b = ut_sample_all(other, &c->job);
    if (simt_fault_count()) {
        any_case_print(c, stderr);
        ut_fail(__FILE__, __LINE__, "shape %d: %s", data[0] % SHAPES, simt_first_fault());
    }
    any_check(c, a, b, "cpu and simt");
    ut_draws_free(a);
    ut_draws_free(b);
    any_case_free(c);
    return 0;
}
