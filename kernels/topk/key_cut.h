// key_cut.h - the first few of a team's candidates by 64-bit keys: cut the order by digits until what lies before the
// cut fits a buffer, then gather it.
//
// Rows, segments and buffers of records all come here: whoever holds candidates brings a walk over them. A round walks
// them once and adds their keys into a histogram of 11 bits of what is left of the range of keys. Where more keys are
// equal than the buffer holds, further rounds cut the ids of that key.
#ifndef URN_KEY_CUT_H
#define URN_KEY_CUT_H

#include "kernels/row/select.h"

namespace urnd {

// Keys in question: the first bin begins at `low`, the others are dealt out evenly over [base, top].
struct KeySpan {
    uint64_t low, base, top;
};

// What comes before a cut: larger keys, and `key` up to the id `last`.
struct KeyCut {
    uint64_t key, last;
    URN_DEVICE bool has(uint64_t k, uint64_t id) const { return k > key || (k == key && id <= last); }
};

#define URN_EVERY_ID UINT64_C(0xffffffffffffffff)
#define URN_ALL_KEYS                                                                                                   \
    KeyCut { 1, URN_EVERY_ID }

struct Candidates {
    KeyCut cut;
    uint64_t total; // of the team: how many there are, and
    uint64_t taken; // how many were gathered
};

// The whole team calls. walk.each(f) calls f(key, id, x) for what this block has, key > 0 and id < ids; take(key, id,
// x) is called for at least the first min(need, total) candidates and at most `most`, 1 <= need <= most. known: the
// total, where the caller has it, else 0. One walk more than there are rounds.
template <int TEAM, class Walk, class Take>
URN_DEVICE Candidates take_first(Team<TEAM> &team, SelectRoom room, const Walk &walk, KeySpan span, uint64_t ids,
                                 uint64_t need, uint64_t most, uint64_t known, const Take &take, bool gather = true) {
    constexpr uint32_t bins = Digit<TEAM>::bins;
    Candidates found = {URN_ALL_KEYS, known, known};
    uint64_t tie = 0, above = 0;
    bool decided = known != 0 && known <= most, ties = false;
    URN_ROLLED
    for (;;) {
        if (decided && !gather) return found;
        uint32_t shift = 0;
        URN_ROLLED
        while ((span.top - span.base) >> shift >= bins) shift++;
        if (!decided) {
            URN_ROLLED
            for (uint32_t b = team.thread; b < bins; b += team.threads) room.low.store(b, 0), room.high.store(b, 0);
            block_meet<TEAM>();
        }
        uint64_t mine = 0;
        walk.each([&](uint64_t key, uint64_t id, float x) {
            if (decided) {
                if (found.cut.has(key, id)) take(key, id, x);
                return;
            }
            uint64_t v = !ties ? key : key == tie ? ids - id : 0;
            mine++;
            if (v >= span.low && v <= span.top)
                room.low.add(v <= span.base ? 0 : (size_t)((v - span.base) >> shift), 1);
        });
        if (decided) return found;
        if (found.total == 0) {
            found.total = team_tally(team, {mine, 0, 0}).all.sum;
            found.taken = found.total;
            decided = found.total <= most;
            if (found.total == 0) return found;
            if (decided) continue;
        }
        block_meet<TEAM>(); // a crew's threads post bins that others have counted
        Crossing at = cross(team, room, bins, need - above);
        uint64_t first = span.base + ((uint64_t)at.bin << shift), width = ((uint64_t)1 << shift) - 1;
        uint64_t last = span.top - first < width ? span.top : first + width;
        if (at.bin == 0) first = span.low;
        above += at.above;
        span = {first, first, last};
        decided = above + at.inside <= most;
        found.taken = above + at.inside;
        found.cut = ties ? KeyCut{tie, ids - first} : KeyCut{first, URN_EVERY_ID};
        if (!decided && first == last) { // too many of one key
            ties = true, tie = first;
            span = {1, 1, ids};
        }
    }
}

} // namespace urnd

#endif
