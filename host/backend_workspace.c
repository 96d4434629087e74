/* backend_workspace.c - the larger of what host/cpu and the kernels want. */
#include "host/backend_workspace.h"

#include "host/backend.h"
#include "host/cpu/cpu_calls.h"

size_t urn_backend_sample_workspace(int64_t rows, int64_t cols, int32_t needs) {
    size_t bytes = urnc_sample_workspace(rows, cols, needs);
#if URN_WITH_SIMT || URN_WITH_CUDA
    size_t kernels = urnk_sample_workspace(rows, cols, needs);
    if (bytes < kernels) bytes = kernels;
#endif
    return bytes;
}
