// row_at.h - one element of a row of the full form: its value now, as it was given, and whether it is in K.
//
// A place of the block's own slice, or one of the few after it that a run of ids reaches into: the next block's first.
// Between meetings with who changes them, and with no block of the cluster gone.
#ifndef URN_ROW_AT_H
#define URN_ROW_AT_H

#include "kernels/row/epoch.h"
#include "kernels/row/row_full.h"

namespace urnd {

// Any thread calls for itself, of a place inside the row.
template <int TEAM, bool RESIDENT> URN_DEVICE float value_at(const State<TEAM, Full, RESIDENT> &s, uint32_t place) {
    const Row<Full, RESIDENT> &row = s.row;
    if (!RESIDENT && !row.changed) return row.given(place);
    if (TEAM != TEAM_CLUSTER || row.holds(place)) return row.x_at(place);
    uint32_t at = place - row.begin - row.groups * GROUP;
    if (RESIDENT) return bits_f32(row.held.on_rank(s.team.rank + 1).load(at));
    return bits_f32(Global<uint32_t>(row.far_held.p + row.groups * GROUP, UNIT, TAG_WORKSPACE).load(at));
}

// Is it in K, which a greedy epoch narrows to one id before the kept bits follow?
template <int TEAM, bool RESIDENT> URN_DEVICE bool in_kept(const State<TEAM, Full, RESIDENT> &s, uint32_t place) {
    const Row<Full, RESIDENT> &row = s.row;
    if (s.epoch.greedy) return place == s.epoch.place;
    if (TEAM != TEAM_CLUSTER || row.holds(place)) return row.keeps(place);
    uint32_t at = place - row.begin - row.groups * GROUP; // below UNIT
    if (RESIDENT) return row.kept.on_rank(s.team.rank + 1).load(0) >> at & 1;
    return Global<uint8_t>(row.far_kept.p + row.groups * GROUP_UNITS, 1, TAG_WORKSPACE).load(0) >> at & 1;
}

} // namespace urnd

#endif
