// verify_launch.h - what the launches of verification share: their policy, and the one that takes rows.
#ifndef URN_VERIFY_LAUNCH_H
#define URN_VERIFY_LAUNCH_H

#include "kernels/verify/verify_args.h"

namespace urnd {

struct VerifyPolicy {
    enum { threads = 256 }; // of plan and walk, and most of a row's; guess
};

// Hands out the workspace, 256 bytes at least apart.
struct WorkCut {
    uint8_t *at;
    void *take(size_t bytes) {
        uint8_t *here = at;
        at += (bytes + 255) & ~(size_t)255;
        return here;
    }
};

// One side's rows: what their steps are told. The share of a row is found by the number of its node.
inline SampleArgs side_args(const urn_slots_view &state, const urn_sample_params &params, const urn_lists_view &lists,
                            bool probs, WorkCut &work, int64_t rows) {
    SampleArgs side = {};
    side.call.params = params;
    side.call.lists = lists;
    side.call.state = state;
    if (probs) side.call.lists.needs |= URN_NEEDS_FULL;
    side.work_groups = urnk_work_groups(params.logits.cols);
    side.work_bytes = urnk_work_bytes(side.call.lists.needs);
    size_t bytes = (size_t)rows * side.work_groups * side.work_bytes;
    side.call.workspace = work.take(bytes);
    side.call.workspace_bytes = bytes;
    return side;
}

// verify_rows.cu. args.side[..].groups are filled in for the launch.
int launch_rows(const urnk_device &device, VerifyArgs &args, struct CUstream_st *stream);

} // namespace urnd

#endif
