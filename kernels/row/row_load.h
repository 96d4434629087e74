// row_load.h - a slice comes into shared memory, each logit leaving global memory once, and is looked at for the first
// time: largest key, possible ids, NaN and +inf.
#ifndef URN_ROW_LOAD_H
#define URN_ROW_LOAD_H

#include "kernels/row/row_full.h"

namespace urnd {

// A slice arrives in this many bulk copies, each with a barrier of its own, so that the first look starts on the first
// quarter while the rest is under way. Guess: no GPU has measured it.
enum { LOAD_CHUNKS = 4 };

struct LoadRoom {
    Shared<uint64_t> arrived[LOAD_CHUNKS]; // bulk barriers
};

// A thread of the block calls, before any load: makes the barriers. A crew's blocks take row after row with the same
// ones, so it does this once, and others at every load.
URN_DEVICE void make_barriers(LoadRoom room) {
    URN_UNROLL
    for (uint32_t i = 0; i < LOAD_CHUNKS; i++) bulk_init(room.arrived[i]);
}

template <int TEAM, bool RESIDENT> URN_HOST_DEVICE LoadRoom load_room(Arena &arena) {
    size_t n = RESIDENT && TEAM != TEAM_WARP ? 1 : 0;
    LoadRoom room = {{arena.take<uint64_t>(n, "load.arrived0"), arena.take<uint64_t>(n, "load.arrived1"),
                      arena.take<uint64_t>(n, "load.arrived2"), arena.take<uint64_t>(n, "load.arrived3")}};
    return room;
}

// Where a slice's parts lie, in places: [low, high) is whole 16-byte vectors of the row, the rest of
// [row.begin, stop) are the row's head and tail (plain loads) and places outside the row.
struct SliceParts {
    uint32_t low, high, stop;
    uint32_t chunk; // places of a bulk copy's share
};

template <class Dtype> URN_DEVICE SliceParts slice_parts(const Row<Dtype, true> &row) {
    constexpr uint32_t per = 16 / sizeof(typename Dtype::Stored);
    uint32_t stop = row.begin + row.groups * GROUP;
    uint32_t first = max_of(row.begin, row.shift), last = max_of(first, min_of(stop, row.end));
    uint32_t low = min_of((first + per - 1) & ~(per - 1), stop), high = max_of(last & ~(per - 1), low);
    return {low, high, stop, (row.groups + LOAD_CHUNKS - 1) / LOAD_CHUNKS * GROUP};
}

// The places of copy number `i`, cut to whole vectors of the row. May be empty.
template <class Dtype> URN_DEVICE SliceParts copy_parts(const Row<Dtype, true> &row, SliceParts slice, uint32_t i) {
    uint32_t from = row.begin + i * slice.chunk;
    uint32_t low = min_of(max_of(from, slice.low), slice.high);
    return {low, max_of(low, min_of(from + slice.chunk, slice.high)), slice.stop, slice.chunk};
}

// All threads of the block that share the row call. Starts the slice's way into row.held; afterwards the block meets,
// and every reader waits with load_wait.
template <int TEAM, class Dtype>
URN_DEVICE void load_start(const Team<TEAM> &team, const Row<Dtype, true> &row, LoadRoom room) {
    constexpr uint32_t per = 16 / sizeof(typename Dtype::Stored);
    SliceParts slice = slice_parts(row);
    if (TEAM != TEAM_WARP && URN_HAS_CLUSTER) {
        if (team.thread == 0) {
            if (TEAM != TEAM_CREW) make_barriers(room);
            URN_UNROLL
            for (uint32_t i = 0; i < LOAD_CHUNKS; i++) {
                SliceParts copy = copy_parts(row, slice, i);
                if (copy.low < copy.high)
                    bulk_copy(room.arrived[i], row.held, copy.low - row.begin, row.view,
                              (int64_t)(copy.low - row.shift), copy.high - copy.low);
            }
        }
    } else {
        for (uint32_t q = slice.low + team.thread * per; q < slice.high; q += team.threads * per)
            row.held.store16(q - row.begin, row.view.load16_once((int64_t)(q - row.shift)));
    }
    // Head and tail: single elements, at most a vector each; around them -inf, so that passes need no bounds.
    uint32_t edges = slice.low - row.begin, outside = edges + (slice.stop - slice.high);
    for (uint32_t i = team.thread; i < outside; i += team.threads) {
        uint32_t q = i < edges ? row.begin + i : slice.high + (i - edges);
        bool inside = q >= row.shift && q < row.end;
        row.held.store(q - row.begin, inside ? row.view.load_once((int64_t)(q - row.shift))
                                             : (typename Dtype::Stored)Dtype::minus_inf);
    }
    block_meet<TEAM>();
}

// Wait until places below `until` of the slice are there. next: the first copy not waited for yet. phases: of the
// barriers, one bit each, which a copy turns.
template <class Dtype>
URN_DEVICE void load_wait(const Row<Dtype, true> &row, SliceParts slice, LoadRoom room, uint32_t &next, uint32_t until,
                          uint32_t &phases) {
    for (; next < LOAD_CHUNKS && row.begin + next * slice.chunk < until; next++) {
        SliceParts copy = copy_parts(row, slice, next);
        if (copy.low < copy.high) {
            bulk_wait(next == 0   ? room.arrived[0]
                      : next == 1 ? room.arrived[1]
                      : next == 2 ? room.arrived[2]
                                  : room.arrived[3],
                      phases >> next & 1);
            phases ^= 1u << next;
        }
    }
}
template <class Dtype>
URN_DEVICE void load_wait(const Row<Dtype, false> &, SliceParts, LoadRoom, uint32_t &, uint32_t, uint32_t &) {}
template <class Dtype> URN_DEVICE SliceParts slice_parts(const Row<Dtype, false> &) { return {0, 0, 0, 0}; }
template <int TEAM>
URN_DEVICE void load_start(const Team<TEAM> &, const Row<Full, true> &, LoadRoom) {} // the first look loads
URN_DEVICE SliceParts slice_parts(const Row<Full, true> &) { return {0, 0, 0, 0}; }
URN_DEVICE void load_wait(const Row<Full, true> &, SliceParts, LoadRoom, uint32_t &, uint32_t, uint32_t &) {}

// The whole team calls. The row's first look: sum counts possible ids, max is the largest key, flags are 1 NaN, 2 +inf.
// Keys are compared as integers, so NaN shows without a float test. Sets every kept byte of the slice.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE TeamTally first_look(Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, LoadRoom room) {
    constexpr bool waits = RESIDENT && !Dtype::full && TEAM != TEAM_WARP && URN_HAS_CLUSTER;
    SliceParts slice = slice_parts(row);
    uint32_t next = 0, phases = TEAM == TEAM_CREW ? team.phases : 0;
    Tally mine = {0, 0, 0};
    for (uint32_t group = team.warp; group < row.groups; group += team.warps) {
        if (waits) load_wait(row, slice, room, next, row.begin + (group + 1) * GROUP, phases);
        uint32_t unit = own_unit(group), bits = 0;
        float x[UNIT];
        if constexpr (Dtype::full) {
            row.given_logits(unit, x); // plain 16-byte loads; converted and held here
            if (row.is_held(unit)) row.put_logits(unit, x);
        } else if (RESIDENT) {
            row.logits(unit, x);
        } else {
            row.first_logits(unit, x);
        }
        uint32_t largest = 0, smallest = 0xffffffffu;
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) {
            uint32_t key = order_key(x[i]);
            bits |= (key > URN_KEY_MINUS_INF ? 1u : 0u) << i;
            largest = max_of(largest, key);
            smallest = min_of(smallest, key);
        }
        if (largest >= URN_KEY_PLUS_INF || smallest < URN_KEY_MINUS_INF) { // rare: say which
            URN_UNROLL
            for (uint32_t i = 0; i < UNIT; i++)
                mine.flags |= (x[i] != x[i] ? 1u : 0u) | (order_key(x[i]) == URN_KEY_PLUS_INF ? 2u : 0u);
        }
        mine.max = max_of(mine.max, largest);
        mine.sum += (uint32_t)popc_u32(bits);
        row.keep_bits(unit, bits);
    }
    if (waits)
        load_wait(row, slice, room, next, 0xffffffffu, phases); // no warp leaves before its block's copies have landed
    if (TEAM == TEAM_CREW) team.phases = phases;
    return team_tally(team, mine);
}

} // namespace urnd

#endif
