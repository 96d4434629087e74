// step_min_p.h - keep ids at least m times as likely as the likeliest: w >= ceil(m * 2^F).
#ifndef URN_STEP_MIN_P_H
#define URN_STEP_MIN_P_H

#include "kernels/row/epoch.h"

namespace urnd {

struct StayHeavy {
    LawWeight law;
    uint64_t least;
    URN_DEVICE bool of(float x, uint32_t) const { return law.of(x) >= least; }
};

// The whole team calls, in an open epoch that is not greedy. m in (0, 1].
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void step_min_p(State<TEAM, Dtype, RESIDENT> &s, float m) {
    epoch_kept<Dtype>(s.epoch, keep_where(s.team, s.row, StayHeavy{s.law(), ceil_weight(m)}));
}

} // namespace urnd

#endif
