// select.h - the key at which a descending count or mass reaches a target, by radix digits of the ordered key.
//
// A digit is 11 bits (8 where a warp holds the row), so f32 keys need 3 rounds, 16-bit dtypes 2. A round reads the row
// once, adds kept ids under the prefix found so far into a histogram by shared atomics, and walks the bins downwards.
// Masses go into three u32 limbs of 14, 14 and 13 bits of the weight (w <= 2^40). Overflow: between two foldings a
// block adds at most FOLD groups = 2^18 ids, so a limb holds at most 2^18 * (2^14 - 1) < 2^32. Slices in shared memory
// are shorter than that (227 KB of 2-byte elements are under 2^17 ids); streamed ones fold into 64 bits as they go.
#ifndef URN_SELECT_H
#define URN_SELECT_H

#include "kernels/row/group_sums.h"
#include "kernels/row/reach.h"

namespace urnd {

enum { FOLD = 1024 }; // groups

template <int TEAM> struct Digit {
    enum { bits = TEAM == TEAM_WARP ? 8 : 11, bins = 1 << bits };
};

struct alignas(16) Crossing {
    uint64_t above, inside; // sums of the bins above, and of this one
    uint32_t bin, unused[3];
};

struct SelectRoom {
    Shared<uint32_t> limb[3];   // [bins]
    Shared<uint32_t> low, high; // [bins] folded sums; in place over limbs 0 and 1 where one folding is enough
    Shared<Crossing> crossing;  // [1]
};

template <int TEAM, bool RESIDENT> URN_HOST_DEVICE SelectRoom select_room(Arena &arena) {
    size_t bins = Digit<TEAM>::bins;
    SelectRoom room;
    room.limb[0] = arena.take<uint32_t>(bins, "select.limb0");
    room.limb[1] = arena.take<uint32_t>(bins, "select.limb1");
    room.limb[2] = arena.take<uint32_t>(bins, "select.limb2");
    room.low = RESIDENT ? room.limb[0] : arena.take<uint32_t>(bins, "select.low");
    room.high = RESIDENT ? room.limb[1] : arena.take<uint32_t>(bins, "select.high");
    room.crossing = arena.take<Crossing>(1, "select.crossing");
    return room;
}

// Add up one round's histogram over this block's slice: folded into room.low and room.high. Where a row narrows, a
// round that knows a prefix takes ids below it out of K, and leaves word of the units that have some with it; `again`:
// the round before did.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void histogram(const Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, SelectRoom room,
                          typename LawOf<Dtype>::Law w, typename LawOf<Dtype>::Key order, bool mass, uint32_t prefix,
                          uint32_t mask, uint32_t shift, uint32_t bins, bool again) {
    URN_ROLLED
    for (uint32_t b = team.thread; b < bins; b += team.threads) {
        for (int i = 0; i < 3; i++) room.limb[i].store(b, 0);
        if (!RESIDENT) room.low.store(b, 0), room.high.store(b, 0);
    }
    block_meet<TEAM>();
    URN_ROLLED
    for (uint32_t from = 0; from < row.groups; from += FOLD) {
        uint32_t until = row.groups - from < FOLD ? row.groups : from + FOLD;
        URN_ROLLED
        for (uint32_t group = from + team.warp; group < until; group += team.warps) {
            uint32_t unit = own_unit(group), bits = row.kept_bits(unit), left = bits;
            bool narrow = false, open = false;
            float x[UNIT];
            if constexpr (Row<Dtype, RESIDENT>::narrows) {
                narrow = mask != 0;
                if (narrow && again && !(row.open_units(group) >> lane_id() & 1)) bits = 0;
                if (bits == 0 && !narrow) continue;
                URN_UNROLL
                for (uint32_t i = 0; i < UNIT; i++) x[i] = 0.0f;
                if (bits != 0) row.logits(unit, x);
            } else {
                if (bits == 0) continue;
                row.logits(unit, x);
            }
            URN_EACH
            for (uint32_t i = 0; i < UNIT; i++) {
                float v = turn(x);
                uint32_t key = order.of(v);
                if constexpr (Row<Dtype, RESIDENT>::narrows) {
                    if (narrow && (bits >> i & 1) && (key & mask) < prefix) left &= ~(1u << i);
                }
                if (!(bits >> i & 1) || (key & mask) != prefix) continue;
                open = true;
                uint32_t bin = (key & ~mask) >> shift;
                if (!mass) {
                    room.limb[0].add(bin, 1);
                    continue;
                }
                uint64_t m = w.of(v);
                uint32_t limb0 = (uint32_t)m & 0x3fffu, limb1 = (uint32_t)(m >> 14) & 0x3fffu,
                         limb2 = (uint32_t)(m >> 28);
                if (limb0) room.limb[0].add(bin, limb0);
                if (limb1) room.limb[1].add(bin, limb1);
                if (limb2) room.limb[2].add(bin, limb2);
            }
            if constexpr (Row<Dtype, RESIDENT>::narrows) {
                if (!narrow) continue;
                uint32_t units = ballot(open);
                if (lane_id() == 0) row.put_open_units(group, units);
                if (bits != 0 && left != bits) row.keep_bits(unit, left);
            }
        }
        block_meet<TEAM>();
        URN_ROLLED
        for (uint32_t b = team.thread; b < bins; b += team.threads) {
            uint64_t sum = room.limb[0].load(b);
            if (mass) sum += ((uint64_t)room.limb[1].load(b) << 14) + ((uint64_t)room.limb[2].load(b) << 28);
            if (!RESIDENT) {
                sum += (uint64_t)room.high.load(b) << 32 | room.low.load(b);
                for (int i = 0; i < 3; i++) room.limb[i].store(b, 0);
            }
            room.low.store(b, (uint32_t)sum);
            room.high.store(b, (uint32_t)(sum >> 32));
        }
        if (!RESIDENT) block_meet<TEAM>();
    }
}

