// extras.h - which outputs and ways to draw only the full form has, and what a call's outputs need to be known.
#ifndef URN_EXTRAS_H
#define URN_EXTRAS_H

#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

// Host: does the call ask for something that the small kernels leave out?
inline bool asks_for_extras(const urn_sample_params &p) {
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

} // namespace urnd

#endif
