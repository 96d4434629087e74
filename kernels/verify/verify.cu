// verify.cu - verify drafts of every request, chains or trees: urn_verify and urn_verify_tree. Here: the walk.
// shapes   a request: nodes to 1,024, of which a path of depth + 1 ids comes out; V = columns, to 2^22
// idea     rows first, all of a batch at once (verify_rows.cu): a row's law is 64 bytes, a kept bit an id, and its own
//          draw. Then a team (a block, or the blocks of a cluster) walks each request: acceptance looks at single ids;
//          a rejection takes both laws' weights again from the rows as given. What a round makes of P_i is a function
//          of P_i, Q_i and 24 bytes of the round, so no residual is stored, and P after k rounds costs k steps an id
// minimum  both rows of a node that rejects, once       this kernel: RECURSIVE, MULTISTEP, TRAVERSAL: once a rejection,
//          and 1/256 of a slice for the draw; KSEQ: 11 + log2 k times; IMPORTANCE: 9 times a challenger, once at the
//          end; an accepted node: some 100 bytes. Kept bits besides: V / 8 each time, of each row; a map: 4 V
// bound    latency of a few loads a node while drafts are accepted; a rejection: issue slots, about 60 instructions an
// id
//          and 25 more a round. No GPU has measured it
// launch   chain: rows, walk. Tree: plan (a block a request), rows, walk. Walk: grid requests * cluster, 256 threads;
//          clusters as long as multiprocessors would stand idle; shared 10 KB, 64 KB for 1,024 nodes of TRAVERSAL
// bits     integers; f64 for log-probabilities and TYPICAL's scores, by one thread each
// tail     ids past a row's end weigh nothing; segments of 32 ids
// ptxas    plan: sm_90 20 registers. walk: 254, and 3.3 KB of stack for laws that calls hand on; calls of it that loop
//          spill 8 to 56 bytes (nvcc 13.0, --Ofast-compile=min)
#include "kernels/verify/plan_tree.h"
#include "kernels/verify/verify_launch.h"
#include "kernels/verify/walk_request.h"

namespace urnd {

URN_KERNEL(VerifyPolicy::threads) verify_plan_kernel(URN_ARGS(VerifyArgs) args) {
    Arena arena(true);
    PlanRoom room = plan_room(arena, (size_t)args.call.params.nodes);
    plan_tree(args, room, block_id());
}

URN_KERNEL(VerifyPolicy::threads) verify_walk_kernel(URN_ARGS(VerifyArgs) args) {
    verify_request<TEAM_CLUSTER>(args, block_id() / cluster_size());
}

// launching

inline VerifyArgs verify_args(const urnk_verify_call &call) {
    const urn_verify_params &p = call.params;
    bool drafts = call.has_draft && reads_drafts(p.verifier), tree = call.tree.parent || call.tree.first_child;
    int64_t rows = call.target.logits.rows;
    WorkCut work = {(uint8_t *)call.workspace};
    VerifyArgs args = {};
    args.call = call;
    args.laws[SIDE_TARGET] = (LawHead *)work.take((size_t)rows * sizeof(LawHead));
    args.own = (int32_t *)work.take((size_t)rows * 4);
    if (drafts) args.laws[SIDE_DRAFT] = (LawHead *)work.take((size_t)rows * sizeof(LawHead));
    if (tree) args.plan = (PlanNode *)work.take((size_t)rows * sizeof(PlanNode));
    if (tree) args.path = (int32_t *)work.take((size_t)rows * (size_t)p.depth * 4);
    args.side[SIDE_TARGET] =
        side_args(call.state, call.target, call.target_lists, p.target_rows == URN_ROWS_PROBS, work, rows);
    if (drafts)
        args.side[SIDE_DRAFT] =
            side_args(call.state, call.draft, call.draft_lists, p.draft_rows == URN_ROWS_PROBS, work, rows);
    args.rows = (uint32_t)(p.node_offsets ? rows : p.requests * p.nodes);
    return args;
}

inline int launch_walk(const urnk_device &device, const VerifyArgs &args, struct CUstream_st *stream) {
    const int64_t requests = args.call.params.requests;
    Arena arena(false);
    walk_room<TEAM_CLUSTER>(arena, args.call.params);
    uint32_t most = device.max_cluster > 1 ? min_of((uint32_t)device.max_cluster, 8) : 1, cluster = 1;
    while (cluster < most && requests * cluster * 2 <= device.multiprocessors) cluster *= 2;
    if (device.hint.cluster > 0)
        for (cluster = 1; cluster * 2 <= (uint32_t)device.hint.cluster && cluster < most;) cluster *= 2;
    uint32_t threads = device.hint.threads > 0 ? (uint32_t)device.hint.threads / 32 * 32 : +VerifyPolicy::threads;
    threads = min_of(max_of(threads, 32), VerifyPolicy::threads);
    int error = prepare(verify_walk_kernel, (size_t)device.shared_per_block);
    if (error) return error;
    return launch(verify_walk_kernel, {(uint32_t)requests * cluster, threads, cluster, arena.used}, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(verify)(const urnk_device *device, const urnk_verify_call *call, struct CUstream_st *stream) {
    using namespace urnd;
    if (call->params.requests == 0) return 0;
    set_launch_options(device);
    VerifyArgs args = verify_args(*call);
    if (args.plan) {
        Arena arena(false);
        plan_room(arena, (size_t)call->params.nodes);
        int error = launch(verify_plan_kernel, {(uint32_t)call->params.requests, VerifyPolicy::threads, 1, arena.used},
                           stream, args);
        if (error) return error;
    }
    int error = launch_rows(*device, args, stream);
    if (error) return error;
    return launch_walk(*device, args, stream);
}
