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
// most their sum.
template <int TEAM, class Dtype, bool RESIDENT, class Weight>
URN_DEVICE uint32_t tie_place(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, CutRoom room, Weight one, uint64_t t) {
    TeamTally ties = sum_groups(team, row, one, false);
    if (team.warp == 0 && t - 1 >= ties.before && t - 1 - ties.before < ties.own) {
        Spot spot = locate(row, one, t - 1 - ties.before);
        if (lane_id() < team.ranks) room.place.on_rank(lane_id()).store(0, spot.place);
    }
    team_meet<TEAM>();
    return room.place.load(0);
}

// The whole team calls. The first place of the largest key: t = 1 without sums, because every greedy row needs it.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE uint32_t first_place(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, uint32_t key) {
    uint32_t inverted = 0; // ~place: the maximum is the smallest place
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = UNIT; i-- > 0;)
            if ((bits >> i & 1) && order_key(x[i]) == key && ~(row.begin + unit * UNIT + i) > inverted)
                inverted = ~(row.begin + unit * UNIT + i);
    }
    return ~team_tally(team, {0, inverted, 0}).all.max;
}

// The whole team calls. Kept ids stay if their key is larger than `key`, or equal at or before `place`. Returns how
// many.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE uint32_t keep_cut(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, typename LawOf<Dtype>::Key order,
                             uint32_t key, uint32_t place) {
    Tally mine = {0, 0, 0};
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        float x[UNIT];
        row.logits(unit, x);
        uint32_t stay = 0;
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            uint32_t k = order.of(x[i]);
            bool in = k > key || (k == key && row.begin + unit * UNIT + i <= place);
            stay |= (in ? 1u : 0u) << i;
        }
        bits &= stay;
        row.keep_bits(unit, bits);
        mine.sum += (uint32_t)popc_u32(bits);
    }
    return (uint32_t)team_tally(team, mine).all.sum;
}

} // namespace urnd

#endif
