// topk_fixed.cu - choices with given inclusion probabilities: urn_fixed.
// shapes   p [rows, cols] u64 -> ids, weight [rows, room], found, bits [rows, cols / 32]
// idea     bits of what is chosen, by tiles of 2048 ids: Poisson at once; pivotal climbs the tile's tree in shared
//          memory and leaves one node, and a block climbs from a row's nodes to its root; systematic leaves the tile's
//          sum, which are scanned, and takes its tile again. A block a row then reads the bits and writes the ids
// minimum  rows*cols*8 bytes     this kernel: the same, systematic twice; bits twice
// bound    pivotal Philox, a block a meeting, and barriers; others DRAM
// launch   2 (Poisson), 3 (pivotal), 4 (systematic) and a memset of the rows' flags; grid of as many blocks as keep the
//          device busy, block 256, shared 25 KB
// bits     integers; weights f64 rounded once
// tail     any cols; ids past the end have p 0
// ptxas    4 kernels, no spill, no stack frame (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch_topk.h"
#include "kernels/row/tile_scan.h"
#include "kernels/topk/fixed_tree.h"

namespace urnd {

struct FixedPolicy {
    enum { threads = 256, each = TREE / threads, blocks = 8 }; // ids of a thread; blocks a multiprocessor: guess
};

struct alignas(16) FixedTile {
    uint64_t p; // pivotal: of the node that comes up; systematic: a sum
    uint32_t id, unused;
};

struct FixedArgs {
    urn_fixed_params p;
    int64_t tiles, words; // of a row
    uint32_t *bad;        // [rows] a p above ONE
    FixedTile *tile;      // [rows, tiles]
    uint32_t *bits;       // [rows, stride] the caller's, or the workspace's
    int64_t stride;
};

struct FixedRoom {
    TeamRoom team;
    TreeRoom tree;
    Shared<uint32_t> chosen; // [TREE / 32]
};

URN_HOST_DEVICE FixedRoom fixed_room(Arena &arena) {
    FixedRoom room = {team_room<TEAM_BLOCK>(arena), tree_room(arena), arena.take<uint32_t>(TREE / 32, "fixed.chosen")};
    return room;
}

URN_DEVICE Global<uint32_t> row_bits(const FixedArgs &args, int64_t row) {
    return Global<uint32_t>(args.bits + row * args.stride, args.words, args.p.bits ? TAG_OUT : TAG_WORKSPACE);
}
URN_DEVICE Global<FixedTile> row_tiles(const FixedArgs &args, int64_t row) {
    return Global<FixedTile>(args.tile + row * args.tiles, args.tiles, TAG_WORKSPACE);
}

// The whole block calls: chosen bits of a tile go to the row.
URN_DEVICE void store_chosen(const FixedArgs &args, const FixedRoom &room, int64_t row, int64_t tile) {
    Global<uint32_t> bits = row_bits(args, row);
    for (int64_t w = thread_id(); w < TREE / 32 && tile * (TREE / 32) + w < args.words; w += block_threads())
        bits.store(tile * (TREE / 32) + w, room.chosen.load((size_t)w));
}

// A tile at a time: Poisson and pivotal bits, the sums of systematic, and whether a p is too large.
URN_KERNEL(FixedPolicy::threads) fixed_tiles_kernel(URN_ARGS(FixedArgs) args) {
    const urn_fixed_params &p = args.p;
    Arena arena(true);
    FixedRoom room = fixed_room(arena);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t part = block_id(); part < p.rows * args.tiles; part += grid_blocks()) {
        const int64_t row = part / args.tiles, tile = part % args.tiles, first = tile * TREE;
        const RowNoise noise = row_noise(p, row);
        Global<const uint64_t> own(p.p + row * p.p_stride, p.cols, TAG_LOGITS);
        const uint32_t count = p.cols - first < TREE ? (uint32_t)(p.cols - first) : +TREE;
        for (uint32_t w = team.thread; w < TREE / 32; w += team.threads) room.chosen.store(w, 0);
        block_sync();
        bool bad = false;
        Wide sum = {0, 0};
        URN_ROLLED
        for (uint32_t i = team.thread; i < count; i += team.threads) {
            uint64_t v = own.load_once(first + i);
            uint32_t id = (uint32_t)first + i;
            bad = bad || v > URN_FIXED_ONE;
            bool chosen = v == URN_FIXED_ONE;
            if (p.method == URN_FIXED_POISSON) {
                Random4 block = philox(noise.key, {id >> 1, 64, noise.position, URN_STREAM_FIXED});
                uint64_t u = (id & 1) ? (uint64_t)block.word[3] << 32 | block.word[2] : block.low64();
                chosen = u >> 2 < v;
            } else if (p.method == URN_FIXED_PIVOTAL) {
                room.tree.p.store(i, v < URN_FIXED_ONE ? v : 0);
                room.tree.id.store(i, id);
            } else {
                sum = wide_sum(sum, wide(v));
            }
            if (chosen) room.chosen.or_(i / 32, 1u << (i % 32));
        }
        if (bad) Global<uint32_t>(args.bad, p.rows, TAG_WORKSPACE).or_(row, 1);
        block_sync();
        if (p.method == URN_FIXED_SYSTEMATIC) {
            sum = block_sum_wide(team, sum);
            if (team.thread == 0) row_tiles(args, row).store(tile, {sum.low, 0, 0});
            continue;
        }
        if (p.method == URN_FIXED_PIVOTAL) {
            const Shared<uint32_t> bits = room.chosen; // not the room, which would be given an address for this
            const uint32_t base = (uint32_t)first;
            climb_tree(room.tree, noise, base, 0, count,
                       [=](uint32_t id) { bits.or_((id - base) / 32, 1u << (id % 32)); });
            if (team.thread == 0) row_tiles(args, row).store(tile, {room.tree.p.load(0), room.tree.id.load(0), 0});
        }
        store_chosen(args, room, row, tile);
        block_sync(); // before the next tile's
    }
}

