// link_search.h - what a link must know before it changes values: a threshold, a normaliser, the first id's share.
//
// Each is defined by an integer sum over K, so how it is searched for shows in no bit. A search reads the row where the
// team holds it, once a turn.
#ifndef URN_LINK_SEARCH_H
#define URN_LINK_SEARCH_H

#include "kernels/sample/value_change.h"

namespace urnd {

enum LinkSum {
    SUM_WEIGHTS, // of g, but the first id's
    SUM_BELOW,   // sparsemax: of max(t - u, 0); max counts the ids with u < t
    SUM_ONE,     // mixture: weights of x; max is the second row's largest key, flags its NaN and +inf
    SUM_TWO      // mixture: weights of the second row
};

// The whole team calls. Overflow: weights are at most 2^40, t - u at most 2^30, of 2^22 ids.
template <int TEAM, bool RESIDENT>
URN_DEVICE Tally link_sum(State<TEAM, Full, RESIDENT> &s, const ValueChange<RESIDENT> &f, LinkSum what) {
    Tally mine = {0, 0, 0};
    each_kept(s.team, s.row, [&](float x, uint32_t place) {
        if (what == SUM_WEIGHTS) {
            mine.sum += place == f.first ? 0 : link_weight(f.g(x, place));
        } else if (what == SUM_BELOW) {
            uint32_t gap = sparsemax_gap(x, f.max);
            if (gap < f.t) mine.sum += f.t - gap, mine.max++;
        } else if (what == SUM_ONE) {
            float x2 = f.second.at(f.id_of(place));
            mine.sum += weight(x, f.max, URN_LOG2E);
            mine.max = max_of(mine.max, order_key(x2));
            mine.flags |= (x2 != x2 ? 1u : 0u) | (order_key(x2) == URN_KEY_PLUS_INF ? 2u : 0u);
        } else {
            mine.sum += weight(f.second.at(f.id_of(place)), f.max2, URN_LOG2E);
        }
        return true;
    });
    uint32_t count = mine.max;
    Tally all = team_tally(s.team, mine).all;
    if (what == SUM_BELOW) all.max = (uint32_t)team_tally(s.team, {count, 0, 0}).all.sum;
    return all;
}

// t by Newton's method from above on a convex sum of integers: each turn divides the excess, or the number of ids
// below t, by at least 2 (at most 38 turns), mostly five or six.
template <int TEAM, bool RESIDENT>
URN_DEVICE void find_sparsemax(State<TEAM, Full, RESIDENT> &s, ValueChange<RESIDENT> &f) {
    const uint64_t whole = UINT64_C(1) << 30;
    f.t = (uint32_t)whole;
    URN_ROLLED
    for (int turn = 0; turn < 64; turn++) {
        Tally at = link_sum(s, f, SUM_BELOW);
        if (at.sum <= whole) break;
        f.t -= (uint32_t)((at.sum - whole + at.max - 1) / at.max); // what is left is not below the answer
    }
}

// z by halving the 27 bits between 2 and 4096, at which 2^22 ids weigh 2^F.
template <int TEAM, bool RESIDENT>
URN_DEVICE void find_tsallis(State<TEAM, Full, RESIDENT> &s, ValueChange<RESIDENT> &f) {
    uint32_t low = f32_bits(2.0f), high = f32_bits(4096.0f);
    URN_ROLLED
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        f.b = bits_f32(middle);
        if (link_sum(s, f, SUM_WEIGHTS).sum <= UINT64_C(1) << URN_F)
            high = middle;
        else
            low = middle + 1;
    }
    f.b = bits_f32(low);
}

// The whole team calls, between epochs, K settled and not empty. Completes f; a row status.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t find_link(State<TEAM, Full, RESIDENT> &s, ValueChange<RESIDENT> &f) {
    if (f.kind == URN_OP_SPARSEMAX) find_sparsemax(s, f);
    if (f.kind == URN_OP_TSALLIS) find_tsallis(s, f);
    if (f.kind == URN_OP_INVERSE_GAP) {
        const uint64_t whole = UINT64_C(1) << URN_F;
        f.first = first_place(s.team, s.row, s.epoch.largest);
        uint64_t others = link_sum(s, f, SUM_WEIGHTS).sum;
        if (others > whole) return URN_ROW_PARAM;
        f.first_g = (float)((whole - others) >> 16) * 0x1p-24f;
    }
    if (f.kind == URN_OP_MIXTURE) {
        Tally one = link_sum(s, f, SUM_ONE);
        if (one.flags) return ((one.flags & 1) ? URN_ROW_NAN : 0) | ((one.flags & 2) ? URN_ROW_INF : 0);
        if (one.max <= URN_KEY_MINUS_INF) return URN_ROW_EMPTY;
        f.total1 = one.sum;
        f.max2 = key_value(one.max);
        f.total2 = link_sum(s, f, SUM_TWO).sum;
    }
    return 0;
}

} // namespace urnd

#endif
