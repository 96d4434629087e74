// node_law.h - the laws of one node while its children are tried: P and Q as rounds change them, and sums over all ids.
//
// No row of residuals is ever stored. What a round makes of P_i depends on P_i, Q_i and a few numbers of the round, so
// a round is 24 bytes in shared memory, and P_i after k rounds is k steps from the weights of id i (bits_verify.h 3).
#ifndef URN_VERIFY_NODE_LAW_H
#define URN_VERIFY_NODE_LAW_H

#include "kernels/verify/node_row.h"

namespace urnd {

enum RoundKind : uint8_t {
    ROUND_NONE, // W was 0, or there was nothing to take: P stays. The token leaves Q all the same
    ROUND_LAW,
    ROUND_ONE_HOT
};

// A child that was rejected: P became (v * P - q)+, lifted.
struct alignas(8) Round {
    uint64_t reciprocal; // R
    uint64_t v;          // Q0.63; 1 but in TRAVERSAL
    int32_t token;
    RoundKind kind;
    uint8_t lift; // of P afterwards
    uint8_t up;   // of the draft's weights before
    uint8_t unused;
};
// What is summed over ids.
enum Summand {
    SUM_P,       // P after the rounds
    SUM_OVERLAP, // KSEQ: min(p, q)
    SUM_KSEQ,    // KSEQ's residual
    SUM_Q,       // of IMPORTANCE
    SUM_A,
    SUM_A_APART, // of A over ids neither in H nor wanted
    SUM_Q_APART,
    SUM_OVER_A // (P - A)+
};

// One challenger's round in IMPORTANCE.
struct alignas(8) Selection {
    uint64_t load[URN_VERIFY_LP]; // A' of the members of H
    uint64_t q_outside;           // TQ - HQ
    uint64_t a_apart, q_apart;    // BA, BQ
    uint32_t id[URN_VERIFY_LP];
    uint32_t members;
};

// a * b / T for a, b <= T in units of T; n = div(2^125, T).
URN_DEVICE uint64_t law_product(uint64_t a, uint64_t b, uint64_t n) {
    return share_product(mulhi_u64(a, b) << 2 | (a * b) >> 62, n);
}

struct NodeLaw {
    LawRow p, q;
    bool has_q;
    bool again;                // tokens stay in Q when they are rejected
    uint64_t total_p, total_q; // T and S now
    uint32_t up_p;             // lift of the weights to P, before any round
    uint32_t up_q;             // lift of the draft's weights now
    uint32_t rounds, selections;
    uint64_t reciprocal; // R of T and S now
    uint64_t inverse;    // KSEQ: I; IMPORTANCE: N
    uint64_t factor;     // KSEQ: G
    Shared<Round> round;
    Shared<Selection> selection;
    // The rejected children: round number j of the list is at[j], or j where there is no list.
    Shared<int32_t> next;
    int32_t first; // below 0: rounds are numbered 0, 1, ...

    URN_DEVICE uint64_t q_of(uint64_t w) const { return share_product(w << up_q, reciprocal); }

    // P_i; and the draft's weight of i, 0 once its token has been rejected.
    URN_DEVICE uint64_t folded(int64_t id, uint64_t &w) const {
        uint64_t now = p.w(id) << up_p;
        w = has_q ? q.w(id) : 0;
        int32_t at = first;
        URN_ROLLED
        for (uint32_t j = 0; j < rounds; j++) {
            Round r = round.load(first < 0 ? j : (uint32_t)at);
            if (first >= 0) at = next.load((uint32_t)at);
            bool own = id == r.token;
            if (r.kind != ROUND_NONE) {
                uint64_t before = share_product(r.v, now);
                uint64_t q_i = r.kind == ROUND_LAW ? share_product(w << r.up, r.reciprocal) : own ? before : 0;
                now = (before > q_i ? before - q_i : 0) << r.lift;
            }
            if (own && !again) w = 0;
        }
        return now;
    }

    // A_i after the selections so far, of P_i and q_i.
    URN_DEVICE uint64_t incumbent(int64_t id, uint64_t p_i, uint64_t q_i) const {
        uint64_t a = q_i;
        URN_ROLLED
        for (uint32_t j = 0; j < selections; j++) {
            Selection s = selection.load(j);
            uint64_t now = p_i > a ? law_product(a, s.q_outside, inverse) + law_product(q_i, s.a_apart, inverse)
                                   : law_product(a, s.q_apart, inverse);
            URN_ROLLED
            for (uint32_t u = 0; u < s.members; u++)
                if ((int64_t)s.id[u] == id) now = s.load[u];
            a = now;
        }
        return a;
    }

