// step_tail_free.h - how many ids come before the second differences of the sorted law have spent their share.
#ifndef URN_STEP_TAIL_FREE_H
#define URN_STEP_TAIL_FREE_H

#include "kernels/row/sort_keys.h"
#include "kernels/steps/step_room.h"

namespace urnd {

// D_i of bits.h section 3: below 2^42, so that their sum over a row stays below 2^64.
URN_DEVICE uint64_t second_difference(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t outer = a + c, inner = 2 * b;
    return outer > inner ? outer - inner : inner - outer;
}

// The whole team calls, in an open epoch that is not greedy. How many ids stay, or 0 where nothing is cut.
template <int TEAM, bool RESIDENT>
URN_DEVICE uint64_t step_tail_free(FullState<TEAM, RESIDENT> &s, const Here<TEAM, RESIDENT> &here, float z) {
    const SampleArgs &args = here.args;
    int64_t groups = args.work_groups, places = groups * GROUP;
    uint8_t *work = (uint8_t *)args.call.workspace + here.index * groups * args.work_bytes;
    uint32_t *keys = (uint32_t *)(work + groups * (args.work_bytes - 2048));
    Global<uint32_t> from(keys, places, TAG_WORKSPACE), to(keys + places, places, TAG_WORKSPACE);
    SortRoom room = sort_room<TEAM>(here.room.select, here.room.output.first_now);
    uint32_t n = s.epoch.count;
    if (n < 3) return 0;
    gather_keys(s.team, s.row, room, from);
    sort_keys(s.team, room, from, to, n);
    // each thread has a stretch of differences, in order: neighbours share words in L2
    FullLaw law = s.law();
    uint32_t all = s.team.ranks * s.team.threads, number = s.team.rank * s.team.threads + s.team.thread;
    uint32_t each = (n - 2 + all - 1) / all, first = min_of(number * each, n - 2), until = min_of(first + each, n - 2);
    uint64_t spent = 0, most = ~UINT64_C(0), stay = 0;
    URN_ROLLED
    for (uint32_t turn = 0; turn < 2; turn++) { // the sum first, then who is within its share
        uint64_t mine = 0, a = 0, b = 0;
        if (first < until) {
            a = law.of(key_value(from.load(first)));
            b = law.of(key_value(from.load(first + 1)));
        }
        URN_ROLLED
        for (uint32_t i = first; i < until; i++) {
            uint64_t c = law.of(key_value(from.load(i + 2)));
            mine += second_difference(a, b, c);
            if (turn == 1 && spent + mine <= most) stay++;
            a = b;
            b = c;
        }
        TeamTally sum = team_tally(s.team, {turn == 0 ? mine : stay, 0, 0});
        if (turn == 1) return 1 + sum.all.sum;
        if (sum.all.sum == 0) return 0;
        spent = sum.before + block_before(s.team, mine);
        most = floor_product(z, sum.all.sum);
    }
    return 0;
}

} // namespace urnd

#endif
