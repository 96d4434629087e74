// row_view.h - a block's slice of a row, in shared memory or in place: how every pass reads an element and its kept
// bit.
//
// A row is walked in places q = id + shift, where shift is how many elements past a 16-byte boundary the row starts:
// so eight places from a multiple of eight are 16 aligned bytes of f16 and bf16, 32 of f32, in global and in shared
// memory alike, wherever the row starts. Eight places are a *unit*, one lane's step; 32 units are a *group*, one
// warp's. A slice is whole groups. Places outside the row read as -inf, which is never possible and weighs nothing.
#ifndef URN_ROW_VIEW_H
#define URN_ROW_VIEW_H

#include "kernels/bits/dev_order.h"
#include "kernels/row/team.h"

namespace urnd {

URN_HOST_DEVICE uint32_t min_of(uint32_t a, uint32_t b) { return a < b ? a : b; }
URN_HOST_DEVICE uint32_t max_of(uint32_t a, uint32_t b) { return a > b ? a : b; }

enum { UNIT = 8, GROUP = 256, GROUP_UNITS = 32 };

// The first element of a unit, which goes round: after eight turns each is where it was. turn_in: another value takes
// its place. In an unrolled loop these moves vanish; in a rolled one they stand for an index into registers.
URN_DEVICE void turn_in(float x[UNIT], float v) {
    URN_UNROLL
    for (uint32_t k = 0; k + 1 < UNIT; k++) x[k] = x[k + 1];
    x[UNIT - 1] = v;
}
URN_DEVICE float turn(float x[UNIT]) {
    float v = x[0];
    turn_in(x, v);
    return v;
}

// The caller's unit of a group.
URN_DEVICE uint32_t own_unit(uint32_t group) { return group * GROUP_UNITS + lane_id(); }

// Groups that rows of up to `cols` elements need, at the worst alignment. The workspace of streamed rows counts so too.
URN_HOST_DEVICE uint32_t row_groups(int64_t cols, size_t element) {
    return (uint32_t)((cols + (int64_t)(16 / element) - 1 + GROUP - 1) / GROUP);
}

template <class Dtype, bool RESIDENT> struct Row {
    typedef typename Dtype::Stored Stored;
    Global<const Stored> view; // the row's elements
    uint32_t shift, end;       // places of the row: [shift, end)
    uint32_t begin;            // first place of this block's slice
    uint32_t groups;           // of this block's slice
    Shared<Stored> held;       // the slice's elements; else those of its first units, as many as there is room for
    Shared<uint8_t> kept;      // RESIDENT: a byte a unit, a bit a place
    Shared<uint64_t> sums;     // RESIDENT: a sum a group
    Global<uint8_t> far_kept;  // else: the same, in the workspace
    Global<uint64_t> far_sums;
    uint32_t near = 0; // else: how many units are held
    // else: a bit a unit, a word a group: has it ids that the selection under way, if it narrows, has not decided on?
    Global<uint32_t> far_open = Global<uint32_t>(nullptr, 0, TAG_WORKSPACE);

    // A selection takes out what it has decided against as it goes, so that its later passes read few units: worth it
    // where reading is dear.
    static constexpr bool narrows = !RESIDENT;
    URN_DEVICE uint32_t open_units(uint32_t group) const { return RESIDENT ? ~0u : far_open.load(group); }
    URN_DEVICE void put_open_units(uint32_t group, uint32_t units) const {
        if (!RESIDENT) far_open.store(group, units);
    }
    // The unit's eight logits, ready for arithmetic.
    URN_DEVICE void logits(uint32_t unit, float x[UNIT]) const;
    // The same from global memory, the first time, where the row is not resident; held from then on if there is room.
    URN_DEVICE void first_logits(uint32_t unit, float x[UNIT]) const;
    template <bool FIRST> URN_DEVICE void far_logits(uint32_t unit, float x[UNIT]) const;
    // The same as they were given: no step of these forms changes one.
    URN_DEVICE void raw_logits(uint32_t unit, float x[UNIT]) const { logits(unit, x); }
    URN_DEVICE float raw(uint32_t, float x) const { return x; }
    // Elements past a 16-byte boundary at which the row starts.
    URN_DEVICE uint32_t past_boundary() const { return (uint32_t)(view.address(0) & 15) / (uint32_t)sizeof(Stored); }
    // Its eight kept bits. Any thread, after a meeting of the block since the unit's own lane stored them.
    URN_DEVICE uint32_t kept_bits(uint32_t unit) const { return RESIDENT ? kept.load(unit) : far_kept.load(unit); }
    URN_DEVICE void keep_bits(uint32_t unit, uint32_t bits) const {
        if (RESIDENT)
            kept.store(unit, (uint8_t)bits);
        else
            far_kept.store(unit, (uint8_t)bits);
    }
    URN_DEVICE uint64_t sum(uint32_t group) const { return RESIDENT ? sums.load(group) : far_sums.load(group); }
    URN_DEVICE void put_sum(uint32_t group, uint64_t v) const {
        if (RESIDENT)
            sums.store(group, v);
        else
            far_sums.store(group, v);
    }
};

template <class Dtype> struct Unpack {
    // 16 bytes hold eight 16-bit logits
    URN_DEVICE static void words(const Vec16 *v, float x[UNIT]) {
        URN_UNROLL
        for (int i = 0; i < 4; i++) {
            x[2 * i] = logit<Dtype>(v[0].w[i] & 0xffffu);
            x[2 * i + 1] = logit<Dtype>(v[0].w[i] >> 16);
        }
    }
    enum { vectors = 1 };
};
template <> struct Unpack<F32> {
    URN_DEVICE static void words(const Vec16 *v, float x[UNIT]) {
        URN_UNROLL
        for (int i = 0; i < 4; i++) x[i] = logit<F32>(v[0].w[i]), x[4 + i] = logit<F32>(v[1].w[i]);
    }
    enum { vectors = 2 };
};

template <class Dtype, bool RESIDENT> URN_DEVICE void Row<Dtype, RESIDENT>::logits(uint32_t unit, float x[UNIT]) const {
    constexpr uint32_t per = 16 / sizeof(Stored);
    if (RESIDENT || unit < near) {
        Vec16 v[2];
        URN_UNROLL
        for (uint32_t i = 0; i < Unpack<Dtype>::vectors; i++) v[i] = held.load16(unit * UNIT + i * per);
        Unpack<Dtype>::words(v, x);
        return;
    }
    far_logits<false>(unit, x);
}

template <class Dtype, bool RESIDENT>
URN_DEVICE void Row<Dtype, RESIDENT>::first_logits(uint32_t unit, float x[UNIT]) const {
    far_logits<true>(unit, x);
}

template <class Dtype, bool RESIDENT>
template <bool FIRST>
URN_DEVICE void Row<Dtype, RESIDENT>::far_logits(uint32_t unit, float x[UNIT]) const {
    constexpr uint32_t per = 16 / sizeof(Stored);
    uint32_t q = begin + unit * UNIT;
    bool hold = FIRST && unit < near;
    if (q >= shift && q + UNIT <= end) {
        Vec16 v[2];
        URN_UNROLL
        for (uint32_t i = 0; i < Unpack<Dtype>::vectors; i++) {
            v[i] = view.load16((int64_t)(q - shift + i * per));
            if (hold) held.store16(unit * UNIT + i * per, v[i]);
        }
        Unpack<Dtype>::words(v, x);
        return;
    }
    URN_UNROLL
    for (uint32_t i = 0; i < UNIT; i++) {
        bool inside = q + i >= shift && q + i < end;
        Stored stored = inside ? view.load((int64_t)(q + i - shift)) : (Stored)Dtype::minus_inf;
        if (hold) held.store(unit * UNIT + i, stored);
        x[i] = logit<Dtype>(stored);
    }
}

// The slice of this block: the row's groups dealt out evenly over the ranks, in order.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void cut_slice(const Team<TEAM> &team, Row<Dtype, RESIDENT> &row, uint32_t cols) {
    row.shift = row.past_boundary();
    row.end = row.shift + cols;
    uint32_t all = (row.end + GROUP - 1) / GROUP, share = (all + team.ranks - 1) / team.ranks;
    uint32_t first = team.rank * share < all ? team.rank * share : all;
    row.begin = first * GROUP;
    row.groups = all - first < share ? all - first : share;
}

} // namespace urnd

#endif
