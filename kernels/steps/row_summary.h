// row_summary.h - a row's law in 48 bytes (sample.h): its masses, M, c, and the last of K in the order.
#ifndef URN_ROW_SUMMARY_H
#define URN_ROW_SUMMARY_H

#include "kernels/row/law.h"
#include "kernels/row/row_full.h"
#include "kernels/steps/sample_draw.h"

namespace urnd {

// One thread calls, in place of one store of 48 bytes.
URN_DEVICE void store_summary(const urn_sample_params &p, int64_t row, const urn_row_summary &summary) {
    Global<urn_row_summary>(p.summary, p.logits.rows, TAG_OUT).store(row, summary);
}

// The whole team calls: the last of K in the order, as {~key, place}. A walk over K.
template <int TEAM, bool RESIDENT> URN_DEVICE Drawn last_kept(State<TEAM, Full, RESIDENT> &s) {
    const Row<Full, RESIDENT> &row = s.row;
    if (s.epoch.greedy) return {order_key(s.epoch.max), s.epoch.place};
    Tally last = {0, 0, 0}; // sum: the inverted key and the place, whose maximum is the last of the order
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            uint64_t at = (uint64_t)~order_key(x[i]) << 32 | (row.begin + unit * UNIT + i);
            if ((bits >> i & 1) && at > last.sum) last.sum = at;
        }
    }
    uint64_t all = team_reduce<PickBest>(s.team, last).all.sum;
    return {~(uint32_t)(all >> 32), (uint32_t)all};
}

// The whole team calls, where values are as given: how many ids of the row do not come after `last` in the order.
template <int TEAM, bool RESIDENT> URN_DEVICE uint32_t count_through(State<TEAM, Full, RESIDENT> &s, Drawn last) {
    const Row<Full, RESIDENT> &row = s.row;
    Tally mine = {0, 0, 0};
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group);
        float x[UNIT];
        row.logits(unit, x);
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            uint32_t key = order_key(x[i]);
            bool through = key > last.key || (key == last.key && row.begin + unit * UNIT + i <= last.place);
            mine.sum += through ? 1 : 0;
        }
    }
    return (uint32_t)team_tally(s.team, mine).all.sum;
}

// The whole team calls, after epoch_mass. values: a value step or a link ran.
template <int TEAM, bool RESIDENT>
URN_DEVICE void write_summary(State<TEAM, Full, RESIDENT> &s, const urn_sample_params &p, int64_t index,
                              const RawLaw &raw, bool values) {
    const Epoch &e = s.epoch;
    Drawn last = last_kept(s);
    bool set = values || count_through(s, last) != e.count;
    if (!s.team.leads()) return;
    uint32_t flags =
        (e.greedy ? URN_SUMMARY_GREEDY : 0) | (set ? URN_SUMMARY_SET : 0) | (values ? URN_SUMMARY_VALUES : 0);
    store_summary(p, index,
                  {e.greedy ? UINT64_C(1) << URN_F : e.mass.all.sum, raw.mass, e.linear ? e.link_max : e.max, e.c,
                   raw.max, last.key, (int32_t)(last.place - s.row.shift), (int32_t)e.count, URN_ROW_OK, flags});
}

} // namespace urnd

#endif
