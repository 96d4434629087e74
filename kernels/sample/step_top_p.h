// step_top_p.h - keep the shortest prefix of the order whose mass reaches ceil(p * Z).
#ifndef URN_STEP_TOP_P_H
#define URN_STEP_TOP_P_H

#include "kernels/row/epoch.h"
#include "kernels/row/select.h"

namespace urnd {

// The whole team calls, in an open epoch. p in [0, 1).
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void step_top_p(State<TEAM, Dtype, RESIDENT> &s, SelectRoom room, float p) {
    Epoch &e = s.epoch;
    if (e.greedy) return;
    uint64_t need = ceil_product(p, epoch_mass(s));
    if (need == 0) need = 1;
    Cut cut = select_cut<true>(s.team, s.row, room, law_of(e), need);
    // equal keys weigh the same, and more than 0, since the mass is reached among them
    uint64_t each = law_of(e).of(key_value(cut.key));
    uint64_t ties = (need - cut.above + each - 1) / each;
    uint32_t place = ties * each == cut.inside ? URN_ALL_TIES : tie_place(s.team, s.row, s.cut, cut.key, ties);
    epoch_kept(e, keep_cut(s.team, s.row, cut.key, place));
}

} // namespace urnd

#endif
