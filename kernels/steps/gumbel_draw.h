// gumbel_draw.h - a draw as the largest Gumbel key, noise keyed by id; and what a law says of one id.
#ifndef URN_GUMBEL_DRAW_H
#define URN_GUMBEL_DRAW_H

#include "kernels/bits/dev_gumbel.h"
#include "kernels/row/law.h"
#include "kernels/row/row_params.h"

namespace urnd {

// The whole team calls, in an epoch that is not greedy: a walk over K for one draw. True for warp 0 of the block that
// holds the id.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE bool gumbel_one(State<TEAM, Dtype, RESIDENT> &s, const RowHead &head, uint32_t draw, Spot &spot) {
    const Row<Dtype, RESIDENT> &row = s.row;
    const Epoch &e = s.epoch;
    auto w = s.law();
    Tally best = {0, 0, 0};
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        uint32_t place = row.begin + unit * UNIT;
        Random4 block = {{0, 0, 0, 0}};
        // one element a round, handed down to x[0], so that the f64 of a key stands here once
        URN_ROLLED
        for (uint32_t i = 0; i < UNIT; i++, place++) {
            uint32_t id = place - row.shift;
            float v = x[0];
            URN_UNROLL
            for (uint32_t k = 0; k + 1 < UNIT; k++) x[k] = x[k + 1];
            // an even id's block serves the odd one after it
            if (i == 0 || (id & 1) == 0) block = gumbel_block(head.key, id, draw, head.position);
            if (!(bits >> i & 1) || w.of(v) == 0) continue;
            double y = law_bits<Dtype>(e, v);
            int64_t key = gumbel_key(y < -0x1p20 ? -0x1p20 : y, gumbel_bits(block, id));
            uint64_t lifted = (uint64_t)(key + (INT64_C(1) << 62));      // > 0, order kept
            if (lifted > best.sum) best = {lifted, ~place, f32_bits(v)}; // places rise: a tie stays with the first
        }
    }
    Tally all = team_reduce<PickBest>(s.team, best).all;
    spot = {~all.max, bits_f32(all.flags), 0, 0};
    return s.team.warp == 0 && spot.place >= row.begin && spot.place - row.begin < row.groups * GROUP;
}

} // namespace urnd

#endif
