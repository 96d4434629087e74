// logit_steps.h - the logit steps of the full form, by op: masks, value steps, links.
#ifndef URN_LOGIT_STEPS_H
#define URN_LOGIT_STEPS_H

#include "kernels/sample/sample_room.h"
#include "kernels/sample/step_mask.h"

namespace urnd {

// The whole team calls, between epochs. run_steps.h has dealt with temperatures. A row status: not 0 ends the row.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t take_logit_step(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here,
                                   const FullStep &step) {
    if (step.op == URN_OP_MASK) step_mask(s, here.given(step), step.table());
    return URN_ROW_OK;
}

} // namespace urnd

#endif
