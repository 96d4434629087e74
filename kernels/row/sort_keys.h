// sort_keys.h - the keys of K, sorted downwards in the workspace by the whole team: a radix sort of 8 bits a pass.
//
// Equal keys are the same number, so they may be gathered in any order, and no id travels with them. A pass: every warp
// counts the digits of its stretch of keys; blocks meet to learn where each warp's keys of each digit go; warps walk
// their stretches again, 32 keys at a time, and put them there. Traffic: 4 passes of 3 words a key through L2.
#ifndef URN_SORT_KEYS_H
#define URN_SORT_KEYS_H

#include "kernels/row/reach.h"
#include "kernels/row/select.h"

namespace urnd {

enum { SORT_DIGITS = 256, SORT_WARPS = 16, SORT_TOTAL = 0, SORT_BASE = SORT_DIGITS };

struct SortRoom {
    Shared<uint32_t> counts[2]; // [2048] of warps, 8 in each; a warp alone has 256
    Shared<uint32_t> sums;      // [512] of the block: digits, and where they go; a warp alone: 256 of them
    Shared<uint32_t> base;
    Shared<uint32_t> gathered; // [1]
};

// The digits' arrays lie where selections keep their histograms.
template <int TEAM> URN_DEVICE SortRoom sort_room(SelectRoom room, Shared<uint32_t> gathered) {
    if (TEAM == TEAM_WARP) return {{room.limb[0], room.limb[0]}, room.limb[1], room.limb[2], gathered};
    return {{room.limb[0], room.limb[1]}, room.limb[2], room.limb[2], gathered};
}

// Index of a digit's count of the caller's warp, and of its base.
template <int TEAM> URN_DEVICE uint32_t base_of(uint32_t digit) {
    return TEAM == TEAM_WARP ? digit : (uint32_t)SORT_BASE + digit;
}

// The whole team calls: keys of K into `keys`, in no order.
template <int TEAM, bool RESIDENT>
URN_DEVICE void gather_keys(Team<TEAM> &team, const Row<Full, RESIDENT> &row, SortRoom room, Global<uint32_t> keys) {
    auto gathered = reach_first(team, room.gathered, BOARD_NOW, 1);
    if (team.leads()) gathered.store(0, 0);
    team_meet(team);
    URN_ROLLED
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        uint32_t unit = own_unit(group), bits = row.kept_bits(unit);
        uint32_t mine = (uint32_t)popc_u32(bits), through = (uint32_t)scan_u64(mine), at = 0;
        uint32_t all = shfl(through, 31);
        if (all == 0) continue;
        if (lane_id() == 0) at = gathered.add(0, all);
        at = shfl(at, 0) + through - mine;
        if (bits == 0) continue;
        float x[UNIT];
        row.logits(unit, x);
        URN_ROLLED
        for (uint32_t i = 0; i < UNIT; i++) {
            float v = turn(x);
            if (bits >> i & 1) keys.store(at++, order_key(v));
        }
    }
    team_meet(team);
}

// Lanes of the warp whose digit is the caller's, among those that have one.
URN_DEVICE uint32_t lanes_alike(uint32_t digit, bool valid) {
    uint32_t alike = ballot(valid);
    URN_ROLLED
    for (uint32_t b = 0; b < 8; b++) {
        bool set = (digit >> b & 1) != 0;
        uint32_t those = ballot(set);
        alike &= set ? those : ~those;
    }
    return alike;
}

// The whole team calls: where each warp's keys of each digit go, digits downwards, then ranks, then warps.
template <int TEAM> URN_DEVICE void place_digits(Team<TEAM> &team, SortRoom room) {
    block_meet<TEAM>();
    URN_ROLLED
    for (uint32_t d = team.thread; d < SORT_DIGITS; d += team.threads) {
        uint32_t sum = 0;
        URN_ROLLED
        for (uint32_t w = 0; w < team.warps; w++) {
            uint32_t at = (w & 7) * SORT_DIGITS + d;
            uint32_t count = w < 8 ? room.counts[0].load(at) : room.counts[1].load(at);
            if (w < 8)
                room.counts[0].store(at, sum);
            else
                room.counts[1].store(at, sum);
            sum += count;
        }
        reach(team, room.sums, team.rank, BOARD_SUMS, SORT_DIGITS).store(d, sum);
    }
    team_meet(team);
    uint32_t each = (SORT_DIGITS + team.threads - 1) / team.threads;
    uint32_t first = min_of(team.thread * each, SORT_DIGITS), until = min_of(first + each, SORT_DIGITS);
    uint64_t mine = 0;
    URN_ROLLED
    for (uint32_t rank = 0; rank < team.ranks; rank++) {
        auto sums = reach(team, room.sums, rank, BOARD_SUMS, SORT_DIGITS);
        URN_ROLLED
        for (uint32_t i = first; i < until; i++) mine += sums.load(SORT_DIGITS - 1 - i);
    }
    uint32_t before = (uint32_t)block_before(team, mine);
    URN_ROLLED
    for (uint32_t i = first; i < until; i++) {
        uint32_t d = SORT_DIGITS - 1 - i, own = before;
        URN_ROLLED
        for (uint32_t rank = 0; rank < team.ranks; rank++) {
            auto sums = reach(team, room.sums, rank, BOARD_SUMS, SORT_DIGITS);
            uint32_t count = sums.load(d);
            before += count;
            if (rank < team.rank) own += count;
        }
        room.base.store(base_of<TEAM>(d), own);
    }
    team_meet(team); // the bases are there, and remote sums have been read
}

// The whole team calls, after gather_keys: `count` keys of `from`, sorted downwards; they end in `from`. `to` is as
// long.
template <int TEAM>
URN_DEVICE void sort_keys(Team<TEAM> &team, SortRoom room, Global<uint32_t> from, Global<uint32_t> to, uint32_t count) {
    uint32_t stretches = team.ranks * team.warps, number = team.rank * team.warps + team.warp;
    uint32_t each = ((count + stretches - 1) / stretches + 31) & ~31u;
    uint32_t first = min_of(number * each, count), until = min_of(first + each, count);
    Shared<uint32_t> counts = team.warp < 8 ? room.counts[0] : room.counts[1];
    uint32_t own = (team.warp & 7) * SORT_DIGITS;
    URN_ROLLED
    for (uint32_t pass = 0; pass < 4; pass++) {
        Global<uint32_t> in = pass & 1 ? to : from, out = pass & 1 ? from : to;
        uint32_t shift = pass * 8;
        URN_ROLLED
        for (uint32_t d = lane_id(); d < SORT_DIGITS; d += 32) counts.store(own + d, 0);
        warp_sync();
        URN_ROLLED
        for (uint32_t i = first + lane_id(); i < until; i += 32) counts.add(own + (in.load(i) >> shift & 0xffu), 1);
        place_digits(team, room);
        URN_ROLLED
        for (uint32_t i = first; i < until; i += 32) {
            bool valid = i + lane_id() < until;
            uint32_t key = valid ? in.load(i + lane_id()) : 0, digit = key >> shift & 0xffu;
            uint32_t alike = lanes_alike(digit, valid), below = (uint32_t)popc_u32(alike & ((1u << lane_id()) - 1));
            uint32_t done = valid ? counts.load(own + digit) : 0;
            if (valid) out.store(room.base.load(base_of<TEAM>(digit)) + done + below, key);
            warp_sync(); // before the count moves on
            if (valid && below == 0) counts.store(own + digit, done + (uint32_t)popc_u32(alike));
            warp_sync();
        }
        team_meet(team);
    }
}

} // namespace urnd

#endif
