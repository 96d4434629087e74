// step_mask.h - ids whose bit is 0 leave. One walk over the row; units with nothing kept are not read.
#ifndef URN_STEP_MASK_H
#define URN_STEP_MASK_H

#include "kernels/row/epoch.h"
#include "urn/steps.h"

namespace urnd {

// Bits of the ids at a unit's eight places. id may be negative for places before the row, whose kept bits are 0.
URN_DEVICE uint32_t mask_bits(Global<const uint32_t> words, int32_t id, int32_t cols) {
    if (id < 0) return words.load(0) << -id;
    int32_t word = id >> 5, low = id & 31;
    uint32_t bits = words.load(word) >> low;
    // a unit that is not aligned to ids may reach into the next word, where that one belongs to the row
    if (low > 32 - UNIT && (word + 1) * 32 < cols) bits |= words.load(word + 1) << (32 - low);
    return bits;
}

// The whole team calls, between epochs.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void step_mask(State<TEAM, Dtype, RESIDENT> &s, const urn_step &step, int64_t table_row) {
    const Row<Dtype, RESIDENT> &row = s.row;
    Global<const uint32_t> words((const uint32_t *)step.table + table_row * step.table_stride, step.table_stride,
                                 TAG_MASK);
    Tally mine = {0, 0, 0};
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        int32_t id = (int32_t)(row.begin + unit * UNIT) - (int32_t)row.shift;
        uint32_t left = bits & mask_bits(words, id, (int32_t)(row.end - row.shift));
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

} // namespace urnd

#endif
