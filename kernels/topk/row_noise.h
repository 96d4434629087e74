// row_noise.h - the key and position of a row whose call gives seeds, labels and positions by row.
#ifndef URN_ROW_NOISE_H
#define URN_ROW_NOISE_H

#include "kernels/bits/dev_philox.h"

namespace urnd {

// What randomness a row has.
struct RowNoise {
    uint64_t key;
    uint32_t position;
};

template <class Params> URN_DEVICE RowNoise row_noise(const Params &p, int64_t row) {
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, p.rows, TAG_INDEX).load(row) : p.seed_value;
    uint64_t label = p.label ? Global<const uint64_t>(p.label, p.rows, TAG_INDEX).load(row) : (uint64_t)row;
    uint32_t position = p.position ? Global<const uint32_t>(p.position, p.rows, TAG_INDEX).load(row) : p.position_value;
    return {row_key(seed, label), position};
}

} // namespace urnd

#endif
