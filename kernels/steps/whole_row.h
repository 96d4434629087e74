// whole_row.h - outputs as long as a row: probabilities, processed logits, K as bits and as ids.
#ifndef URN_WHOLE_ROW_H
#define URN_WHOLE_ROW_H

#include "kernels/row/draw_span.h"
#include "kernels/row/law.h"
#include "kernels/row/row_at.h"
#include "kernels/row/row_fill.h"

namespace urnd {

// What the outputs say of an id of the row with value x.
struct WholeId {
    uint64_t w;
    float probs, processed;
};
URN_DEVICE WholeId whole_id(const Epoch &e, FullLaw law, bool in, float x) {
    if (!in) return {0, 0.0f, bits_f32(Full::minus_inf)};
    if (e.greedy) return {UINT64_C(1) << URN_F, 1.0f, x};
    uint64_t w = law.of(x);
    float processed = x / e.temperature;
    if (e.linear) processed = x > 0.0f ? (float)(log2_f64((double)x) * URN_LN2) : bits_f32(Full::minus_inf);
    return {w, (float)((double)w / (double)e.mass.all.sum), processed};
}

// The whole team calls: sums of groups become sums before them, from `before` on. Meets.
template <int TEAM, bool RESIDENT>
URN_DEVICE void sums_before(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, uint64_t before) {
    block_meet<TEAM>();
    if (team.warp == 0) {
        URN_ROLLED
        for (uint32_t first = 0; first < row.groups; first += 32) {
            uint32_t group = first + lane_id();
            uint64_t sum = group < row.groups ? row.sum(group) : 0, through = before + scan_u64(sum);
            if (group < row.groups) row.put_sum(group, through - sum);
            before = shfl(through, 31);
        }
    }
    block_meet<TEAM>();
}

// The whole team calls, last of all: `processed` may lie over the logits, and the groups' sums are used up. A lane an
// id, so that a warp stores whole lines, and one ballot is one word of kept_bits. A slice's words begin in it and may
// end in the next one. Kept ids take a walk more, which counts them.
template <int TEAM, bool RESIDENT>
URN_DEVICE void write_whole_rows(State<TEAM, Full, RESIDENT> &s, const urn_sample_params &p, int64_t index) {
    const Row<Full, RESIDENT> &row = s.row;
    const int64_t rows = p.logits.rows, most = p.logits.cols;
    const uint32_t cols = row.end - row.shift;
    DrawSpan span = kept_span(p, index);
    TeamTally live = {{0, 0, 0}, 0, 0};
    post_edge(s);
    team_meet(s.team); // nobody reads the logits as given any more
    URN_ROLLED
    for (uint32_t pass = p.kept_ids ? 0 : 1; pass < 2; pass++) {
        uint64_t total = 0;
        URN_ROLLED
        for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
            uint64_t at = pass && p.kept_ids ? row.sum(group) : 0;
            uint32_t counted = 0;
            URN_ROLLED
            for (uint32_t k = 0; k < GROUP_WORDS; k++) {
                uint32_t id = row.begin + group * GROUP + k * 32 + lane_id(), place = id + row.shift;
                float x = 0.0f;
                bool in = id < cols && in_kept(s, place);
                if (in) x = value_at(s, place);
                WholeId what = whole_id(s.epoch, s.law(), in, x);
                uint32_t word = ballot(what.w > 0);
                counted += (uint32_t)popc_u32(word);
                if (pass == 0) continue;
                if (p.probs && id < most)
                    Global<float>(p.probs + index * p.probs_stride, most, TAG_OUT).store(id, what.probs);
                if (p.processed && id < most)
                    Global<float>(p.processed + index * p.processed_stride, most, TAG_OUT).store(id, what.processed);
                if (p.kept_bits && lane_id() == 0 && id < most)
                    Global<uint32_t>(p.kept_bits, rows * p.kept_bits_stride, TAG_OUT)
                        .store(index * p.kept_bits_stride + id / 32, word);
                uint64_t mine = at + (uint32_t)popc_u32(word & ((1u << lane_id()) - 1));
                if (p.kept_ids && what.w > 0 && mine < span.count)
                    Global<int32_t>(p.kept_ids, span.size, TAG_OUT).store(span.at + (int64_t)mine, (int32_t)id);
                at += (uint32_t)popc_u32(word);
            }
            if (pass == 0 && lane_id() == 0) row.put_sum(group, counted), total += counted;
        }
        if (pass != 0) continue;
        live = team_tally(s.team, {total, 0, 0});
        sums_before(s.team, row, live.before);
    }
    // ids past this row's end, and room for ids past the last one kept
    uint32_t thread = s.team.rank * s.team.threads + s.team.thread, threads = s.team.ranks * s.team.threads;
    fill_rows(p, index, (int64_t)((row.end + GROUP - 1) / GROUP) * GROUP, 0.0f, bits_f32(Full::minus_inf), thread,
              threads);
    for (uint64_t i = live.all.sum + thread; i < span.count; i += threads)
        Global<int32_t>(p.kept_ids, span.size, TAG_OUT).store(span.at + (int64_t)i, -1);
    team_meet(s.team); // no block leaves while another reads its first places
}

} // namespace urnd

#endif
