// empty_row.h - the one home of rows that draw nothing: all -inf, NaN, +inf, parameter and index errors, padding.
#ifndef URN_EMPTY_ROW_H
#define URN_EMPTY_ROW_H

#include "kernels/row/draw_span.h"
#include "kernels/row/row_fill.h"
#include "urn/bits.h"

namespace urnd {

// The row status of a first look's flags; 0 where the row can be drawn from so far.
URN_DEVICE int32_t look_status(uint32_t flags) {
    return ((flags & 1) ? URN_ROW_NAN : 0) | ((flags & 2) ? URN_ROW_INF : 0);
}

// As empty_row, of the outputs that only the full form knows.
URN_DEVICE void empty_extras(const urn_sample_params &p, int64_t row, int32_t status, uint32_t thread,
                             uint32_t threads) {
    const int64_t rows = p.logits.rows;
    const float none = bits_f32(URN_NAN_BITS);
    DrawSpan span = draw_span<true>(p, row), kept = kept_span(p, row);
    for (int64_t j = thread; j < span.count; j += threads) {
        int64_t at = span.at + j;
        if (p.codes && p.codes_out)
            Global<uint64_t>(p.codes_out, span.size, TAG_OUT)
                .store(at, Global<const uint64_t>(p.codes, span.size, TAG_INDEX).load(at));
        if (p.distinct_id) Global<int32_t>(p.distinct_id, span.size, TAG_OUT).store(at, -1);
        if (p.distinct_count) Global<int32_t>(p.distinct_count, span.size, TAG_OUT).store(at, 0);
        if (p.distinct_weight) Global<float>(p.distinct_weight, span.size, TAG_OUT).store(at, none);
    }
    for (int64_t j = thread; p.given && j < p.given_stride; j += threads) {
        int64_t at = row * p.given_stride + j, size = rows * p.given_stride;
        if (p.given_logprob) Global<float>(p.given_logprob, size, TAG_OUT).store(at, none);
        if (p.given_logprob_raw) Global<float>(p.given_logprob_raw, size, TAG_OUT).store(at, none);
        if (p.given_rank) Global<int32_t>(p.given_rank, size, TAG_OUT).store(at, -1);
    }
    for (int64_t j = thread; j < p.top_n; j += threads) {
        int64_t at = row * p.top_n + j, size = rows * p.top_n;
        if (p.top_id) Global<int32_t>(p.top_id, size, TAG_OUT).store(at, -1);
        if (p.top_logprob) Global<float>(p.top_logprob, size, TAG_OUT).store(at, none);
    }
    for (int64_t j = thread; j < kept.count; j += threads)
        Global<int32_t>(p.kept_ids, kept.size, TAG_OUT).store(kept.at + j, -1);
    fill_rows(p, row, 0, none, none, thread, threads);
    if (thread != 0) return;
    if (p.distinct) Global<int32_t>(p.distinct, rows, TAG_OUT).store(row, 0);
    if (p.summary)
        Global<urn_row_summary>(p.summary, rows, TAG_OUT).store(row, {0, 0, 0.0f, 0.0f, 0.0f, 0, 0, 0, status, 0});
}

// Called by `threads` threads, one of them `thread`, of one block. Writes what bits.h section 6 prescribes.
template <bool FULL>
URN_DEVICE void empty_row(const urn_sample_params &p, int64_t row, int32_t status, uint32_t thread, uint32_t threads) {
    const int64_t rows = p.logits.rows;
    const float none = bits_f32(URN_NAN_BITS);
    DrawSpan span = draw_span<FULL>(p, row);
    for (int64_t j = thread; j < span.count; j += threads) {
        int64_t at = span.at + j;
        if (p.ids) Global<int32_t>(p.ids, span.size, TAG_OUT).store(at, -1);
        if (p.rank) Global<int32_t>(p.rank, span.size, TAG_OUT).store(at, -1);
        if (p.logprob) Global<float>(p.logprob, span.size, TAG_OUT).store(at, none);
        if (p.logprob_raw) Global<float>(p.logprob_raw, span.size, TAG_OUT).store(at, none);
    }
    if (FULL) empty_extras(p, row, status, thread, threads);
    if (thread != 0) return;
    if (p.lse) Global<float>(p.lse, rows, TAG_OUT).store(row, none);
    if (p.entropy) Global<float>(p.entropy, rows, TAG_OUT).store(row, none);
    if (p.kept_logmass) Global<float>(p.kept_logmass, rows, TAG_OUT).store(row, none);
    if (p.kept_count) Global<int32_t>(p.kept_count, rows, TAG_OUT).store(row, 0);
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, status);
}

} // namespace urnd

#endif
