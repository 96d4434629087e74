// long_items.h - items of long rows and segments: their keys (bits_topk.h T4), and a cheap bound that spares most of
// them a logarithm.
#ifndef URN_LONG_ITEMS_H
#define URN_LONG_ITEMS_H

#include "kernels/bits/dev_gumbel.h"
#include "kernels/row/row_view.h"
#include "kernels/topk/key_cut.h"
#include "urn/topk_long.h"

namespace urnd {

// Keys of either kind as unsigned numbers above 0, in their order.
URN_DEVICE uint64_t lift_item(int64_t key) { return (uint64_t)key ^ UINT64_C(0x8000000000000000); }
URN_DEVICE int64_t drop_item(uint64_t key) { return (int64_t)(key ^ UINT64_C(0x8000000000000000)); }

#define URN_ITEM_IDS (UINT64_C(1) << 40) // indices are below it

// What makes items into keys.
struct ItemLaw {
    double c;     // log2(e) / temperature
    uint64_t key; // the row's
    uint32_t position;
    bool gumbel;
};

URN_DEVICE ItemLaw item_law(int32_t by, float temperature, uint64_t seed, uint64_t label, uint32_t position) {
    bool gumbel = by == URN_TOPK_GUMBEL;
    return {gumbel ? URN_LOG2E_F64 / (double)temperature : 0.0, gumbel ? row_key(seed, label) : 0, position, gumbel};
}

URN_DEVICE Random4 item_block(const ItemLaw &law, uint64_t pair) {
    return philox(law.key, {(uint32_t)pair, (uint32_t)(pair >> 32), law.position, URN_STREAM_LONG});
}

// The lifted key of a value; x > -inf and finite.
URN_DEVICE uint64_t value_key(double x) {
    uint64_t b = f64_bits(x + 0.0);
    return (b >> 63) ? ~b : b | UINT64_C(0x8000000000000000); // b ^ INT64_MAX, lifted
}

// The lifted key of item i. Noise is f64: for those that pass the bound.
URN_DEVICE uint64_t item_key(const ItemLaw &law, double x, uint64_t i) {
    if (!law.gumbel) return value_key(x);
    double y = x * law.c;
    y = y < -0x1p21 ? -0x1p21 : y > 0x1p21 ? 0x1p21 : y;
    return lift_item(gumbel_key(y, gumbel_bits(item_block(law, i >> 1), (uint32_t)(i & 1))));
}

// A bound on what can still be picked, and in f32 bits what y plus noise must reach.
struct ItemBound {
    KeyCut cut;
    float bits;
};

// Below every key that the cut has, by more than f32 loses of a y near it.
URN_DEVICE ItemBound item_bound(KeyCut cut) {
    float at = (float)((double)drop_item(cut.key) * 0x1p-40), size = at < 0 ? -at : at;
    return {cut, at - (size + 128.0f) * 0x1p-20f};
}

// At least the noise G of any U whose high word this is: E is at least 1 - u in units of ln 2, and 1/2 below the turn.
URN_DEVICE float noise_above(uint32_t high) {
    uint32_t rest = ~high; // 1 - u
    if (high < 0xB504F334u) return 1.5f;
    return rest == 0 ? 65.0f : (float)(clz_u64(rest) - 32) + 0.5f;
}

// Elements of a type, eight at a time.
struct ItemsF32 {
    typedef float Value;
    typedef uint32_t Stored;
    enum { vectors = 2 };
    URN_DEVICE static float value(uint32_t bits) { return bits_f32(bits); }
    URN_DEVICE static void words(const Vec16 *v, float x[UNIT]) {
        URN_UNROLL
        for (int i = 0; i < 8; i++) x[i] = bits_f32(v[i / 4].w[i % 4]);
    }
};
struct ItemsF64 {
    typedef double Value;
    typedef uint64_t Stored;
    enum { vectors = 4 };
    URN_DEVICE static double value(uint64_t bits) { return bits_f64(bits); }
    URN_DEVICE static void words(const Vec16 *v, double x[UNIT]) {
        URN_UNROLL
        for (int i = 0; i < 8; i++) x[i] = bits_f64((uint64_t)v[i / 2].w[i % 2 * 2 + 1] << 32 | v[i / 2].w[i % 2 * 2]);
    }
};

// A run of items: `count` of them from element 0 of the view on, item number first + 0 .. count - 1; no values: all 0.
// Walked in places, as rows are (row_view.h): eight places from a multiple of eight are whole vectors of 16 bytes.
template <class Type> struct ItemRun {
    Global<const typename Type::Stored> view;
    int64_t first, count;
    uint32_t shift;
    bool values;

    URN_DEVICE int64_t places() const { return count + shift; }
    // Which of the eight places from q on are items; and their x.
    URN_DEVICE uint32_t load(int64_t q, typename Type::Value x[UNIT]) const {
        constexpr uint32_t per = UNIT / Type::vectors;
        uint32_t inside = 0;
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            x[i] = 0;
            inside |= (q + i >= shift && q + i < places() ? 1u : 0u) << i;
        }
        if (!values || inside == 0) return inside;
        if (inside == 0xffu) {
            Vec16 v[Type::vectors];
            URN_UNROLL
            for (uint32_t i = 0; i < Type::vectors; i++) v[i] = view.load16_once(q - shift + i * per);
            Type::words(v, x);
            return inside;
        }
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++)
            if (inside >> i & 1) x[i] = Type::value(view.load_once(q - shift + i));
        return inside;
    }
};

