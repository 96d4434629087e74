// slice_find.h - the first of a slice's ids, in global memory, where a prefix sum of integer weights passes a target.
#ifndef URN_SLICE_FIND_H
#define URN_SLICE_FIND_H

#include "kernels/row/team.h"

namespace urnd {

enum { FIND_EACH = 4 }; // consecutive ids of a thread: their loads meet in the same sectors

// The whole block calls, and gets the id, below cols; weight_of(i) is called once or twice for each id up to it, in
// order of chunks. target is below the sum of all weights. found: a word of shared memory.
template <class F>
URN_DEVICE uint32_t find_in_slice(Team<TEAM_BLOCK> &team, Shared<uint32_t> found, uint32_t cols, uint64_t target,
                                  const F &weight_of) {
    URN_ROLLED
    for (uint32_t base = 0; base < cols; base += team.threads * FIND_EACH) {
        uint32_t first = base + team.thread * FIND_EACH;
        uint64_t mine = 0;
        URN_ROLLED
        for (uint32_t i = first; i < first + FIND_EACH && i < cols; i++) mine += weight_of(i);
        uint64_t before = block_before(team, mine), all = team_tally(team, {mine, 0, 0}).all.sum;
        if (target >= all) {
            target -= all;
            continue;
        }
        if (before <= target && target - before < mine) { // one thread
            uint64_t left = target - before;
            uint32_t i = first;
            for (uint64_t w = weight_of(i); w <= left; w = weight_of(i)) left -= w, i++;
            found.store(0, i);
        }
        block_sync();
        return found.load(0);
    }
    return 0; // the target was not below the sum
}

} // namespace urnd

#endif
