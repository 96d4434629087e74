// step_mirostat_v1.h - how many ids a Zipf fit of the likeliest 100 gives for mu.
#ifndef URN_STEP_MIROSTAT_V1_H
#define URN_STEP_MIROSTAT_V1_H

#include "kernels/steps/first_ids.h"

namespace urnd {

enum { MIROSTAT_FIRST = 100 };

// One thread calls. sorted: an array of keys of the first m of K, in the order. 0: nothing is cut.
template <class Keys>
URN_DEVICE uint64_t zipf_count(Keys sorted, uint32_t m, const FullLaw &law, float mu, double cols, uint32_t count) {
    double up = 0.0, down = 0.0, a = (double)law.surprise(key_value(sorted.load(0)));
    bool some = false;
    URN_ROLLED
    for (uint32_t i = 1; i < m; i++) {
        float next = law.surprise(key_value(sorted.load(i)));
        if (f32_bits(next) == 0x7f800000u) break;
        double b = (double)next - a, t = log2_f64((double)(i + 1) / (double)i);
        double tb = t * b, tt = t * t;
        up = up + tb;
        down = down + tt;
        a = (double)next;
        some = true;
    }
    if (!some || cols == 1.0) return 0;
    double s = up / down, g = s - 1.0;
    if (!(s > 0.0)) return 0;
    double most = exp2_f64((double)mu), r;
    if ((g < 0.0 ? -g : g) < 1e-9) {
        double nats = URN_LN2 * log2_f64(cols);
        r = most / nats;
    } else {
        double scaled = g * most;
        r = scaled / (1.0 - pow_f64(cols, -g));
    }
    if (!(r > 0.0) || f64_bits(r) == UINT64_C(0x7ff0000000000000)) return 0;
    double k = pow_f64(r, 1.0 / s);
    return k >= (double)count ? count : k < 1.0 ? 1 : (uint64_t)k;
}

// The whole team calls, in an open epoch that is not greedy. k, or 0 where nothing is cut. Uses up the groups' sums.
template <int TEAM, bool RESIDENT>
URN_DEVICE uint64_t step_mirostat_v1(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, float mu) {
    const SampleRoom<TEAM, Full, RESIDENT> &room = here.room;
    uint32_t found = gather_first(s, room, MIROSTAT_FIRST);
    auto sorted = reach_first(s.team, room.select.limb[0], BOARD_SORTED, URN_MAX_TOP_N);
    if (s.team.rank == 0) {
        URN_ROLLED
        for (uint32_t t = s.team.thread; t < found; t += s.team.threads) {
            Drawn mine = room.output.first.load(t);
            sorted.store(rank_among(room.output.first, found, mine), mine.key);
        }
    }
    team_meet(s.team);
    FullLaw law = s.law();
    double cols = (double)(s.row.end - s.row.shift);
    uint64_t k = from_one(s.team, room.scalar,
                          [&]() -> uint64_t { return zipf_count(sorted, found, law, mu, cols, s.epoch.count); });
    team_meet(s.team); // block 0's keys have been read
    return k;
}

} // namespace urnd

#endif
