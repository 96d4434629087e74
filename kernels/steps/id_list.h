// id_list.h - a row's list of ids (urn_id_lists): where it lies, and which of its ids are in this block's slice.
#ifndef URN_ID_LIST_H
#define URN_ID_LIST_H

#include "kernels/row/marks.h"
#include "urn/steps.h"

namespace urnd {

struct IdList {
    Global<const int32_t> ids;
    Global<const float> values; // null where the step has none
    int64_t count;
};

// Any thread calls for itself: `count` entries from `from` on.
URN_DEVICE IdList id_list(const urn_step &step, int64_t from, int64_t count) {
    return {Global<const int32_t>((const int32_t *)step.table + from, count, TAG_PARAM),
            Global<const float>(step.values ? step.values + from : nullptr, step.values ? count : 0, TAG_PARAM), count};
}

// Any thread calls for itself: the place of an id in this block's slice. False: it is not there, or not in the row.
template <bool RESIDENT> URN_DEVICE bool place_of(const Row<Full, RESIDENT> &row, int64_t id, uint32_t &place) {
    if (id < 0 || id >= (int64_t)(row.end - row.shift)) return false;
    place = (uint32_t)id + row.shift;
    return row.holds(place);
}

// The team's threads of this block call: every id of the list in this block's slice is marked. Each block of a cluster
// reads the whole list, which is short, and no mark crosses the cluster.
template <int TEAM, bool RESIDENT>
URN_DEVICE void mark_list(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const IdList &list) {
    URN_ROLLED
    for (int64_t k = team.thread; k < list.count; k += team.threads) mark_id(row, list.ids.load(k));
}

} // namespace urnd

#endif
