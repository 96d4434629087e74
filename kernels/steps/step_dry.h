// step_dry.h - "don't repeat yourself": ids that would lengthen a repetition of the context's end lose by its length.
//
// Every place of the context finds how far the ids up to it match the context's end. An id may follow several places;
// its longest match counts. So lengths are taken from the largest down: a round finds the largest of ids not yet
// marked, then marks and changes the ids that have it. Rounds are as many as there are different lengths, at most
// sqrt(2N) where matches do not overlap, mostly one or two.
#ifndef URN_STEP_DRY_H
#define URN_STEP_DRY_H

#include "kernels/row/context.h"
#include "kernels/row/values.h"
#include "kernels/steps/id_list.h"

namespace urnd {

struct Dry {
    float multiplier, base;
    uint32_t allowed;

    URN_DEVICE float penalty(uint32_t match) const {
        float p = multiplier;
        URN_ROLLED
        for (uint32_t k = allowed; k < match && p < URN_FLT_MAX && base != 1.0f; k++) p = p * base;
        return p;
    }
};

URN_DEVICE bool is_breaker(const IdList &breakers, int32_t id) {
    URN_ROLLED
    for (int64_t k = 0; k < breakers.count; k++)
        if (breakers.ids.load(k) == id) return true;
    return false;
}

// How many ids that end at place i equal those that end the context, at most `limit`.
URN_DEVICE uint32_t match_length(const Context &h, uint32_t i, uint32_t limit) {
    uint32_t most = min_of(limit, i + 1), m = 0;
    URN_ROLLED
    while (m < most && h.at(i - m) == h.at(h.count - 1 - m)) m++;
    return m;
}

// The whole team calls, between clear_marks and a walk that looks again. h: the window.
template <int TEAM, bool RESIDENT>
URN_DEVICE void penalise_matches(Team<TEAM> &team, const Row<Full, RESIDENT> &row, const Dry &dry,
                                 const IdList &breakers, const Context &h) {
    uint32_t after = 0; // the place after the last breaker; every block looks for itself at the whole window
    URN_ROLLED
    for (uint32_t i = team.thread; i < h.count && breakers.count > 0; i += team.threads)
        if (is_breaker(breakers, h.at(i))) after = i + 1;
    uint32_t limit = h.count - team_tally(team, {0, after, 0}).all.max;
    if (limit < dry.allowed) return;
    uint32_t longest = 0;
    bool marking = false;
    URN_ROLLED
    for (;;) { // every second turn marks at least one id that is in the context
        uint32_t mine = 0;
        URN_ROLLED
        for (uint32_t i = team.thread; i + 1 < h.count; i += team.threads) {
            int32_t id = h.at(i + 1);
            uint32_t place;
            if (!place_of(row, id, place) || !row.keeps(place)) continue;
            uint32_t at = place - row.begin;
            if (!marking && (unit_marks(row, at / UNIT) >> (at % UNIT) & 1)) continue;
            uint32_t m = match_length(h, i, limit);
            if (m < dry.allowed || (marking && m != longest) || is_breaker(breakers, id)) continue;
            mine = max_of(mine, m);
            if (marking && mark_id(row, id)) row.put_x(place, fin(row.x_at(place) - dry.penalty(m)));
        }
        mine = team_tally(team, {0, mine, 0}).all.max; // and marks are seen
        if (!marking) longest = mine;
        if (longest == 0) break;
        marking = !marking;
    }
}

} // namespace urnd

#endif
