// empty_row.h - the one home of rows that draw nothing: all -inf, NaN, +inf, parameter and index errors, padding.
#ifndef URN_EMPTY_ROW_H
#define URN_EMPTY_ROW_H

#include "kernels/simt/words.h"
#include "urn/bits.h"
#include "urn/sample.h"

namespace urnd {

// The row status of a first look's flags; 0 where the row can be drawn from so far.
URN_DEVICE int32_t look_status(uint32_t flags) {
    return ((flags & 1) ? URN_ROW_NAN : 0) | ((flags & 2) ? URN_ROW_INF : 0);
}

// Called by `threads` threads, one of them `thread`, of one block. Writes what bits.h section 6 prescribes.
URN_DEVICE void empty_row(const urn_sample_params &p, int64_t row, int32_t status, uint32_t thread, uint32_t threads) {
    int64_t rows = p.logits.rows, draws = p.draws;
    const float none = bits_f32(URN_NAN_BITS);
    for (int64_t j = thread; j < draws; j += threads) {
        int64_t at = row * draws + j;
        if (p.ids) Global<int32_t>(p.ids, rows * draws, TAG_OUT).store(at, -1);
        if (p.rank) Global<int32_t>(p.rank, rows * draws, TAG_OUT).store(at, -1);
        if (p.logprob) Global<float>(p.logprob, rows * draws, TAG_OUT).store(at, none);
        if (p.logprob_raw) Global<float>(p.logprob_raw, rows * draws, TAG_OUT).store(at, none);
    }
    if (thread != 0) return;
    if (p.lse) Global<float>(p.lse, rows, TAG_OUT).store(row, none);
    if (p.entropy) Global<float>(p.entropy, rows, TAG_OUT).store(row, none);
    if (p.kept_logmass) Global<float>(p.kept_logmass, rows, TAG_OUT).store(row, none);
    if (p.kept_count) Global<int32_t>(p.kept_count, rows, TAG_OUT).store(row, 0);
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, status);
}

} // namespace urnd

#endif
