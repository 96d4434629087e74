// genealogy.cu - the tree of particles' paths: branches without a leaf are freed, new leaves take free nodes.
// shapes   parent, count [rows, S], leaf [rows, n]; ancestors [rows, n]; particles of any size
// idea     an old leaf's count becomes the number of its offspring; who takes a node's last child away goes on at its
//          parent, so that every branch is freed once. Free nodes are numbered by prefix sums over tiles of nodes;
//          the m-th becomes particle m's
// minimum  ancestors and leaves twice, count once, what is freed; this kernel: ancestors twice, leaves three times,
//          count twice, parents of free nodes once, 12 bytes an item of scratch
// bound    HBM; the longest branch that is freed
// launch   step: 2 that zero, mark, hang, climb, free, fold, insert (a first step: insert), 1 where states are kept;
//          trace: 1, 1 before it for statuses, 1 after it for states
// bits     integers; which thread climbs does not matter
// tail     a row that cannot go on is emptied by insert
// ptxas    15 kernels, no spill, no stack frame: sm_90 8 to 53 registers (nvcc 13.0)
#include "kernels/resample/particle_moves.h"

namespace urnd {

struct PathArgs {
    urn_genealogy_params p;
    uint32_t *offspring; // [rows, n]
    int32_t *old_leaf;   // [rows, n]
    uint32_t *flags;     // [rows] the row's status
    uint64_t *free;      // [rows, tiles, 2] free nodes of a tile, and before it
    int64_t tiles;       // of nodes, of a row
    uint32_t tile;
};

// A row's tree.
struct PathTree {
    Global<int32_t> parent, count, leaf;
    URN_DEVICE PathTree(const urn_genealogy_params &p, int64_t row)
        : parent(p.parent + row * p.nodes, p.nodes, TAG_STATE), count(p.count + row * p.nodes, p.nodes, TAG_STATE),
          leaf(p.leaf + row * p.items, p.items, TAG_STATE) {}
};

URN_DEVICE Global<uint32_t> tree_flags(const PathArgs &a) { return {a.flags, a.p.rows, TAG_WORKSPACE}; }
URN_DEVICE Global<uint32_t> tree_offspring(const PathArgs &a) {
    return {a.offspring, a.p.rows * a.p.items, TAG_WORKSPACE};
}
URN_DEVICE Global<int32_t> old_leaves(const PathArgs &a) { return {a.old_leaf, a.p.rows * a.p.items, TAG_WORKSPACE}; }
URN_DEVICE bool is_node(const PathArgs &a, int64_t u) { return u >= 0 && u < a.p.nodes; }

// Counts ancestors and keeps the leaves; what is wrong with the row.
URN_KERNEL(FLAT_THREADS) mark_kernel(URN_ARGS(PathArgs) a) {
    int64_t n = a.p.items, all = a.p.rows * n;
    Global<const int32_t> ancestors(a.p.ancestors, all, TAG_INDEX);
    URN_ROLLED
    for (int64_t i = flat_first(); i < all; i += flat_step()) {
        int64_t row = i / n, m = i - row * n;
        int32_t leaf = PathTree(a.p, row).leaf.load(m), ancestor = ancestors.load(i);
        old_leaves(a).store(i, leaf);
        if (m == 0 && leaf == -1) tree_flags(a).or_(row, URN_ROW_EMPTY);
        if (ancestor < 0 || ancestor >= n)
            tree_flags(a).or_(row, URN_ROW_INDEX);
        else
            tree_offspring(a).add(row * n + ancestor, 1);
    }
}

URN_KERNEL(FLAT_THREADS) hang_kernel(URN_ARGS(PathArgs) a) {
    int64_t n = a.p.items, all = a.p.rows * n;
    URN_ROLLED
    for (int64_t i = flat_first(); i < all; i += flat_step()) {
        int64_t row = i / n, u = old_leaves(a).load(i);
        if (!tree_flags(a).load(row) && is_node(a, u))
            PathTree(a.p, row).count.store(u, (int32_t)tree_offspring(a).load(i));
    }
}

URN_KERNEL(FLAT_THREADS) climb_kernel(URN_ARGS(PathArgs) a) {
    int64_t n = a.p.items, all = a.p.rows * n;
    URN_ROLLED
    for (int64_t i = flat_first(); i < all; i += flat_step()) {
        int64_t row = i / n, u = old_leaves(a).load(i);
        if (tree_flags(a).load(row) || tree_offspring(a).load(i) || !is_node(a, u)) continue;
        PathTree tree(a.p, row);
        URN_ROLLED
        for (;;) { // every step takes a child from a node, of which there are finitely many
            u = tree.parent.load(u);
            if (!is_node(a, u) || tree.count.add(u, -1) != 1) break;
        }
    }
}

// ---- free nodes

struct NodeRoom {
    TeamRoom team;
    Shared<uint64_t> held; // [held_size(tile)] 1 for a free node
};
URN_HOST_DEVICE NodeRoom node_room(Arena &arena, uint32_t tile) {
    NodeRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint64_t>(held_size(tile), "tree.held")};
    return room;
}

