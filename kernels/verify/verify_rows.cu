// verify_rows.cu - the laws of all rows of a batch of requests, target's and draft's, at once.
// shapes   target logits [rows, V], a row a node; draft logits [.., V'], a row for every node that has a child
// idea     a team (cluster, or streamed) takes a row through its steps as urn_sample would, and leaves what the walk
//          will ask for: 64 bytes, the own draw, a kept bit an id; values only where steps changed them. Rows behind a
//          rejection are taken as well: nobody knows of it yet, and one launch for all rows hides every latency
// minimum  V * e a row                             this kernel: the same, and V / 8 written (V * 4 more with value
//          steps); V * e again where the walk rejects. Streamed rows: a pass more each, as in sample_full.cu
// bound    as urn_sample's full form: issue slots
// launch   grid rows * sides * cluster, up to 256 threads, shared sample_room; policy below
// bits     as urn_sample's
// tail     rows that no node uses, and nodes that are not present, cost a block that looks and leaves
// ptxas    2 instantiations, no stack frame, no spill but 12 bytes on sm_80: sm_90 144 and 153 registers (nvcc 13.0,
//          --Ofast-compile=min)
#include "kernels/verify/verify_rows.h"

#include "kernels/verify/verify_launch.h"

namespace urnd {

template <bool RESIDENT> URN_KERNEL(VerifyPolicy::threads) verify_rows_kernel(URN_ARGS(VerifyArgs) args) {
    take_law<TEAM_CLUSTER, RESIDENT>(args, block_id() / cluster_size());
}

template <bool RESIDENT> size_t rows_shared(uint32_t groups) {
    Arena arena(false);
    sample_room<TEAM_CLUSTER, Full, RESIDENT, false>(arena, groups);
    return arena.used;
}

// The smallest cluster that holds a row, and twice that as long as multiprocessors would stand idle; streamed where
// none does. groups: of the longest row.
inline Shape rows_shape(const urnk_device &d, int64_t rows, uint32_t all, uint32_t &groups) {
    const size_t limit = (size_t)d.shared_per_block;
    const urn_launch_hint &hint = d.hint;
    uint32_t most = d.max_cluster > 1 ? (uint32_t)d.max_cluster : 1, cluster = 1;
    auto slice = [&](uint32_t n) { return (all + n - 1) / n; };
    auto fits = [&](uint32_t n) { return slice(n) <= FOLD && rows_shared<true>(slice(n)) <= limit; };
    while (cluster < most && cluster * 2 <= (uint32_t)(hint.cluster > 0 ? hint.cluster : 1)) cluster *= 2;
    while (cluster < most && !fits(cluster)) cluster *= 2;
    bool idle = hint.cluster <= 0 && hint.team != TEAM_BLOCK;
    while (idle && cluster < most && slice(cluster) > 16 && rows * cluster * 2 <= d.multiprocessors) cluster *= 2;
    while (cluster > 1 && rows > (int64_t)(0x7fffffff / cluster)) cluster /= 2; // the grid's first dimension
    groups = hint.streamed || !fits(cluster) ? 0 : slice(cluster);
    uint32_t threads = hint.threads > 0 ? (uint32_t)hint.threads / 32 * 32 : +VerifyPolicy::threads;
    threads = min_of(max_of(threads, 32), VerifyPolicy::threads);
    Shape shape = {};
    shape.grid = (uint32_t)rows * cluster, shape.threads = threads, shape.cluster = cluster;
    shape.shared = groups ? rows_shared<true>(groups) : rows_shared<false>(0);
    return shape;
}

int launch_rows(const urnk_device &device, VerifyArgs &args, struct CUstream_st *stream) {
    bool drafts = args.laws[SIDE_DRAFT] != nullptr;
    const urn_matrix &p = args.side[SIDE_TARGET].call.params.logits, &q = args.side[SIDE_DRAFT].call.params.logits;
    int64_t cols = drafts && q.cols > p.cols ? q.cols : p.cols;
    // rows of 16-bit logits start further past a 16-byte boundary
    bool wide = p.dtype == URN_F32 && (!drafts || q.dtype == URN_F32);
    uint32_t groups = 0;
    Shape shape = rows_shape(device, (int64_t)args.rows * (drafts ? 2 : 1), row_groups(cols, wide ? 4 : 2), groups);
    args.side[SIDE_TARGET].groups = args.side[SIDE_DRAFT].groups = groups;
    auto kernel = groups ? verify_rows_kernel<true> : verify_rows_kernel<false>;
    int error = prepare(kernel, (size_t)device.shared_per_block);
    return error ? error : launch(kernel, shape, stream, args);
}

} // namespace urnd
