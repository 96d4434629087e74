// row_at.h - one element of a row of the full form: its value now, as it was given, and whether it is in K.
//
// A place of the block's own slice, or one of the few after it that a run of ids reaches into: the next block's first.
// Between meetings with who changes them, and with no block of the team gone.
#ifndef URN_ROW_AT_H
#define URN_ROW_AT_H

#include "kernels/row/epoch.h"
#include "kernels/row/reach.h"
#include "kernels/row/row_full.h"

namespace urnd {

// The first places of the next block's slice, where a team has more than one: `own` in that block's shared memory, or
// what a crew's blocks post of theirs, from byte `byte` on.
template <int TEAM, bool RESIDENT, class T>
URN_DEVICE auto reach_next(const State<TEAM, Full, RESIDENT> &s, Shared<T> own, uint32_t byte) {
    if constexpr (TEAM == TEAM_CREW) {
        uint8_t *edge = s.team.board() + BOARD_EDGES + (s.team.rank + 1) * BOARD_EDGE * 4;
        return Global<T>((T *)(edge + byte), UNIT, TAG_WORKSPACE);
    } else {
        return own.on_rank(s.team.rank + 1);
    }
}
enum { EDGE_VALUES = 0, EDGE_KEPT = UNIT * 4 };

// A block of a crew calls, before the team meets: its first places, for the block before it.
template <int TEAM, bool RESIDENT> URN_DEVICE void post_edge(const State<TEAM, Full, RESIDENT> &s) {
    if (TEAM != TEAM_CREW || s.row.groups == 0 || s.team.thread != 0) return;
    uint8_t *edge = s.team.board() + BOARD_EDGES + s.team.rank * BOARD_EDGE * 4;
    Global<uint32_t> values((uint32_t *)(edge + EDGE_VALUES), UNIT, TAG_WORKSPACE);
    URN_ROLLED
    for (uint32_t i = 0; i < UNIT; i++) values.store(i, f32_bits(s.row.x_at(s.row.begin + i)));
    Global<uint8_t>(edge + EDGE_KEPT, 1, TAG_WORKSPACE).store(0, (uint8_t)s.row.kept_bits(0));
}

// Any thread calls for itself, of a place inside the row.
template <int TEAM, bool RESIDENT> URN_DEVICE float value_at(const State<TEAM, Full, RESIDENT> &s, uint32_t place) {
    const Row<Full, RESIDENT> &row = s.row;
    if (TEAM < TEAM_CLUSTER || row.holds(place)) return row.x_at(place);
    uint32_t at = place - row.begin - row.groups * GROUP;
    if (RESIDENT || TEAM == TEAM_CREW) return bits_f32(reach_next(s, row.held, EDGE_VALUES).load(at));
    if (!row.changed) return row.given(place);
    return bits_f32(Global<uint32_t>(row.far_held.p + row.groups * GROUP, UNIT, TAG_WORKSPACE).load(at));
}

// Is it in K, which a greedy epoch narrows to one id before the kept bits follow?
template <int TEAM, bool RESIDENT> URN_DEVICE bool in_kept(const State<TEAM, Full, RESIDENT> &s, uint32_t place) {
    const Row<Full, RESIDENT> &row = s.row;
    if (s.epoch.greedy) return place == s.epoch.place;
    if (TEAM < TEAM_CLUSTER || row.holds(place)) return row.keeps(place);
    uint32_t at = place - row.begin - row.groups * GROUP; // below UNIT
    if (RESIDENT || TEAM == TEAM_CREW) return reach_next(s, row.kept, EDGE_KEPT).load(0) >> at & 1;
    return Global<uint8_t>(row.far_kept.p + row.groups * GROUP_UNITS, 1, TAG_WORKSPACE).load(0) >> at & 1;
}

} // namespace urnd

#endif
