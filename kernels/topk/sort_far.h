// sort_far.h - records in global memory, sorted in place by a team: the network of sort_ids.h, whose narrow steps are
// done in tiles of shared memory.
#ifndef URN_SORT_FAR_H
#define URN_SORT_FAR_H

#include "kernels/row/reach.h"
#include "kernels/row/sort_ids.h"
#include "kernels/topk/long_items.h"

namespace urnd {

enum { TILE = 2048 }; // records: 32 KB

struct TileRoom {
    Shared<int64_t> key, id; // [TILE]
};
URN_HOST_DEVICE TileRoom tile_room(Arena &arena) {
    TileRoom room = {arena.take<int64_t>(TILE, "tile.key"), arena.take<int64_t>(TILE, "tile.id")};
    return room;
}

// By larger key and then smaller id; or by id.
URN_DEVICE bool in_order(urn_topk_record a, urn_topk_record b, bool by_id) {
    return by_id || a.key == b.key ? a.id < b.id : a.key > b.key;
}

// The whole team calls: the tiles of a merge, from nothing or its last steps. A trip to memory.
template <int TEAM>
URN_DEVICE void sort_record_tiles(Team<TEAM> &team, Global<urn_topk_record> records, int64_t count, TileRoom tile,
                                  bool whole, bool by_id) {
    URN_ROLLED
    for (int64_t base = (int64_t)team.rank * TILE; base < count; base += (int64_t)team.ranks * TILE) {
        uint32_t here = count - base < TILE ? (uint32_t)(count - base) : +TILE;
        URN_ROLLED
        for (uint32_t i = team.thread; i < here; i += team.threads) {
            urn_topk_record r = records.load(base + i);
            tile.key.store(i, r.key), tile.id.store(i, r.id);
        }
        block_meet<TEAM>();
        sort_network(team, TILE, here, whole, [&](uint32_t i, uint32_t j) {
            urn_topk_record a = {tile.key.load(i), tile.id.load(i)}, b = {tile.key.load(j), tile.id.load(j)};
            if (in_order(a, b, by_id)) return;
            tile.key.store(i, b.key), tile.id.store(i, b.id);
            tile.key.store(j, a.key), tile.id.store(j, a.id);
        });
        URN_ROLLED
        for (uint32_t i = team.thread; i < here; i += team.threads)
            records.store(base + i, {tile.key.load(i), tile.id.load(i)});
        block_meet<TEAM>();
    }
    team_meet(team);
}

// The whole team calls, after a meeting; meets before it returns. No two records are equal. Traffic: of count = 2^c
// records, (c - 11) (c - 10) / 2 + 1 trips.
template <int TEAM>
URN_DEVICE void sort_records(Team<TEAM> &team, Global<urn_topk_record> records, int64_t count, TileRoom tile,
                             bool by_id) {
    sort_record_tiles(team, records, count, tile, true, by_id);
    const int64_t stride = (int64_t)team.ranks * team.threads;
    URN_ROLLED
    for (uint32_t merge = 2 * TILE; merge / 2 < count; merge *= 2) { // count up to 2^30
        URN_ROLLED
        for (uint32_t reach = merge / 2; reach >= TILE; reach /= 2) {
            URN_ROLLED
            for (int64_t t = (int64_t)team.rank * team.threads + team.thread; t < merge_pairs((uint32_t)count, merge);
                 t += stride) {
                SortPair pair = sort_pair((uint32_t)t, reach, reach == merge / 2);
                if (pair.high >= count) continue;
                urn_topk_record a = records.load(pair.low), b = records.load(pair.high);
                if (!in_order(a, b, by_id)) records.store(pair.low, b), records.store(pair.high, a);
            }
            team_meet(team);
        }
        sort_record_tiles(team, records, count, tile, false, by_id);
    }
}

} // namespace urnd

#endif
