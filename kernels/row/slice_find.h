// slice_find.h - the first of a slice's ids, in global memory, where a prefix sum of integer weights passes a target.
#ifndef URN_SLICE_FIND_H
#define URN_SLICE_FIND_H

#include "kernels/row/team.h"

namespace urnd {

enum { FIND_EACH = 4 }; // consecutive ids of a thread: their loads meet in the same sectors

struct FindRoom {
    Shared<uint64_t> target; // [most]
    Shared<uint32_t> found;  // [most]
};

URN_HOST_DEVICE FindRoom find_room(Arena &arena, uint32_t most) {
    FindRoom room = {arena.take<uint64_t>(most, "find.target"), arena.take<uint32_t>(most, "find.found")};
    return room;
}

// The whole block calls, between barriers: room.found of each target, which are below the sum of all weights. One walk,
// which ends with the last of them; weight_of(i) is called in order of chunks, and once more for each id before a
// target in its thread's few.
template <class F>
URN_DEVICE void find_in_slice(Team<TEAM_BLOCK> &team, FindRoom room, uint32_t targets, uint32_t cols,
                              const F &weight_of) {
    uint64_t passed = 0;
    uint32_t done = 0;
    if (team.thread < targets) room.found.store(team.thread, 0); // an id, whatever the sums were
    URN_ROLLED
    for (uint32_t base = 0; base < cols && done < targets; base += team.threads * FIND_EACH) {
        uint32_t first = base + team.thread * FIND_EACH;
        uint64_t mine = 0;
        URN_ROLLED
        for (uint32_t i = first; i < first + FIND_EACH && i < cols; i++) mine += weight_of(i);
        uint64_t before = passed + block_before(team, mine);
        URN_ROLLED
        for (uint32_t t = 0; t < targets; t++) {
            uint64_t target = room.target.load(t);
            if (target < before || target - before >= mine) continue;
            uint64_t left = target - before; // this thread has it
            uint32_t i = first;
            for (uint64_t w = weight_of(i); w <= left; w = weight_of(i)) left -= w, i++;
            room.found.store(t, i);
        }
        passed += team_tally(team, {mine, 0, 0}).all.sum;
        done = 0;
        URN_ROLLED
        for (uint32_t t = 0; t < targets; t++) done += room.target.load(t) < passed ? 1 : 0;
    }
    block_sync();
}

} // namespace urnd

#endif
