// first_ids.h - the first few ids of K in the order: cut, gathered in block 0, ranked there.
#ifndef URN_FIRST_IDS_H
#define URN_FIRST_IDS_H

#include "kernels/steps/step_room.h"

namespace urnd {

// Which ids the first n of K are: larger keys than `key`, and that key up to a place.
struct FirstCut {
    uint32_t key, place;
};

// The whole team calls; n >= 1. Uses up the groups' sums. Up to 5 walks over the row by digits, and one for ties.
template <int TEAM, bool RESIDENT>
URN_DEVICE FirstCut first_cut(State<TEAM, Full, RESIDENT> &s, SelectRoom room, uint32_t n) {
    if (s.epoch.greedy) return {s.epoch.largest, s.epoch.place};
    if (n >= s.epoch.count) return {0, URN_ALL_TIES};
    Cut cut = select_cut(s.team, s.row, room, s.law(), s.order(), {n, false, false, false});
    uint64_t left = n - cut.above;
    if (cut.whole || left == cut.inside) return {cut.key, URN_ALL_TIES};
    return {cut.key, tie_place(s.team, s.row, s.cut, TieWeight<FullKey>{s.order(), cut.key, false}, left)};
}

// The whole team calls: the first n of K, n up to URN_MAX_TOP_N, into block 0's output.first, in no order. How many
// they are; all threads get it. Uses up the groups' sums.
template <int TEAM, bool RESIDENT>
URN_DEVICE uint32_t gather_first(State<TEAM, Full, RESIDENT> &s, const SampleRoom<TEAM, Full, RESIDENT> &room,
                                 uint32_t n) {
    const Row<Full, RESIDENT> &row = s.row;
    OutputRoom out = room.output;
    auto first = reach_first(s.team, out.first, BOARD_FIRST, URN_MAX_TOP_N);
    auto now = reach_first(s.team, out.first_now, BOARD_NOW, 1);
    if (s.team.leads()) now.store(0, 0);
    FirstCut cut = first_cut(s, room.select, n);
    team_meet(s.team);
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_ROLLED
        for (uint32_t i = 0; i < UNIT; i++) {
            uint32_t key = order_key(turn(x)), place = row.begin + unit * UNIT + i;
            bool in = s.epoch.greedy ? place == cut.place : key > cut.key || (key == cut.key && place <= cut.place);
            if ((bits >> i & 1) && in) first.store(now.add(0, 1), {key, place});
        }
    }
    team_meet(s.team);
    uint32_t found = s.epoch.greedy ? 1 : min_of(n, s.epoch.count);
    if (s.team.rank == 0) hear(s.team, out.first, BOARD_FIRST, found);
    return found;
}

// One thread of block 0 calls: how many of the gathered come before one of them.
URN_DEVICE uint32_t rank_among(Shared<Drawn> first, uint32_t found, Drawn mine) {
    uint32_t at = 0;
    URN_ROLLED
    for (uint32_t j = 0; j < found; j++) {
        Drawn other = first.load(j);
        at += other.key > mine.key || (other.key == mine.key && other.place < mine.place) ? 1 : 0;
    }
    return at;
}

} // namespace urnd

#endif