template <class Type> URN_DEVICE ItemRun<Type> item_run(const void *values, int64_t at, int64_t count, int64_t first) {
    typedef typename Type::Stored Stored;
    Global<const Stored> view((const Stored *)values + (values ? at : 0), values ? count : 0, TAG_LOGITS);
    uint32_t shift = values ? (uint32_t)(view.address(0) & 15) / (uint32_t)sizeof(Stored) : 0;
    return {view, first, count, shift, values != nullptr};
}

// What a walk saw of items that are not possible.
enum { ITEM_NAN = 1, ITEM_INF = 2 };

// Any thread calls for itself: which of the eight items of a load can pass the bound; those that are possible, and NaN
// and +inf, are counted into the tally. No logarithm here: integers and a few f32. i0, the first one's index, is below
// 0 where the run begins later.
template <class Type>
URN_DEVICE uint32_t may_pass(const ItemLaw &law, const ItemBound &bound, int64_t i0, uint32_t inside,
                             const typename Type::Value x[UNIT], Tally &seen) {
    typedef typename Type::Value Value;
    uint32_t possible = 0, pass = 0;
    URN_UNROLL
    for (uint32_t i = 0; i < UNIT; i++) {
        Value v = x[i];
        bool in = (inside >> i & 1) != 0, finite = v - v == 0; // not so for NaN and infinities
        seen.flags |= in && v != v ? +ITEM_NAN : in && !finite && v > 0 ? +ITEM_INF : 0;
        possible |= (in && finite ? 1u : 0u) << i;
    }
    seen.sum += (uint32_t)popc_u32(possible);
    if (!law.gumbel) {
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++)
            pass |= (bound.cut.has(value_key((double)x[i]), (uint64_t)(i0 + i)) ? 1u : 0u) << i;
        return pass & possible;
    }
    const bool odd = (i0 & 1) != 0;
    const int64_t pair = (i0 - (odd ? 1 : 0)) / 2;
    uint32_t high[UNIT + 2];
    URN_UNROLL
    for (uint32_t m = 0; m < UNIT / 2; m++) {
        Random4 block = item_block(law, (uint64_t)(pair + m));
        high[2 * m] = block.word[1], high[2 * m + 1] = block.word[3];
    }
    high[UNIT] =
        odd ? item_block(law, (uint64_t)(pair + UNIT / 2)).word[1] : 0; // eight items from an odd one: five blocks
    const float c = (float)law.c;
    URN_UNROLL
    for (uint32_t i = 0; i < UNIT; i++) {
        float y = (float)x[i] * c;
        y = y < -0x1p21f ? -0x1p21f : y;
        bool below = y + noise_above(odd ? high[i + 1] : high[i]) < bound.bits; // a NaN of 0 * inf is not
        pass |= (below ? 0u : 1u) << i;
    }
    return pass & possible;
}

} // namespace urnd

#endif
