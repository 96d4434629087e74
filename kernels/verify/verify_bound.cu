// verify_bound.cu - the best acceptance that any verifier can have: urn_verify_bound.
// shapes   rows of the target's and the draft's laws, pair by pair; V = columns
// idea     rows first (verify_rows.cu); then a block a pair adds up four sums by q / p in 4,097 bins of the workspace
// and
//          looks for the bin after which the drafts' chance of falling into the bins so far lacks most
// minimum  both rows twice (laws, then weights)      this kernel: the same, kept bits, 32 bytes of bins an id through
// L2 bound    64-bit atomics into a row's 131 KB of bins, in L2 launch   rows; then grid rows, block 256, shared 5 KB
// bits     integers by bin; f64 where the contract says so, one rounded operation after another
// tail     ids past a row's end weigh nothing
// ptxas    no spill, 608 bytes of stack: sm_90 148 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/verify/verify_launch.h"
#include "kernels/verify/walk.h"

namespace urnd {

struct BoundArgs {
    VerifyArgs v;
    urn_verify_bound_params p;
    unsigned long long *bins; // [rows, URN_VERIFY_BINS, 4] P, q, u, u h
};

enum { BOUND_SUMS = 4 };

URN_DEVICE uint32_t ratio_bin(uint64_t p, uint64_t q) {
    if (p == 0) return 0;
    uint32_t bits = f32_bits((float)((double)q / (double)p));
    int32_t e = (int32_t)(bits >> 23) - 127, m = (int32_t)(bits >> 17 & 63);
    if (e < -32) e = -32, m = 0;
    if (e > 31) e = 31, m = 63;
    return (uint32_t)(1 + (31 - e) * 64 + (63 - m));
}

// F of the contract.
URN_DEVICE double bound_chance(const urn_verify_bound_params &p, double h, double u, double v) {
    if (!p.replacement && p.drafts == 2) {
        double all = h * u;
        return all - v;
    }
    double chance = h;
    URN_ROLLED
    for (int32_t j = 1; j < p.drafts; j++) chance = chance * h;
    return chance;
}

URN_KERNEL(VerifyPolicy::threads) verify_bound_kernel(URN_ARGS(BoundArgs) args) {
    const VerifyArgs &v = args.v;
    const int64_t rows = rows_of(v, SIDE_TARGET).logits.rows, b = block_id();
    Arena arena(true);
    WalkRoom room = walk_room<TEAM_BLOCK>(arena, v.call.params);
    Walk<TEAM_BLOCK> w = {
        v, room, team_here<TEAM_BLOCK>(room.team), request_here(v, b, true), 0, 0, 0, {{0, 0, 0}, 0, 0}, false};
    int32_t status = w.r.status;
    if (status == 0) {
        status = w.target(0).status;
        if (status == 0 && law_row(v, SIDE_DRAFT, b, 0).status) status = URN_ROW_DRAFT;
    }
    float bound = bits_f32(URN_NAN_BITS), overlap = bound;
    if (status == 0) {
        NodeLaw law = node_law(w, 0, w.target(0), true);
        Global<unsigned long long> bins(args.bins + b * (URN_VERIFY_BINS * BOUND_SUMS), URN_VERIFY_BINS * BOUND_SUMS,
                                        TAG_WORKSPACE);
        URN_ROLLED
        for (uint32_t i = thread_id(); i < URN_VERIFY_BINS * BOUND_SUMS; i += block_threads()) bins.store(i, 0);
        block_sync();
        const double total = (double)law.total_p;
        Tally least = {0, 0, 0};
        URN_ROLLED
        for (uint32_t id = thread_id(); id < law.p.cols; id += block_threads()) {
            uint64_t weight, p_i = law.folded(id, weight), q_i = law.q_of(weight);
            least.sum += p_i < q_i ? p_i : q_i;
            if (q_i == 0) continue;
            double h = (double)q_i / total, most = 1.0 - 0x1p-20;
            h = h > most ? most : h;
            double u = h / (1.0 - h);
            int64_t at = (int64_t)ratio_bin(p_i, q_i) * BOUND_SUMS;
            bins.add(at, p_i), bins.add(at + 1, q_i);
            bins.add(at + 2, (unsigned long long)(u * 0x1p40));
            bins.add(at + 3, (unsigned long long)(u * h * 0x1p40));
        }
        overlap = (float)((double)team_tally(w.team, least).all.sum / total);
        // a thread has a run of bins: sums before it, then one after the other
        uint32_t each = (URN_VERIFY_BINS + w.team.threads - 1) / w.team.threads;
        uint32_t from = min_of(thread_id() * each, URN_VERIFY_BINS), until = min_of(from + each, URN_VERIFY_BINS);
        uint64_t sum[BOUND_SUMS];
        URN_UNROLL
        for (uint32_t k = 0; k < BOUND_SUMS; k++) {
            uint64_t mine = 0;
            URN_ROLLED
            for (uint32_t i = from; i < until; i++) mine += bins.load((int64_t)i * BOUND_SUMS + k);
            sum[k] = block_before(w.team, mine);
        }
        double lacks = 0.0;
        URN_ROLLED
        for (uint32_t i = from; i < until; i++) {
            URN_UNROLL
            for (uint32_t k = 0; k < BOUND_SUMS; k++) sum[k] += bins.load((int64_t)i * BOUND_SUMS + k);
            double p = (double)sum[0] / total, h = (double)sum[1] / total;
            h = h > 1.0 ? 1.0 : h;
            double gap = p - bound_chance(args.p, h, (double)sum[2] * 0x1p-40, (double)sum[3] * 0x1p-40);
            lacks = gap < lacks ? gap : lacks;
        }
        // of numbers not above 0 the one with the largest magnitude, whose bits are ordered
        uint64_t most = team_reduce<PickBest>(w.team, Tally{f64_bits(-lacks) & ~(UINT64_C(1) << 63), 0, 0}).all.sum;
        double best = 1.0 - bits_f64(most);
        bound = (float)(best > 1.0 ? 1.0 : best);
    }
    if (thread_id() != 0) return;
    if (args.p.bound) Global<float>(args.p.bound, rows, TAG_OUT).store(b, bound);
    if (args.p.overlap) Global<float>(args.p.overlap, rows, TAG_OUT).store(b, overlap);
    if (args.p.status) Global<int32_t>(args.p.status, rows, TAG_OUT).store(b, status);
}

} // namespace urnd

