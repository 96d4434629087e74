// walk_importance.h - the rule IMPORTANCE: incumbent against challengers, one selection after another, then one test
// (bits_verify.h section 8).
#ifndef URN_VERIFY_WALK_IMPORTANCE_H
#define URN_VERIFY_WALK_IMPORTANCE_H

#include "kernels/verify/walk.h"

namespace urnd {

// What one thread solves a selection in: of the members of H their A, q, P, loads; by pair (u, v), u < v, the mass m
// and the share of it that is u's.
struct Solve {
    Shared<uint64_t> word;
    enum { n = URN_VERIFY_LP };
    URN_DEVICE uint64_t get(uint32_t kind, uint32_t u) const { return word.load(kind * n + u); }
    URN_DEVICE void put(uint32_t kind, uint32_t u, uint64_t x) const { word.store(kind * n + u, x); }
    URN_DEVICE size_t at(uint32_t u, uint32_t v) const { return 4 * n + (u < v ? u * n + v : v * n + u); }
    URN_DEVICE uint64_t mass(uint32_t u, uint32_t v) const { return word.load(at(u, v)); }
    URN_DEVICE uint64_t share(uint32_t u, uint32_t v) const { // u's
        uint64_t held = word.load(at(u, v) + n * n);
        return u < v ? held : mass(u, v) - held;
    }
    URN_DEVICE void give(uint32_t u, uint32_t v, uint64_t x) const { // from u to v
        size_t held = at(u, v) + n * n;
        word.store(held, u < v ? word.load(held) - x : word.load(held) + x);
    }
};
enum { SOLVE_A, SOLVE_Q, SOLVE_P, SOLVE_LOAD };

// The whole team calls: the members of H, best first, into the selection in hand. A walk over both rows for each.
template <int TEAM> URN_CALL void find_members(Walk<TEAM> &w, const NodeLaw &given) {
    const NodeLaw law = given; // in registers
    Selection now = {};
    URN_ROLLED
    for (uint32_t found = 0; found < URN_VERIFY_LP; found++) {
        Tally best = {0, 0, 0};
        URN_ROLLED
        for (uint32_t segment = w.team.warp; segment < SEGMENTS; segment += w.team.warps) {
            Segment s = segment_of(w.team, law.p.cols, segment);
            URN_ROLLED
            for (uint32_t id = s.from + lane_id(); id < s.to; id += 32) {
                uint64_t weight, p_i = law.folded(id, weight), q_i = law.q_of(weight), a = law.incumbent(id, p_i, q_i);
                bool in = a + q_i > 0;
                URN_ROLLED
                for (uint32_t u = 0; u < found; u++) in = in && now.id[u] != id;
                // signed, lifted to be above 0; both are below 2^63
                uint64_t gain = p_i - law_product(a, q_i, law.inverse) + URN_SHARE_ONE;
                if (in && (gain > best.sum || (gain == best.sum && ~id > best.max))) best = {gain, ~id, 0};
            }
        }
        Tally all = team_reduce<PickBest>(w.team, best).all;
        if (all.sum == 0) break;
        now.id[found] = ~all.max;
        now.members = found + 1;
    }
    if (w.team.thread == 0) w.room.selection.store(law.selections, now);
    block_meet<TEAM>();
}

// One thread calls: move shares along shortest paths from members that have too much to members that have too little.
URN_DEVICE void balance(const Solve &s, uint32_t members) {
    URN_ROLLED
    for (uint32_t turn = 0; turn < URN_VERIFY_LP_PATHS; turn++) {
        uint32_t queue = 0, queued = 0, reached = 0, from = 0, end = URN_VERIFY_LP; // queue and from: 4 bits a member
        URN_ROLLED
        for (uint32_t u = 0; u < members; u++) {
            if (s.get(SOLVE_LOAD, u) <= s.get(SOLVE_P, u)) continue;
            queue |= u << (4 * queued++);
            reached |= 1u << u;
            from |= u << (4 * u);
        }
        URN_ROLLED
        for (uint32_t i = 0; i < queued && end == URN_VERIFY_LP; i++) {
            uint32_t u = queue >> (4 * i) & 15u;
            URN_ROLLED
            for (uint32_t v = 0; v < members && end == URN_VERIFY_LP; v++) {
                if ((reached >> v & 1) || s.share(u, v) == 0) continue;
                reached |= 1u << v;
                from |= u << (4 * v);
                queue |= v << (4 * queued++);
                if (s.get(SOLVE_LOAD, v) < s.get(SOLVE_P, v)) end = v;
            }
        }
        if (end == URN_VERIFY_LP) return;
        uint64_t move = s.get(SOLVE_P, end) - s.get(SOLVE_LOAD, end);
        uint32_t start = end;
        URN_ROLLED
        for (uint32_t u = from >> (4 * start) & 15u; u != start; u = from >> (4 * start) & 15u) {
            uint64_t share = s.share(u, start);
            move = share < move ? share : move;
            start = u;
        }
        uint64_t over = s.get(SOLVE_LOAD, start) - s.get(SOLVE_P, start);
        move = over < move ? over : move;
        s.put(SOLVE_LOAD, start, s.get(SOLVE_LOAD, start) - move);
        s.put(SOLVE_LOAD, end, s.get(SOLVE_LOAD, end) + move);
        URN_ROLLED
        for (uint32_t v = end; v != start;) {
            uint32_t u = from >> (4 * v) & 15u;
            s.give(u, v, move);
            v = u;
        }
    }
}

// The whole team calls: the selection in hand gets its sums, shares and loads.
template <int TEAM> URN_CALL void solve_selection(Walk<TEAM> &w, const NodeLaw &law) {
    find_members(w, law);
    uint64_t all_a = 0, all_q = 0, a_apart = 0, q_apart = 0;
    URN_ROLLED
    for (int i = SUM_Q; i <= SUM_Q_APART; i++) { // four walks from one place in the code
        uint64_t sum = sum_ids(w.team, w.room.sums, law, (Summand)i).all.sum;
        if (i == SUM_A) all_a = sum;
        if (i == SUM_Q) all_q = sum;
        if (i == SUM_A_APART) a_apart = sum;
        if (i == SUM_Q_APART) q_apart = sum;
    }
    if (w.team.thread == 0) {
        Selection now = w.room.selection.load(law.selections);
        Solve s = {w.room.solve};
        uint64_t n = law.inverse, a_in = 0, q_in = 0;
        URN_ROLLED
        for (uint32_t u = 0; u < now.members; u++) {
            Look look = look_alone(w, law, now.id[u]);
            s.put(SOLVE_A, u, look.a), s.put(SOLVE_Q, u, look.q), s.put(SOLVE_P, u, look.p);
            a_in += look.a, q_in += look.q;
        }
        URN_ROLLED
        for (uint32_t u = 0; u < now.members; u++) {
            uint64_t a_u = s.get(SOLVE_A, u), q_u = s.get(SOLVE_Q, u);
            uint64_t load =
                law_product(a_u, q_u, n) + law_product(a_u, all_q - q_in, n) + law_product(q_u, all_a - a_in, n);
            URN_ROLLED
            for (uint32_t v = u + 1; v < now.members; v++) {
                uint64_t m = law_product(a_u, s.get(SOLVE_Q, v), n) + law_product(q_u, s.get(SOLVE_A, v), n);
                s.word.store(s.at(u, v), m);
                s.word.store(s.at(u, v) + URN_VERIFY_LP * URN_VERIFY_LP, m);
                load += m;
            }
            s.put(SOLVE_LOAD, u, load);
        }
        balance(s, now.members);
        URN_ROLLED
        for (uint32_t u = 0; u < now.members; u++) now.load[u] = s.get(SOLVE_LOAD, u);
        now.q_outside = all_q - q_in, now.a_apart = a_apart, now.q_apart = q_apart;
        w.room.selection.store(law.selections, now);
    }
    block_meet<TEAM>();
}

// The whole team calls: does x stay against the challenger y, whose coin is u?
template <int TEAM> URN_CALL bool incumbent_stays(Walk<TEAM> &w, const NodeLaw &law, int32_t x, int32_t y, uint64_t u) {
    if (x == y) return true;
    if (w.team.thread == 0) {
        Selection now = w.room.selection.load(law.selections);
        Solve s = {w.room.solve};
        uint32_t at_x = now.members, at_y = now.members;
        URN_ROLLED
        for (uint32_t k = 0; k < now.members; k++) {
            if (now.id[k] == (uint32_t)x) at_x = k;
            if (now.id[k] == (uint32_t)y) at_y = k;
        }
        bool stays = at_x < now.members;
        if (at_x < now.members && at_y < now.members) {
            stays = mulhi_u64(u, s.mass(at_x, at_y)) < s.share(at_x, at_y);
        } else if (at_x == at_y) { // neither is in H
            Look of_y = look_alone(w, law, y), of_x = look_alone(w, law, x);
            stays = !(of_y.p > of_y.a && of_x.p <= of_x.a);
        }
        w.room.look.store(0, stays ? 1 : 0);
    }
    block_meet<TEAM>();
    bool stays = w.room.look.load(0) != 0;
    block_meet<TEAM>();
    return stays;
}

template <int TEAM> URN_DEVICE int32_t rule_importance(Walk<TEAM> &w, NodeLaw &law, int32_t n) {
    law.inverse = wide_quotient({UINT64_C(1) << 61, 0}, law.total_p);
    int32_t first = -1, x = -1; // the first child that counts; the incumbent
    URN_ROLLED
    for (int32_t c = w.room.first.load((size_t)n); c >= 0; c = w.room.next.load((size_t)c)) {
        int32_t y = w.room.token.load((size_t)c);
        if (look_at(w, law, y).w == 0) {
            w.status |= URN_ROW_DRAFT;
            continue;
        }
        if (first < 0) {
            first = c, x = y;
            continue;
        }
        solve_selection(w, law);
        if (!incumbent_stays(w, law, x, y, coin_of(w.v, w.r, c))) x = y;
        law.selections++;
    }
    if (first < 0) return w.own(n);
    if (w.team.thread == 0) {
        Look look = look_alone(w, law, x);
        w.room.look.store(0, mulhi_u64(coin_of(w.v, w.r, first), look.a) < look.p ? 1 : 0);
    }
    block_meet<TEAM>();
    bool accepted = w.room.look.load(0) != 0;
    block_meet<TEAM>();
    return accepted ? x : end_draw_of(w, law, n, SUM_OVER_A);
}

} // namespace urnd

#endif
