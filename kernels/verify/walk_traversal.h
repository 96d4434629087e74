// walk_traversal.h - the verifiers that do not decide node by node: TRAVERSAL (of a chain: BLOCK) and TYPICAL
// (bits_verify.h sections 5, 9).
#ifndef URN_VERIFY_WALK_TRAVERSAL_H
#define URN_VERIFY_WALK_TRAVERSAL_H

#include "kernels/verify/walk.h"

namespace urnd {

// The whole team calls: the tokens of the path to node n, up to the first stop id. True: n's own row says what follows.
template <int TEAM> URN_DEVICE bool emit_path(Walk<TEAM> &w, int32_t n) {
    int32_t stop = -1, depth = w.room.depth.load((size_t)n);
    URN_ROLLED
    for (int32_t c = n; c > 0; c = w.room.parent.load((size_t)c))
        if (w.is_stop(w.room.token.load((size_t)c))) stop = c;
    w.accepted = w.count = stop < 0 ? depth : w.room.depth.load((size_t)stop);
    if (w.team.thread == 0) {
        URN_ROLLED
        for (int32_t c = stop < 0 ? n : stop; c > 0; c = w.room.parent.load((size_t)c)) {
            size_t j = (size_t)w.room.depth.load((size_t)c) - 1;
            w.room.out_id.store(j, w.room.token.load((size_t)c));
            w.room.out_path.store(j, w.room.parent.load((size_t)c));
        }
    }
    return stop < 0;
}

// The laws of node n as the traversal left them.
template <int TEAM> URN_DEVICE NodeLaw traversal_law(const Walk<TEAM> &w, int32_t n, const LawRow &p) {
    bool has_q = draft_row_of(w.v, w.r, n) >= 0 && w.room.first.load((size_t)n) >= 0;
    NodeLaw law = node_law(w, n, p, has_q);
    law.first = w.room.first.load((size_t)n);
    law.rounds = w.room.rejected.load((size_t)n);
    if (law.rounds == 0) return law;
    law.total_p = w.room.total_p.load((size_t)n);
    if (has_q) {
        law.total_q = w.room.total_q.load((size_t)n);
        law.up_q = w.room.up_q.load((size_t)n);
        renew_reciprocal(law);
    }
    return law;
}

// Any thread: v of child c of a node with v_n, from its token's P_x and the draft's weight.
URN_DEVICE uint64_t child_share(uint64_t v_n, uint64_t p_x, uint64_t q_x) {
    if (p_x == 0) return 0;
    if (q_x == 0) return URN_SHARE_ONE;
    Wide share = wide_product(v_n, p_x);
    if (share.high >= q_x) return URN_SHARE_ONE;
    uint64_t v = wide_quotient(share, q_x);
    return v < URN_SHARE_ONE ? v : URN_SHARE_ONE;
}

// The whole team calls: step 3 of the traversal, at node n, whose child c with token x has been rejected.
template <int TEAM> URN_DEVICE void reject_child(Walk<TEAM> &w, NodeLaw &law, int32_t n, int32_t c, int32_t x) {
    uint64_t v_n = w.room.v.load((size_t)n);
    uint64_t weight = law.has_q ? look_at(w, law, x).w : 1;
    bool take = weight != 0 && (uint32_t)x < law.p.cols;
    RoundKind kind = !take ? ROUND_NONE : law.has_q ? ROUND_LAW : ROUND_ONE_HOT;
    w.summed = false; // the sums in hand are n's only if this round takes them
    push_round(w, law, (uint32_t)c, {law.reciprocal, v_n, x, kind, 0, (uint8_t)law.up_q, 0});
    if (take) {
        uint64_t lost = share_product(URN_SHARE_ONE - v_n, law.total_p), left = settle_round(w, law, (uint32_t)c);
        v_n = left + lost == 0 ? URN_SHARE_ONE : share_of_total(left, 63, left + lost);
        if (law.has_q) leave_draft(law, weight << law.up_q);
    }
    if (w.team.thread == 0) {
        w.room.v.store((size_t)n, v_n);
        w.room.total_p.store((size_t)n, law.total_p);
        w.room.total_q.store((size_t)n, law.total_q);
        w.room.up_q.store((size_t)n, law.up_q);
        w.room.rejected.store((size_t)n, law.rounds);
        w.room.left.store((size_t)n, w.room.next.load((size_t)c));
    }
    block_meet<TEAM>();
}

// The whole team calls: node n is reached with v; all of its children are left.
template <int TEAM> URN_DEVICE void reach_node(Walk<TEAM> &w, int32_t n, uint64_t v) {
    if (w.team.thread == 0) {
        w.room.v.store((size_t)n, v);
        w.room.rejected.store((size_t)n, 0);
        w.room.left.store((size_t)n, w.room.first.load((size_t)n));
    }
    block_meet<TEAM>();
}

// The whole team calls. The node where it stops; the token that follows comes after.
template <int TEAM> URN_DEVICE void walk_traversal(Walk<TEAM> &w) {
    int32_t n = 0;
    reach_node(w, 0, URN_SHARE_ONE);
    URN_ROLLED
    for (;;) {
        uint64_t v_n = w.room.v.load((size_t)n);
        int32_t c = w.room.left.load((size_t)n);
        if (v_n > 0 && c >= 0) {
            LawRow p = w.target(n);
            bool bad = p.status != 0;
            if (!bad && draft_row_of(w.v, w.r, n) >= 0 && law_row(w.v, SIDE_DRAFT, w.row(n), 0).status) {
                w.status |= URN_ROW_DRAFT;
                bad = true;
            }
            w.status |= p.status;
            if (!bad) {
                NodeLaw law = traversal_law(w, n, p);
                int32_t x = w.room.token.load((size_t)c);
                bool inside = (uint32_t)x < p.cols;
                Look at = look_at(w, law, x);
                bool drafted = inside && (!law.has_q || (law.total_q != 0 && at.w != 0));
                if (!drafted) w.status |= URN_ROW_DRAFT;
                uint64_t q_x = law.has_q ? law.q_of(at.w) : law.total_p;
                reach_node(w, c, drafted ? child_share(v_n, at.p, q_x) : 0);
                n = c;
                continue;
            }
            block_meet<TEAM>(); // everybody has seen the child
            if (w.team.thread == 0) w.room.left.store((size_t)n, -1);
            block_meet<TEAM>();
            continue;
        }
        if (n == 0 || coin_of(w.v, w.r, n) >> 1 < v_n) break;
        c = n;
        n = w.room.parent.load((size_t)c);
        LawRow p = w.target(n);
        NodeLaw law = traversal_law(w, n, p);
        reject_child(w, law, n, c, w.room.token.load((size_t)c));
    }
    if (!emit_path(w, n)) return; // a stop id: nothing follows, and n's row says nothing
    LawRow p = w.target(n);
    w.status |= p.status;
    if (p.status) return;
    int32_t y;
    if (w.room.rejected.load((size_t)n) == 0) {
        y = w.own(n);
    } else {
        NodeLaw law = traversal_law(w, n, p);
        y = end_draw(w, law, n);
    }
    w.emit(y, n);
}

// The whole team calls. A thread looks at a node's acceptance, then one thread follows who is reached.
template <int TEAM> URN_DEVICE void walk_typical(Walk<TEAM> &w) {
    URN_ROLLED
    for (int32_t c = (int32_t)w.team.thread; c < w.r.count; c += (int32_t)w.team.threads) {
        uint32_t accepted = 0;
        double gain = 0.0;
        if (c > 0 && w.room.depth.load((size_t)c) > 0) {
            LawRow p = w.target(w.room.parent.load((size_t)c));
            int32_t x = w.room.token.load((size_t)c);
            if (p.status == 0 && p.w(x) > floor_product(p.threshold, p.total))
                accepted = 1, gain = p.log2_share((uint32_t)x);
        }
        w.room.rejected.store((size_t)c, accepted);
        w.room.v.store((size_t)c, f64_bits(gain));
    }
    block_meet<TEAM>();
    if (w.team.thread == 0) {
        int32_t best = 0, best_depth = 0, status = 0;
        double best_score = 0.0;
        w.room.rejected.store(0, 1);
        URN_ROLLED
        for (int32_t c = 0; c < w.r.count; c++) {
            int32_t depth = w.room.depth.load((size_t)c);
            if (depth < 0 || !w.room.rejected.load((size_t)c)) continue;
            double score = bits_f64(w.room.v.load((size_t)c));
            if (c > 0) {
                size_t parent = (size_t)w.room.parent.load((size_t)c);
                bool reached = w.room.rejected.load(parent) != 0;
                score = bits_f64(w.room.v.load(parent)) + score;
                w.room.rejected.store((size_t)c, reached ? 1 : 0);
                w.room.v.store((size_t)c, f64_bits(score));
                if (!reached) continue;
            }
            if (w.room.first.load((size_t)c) >= 0) status |= w.target(c).status;
            if (depth > best_depth || (depth == best_depth && score > best_score)) {
                best = c, best_depth = depth, best_score = score;
            }
        }
        w.room.look.store(0, (uint64_t)(uint32_t)best);
        w.room.look.store(1, (uint64_t)(uint32_t)status);
    }
    block_meet<TEAM>();
    int32_t n = (int32_t)w.room.look.load(0), bad = w.target(n).status;
    w.status |= (int32_t)w.room.look.load(1) | bad;
    block_meet<TEAM>();
    if (emit_path(w, n) && bad == 0) w.emit(w.own(n), n);
}

} // namespace urnd

#endif
