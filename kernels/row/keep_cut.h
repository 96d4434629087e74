// keep_cut.h - keep what comes before a cut in the order, ties at the cut by smaller id.
#ifndef URN_KEEP_CUT_H
#define URN_KEEP_CUT_H

#include "kernels/row/select.h"

namespace urnd {

#define URN_ALL_TIES 0xffffffffu

struct CutRoom {
    Shared<uint32_t> place; // [1] the same in every block of the team
};
URN_HOST_DEVICE CutRoom cut_room(Arena &arena) { return {arena.take<uint32_t>(1, "cut.place")}; }

// The whole team calls. The place of the kept id at which the ties' weights, added in id order, reach t; t >= 1 and at
// most their sum. narrowed: of the cut that found them.
template <int TEAM, class Dtype, bool RESIDENT, class Weight>
URN_DEVICE uint32_t tie_place(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, CutRoom room, Weight one, uint64_t t,
                              bool narrowed = false) {
    TeamTally ties = sum_groups(team, row, one, false, narrowed);
    if (team.warp == 0 && t - 1 >= ties.before && t - 1 - ties.before < ties.own) {
        Spot spot = locate(row, one, t - 1 - ties.before);
        tell(team, room.place, BOARD_PLACE, 0, spot.place, lane_id(), 32);
    }
    team_meet(team);
    hear(team, room.place, BOARD_PLACE, 1);
    return room.place.load(0);
}

// The whole team calls. The first place in K of a key that is there, or the last.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE uint32_t first_place(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, uint32_t key, bool last = false) {
    uint32_t most = 0, flip = last ? 0 : 0xffffffffu; // ~place: the maximum is the smallest place
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = UNIT; i-- > 0;)
            if ((bits >> i & 1) && order_key(x[i]) == key) most = max_of(most, (row.begin + unit * UNIT + i) ^ flip);
    }
    return team_tally(team, {0, most, 0}).all.max ^ flip;
}

// The whole team calls. Ids of K stay where stay.of(x, place) says so. The tally's sum is how many; in the full form,
// where the first of K may leave, its max is the largest key left. narrowed: all of K stays in units that are not open.
template <int TEAM, class Dtype, bool RESIDENT, class Stay>
URN_DEVICE Tally keep_where(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, const Stay &stay,
                            bool narrowed = false) {
    Tally mine = {0, 0, 0};
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if constexpr (Row<Dtype, RESIDENT>::narrows) {
            if (narrowed && !(row.open_units(group) >> lane_id() & 1)) {
                mine.sum += (uint32_t)popc_u32(bits);
                continue;
            }
        }
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        uint32_t left = 0;
        URN_EACH
        for (uint32_t i = 0; i < UNIT; i++) {
            float v = turn(x);
            bool stays = stay.of(v, row.begin + unit * UNIT + i);
            left |= (stays ? 1u : 0u) << i;
            if (Dtype::full && stays && (bits >> i & 1)) mine.max = max_of(mine.max, order_key(v));
        }
        bits &= left;
        row.keep_bits(unit, bits);
        mine.sum += (uint32_t)popc_u32(bits);
    }
    return team_tally(team, mine).all;
}

// What comes before a cut: a larger key, or the same up to a place.
template <class Key> struct StayAbove {
    Key order;
    uint32_t key, place;
    URN_DEVICE bool of(float x, uint32_t at) const {
        uint32_t k = order.of(x);
        return k > key || (k == key && at <= place);
    }
};

template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Tally keep_cut(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, typename LawOf<Dtype>::Key order,
                          uint32_t key, uint32_t place, bool narrowed = false) {
    return keep_where(team, row, StayAbove<typename LawOf<Dtype>::Key>{order, key, place}, narrowed);
}

} // namespace urnd

#endif
