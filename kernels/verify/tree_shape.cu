// tree_shape.cu - shapes of draft trees and what a server does with paths: urn_tree_shape, urn_tree_compact,
// urn_recycle_draft, urn_recycle_update, urn_draft_invert.
// shapes   trees of up to 1,024 nodes, a request each; paths [requests, depth + 1]; a matrix [cols, k] of likely ids
// idea     shape, recycle: a block a request, level by level in shared memory. compact: one block goes over all
// requests
//          256 at a time, with a running sum. update, invert: the last row, or least j, of an id by an atomic maximum
// minimum  every array once                        this kernel: the same; recycle's rows of k again for each sibling
// bound    latency: microseconds at the sizes of a batch
// launch   shape, draft: grid requests; compact: one block; update, invert: a clear, then two grids over rows
// bits     integers; maxima have no order
// tail     rows of requests with bad offsets are left alone
// ptxas    7 kernels, no spill, no stack frame: sm_90 14 to 32 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/verify/plan_tree.h"
#include "kernels/verify/verify_launch.h"

namespace urnd {

struct ShapeArgs {
    urn_tree_shape_params p;
};

URN_KERNEL(VerifyPolicy::threads) tree_shape_kernel(URN_ARGS(ShapeArgs) args) {
    const urn_tree_shape_params &p = args.p;
    Arena arena(true);
    PlanRoom room = plan_room(arena, (size_t)p.nodes);
    const int64_t b = block_id();
    bool sound = offsets_hold(p.node_offsets, p.requests, room.team, b);
    block_sync(); // the room of its tally
    RequestRows at = request_rows(p.node_offsets, p.requests, p.nodes, p.rows, b, sound);
    if (!at.good) return;
    int64_t count = at.count;
    if (p.node_count) {
        int32_t most = Global<const int32_t>(p.node_count, p.requests, TAG_INDEX).load(b);
        count = count < most ? count : most;
    }
    count = count < 0 ? 0 : count;
    if (count > 0) read_tree(room, p.tree, p.tokens, p.rows, at.first, (int32_t)count, p.depth, p.distinct != 0);
    uint32_t root = p.position ? Global<const uint32_t>(p.position, p.requests, TAG_INDEX).load(b) : p.position_value;
    Global<int32_t> parent(p.parent, p.rows, TAG_OUT), first(p.first_child, p.rows, TAG_OUT),
        next(p.next_sibling, p.rows, TAG_OUT), depth(p.node_depth, p.rows, TAG_OUT);
    Global<uint32_t> position(p.node_position, p.rows, TAG_OUT), mask(p.mask, p.rows * p.mask_stride, TAG_OUT);
    const int32_t words = (p.nodes + 31) / 32;
    URN_ROLLED
    for (int32_t c = (int32_t)thread_id(); c < at.count; c += (int32_t)block_threads()) {
        PlanNode node = {-1, -1, -1, -1};
        if (c < count) node = plan_node(room, (int32_t)count, c);
        bool there = node.depth >= 0;
        int64_t t = at.first + c;
        if (!parent.null()) parent.store(t, there ? node.parent : -1);
        if (!first.null()) first.store(t, node.first_child);
        if (!next.null()) next.store(t, node.next_sibling);
        if (!depth.null()) depth.store(t, node.depth);
        if (!position.null()) position.store(t, root + (there ? (uint32_t)node.depth : 0));
        URN_ROLLED
        for (int32_t w = 0; w < words && !mask.null(); w++) {
            uint32_t bits = 0;
            URN_ROLLED
            for (int32_t o = c, left = node.depth; left >= 0; left--, o = o == 0 ? 0 : room.parent.load((size_t)o))
                bits |= o / 32 == w ? 1u << (o % 32) : 0;
            mask.store(t * p.mask_stride + w, bits);
        }
    }
}

struct CompactArgs {
    urnk_tree_compact_call c;
};

URN_KERNEL(VerifyPolicy::threads) tree_compact_kernel(URN_ARGS(CompactArgs) args) {
    const urnk_tree_compact_call &c = args.c;
    Arena arena(true);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(team_room<TEAM_BLOCK>(arena));
    const int64_t columns = c.depth + 1;
    Global<const int32_t> path(c.path, c.requests * columns, TAG_INDEX), used(c.used, c.requests, TAG_INDEX);
    Global<const int64_t> firsts(c.node_offsets, c.requests + 1, TAG_INDEX);
    Global<int32_t> rows(c.rows, c.rows_size, TAG_OUT);
    Global<int64_t> offsets(c.offsets, c.requests + 1, TAG_OUT);
    uint64_t passed = 0;
    URN_ROLLED
    for (int64_t from = 0; from < c.requests; from += team.threads) {
        int64_t b = from + team.thread, n = 0;
        if (b < c.requests) {
            n = used.load(b);
            n = n < 0 ? 0 : n > columns ? columns : n;
            int64_t there = 0;
            URN_ROLLED
            while (there < n && path.load(b * columns + there) >= 0) there++;
            n = there;
        }
        int64_t at = (int64_t)(passed + block_before(team, (uint64_t)n));
        if (b < c.requests) {
            int64_t first = c.node_offsets ? firsts.load(b) : b * c.nodes;
            offsets.store(b, at);
            URN_ROLLED
            for (int64_t j = 0; j < n; j++) rows.store(at + j, (int32_t)(first + path.load(b * columns + j)));
        }
        passed += team_tally(team, {(uint64_t)n, 0, 0}).all.sum;
    }
    if (team.thread == 0) offsets.store(c.requests, (int64_t)passed);
    URN_ROLLED
    for (int64_t i = (int64_t)passed + team.thread; i < c.rows_size; i += team.threads) rows.store(i, -1);
}

struct RecycleArgs {
    urnk_recycle_call c;
};

struct RecycleRoom {
    TeamRoom team;
    Shared<int32_t> token, parent, rank; // [nodes]
    Shared<uint32_t> done;               // [nodes]
};

URN_HOST_DEVICE RecycleRoom recycle_room(Arena &arena, size_t nodes) {
    RecycleRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<int32_t>(nodes, "recycle.token"),
                        arena.take<int32_t>(nodes, "recycle.parent"), arena.take<int32_t>(nodes, "recycle.rank"),
                        arena.take<uint32_t>(nodes, "recycle.done")};
    return room;
}

