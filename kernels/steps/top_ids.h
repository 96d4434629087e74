// top_ids.h - the likeliest ids of a law, in the order, with their log-probabilities.
#ifndef URN_TOP_IDS_H
#define URN_TOP_IDS_H

#include "kernels/row/law.h"
#include "kernels/steps/first_ids.h"

namespace urnd {

// The whole team calls: of K and the values it has now, the first top_n; the raw law's before any step, the drawn
// law's after them all. They are picked in one walk, and each finds its rank among them.
template <int TEAM, bool RESIDENT>
URN_DEVICE void write_top(State<TEAM, Full, RESIDENT> &s, const SampleRoom<TEAM, Full, RESIDENT> &room,
                          const urn_sample_params &p, int64_t index, const RawLaw &raw) {
    const Row<Full, RESIDENT> &row = s.row;
    OutputRoom out = room.output;
    const uint32_t found = gather_first(s, room, (uint32_t)p.top_n);
    if (s.team.rank != 0) return;
    const int64_t size = p.logits.rows * p.top_n, base = index * p.top_n;
    URN_ROLLED
    for (uint32_t t = s.team.thread; t < (uint32_t)p.top_n; t += s.team.threads) {
        uint32_t at = t;
        int32_t id = -1;
        float logprob = bits_f32(URN_NAN_BITS);
        if (t < found) {
            Drawn mine = out.first.load(t);
            at = rank_among(out.first, found, mine);
            id = (int32_t)(mine.place - row.shift);
            float x = key_value(mine.key);
            if (p.top_logprob)
                logprob = p.top_of == URN_LAW_RAW ? log_probability(x, raw.max, URN_LOG2E, log2_total(raw.mass))
                                                  : law_log_probability<Full>(s.epoch, x);
        }
        if (p.top_id) Global<int32_t>(p.top_id, size, TAG_OUT).store(base + at, id);
        if (p.top_logprob) Global<float>(p.top_logprob, size, TAG_OUT).store(base + at, logprob);
    }
}

} // namespace urnd

#endif
