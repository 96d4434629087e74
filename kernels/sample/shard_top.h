// shard_top.h - the first ids of a slice in the order, in one walk: what may be among them goes to a buffer in shared
// memory, which is sorted and cut whenever it could overflow.
#ifndef URN_SHARD_TOP_H
#define URN_SHARD_TOP_H

#include "kernels/sample/shard_row.h"

namespace urnd {

// Each round appends at most `round` to the URN_SHARD_K that stand; guess.
enum { TOP_ROOM = 2048, TOP_EACH = 7, TOP_ROUND = ShardPolicy::threads * TOP_EACH };
static_assert(URN_SHARD_K + TOP_ROUND <= TOP_ROOM, "a round fits");

struct TopRoom {
    Shared<uint64_t> entry; // [TOP_ROOM] (key, ~id): larger comes first
    Shared<uint32_t> count; // [1]
};

URN_HOST_DEVICE TopRoom top_room(Arena &arena, bool wanted) {
    TopRoom room = {arena.take<uint64_t>(wanted ? +TOP_ROOM : 0, "top.entry"), arena.take<uint32_t>(1, "top.count")};
    return room;
}

// The block calls, between barriers: the largest URN_SHARD_K entries, falling, 0 where there are none. A bitonic sort.
URN_DEVICE void sort_top(TopRoom room) {
    uint32_t count = room.count.load(0), size = URN_SHARD_K;
    while (size < count) size *= 2;
    for (uint32_t i = count + thread_id(); i < size; i += ShardPolicy::threads) room.entry.store(i, 0);
    block_sync();
    URN_ROLLED
    for (uint32_t run = 2; run <= size; run *= 2) {
        URN_ROLLED
        for (uint32_t step = run / 2; step > 0; step /= 2) {
            for (uint32_t i = thread_id(); i < size / 2; i += ShardPolicy::threads) {
                uint32_t low = i / step * step * 2 + i % step, high = low + step;
                uint64_t a = room.entry.load(low), b = room.entry.load(high);
                if ((low & run) == 0 ? a < b : a > b) room.entry.store(low, b), room.entry.store(high, a);
            }
            block_sync();
        }
    }
    if (thread_id() == 0 && count > URN_SHARD_K) room.count.store(0, URN_SHARD_K);
    block_sync();
}

} // namespace urnd

#endif
