// rank_count.h - how many ids come before each of up to 32 in the raw order, in one walk over the row.
#ifndef URN_RANK_COUNT_H
#define URN_RANK_COUNT_H

#include "kernels/row/epoch.h"
#include "kernels/row/reach.h"

namespace urnd {

enum { RANKED = 32 }; // ids whose ranks are counted between two meetings of the team: a lane's sum each

struct alignas(8) Drawn {
    uint32_t key, place; // key as given, before any step
};

struct RankRoom {
    Shared<Drawn> drawn;    // [RANKED] the same in every block of the team
    Shared<uint32_t> ranks; // [RANKED] counted in block 0
};

URN_HOST_DEVICE RankRoom rank_room(Arena &arena) {
    RankRoom room = {arena.take<Drawn>(RANKED, "rank.drawn"), arena.take<uint32_t>(RANKED, "rank.ranks")};
    return room;
}

// One thread of block 0 a place calls, before the team meets.
template <int TEAM> URN_DEVICE void clear_ranks(const Team<TEAM> &team, RankRoom room) {
    if (team.rank == 0 && team.thread < RANKED)
        reach_first(team, room.ranks, BOARD_RANKS, RANKED).store(team.thread, 0);
}

// The whole team calls, after a meeting of it in which the ids were told. Reads the row once, as it was given: each
// unit's keys meet all ids, lane j holds the sum of id j, and a warp adds each to block 0's. The caller meets before it
// reads room.ranks there.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void count_ranks(const State<TEAM, Dtype, RESIDENT> &s, RankRoom room, uint32_t count) {
    const Row<Dtype, RESIDENT> &row = s.row;
    uint32_t mine = 0;
    hear(s.team, room.drawn, BOARD_DRAWN, count);
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        // counted from the row's start: places before it, which read as -inf, become the largest numbers
        uint32_t unit = own_unit(group), first = row.begin + unit * UNIT - row.shift;
        float x[UNIT];
        row.raw_logits(unit, x);
        URN_ROLLED
        for (uint32_t j = 0; j < count; j++) {
            Drawn drawn = room.drawn.load(j);
            uint32_t before = 0, id = drawn.place - row.shift;
            URN_UNROLL
            for (uint32_t i = 0; i < UNIT; i++) {
                uint32_t key = order_key(x[i]);
                before += key > drawn.key || (key == drawn.key && first + i < id) ? 1 : 0;
            }
            before = sum_u32(before);
            if (lane_id() == j) mine += before;
        }
    }
    if (lane_id() < count && mine) reach_first(s.team, room.ranks, BOARD_RANKS, RANKED).add(lane_id(), mine);
}

} // namespace urnd

#endif
