// team.h - who holds a row together: a warp, a block, or the blocks of a cluster; how they meet and add up.
//
// Every helper here is called by all threads of the team, at the same place, and every thread gets the result. Each
// tally is also a meeting: what the team stored before it is seen after it, by the threads of the same block.
#ifndef URN_TEAM_H
#define URN_TEAM_H

#include "kernels/simt/words.h"

namespace urnd {

enum { TEAM_WARP = 1, TEAM_BLOCK = 2, TEAM_CLUSTER = 3 };

// What one round of the team reduces: a sum, a maximum, two flags or-ed.
struct alignas(16) Tally {
    uint64_t sum;
    uint32_t max, flags;
};

// Where the rounds meet, in shared memory. Two halves take turns, so one barrier a round is enough: who writes a half
// again has passed the barrier of the round between, which every reader of the old values passed after reading.
struct TeamRoom {
    Shared<Tally> warps;     // [2][32]
    Shared<Tally> ranks;     // [2][16] written by the other blocks of the cluster
    Shared<uint64_t> prefix; // [2][32]
};

template <int TEAM> struct Team {
    uint32_t warp, warps;       // this warp among the block's warps that share the row
    uint32_t thread, threads;   // likewise
    uint32_t rank, ranks;       // this block among the cluster's
    uint32_t turn, prefix_turn; // halves of TeamRoom in use: ranks need a round of the whole cluster between
    TeamRoom room;
    URN_DEVICE bool leads() const { return rank == 0 && thread == 0; }
};

template <int TEAM> URN_DEVICE Team<TEAM> team_here(TeamRoom room) {
    if (TEAM == TEAM_WARP) return {0, 1, lane_id(), 32, 0, 1, 0, 0, room};
    uint32_t rank = TEAM == TEAM_CLUSTER ? cluster_rank() : 0, ranks = TEAM == TEAM_CLUSTER ? cluster_size() : 1;
    return {warp_id(), block_warps(), thread_id(), block_threads(), rank, ranks, 0, 0, room};
}

// Threads of the team in this block meet: what they wrote to shared memory is seen.
template <int TEAM> URN_DEVICE void block_meet() {
    if (TEAM == TEAM_WARP)
        warp_sync();
    else
        block_sync();
}

// The whole team meets: shared memory of every block is seen by every block.
template <int TEAM> URN_DEVICE void team_meet() {
    if (TEAM == TEAM_WARP)
        warp_sync();
    else if (TEAM == TEAM_BLOCK)
        block_sync();
    else
        cluster_sync();
}

URN_DEVICE Tally warp_tally(Tally t) {
    return {sum_u64(t.sum), max_u32(t.max), (any((t.flags & 1) != 0) ? 1u : 0u) | (any((t.flags & 2) != 0) ? 2u : 0u)};
}

// How a warp makes one of its lanes' tallies; {0, 0, 0} is neutral. before: of the ranks below, in lanes.
struct AddUp {
    URN_DEVICE static Tally warp(Tally t) { return warp_tally(t); }
    URN_DEVICE static uint64_t before(Tally below) { return sum_u64(below.sum); }
};
// The tally with the largest sum, then the largest max; its flags come along. No two that count have both equal.
struct PickBest {
    URN_DEVICE static Tally warp(Tally t) {
        uint32_t high = max_u32((uint32_t)(t.sum >> 32));
        bool in = (uint32_t)(t.sum >> 32) == high;
        uint32_t low = max_u32(in ? (uint32_t)t.sum : 0);
        in = in && (uint32_t)t.sum == low;
        uint32_t second = max_u32(in ? t.max : 0);
        return {(uint64_t)high << 32 | low, second, max_u32(in && t.max == second ? t.flags : 0)};
    }
    URN_DEVICE static uint64_t before(Tally) { return 0; }
};

// The team's tally, and how its sum is spread: `before` is the sum over ranks below this block, `own` this block's.
struct TeamTally {
    Tally all;
    uint64_t before, own;
};

template <class Reduce, int TEAM> URN_DEVICE TeamTally team_reduce(Team<TEAM> &team, Tally mine) {
    const Tally none = {0, 0, 0};
    Tally t = Reduce::warp(mine);
    if (TEAM == TEAM_WARP) {
        warp_sync(); // as the barriers below: what lanes stored before is seen after
        return {t, 0, t.sum};
    }
    uint32_t half = team.turn++ & 1;
    if (lane_id() == 0) team.room.warps.store(half * 32 + team.warp, t);
    block_sync();
    // every warp adds up the warps: cheaper than one warp doing it and a second barrier
    t = Reduce::warp(lane_id() < team.warps ? team.room.warps.load(half * 32 + lane_id()) : none);
    if (TEAM == TEAM_BLOCK) return {t, 0, t.sum};
    if (team.warp == 0 && lane_id() < team.ranks) team.room.ranks.on_rank(lane_id()).store(half * 16 + team.rank, t);
    cluster_sync();
    Tally r = lane_id() < team.ranks ? team.room.ranks.load(half * 16 + lane_id()) : none;
    uint64_t before = Reduce::before(lane_id() < team.rank ? r : none);
    return {Reduce::warp(r), before, t.sum};
}

template <int TEAM> URN_DEVICE TeamTally team_tally(Team<TEAM> &team, Tally mine) {
    return team_reduce<AddUp>(team, mine);
}

// Sum of `mine` over the threads of this block below the caller.
template <int TEAM> URN_DEVICE uint64_t block_before(Team<TEAM> &team, uint64_t mine) {
    uint64_t incl = scan_u64(mine);
    if (TEAM == TEAM_WARP) return incl - mine;
    uint32_t half = team.prefix_turn++ & 1;
    if (lane_id() == 31) team.room.prefix.store(half * 32 + team.warp, incl);
    block_sync();
    uint64_t below = lane_id() < team.warp ? team.room.prefix.load(half * 32 + lane_id()) : 0;
    return sum_u64(below) + incl - mine;
}

template <int TEAM> URN_HOST_DEVICE TeamRoom team_room(Arena &arena) {
    bool alone = TEAM == TEAM_WARP, cluster = TEAM == TEAM_CLUSTER;
    TeamRoom room = {arena.take<Tally>(alone ? 0 : 64, "team.warps"), arena.take<Tally>(cluster ? 32 : 0, "team.ranks"),
                     arena.take<uint64_t>(alone ? 0 : 64, "team.prefix")};
    return room;
}

} // namespace urnd

#endif