URN_DEVICE Global<uint64_t> free_nodes(const PathArgs &a, int64_t row) {
    return {a.free + row * a.tiles * 2, a.tiles * 2, TAG_WORKSPACE};
}

// The thread's free nodes of a tile, and whether each is in room.held.
URN_DEVICE uint64_t own_free(const PathArgs &a, Block &team, NodeRoom room, int64_t row, int64_t index, Own own) {
    PathTree tree(a.p, row);
    int64_t first = index * a.tile;
    bool all = !a.p.ancestors;
    fetch(team, room.held, tile_items(team, a.p.nodes, index),
          [&](uint32_t i) { return (uint64_t)(all || tree.count.load(first + i) == 0 ? 1 : 0); });
    uint64_t free = 0;
    for (uint32_t k = 0; k < own.count; k++) free += room.held.load(own_slot(team, k));
    return free;
}

URN_KERNEL(TILE_THREADS) free_kernel(URN_ARGS(PathArgs) a) {
    Arena arena(true);
    NodeRoom room = node_room(arena, block_threads() * TILE_EACH);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.p.rows * a.tiles; work += grid_blocks()) {
        int64_t row = work / a.tiles, index = work % a.tiles;
        if (tree_flags(a).load(row)) continue;
        uint64_t free = own_free(a, team, room, row, index, own_items(team, a.p.nodes, index));
        free = team_tally(team, {free, 0, 0}).all.sum;
        if (team.thread == 0) free_nodes(a, row).store(index * 2, free);
    }
}

URN_KERNEL(TILE_THREADS) free_fold_kernel(URN_ARGS(PathArgs) a) {
    Arena arena(true);
    Block team = team_here<TEAM_BLOCK>(team_room<TEAM_BLOCK>(arena));
    URN_ROLLED
    for (int64_t row = block_id(); row < a.p.rows; row += grid_blocks()) {
        if (tree_flags(a).load(row)) continue;
        Global<uint64_t> free = free_nodes(a, row);
        Wide total = scan_tiles(
            team, a.tiles, [&](int64_t t) { return wide(free.load(t * 2)); },
            [&](int64_t t, Wide before) { free.store(t * 2 + 1, before.low); });
        if (team.thread == 0 && total.low < (uint64_t)a.p.items) tree_flags(a).store(row, URN_ROW_STATE);
    }
}

// The m-th free node becomes particle m's; the rest stay free.
URN_DEVICE void insert_node(const PathArgs &a, PathTree tree, int64_t row, int64_t node, int64_t m) {
    int32_t parent = -1;
    if (m < a.p.items) {
        int64_t base = row * a.p.items;
        if (a.p.ancestors) {
            int32_t from = Global<const int32_t>(a.p.ancestors, a.p.rows * a.p.items, TAG_INDEX).load(base + m);
            parent = old_leaves(a).load(base + from);
        }
        tree.count.store(node, 1);
        tree.leaf.store(m, (int32_t)node);
    } else if (!a.p.ancestors) {
        tree.count.store(node, 0);
    }
    tree.parent.store(node, parent);
}

URN_KERNEL(TILE_THREADS) insert_kernel(URN_ARGS(PathArgs) a) {
    Arena arena(true);
    NodeRoom room = node_room(arena, block_threads() * TILE_EACH);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.p.rows * a.tiles; work += grid_blocks()) {
        int64_t row = work / a.tiles, index = work % a.tiles;
        uint32_t status = a.p.ancestors ? tree_flags(a).load(row) : 0;
        if (status & URN_ROW_EMPTY) status = URN_ROW_EMPTY;
        Own own = own_items(team, a.p.nodes, index);
        PathTree tree(a.p, row);
        if (index == 0 && team.thread == 0 && a.p.status)
            Global<int32_t>(a.p.status, a.p.rows, TAG_OUT).store(row, (int32_t)status);
        if (status) {
            URN_ROLLED
            for (int64_t node = own.begin; node < own.begin + own.count; node++) {
                tree.parent.store(node, -1);
                tree.count.store(node, 0);
                if (node < a.p.items) tree.leaf.store(node, -1);
            }
            continue;
        }
        uint64_t free = own_free(a, team, room, row, index, own);
        uint64_t m = block_before(team, free);
        m += a.p.ancestors ? free_nodes(a, row).load(index * 2 + 1) : (uint64_t)(index * a.tile);
        URN_ROLLED
        for (uint32_t k = 0; k < own.count; k++)
            if (room.held.load(own_slot(team, k))) insert_node(a, tree, row, own.begin + k, (int64_t)m++);
    }
}

// Particle m's state goes to its leaf.
struct StatePlan {
    urn_genealogy_params p;
    URN_DEVICE Move move(int64_t i) const {
        int64_t row = i / p.items, leaf = Global<const int32_t>(p.leaf, p.rows * p.items, TAG_STATE).load(i);
        return {leaf < 0 ? -1 : i, row * p.nodes + leaf};
    }
};

// ---- trace

