// keep_steps.h - the keep steps of the full form. Every rule comes down to a target in an order (keep_target), or to a
// predicate on an id (keep_where), so that a kernel holds each of these walks once.
#ifndef URN_KEEP_STEPS_H
#define URN_KEEP_STEPS_H

#include "kernels/steps/step_least.h"
#include "kernels/steps/step_min_p.h"
#include "kernels/steps/step_mirostat_v1.h"
#include "kernels/steps/step_tail_free.h"
#include "kernels/steps/step_top_k.h"
#include "kernels/steps/step_top_n_sigma.h"
#include "kernels/steps/step_top_p.h"
#include "kernels/steps/step_xtc.h"

namespace urnd {

// Whether a keep rule looks at Z, and at the entropy's sum E.
URN_DEVICE bool wants_mass(uint32_t op) {
    return op != URN_OP_TOP_K && op != URN_OP_MIN_P && op != URN_OP_TAIL_FREE && op != URN_OP_TOP_N_SIGMA &&
           op != URN_OP_MIROSTAT_V1;
}
URN_DEVICE bool wants_entropy(uint32_t op) {
    return op == URN_OP_ETA || op == URN_OP_TYPICAL || op == URN_OP_DYNAMIC_TEMPERATURE;
}

// The predicates of rules that are none of the order: a least weight; a largest gap below the maximum (top-n-sigma);
// and XTC's, under which what is heavy leaves, but for one place.
struct StayFull {
    FullLaw law;
    uint64_t least;
    uint32_t op, spared;
    float bound;
    URN_DEVICE float gap(float x) const {
        float q = law.max - x;
        return q > URN_FLT_MAX ? URN_FLT_MAX : q;
    }
    URN_DEVICE bool of(float x, uint32_t at) const {
        if (op == URN_OP_TOP_N_SIGMA) return gap(x) <= bound;
        return (law.of(x) >= least) != (op == URN_OP_XTC) || (op == URN_OP_XTC && at == spared);
    }
};

// The whole team calls: what the predicates need to know of K, one walk. For XTC the number of heavy ids and the
// inverse of their least key; for top-n-sigma the largest gap's bits, then (with its scale) two sums.
template <int TEAM, bool RESIDENT>
URN_DEVICE Tally survey(FullState<TEAM, RESIDENT> &s, const StayFull &stay, uint32_t round, int scale) {
    const Row<Full, RESIDENT> &row = s.row;
    Tally mine = {0, 0, 0};
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_ROLLED
        for (uint32_t i = 0; i < UNIT; i++) {
            float v = turn(x);
            if (!(bits >> i & 1)) continue;
            if (stay.op == URN_OP_XTC) {
                if (stay.law.of(v) >= stay.least) mine.sum++, mine.max = max_of(mine.max, ~order_key(v));
                continue;
            }
            float q = stay.gap(v);
            if (round == 0) {
                mine.max = max_of(mine.max, f32_bits(q));
                continue;
            }
            uint64_t scaled = scaled_gap(q, scale);
            mine.sum += round == 1 ? scaled : scaled * scaled; // below 2^42 and 2^62 over the row
        }
    }
    return team_tally(s.team, mine).all;
}

// The whole team calls. Completes the predicate of XTC or top-n-sigma; false: the rule takes no id.
template <int TEAM, bool RESIDENT>
URN_DEVICE bool survey_rule(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, float parameter,
                            StayFull &stay) {
    bool xtc = stay.op == URN_OP_XTC;
    int scale = 0;
    uint64_t s1 = 0, s2 = 0;
    URN_ROLLED
    for (uint32_t round = 0; round < (xtc ? 1u : 3u); round++) {
        Tally found = survey(s, stay, round, scale);
        if (xtc) {
            if (found.sum < 2) return false;
            stay.spared = first_place(s.team, s.row, ~found.max, true);
        } else if (round == 0) {
            if (found.max == 0) return false;
            scale = gap_scale(bits_f32(found.max));
        } else if (round == 1) {
            s1 = found.sum;
        } else {
            s2 = found.sum;
        }
    }
    if (xtc) return true;
    uint64_t count = s.epoch.count;
    stay.bound = bits_f32((uint32_t)from_one(
        s.team, here.room.scalar, [&]() -> uint64_t { return f32_bits(gap_bound(parameter, count, s1, s2, scale)); }));
    return true;
}

// The whole team calls, in an open epoch that is not greedy. terms: the entropy's sum E where the rule wants it.
template <int TEAM, bool RESIDENT>
URN_DEVICE void take_keep_step(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, const FullStep &step,
                               uint64_t terms) {
    Epoch &e = s.epoch;
    const uint32_t op = step.op;
    const FullLaw law = s.law();
    const uint64_t whole = e.mass.all.sum, first = law.of(key_value(e.largest));
    const bool ties = (step.flags() & URN_STEP_TIES) != 0;
    const float f = step.f(0);
    FullKey order = s.order();
    Target target = {0, false, true, false};
    StayFull stay = {law, 0, op, 0, 0.0f};
    bool by_order = true;
    if (op == URN_OP_TOP_K) {
        target = step_top_k(e, step.bits(0), ties);
    } else if (op == URN_OP_TOP_P) {
        target = step_top_p(e, f, ties);
    } else if (op == URN_OP_TYPICAL) {
        target = step_top_p(e, f, false);
        order.typical = true;
        order.centre = bits_f32((uint32_t)from_one(
            s.team, here.room.scalar, [&]() -> uint64_t { return f32_bits((float)((double)terms / (double)whole)); }));
        e.spent = true;
    } else if (op == URN_OP_TAIL_FREE || op == URN_OP_MIROSTAT_V1) {
        uint64_t k = op == URN_OP_TAIL_FREE ? step_tail_free(s, here, f) : step_mirostat_v1(s, here, f);
        e.summed = false; // the groups' sums may have been used
        target = {k, false, k == 0 || k >= e.count, false};
    } else if (op == URN_OP_XTC || op == URN_OP_TOP_N_SIGMA) {
        if (op == URN_OP_XTC && !xtc_acts(here.head.key, here.head.position, f)) return;
        if (op == URN_OP_XTC) {
            e.spent = true;
            stay.least = ceil_product(step.f(1), whole);
            if (stay.least == 0) stay.least = 1;
        }
        if (!survey_rule(s, here, f, stay)) return;
        by_order = false;
    } else {
        stay.least =
            from_one(s.team, here.room.scalar, [&]() -> uint64_t { return least_weight(op, f, first, whole, terms); });
        by_order = stay.least > first; // the first stays alone
        if (by_order) target = {1, false, e.count == 1, false};
    }
    if (by_order)
        keep_target(s, here.room.select, order, target);
    else
        epoch_kept<Full>(e, keep_where(s.team, s.row, stay));
}

} // namespace urnd

#endif
