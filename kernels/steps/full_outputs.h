// full_outputs.h - which calls want more than ids and scalars of a row, and so the full form; its outputs, in an order
// in which none spoils what a later one reads.
#ifndef URN_FULL_OUTPUTS_H
#define URN_FULL_OUTPUTS_H

#include "kernels/steps/distinct_ids.h"
#include "kernels/steps/given_ids.h"
#include "kernels/steps/row_summary.h"
#include "kernels/steps/side_outputs.h"
#include "kernels/steps/top_ids.h"
#include "kernels/steps/whole_row.h"

namespace urnd {

// Host: does the call ask for something that the small kernels leave out?
inline bool wants_full(const urn_sample_params &p) {
    return p.method != URN_DRAW_INVERSE || p.codes || p.draw_offsets || p.overlay || p.distinct_id || p.given ||
           p.top_n > 0 || p.summary || p.kept_bits || p.kept_ids || p.probs || p.processed;
}

// Is the sum of the raw law's weights asked for? A summary alone does not ask.
template <bool FULL> URN_DEVICE bool needs_raw_mass(const urn_sample_params &p) {
    if (p.lse || p.logprob_raw) return true;
    return FULL && (p.distinct_weight || p.given_logprob_raw || (p.top_logprob && p.top_of == URN_LAW_RAW));
}

// Does anything ask for ids to be drawn?
template <bool FULL> URN_DEVICE bool needs_draws(const urn_sample_params &p) {
    return p.ids || p.logprob || p.logprob_raw || p.rank || (FULL && (p.distinct_id || p.codes_out));
}

// Is the sum of the drawn law's weights asked for?
template <bool FULL> URN_DEVICE bool needs_mass(const urn_sample_params &p) {
    if (needs_draws<FULL>(p) || p.entropy) return true;
    return FULL && (p.given_logprob || p.summary || p.probs || (p.top_logprob && p.top_of == URN_LAW_DRAWN));
}

// Did a value step or a link run? One that is neutral for the row is not among its steps.
template <class Room> URN_DEVICE bool values_ran(const Room &steps, uint32_t count) {
    bool ran = false;
    URN_ROLLED
    for (uint32_t i = 0; i < count; i++) {
        uint32_t op = steps.load(i).op;
        ran = ran || (op >= URN_OP_BIAS && op <= URN_OP_QUADRATIC) || op >= URN_OP_QUADRATIC_SCORE;
    }
    return ran;
}

// The whole team calls, before any step.
template <int TEAM, bool RESIDENT>
URN_DEVICE void outputs_before(State<TEAM, Full, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, const RawLaw &raw) {
    const urn_sample_params &p = here.args.call.params;
    if (p.top_n > 0 && p.top_of == URN_LAW_RAW && s.epoch.count > 0) write_top(s, here.room, p, here.index, raw);
}

// The whole team calls, after the draws: outputs that read what was given, then those that use up sums.
template <int TEAM, bool RESIDENT>
URN_DEVICE void outputs_after(State<TEAM, Full, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, const RawLaw &raw) {
    const urn_sample_params &p = here.args.call.params;
    if (p.given) give_row(s, here.room.draw.rank, p, here.index, raw);
    if (p.distinct_id) distinct_row(s, here.room.select.limb[0], (uint32_t)Digit<TEAM>::bins, p, here.index, raw);
    if (p.summary) write_summary(s, p, here.index, raw, values_ran(here.room.params.steps, here.head.steps));
    if (p.top_n > 0 && p.top_of == URN_LAW_DRAWN) write_top(s, here.room, p, here.index, raw);
}

// The whole team calls, last of all.
template <int TEAM, bool RESIDENT>
URN_DEVICE void outputs_last(State<TEAM, Full, RESIDENT> &s, const Here<TEAM, RESIDENT> &here) {
    const urn_sample_params &p = here.args.call.params;
    if (p.probs || p.processed || p.kept_bits || p.kept_ids) write_whole_rows(s, p, here.index);
}

} // namespace urnd

#endif
