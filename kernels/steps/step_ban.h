// step_ban.h - ids that would complete a banned sequence are marked: a thread a sequence.
#ifndef URN_STEP_BAN_H
#define URN_STEP_BAN_H

#include "kernels/row/context.h"
#include "kernels/steps/id_list.h"

namespace urnd {

// The team's threads of this block call, between clear_marks and apply_marks: sequences first .. first + count. True:
// the caller met a sequence whose offsets run backwards or past the ids.
template <int TEAM, bool RESIDENT>
URN_DEVICE bool mark_banned(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const urn_step &step, int64_t first,
                            int64_t count, const Context &h) {
    Global<const int64_t> offsets(step.offsets, step.table_rows + 1, TAG_PARAM);
    bool bad = false;
    URN_ROLLED
    for (int64_t j = first + team.thread; j < first + count; j += team.threads) {
        int64_t from = offsets.load(j), end = offsets.load(j + 1), before = end - from - 1;
        if (from < 0 || end < from || end > step.table_stride) {
            bad = true;
            continue;
        }
        if (before < 0 || before > (int64_t)h.count) continue;
        IdList sequence = id_list(step, from, end - from);
        uint32_t same = 0, start = h.count - (uint32_t)before;
        URN_ROLLED
        while (same < (uint32_t)before && sequence.ids.load(same) == h.at(start + same)) same++;
        if (same == (uint32_t)before) mark_id(row, sequence.ids.load(before));
    }
    return bad;
}

} // namespace urnd

#endif
