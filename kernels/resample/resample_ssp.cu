// resample_ssp.cu - SSP resampling: fractions of M p are settled in pairs up a binary tree over the items.
// shapes   records of resample_law.cu, weights [rows, n] -> counts [rows, n]
// idea     a block settles the levels inside its tile in shared memory and hands one node up; the next launch takes
//          those nodes as its items. Two launches reach 2^22 items, three 2^30
// minimum  n*e + 4 n a row; this kernel: the same, and 24 bytes a tile each way
// bound    HBM; a 128-bit quotient an item, Philox a pair
// launch   1 a level of tiles; block 32 to 256, shared 20*tile
// bits     integers; a node's randomness belongs to its place in the tree
// tail     absent nodes have fraction 0, which the tree passes by
// ptxas    1 kernel, no spill, no stack frame: sm_90 90 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

struct SspArgs {
    ResampleArgs a;
    int32_t level;    // of the tiles' items
    int64_t from, to; // where nodes of this level and of the tiles begin in a row's nodes
    int64_t tiles;    // of a row at this level
};

struct SspRoom {
    Shared<uint32_t> item;
    Shared<Wide> fraction;
};

URN_HOST_DEVICE SspRoom ssp_room(Arena &arena, uint32_t tile) {
    SspRoom room = {arena.take<uint32_t>(tile, "ssp.item"), arena.take<Wide>(tile, "ssp.fraction")};
    return room;
}

// Node k at level l comes of the nodes in slots a and b, and goes to slot a. Any thread for itself.
URN_DEVICE void settle_pair(const SspArgs &s, SspRoom room, const RowLaw &row, int64_t number, uint32_t a, uint32_t b,
                            uint32_t k, uint32_t l) {
    Wide fa = room.fraction.load(a), fb = room.fraction.load(b);
    if (wide_zero(fb)) return;
    uint32_t ia = room.item.load(a), ib = room.item.load(b);
    if (wide_zero(fa)) {
        room.fraction.store(a, fb), room.item.store(a, ib);
        return;
    }
    Wide sum = wide_sum(fa, fb), total = row.total;
    Random4 block = row_block(row, k, l, URN_STREAM_PAIRS);
    bool full = !wide_less(sum, total), narrow = row.narrow();
    Wide range = full ? wide_difference(wide_sum(total, total), sum) : sum;
    bool first = wide_less(pick(block, range, narrow), full ? wide_difference(total, fb) : fa);
    // full: the one drawn is settled as 1, the other goes on; else the one drawn goes on
    uint32_t on = first != full ? ia : ib;
    room.item.store(a, on);
    room.fraction.store(a, full ? wide_difference(sum, total) : sum);
    if (full) row_u32(s.a, s.a.counts, number).add(first ? ia : ib, 1);
}

// A tile's items become nodes, each thread its own. Eight loads in flight, as fetch does.
URN_DEVICE void take_items(const ResampleArgs &a, SspRoom room, const RowLaw &row, int64_t number, int64_t first) {
    uint32_t threads = block_threads();
    int64_t left = row.n - first;
    double x[TILE_EACH];
    URN_UNROLL
    for (uint32_t k = 0; k < TILE_EACH; k++) {
        int64_t j = k * threads + thread_id();
        x[k] = j < left ? item_value(a.law, row.first + first + j) : 0.0;
    }
    URN_UNROLL
    for (uint32_t k = 0; k < TILE_EACH; k++) room.fraction.store(k * threads + thread_id(), wide(f64_bits(x[k])));
    Global<uint32_t> counts = row_u32(a, a.counts, number);
    Divisor total = divisor(row.total);
    URN_ROLLED
    for (uint32_t j = thread_id(); j < threads * TILE_EACH; j += threads) {
        Quotient q = {0, {0, 0}};
        if (j < left) {
            q = share(row, total, weight_of(a.law, row, bits_f64(room.fraction.load(j).low)));
            counts.store(first + j, (uint32_t)q.whole);
        }
        room.item.store(j, (uint32_t)(first + j));
        room.fraction.store(j, q.rest);
    }
}

// Likewise nodes that tiles of the level below handed up.
URN_DEVICE void take_nodes(const SspArgs &s, SspRoom room, Global<uint64_t> nodes, int64_t first, int64_t items) {
    URN_ROLLED
    for (uint32_t j = thread_id(); j < block_threads() * TILE_EACH; j += block_threads()) {
        int64_t at = (s.from + first + j) * 3;
        bool there = first + j < items;
        room.item.store(j, there ? (uint32_t)nodes.load(at) : 0u);
        room.fraction.store(j, there ? Wide{nodes.load(at + 1), nodes.load(at + 2)} : wide(0));
    }
}

URN_KERNEL(TILE_THREADS) ssp_kernel(URN_ARGS(SspArgs) s) {
    const ResampleArgs &a = s.a;
    Arena arena(true);
    uint32_t threads = block_threads(), tile = threads * TILE_EACH;
    SspRoom room = ssp_room(arena, tile);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * s.tiles; work += grid_blocks()) {
        int64_t number = work / s.tiles, index = work % s.tiles;
        RowLaw row = row_record(a.law, number);
        int64_t items = parts_of(row.n, (int64_t)1 << s.level), first = index * tile;
        if (row.status || !row.resampled || first >= items) continue;
        Global<uint64_t> nodes(a.nodes + number * a.nodes_row * 3, a.nodes_row * 3, TAG_WORKSPACE);
        if (s.level == 0)
            take_items(a, room, row, number, first);
        else
            take_nodes(s, room, nodes, first, items);
        block_sync();
        uint32_t half = 1, up = 1;
        URN_ROLLED
        for (; half < tile; half *= 2, up++) {
            uint32_t pairs = tile / (2 * half), base = (uint32_t)(first >> up);
            for (uint32_t q = thread_id(); q < pairs; q += threads)
                settle_pair(s, room, row, number, q * 2 * half, q * 2 * half + half, base + q, (uint32_t)s.level + up);
            block_sync();
        }
        if (thread_id() == 0) {
            int64_t at = (s.to + index) * 3;
            Wide fraction = room.fraction.load(0);
            nodes.store(at, room.item.load(0));
            nodes.store(at + 1, fraction.high), nodes.store(at + 2, fraction.low);
        }
        block_sync(); // before the next tile's items
    }
}

int enqueue_ssp(const ResampleArgs &a, struct CUstream_st *stream) {
    Arena arena(false);
    ssp_room(arena, a.law.tile);
    int32_t levels = 0;
    while ((1u << levels) < a.law.tile) levels++;
    SspArgs s = {a, 0, 0, 0, a.law.tiles_row};
    for (;;) {
        int error = launch(ssp_kernel, {grid_for(a.law.weights.rows * s.tiles), a.law.tile / TILE_EACH, 1, arena.used},
                           stream, s);
        if (error || s.tiles == 1) return error;
        s.level += levels;
        s.from = s.to;
        s.to = s.from + s.tiles;
        s.tiles = parts_of(s.tiles, a.law.tile);
    }
}

} // namespace urnd