// Any thread: the token of node i, whose parent's is known.
URN_DEVICE int32_t recycled(const urn_recycle &r, RecycleRoom room, int32_t i) {
    int32_t parent = room.parent.load((size_t)i), rank = room.rank.load((size_t)i);
    if (parent < 0 || parent >= i || rank < 0 || rank >= r.k) return -1;
    int64_t above = room.token.load((size_t)parent);
    if (above < 0 || above >= r.cols) return -1;
    Global<const int32_t> likely(r.matrix + above * r.k, r.k, TAG_PARAM);
    int32_t token = likely.load(rank);
    URN_ROLLED
    for (int32_t o = parent + 1; o < i; o++) {
        int32_t other = room.rank.load((size_t)o);
        if (room.parent.load((size_t)o) != parent || other < 0 || other >= r.k) continue;
        if (likely.load(other) == token) return -1;
    }
    return token;
}

URN_KERNEL(VerifyPolicy::threads) recycle_draft_kernel(URN_ARGS(RecycleArgs) args) {
    const urn_recycle &r = args.c.recycle;
    Arena arena(true);
    RecycleRoom room = recycle_room(arena, (size_t)r.nodes);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    const int32_t threads = (int32_t)block_threads(), thread = (int32_t)thread_id();
    Global<const int32_t> parent(r.parent, r.nodes, TAG_INDEX), rank(r.rank, r.nodes, TAG_INDEX);
    URN_ROLLED
    for (int32_t i = thread; i < r.nodes; i += threads) {
        room.parent.store((size_t)i, i == 0 ? -1 : parent.load(i));
        room.rank.store((size_t)i, i == 0 ? -1 : rank.load(i));
        room.token.store((size_t)i,
                         i == 0 ? Global<const int32_t>(args.c.root, args.c.requests, TAG_INDEX).load(block_id()) : -1);
        room.done.store((size_t)i, i == 0 ? 1 : 0);
    }
    block_sync();
    URN_ROLLED
    for (bool more = true; more;) { // a level a turn; 32 nodes a thread at most
        uint32_t ready = 0;
        URN_ROLLED
        for (int32_t i = thread, bit = 0; i < r.nodes; i += threads, bit++) {
            if (room.done.load((size_t)i)) continue;
            int32_t above = room.parent.load((size_t)i);
            if (above < 0 || above >= i || room.done.load((size_t)above)) ready |= 1u << bit;
        }
        more = team_tally(team, {0, 0, ready ? 1u : 0u}).all.flags != 0;
        URN_ROLLED
        for (int32_t i = thread, bit = 0; i < r.nodes; i += threads, bit++) {
            if (!(ready >> bit & 1)) continue;
            room.token.store((size_t)i, recycled(r, room, i));
            room.done.store((size_t)i, 1);
        }
        block_sync();
    }
    Global<int32_t> drafted(args.c.drafted, args.c.requests * r.nodes, TAG_OUT);
    URN_ROLLED
    for (int32_t i = thread; i < r.nodes; i += threads)
        drafted.store((int64_t)block_id() * r.nodes + i, room.token.load((size_t)i));
}

