// marks.h - a bit a place beside the kept bits: sparse lists set marks, one dense walk applies them.
#ifndef URN_MARKS_H
#define URN_MARKS_H

#include "kernels/row/epoch.h"
#include "kernels/row/row_full.h"

namespace urnd {

// The team's threads of this block call, and meet in it: no place of the slice is marked.
template <int TEAM, bool RESIDENT> URN_DEVICE void clear_marks(const Team<TEAM> &team, const Row<Full, RESIDENT> &row) {
    block_meet<TEAM>(); // who read the marks of before is done
    URN_ROLLED
    for (uint32_t w = team.thread; w < row.groups * GROUP_WORDS; w += team.threads) row.put_marks(w, 0);
    block_meet<TEAM>();
}

// Any thread calls for itself: mark id `id` if it is in this block's slice. Ids outside of the row mark nothing. True:
// it is, and nobody had marked it before.
template <bool RESIDENT> URN_DEVICE bool mark_id(const Row<Full, RESIDENT> &row, int64_t id) {
    if (id < 0 || id >= (int64_t)(row.end - row.shift)) return false;
    uint32_t place = (uint32_t)id + row.shift;
    if (!row.holds(place)) return false;
    uint32_t at = place - row.begin, bit = 1u << (at & 31);
    uint32_t before = RESIDENT ? row.marked.or_(at / 32, bit) : row.far_marked.or_(at / 32, bit);
    return (before & bit) == 0;
}

// The unit's eight marks. Any thread, after a meeting of the block since they were set.
template <bool RESIDENT> URN_DEVICE uint32_t unit_marks(const Row<Full, RESIDENT> &row, uint32_t unit) {
    return row.marks(unit / 4) >> (unit % 4 * UNIT) & 0xffu;
}

enum MarkUse { MARKS_STAY, MARKS_LEAVE, MARKS_IGNORED };

// The whole team calls, between epochs: only marked ids stay, or they leave, or K is only looked at again after
// scattered changes of x. Afterwards |K| and its largest key are known. Reads what stays once.
template <int TEAM, bool RESIDENT> URN_DEVICE void apply_marks(State<TEAM, Full, RESIDENT> &s, MarkUse use) {
    const Row<Full, RESIDENT> &row = s.row;
    block_meet<TEAM>(); // marks of other warps, and values that they put
    Tally mine = {0, 0, 0};
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        uint32_t marks = use == MARKS_IGNORED ? 0 : unit_marks(row, unit);
        uint32_t left = use == MARKS_STAY ? bits & marks : bits & ~marks;
        if (left != bits) row.keep_bits(unit, left);
        if (left == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++)
            if (left >> i & 1) mine.max = max_of(mine.max, order_key(x[i]));
        mine.sum += (uint32_t)popc_u32(left);
    }
    TeamTally left = team_tally(s.team, mine);
    s.epoch.count = (uint32_t)left.all.sum;
    s.epoch.largest = left.all.max;
}

// The whole team calls: |K| and its largest key, after ids have left or values have changed one by one.
template <int TEAM, bool RESIDENT> URN_DEVICE void look_again(State<TEAM, Full, RESIDENT> &s) {
    apply_marks(s, MARKS_IGNORED);
}

} // namespace urnd

#endif
