// distinct_ids.h - a row's draws as distinct ids in increasing order, with counts and importance weights.
#ifndef URN_DISTINCT_IDS_H
#define URN_DISTINCT_IDS_H

#include "kernels/row/row_at.h"
#include "kernels/row/sort_ids.h"
#include "kernels/steps/sample_draw.h"

namespace urnd {

// Where the counts are while they are made: their own array, or the weights' before those are known. The first element
// of each id's run goes there, then the run's length.
URN_DEVICE int32_t *count_place(const urn_sample_params &p) {
    return p.distinct_count ? p.distinct_count : (int32_t *)p.distinct_weight;
}

// The team's threads of one block call: distinct_id[span] holds sorted ids; afterwards each once, and the counts. How
// many there are. room: one word. Loads of a round are behind a barrier before its stores, which never lie ahead.
template <int TEAM>
URN_DEVICE uint32_t compact_runs(Team<TEAM> &team, const urn_sample_params &p, DrawSpan span, Shared<uint32_t> room) {
    Global<int32_t> ids(p.distinct_id, span.size, TAG_OUT), counts(count_place(p), span.size, TAG_OUT);
    bool counted = count_place(p) != nullptr;
    uint32_t distinct = 0;
    int32_t last = -1; // the id before this round's, which may be stored over by now
    URN_ROLLED
    for (uint32_t base = 0; base < span.count; base += team.threads) {
        uint32_t i = base + team.thread, end = min_of(base + team.threads, span.count) - 1;
        int32_t id = ids.load(span.at + min_of(i, end)), before = last;
        if (i > base && i <= end) before = ids.load(span.at + i - 1);
        last = ids.load(span.at + end);
        bool starts = i <= end && id != before;
        uint32_t at = distinct + (uint32_t)block_before(team, starts ? 1 : 0);
        if (team.thread == team.threads - 1) room.store(0, at + (starts ? 1 : 0));
        block_meet<TEAM>();
        distinct = room.load(0);
        if (starts) {
            ids.store(span.at + at, id);
            if (counted) counts.store(span.at + at, (int32_t)i);
        }
        block_meet<TEAM>();
    }
    URN_ROLLED
    for (uint32_t base = 0; base < distinct && counted; base += team.threads) {
        uint32_t i = base + team.thread;
        int32_t here = 0, next = (int32_t)span.count;
        if (i < distinct) here = counts.load(span.at + i);
        if (i + 1 < distinct) next = counts.load(span.at + i + 1);
        block_meet<TEAM>();
        if (i < distinct) counts.store(span.at + i, next - here);
        block_meet<TEAM>();
    }
    URN_ROLLED
    for (uint32_t i = distinct + team.thread; i < span.count; i += team.threads) {
        ids.store(span.at + i, -1);
        if (counted) counts.store(span.at + i, 0); // also the bits of the weight 0
    }
    return distinct;
}

// The whole team calls, after the draws. Block 0 sorts the ids that they left in distinct_id and counts runs; then each
// block weighs the ids that it holds. tile: `size` words of shared memory, a power of two.
template <int TEAM, bool RESIDENT>
URN_DEVICE void distinct_row(State<TEAM, Full, RESIDENT> &s, Shared<uint32_t> tile, uint32_t size,
                             const urn_sample_params &p, int64_t index, const RawLaw &raw) {
    DrawSpan span = draw_span<true>(p, index);
    team_meet(s.team); // ids of every block
    if (s.team.rank == 0 && span.count > 0) {
        sort_ids(s.team, Global<int32_t>(p.distinct_id, span.size, TAG_OUT), span.at, span.count, tile, size);
        uint32_t distinct = compact_runs(s.team, p, span, tile);
        if (p.distinct && s.team.thread == 0)
            Global<int32_t>(p.distinct, p.logits.rows, TAG_OUT).store(index, (int32_t)distinct);
    } else if (p.distinct && s.team.leads()) {
        Global<int32_t>(p.distinct, p.logits.rows, TAG_OUT).store(index, 0);
    }
    team_meet(s.team);
    if (!p.distinct_weight) return;
    const double raw_total = log2_total(raw.mass), total = law_total(s.epoch);
    URN_ROLLED
    for (uint32_t i = s.team.thread; i < span.count; i += s.team.threads) {
        int32_t id = Global<int32_t>(p.distinct_id, span.size, TAG_OUT).load(span.at + i);
        uint32_t place = (uint32_t)id + s.row.shift;
        if (id < 0 ? s.team.rank != 0 : !s.row.holds(place)) continue;
        float weight = 0.0f;
        if (id >= 0) {
            int32_t count = Global<int32_t>(count_place(p), span.size, TAG_OUT).load(span.at + i);
            float x = value_at(s, place);
            double yr = (double)(s.row.raw(place, x) - raw.max) * (double)URN_LOG2E;
            double y = s.epoch.greedy ? 0.0 : law_bits<Full>(s.epoch, x);
            weight = (float)((double)count / (double)span.count * exp2_f64((yr - raw_total) - (y - total)));
        }
        Global<float>(p.distinct_weight, span.size, TAG_OUT).store(span.at + i, weight);
    }
}

} // namespace urnd

#endif
