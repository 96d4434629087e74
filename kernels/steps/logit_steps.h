// logit_steps.h - the logit steps of the full form, by op: masks, value steps, links.
#ifndef URN_LOGIT_STEPS_H
#define URN_LOGIT_STEPS_H

#include "kernels/steps/step_room.h"
#include "kernels/steps/step_mask.h"
#include "kernels/steps/value_steps.h"

namespace urnd {

// The whole team calls, between epochs. run_steps.h has dealt with temperatures. A row status: not 0 ends the row.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t take_logit_step(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here,
                                   const FullStep &step) {
    urn_step given = here.given(step);
    const RowHead &head = here.head;
    Global<const int32_t> ids((const int32_t *)(uintptr_t)head.drafts, head.draft_count, TAG_INDEX);
    RowState from = {here.args.call.state, {ids, head.draft_count}, head.slot, head.position};
    switch (step.op) {
    case URN_OP_MASK:
        step_mask(s, given, step.table());
        return URN_ROW_OK;
    case URN_OP_ALLOW:
    case URN_OP_MIN_TOKENS:
    case URN_OP_BAN:
    case URN_OP_NO_REPEAT:
        return mask_step(s, step, given, from);
    default:
        return value_step(s, step, given, from);
    }
}

} // namespace urnd

#endif
