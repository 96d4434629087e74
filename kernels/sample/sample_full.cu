// sample_full.cu - the full form of the sample kernel: every step, every draw, every output.
// shapes   as in sample.cu
// idea     as in sample.cu; the row is held as f32 whatever its dtype, and steps may change its values. Sparse lists
// set
//          marks, which one walk applies; keep rules come down to four walks
// minimum  as in sample.cu, and what tables and lists hold
// launch   by sample.cu
// bits     as in sample.cu; f64 for scalars of rules, on one thread of a block
#include "kernels/sample/sample_row.h"

namespace urnd {

SampleKernel full_kernel_of(int form) {
    if (form == FORM_WARP) return sample_kernel_entry<TEAM_WARP, Full, true, false>();
    if (form == FORM_BLOCK) return sample_kernel_entry<TEAM_BLOCK, Full, true, false>();
    if (form == FORM_CLUSTER) return sample_kernel_entry<TEAM_CLUSTER, Full, true, false>();
    return sample_kernel_entry<TEAM_CLUSTER, Full, false, false>();
}

} // namespace urnd
