// row_here.h - a team's row: where it lies, where its state lies, and the load that starts its way.
#ifndef URN_ROW_HERE_H
#define URN_ROW_HERE_H

#include "kernels/steps/step_room.h"

namespace urnd {

// A row's share of the workspace, each part for all its groups: values (only where a step may change them; first, since
// they are read 16 bytes at a time), sums, kept bytes, marks, and room to sort.
struct RowWork {
    uint32_t *values;
    uint64_t *sums;
    uint8_t *kept;
    uint32_t *marked;
};
URN_DEVICE RowWork row_work(const SampleArgs &args, int64_t index) {
    int64_t groups = args.work_groups;
    uint8_t *work = (uint8_t *)args.call.workspace + index * groups * args.work_bytes;
    bool values_too = (args.call.lists.needs & URN_NEEDS_FULL) != 0;
    uint64_t *sums = (uint64_t *)(work + (values_too ? groups * GROUP * 4 : 0));
    uint8_t *kept = (uint8_t *)(sums + groups);
    return {(uint32_t *)work, sums, kept, (uint32_t *)(kept + groups * GROUP_UNITS)};
}

// A team's row: where it lies and what is known of it before it is read.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Row<Dtype, RESIDENT> row_here(const Team<TEAM> &team, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                                         const RowHead &head, const SampleArgs &args, int64_t index) {
    typedef typename Dtype::Stored Stored;
    RowWork work = {nullptr, nullptr, nullptr, nullptr};
    if (!RESIDENT) work = row_work(args, index);
    uint64_t *sums = work.sums;
    uint8_t *kept = work.kept;
    const void *data = (const void *)(uintptr_t)head.data;
    const Global<uint64_t> no_sums(sums, 0, TAG_WORKSPACE);
    const Global<uint8_t> no_kept(kept, 0, TAG_WORKSPACE);
    if constexpr (Dtype::full) {
        uint32_t *marked = work.marked;
        uint32_t *values = work.values;
        const Global<uint32_t> none(values, 0, TAG_WORKSPACE);
        Row<Dtype, RESIDENT> row = {0,
                                    0,
                                    0,
                                    0,
                                    args.call.params.logits.dtype,
                                    false,
                                    Global<const uint16_t>((const uint16_t *)data, head.cols, TAG_LOGITS),
                                    Global<const uint32_t>((const uint32_t *)data, head.cols, TAG_LOGITS),
                                    room.held,
                                    room.kept,
                                    room.sums,
                                    room.marked,
                                    none,
                                    no_kept,
                                    no_sums,
                                    none};
        cut_slice(team, row, head.cols);
        if (!RESIDENT) {
            int64_t first = row.begin / GROUP, own = row.groups;
            row.far_sums = Global<uint64_t>(sums + first, own, TAG_WORKSPACE);
            row.far_kept = Global<uint8_t>(kept + first * GROUP_UNITS, own * GROUP_UNITS, TAG_WORKSPACE);
            row.far_marked = Global<uint32_t>(marked + first * GROUP_WORDS, own * GROUP_WORDS, TAG_WORKSPACE);
            row.far_held = Global<uint32_t>(values + first * GROUP, own * GROUP, TAG_WORKSPACE);
            row.near = min_of(row.groups, args.groups) * GROUP_UNITS;
        }
        return row;
    } else {
        Row<Dtype, RESIDENT> row = {Global<const Stored>((const Stored *)data, head.cols, TAG_LOGITS),
                                    0,
                                    0,
                                    0,
                                    0,
                                    room.held,
                                    room.kept,
                                    room.sums,
                                    no_kept,
                                    no_sums};
        cut_slice(team, row, head.cols);
        if (!RESIDENT) {
            int64_t first = row.begin / GROUP, own = row.groups;
            row.far_sums = Global<uint64_t>(sums + first, own, TAG_WORKSPACE);
            row.far_kept = Global<uint8_t>(kept + first * GROUP_UNITS, own * GROUP_UNITS, TAG_WORKSPACE);
            row.near = min_of(row.groups, args.groups) * GROUP_UNITS;
            // in the share of the marks, which only the full form has
            row.far_open = Global<uint32_t>(work.marked + first, own, TAG_WORKSPACE);
        }
        return row;
    }
}

template <int TEAM, class Dtype, bool RESIDENT> struct LoadRow {
    URN_DEVICE static void start(const Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, LoadRoom room) {
        load_start(team, row, room);
    }
};
template <int TEAM, class Dtype> struct LoadRow<TEAM, Dtype, false> {
    URN_DEVICE static void start(const Team<TEAM> &, const Row<Dtype, false> &, LoadRoom) {}
};

template <class Dtype> URN_DEVICE typename LawOf<Dtype>::Law raw_law(float max) {
    if constexpr (Dtype::full)
        return {max, URN_LOG2E, false};
    else
        return {max, URN_LOG2E};
}

} // namespace urnd

#endif