// A row at a time: pivotal climbs to the root; systematic learns what lies before each tile.
URN_KERNEL(FixedPolicy::threads) fixed_rows_kernel(URN_ARGS(FixedArgs) args) {
    const urn_fixed_params &p = args.p;
    Arena arena(true);
    FixedRoom room = fixed_room(arena);
    Block team = team_here<TEAM_BLOCK>(room.team);
    const int64_t row = block_id();
    Global<FixedTile> tiles = row_tiles(args, row);
    if (p.method == URN_FIXED_SYSTEMATIC) {
        scan_tiles(
            team, args.tiles, [&](int64_t tile) { return wide(tiles.load(tile).p); },
            [&](int64_t tile, Wide before) {
                tiles.store(tile, {before.low, 0, 0});
            });
        return;
    }
    const RowNoise noise = row_noise(p, row);
    const uint32_t count = (uint32_t)args.tiles;
    for (uint32_t i = team.thread; i < count; i += team.threads) {
        FixedTile tile = tiles.load(i);
        room.tree.p.store(i, tile.p), room.tree.id.store(i, tile.id);
    }
    block_sync();
    Global<uint32_t> bits = row_bits(args, row);
    auto choose = [&](uint32_t id) { bits.or_(id / 32, 1u << (id % 32)); };
    climb_tree(room.tree, noise, 0, 11, count, choose);
    if (team.thread == 0 && room.tree.p.load(0) != 0 && fixed_bits(noise, 0, 63) >> 2 < room.tree.p.load(0))
        choose(room.tree.id.load(0));
}

// Systematic: a tile at a time, whose sums before are known.
URN_KERNEL(FixedPolicy::threads) fixed_spread_kernel(URN_ARGS(FixedArgs) args) {
    const urn_fixed_params &p = args.p;
    Arena arena(true);
    FixedRoom room = fixed_room(arena);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t part = block_id(); part < p.rows * args.tiles; part += grid_blocks()) {
        const int64_t row = part / args.tiles, tile = part % args.tiles;
        const int64_t from = tile * TREE + (int64_t)team.thread * FixedPolicy::each;
        const int64_t to = p.cols - from < FixedPolicy::each ? p.cols : from + FixedPolicy::each;
        Global<const uint64_t> own(p.p + row * p.p_stride, p.cols, TAG_LOGITS);
        for (uint32_t w = team.thread; w < TREE / 32; w += team.threads) room.chosen.store(w, 0);
        Wide mine = {0, 0};
        for (int64_t i = from; i < to; i++) mine = wide_sum(mine, wide(own.load(i)));
        uint64_t s = row_tiles(args, row).load(tile).p + block_before_wide(team, mine).low;
        s += fixed_bits(row_noise(p, row), 0, 65) >> 2;
        for (int64_t i = from; i < to; i++) {
            uint64_t next = s + own.load(i); // all mod 2^64
            uint32_t at = (uint32_t)(i - tile * TREE);
            if (s >> 62 != next >> 62) room.chosen.or_(at / 32, 1u << (at % 32));
            s = next;
        }
        block_sync();
        store_chosen(args, room, row, tile);
        block_sync(); // before the next tile's
    }
}

