// mask_steps.h - steps that take ids out of K by marks: allowed lists, minimum tokens, bans, repeated n-grams.
#ifndef URN_MASK_STEPS_H
#define URN_MASK_STEPS_H

#include "kernels/row/row_params.h"
#include "kernels/steps/step_ban.h"
#include "kernels/steps/step_no_repeat.h"

namespace urnd {

// Where a row's steps read its slot's state and its drafts.
struct RowState {
    const urn_slots_view &slots;
    Drafts drafts;
    int32_t slot;
    uint32_t position;
};

// The whole team calls, between epochs. A row status.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t mask_step(State<TEAM, Full, RESIDENT> &s, const FullStep &now, const urn_step &step,
                             const RowState &from) {
    if (now.op == URN_OP_MIN_TOKENS && from.position >= (uint32_t)now.i(0)) return 0;
    clear_marks(s.team, s.row);
    bool bad = false;
    if (now.op == URN_OP_BAN || now.op == URN_OP_NO_REPEAT) {
        Context h = context_of(from.slots, from.slot, from.drafts);
        if (now.op == URN_OP_BAN)
            bad = mark_banned(s.team, s.row, step, now.first, now.count, h);
        else
            mark_repeats(s.team, s.row, (uint32_t)now.i(0), h);
    } else {
        mark_list(s.team, s.row, id_list(step, now.first, now.count));
    }
    if (now.op == URN_OP_BAN && team_tally(s.team, {0, 0, bad ? 1u : 0u}).all.flags) return URN_ROW_INDEX;
    apply_marks(s, now.op == URN_OP_ALLOW ? MARKS_STAY : MARKS_LEAVE);
    return 0;
}

} // namespace urnd

#endif
