// step_top_p.h - keep the shortest prefix of the order whose mass reaches ceil(p * Z): a mass.
#ifndef URN_STEP_TOP_P_H
#define URN_STEP_TOP_P_H

#include "kernels/row/epoch.h"

namespace urnd {

// p in [0, 1), after epoch_mass. p < 1 leaves out at least 2^-24 of Z, so some id always goes to the selection.
URN_DEVICE Target step_top_p(const Epoch &e, float p, bool ties) {
    uint64_t need = ceil_product(p, e.mass.all.sum);
    return {need ? need : 1, true, false, ties};
}

} // namespace urnd

#endif
