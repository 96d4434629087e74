// keep_steps.h - the keep steps of the full form: each rule becomes one of four walks.
#ifndef URN_KEEP_STEPS_H
#define URN_KEEP_STEPS_H

#include "kernels/sample/sample_room.h"
#include "kernels/sample/step_min_p.h"
#include "kernels/sample/step_top_k.h"
#include "kernels/sample/step_top_p.h"

namespace urnd {

// Whether a keep rule looks at Z, and at the entropy's sum E.
URN_DEVICE bool wants_mass(uint32_t op) {
    return op != URN_OP_TOP_K && op != URN_OP_MIN_P && op != URN_OP_TAIL_FREE && op != URN_OP_TOP_N_SIGMA &&
           op != URN_OP_MIROSTAT_V1;
}

URN_DEVICE bool wants_entropy(uint32_t op) {
    return op == URN_OP_ETA || op == URN_OP_TYPICAL || op == URN_OP_DYNAMIC_TEMPERATURE;
}

// The whole team calls, in an open epoch that is not greedy.
template <int TEAM, bool RESIDENT>
URN_DEVICE void take_keep_step(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, const FullStep &step,
                               uint64_t terms) {
    (void)terms;
    if (step.op == URN_OP_MIN_P) {
        step_min_p(s, step.f(0));
        return;
    }
    bool ties = (step.flags() & URN_STEP_TIES) != 0;
    keep_target(s, here.room.select, s.order(),
                step.op == URN_OP_TOP_K ? step_top_k(s.epoch, step.bits(0), ties)
                                        : step_top_p(s.epoch, step.f(0), ties));
}

} // namespace urnd

#endif
