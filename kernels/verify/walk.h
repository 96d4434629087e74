// walk.h - a team's walk over one request: its nodes in shared memory, looks at single tokens, residuals, end draws.
#ifndef URN_VERIFY_WALK_H
#define URN_VERIFY_WALK_H

#include "kernels/verify/node_law.h"

namespace urnd {

struct WalkRoom {
    TeamRoom team;
    SumRoom sums;
    Shared<uint64_t> look;                             // [2]
    Shared<int32_t> token, parent, depth, first, next; // [nodes]: first child, next sibling
    Shared<int32_t> out_id, out_path;                  // [depth + 1]
    Shared<Round> round;
    Shared<Selection> selection;          // IMPORTANCE
    Shared<uint64_t> solve;               // IMPORTANCE
    Shared<uint64_t> v, total_p, total_q; // [nodes] TRAVERSAL; TYPICAL keeps scores in v
    Shared<uint32_t> up_q, rejected;      // [nodes] TRAVERSAL; TYPICAL keeps who is accepted in rejected
    Shared<int32_t> left;                 // [nodes] TRAVERSAL: the first child that has not left
};

enum { SOLVE_WORDS = 4 * URN_VERIFY_LP + 2 * URN_VERIFY_LP * URN_VERIFY_LP };

template <int TEAM> URN_HOST_DEVICE WalkRoom walk_room(Arena &arena, const urn_verify_params &p) {
    bool traversal = p.verifier == URN_VERIFY_TRAVERSAL, importance = p.verifier == URN_VERIFY_IMPORTANCE;
    size_t nodes = (size_t)p.nodes, states = traversal ? nodes : 0;
    size_t scores = traversal || p.verifier == URN_VERIFY_TYPICAL ? nodes : 0, out = (size_t)p.depth + 1;
    WalkRoom room;
    room.team = team_room<TEAM>(arena);
    room.sums = sum_room(arena);
    room.look = arena.take<uint64_t>(2, "walk.look");
    room.token = arena.take<int32_t>(nodes, "walk.token");
    room.parent = arena.take<int32_t>(nodes, "walk.parent");
    room.depth = arena.take<int32_t>(nodes, "walk.depth");
    room.first = arena.take<int32_t>(nodes, "walk.first");
    room.next = arena.take<int32_t>(nodes, "walk.next");
    room.out_id = arena.take<int32_t>(out, "walk.out_id");
    room.out_path = arena.take<int32_t>(out, "walk.out_path");
    room.round = arena.take<Round>(traversal ? nodes : URN_VERIFY_MAX_CHILDREN, "walk.round");
    room.selection = arena.take<Selection>(importance ? URN_VERIFY_MAX_CHILDREN : 0, "walk.selection");
    room.solve = arena.take<uint64_t>(importance ? +SOLVE_WORDS : 0, "walk.solve");
    room.v = arena.take<uint64_t>(scores, "walk.v");
    room.total_p = arena.take<uint64_t>(states, "walk.total_p");
    room.total_q = arena.take<uint64_t>(states, "walk.total_q");
    room.up_q = arena.take<uint32_t>(states, "walk.up_q");
    room.rejected = arena.take<uint32_t>(scores, "walk.rejected");
    room.left = arena.take<int32_t>(states, "walk.left");
    return room;
}

// All members are the same in every thread of the team.
template <int TEAM> struct Walk {
    const VerifyArgs &v;
    const WalkRoom &room;
    Team<TEAM> team;
    Request r;
    int32_t status;
    int32_t count; // ids in out_id so far
    int32_t accepted;
    TeamTally sum; // of SUM_P of the law in hand, where `summed`
    bool summed;

    URN_DEVICE int64_t row(int32_t node) const { return r.first + node; }
    URN_DEVICE LawRow target(int32_t node) const { return law_row(v, SIDE_TARGET, row(node), 0); }
    URN_DEVICE int32_t own(int32_t node) const {
        return Global<const int32_t>(v.own, rows_of(v, SIDE_TARGET).logits.rows, TAG_WORKSPACE).load(row(node));
    }
    URN_DEVICE bool is_stop(int32_t token) const {
        Global<const int32_t> stops(v.call.params.stop, v.call.params.stops, TAG_INDEX);
        bool stop = false;
        URN_ROLLED
        for (int32_t i = 0; i < v.call.params.stops; i++) stop = stop || stops.load(i) == token;
        return stop;
    }
    // One thread of each block keeps an id for the outputs, in order.
    URN_DEVICE void emit(int32_t id, int32_t node) {
        if (team.thread == 0) room.out_id.store((size_t)count, id), room.out_path.store((size_t)count, node);
        count++;
    }
    // The child with a token, or -1.
    URN_DEVICE int32_t child_of(int32_t node, int32_t token) const {
        int32_t c = room.first.load((size_t)node);
        URN_ROLLED
        while (c >= 0 && room.token.load((size_t)c) != token) c = room.next.load((size_t)c);
        return c;
    }
};

// Any thread: the laws of a node before any round. Its target row has no status; with a draft row, nor has that.
template <int TEAM> URN_CALL NodeLaw node_law(const Walk<TEAM> &w, int32_t node, const LawRow &p, bool has_q) {
    const WalkRoom &room = w.room;
    LawRow q = has_q ? law_row(w.v, SIDE_DRAFT, w.row(node), p.cols) : p;
    NodeLaw law = {p, q, has_q, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, room.round, room.selection, room.next, -1};
    law.up_p = lift_of(p.total);
    law.total_p = p.total << law.up_p;
    if (has_q) {
        law.up_q = lift_of(q.total);
        law.total_q = q.total << law.up_q;
        law.reciprocal = share_of_total(law.total_p, 63, law.total_q);
    }
    return law;
}

struct Look {
    uint64_t p, w; // P_x now; the draft's weight of x, 0 once x has been rejected
    uint64_t q, a; // of IMPORTANCE: q_x and A_x
};

// One thread calls.
template <int TEAM> URN_CALL Look look_alone(const Walk<TEAM> &w, const NodeLaw &law, int64_t id) {
    Look look = {0, 0, 0, 0};
    look.p = law.folded(id, look.w);
    if (w.v.call.params.verifier != URN_VERIFY_IMPORTANCE) return look;
    look.q = law.q_of(look.w);
    look.a = law.incumbent(id, look.p, look.q);
    return look;
}

// The whole team calls; one thread of each block looks, all get P_x and the draft's weight.
template <int TEAM> URN_DEVICE Look look_at(const Walk<TEAM> &w, const NodeLaw &law, int32_t token) {
    if (w.team.thread == 0) {
        Look look = look_alone(w, law, token);
        w.room.look.store(0, look.p);
        w.room.look.store(1, look.w);
    }
    block_meet<TEAM>();
    Look look = {w.room.look.load(0), w.room.look.load(1), 0, 0};
    block_meet<TEAM>();
    return look;
}

// The whole team calls: one more round, number `at` of the array.
template <int TEAM> URN_DEVICE void push_round(const Walk<TEAM> &w, NodeLaw &law, uint32_t at, const Round &round) {
    if (w.team.thread == 0) w.room.round.store(at, round);
    law.rounds++;
    block_meet<TEAM>();
}

// The whole team calls, a token's round having been pushed at `at` with lift 0: W; P is lifted, or stays where W = 0.
// Afterwards the sums are those of P.
template <int TEAM> URN_CALL uint64_t settle_round(Walk<TEAM> &w, NodeLaw &law, uint32_t at) {
    w.sum = sum_ids(w.team, w.room.sums, law, SUM_P);
    uint64_t total = w.sum.all.sum;
    w.summed = total != 0;
    uint32_t lift = w.summed ? lift_of(total) : 0;
    if (w.summed) law.total_p = total << lift;
    if (w.team.thread == 0) {
        Round round = w.room.round.load(at);
        round.lift = (uint8_t)lift;
        if (!w.summed) round.kind = ROUND_NONE;
        w.room.round.store(at, round);
    }
    URN_ROLLED
    for (uint32_t s = w.team.thread; s < SEGMENTS; s += w.team.threads)
        w.room.sums.segment.store(s, w.room.sums.segment.load(s) << lift);
    w.sum.all.sum <<= lift, w.sum.before <<= lift, w.sum.own <<= lift;
    block_meet<TEAM>();
    return total;
}

// Any thread: the token of a round has left Q, of which its share was `taken`. R as it is now.
URN_DEVICE void leave_draft(NodeLaw &law, uint64_t taken) {
    law.total_q -= taken;
    if (law.total_q == 0) return;
    uint32_t lift = lift_of(law.total_q);
    law.total_q <<= lift;
    law.up_q += lift;
}
URN_DEVICE void renew_reciprocal(NodeLaw &law) {
    if (law.has_q && law.total_q != 0) law.reciprocal = share_of_total(law.total_p, 63, law.total_q);
}

// The whole team calls: the draw at a node from P as it is now.
template <int TEAM> URN_CALL int32_t end_draw(Walk<TEAM> &w, const NodeLaw &law, int32_t node) {
    if (!w.summed) w.sum = sum_ids(w.team, w.room.sums, law, SUM_P);
    uint64_t target = mulhi_u64(end_word_of(w.v, w.r, node), w.sum.all.sum);
    return (int32_t)find_id(w.team, w.room.sums, law, SUM_P, w.sum, target);
}

// The same where a residual is another sum, if that is not 0; lifting it would not show in the draw.
template <int TEAM> URN_DEVICE int32_t end_draw_of(Walk<TEAM> &w, const NodeLaw &law, int32_t node, Summand what) {
    TeamTally sum = sum_ids(w.team, w.room.sums, law, what);
    if (sum.all.sum == 0) return end_draw(w, law, node);
    uint64_t target = mulhi_u64(end_word_of(w.v, w.r, node), sum.all.sum);
    return (int32_t)find_id(w.team, w.room.sums, law, what, sum, target);
}

} // namespace urnd

#endif
