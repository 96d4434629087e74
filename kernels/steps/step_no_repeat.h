// step_no_repeat.h - ids that would repeat an n-gram of the context are marked: a thread a place of the context.
#ifndef URN_STEP_NO_REPEAT_H
#define URN_STEP_NO_REPEAT_H

#include "kernels/row/context.h"
#include "kernels/row/marks.h"

namespace urnd {

// The team's threads of this block call, between clear_marks and apply_marks. n >= 1.
template <int TEAM, bool RESIDENT>
URN_DEVICE void mark_repeats(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, uint32_t n, const Context &h) {
    if (n > h.count) return;
    URN_ROLLED
    for (uint32_t i = team.thread; i <= h.count - n; i += team.threads) {
        uint32_t same = 0;
        URN_ROLLED
        while (same < n - 1 && h.at(i + same) == h.at(h.count - n + 1 + same)) same++;
        if (same == n - 1) mark_id(row, h.at(i + n - 1));
    }
}

} // namespace urnd

#endif
