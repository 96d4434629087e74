// node_row.h - weights of single ids from what the launch before left of a row; and what a law says of an id.
//
// A warp that asks for 32 neighbours reads one or two lines of the row as given, and a word or two of kept bytes; or of
// the changed values, where steps changed them.
#ifndef URN_VERIFY_NODE_ROW_H
#define URN_VERIFY_NODE_ROW_H

#include "kernels/row/law.h"
#include "kernels/steps/row_here.h"
#include "kernels/verify/prob_scale.h"
#include "kernels/verify/request.h"

namespace urnd {

struct LawRow {
    Global<const uint16_t> halves; // as given: one of these two
    Global<const uint32_t> words;
    Global<const uint32_t> values; // changed
    Global<const uint8_t> kept;
    Global<const int32_t> map; // the row's id of each id; null: the same
    FullLaw law;
    uint64_t total;
    uint32_t first, cols, shift, flags;
    int32_t scale, dtype, status;
    float threshold;
    uint32_t ids; // of the target's row: no other has a weight

    URN_DEVICE float x(uint32_t id) const {
        if (flags & LAW_CHANGED) return bits_f32(values.load((int64_t)id + shift));
        float given = dtype == URN_F32   ? logit<F32>(words.load(id))
                      : dtype == URN_F16 ? logit<F16>(halves.load(id))
                                         : logit<Bf16>(halves.load(id));
        return (flags & LAW_PROBS) ? scaled(given, scale) : given;
    }
    // 0 for ids outside of the row, of K, or of the map.
    URN_DEVICE uint64_t w(int64_t id) const {
        if (id < 0 || id >= (int64_t)ids) return 0;
        if (!map.null()) id = map.load(id);
        if (id < 0 || id >= (int64_t)cols) return 0;
        if (flags & LAW_GREEDY) return id == (int64_t)first ? UINT64_C(1) << URN_F : 0;
        uint32_t place = (uint32_t)id + shift;
        if (!(kept.load(place / UNIT) >> (place % UNIT) & 1)) return 0;
        return law.of(x((uint32_t)id));
    }
    // y - L of bits.h section 6, of an id with a weight. f64: for single ids.
    URN_DEVICE double log2_share(uint32_t id) const {
        if (flags & LAW_GREEDY) return 0.0;
        Epoch e = {};
        e.max = law.max, e.c = law.c, e.linear = law.linear;
        return law_bits<Full>(e, x(id)) - log2_total(total);
    }
    URN_DEVICE float log_probability_of(int64_t id) const {
        if (w(id) == 0) return bits_f32(Full::minus_inf);
        return (flags & LAW_GREEDY) ? 0.0f : (float)(log2_share((uint32_t)id) * URN_LN2);
    }
};

// Any thread calls for itself: the law of row t of a side, if that launch took it. ids: see above.
URN_DEVICE LawRow law_row(const VerifyArgs &v, int side, int64_t t, uint32_t ids) {
    const SampleArgs &args = v.side[side];
    LawHead head = Global<const LawHead>(v.laws[side], rows_of(v, SIDE_TARGET).logits.rows, TAG_WORKSPACE).load(t);
    RowWork work = row_work(args, t);
    int64_t places = (int64_t)args.work_groups * GROUP;
    int32_t dtype = args.call.params.logits.dtype;
    const void *data = (const void *)(uintptr_t)head.data;
    const int32_t *map = side == SIDE_DRAFT ? v.call.params.draft_of : nullptr;
    return {Global<const uint16_t>((const uint16_t *)data, dtype == URN_F32 ? 0 : head.cols, TAG_LOGITS),
            Global<const uint32_t>((const uint32_t *)data, dtype == URN_F32 ? head.cols : 0, TAG_LOGITS),
            Global<const uint32_t>(work.values, places, TAG_WORKSPACE),
            Global<const uint8_t>(work.kept, places / UNIT, TAG_WORKSPACE),
            Global<const int32_t>(map, rows_of(v, SIDE_TARGET).logits.cols, TAG_INDEX),
            {head.max, head.c, (head.flags & LAW_LINEAR) != 0},
            head.total,
            head.first,
            head.cols,
            head.shift,
            head.flags,
            head.scale,
            dtype,
            head.status,
            head.threshold,
            side == SIDE_TARGET ? head.cols : ids};
}

} // namespace urnd

#endif
