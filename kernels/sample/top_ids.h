// top_ids.h - the likeliest ids of a law, in the order, with their log-probabilities.
#ifndef URN_TOP_IDS_H
#define URN_TOP_IDS_H

#include "kernels/row/law.h"
#include "kernels/sample/sample_room.h"

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

// The whole team calls: of K and the values it has now, the first top_n; the raw law's before any step, the drawn
// law's after them all. They are picked in one walk, and each finds its rank among them.
template <int TEAM, bool RESIDENT>
URN_DEVICE void write_top(State<TEAM, Full, RESIDENT> &s, const SampleRoom<TEAM, Full, RESIDENT> &room,
                          const urn_sample_params &p, int64_t index, const RawLaw &raw) {
    const Row<Full, RESIDENT> &row = s.row;
    OutputRoom out = room.output;
    if (s.team.leads()) out.first_now.store(0, 0);
    FirstCut cut = first_cut(s, room.select, (uint32_t)p.top_n);
    team_meet<TEAM>();
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            uint32_t key = order_key(x[i]), place = row.begin + unit * UNIT + i;
            bool in = s.epoch.greedy ? place == cut.place : key > cut.key || (key == cut.key && place <= cut.place);
            if ((bits >> i & 1) && in) out.first.on_rank(0).store(out.first_now.on_rank(0).add(0, 1), {key, place});
        }
    }
    team_meet<TEAM>();
    if (s.team.rank != 0) return;
    const int64_t size = p.logits.rows * p.top_n, base = index * p.top_n;
    const uint32_t found = out.first_now.load(0);
    URN_ROLLED
    for (uint32_t t = s.team.thread; t < (uint32_t)p.top_n; t += s.team.threads) {
        uint32_t at = t;
        int32_t id = -1;
        float logprob = bits_f32(URN_NAN_BITS);
        if (t < found) {
            Drawn mine = out.first.load(t);
            at = 0;
            URN_ROLLED
            for (uint32_t j = 0; j < found; j++) {
                Drawn other = out.first.load(j);
                at += other.key > mine.key || (other.key == mine.key && other.place < mine.place) ? 1 : 0;
            }
            id = (int32_t)(mine.place - row.shift);
            float x = key_value(mine.key);
            if (p.top_logprob)
                logprob = p.top_of == URN_LAW_RAW
                              ? log_probability(x, raw.max, URN_LOG2E, log2_total(raw.mass))
                              : law_log_probability<Full>(s.epoch, x);
        }
        if (p.top_id) Global<int32_t>(p.top_id, size, TAG_OUT).store(base + at, id);
        if (p.top_logprob) Global<float>(p.top_logprob, size, TAG_OUT).store(base + at, logprob);
    }
}

} // namespace urnd

#endif
