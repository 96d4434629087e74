// step_top_k.h - keep the first k ids of the order, exactly k: a count.
#ifndef URN_STEP_TOP_K_H
#define URN_STEP_TOP_K_H

#include "kernels/row/epoch.h"

namespace urnd {

// k >= 1. Where k reaches |K| all stay: that is the rule, and it costs no pass.
URN_DEVICE Target step_top_k(const Epoch &e, uint32_t k, bool ties) { return {k, false, k >= e.count, ties}; }

} // namespace urnd

#endif
