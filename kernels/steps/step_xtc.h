// step_xtc.h - whether an XTC step acts on this row: a coin.
#ifndef URN_STEP_XTC_H
#define URN_STEP_XTC_H

#include "kernels/bits/dev_fixed.h"
#include "kernels/bits/dev_philox.h"

namespace urnd {

URN_DEVICE bool xtc_acts(uint64_t key, uint32_t position, float probability) {
    uint64_t u = philox(key, {0, 0, position, URN_STREAM_XTC}).low64();
    return u >> 24 < ceil_weight(probability);
}

} // namespace urnd

#endif
