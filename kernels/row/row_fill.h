// row_fill.h - one value over a row of the caller's whole-row outputs, where no id stands behind the elements.
#ifndef URN_ROW_FILL_H
#define URN_ROW_FILL_H

#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

// Called by `threads` threads, one of them `thread`: the ids from `from`, a multiple of 32, to the longest row's end.
URN_DEVICE void fill_rows(const urn_sample_params &p, int64_t row, int64_t from, float probs, float processed,
                          uint32_t thread, uint32_t threads) {
    const int64_t rows = p.logits.rows, cols = p.logits.cols, words = (cols + 31) / 32;
    for (int64_t w = from / 32 + thread; p.kept_bits && w < words; w += threads)
        Global<uint32_t>(p.kept_bits, rows * p.kept_bits_stride, TAG_OUT).store(row * p.kept_bits_stride + w, 0);
    for (int64_t id = from + thread; id < cols && (p.probs || p.processed); id += threads) {
        if (p.probs) Global<float>(p.probs + row * p.probs_stride, cols, TAG_OUT).store(id, probs);
        if (p.processed) Global<float>(p.processed + row * p.processed_stride, cols, TAG_OUT).store(id, processed);
    }
}

} // namespace urnd

#endif
