// step_top_k.h - keep the first k ids of the order, exactly k.
#ifndef URN_STEP_TOP_K_H
#define URN_STEP_TOP_K_H

#include "kernels/row/epoch.h"
#include "kernels/row/select.h"

namespace urnd {

// The whole team calls, in an open epoch. k >= 1.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void step_top_k(State<TEAM, Dtype, RESIDENT> &s, SelectRoom room, uint32_t k) {
    Epoch &e = s.epoch;
    if (e.greedy || k >= e.count) return; // all stay: that is the rule, not a shortcut past it
    Cut cut = select_cut<false>(s.team, s.row, room, law_of(e), k);
    uint32_t place = cut.whole ? URN_ALL_TIES : tie_place(s.team, s.row, s.cut, cut.key, k - cut.above);
    epoch_kept(e, keep_cut(s.team, s.row, cut.key, place));
}

} // namespace urnd

#endif
