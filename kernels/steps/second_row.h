// second_row.h - a row of a dense table beside the logits: biases, temperatures, or the logits of another model.
#ifndef URN_SECOND_ROW_H
#define URN_SECOND_ROW_H

#include "kernels/bits/dev_order.h"
#include "urn/steps.h"
#include "urn/types.h"

namespace urnd {

// Elements come by single loads, because the rows of the table do not share the alignment of the logits; neighbours go
// to neighbouring lanes.
struct SecondRow {
    Global<const uint16_t> halves;
    Global<const uint32_t> words;
    int32_t dtype;

    // x of an id of the row.
    URN_DEVICE float at(int64_t id) const {
        if (dtype == URN_F32) return logit<F32>(words.load(id));
        uint32_t bits = halves.load(id);
        return dtype == URN_F16 ? logit<F16>(bits) : logit<Bf16>(bits);
    }
};

// Any thread calls for itself. cols: of the row.
URN_DEVICE SecondRow second_row(const urn_step &step, int64_t table_row, int64_t cols, int32_t dtype) {
    int64_t start = table_row * step.table_stride;
    bool wide = dtype == URN_F32;
    return {Global<const uint16_t>(wide ? nullptr : (const uint16_t *)step.table + start, wide ? 0 : cols, TAG_PARAM),
            Global<const uint32_t>(wide ? (const uint32_t *)step.table + start : nullptr, wide ? cols : 0, TAG_PARAM),
            dtype};
}

} // namespace urnd

#endif