    // members: H of the selection in hand, in selection.load(selections).
    URN_DEVICE uint64_t summand(int64_t id, Summand what) const {
        uint64_t w, p_i = folded(id, w);
        if (what == SUM_P) return p_i;
        uint64_t q_i = q_of(w);
        if (what <= SUM_KSEQ) {
            uint64_t scaled_p = share_product(p_i, inverse), least = scaled_p < q_i ? scaled_p : q_i;
            if (what == SUM_OVERLAP) return least;
            Wide taken = wide_product(least, factor); // >> 57
            uint64_t take = taken.high << 7 | taken.low >> 57;
            return p_i > take ? p_i - take : 0;
        }
        if (what == SUM_Q) return q_i;
        uint64_t a = incumbent(id, p_i, q_i);
        if (what == SUM_A) return a;
        if (what == SUM_OVER_A) return p_i > a ? p_i - a : 0;
        if (p_i > a) return 0; // wanted
        Selection s = selection.load(selections);
        URN_ROLLED
        for (uint32_t u = 0; u < s.members; u++)
            if ((int64_t)s.id[u] == id) return 0;
        return what == SUM_A_APART ? a : q_i;
    }
};

enum { SEGMENTS = 256 }; // of a block's slice: a sum is kept of each, so that an id is found in one of them

struct SumRoom {
    Shared<uint64_t> segment; // [SEGMENTS]
    Shared<uint32_t> found;   // [1]
};

URN_HOST_DEVICE SumRoom sum_room(Arena &arena) {
    SumRoom room = {arena.take<uint64_t>(SEGMENTS, "sums.segment"), arena.take<uint32_t>(1, "sums.found")};
    return room;
}

// The ids of a segment of this block's slice: [from, to).
struct Segment {
    uint32_t from, to;
};
template <int TEAM> URN_DEVICE Segment segment_of(const Team<TEAM> &team, uint32_t cols, uint32_t segment) {
    uint32_t all = (cols + 31) / 32, share = (all + team.ranks - 1) / team.ranks; // in steps of a warp
    uint32_t each = (share + SEGMENTS - 1) / SEGMENTS;
    uint32_t low = team.rank * share + segment * each, high = min_of(low + each, min_of((team.rank + 1) * share, all));
    return {min_of(low * 32, cols), low < high ? min_of(high * 32, cols) : min_of(low * 32, cols)};
}

// The whole team calls: the sum over all ids, below 2^64. The segments' own stay for find_id. A call of its own, as the
// other walks over both rows: their code is long, and rules have many.
template <int TEAM> URN_CALL TeamTally sum_ids(Team<TEAM> &team, SumRoom room, const NodeLaw &given, Summand what) {
    const NodeLaw law = given; // in registers
    uint64_t total = 0;
    block_meet<TEAM>(); // rounds that one thread stored; segments that others read
    URN_ROLLED
    for (uint32_t segment = team.warp; segment < SEGMENTS; segment += team.warps) {
        Segment s = segment_of(team, law.p.cols, segment);
        uint64_t mine = 0;
        URN_ROLLED
        for (uint32_t id = s.from + lane_id(); id < s.to; id += 32) mine += law.summand(id, what);
        mine = sum_u64(mine);
        if (lane_id() == 0) room.segment.store(segment, mine), total += mine;
    }
    return team_tally(team, {total, 0, 0});
}

// The whole team calls after sum_ids of the same: the first id whose prefix sum passes `target`, which is below the
// sum.
template <int TEAM>
URN_CALL uint32_t find_id(Team<TEAM> &team, SumRoom room, const NodeLaw &law, Summand what, TeamTally sum,
                          uint64_t target) {
    uint32_t found = 0;
    if (team.warp == 0 && target >= sum.before && target - sum.before < sum.own) {
        uint64_t left = target - sum.before;
        uint32_t segment = 0;
        URN_ROLLED
        for (uint32_t first = 0; first < SEGMENTS; first += 32) {
            uint64_t own = room.segment.load(first + lane_id()), through = scan_u64(own);
            uint32_t past = ballot(through > left);
            if (past) {
                uint32_t lane = (uint32_t)popc_u32((past & (0u - past)) - 1);
                segment = first + lane;
                left -= shfl(through - own, lane);
                break;
            }
            left -= shfl(through, 31);
        }
        Segment s = segment_of(team, law.p.cols, segment);
        URN_ROLLED
        for (uint32_t base = s.from; base < s.to; base += 32) {
            uint32_t id = base + lane_id();
            uint64_t own = id < s.to ? law.summand(id, what) : 0, through = scan_u64(own);
            uint32_t past = ballot(through > left);
            if (past) {
                found = base + (uint32_t)popc_u32((past & (0u - past)) - 1) + 1;
                break;
            }
            left -= shfl(through, 31);
        }
    }
    return team_tally(team, {0, found, 0}).all.max - 1;
}

} // namespace urnd

#endif
