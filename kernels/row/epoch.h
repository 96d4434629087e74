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
};

// A row and all that the team knows of it.
template <int TEAM, class Dtype, bool RESIDENT> struct State {
    Team<TEAM> team;
    Row<Dtype, RESIDENT> row;
    Epoch epoch;
    CutRoom cut;
};

URN_DEVICE LawWeight law_of(const Epoch &e) { return {e.max, e.c}; }

// Z and the groups' sums of K in the open, not greedy epoch.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE uint64_t epoch_mass(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (!e.summed) e.mass = sum_groups(s.team, s.row, law_of(e), false);
    e.summed = true;
    return e.mass.all.sum;
}

// Open an epoch if none is. False: K is empty.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE bool open_epoch(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (e.open) return true;
    if (e.count == 0) return false;
    e.open = true;
    e.max = key_value(e.largest);
    e.c = URN_LOG2E / e.temperature;
    e.greedy = e.temperature == 0.0f || (f32_bits(e.c) & 0x7fffffffu) == 0x7f800000u;
    e.summed = false;
    if (e.greedy)
        e.place = first_place(s.team, s.row, e.largest), e.count = 1;
    else if (e.want_log_mass)
        e.opened = epoch_mass(s);
    return true;
}

// What the open epoch adds to the log mass. f64 on one thread.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void count_log_mass(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (!e.want_log_mass || e.greedy) return;
    uint64_t left = epoch_mass(s);
    if (s.team.leads()) e.log_mass = e.log_mass + (log2_u64(left) - log2_u64(e.opened));
}

// Close the epoch if one is open: a logit step comes.
template <int TEAM, class Dtype, bool RESIDENT> URN_DEVICE void close_epoch(State<TEAM, Dtype, RESIDENT> &s) {
    Epoch &e = s.epoch;
    if (!e.open) return;
    if (e.greedy)
        e.count = keep_cut(s.team, s.row, e.largest, e.place);
    else
        count_log_mass(s);
    e.open = e.greedy = e.summed = false;
}

// A keep step left `count` ids.
URN_DEVICE void epoch_kept(Epoch &e, uint32_t count) {
    e.count = count;
    e.summed = false;
}

} // namespace urnd

#endif
