// topk_candidates.h - a row's candidates and their keys: by value, by Gumbel noise, or of a plain row.
#ifndef URN_TOPK_CANDIDATES_H
#define URN_TOPK_CANDIDATES_H

#include "kernels/row/row_at.h"
#include "kernels/topk/key_cut.h"
#include "kernels/topk/topk_room.h"

namespace urnd {

// y of bits.h sections 4 and 9: log2 of an id's weight, at least -2^20.
URN_DEVICE double gumbel_bits_of_law(const Epoch &e, float x) {
    double y = law_bits<Full>(e, x);
    return y < -0x1p20 ? -0x1p20 : y;
}

// A walk over this block's candidates, in no order. Not for a greedy epoch.
template <int TEAM, bool RESIDENT> struct RowCandidates {
    const FullState<TEAM, RESIDENT> &s;
    const RowHead &head;
    int32_t by;
    uint32_t flags, draw;

    // One element a round, handed down to x[0], so that the f64 of a key stands here once.
    template <class F> URN_DEVICE void each(const F &f) const {
        const Row<Full, RESIDENT> &row = s.row;
        const FullLaw law = s.law();
        URN_ROLLED
        for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
            uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
            if (bits == 0) continue;
            float x[UNIT];
            row.logits(unit, x);
            uint32_t place = row.begin + unit * UNIT;
            Random4 block = {{0, 0, 0, 0}};
            URN_ROLLED
            for (uint32_t i = 0; i < UNIT; i++, place++) {
                float v = turn(x);
                if (by == URN_TOPK_GUMBEL) {
                    uint32_t id = place - row.shift;
                    // an even id's block serves the odd one after it
                    if (i == 0 || (id & 1) == 0) block = gumbel_block(head.key, id, draw, head.position);
                    if (!(bits >> i & 1) || law.of(v) == 0) continue;
                    f(lift_gumbel(gumbel_key(gumbel_bits_of_law(s.epoch, v), gumbel_bits(block, id))), place, v);
                } else if (bits >> i & 1) {
                    f(lift_plain(v != v ? 0xffffffffu : order_key(v), flags), place, v);
                }
            }
        }
    }
};

// The whole team calls: the first `need` candidates, and perhaps some more, into block 0's room, in order. How many
// candidates there are, and how many of them lie there; all threads get it.
template <int TEAM, bool RESIDENT>
URN_DEVICE Candidates first_candidates(FullState<TEAM, RESIDENT> &s, const TopkRooms<TEAM, RESIDENT> &room,
                                       const RowHead &head, const TopkArgs &args, uint32_t need) {
    const urn_topk_params &p = args.p;
    TopkRoom t = room.topk;
    if (s.epoch.greedy) {
        uint64_t key = p.by == URN_TOPK_VALUE ? lift_plain(s.epoch.largest, 0) : lift_gumbel(0);
        if (s.team.leads()) t.key.store(0, key), t.place.store(0, s.epoch.place), t.x.store(0, f32_bits(s.epoch.max));
        team_meet(s.team);
        return {URN_ALL_KEYS, 1, 1};
    }
    // block 0's, or a crew's on its board
    const TopkBoard board = topk_board(args);
    auto now = reach_first(s.team, t.now, board.now, 1);
    auto keys = reach_first(s.team, t.key, board.key, args.most);
    auto places = reach_first(s.team, t.place, board.place, args.most);
    auto values = reach_first(s.team, t.x, board.x, args.most);
    if (s.team.leads()) now.store(0, 0);
    team_meet(s.team);
    // noise: bins of 1/16 bit over what keys of rows can be, but for the far tail, which the first bin takes
    const uint64_t zero = UINT64_C(1) << 62, bit = UINT64_C(1) << 40;
    bool gumbel = p.by == URN_TOPK_GUMBEL;
    KeySpan span = {1, gumbel ? zero - 62 * bit : 1, gumbel ? zero + 66 * bit - 1 : UINT64_C(1) << 32};
    RowCandidates<TEAM, RESIDENT> walk = {s, head, p.by, p.flags, p.draw};
    Candidates all = take_first(s.team, room.row.select, walk, span, (uint64_t)s.row.end + 1, need, args.most,
                                gumbel ? 0 : s.epoch.count, [&](uint64_t key, uint64_t place, float x) {
                                    uint32_t at = now.add(0, 1);
                                    keys.store(at, key);
                                    places.store(at, (uint32_t)place);
                                    values.store(at, f32_bits(x));
                                });
    team_meet(s.team);
    if (s.team.rank == 0) {
        uint32_t count = (uint32_t)all.taken, size = 2;
        hear(s.team, t.key, board.key, count);
        hear(s.team, t.place, board.place, count);
        hear(s.team, t.x, board.x, count);
        while (size < count) size *= 2;
        sort_network(s.team, size, count, true, [&](uint32_t i, uint32_t j) {
            uint64_t a = t.key.load(i), b = t.key.load(j);
            uint32_t pa = t.place.load(i), pb = t.place.load(j);
            if (a > b || (a == b && pa < pb)) return;
            uint32_t xa = t.x.load(i), xb = t.x.load(j);
            t.key.store(i, b), t.place.store(i, pb), t.x.store(i, xb);
            t.key.store(j, a), t.place.store(j, pa), t.x.store(j, xa);
        });
    }
    return all;
}

} // namespace urnd

#endif