URN_KERNEL(FLAT_THREADS) begin_trace_kernel(URN_ARGS(PathArgs) a) {
    URN_ROLLED
    for (int64_t row = flat_first(); row < a.p.rows; row += flat_step())
        Global<int32_t>(a.p.status, a.p.rows, TAG_OUT)
            .store(row, PathTree(a.p, row).leaf.load(0) == -1 ? URN_ROW_EMPTY : 0);
}

// A thread a path: one parent after the other.
URN_KERNEL(FLAT_THREADS) trace_kernel(URN_ARGS(PathArgs) a) {
    int64_t all = a.p.rows * a.p.paths;
    Global<int32_t> path(a.p.path, all * a.p.length, TAG_OUT);
    URN_ROLLED
    for (int64_t i = flat_first(); i < all; i += flat_step()) {
        int64_t row = i / a.p.paths, m = i - row * a.p.paths, u = -1;
        if (a.p.path_of) m = Global<const int32_t>(a.p.path_of, all, TAG_INDEX).load(i);
        PathTree tree(a.p, row);
        bool empty = tree.leaf.load(0) == -1;
        if (!empty && (m < 0 || m >= a.p.items)) {
            if (a.p.status) Global<uint32_t>((uint32_t *)a.p.status, a.p.rows, TAG_OUT).or_(row, URN_ROW_INDEX);
        } else if (!empty) {
            u = tree.leaf.load(m);
        }
        URN_ROLLED
        for (int64_t place = a.p.length - 1; place >= 0; place--) {
            bool there = is_node(a, u);
            path.store(i * a.p.length + place, there ? (int32_t)u : -1);
            u = there ? tree.parent.load(u) : -1;
        }
    }
}

struct PathPlan {
    urn_genealogy_params p;
    URN_DEVICE Move move(int64_t i) const {
        int64_t row = i / (p.paths * p.length);
        int64_t node = Global<const int32_t>(p.path, p.rows * p.paths * p.length, TAG_INDEX).load(i);
        return {node < 0 ? -1 : row * p.nodes + node, i};
    }
};

inline int enqueue_tree(const PathArgs &a, Shape tiles, Shape rows, struct CUstream_st *stream) {
    if (!a.p.ancestors) return launch(insert_kernel, tiles, stream, a);
    Shape items = flat(a.p.rows * a.p.items);
    int error = enqueue_zero_u32<TAG_WORKSPACE>(a.offspring, a.p.rows * a.p.items, stream);
    if (!error) error = enqueue_zero_u32<TAG_WORKSPACE>(a.flags, a.p.rows, stream);
    if (!error) error = launch(mark_kernel, items, stream, a);
    if (!error) error = launch(hang_kernel, items, stream, a);
    if (!error) error = launch(climb_kernel, items, stream, a);
    if (!error) error = launch(free_kernel, tiles, stream, a);
    if (!error) error = launch(free_fold_kernel, rows, stream, a);
    return error ? error : launch(insert_kernel, tiles, stream, a);
}

} // namespace urnd

extern "C" int URN_SIDE(genealogy_step)(const urnk_device *device, const urn_genealogy_params *params,
                                        struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    PathArgs a = {*params, nullptr, nullptr, nullptr, nullptr, 0, 0};
    a.tile = tile_threads(device, params->nodes) * TILE_EACH;
    a.tiles = parts_of(params->nodes, a.tile);
    size_t items = (size_t)(params->rows * params->items);
    a.offspring = work.take<uint32_t>(items);
    a.old_leaf = work.take<int32_t>(items);
    a.flags = work.take<uint32_t>((size_t)params->rows);
    a.free = work.take<uint64_t>((size_t)(params->rows * a.tiles) * 2);
    Arena arena(false);
    node_room(arena, a.tile);
    Shape tiles = {grid_for(params->rows * a.tiles), a.tile / TILE_EACH, 1, arena.used};
    Shape rows = {grid_for(params->rows), a.tile / TILE_EACH, 1, arena.used};
    int error = enqueue_tree(a, tiles, rows, stream);
    if (error || params->particle_bytes == 0) return error;
    MoveArgs<StatePlan> m = {};
    m.plan.p = *params;
    m.from = (const unsigned char *)params->particles, m.to = (unsigned char *)params->states;
    m.from_count = m.moves = params->rows * params->items;
    m.to_count = params->rows * params->nodes;
    m.bytes = params->particle_bytes;
    return enqueue_moves(m, stream);
}

extern "C" int URN_SIDE(genealogy_trace)(const urnk_device *device, const urn_genealogy_params *params,
                                         struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    PathArgs a = {*params, nullptr, nullptr, nullptr, nullptr, 0, 0};
    int64_t paths = params->rows * params->paths;
    int error = params->status ? launch(begin_trace_kernel, flat(params->rows), stream, a) : 0;
    if (!error && paths) error = launch(trace_kernel, flat(paths), stream, a);
    if (error || !params->path_states || params->particle_bytes == 0) return error;
    MoveArgs<PathPlan> m = {};
    m.plan.p = *params;
    m.from = (const unsigned char *)params->states, m.to = (unsigned char *)params->path_states;
    m.from_count = params->rows * params->nodes;
    m.to_count = m.moves = paths * params->length;
    m.bytes = params->particle_bytes;
    return enqueue_moves(m, stream);
}