// Rows of a launch over many: grid strides.
URN_DEVICE int64_t grid_thread() { return (int64_t)block_id() * block_threads() + thread_id(); }
URN_DEVICE int64_t grid_threads() { return (int64_t)grid_blocks() * block_threads(); }

URN_KERNEL(VerifyPolicy::threads) recycle_last_kernel(URN_ARGS(RecycleArgs) args) {
    const urnk_recycle_call &c = args.c;
    Global<uint32_t> last((uint32_t *)c.workspace, c.recycle.cols, TAG_WORKSPACE);
    Global<const int32_t> tokens(c.tokens, c.rows, TAG_INDEX);
    URN_ROLLED
    for (int64_t t = grid_thread(); t < c.rows; t += grid_threads()) {
        int64_t token = tokens.load(t);
        if (token >= 0 && token < c.recycle.cols) last.max(token, (uint32_t)t + 1);
    }
}

// A warp a row.
URN_KERNEL(VerifyPolicy::threads) recycle_copy_kernel(URN_ARGS(RecycleArgs) args) {
    const urnk_recycle_call &c = args.c;
    const int64_t k = c.recycle.k;
    Global<uint32_t> last((uint32_t *)c.workspace, c.recycle.cols, TAG_WORKSPACE);
    Global<const int32_t> tokens(c.tokens, c.rows, TAG_INDEX), top(c.top, c.rows * k, TAG_INDEX);
    Global<int32_t> matrix(c.recycle.matrix, c.recycle.cols * k, TAG_OUT);
    URN_ROLLED
    for (int64_t t = grid_thread() / 32; t < c.rows; t += grid_threads() / 32) {
        int64_t token = tokens.load(t);
        if (token < 0 || token >= c.recycle.cols || last.load(token) != (uint32_t)t + 1) continue;
        URN_ROLLED
        for (int64_t j = lane_id(); j < k; j += 32) matrix.store(token * k + j, top.load(t * k + j));
    }
}

struct InvertArgs {
    urnk_draft_invert_call c;
};

