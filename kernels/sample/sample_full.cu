// sample_full.cu - the full form of the sample kernel: every step, every draw, every output.
// shapes   as in sample.cu
// idea     as in sample.cu, but the row is held as f32 whatever its dtype, and steps may change its values. Lists of
//          ids scatter marks or values, and one walk looks at K again; keep rules come down to a target in an order or
//          to a predicate (keep_steps.h), so that each walk is in the kernel once. What was given is read again only by
//          ranks and raw outputs of rows whose values have changed
// minimum  as in sample.cu, and what tables and lists hold            this kernel: the same where the row is resident;
//          of what is not held of a streamed row (f32 in the workspace once values change) also these passes:
//            entropy's sum 1 (eta, typical, dynamic temperature); least weights (top-a, epsilon, eta, Mirostat 2) 1;
//            typical 4 to 6; top-n-sigma 4; XTC 3; Mirostat 1 4 to 5, then top-k's; settling 1; a value step 1, and 1
//            to copy the row where it is the first and sparse; links 2 to 40
//          tail-free sorts keys in the workspace, resident or not: 12 words a key through L2, then top-k's passes
// bound    issue slots: loops over a unit's 8 elements are rolled here, about 10 instructions an element more than in
//          sample.cu, for an eighth of the code. No GPU has measured it yet
// launch   by sample.cu; blocks of up to 256 threads, because a block's registers are what steps need
// bits     as in sample.cu; f64 for scalars of rules, on one thread of a block, and for a link's logarithms
// tail     as in sample.cu
// ptxas    5 instantiations, no spill but on warps of sm_80, 20 bytes; registers sm_80 223 to 255, sm_90 153 to 195;
//          before there were crews sm_100 139 to 151, sm_120 144 to 154 (nvcc 13.0, --Ofast-compile=min)
#include "kernels/sample/sample_row.h"

namespace urnd {

SampleKernel full_kernel_of(int form) {
    if (form == FORM_WARP) return sample_kernel_entry<TEAM_WARP, Full, true, false>();
    if (form == FORM_BLOCK) return sample_kernel_entry<TEAM_BLOCK, Full, true, false>();
    if (form == FORM_CLUSTER) return sample_kernel_entry<TEAM_CLUSTER, Full, true, false>();
    if (form == FORM_CREW) return sample_kernel_entry<TEAM_CREW, Full, true, false>();
    return sample_kernel_entry<TEAM_CREW, Full, false, false>();
}

} // namespace urnd