// The team's sums of bins, after a round's histogram: of a cluster each block adds up all blocks' bins for itself,
// which is more remote loads than a shared-out sum but two cluster barriers fewer; a crew's blocks have added theirs up
// on the board, where a bin that is not empty costs an atomic.
template <int TEAM> struct BinSums {
    SelectRoom room;
    uint32_t ranks;
    const uint64_t *board;
    URN_DEVICE uint64_t of(uint32_t bin) const {
        if constexpr (TEAM == TEAM_CREW) {
            if (ranks > 1) return Global<const uint64_t>(board, BOARD_SET, TAG_WORKSPACE).load(bin);
        }
        uint64_t sum = 0;
        URN_ROLLED
        for (uint32_t rank = 0; rank < (TEAM == TEAM_CREW ? 1 : ranks); rank++) {
            Shared<uint32_t> low = TEAM == TEAM_CLUSTER ? room.low.on_rank(rank) : room.low;
            Shared<uint32_t> high = TEAM == TEAM_CLUSTER ? room.high.on_rank(rank) : room.high;
            sum += (uint64_t)high.load(bin) << 32 | low.load(bin);
        }
        return sum;
    }
};

// A crew's set of bins number `set`, counted from the start of the launch.
template <int TEAM> URN_DEVICE Global<uint64_t> crew_bins(const Team<TEAM> &team, uint32_t set) {
    uint64_t *bins = (uint64_t *)(team.board() + BOARD_BINS);
    return Global<uint64_t>(bins + set % BOARD_BIN_SETS * BOARD_SET, BOARD_SET, TAG_WORKSPACE);
}

// Blocks of a crew call, each for its share of the bins. Everybody who read this set two histograms ago has met the
// crew since, and it will meet again before anybody adds to the set.
template <int TEAM> URN_DEVICE void clear_crew_bins(const Team<TEAM> &team, uint32_t set) {
    Global<uint64_t> bins = crew_bins(team, set);
    URN_ROLLED
    for (uint32_t b = team.rank * team.threads + team.thread; b < BOARD_SET; b += team.ranks * team.threads)
        bins.store(b, 0);
}

