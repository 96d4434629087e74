// link_search.h - what a link must know before it changes values: a threshold, a normaliser, the first id's share.
//
// Each is defined by an integer sum over K, so how it is searched for shows in no bit. A search reads the row where the
// team holds it, once a turn.
#ifndef URN_LINK_SEARCH_H
#define URN_LINK_SEARCH_H

#include "kernels/steps/value_change.h"

namespace urnd {

enum LinkSum {
    SUM_FIRST,   // none; max is the inverse of the first place in the order
    SUM_WEIGHTS, // of g, but the first id's
    SUM_BELOW,   // sparsemax: of max(t - u, 0); max counts the ids with u < t
    SUM_ONE,     // mixture: weights of x; max is the second row's largest key, flags its NaN and +inf
    SUM_TWO      // mixture: weights of the second row
};

// The whole team calls. Overflow: weights are at most 2^40, t - u at most 2^30, of 2^22 ids.
template <int TEAM, bool RESIDENT>
URN_DEVICE Tally link_sum(State<TEAM, Full, RESIDENT> &s, const ValueChange<RESIDENT> &f, LinkSum what) {
    Tally mine = {0, 0, 0};
    uint32_t largest = s.epoch.largest;
    each_kept(s.team, s.row, [&](float x, uint32_t place) {
        float x2 = what >= SUM_ONE ? f.second.at(f.id_of(place)) : 0.0f;
        if (what == SUM_FIRST) {
            if (order_key(x) == largest) mine.max = max_of(mine.max, ~place);
        } else if (what == SUM_WEIGHTS) {
            mine.sum += place == f.first ? 0 : link_weight(f.g(x, place));
        } else if (what == SUM_BELOW) {
            uint32_t gap = sparsemax_gap(x, f.max);
            if (gap < f.t) mine.sum += f.t - gap, mine.max++;
        } else {
            mine.sum += weight(what == SUM_ONE ? x : x2, what == SUM_ONE ? f.max : f.max2, URN_LOG2E);
            mine.max = max_of(mine.max, order_key(x2));
            mine.flags |= (x2 != x2 ? 1u : 0u) | (order_key(x2) == URN_KEY_PLUS_INF ? 2u : 0u);
        }
        return true;
    });
    uint32_t count = mine.max;
    Tally all = team_tally(s.team, mine).all;
    if (what == SUM_BELOW) all.max = (uint32_t)team_tally(s.team, {count, 0, 0}).all.sum;
    return all;
}

// The whole team calls, between epochs, K settled and not empty. Completes f; a row status. Every turn is one walk,
// which stands in the code once for all links.
//   sparsemax     t by Newton's method from above on a convex sum of integers: what is left is never below the answer,
//                 and each turn divides the excess, or the number of ids below t, by at least 2 (at most 38 turns,
//                 mostly five or six)
//   Tsallis       z by halving the 27 bits between 2 and 4096, at which 2^22 ids weigh 2^F
//   inverse gap   the first of K, then the others' sum
//   mixture       the two totals
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t find_link(State<TEAM, Full, RESIDENT> &s, ValueChange<RESIDENT> &f) {
    const uint64_t whole = UINT64_C(1) << URN_F, simplex = UINT64_C(1) << 30;
    LinkSum what = f.kind == URN_OP_SPARSEMAX     ? SUM_BELOW
                   : f.kind == URN_OP_TSALLIS     ? SUM_WEIGHTS
                   : f.kind == URN_OP_INVERSE_GAP ? SUM_FIRST
                                                  : SUM_ONE;
    uint32_t low = f32_bits(2.0f), high = f32_bits(4096.0f);
    f.t = (uint32_t)simplex;
    URN_ROLLED
    for (int turn = 0; turn < 64; turn++) {
        if (f.kind == URN_OP_TSALLIS) f.b = bits_f32((low + high) / 2);
        Tally at = link_sum(s, f, what);
        if (f.kind == URN_OP_SPARSEMAX) {
            if (at.sum <= simplex) break;
            f.t -= (uint32_t)((at.sum - simplex + at.max - 1) / at.max);
        } else if (f.kind == URN_OP_TSALLIS) {
            if (at.sum <= whole)
                high = f32_bits(f.b);
            else
                low = f32_bits(f.b) + 1;
            f.b = bits_f32(low);
            if (low >= high) break;
        } else if (what == SUM_FIRST) {
            f.first = ~at.max;
            what = SUM_WEIGHTS;
        } else if (what == SUM_WEIGHTS) {
            if (at.sum > whole) return URN_ROW_PARAM;
            f.first_g = (float)((whole - at.sum) >> 16) * 0x1p-24f;
            break;
        } else if (what == SUM_ONE) {
            if (at.flags) return ((at.flags & 1) ? URN_ROW_NAN : 0) | ((at.flags & 2) ? URN_ROW_INF : 0);
            if (at.max <= URN_KEY_MINUS_INF) return URN_ROW_EMPTY;
            f.total1 = at.sum;
            f.max2 = key_value(at.max);
            what = SUM_TWO;
        } else {
            f.total2 = at.sum;
            break;
        }
    }
    return 0;
}

} // namespace urnd

#endif
