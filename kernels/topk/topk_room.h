// topk_room.h - what a launch of urn_topk is told, and what block 0 of a team keeps of a row's picks.
#ifndef URN_TOPK_ROOM_H
#define URN_TOPK_ROOM_H

#include "kernels/launch_topk.h"
#include "kernels/row/sort_ids.h"
#include "kernels/steps/step_room.h"

namespace urnd {

struct TopkArgs {
    SampleArgs rows; // rows.call.params.draws is k, as is all that tells a row's place in the outputs
    urn_topk_params p;
    uint32_t most;  // records that block 0 has room for
    uint32_t sets;  // sums of set_logprob, 0 where it is not asked for
    uint32_t board; // of crews: where on the board its records lie
};

inline uint32_t topk_sets(const urn_topk_params &p) {
    return p.set_logprob ? 1u << min_of((uint32_t)p.k, URN_TOPK_SET_K) : 0;
}

// A candidate is a key, a place in the row, and its value's bits. Keys are lifted: above 0, larger first.
struct TopkRoom {
    Shared<uint64_t> key;                            // [most]
    Shared<uint32_t> place, x;                       // [most]
    Shared<uint32_t> now;                            // [1] how many are there
    Shared<uint64_t> set;                            // [sets]
    Shared<uint64_t> member;                         // [URN_TOPK_SET_K] weights by increasing id
    Shared<uint32_t> id_place, id_number, number_at; // [bins] picks by increasing id, and where each pick goes
};

// Bytes from the start of the records' part of a crew's board.
struct TopkBoard {
    uint32_t now, key, place, x;
};
URN_DEVICE TopkBoard topk_board(const TopkArgs &args) {
    uint32_t key = args.board + 128, place = key + args.most * 8;
    return {args.board, key, place, place + args.most * 4};
}

template <int TEAM, bool RESIDENT> struct TopkRooms {
    SampleRoom<TEAM, Full, RESIDENT> row;
    TopkRoom topk;
};

template <int TEAM, bool RESIDENT>
URN_HOST_DEVICE TopkRooms<TEAM, RESIDENT> topk_rooms(Arena &arena, uint32_t groups, uint32_t most, uint32_t sets) {
    TopkRooms<TEAM, RESIDENT> room = {sample_room<TEAM, Full, RESIDENT, false>(arena, groups), {}};
    room.topk.key = arena.take<uint64_t>(most, "topk.key");
    room.topk.place = arena.take<uint32_t>(most, "topk.place");
    room.topk.x = arena.take<uint32_t>(most, "topk.x");
    room.topk.now = arena.take<uint32_t>(1, "topk.now");
    room.topk.set = arena.take<uint64_t>(sets, "topk.set");
    room.topk.member = arena.take<uint64_t>(sets ? URN_TOPK_SET_K : 0, "topk.member");
    // selections are over by then
    room.topk.id_place = room.row.select.limb[0];
    room.topk.id_number = room.row.select.limb[1];
    room.topk.number_at = room.row.select.limb[2];
    return room;
}

// Lifted keys and back.
URN_DEVICE uint64_t lift_gumbel(int64_t key) { return (uint64_t)(key + (INT64_C(1) << 62)); }
URN_DEVICE int64_t drop_gumbel(uint64_t key) { return (int64_t)(key - (UINT64_C(1) << 62)); }

URN_DEVICE uint64_t lift_plain(uint32_t key, uint32_t flags) {
    return 1 + (uint64_t)((flags & URN_TOPK_SMALLEST) ? ~key : key);
}
// The key as the caller sees it.
URN_DEVICE int64_t key_of_pick(const urn_topk_params &p, uint64_t key) {
    if (p.by == URN_TOPK_GUMBEL || p.by == URN_TOPK_RACE) return drop_gumbel(key);
    uint32_t plain = (uint32_t)(key - 1);
    return (int64_t)((p.flags & URN_TOPK_SMALLEST) ? ~plain : plain);
}

// What is said of a row besides its picks.
struct RowTopk {
    uint32_t found;
    int64_t threshold; // INT64_MIN: none
};

} // namespace urnd

#endif