// ~j in place of j, so that the maximum is the least j, and 0 is none.
URN_KERNEL(VerifyPolicy::threads) invert_mark_kernel(URN_ARGS(InvertArgs) args) {
    const urnk_draft_invert_call &c = args.c;
    Global<const int32_t> map(c.map, c.n, TAG_INDEX);
    Global<uint32_t> least((uint32_t *)c.draft_of, c.cols, TAG_OUT), status((uint32_t *)c.status, 1, TAG_OUT);
    URN_ROLLED
    for (int64_t j = grid_thread(); j < c.n; j += grid_threads()) {
        int64_t id = map.load(j);
        uint32_t wrong = 0;
        if (id < 0 || id >= c.cols)
            wrong = URN_ROW_INDEX;
        else if (least.max(id, ~(uint32_t)j) != 0)
            wrong = URN_ROW_PARAM;
        if (wrong && !status.null()) status.or_(0, wrong);
    }
}
URN_KERNEL(VerifyPolicy::threads) invert_write_kernel(URN_ARGS(InvertArgs) args) {
    Global<uint32_t> least((uint32_t *)args.c.draft_of, args.c.cols, TAG_OUT);
    URN_ROLLED
    for (int64_t i = grid_thread(); i < args.c.cols; i += grid_threads()) least.store(i, ~least.load(i));
}

// launching

inline Shape shape_over(const urnk_device &device, int64_t threads, uint32_t grid, size_t shared) {
    int64_t most = device.multiprocessors > 0 ? 8 * (int64_t)device.multiprocessors : 8;
    int64_t blocks = (threads + VerifyPolicy::threads - 1) / VerifyPolicy::threads;
    Shape shape = {};
    shape.grid = grid ? grid : (uint32_t)(blocks < 1 ? 1 : blocks < most ? blocks : most);
    shape.threads = VerifyPolicy::threads, shape.cluster = 1, shape.shared = shared;
    return shape;
}

} // namespace urnd

using namespace urnd;

extern "C" int URN_SIDE(tree_shape)(const urnk_device *device, const urn_tree_shape_params *call,
                                    struct CUstream_st *stream) {
    if (call->requests == 0) return 0;
    set_launch_options(device);
    Arena arena(false);
    plan_room(arena, (size_t)call->nodes);
    ShapeArgs args = {*call};
    return launch(tree_shape_kernel, shape_over(*device, 0, (uint32_t)call->requests, arena.used), stream, args);
}

extern "C" int URN_SIDE(tree_compact)(const urnk_device *device, const urnk_tree_compact_call *call,
                                      struct CUstream_st *stream) {
    set_launch_options(device);
    Arena arena(false);
    team_room<TEAM_BLOCK>(arena);
    CompactArgs args = {*call};
    return launch(tree_compact_kernel, shape_over(*device, 0, 1, arena.used), stream, args);
}

extern "C" int URN_SIDE(recycle_draft)(const urnk_device *device, const urnk_recycle_call *call,
                                       struct CUstream_st *stream) {
    if (call->requests == 0) return 0;
    set_launch_options(device);
    Arena arena(false);
    recycle_room(arena, (size_t)call->recycle.nodes);
    RecycleArgs args = {*call};
    return launch(recycle_draft_kernel, shape_over(*device, 0, (uint32_t)call->requests, arena.used), stream, args);
}

extern "C" int URN_SIDE(recycle_update)(const urnk_device *device, const urnk_recycle_call *call,
                                        struct CUstream_st *stream) {
    if (call->rows == 0) return 0;
    set_launch_options(device);
    RecycleArgs args = {*call};
    int error = zero_async(call->workspace, (size_t)call->recycle.cols * 4, stream);
    if (!error) error = launch(recycle_last_kernel, shape_over(*device, call->rows, 0, 0), stream, args);
    if (!error) error = launch(recycle_copy_kernel, shape_over(*device, call->rows * 32, 0, 0), stream, args);
    return error;
}

extern "C" int URN_SIDE(draft_invert)(const urnk_device *device, const urnk_draft_invert_call *call,
                                      struct CUstream_st *stream) {
    set_launch_options(device);
    InvertArgs args = {*call};
    int error = zero_async(call->draft_of, (size_t)call->cols * 4, stream);
    if (!error && call->status) error = zero_async(call->status, 4, stream);
    if (!error && call->n) error = launch(invert_mark_kernel, shape_over(*device, call->n, 0, 0), stream, args);
    if (!error) error = launch(invert_write_kernel, shape_over(*device, call->cols, 0, 0), stream, args);
    return error;
}
