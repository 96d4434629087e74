// sample_draw.h - the draws of a row by inverse CDF in id order, and what is said of each drawn id.
#ifndef URN_SAMPLE_DRAW_H
#define URN_SAMPLE_DRAW_H

#include "kernels/row/epoch.h"
#include "kernels/row/row_params.h"

namespace urnd {

enum { RANKED = 32 }; // draws whose ranks are counted between two meetings of the team

struct alignas(8) Drawn {
    uint32_t key, place;
};

struct DrawRoom {
    Shared<Drawn> drawn;    // [RANKED] the same in every block of the team
    Shared<uint32_t> ranks; // [RANKED] counted in block 0
};

template <class Dtype> URN_HOST_DEVICE DrawRoom draw_room(Arena &arena) {
    DrawRoom room = {arena.take<Drawn>(RANKED, "draw.drawn"), arena.take<uint32_t>(RANKED, "draw.ranks")};
    return room;
}

// The raw law: all possible ids, no steps, T = 1.
struct RawLaw {
    float max;
    uint64_t mass;
};

// One warp calls; the block that holds the id writes. False: another block does.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE bool draw_one(const State<TEAM, Dtype, RESIDENT> &s, const RowHead &head, uint32_t draw, Spot &spot) {
    const Epoch &e = s.epoch;
    if (e.greedy) {
        spot = {e.place, e.max, 0, 0};
        return s.team.rank == 0;
    }
    uint64_t r = mulhi_u64(draw_bits(head.key, draw, head.position), e.mass.all.sum);
    if (r < e.mass.before || r - e.mass.before >= e.mass.own) return false;
    spot = locate(s.row, s.law(), r - e.mass.before);
    return true;
}

// One thread calls.
URN_DEVICE void write_draw(const urn_sample_params &p, int64_t at, int32_t id, float x, const Epoch &e,
                           const RawLaw &raw) {
    int64_t count = p.logits.rows * p.draws;
    if (p.ids) Global<int32_t>(p.ids, count, TAG_OUT).store(at, id);
    if (p.logprob) {
        float lp = e.greedy ? 0.0f : log_probability(x, e.max, e.c, log2_total(e.mass.all.sum));
        Global<float>(p.logprob, count, TAG_OUT).store(at, lp);
    }
    if (p.logprob_raw)
        Global<float>(p.logprob_raw, count, TAG_OUT)
            .store(at, log_probability(x, raw.max, URN_LOG2E, log2_total(raw.mass)));
}

// The whole team calls: how many ids come before each of the `count` drawn ones in the raw order. A walk a draw.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void count_ranks(const State<TEAM, Dtype, RESIDENT> &s, DrawRoom room, uint32_t count) {
    const Row<Dtype, RESIDENT> &row = s.row;
    for (uint32_t j = 0; j < count; j++) {
        Drawn drawn = room.drawn.load(j);
        uint32_t before = 0;
        for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
            uint32_t unit = own_unit(group);
            float x[UNIT];
            row.raw_logits(unit, x);
            URN_UNROLL
            for (uint32_t i = 0; i < UNIT; i++) {
                uint32_t key = order_key(x[i]);
                before += key > drawn.key || (key == drawn.key && row.begin + unit * UNIT + i < drawn.place) ? 1 : 0;
            }
        }
        before = sum_u32(before);
        if (lane_id() == 0 && before) room.ranks.on_rank(0).add(j, before);
    }
}

// The whole team calls, after epoch_mass where the epoch is not greedy. Warps take draws in turn; every block looks at
// every draw and the one that holds the id finds it, so no element crosses the cluster.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void draw_row(State<TEAM, Dtype, RESIDENT> &s, DrawRoom room, const RowHead &head,
                         const urn_sample_params &p, int64_t row, const RawLaw &raw) {
    uint32_t draws = (uint32_t)p.draws, chunk = p.rank ? (uint32_t)RANKED : draws;
    for (uint32_t first = 0; first < draws; first += chunk) {
        uint32_t count = draws - first < chunk ? draws - first : chunk;
        if (p.rank && s.team.thread < RANKED) room.ranks.store(s.team.thread, 0);
        for (uint32_t j = s.team.warp; j < count; j += s.team.warps) {
            Spot spot = {0, 0.0f, 0, 0};
            if (!draw_one(s, head, first + j, spot)) continue;
            if (lane_id() == 0)
                write_draw(p, row * draws + first + j, (int32_t)(spot.place - s.row.shift), spot.x, s.epoch, raw);
            if (p.rank && lane_id() < s.team.ranks)
                room.drawn.on_rank(lane_id()).store(j, {order_key(spot.x), spot.place});
        }
        if (!p.rank) continue;
        team_meet<TEAM>();
        count_ranks(s, room, count);
        team_meet<TEAM>();
        if (s.team.rank == 0 && s.team.thread < count)
            Global<int32_t>(p.rank, p.logits.rows * p.draws, TAG_OUT)
                .store(row * draws + first + s.team.thread, (int32_t)room.ranks.load(s.team.thread));
    }
}

} // namespace urnd

#endif
