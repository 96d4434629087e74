// values.h - steps change the values of K: one walk for them all.
#ifndef URN_VALUES_H
#define URN_VALUES_H

#include "kernels/row/marks.h"

namespace urnd {

#define URN_FLT_MAX 0x1.fffffep+127f

// FIN of bits.h section 8. A NaN stays one, and value_walk ends the row for it.
URN_DEVICE float fin(float v) {
    v = v + 0.0f;
    return v > URN_FLT_MAX ? URN_FLT_MAX : v < -URN_FLT_MAX ? -URN_FLT_MAX : v;
}

// What a step makes of an id: -inf takes it out of K. wrong: the step's own error, beside NaN.
struct NewValue {
    float x;
    bool wrong;
};

// The whole team calls. visit(x, place) for every id of K, by a lane an element: a table beside the row is read 32
// neighbours at a time, and visit stands in the code once, which counts where it is long. The id stays in K if visit
// says so; what it puts for its own place is seen after the team's next tally.
template <bool RESIDENT, int TEAM, class Visit>
URN_DEVICE void each_kept(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const Visit &visit) {
    URN_ROLLED
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t bits = row.kept_bits(own_unit(group)), left = 0;
        if (!any(bits != 0)) continue;
        URN_ROLLED
        for (uint32_t i = 0; i < UNIT; i++) { // elements 32 i .. 32 i + 31 of the group: units 4 i .. 4 i + 3
            uint32_t place = row.begin + group * GROUP + i * 32 + lane_id();
            bool stays = false;
            if (shfl(bits, i * 4 + lane_id() / UNIT) >> (lane_id() % UNIT) & 1) stays = visit(row.x_at(place), place);
            uint32_t stay = ballot(stays);
            if (lane_id() / 4 == i) left = stay >> (lane_id() % 4 * UNIT) & 0xffu;
        }
        if (left != bits) row.keep_bits(own_unit(group), left);
    }
}

// The whole team calls, between epochs: x = f(x, place).x for all of K, f called by the thread that holds the id, in no
// order. A row status: 0, URN_ROW_NAN where a NaN came out, and `wrong` where f said so; all threads get it. One walk
// over K, written once.
template <int TEAM, bool RESIDENT, class F>
URN_DEVICE int32_t value_walk(State<TEAM, Full, RESIDENT> &s, int32_t wrong, const F &f) {
    const Row<Full, RESIDENT> &row = s.row;
    Tally mine = {0, 0, 0};
    each_kept(s.team, row, [&](float x, uint32_t place) {
        NewValue now = f(x, place);
        uint32_t key = order_key(now.x);
        bool stays = key > URN_KEY_MINUS_INF;
        row.put_x(place, now.x);
        mine.flags |= (now.x != now.x ? 1u : 0u) | (now.wrong ? 2u : 0u);
        if (stays) mine.max = max_of(mine.max, key), mine.sum++;
        return stays;
    });
    TeamTally left = team_tally(s.team, mine);
    s.row.changed = true;
    s.epoch.count = (uint32_t)left.all.sum;
    s.epoch.largest = left.all.max;
    return ((left.all.flags & 1) ? URN_ROW_NAN : 0) | ((left.all.flags & 2) ? wrong : 0);
}

// The whole team calls before values are put one by one: the values of K are the row's own. Copies a streamed row that
// was not changed so far.
template <int TEAM, bool RESIDENT> URN_DEVICE void own_values(State<TEAM, Full, RESIDENT> &s) {
    const Row<Full, RESIDENT> &row = s.row;
    if (!RESIDENT && !row.changed) {
        URN_ROLLED
        for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
            uint32_t unit = own_unit(group);
            if (row.is_held(unit) || row.kept_bits(unit) == 0) continue;
            float x[UNIT];
            row.logits(unit, x);
            row.put_logits(unit, x);
        }
    }
    s.row.changed = true;
    block_meet<TEAM>();
}

} // namespace urnd

#endif
