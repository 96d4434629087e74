// full_outputs.h - which calls want more than ids and scalars of a row, and so the full form; its outputs.
#ifndef URN_FULL_OUTPUTS_H
#define URN_FULL_OUTPUTS_H

#include "kernels/sample/sample_room.h"
#include "kernels/sample/side_outputs.h"

namespace urnd {

// Whether a call asks for anything that only the full form writes.
inline bool wants_full(const urn_sample_params &p) {
    return p.method != URN_DRAW_INVERSE || p.codes || p.codes_out || p.draw_offsets || p.distinct_id ||
           p.distinct_count || p.distinct_weight || p.distinct || p.given_logprob || p.given_logprob_raw ||
           p.given_rank || p.top_id || p.top_logprob || p.summary || p.kept_bits || p.kept_ids || p.probs ||
           p.processed;
}

} // namespace urnd

#endif