// The whole team calls, and meets: the sums of what histogram() left in each block.
template <int TEAM> URN_DEVICE BinSums<TEAM> sum_bins(Team<TEAM> &team, SelectRoom room, uint32_t bins) {
    BinSums<TEAM> sums = {room, team.ranks, nullptr};
    if constexpr (TEAM == TEAM_CREW) {
        if (team.ranks > 1) {
            uint32_t set = team.room.bins.load(0);
            Global<uint64_t> all = crew_bins(team, set);
            URN_ROLLED
            for (uint32_t b = team.thread; b < bins; b += team.threads) { // the bins that this thread folded
                uint64_t own = (uint64_t)room.high.load(b) << 32 | room.low.load(b);
                if (own) all.add(b, own);
            }
            clear_crew_bins(team, set + 1);
            sums.board = all.p;
            team_meet(team);
            if (team.thread == 0) team.room.bins.store(0, set + 1);
            return sums;
        }
    }
    team_meet(team);
    return sums;
}

// The bin, from the top, in which the team's running sum reaches `target`.
template <int TEAM> URN_DEVICE Crossing cross(Team<TEAM> &team, SelectRoom room, uint32_t bins, uint64_t target) {
    BinSums<TEAM> sums = sum_bins(team, room, bins);
    uint32_t each = (bins + team.threads - 1) / team.threads;
    uint32_t first = min_of(team.thread * each, bins), last = min_of(first + each, bins);
    uint64_t mine = 0;
    URN_ROLLED
    for (uint32_t i = first; i < last; i++) mine += sums.of(bins - 1 - i);
    uint64_t above = block_before(team, mine);
    if (above < target && target - above <= mine) { // one thread of the block
        URN_ROLLED
        for (uint32_t i = first; i < last; i++) {
            uint64_t inside = sums.of(bins - 1 - i);
            if (target - above <= inside) {
                room.crossing.store(0, {above, inside, bins - 1 - i, {0, 0, 0}});
                break;
            }
            above += inside;
        }
    }
    if (TEAM == TEAM_CREW)
        block_meet<TEAM>();
    else
        team_meet(team); // remote bins have been read: the next round may clear them
    return room.crossing.load(0);
}

// A keep rule on an order: the shortest prefix whose count, or mass, reaches a sum.
struct Target {
    uint64_t sum;
    bool mass;
    bool all;  // everything stays
    bool ties; // what ties with the last one stays too
};

struct Cut {
    uint32_t key;
    uint64_t above, inside; // sums over larger keys, and over this key
    bool whole;             // everything from `key` on is in, ties and all
    bool narrowed;          // units that are not open hold nothing but what is in
};

// The whole team calls. target.sum: at least 1, at most the sum over kept ids of 1, or of w.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Cut select_cut(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, SelectRoom room,
                          typename LawOf<Dtype>::Law w, typename LawOf<Dtype>::Key order, Target target) {
    Cut cut = {0, 0, 0, false, false};
    uint32_t known = 0; // leading bits of the key found so far
    URN_ROLLED
    while (known < Dtype::key_bits && !cut.whole) {
        uint32_t width = min_of(32 - known, Digit<TEAM>::bits);
        uint32_t shift = 32 - known - width, mask = known ? ~0u << (32 - known) : 0;
        histogram(team, row, room, w, order, target.mass, cut.key, mask, shift, 1u << width, cut.narrowed);
        cut.narrowed = Row<Dtype, RESIDENT>::narrows && mask != 0;
        Crossing at = cross(team, room, 1u << width, target.sum - cut.above);
        cut.above += at.above;
        cut.inside = at.inside;
        cut.key |= at.bin << shift;
        known += width;
        // counts only: by mass, ids of weight 0 at the end of a bin would not belong to the shortest prefix
        cut.whole = !target.mass && target.sum - cut.above == at.inside;
    }
    // bits that the dtype does not have are the inverse of the first; where a whole bin stays, its smallest key
    if (known < 32 && !cut.whole && !(cut.key & 0x80000000u)) cut.key |= 0xffffffffu >> known;
    return cut;
}

} // namespace urnd

#endif
