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

// Add up one round's histogram over this block's slice: folded into room.low and room.high.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE void histogram(const Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, SelectRoom room,
                          typename LawOf<Dtype>::Law w, typename LawOf<Dtype>::Key order, bool mass, uint32_t prefix,
                          uint32_t mask, uint32_t shift, uint32_t bins) {
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
            uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
            if (bits == 0) continue;
            float x[UNIT];
            row.logits(unit, x);
            URN_EACH
            for (uint32_t i = 0; i < UNIT; i++) {
                float v = turn(x);
                uint32_t key = order.of(v);
                if (!(bits >> i & 1) || (key & mask) != prefix) continue;
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

// The bin, from the top, in which the team's running sum reaches `target`. Every block adds up all blocks' bins for
// itself: more remote loads than a shared-out sum, two cluster barriers fewer.
template <int TEAM> URN_DEVICE Crossing cross(Team<TEAM> &team, SelectRoom room, uint32_t bins, uint64_t target) {
    team_meet<TEAM>();
    uint32_t each = (bins + team.threads - 1) / team.threads;
    uint32_t first = min_of(team.thread * each, bins), last = min_of(first + each, bins);
    uint64_t mine = 0;
    URN_ROLLED
    for (uint32_t rank = 0; rank < team.ranks; rank++) {
        Shared<uint32_t> low = TEAM == TEAM_CLUSTER ? room.low.on_rank(rank) : room.low;
        Shared<uint32_t> high = TEAM == TEAM_CLUSTER ? room.high.on_rank(rank) : room.high;
        URN_ROLLED
        for (uint32_t i = first; i < last; i++)
            mine += (uint64_t)high.load(bins - 1 - i) << 32 | low.load(bins - 1 - i);
    }
    uint64_t above = block_before(team, mine);
    if (above < target && target - above <= mine) { // one thread of the block
        URN_ROLLED
        for (uint32_t i = first; i < last; i++) {
            uint64_t inside = 0;
            URN_ROLLED
            for (uint32_t rank = 0; rank < team.ranks; rank++) {
                Shared<uint32_t> low = TEAM == TEAM_CLUSTER ? room.low.on_rank(rank) : room.low;
                Shared<uint32_t> high = TEAM == TEAM_CLUSTER ? room.high.on_rank(rank) : room.high;
                inside += (uint64_t)high.load(bins - 1 - i) << 32 | low.load(bins - 1 - i);
            }
            if (target - above <= inside) {
                room.crossing.store(0, {above, inside, bins - 1 - i, {0, 0, 0}});
                break;
            }
            above += inside;
        }
    }
    team_meet<TEAM>(); // remote bins have been read: the next round may clear them
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
};

// The whole team calls. target.sum: at least 1, at most the sum over kept ids of 1, or of w.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Cut select_cut(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, SelectRoom room,
                          typename LawOf<Dtype>::Law w, typename LawOf<Dtype>::Key order, Target target) {
    Cut cut = {0, 0, 0, false};
    uint32_t known = 0; // leading bits of the key found so far
    URN_ROLLED
    while (known < Dtype::key_bits && !cut.whole) {
        uint32_t width = min_of(32 - known, Digit<TEAM>::bits);
        uint32_t shift = 32 - known - width, mask = known ? ~0u << (32 - known) : 0;
        histogram(team, row, room, w, order, target.mass, cut.key, mask, shift, 1u << width);
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
