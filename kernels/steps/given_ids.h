// given_ids.h - what is said of ids that the caller names: log-probability, raw and drawn from, and rank.
#ifndef URN_GIVEN_IDS_H
#define URN_GIVEN_IDS_H

#include "kernels/row/law.h"
#include "kernels/row/row_at.h"
#include "kernels/steps/sample_draw.h"

namespace urnd {

// The whole team calls, after epoch_mass. A thread an id, in the block that holds it; ranks 32 a walk over the row.
template <int TEAM, bool RESIDENT>
URN_DEVICE void give_row(State<TEAM, Full, RESIDENT> &s, RankRoom room, const urn_sample_params &p, int64_t index,
                         const RawLaw &raw) {
    const Row<Full, RESIDENT> &row = s.row;
    const int64_t size = p.logits.rows * p.given_stride, base = index * p.given_stride;
    const uint32_t all = (uint32_t)p.given_stride, cols = row.end - row.shift;
    const float none = bits_f32(URN_NAN_BITS);
    Global<const int32_t> ids(p.given, size, TAG_INDEX);
    uint32_t chunk = p.given_rank ? (uint32_t)RANKED : all;
    for (uint32_t first = 0; first < all; first += chunk) {
        uint32_t count = min_of(all - first, chunk);
        if (p.given_rank) clear_ranks(s.team, room);
        for (uint32_t j = s.team.thread; j < count; j += s.team.threads) {
            uint32_t id = (uint32_t)ids.load(base + first + j); // a negative one is past every row
            bool inside = id < cols;
            uint32_t place = id + row.shift;
            if (inside ? !row.holds(place) : s.team.rank != 0) continue;
            float x = inside ? value_at(s, place) : none, given = inside ? row.raw(place, x) : none;
            if (p.given_logprob) {
                float lp = !inside             ? none
                           : in_kept(s, place) ? law_log_probability<Full>(s.epoch, x)
                                               : bits_f32(0xff800000u);
                Global<float>(p.given_logprob, size, TAG_OUT).store(base + first + j, lp);
            }
            if (p.given_logprob_raw) {
                float lp = inside ? log_probability(given, raw.max, URN_LOG2E, log2_total(raw.mass)) : none;
                Global<float>(p.given_logprob_raw, size, TAG_OUT).store(base + first + j, lp);
            }
            if (!p.given_rank) continue;
            Drawn drawn = {inside ? order_key(given) : 0xffffffffu, inside ? place : 0};
            tell(s.team, room.drawn, BOARD_DRAWN, j, drawn, 0, 1);
        }
        if (!p.given_rank) continue;
        team_meet(s.team);
        count_ranks(s, room, count);
        team_meet(s.team);
        if (s.team.rank == 0 && s.team.thread < count) {
            int64_t at = base + first + s.team.thread;
            bool inside = (uint32_t)ids.load(at) < cols;
            Global<int32_t>(p.given_rank, size, TAG_OUT)
                .store(at,
                       inside ? (int32_t)reach_first(s.team, room.ranks, BOARD_RANKS, RANKED).load(s.team.thread) : -1);
        }
    }
}

} // namespace urnd

#endif
