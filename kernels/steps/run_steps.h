// run_steps.h - a row's list of steps: epochs open and close around them.
#ifndef URN_RUN_STEPS_H
#define URN_RUN_STEPS_H

#include "kernels/steps/keep_steps.h"
#include "kernels/steps/logit_steps.h"
#include "kernels/steps/step_dynamic_temperature.h"
#include "kernels/steps/step_temperature.h"

namespace urnd {

URN_DEVICE bool is_keep(uint32_t op) { return op >= URN_OP_TOP_K && op <= URN_OP_MIROSTAT_V1; }

// The whole team calls: run the row's steps and, as the last of them, get ready for the draw. A row status: 0, or why
// nothing can be drawn. Each pass over the row stands in this loop once, so that a kernel holds one copy of its code.
template <bool PLAIN, int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE int32_t run_steps(State<TEAM, Dtype, RESIDENT> &s, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                             const SampleArgs &args, const RowHead &head, int64_t index, bool draw_needs_mass) {
    typedef typename StepOf<Dtype>::Type Step;
    Epoch &e = s.epoch;
    URN_ROLLED
    for (uint32_t i = 0; i <= head.steps; i++) {
        // an epoch whose first id has left closes as if a logit step without effect stood here
        bool spent = Dtype::full && e.spent;
        if (spent) i--;
        bool last = i == head.steps && !spent;
        Step step = {};
        if (!last && !spent) step = room.params.steps.load(i);
        bool logit_step = step.op == URN_OP_TEMPERATURE || step.op == URN_OP_MASK;
        bool opens = !logit_step && !e.open;
        bool mass = step.op == URN_OP_TOP_P;
        if constexpr (Dtype::full) {
            bool dynamic = step.op == URN_OP_DYNAMIC_TEMPERATURE;
            logit_step = !last && !is_keep(step.op);
            opens = (!logit_step || dynamic) && !e.open;
            mass = dynamic || (is_keep(step.op) && wants_mass(step.op)); // entropy too is over Z
        }
        if (opens && !open_epoch(s)) return URN_ROW_EMPTY;
        bool ends = last || (e.open && logit_step);
        if (mass || (last && draw_needs_mass) || (e.want_log_mass && (opens || ends))) {
            if (e.open) epoch_mass(s);
            if (opens) e.opened = e.mass.all.sum;
        }
        if constexpr (Dtype::full) {
            Here<TEAM, RESIDENT> here = {args, room, head, index};
            uint64_t terms = wants_entropy(step.op) && !e.greedy ? entropy_sum(s) : 0;
            float temperature = e.temperature;
            if (step.op == URN_OP_DYNAMIC_TEMPERATURE && !e.greedy)
                temperature = step_dynamic_temperature(s, here, step, terms);
            if (e.want_log_mass && ends) add_log_mass(s);
            if (logit_step && e.open) close_epoch(s);
            e.temperature = temperature;
            if (!(temperature < bits_f32(0x7f800000u))) return URN_ROW_PARAM; // a dynamic one has no bound before
            if (spent || last) continue;
            if (step.op == URN_OP_TEMPERATURE) {
                step_temperature(e, step.f(0));
            } else if (logit_step && step.op != URN_OP_DYNAMIC_TEMPERATURE) {
                int32_t status = take_logit_step(s, here, step);
                if (status) return status;
            } else if (!logit_step && !e.greedy) {
                take_keep_step(s, here, step, terms);
            }
        } else {
            const urn_lists_view &lists = args.call.lists;
            if (e.want_log_mass && ends) add_log_mass(s);
            if (logit_step && e.open) close_epoch(s);
            if (step.op == URN_OP_TEMPERATURE) step_temperature(e, step.f(0));
            if (step.op == URN_OP_MASK)
                step_mask(s, Global<const urn_step>(lists.steps, step.at + 1, TAG_PARAM).load(step.at), step.table());
            if (PLAIN || e.greedy || logit_step || last) continue;
            if (step.op == URN_OP_MIN_P)
                step_min_p(s, step.f(0));
            else
                keep_target(s, room.select, s.order(),
                            step.op == URN_OP_TOP_K ? step_top_k(e, step.bits(0), false)
                                                    : step_top_p(e, step.f(0), false));
        }
    }
    return URN_ROW_OK;
}

} // namespace urnd

#endif
