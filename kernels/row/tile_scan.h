// tile_scan.h - sums over arrays longer than a block: tiles, one block's work each, and prefix sums over their sums.
//
// Two passes instead of blocks that wait for one another: a launch writes the sum of every tile, the next scans those
// sums (a block a row, 256 tiles a step), the third starts each tile from what lies before it. Who needs a row's total
// before its first output, as resampling does, cannot do with fewer. Everything is an integer of up to 128 bits.
#ifndef URN_TILE_SCAN_H
#define URN_TILE_SCAN_H

#include "kernels/bits/dev_wide.h"
#include "kernels/row/team.h"

namespace urnd {

enum { TILE_EACH = 8 };      // items of a tile for each thread of its block
enum { TILE_THREADS = 256 }; // most threads of a block; a power of two

typedef Team<TEAM_BLOCK> Block;

URN_HOST_DEVICE int64_t parts_of(int64_t n, int64_t part) { return (n + part - 1) / part; }

// The block calls. Sum over its threads; each thread's is below 2^106.
URN_DEVICE Wide block_sum_wide(Block &team, Wide mine) {
    uint64_t low = team_tally(team, {mine.low & 0xffffffffu, 0, 0}).all.sum;
    uint64_t middle = team_tally(team, {mine.low >> 32, 0, 0}).all.sum;
    uint64_t high = team_tally(team, {mine.high, 0, 0}).all.sum;
    return wide_sum({high, low}, {middle >> 32, middle << 32});
}

// The block calls. Sum over the threads below the caller.
URN_DEVICE Wide block_before_wide(Block &team, Wide mine) {
    uint64_t low = block_before(team, mine.low & 0xffffffffu);
    uint64_t middle = block_before(team, mine.low >> 32);
    uint64_t high = block_before(team, mine.high);
    return wide_sum({high, low}, {middle >> 32, middle << 32});
}

// The block calls, for all tiles of a row: put(tile, sum before it), from get(tile). Every thread gets the total.
template <class Get, class Put> URN_DEVICE Wide scan_tiles(Block &team, int64_t tiles, Get get, Put put) {
    Wide carried = {0, 0};
    URN_ROLLED
    for (int64_t first = 0; first < tiles; first += team.threads) {
        int64_t tile = first + team.thread;
        Wide mine = tile < tiles ? get(tile) : wide(0);
        Wide before = block_before_wide(team, mine);
        if (tile < tiles) put(tile, wide_sum(carried, before));
        carried = wide_sum(carried, block_sum_wide(team, mine));
    }
    return carried;
}

// The block calls: where the largest of 64-bit keys is, every thread gets it.
URN_DEVICE uint64_t block_max_u64(Block &team, uint64_t mine) {
    return team_reduce<PickBest>(team, {mine, 0, 0}).all.sum;
}

} // namespace urnd

#endif
