// step_min_p.h - keep ids at least m times as likely as the likeliest: w >= ceil(m * 2^F).
#ifndef URN_STEP_MIN_P_H
#define URN_STEP_MIN_P_H

#include "kernels/row/epoch.h"

namespace urnd {

// The whole team calls, in an open epoch that is not greedy. m in (0, 1].
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void step_min_p(State<TEAM, Dtype, RESIDENT> &s, float m) {
    Epoch &e = s.epoch;
    const Row<Dtype, RESIDENT> &row = s.row;
    typename LawOf<Dtype>::Law w = s.law();
    uint64_t least = ceil_weight(m);
    Tally mine = {0, 0, 0};
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        uint32_t stay = 0;
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) stay |= (w.of(x[i]) >= least ? 1u : 0u) << i;
        row.keep_bits(unit, bits & stay);
        mine.sum += (uint32_t)popc_u32(bits & stay);
    }
    epoch_kept(e, (uint32_t)team_tally(s.team, mine).all.sum);
}

} // namespace urnd

#endif