// A row at a time: ids in order, from the bits.
URN_KERNEL(FixedPolicy::threads) fixed_ids_kernel(URN_ARGS(FixedArgs) args) {
    const urn_fixed_params &p = args.p;
    Arena arena(true);
    FixedRoom room = fixed_room(arena);
    Block team = team_here<TEAM_BLOCK>(room.team);
    const int64_t row = block_id(), size = p.rows * p.room, base = row * p.room;
    const bool bad = Global<uint32_t>(args.bad, p.rows, TAG_WORKSPACE).load(row) != 0;
    Global<uint32_t> bits = row_bits(args, row);
    Global<const uint64_t> own(p.p + row * p.p_stride, p.cols, TAG_LOGITS);
    int64_t found = 0;
    URN_ROLLED
    for (int64_t first = 0; first < args.words; first += team.threads) {
        int64_t w = first + team.thread;
        uint32_t word = w < args.words && !bad ? bits.load(w) : 0;
        if (w < args.words && bad) bits.store(w, 0);
        uint32_t mine = (uint32_t)popc_u32(word);
        int64_t at = found + (int64_t)block_before(team, mine);
        found += (int64_t)team_tally(team, {mine, 0, 0}).all.sum;
        URN_ROLLED
        for (uint32_t i = 0; i < 32; i++) {
            if (!(word >> i & 1)) continue;
            if (at < p.room) {
                int64_t id = w * 32 + i;
                if (p.ids) Global<int32_t>(p.ids, size, TAG_OUT).store(base + at, (int32_t)id);
                if (p.weight)
                    Global<float>(p.weight, size, TAG_OUT).store(base + at, (float)(0x1p62 / (double)own.load(id)));
            }
            at++;
        }
    }
    URN_ROLLED
    for (int64_t j = (found < p.room ? found : p.room) + team.thread; j < p.room; j += team.threads) {
        if (p.ids) Global<int32_t>(p.ids, size, TAG_OUT).store(base + j, -1);
        if (p.weight) Global<float>(p.weight, size, TAG_OUT).store(base + j, bits_f32(URN_NAN_BITS));
    }
    if (team.thread != 0) return;
    if (p.found) Global<int32_t>(p.found, p.rows, TAG_OUT).store(row, (int32_t)found);
    if (p.status) Global<int32_t>(p.status, p.rows, TAG_OUT).store(row, bad ? +URN_ROW_PARAM : +URN_ROW_OK);
}

inline int launch_fixed(const urnk_device &d, const urnk_fixed_call &call, struct CUstream_st *stream) {
    const urn_fixed_params &p = call.params;
    FixedArgs args = {
        p, (p.cols + TREE - 1) / TREE, (p.cols + 31) / 32, (uint32_t *)call.workspace, nullptr, p.bits, p.bits_stride};
    args.tile = (FixedTile *)((uint8_t *)call.workspace + (((size_t)p.rows * 4 + 15) & ~(size_t)15));
    if (!p.bits) args.bits = (uint32_t *)(args.tile + p.rows * args.tiles), args.stride = args.words;
    Arena arena(false);
    fixed_room(arena);
    const int64_t parts = p.rows * args.tiles, most = (int64_t)d.multiprocessors * FixedPolicy::blocks;
    const Shape tiles = {(uint32_t)(parts < most ? parts : most), FixedPolicy::threads, 1, arena.used};
    const Shape rows = {(uint32_t)p.rows, FixedPolicy::threads, 1, arena.used};
    int error = zero_async(args.bad, (size_t)p.rows * 4, stream);
    if (!error) error = launch(fixed_tiles_kernel, tiles, stream, args);
    if (!error && p.method != URN_FIXED_POISSON) error = launch(fixed_rows_kernel, rows, stream, args);
    if (!error && p.method == URN_FIXED_SYSTEMATIC) error = launch(fixed_spread_kernel, tiles, stream, args);
    return error ? error : launch(fixed_ids_kernel, rows, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(fixed)(const urnk_device *device, const urnk_fixed_call *call, struct CUstream_st *stream) {
    if (call->params.rows == 0) return 0;
    urnd::set_launch_options(device);
    return urnd::launch_fixed(*device, *call, stream);
}