extern "C" int URN_SIDE(verify_bound)(const urnk_device *device, const urnk_verify_bound_call *call,
                                      struct CUstream_st *stream) {
    using namespace urnd;
    const int64_t rows = call->target.logits.rows;
    if (rows == 0) return 0;
    set_launch_options(device);
    WorkCut work = {(uint8_t *)call->workspace};
    BoundArgs args = {};
    VerifyArgs &v = args.v;
    args.p = call->params;
    v.call.params = {};
    v.call.params.verifier = URN_VERIFY_RECURSIVE;
    v.call.params.requests = rows;
    v.call.params.nodes = 1;
    v.call.params.target_rows = call->params.target_rows;
    v.call.params.draft_rows = call->params.draft_rows;
    v.call.params.draft_of = call->params.draft_of;
    v.call.has_draft = 1;
    v.pairs = true;
    v.rows = (uint32_t)rows;
    v.laws[SIDE_TARGET] = (LawHead *)work.take((size_t)rows * sizeof(LawHead));
    v.laws[SIDE_DRAFT] = (LawHead *)work.take((size_t)rows * sizeof(LawHead));
    args.bins = (unsigned long long *)work.take((size_t)rows * URN_VERIFY_BINS * BOUND_SUMS * 8);
    v.side[SIDE_TARGET] = side_args(call->state, call->target, call->target_lists,
                                    call->params.target_rows == URN_ROWS_PROBS, work, rows);
    v.side[SIDE_DRAFT] =
        side_args(call->state, call->draft, call->draft_lists, call->params.draft_rows == URN_ROWS_PROBS, work, rows);
    int error = launch_rows(*device, v, stream);
    if (error) return error;
    Arena arena(false);
    walk_room<TEAM_BLOCK>(arena, v.call.params);
    Shape shape = {};
    shape.grid = (uint32_t)rows, shape.threads = VerifyPolicy::threads, shape.cluster = 1, shape.shared = arena.used;
    return launch(verify_bound_kernel, shape, stream, args);
}
