// verify_rows.cu - the laws of all rows of a batch of requests, target's and draft's, at once.
// shapes   target logits [rows, V], a row a node; draft logits [.., V'], a row for every node that has a child
// idea     a team (cluster, or streamed) takes a row through its steps as urn_sample would, and leaves what the walk
//          will ask for: 64 bytes, the own draw, a kept bit an id; values only where steps changed them. Rows behind a
//          rejection are taken as well: nobody knows of it yet, and one launch for all rows hides every latency
// minimum  V * e a row                             this kernel: the same, and V / 8 written (V * 4 more with value
//          steps); V * e again where the walk rejects. Streamed rows: a pass more each, as in sample_full.cu
// bound    as urn_sample's full form: issue slots
// launch   grid rows * sides * cluster, up to 256 threads, shared sample_room; policy of row_plan.h
// bits     as urn_sample's
// tail     rows that no node uses, and nodes that are not present, cost a block that looks and leaves
#include "kernels/verify/verify_rows.h"

#include "kernels/steps/row_plan.h"
#include "kernels/verify/verify_launch.h"

namespace urnd {

template <bool RESIDENT> URN_KERNEL(VerifyPolicy::threads) verify_rows_kernel(URN_ARGS(VerifyArgs) args) {
    take_law<TEAM_CLUSTER, RESIDENT>(args, block_id() / cluster_size());
}

struct RowsKernel {
    void (*kernel)(VerifyArgs);
    size_t (*shared)(uint32_t groups);
};

template <bool RESIDENT> size_t rows_shared(uint32_t groups) {
    Arena arena(false);
    sample_room<TEAM_CLUSTER, Full, RESIDENT, false>(arena, groups);
    return arena.used;
}

int launch_rows(const urnk_device &device, VerifyArgs &args, struct CUstream_st *stream) {
    bool drafts = args.laws[SIDE_DRAFT] != nullptr;
    const urn_matrix &p = args.side[SIDE_TARGET].call.params.logits, &q = args.side[SIDE_DRAFT].call.params.logits;
    int64_t cols = drafts && q.cols > p.cols ? q.cols : p.cols;
    // a slice has room for either side's, whose rows start at different distances from a 16-byte boundary
    int32_t dtype = p.dtype != URN_F32 || (drafts && q.dtype != URN_F32) ? URN_F16 : URN_F32;
    urnk_device by = device;
    if (by.hint.team != TEAM_BLOCK) by.hint.team = TEAM_CLUSTER; // no form for a warp
    auto plan = plan_rows(by, (int64_t)args.rows * (drafts ? 2 : 1), cols, dtype, VerifyPolicy::threads, [](int form) {
        if (form == FORM_STREAMED) return RowsKernel{verify_rows_kernel<false>, rows_shared<false>};
        return RowsKernel{verify_rows_kernel<true>, rows_shared<true>};
    });
    args.side[SIDE_TARGET].groups = args.side[SIDE_DRAFT].groups = plan.groups;
    int error = prepare(plan.kernel.kernel, (size_t)device.shared_per_block);
    if (error) return error;
    return launch(plan.kernel.kernel, plan.shape, stream, args);
}

} // namespace urnd
