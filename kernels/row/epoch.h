// epoch.h - the state of a row between steps, and the epochs that fix its weights (bits.h section 2).
//
// Every function here is called by the whole team; every thread holds the same epoch.
#ifndef URN_EPOCH_H
#define URN_EPOCH_H

#include "kernels/bits/dev_log2.h"
#include "kernels/row/keep_cut.h"

namespace urnd {

struct Epoch {
    float temperature; // running T
    uint32_t count;    // |K|
    uint32_t largest;  // key of the largest x in K: keep steps never remove it, so only masks look for it again
    bool open, greedy;
    bool summed; // mass and the groups' sums are those of K and this epoch
    float max, c;
    uint32_t place;  // greedy: of K's only member. The kept bits follow when the epoch closes
    TeamTally mass;  // its all.sum is Z
    uint64_t opened; // Z when the epoch opened, where the log mass is asked for
    double log_mass; // A; only the thread that leads keeps it
    bool want_log_mass;
    bool linear;    // full form: a link ran, x is a weight
    float link_max; // M before the link
    bool spent;     // full form: a keep step took the first of K, so the epoch is to close
};

// A row and all that the team knows of it.
template <int TEAM, class Dtype, bool RESIDENT> struct State {
    Team<TEAM> team;
    Row<Dtype, RESIDENT> row;
    Epoch epoch;
    CutRoom cut;
    URN_DEVICE typename LawOf<Dtype>::Law law() const {
        if constexpr (Dtype::full)
            return {epoch.max, epoch.c, epoch.linear};
        else
            return {epoch.max, epoch.c};
    }
    // The order of section 1.
    URN_DEVICE typename LawOf<Dtype>::Key order() const {
        if constexpr (Dtype::full)
            return {law(), false, 0.0f};
        else
            return {};
    }
};

// Open an epoch. False: K is empty.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE bool open_epoch(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (e.count == 0) return false;
    e.open = true;
    e.summed = false;
    e.max = key_value(e.largest);
    e.c = URN_LOG2E / e.temperature;
    e.greedy = e.temperature == 0.0f || (f32_bits(e.c) & 0x7fffffffu) == 0x7f800000u;
    if (e.greedy) e.place = first_place(s.team, s.row, e.largest), e.count = 1;
    return true;
}

// Z and the groups' sums of K in the open epoch, unless they are known. A greedy epoch has no use for them.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void epoch_mass(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (e.summed || e.greedy) return;
    e.mass = sum_groups(s.team, s.row, s.law(), false);
    e.summed = true;
}

// After epoch_mass: what an epoch that ends adds to the log mass. f64, so one thread; nothing meets here.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void add_log_mass(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (e.greedy || !s.team.leads()) return;
    e.log_mass = e.log_mass + (log2_u64(e.mass.all.sum) - log2_u64(e.opened));
}

// Close the epoch: a logit step comes. The kept bits become what a greedy epoch stood for.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void close_epoch(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (e.greedy) e.count = (uint32_t)keep_cut(s.team, s.row, s.order(), e.largest, e.place).sum;
    e.open = e.greedy = e.summed = e.spent = false;
}

// E of bits.h section 6: a walk over K in the open epoch.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE uint64_t entropy_sum(State<TEAM, Dtype, RESIDENT> &s) {
    const Row<Dtype, RESIDENT> &row = s.row;
    typename LawOf<Dtype>::Law law = s.law();
    uint64_t sum = 0; // a term is below 2^40, so the row's are below 2^62
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_EACH
        for (uint32_t i = 0; i < UNIT; i++) {
            float v = turn(x);
            sum += (bits >> i & 1) ? law.term_of_entropy(v) : 0;
        }
    }
    return team_tally(s.team, {sum, 0, 0}).all.sum;
}

// A keep step left these ids.
template <class Dtype> URN_DEVICE void epoch_kept(Epoch &e, Tally left) {
    e.count = (uint32_t)left.sum;
    if (Dtype::full) e.largest = left.max;
    e.summed = false;
}

// Keep the shortest prefix of an order that reaches the target, in an open epoch that is not greedy.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void keep_target(State<TEAM, Dtype, RESIDENT> &s, SelectRoom room, typename LawOf<Dtype>::Key order,
                            Target target) {
    Epoch &e = s.epoch;
    if (target.all) return;
    Cut cut = select_cut(s.team, s.row, room, s.law(), order, target);
    uint64_t left = target.sum - cut.above; // to be reached among the ties at the cut
    uint32_t place = URN_ALL_TIES;
    if constexpr (Dtype::full) {
        // typical's ties weigh what they weigh, so their place is found by weight
        if (!cut.whole && !target.ties && left != cut.inside)
            place = tie_place(s.team, s.row, s.cut, TieWeight<FullKey>{order, cut.key, target.mass}, left);
    } else {
        // equal keys weigh the same; by mass more than 0, since the target is reached among them
        uint64_t each = target.mass ? s.law().of(key_value(cut.key)) : 1;
        uint64_t ties = cut.whole ? 0 : (left + each - 1) / each;
        if (!cut.whole && ties * each != cut.inside)
            place = tie_place(s.team, s.row, s.cut, TieWeight<OrderKey>{order, cut.key}, ties, cut.narrowed);
    }
    epoch_kept<Dtype>(e, keep_cut(s.team, s.row, order, cut.key, place, cut.narrowed));
}

} // namespace urnd

#endif
