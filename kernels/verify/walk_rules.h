// walk_rules.h - a node's rule: which token follows it (bits_verify.h sections 4, 6, 7).
#ifndef URN_VERIFY_WALK_RULES_H
#define URN_VERIFY_WALK_RULES_H

#include "kernels/verify/walk.h"

namespace urnd {

// The whole team calls, as all rules do: the token that follows node n, whose laws are in hand.

// RECURSIVE, and MULTISTEP where law.again.
template <int TEAM> URN_DEVICE int32_t rule_recursive(Walk<TEAM> &w, NodeLaw &law, int32_t n) {
    URN_ROLLED
    for (int32_t c = w.room.first.load((size_t)n); c >= 0; c = w.room.next.load((size_t)c)) {
        int32_t x = w.room.token.load((size_t)c);
        if ((uint32_t)x >= law.p.cols || (law.has_q && law.total_q == 0)) {
            w.status |= URN_ROW_DRAFT;
            continue;
        }
        renew_reciprocal(law);
        Look at = look_at(w, law, x);
        if (law.has_q && at.w == 0) {
            w.status |= URN_ROW_DRAFT;
            continue;
        }
        uint64_t q_x = law.has_q ? law.q_of(at.w) : law.total_p;
        if (mulhi_u64(coin_of(w.v, w.r, c), q_x) < at.p) return x;
        uint32_t number = law.rounds;
        push_round(w, law, number,
                   {law.reciprocal, URN_SHARE_ONE, x, law.has_q ? ROUND_LAW : ROUND_ONE_HOT, 0, (uint8_t)law.up_q, 0});
        settle_round(w, law, number);
        if (law.has_q && !law.again) leave_draft(law, at.w << law.up_q);
    }
    return end_draw(w, law, n);
}

template <int TEAM> URN_DEVICE int32_t rule_target_only(Walk<TEAM> &w, NodeLaw &law, int32_t n) {
    const urn_verify_params &p = w.v.call.params;
    int32_t first = w.room.first.load((size_t)n);
    uint64_t all = ceil_product(p.threshold, law.total_p), single = ceil_product(p.threshold_single, law.total_p);
    uint64_t word = mulhi_u64(coin_of(w.v, w.r, first), all ? all : 1), passed = 0;
    URN_ROLLED
    for (int32_t c = first; c >= 0; c = w.room.next.load((size_t)c)) {
        int32_t x = w.room.token.load((size_t)c);
        // rounds so far are of other tokens, so P_x is what it was
        uint64_t p_x = look_at(w, law, x).p;
        passed += p_x;
        if (word < passed || p_x >= (single ? single : 1)) return x;
        push_round(w, law, law.rounds, {0, URN_SHARE_ONE, x, ROUND_ONE_HOT, 0, 0, 0});
    }
    w.sum = sum_ids(w.team, w.room.sums, law, SUM_P);
    w.summed = w.sum.all.sum != 0;
    if (!w.summed) law.rounds = 0;
    return end_draw(w, law, n);
}

// KSEQ's b of the overlap B: B / T as Q0.63; and a of b.
URN_DEVICE uint64_t kseq_b(uint64_t overlap, uint64_t total) {
    uint64_t b = share_of_total(overlap, 63, total);
    return b < URN_SHARE_ONE ? b : URN_SHARE_ONE;
}
URN_DEVICE uint64_t kseq_a(uint64_t b, uint32_t k) {
    uint64_t t = URN_SHARE_ONE;
    URN_ROLLED
    for (uint32_t j = 0; j < k; j++) t = share_product(t, URN_SHARE_ONE - b);
    uint64_t taken = URN_SHARE_ONE - t;
    return mulhi_u64(b, k) != 0 || b * k > taken ? taken : b * k;
}
URN_DEVICE bool kseq_valid(uint64_t b, uint32_t k, uint32_t rho) {
    Wide lack = wide_difference(wide_product(b, rho), wide_product(kseq_a(b, k), URN_VERIFY_RHO));
    return lack.high >> 63 == 0; // both are below 2^80
}

template <int TEAM> URN_DEVICE int32_t rule_kseq(Walk<TEAM> &w, NodeLaw &law, int32_t n, uint32_t k) {
    uint32_t low = URN_VERIFY_RHO, high = k * URN_VERIFY_RHO, known = 0;
    uint64_t b = 0, known_b = 0;
    URN_ROLLED
    for (;;) { // one pass over both rows a turn; the last one is of rho itself, unless it has been seen
        uint32_t rho = low < high ? (low + high) / 2 : low;
        if (low == high && known == rho) {
            b = known_b;
            break;
        }
        law.inverse = wide_quotient({512, 0}, rho);
        b = kseq_b(sum_ids(w.team, w.room.sums, law, SUM_OVERLAP).all.sum, law.total_p);
        if (low == high) break;
        if (kseq_valid(b, k, rho))
            high = rho, known = rho, known_b = b;
        else
            low = rho + 1;
    }
    law.inverse = wide_quotient({512, 0}, low);
    law.factor = b ? share_of_total(kseq_a(b, k), 57, b) : (uint64_t)k << 57;
    URN_ROLLED
    for (int32_t c = w.room.first.load((size_t)n); c >= 0; c = w.room.next.load((size_t)c)) {
        int32_t x = w.room.token.load((size_t)c);
        Look at = look_at(w, law, x);
        if (at.w == 0)
            w.status |= URN_ROW_DRAFT;
        else if (mulhi_u64(coin_of(w.v, w.r, c), law.q_of(at.w)) < share_product(at.p, law.inverse))
            return x;
    }
    return end_draw_of(w, law, n, SUM_KSEQ);
}

template <int TEAM> URN_DEVICE int32_t rule_greedy_drafts(Walk<TEAM> &w, NodeLaw &law, int32_t n) {
    int32_t c = w.room.first.load((size_t)n), next = w.room.next.load((size_t)c);
    URN_ROLLED
    for (; next >= 0; c = next, next = w.room.next.load((size_t)c)) {
        int32_t x = w.room.token.load((size_t)c);
        uint64_t share = look_at(w, law, x).w << law.up_q; // 0 the second time
        push_round(w, law, law.rounds, {0, URN_SHARE_ONE, x, ROUND_NONE, 0, 0, 0});
        law.total_q -= share;
    }
    if (law.total_q == 0) return w.own(n);
    leave_draft(law, 0);
    renew_reciprocal(law);
    int32_t x = w.room.token.load((size_t)c);
    Look at = look_at(w, law, x);
    if (at.w == 0) {
        w.status |= URN_ROW_DRAFT;
        return w.own(n);
    }
    if (mulhi_u64(coin_of(w.v, w.r, c), law.q_of(at.w)) < at.p) return x;
    uint32_t number = law.rounds;
    push_round(w, law, number, {law.reciprocal, URN_SHARE_ONE, x, ROUND_LAW, 0, (uint8_t)law.up_q, 0});
    settle_round(w, law, number);
    return end_draw(w, law, n);
}

} // namespace urnd

#endif
