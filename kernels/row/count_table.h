// count_table.h - a slot's table of output ids and how often each was committed (slots.h).
#ifndef URN_COUNT_TABLE_H
#define URN_COUNT_TABLE_H

#include "kernels/simt/words.h"
#include "urn/slots.h"

namespace urnd {

struct CountTable {
    Global<int32_t> ids; // id + 1; 0 ends a search
    Global<uint32_t> counts;
    uint32_t last; // places - 1, a mask: places are a power of two, half of them free

    URN_DEVICE uint32_t home(int32_t id) const { return (uint32_t)id * 0x9E3779B1u & last; }
};

URN_DEVICE CountTable count_table(const urn_slots_view &v, const urn_slots_state &state, int64_t slot) {
    int64_t places = v.counts > 0 ? v.count_slots : 0;
    return {Global<int32_t>(state.count_id + slot * places, places, TAG_STATE),
            Global<uint32_t>(state.count_n + slot * places, places, TAG_STATE), (uint32_t)(places - 1)};
}

URN_DEVICE int32_t table_name(int32_t id) { return (int32_t)((uint32_t)id + 1u); }

// One thread calls, of a table with places. Is the id in it?
URN_DEVICE bool table_has(const CountTable &table, int32_t id) {
    URN_ROLLED
    for (uint32_t i = 0; i <= table.last; i++) {
        int32_t held = table.ids.load((table.home(id) + i) & table.last);
        if (held == table_name(id)) return true;
        if (held == 0) return false;
    }
    return false;
}

// One warp calls: one more of an id. False: it is not there and there is no room for it. distinct: how many ids are
// there, kept by every lane. Lanes look at 32 places at once, in one transaction.
URN_DEVICE bool table_add(const CountTable &table, int32_t id, uint32_t &distinct, uint32_t room) {
    URN_ROLLED
    for (uint32_t first = 0; first <= table.last; first += 32) {
        uint32_t place = (table.home(id) + first + lane_id()) & table.last;
        int32_t held = table.ids.load(place);
        uint32_t ends = ballot(held == 0 || held == table_name(id));
        if (!ends) continue;
        uint32_t lane = (uint32_t)popc_u32((ends & (0u - ends)) - 1);
        bool fresh = shfl(held, lane) == 0;
        if (fresh && distinct >= room) return false;
        if (lane_id() == lane) {
            if (fresh) table.ids.store(place, table_name(id));
            table.counts.store(place, fresh ? 1 : table.counts.load(place) + 1);
        }
        distinct += fresh ? 1 : 0;
        warp_sync(); // the next id may be looked for at the same places
        return true;
    }
    return false;
}

} // namespace urnd

#endif
