// sample_draw.h - the draws of a row: by inverse CDF in id order or by Gumbel keys, and what is said of each drawn id.
#ifndef URN_SAMPLE_DRAW_H
#define URN_SAMPLE_DRAW_H

#include "kernels/bits/dev_code.h"
#include "kernels/row/draw_span.h"
#include "kernels/row/row_params.h"
#include "kernels/steps/gumbel_draw.h"
#include "kernels/steps/rank_count.h"

namespace urnd {

struct DrawRoom {
    RankRoom rank;
    Shared<uint64_t> codes; // [RANKED] the caller's codes of the draws between two meetings, in the full form
};

template <class Dtype> URN_HOST_DEVICE DrawRoom draw_room(Arena &arena) {
    RankRoom rank = rank_room(arena);
    DrawRoom room = {rank, arena.take<uint64_t>(Dtype::full ? (size_t)RANKED : 0, "draw.codes")};
    return room;
}

// The raw law: all possible ids, no steps, T = 1.
struct RawLaw {
    float max;
    uint64_t mass;
};

// One warp calls, with the draw's 64 bits; the block that holds the id has it found, and its lane spot.lane knows the
// sum before it. False: another block does.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE bool draw_one(const State<TEAM, Dtype, RESIDENT> &s, uint64_t u, Spot &spot) {
    const Epoch &e = s.epoch;
    if (e.greedy) {
        spot = {e.place, e.max, 0, 0};
        return s.team.rank == 0;
    }
    uint64_t r = mulhi_u64(u, e.mass.all.sum);
    if (r < e.mass.before || r - e.mass.before >= e.mass.own) return false;
    spot = locate(s.row, s.law(), r - e.mass.before);
    return true;
}

// One thread calls: what is said of the draw at element `at` of the arrays. x is the id's value, raw as it was given.
template <class Dtype>
URN_DEVICE void write_draw(const urn_sample_params &p, DrawSpan span, int64_t at, int32_t id, float x, float raw_x,
                           const Epoch &e, const RawLaw &raw) {
    if (p.ids) Global<int32_t>(p.ids, span.size, TAG_OUT).store(at, id);
    // the ids that distinct_ids will sort, where they lie
    if (Dtype::full && p.distinct_id) Global<int32_t>(p.distinct_id, span.size, TAG_OUT).store(at, id);
    if (p.logprob) Global<float>(p.logprob, span.size, TAG_OUT).store(at, law_log_probability<Dtype>(e, x));
    if (p.logprob_raw)
        Global<float>(p.logprob_raw, span.size, TAG_OUT)
            .store(at, log_probability(raw_x, raw.max, URN_LOG2E, log2_total(raw.mass)));
}

// The whole team calls, after epoch_mass where the epoch is not greedy. Warps take draws in turn; every block looks at
// every draw and the one that holds the id finds it, so no element crosses the cluster. By Gumbel keys the team takes
// each draw together, in a walk over the row.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void draw_row(State<TEAM, Dtype, RESIDENT> &s, DrawRoom room, const RowHead &head,
                         const urn_sample_params &p, int64_t index, const RawLaw &raw) {
    constexpr bool full = Dtype::full != 0;
    const Row<Dtype, RESIDENT> &row = s.row;
    DrawSpan span = draw_span<full>(p, index);
    bool codes = full && p.codes, gumbel = full && p.method == URN_DRAW_GUMBEL && !s.epoch.greedy;
    uint32_t chunk = p.rank || codes ? (uint32_t)RANKED : span.count;
    for (uint32_t first = 0; first < span.count; first += chunk) {
        uint32_t count = min_of(span.count - first, chunk);
        if (p.rank) clear_ranks(s.team, room.rank);
        if (codes) { // every block has read them before one writes what a draw leaves, perhaps in their place
            block_meet<TEAM>();
            if (s.team.thread < count)
                room.codes.store(
                    s.team.thread,
                    Global<const uint64_t>(p.codes, span.size, TAG_INDEX).load(span.at + first + s.team.thread));
            team_meet(s.team);
        }
        for (uint32_t j = gumbel ? 0 : s.team.warp; j < count; j += gumbel ? 1 : s.team.warps) {
            Spot spot = {0, 0.0f, 0, 0};
            uint64_t u = 0;
            int64_t at = span.at + first + j;
            if constexpr (full) {
                if (gumbel && !gumbel_one(s, head, first + j, spot)) continue;
            }
            if (!gumbel) {
                u = codes ? room.codes.load(j) : draw_bits(head.key, first + j, head.position);
                if (!draw_one(s, u, spot)) continue;
            }
            float given = p.logprob_raw || p.rank ? row.raw(spot.place, spot.x) : spot.x;
            if (lane_id() == 0)
                write_draw<Dtype>(p, span, at, (int32_t)(spot.place - row.shift), spot.x, given, s.epoch, raw);
            if (codes && p.codes_out && lane_id() == spot.lane) {
                uint64_t left = s.epoch.greedy ? u
                                               : code_left(u, s.epoch.mass.all.sum, s.epoch.mass.before + spot.below,
                                                           s.law().of(spot.x));
                Global<uint64_t>(p.codes_out, span.size, TAG_OUT).store(at, left);
            }
            if (p.rank)
                tell(s.team, room.rank.drawn, BOARD_DRAWN, j, Drawn{order_key(given), spot.place}, lane_id(), 32);
        }
        if (!p.rank) continue;
        team_meet(s.team);
        count_ranks(s, room.rank, count);
        team_meet(s.team);
        if (s.team.rank == 0 && s.team.thread < count)
            Global<int32_t>(p.rank, span.size, TAG_OUT)
                .store(span.at + first + s.team.thread,
                       (int32_t)reach_first(s.team, room.rank.ranks, BOARD_RANKS, RANKED).load(s.team.thread));
    }
}

} // namespace urnd

#endif
