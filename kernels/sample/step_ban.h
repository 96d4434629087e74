// step_ban.h - ids that would complete a banned sequence are marked: a thread a sequence.
#ifndef URN_STEP_BAN_H
#define URN_STEP_BAN_H

#include "kernels/row/context.h"
#include "kernels/sample/id_list.h"

namespace urnd {

// The team's threads of this block call, between clear_marks and apply_marks.
template <int TEAM, bool RESIDENT>
URN_DEVICE void mark_banned(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const urn_step &step, int64_t set,
                            const Context &h) {
    Global<const int64_t> sets(step.sets, step.sets_rows + 1, TAG_PARAM);
    int64_t first = sets.load(set), last = sets.load(set + 1);
    URN_ROLLED
    for (int64_t j = first + team.thread; j < last; j += team.threads) {
        IdList sequence = id_list(step, j);
        int64_t before = sequence.count - 1;
        if (before < 0 || before > (int64_t)h.count) continue;
        uint32_t same = 0, from = h.count - (uint32_t)before;
        while (same < (uint32_t)before && sequence.ids.load(same) == h.at(from + same)) same++;
        if (same == (uint32_t)before) mark_id(row, sequence.ids.load(before));
    }
}

} // namespace urnd

#endif
