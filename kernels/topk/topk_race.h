// topk_race.h - picks from the top: each an inverse-CDF draw among the mass that is left (bits_topk.h T2).
#ifndef URN_TOPK_RACE_H
#define URN_TOPK_RACE_H

#include "kernels/topk/topk_candidates.h"

namespace urnd {

URN_DEVICE Random4 race_block(const RowHead &head, uint32_t j) {
    return philox(head.key, {0, j, head.position, URN_STREAM_RACE});
}

// One thread: the keys of `found` picks, whose values lie in the room, and of the one after them, lifted, 0 if there is
// none. `keys` holds one more than the picks.
template <int TEAM, bool RESIDENT>
URN_DEVICE void race_keys(const FullState<TEAM, RESIDENT> &s, const RowHead &head, TopkRoom t, uint32_t found,
                          uint64_t mass) {
    double time = 0.0;
    uint64_t left = mass;
    URN_ROLLED
    for (uint32_t j = 0; j <= found; j++) {
        if (left == 0) {
            t.key.store(j, 0);
            break;
        }
        Random4 block = race_block(head, j);
        double e = exponential_bits((uint64_t)block.word[3] << 32 | block.word[2]);
        time = time + e / ((double)left * 0x1p-40);
        double at = -log2_f64(time) * 0x1p40;
        int64_t whole = (int64_t)at; // towards 0
        t.key.store(j, lift_gumbel((double)whole > at ? whole - 1 : whole));
        if (j < found) left -= s.law().of(bits_f32(t.x.load(j)));
    }
}

// The whole team calls, after epoch_mass, in an epoch that is not greedy; k up to URN_TOPK_RACE_K: picks, in order, and
// their keys into block 0's room. How many; all threads get it. Each pick makes one group's weights again, in the block
// that holds it, takes its id out of the kept bits and its weight out of the group's sum.
template <int TEAM, bool RESIDENT>
URN_DEVICE uint32_t race_row(FullState<TEAM, RESIDENT> &s, TopkRoom t, const TopkBoard &board, const RowHead &head,
                             uint32_t k) {
    const Row<Full, RESIDENT> &row = s.row;
    const FullLaw law = s.law();
    TeamTally left = s.epoch.mass;
    uint64_t mass = left.all.sum;
    uint32_t found = 0;
    team_meet(s.team);
    URN_ROLLED
    for (; found < k && left.all.sum != 0; found++) {
        uint64_t r = mulhi_u64(race_block(head, found).low64(), left.all.sum);
        if (s.team.warp == 0 && r >= left.before && r - left.before < left.own) {
            Spot spot = locate(row, law, r - left.before);
            tell(s.team, t.place, board.place, found, spot.place, lane_id(), 32);
            tell(s.team, t.x, board.x, found, f32_bits(spot.x), lane_id(), 32);
            warp_sync(); // every lane has read what changes now
            if (lane_id() == 0) {
                uint32_t at = spot.place - row.begin;
                row.keep_bits(at / UNIT, row.kept_bits(at / UNIT) & ~(1u << (at % UNIT)));
                row.put_sum(at / GROUP, row.sum(at / GROUP) - law.of(spot.x));
            }
            warp_sync();
        }
        team_meet(s.team);
        hear(s.team, t.place, board.place, found + 1);
        hear(s.team, t.x, board.x, found + 1);
        uint32_t place = t.place.load(found);
        uint64_t w = law.of(bits_f32(t.x.load(found)));
        left.all.sum -= w;
        if (row.holds(place))
            left.own -= w;
        else if (place < row.begin)
            left.before -= w;
    }
    if (s.team.leads()) race_keys(s, head, t, found, mass);
    team_meet(s.team);
    return found;
}

} // namespace urnd

#endif
