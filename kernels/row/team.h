// team.h - who holds a row together: a warp, a block, the blocks of a cluster, or those of a crew; how they meet and
// add up.
//
// Every helper here is called by all threads of the team, at the same place, and every thread gets the result. Each
// tally is also a meeting: what the team stored before it is seen after it, by the threads of the same block.
#ifndef URN_TEAM_H
#define URN_TEAM_H

#include "kernels/row/board.h"

namespace urnd {

// A crew is up to MOST_CREW blocks of a cooperative launch, anywhere on the device. They do what a cluster does, over a
// board in global memory instead of each other's shared memory.
enum { TEAM_WARP = 1, TEAM_BLOCK = 2, TEAM_CLUSTER = 3, TEAM_CREW = 4 };

// What one round of the team reduces: a sum, a maximum, two flags or-ed.
struct alignas(16) Tally {
    uint64_t sum;
    uint32_t max, flags;
};

// Where a crew meets: in shared memory, since registers are what the full form has fewest of.
struct alignas(16) Crew {
    uint32_t *counter; // meetings so far, times blocks
    uint8_t *board;    // board.h
};

// Where the rounds meet, in shared memory. Two halves take turns, so one barrier a round is enough: who writes a half
// again has passed the barrier of the round between, which every reader of the old values passed after reading.
struct TeamRoom {
    Shared<Tally> warps;     // [2][32]
    Shared<Tally> ranks;     // [2][16] written by the other blocks of the cluster; of a crew: [2][2], by warp 0
    Shared<uint64_t> prefix; // [2][32]
    Shared<Crew> crew;       // [1] of a crew
    Shared<uint32_t> met;    // [1] of a crew: its meetings so far, which go round. Thread 0's alone
    Shared<uint32_t> bins;   // [1] of a crew: histograms so far
};

template <int TEAM> struct Team {
    uint32_t warp, warps;       // this warp among the block's warps that share the row
    uint32_t thread, threads;   // likewise
    uint32_t rank, ranks;       // this block among the cluster's
    uint32_t turn, prefix_turn; // halves of TeamRoom in use: ranks need a round of the whole cluster between
    TeamRoom room;
    uint32_t phases; // of the block's bulk barriers, a bit each, where it takes row after row
    URN_DEVICE bool leads() const { return rank == 0 && thread == 0; }
    URN_DEVICE uint8_t *board() const { return room.crew.load(0).board; }
};

template <int TEAM> URN_DEVICE Team<TEAM> team_here(TeamRoom room) {
    if (TEAM == TEAM_WARP) return {0, 1, lane_id(), 32, 0, 1, 0, 0, room, 0};
    uint32_t rank = TEAM == TEAM_CLUSTER ? cluster_rank() : 0, ranks = TEAM == TEAM_CLUSTER ? cluster_size() : 1;
    return {warp_id(), block_warps(), thread_id(), block_threads(), rank, ranks, 0, 0, room, 0};
}

// Threads of the team in this block meet: what they wrote to shared memory is seen.
template <int TEAM> URN_DEVICE void block_meet() {
    if (TEAM == TEAM_WARP)
        warp_sync();
    else
        block_sync();
}

// Thread 0 of every block of a crew calls, between barriers of its block: what the crew stored in global memory before
// is seen after. The counter only ever goes up, so a meeting leaves nothing to be put back; its distance to the target
// stays below 2^31 because no block is more than one meeting ahead.
URN_DEVICE void crew_count(TeamRoom room, uint32_t ranks) {
    uint32_t *counter = room.crew.load(0).counter, met = room.met.load(0) + 1;
    room.met.store(0, met);
    count_up(counter, 1);
    count_wait(counter, met * ranks);
}

// The whole team meets: what any block stored, in its own shared memory, on a crew's board or anywhere in global
// memory, is seen by every block that can reach it.
template <int TEAM> URN_DEVICE void team_meet(Team<TEAM> &team) {
    if (TEAM == TEAM_WARP) {
        warp_sync();
    } else if (TEAM == TEAM_CLUSTER) {
        cluster_sync();
    } else {
        block_sync();
        if (TEAM != TEAM_CREW || team.ranks == 1) return;
        if (team.thread == 0) crew_count(team.room, team.ranks);
        block_sync();
    }
}
// The same for teams that keep no count of their meetings.
template <int TEAM> URN_DEVICE void team_meet() {
    static_assert(TEAM != TEAM_CREW, "a crew counts its meetings: team_meet(team)");
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

// How a warp makes one of its lanes' tallies; {0, 0, 0} is neutral. join: of two, in a lane. before: of the ranks
// below, in lanes.
struct AddUp {
    URN_DEVICE static Tally warp(Tally t) { return warp_tally(t); }
    URN_DEVICE static Tally join(Tally a, Tally b) {
        return {a.sum + b.sum, a.max > b.max ? a.max : b.max, a.flags | b.flags};
    }
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
    URN_DEVICE static Tally join(Tally a, Tally b) {
        return a.sum > b.sum || (a.sum == b.sum && a.max >= b.max) ? a : b;
    }
    URN_DEVICE static uint64_t before(Tally) { return 0; }
};

// The team's tally, and how its sum is spread: `before` is the sum over ranks below this block, `own` this block's.
struct TeamTally {
    Tally all;
    uint64_t before, own;
};

// As team_reduce, from the block's tally on: warp 0 posts it, waits for those of all blocks, and adds them up for its
// block. 16 bytes out, 16 for each block in, through L2. The halves take turns on the board as they do in TeamRoom.
template <class Reduce, int TEAM> URN_DEVICE TeamTally crew_reduce(Team<TEAM> &team, Tally own, uint32_t half) {
    const Tally none = {0, 0, 0};
    if (team.warp == 0) {
        Global<Tally> posted((Tally *)(team.board() + BOARD_TALLIES) + half * MOST_CREW, team.ranks, TAG_WORKSPACE);
        if (lane_id() == 0) {
            posted.store(team.rank, own);
            crew_count(team.room, team.ranks);
        }
        warp_sync();
        Tally all = none, below = none;
        URN_ROLLED
        for (uint32_t r = lane_id(); r < team.ranks; r += 32) {
            Tally t = posted.load(r);
            all = Reduce::join(all, t);
            if (r < team.rank) below.sum += t.sum;
        }
        all = Reduce::warp(all);
        below.sum = Reduce::before(below);
        if (lane_id() == 0) team.room.ranks.store(half * 2, all), team.room.ranks.store(half * 2 + 1, below);
    }
    block_sync();
    return {team.room.ranks.load(half * 2), team.room.ranks.load(half * 2 + 1).sum, own.sum};
}

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
    if (TEAM == TEAM_CREW) return team.ranks == 1 ? TeamTally{t, 0, t.sum} : crew_reduce<Reduce>(team, t, half);
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
    bool alone = TEAM == TEAM_WARP;
    size_t ranks = TEAM == TEAM_CLUSTER ? 32 : TEAM == TEAM_CREW ? 4 : 0;
    TeamRoom room = {arena.take<Tally>(alone ? 0 : 64, "team.warps"),
                     arena.take<Tally>(ranks, "team.ranks"),
                     arena.take<uint64_t>(alone ? 0 : 64, "team.prefix"),
                     arena.take<Crew>(TEAM == TEAM_CREW ? 1 : 0, "team.crew"),
                     arena.take<uint32_t>(TEAM == TEAM_CREW ? 1 : 0, "team.met"),
                     arena.take<uint32_t>(TEAM == TEAM_CREW ? 1 : 0, "team.bins")};
    return room;
}

} // namespace urnd

#endif
