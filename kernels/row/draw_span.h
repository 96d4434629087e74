// draw_span.h - where a row's draws lie in the caller's [rows, draws] arrays, ragged or not.
#ifndef URN_DRAW_SPAN_H
#define URN_DRAW_SPAN_H

#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

struct DrawSpan {
    int64_t at, size; // first element; elements of the arrays
    uint32_t count;
    bool good; // false: the row's offsets are out of range (URN_ROW_INDEX), and count is 0
};

// Any thread calls for itself: two words from L2 where draws are ragged.
template <bool RAGGED> URN_DEVICE DrawSpan draw_span(const urn_sample_params &p, int64_t row) {
    int64_t rows = p.logits.rows;
    if (!RAGGED || !p.draw_offsets) return {row * p.draws, rows * p.draws, (uint32_t)p.draws, true};
    Global<const int64_t> offsets(p.draw_offsets, rows + 1, TAG_INDEX);
    int64_t from = offsets.load(row), to = offsets.load(row + 1);
    bool good = from >= 0 && to >= from && to <= p.draws_size && to - from <= p.draws;
    return {from, p.draws_size, good ? (uint32_t)(to - from) : 0, good};
}

// Where a row's kept ids go: like the draws.
URN_DEVICE DrawSpan kept_span(const urn_sample_params &p, int64_t row) {
    if (!p.kept_ids || !p.kept_offsets) return {0, 0, 0, true};
    Global<const int64_t> offsets(p.kept_offsets, p.logits.rows + 1, TAG_INDEX);
    int64_t from = offsets.load(row), to = offsets.load(row + 1);
    bool good = from >= 0 && to >= from && to <= p.kept_ids_size;
    int64_t room = good ? to - from : 0;
    return {from, p.kept_ids_size, room > 0xffffffff ? 0xffffffffu : (uint32_t)room, good};
}

} // namespace urnd

#endif
