// reach.h - arrays that every block of a team reaches: block 0's, each block's own, and what one tells to all.
//
// Each is an array in shared memory, which blocks of a cluster find in each other, and which a warp or a block has to
// itself. For a crew it is an array on the board instead, at `board`; its copy in shared memory is only filled by hear.
// The team meets between who stores and who loads.
#ifndef URN_REACH_H
#define URN_REACH_H

#include "kernels/launch.h"
#include "kernels/row/team.h"

namespace urnd {

// All threads of a block call, before anything else of the crew: which of `crew` blocks of which crew it is, where that
// meets, and its board.
URN_DEVICE Team<TEAM_CREW> crew_here(TeamRoom room, uint32_t crew, uint8_t *counters, uint8_t *boards,
                                     size_t board_bytes) {
    size_t number = block_id() / crew;
    Team<TEAM_CREW> team = team_here<TEAM_CREW>(room);
    team.rank = block_id() % crew;
    team.ranks = crew;
    if (team.thread == 0) {
        room.crew.store(0, {(uint32_t *)(counters + number * URNK_COUNTER_BYTES), boards + number * board_bytes});
        room.met.store(0, 0);
        room.bins.store(0, 0);
    }
    block_sync();
    return team;
}

// Any thread: the array in block `rank`, of `count` elements.
template <int TEAM, class T>
URN_DEVICE auto reach(const Team<TEAM> &team, Shared<T> own, uint32_t rank, uint32_t board, uint32_t count) {
    if constexpr (TEAM == TEAM_CREW)
        return Global<T>((T *)(team.board() + board) + rank * count, count, TAG_WORKSPACE);
    else if constexpr (TEAM == TEAM_CLUSTER)
        return own.on_rank(rank);
    else
        return own;
}
// The same, in block 0.
template <int TEAM, class T>
URN_DEVICE auto reach_first(const Team<TEAM> &team, Shared<T> own, uint32_t board, uint32_t count) {
    return reach(team, own, 0, board, count);
}

// Lanes of one warp, or one thread with lane 0 of 1, call: element i of every block's array becomes v.
template <int TEAM, class T>
URN_DEVICE void tell(const Team<TEAM> &team, Shared<T> own, uint32_t board, uint32_t i, T v, uint32_t lane,
                     uint32_t lanes) {
    uint32_t copies = TEAM == TEAM_CREW ? 1 : team.ranks; // a crew hears it from the board
    URN_ROLLED
    for (uint32_t r = lane; r < copies; r += lanes) reach(team, own, r, board, i + 1).store(i, v);
}

// All threads of a block call, after a meeting of the team: `own` holds the first `count` elements that were told to
// it, or that others left in block 0.
template <int TEAM, class T>
URN_DEVICE void hear(const Team<TEAM> &team, Shared<T> own, uint32_t board, uint32_t count) {
    if (TEAM != TEAM_CREW) return;
    Global<T> told((T *)(team.board() + board), count, TAG_WORKSPACE);
    URN_ROLLED
    for (uint32_t i = team.thread; i < count; i += team.threads) own.store(i, told.load(i));
    block_meet<TEAM>();
}

} // namespace urnd

#endif
