// group_sums.h - sum integer weights over a row, leaving a sum a group; find where a prefix sum passes a target.
//
// Sums are of integers, so neither the slices nor the order of groups shows in any of them. Overflow: a weight is at
// most 2^40 and a row at most 2^22 ids, so every sum is at most 2^62.
#ifndef URN_GROUP_SUMS_H
#define URN_GROUP_SUMS_H

#include "kernels/bits/dev_exp2.h"
#include "kernels/bits/dev_log2.h"
#include "kernels/row/row_full.h"

namespace urnd {

// What an id weighs in an epoch, and the key by which a keep rule orders ids.
struct LawWeight {
    float max, c;
    URN_DEVICE uint64_t of(float x) const { return weight(x, max, c); }
    URN_DEVICE uint64_t term_of_entropy(float x) const { return entropy_term(x, max, c); }
};
struct OrderKey {
    URN_DEVICE uint32_t of(float x) const { return order_key(x); }
};

// The same in the full form: weights may be linear, in a link's epoch (bits.h section 9), and the key may be typical's.
struct FullLaw {
    float max, c;
    bool linear;
    URN_DEVICE uint64_t of(float x) const { return power_weight(linear ? linear_power(x) : power(x - max, c)); }
    // a of bits.h section 3: bits of surprise over the largest; in a link's epoch over probability 1.
    URN_DEVICE float surprise(float x) const {
        if (linear) return x == 0.0f ? bits_f32(0x7f800000u) : (float)-log2_f64((double)x);
        return -((x - max) * c);
    }
    URN_DEVICE uint64_t term_of_entropy(float x) const {
        if (!linear) return entropy_term(x, max, c);
        return x == 0.0f ? 0 : floor_scaled(x * surprise(x), URN_F);
    }
};
struct FullKey {
    FullLaw law;
    bool typical;
    float centre; // typical: s
    URN_DEVICE uint32_t of(float x) const {
        if (!typical) return order_key(x);
        float dev = law.of(x) == 0 ? bits_f32(0x7f800000u) : law.surprise(x) - centre;
        return ~(f32_bits(dev) & 0x7fffffffu); // nearer is larger
    }
};

template <class Dtype> struct LawOf {
    typedef LawWeight Law;
    typedef OrderKey Key;
};
template <> struct LawOf<Full> {
    typedef FullLaw Law;
    typedef FullKey Key;
};

// 1, or by mass the weight, where the key is the one asked for.
template <class Key> struct TieWeight {
    Key order;
    uint32_t key;
    URN_DEVICE uint64_t of(float x) const { return order.of(x) == key ? 1 : 0; }
};
template <> struct TieWeight<FullKey> {
    FullKey order;
    uint32_t key;
    bool mass;
    URN_DEVICE uint64_t of(float x) const { return order.of(x) != key ? 0 : mass ? order.law.of(x) : 1; }
};

// The whole team calls. Sum over kept ids, or over all with `everything`, or over those of open units, where a
// selection has narrowed the row and others weigh nothing; afterwards row.sum holds the groups' own. Reads the row once
// more: shared memory, or L2 and global memory where it is streamed.
template <int TEAM, class Dtype, bool RESIDENT, class Weight>
URN_DEVICE TeamTally sum_groups(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, Weight w, bool everything,
                                bool narrowed = false) {
    uint64_t total = 0;
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group);
        uint32_t bits = everything ? 0xffu : row.kept_bits(unit);
        if constexpr (Row<Dtype, RESIDENT>::narrows) {
            if (narrowed && !(row.open_units(group) >> lane_id() & 1)) bits = 0;
        }
        float x[UNIT];
        if constexpr (RESIDENT) {
            row.logits(unit, x);
        } else { // what is far is read for what is left
            URN_UNROLL
            for (uint32_t i = 0; i < UNIT; i++) x[i] = 0.0f;
            if (bits != 0) row.logits(unit, x);
        }
        uint64_t sum = 0;
        URN_EACH
        for (uint32_t i = 0; i < UNIT; i++) {
            float v = turn(x);
            sum += (bits >> i & 1) ? w.of(v) : 0;
        }
        sum = sum_u64(sum);
        if (lane_id() == 0) row.put_sum(group, sum), total += sum;
    }
    return team_tally(team, {total, 0, 0});
}

struct Spot {
    uint32_t place;
    float x;
    uint64_t below; // in lane `lane` alone: the slice's sum before the place
    uint32_t lane;
};

// All lanes of one warp call, after sum_groups with the same weights; all get the answer: the first kept place of this
// block's slice where the slice's prefix sum passes `target`, which is below the slice's sum.
template <class Dtype, bool RESIDENT, class Weight>
URN_DEVICE Spot locate(const Row<Dtype, RESIDENT> &row, Weight w, uint64_t target) {
    uint64_t before = 0;
    uint32_t group = 0;
    for (uint32_t first = 0; first < row.groups; first += 32) {
        uint64_t sum = first + lane_id() < row.groups ? row.sum(first + lane_id()) : 0;
        uint64_t through = before + scan_u64(sum);
        uint32_t past = ballot(through > target);
        if (past) {
            uint32_t lane = (uint32_t)popc_u32((past & (0u - past)) - 1);
            group = first + lane;
            before = shfl(through - sum, lane);
            break;
        }
        before = shfl(through, 31);
    }
    // only this group's 256 weights are made again
    uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
    float x[UNIT];
    row.logits(unit, x);
    uint64_t sum = 0;
    URN_EACH
    for (uint32_t i = 0; i < UNIT; i++) {
        float v = turn(x);
        sum += (bits >> i & 1) ? w.of(v) : 0;
    }
    uint64_t prefix = before + scan_u64(sum) - sum;
    uint32_t past = ballot(prefix + sum > target);
    uint32_t lane = (uint32_t)popc_u32((past & (0u - past)) - 1) & 31u;
    // prefixes never fall, so the place is as many steps on as there are prefixes not past the target
    uint32_t step = 0;
    uint64_t below = prefix;
    URN_EACH
    for (uint32_t i = 0; i < UNIT; i++) {
        float v = turn(x);
        prefix += (bits >> i & 1) ? w.of(v) : 0;
        step += prefix > target ? 0 : 1;
        below = prefix > target ? below : prefix;
    }
    Spot spot = {row.begin + unit * UNIT + step, x[0], below, lane};
    URN_UNROLL
    for (uint32_t i = 1; i < UNIT; i++) spot.x = i == step ? x[i] : spot.x;
    return {shfl(spot.place, lane), shfl(spot.x, lane), below, lane};
}

} // namespace urnd

#endif
