// sort_ids.h - sort ids in place in global memory, by one block or warp: a bitonic network that never compares
// downwards, so any length will do and places past the end need no value.
#ifndef URN_SORT_IDS_H
#define URN_SORT_IDS_H

#include "kernels/row/row_view.h"

namespace urnd {

// One comparison of the network's step at distance `reach`: of pair number t, the first place and its partner. The
// first step of a merge folds blocks of 2 * reach onto themselves, the others shift.
struct SortPair {
    uint32_t low, high;
};
URN_DEVICE SortPair sort_pair(uint32_t t, uint32_t reach, bool fold) {
    uint32_t low = (t & ~(reach - 1)) << 1 | (t & (reach - 1));
    return {low, fold ? low ^ (2 * reach - 1) : low | reach};
}

// Pairs of a step of merges of `merge` places that cover `count`.
URN_DEVICE uint32_t merge_pairs(uint32_t count, uint32_t merge) { return (count + merge - 1) / merge * (merge / 2); }

// The team's threads of one block call: the network over places [0, count) of shared memory, `size` a power of two and
// at least count. exchange(low, high) brings two places in order. whole: from nothing; else the last merge alone. Meets
// after each step.
template <int TEAM, class Exchange>
URN_DEVICE void sort_network(const Team<TEAM> &team, uint32_t size, uint32_t count, bool whole,
                             const Exchange &exchange) {
    URN_ROLLED
    for (uint32_t merge = whole ? 2 : size; merge <= size; merge *= 2) {
        URN_ROLLED
        for (uint32_t reach = merge / 2; reach > 0; reach /= 2) {
            URN_ROLLED
            for (uint32_t t = team.thread; t < size / 2; t += team.threads) {
                SortPair pair = sort_pair(t, reach, whole && reach == merge / 2);
                if (pair.high < count) exchange(pair.low, pair.high);
            }
            block_meet<TEAM>();
        }
    }
}

// The team's threads of one block call. tile: `size` words, a power of two, in shared memory. Runs of `size` are
// sorted, or, where their two halves of a longer merge are in order already, brought in order, each with one trip to
// memory.
template <int TEAM>
URN_DEVICE void sort_tiles(const Team<TEAM> &team, Global<int32_t> ids, int64_t at, uint32_t count,
                           Shared<uint32_t> tile, uint32_t size, bool whole) {
    URN_ROLLED
    for (uint32_t base = 0; base < count; base += size) {
        uint32_t here = min_of(count - base, size);
        URN_ROLLED
        for (uint32_t i = team.thread; i < here; i += team.threads) tile.store(i, (uint32_t)ids.load(at + base + i));
        block_meet<TEAM>();
        sort_network(team, size, here, whole, [&](uint32_t low, uint32_t high) {
            uint32_t a = tile.load(low), b = tile.load(high);
            if (a > b) tile.store(low, b), tile.store(high, a);
        });
        URN_ROLLED
        for (uint32_t i = team.thread; i < here; i += team.threads) ids.store(at + base + i, (int32_t)tile.load(i));
        block_meet<TEAM>();
    }
}

// The team's threads of one block call: ids[at .. at + count) rise. ids >= 0; count up to 2^20. tile: `size` words, a
// power of two. Meets before it returns. Steps wider than the tile go through L2.
template <int TEAM>
URN_DEVICE void sort_ids(const Team<TEAM> &team, Global<int32_t> ids, int64_t at, uint32_t count, Shared<uint32_t> tile,
                         uint32_t size) {
    while (size / 2 >= count && size > 2) size /= 2;
    URN_ROLLED
    for (uint32_t merge = size;; merge *= 2) {
        URN_ROLLED
        for (uint32_t reach = merge / 2; merge > size && reach >= size; reach /= 2) {
            URN_ROLLED
            for (uint32_t t = team.thread; t < merge_pairs(count, merge); t += team.threads) {
                SortPair pair = sort_pair(t, reach, reach == merge / 2);
                if (pair.high >= count) continue;
                int32_t a = ids.load(at + pair.low), b = ids.load(at + pair.high);
                if (a > b) ids.store(at + pair.low, b), ids.store(at + pair.high, a);
            }
            block_meet<TEAM>();
        }
        sort_tiles(team, ids, at, count, tile, size, merge == size);
        if (merge >= count) return;
    }
}

} // namespace urnd

#endif
