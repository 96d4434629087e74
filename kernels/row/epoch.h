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
    bool linear; // a link's epoch (bits.h section 9): x is a weight in [0, 1]
    bool summed; // mass and the groups' sums are those of K and this epoch
    float max, c;
    uint32_t place;  // greedy: of K's only member. The kept bits follow when the epoch closes
    TeamTally mass;  // its all.sum is Z
    uint64_t opened; // Z when the epoch opened, where the log mass is asked for
    double log_mass; // A; only the thread that leads keeps it
    bool want_log_mass;
};

// A row and all that the team knows of it.
template <int TEAM, class Dtype, bool RESIDENT> struct State {
    Team<TEAM> team;
    Row<Dtype, RESIDENT> row;
    Epoch epoch;
    CutRoom cut;
};

URN_DEVICE LawWeight law_of(const Epoch &e) { return {e.max, e.c, e.linear}; }

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
    e.mass = sum_groups(s.team, s.row, law_of(e), false);
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
    if (e.greedy) e.count = keep_cut(s.team, s.row, e.largest, e.place);
    e.open = e.greedy = e.summed = false;
}

// A keep step left `count` ids.
URN_DEVICE void epoch_kept(Epoch &e, uint32_t count) {
    e.count = count;
    e.summed = false;
}

// Keep the shortest prefix of the order that reaches the target, in an open epoch that is not greedy.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void keep_target(State<TEAM, Dtype, RESIDENT> &s, SelectRoom room, Target target) {
    Epoch &e = s.epoch;
    if (target.all) return;
    Cut cut = select_cut(s.team, s.row, room, law_of(e), target);
    // equal keys weigh the same; by mass more than 0, since the target is reached among them
    uint64_t each = target.mass ? law_of(e).of(key_value(cut.key)) : 1;
    uint64_t ties = cut.whole ? 0 : (target.sum - cut.above + each - 1) / each;
    bool all = cut.whole || ties * each == cut.inside;
    uint32_t place = all ? URN_ALL_TIES : tie_place(s.team, s.row, s.cut, cut.key, ties);
    epoch_kept(e, keep_cut(s.team, s.row, cut.key, place));
}

} // namespace urnd

#endif
