// row_full.h - a slice of the full form: f32 that steps may change, and a mark beside each kept bit.
//
// A resident slice is held as f32 from its first look on, as are the first units of a streamed one, as many as there is
// room for. The rest of it is read where it lies until a step wants to change a value; own_values (values.h) copies it
// to the workspace then. What was given is read again from global
// memory, and only where values have changed.
#ifndef URN_ROW_FULL_H
#define URN_ROW_FULL_H

#include "kernels/row/row_view.h"
#include "urn/types.h"

namespace urnd {

enum { GROUP_WORDS = GROUP / 32 }; // words of marks

template <bool RESIDENT> struct Row<Full, RESIDENT> {
    uint32_t shift, end; // as in row_view.h, counted in elements of the logits' dtype
    uint32_t begin;
    uint32_t groups;
    int32_t dtype;
    bool changed;                  // values are not the logits as given
    Global<const uint16_t> halves; // the row's elements as given: one of these two
    Global<const uint32_t> words;
    Shared<uint32_t> held;     // bits of the values; else those of the slice's first units
    Shared<uint8_t> kept;      // RESIDENT: a byte a unit, a bit a place
    Shared<uint64_t> sums;     // RESIDENT: a sum a group
    Shared<uint32_t> marked;   // RESIDENT: a bit a place
    Global<uint32_t> far_held; // else: the same, in the workspace; values only once they are our own
    Global<uint8_t> far_kept;
    Global<uint64_t> far_sums;
    Global<uint32_t> far_marked;
    uint32_t near = 0; // else: how many units are held

    static constexpr bool narrows = false; // row_view.h. Its orders are not all of x
    URN_DEVICE uint32_t open_units(uint32_t) const { return ~0u; }
    URN_DEVICE void put_open_units(uint32_t, uint32_t) const {}
    URN_DEVICE uint32_t past_boundary() const {
        return (uint32_t)(halves.address(0) & 15) / (dtype == URN_F32 ? 4u : 2u);
    }
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
    // Marks of 32 places, from place begin + 32 * word on.
    URN_DEVICE uint32_t marks(uint32_t word) const { return RESIDENT ? marked.load(word) : far_marked.load(word); }
    URN_DEVICE void put_marks(uint32_t word, uint32_t bits) const {
        if (RESIDENT)
            marked.store(word, bits);
        else
            far_marked.store(word, bits);
    }
    // Is this place of the row in this block's slice?
    URN_DEVICE bool holds(uint32_t place) const { return place >= begin && place - begin < groups * GROUP; }

    // Are the unit's values in shared memory?
    URN_DEVICE bool is_held(uint32_t unit) const { return RESIDENT || unit < near; }

    // One element as given, of a place inside the row.
    URN_DEVICE float given(uint32_t place) const {
        int64_t id = (int64_t)place - shift;
        if (dtype == URN_F32) return logit<F32>(words.load(id));
        uint32_t bits = halves.load(id);
        return dtype == URN_F16 ? logit<F16>(bits) : logit<Bf16>(bits);
    }
    // The same, of a place whose value is x now.
    URN_DEVICE float raw(uint32_t place, float x) const { return changed ? given(place) : x; }

    // The unit's eight elements as given; -inf outside of the row.
    URN_DEVICE void given_logits(uint32_t unit, float x[UNIT]) const {
        uint32_t q = begin + unit * UNIT;
        if (q >= shift && q + UNIT <= end) {
            Vec16 v[2];
            int64_t id = (int64_t)q - shift;
            if (dtype == URN_F32) {
                v[0] = words.load16(id);
                v[1] = words.load16(id + 4);
                Unpack<F32>::words(v, x);
                return;
            }
            v[0] = halves.load16(id);
            if (dtype == URN_F16)
                Unpack<F16>::words(v, x);
            else
                Unpack<Bf16>::words(v, x);
            return;
        }
        // the row's two ends: one load in the code for the eight
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) x[i] = bits_f32(Full::minus_inf);
        URN_ROLLED
        for (uint32_t j = 0; j < UNIT; j++) {
            if (q + j < shift || q + j >= end) continue;
            float v = given(q + j);
            URN_UNROLL
            for (uint32_t i = 0; i < UNIT; i++) x[i] = i == j ? v : x[i];
        }
    }

    // The unit's eight values. Any lane, of a unit that its own lane put, after a meeting of the block.
    URN_DEVICE void logits(uint32_t unit, float x[UNIT]) const {
        bool here = is_held(unit);
        if (!here && !changed) {
            given_logits(unit, x);
            return;
        }
        Vec16 a = here ? held.load16(unit * UNIT) : far_held.load16(unit * UNIT);
        Vec16 b = here ? held.load16(unit * UNIT + 4) : far_held.load16(unit * UNIT + 4);
        URN_UNROLL
        for (int i = 0; i < 4; i++) x[i] = bits_f32(a.w[i]), x[4 + i] = bits_f32(b.w[i]);
    }
    URN_DEVICE void raw_logits(uint32_t unit, float x[UNIT]) const {
        if (changed)
            given_logits(unit, x);
        else
            logits(unit, x);
    }
    URN_DEVICE void put_logits(uint32_t unit, const float x[UNIT]) const {
        Vec16 a, b;
        URN_UNROLL
        for (int i = 0; i < 4; i++) a.w[i] = f32_bits(x[i]), b.w[i] = f32_bits(x[4 + i]);
        if (is_held(unit)) {
            held.store16(unit * UNIT, a);
            held.store16(unit * UNIT + 4, b);
        } else {
            far_held.store16(unit * UNIT, a);
            far_held.store16(unit * UNIT + 4, b);
        }
    }
    // One value, of a place in this block's slice, between meetings with the walks that read units. No two threads may
    // put the same place.
    URN_DEVICE float x_at(uint32_t place) const {
        if (is_held((place - begin) / UNIT)) return bits_f32(held.load(place - begin));
        return changed ? bits_f32(far_held.load(place - begin)) : given(place);
    }
    URN_DEVICE void put_x(uint32_t place, float x) const {
        if (is_held((place - begin) / UNIT))
            held.store(place - begin, f32_bits(x));
        else
            far_held.store(place - begin, f32_bits(x));
    }
    // Is this place of the slice in K?
    URN_DEVICE bool keeps(uint32_t place) const {
        return kept_bits((place - begin) / UNIT) >> ((place - begin) % UNIT) & 1;
    }
};

} // namespace urnd

#endif
