// side_outputs.h - what is said of a row besides its draws: entropy, log-sum-exp, kept count and mass. All from
// integers.
#ifndef URN_SIDE_OUTPUTS_H
#define URN_SIDE_OUTPUTS_H

#include "kernels/steps/sample_draw.h"

namespace urnd {

// The whole team calls, at the row's end.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void write_sides(State<TEAM, Dtype, RESIDENT> &s, const urn_sample_params &p, int64_t row,
                            const RawLaw &raw) {
    const Epoch &e = s.epoch;
    int64_t rows = p.logits.rows;
    uint64_t terms = p.entropy && !e.greedy ? entropy_sum(s) : 0;
    if (!s.team.leads()) return;
    if (p.entropy) {
        float h = e.greedy ? 0.0f : entropy_nats(terms, e.mass.all.sum, log2_total(e.mass.all.sum));
        Global<float>(p.entropy, rows, TAG_OUT).store(row, h);
    }
    if (p.kept_logmass) Global<float>(p.kept_logmass, rows, TAG_OUT).store(row, (float)(e.log_mass * URN_LN2));
    if (p.kept_count) Global<int32_t>(p.kept_count, rows, TAG_OUT).store(row, (int32_t)e.count);
    if (p.lse) Global<float>(p.lse, rows, TAG_OUT).store(row, log_sum_exp(raw.max, log2_total(raw.mass)));
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, URN_ROW_OK);
}

} // namespace urnd

#endif
