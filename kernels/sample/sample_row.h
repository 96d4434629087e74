// sample_row.h - one team takes one row: where it is, its first look, steps, draws, outputs; and the kernel around it.
#ifndef URN_SAMPLE_ROW_H
#define URN_SAMPLE_ROW_H

#include "kernels/row/empty_row.h"
#include "kernels/sample/full_outputs.h"
#include "kernels/sample/run_steps.h"

namespace urnd {

// A team's row: where it lies and what is known of it before it is read.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Row<Dtype, RESIDENT> row_here(const Team<TEAM> &team, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                                         const RowHead &head, const SampleArgs &args, int64_t index) {
    typedef typename Dtype::Stored Stored;
    // the row's share of the workspace: values (only where a step may change them; first, since they are read 16 bytes
    // at a time), sums, kept bytes, marks, and room to sort, each for all its groups
    int64_t groups = RESIDENT ? 0 : args.work_groups;
    uint8_t *work = (uint8_t *)args.call.workspace;
    if (!RESIDENT) work += index * groups * args.work_bytes;
    bool values_too = Dtype::full && (args.call.lists.needs & URN_NEEDS_FULL) != 0;
    uint64_t *sums = (uint64_t *)(work + (values_too ? groups * GROUP * 4 : 0));
    uint8_t *kept = (uint8_t *)(sums + groups);
    const void *data = (const void *)(uintptr_t)head.data;
    const Global<uint64_t> no_sums(sums, 0, TAG_WORKSPACE);
    const Global<uint8_t> no_kept(kept, 0, TAG_WORKSPACE);
    if constexpr (Dtype::full) {
        uint32_t *marked = (uint32_t *)(kept + groups * GROUP_UNITS);
        uint32_t *values = (uint32_t *)work;
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

// One team, one row. Its status: where that is not 0 nothing has been written but what empty_row writes again.
template <bool PLAIN, int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE int32_t take_row(Team<TEAM> &team, const SampleRoom<TEAM, Dtype, RESIDENT> &room, const SampleArgs &args,
                            int64_t index) {
    constexpr bool full = Dtype::full != 0;
    const urn_sample_params &p = args.call.params;
    if (team.warp == 0) resolve_row<Dtype>(p, args.call.lists, args.call.state, index, room.params);
    team_meet<TEAM>(); // and no block reaches into another that has not started
    RowHead head = room.params.head.load(0);
    if (head.status) return head.status;

    Epoch fresh = {
        1.0f,  0,    0,    false, false, false, 0, 0, 0, {{0, 0, 0}, 0, 0}, 0, 0.0, p.kept_logmass != nullptr,
        false, 0.0f, false};
    State<TEAM, Dtype, RESIDENT> s = {team, row_here(team, room, head, args, index), fresh, room.cut};
    LoadRow<TEAM, Dtype, RESIDENT>::start(s.team, s.row, room.load);
    TeamTally look = first_look(s.team, s.row, room.load);
    if (look.all.flags) return look_status(look.all.flags);
    s.epoch.count = (uint32_t)look.all.sum;
    s.epoch.largest = look.all.max;

    // the raw law before any step: with no steps it is also the law drawn from
    RawLaw raw = {key_value(look.all.max), 0};
    bool wants_raw = needs_raw_mass<full>(p), at_once = head.steps != 0 || (full && p.top_n > 0);
    if (wants_raw && at_once && s.epoch.count != 0)
        raw.mass = sum_groups(s.team, s.row, raw_law<Dtype>(raw.max), true).all.sum;
    if constexpr (full) outputs_before(s, Here<TEAM, RESIDENT>{args, room, head, index}, raw);
    bool mass = needs_mass<full>(p) || (wants_raw && !at_once);
    int32_t status = run_steps<PLAIN>(s, room, args, head, index, mass);
    if (status) return status;
    if (wants_raw && !at_once) raw.mass = s.epoch.mass.all.sum;
    if (needs_draws<full>(p)) draw_row(s, room.draw, head, p, index, raw);
    if constexpr (full) outputs_after(s, Here<TEAM, RESIDENT>{args, room, head, index}, raw);
    write_sides(s, p, index, raw);
    if constexpr (full) outputs_last(s, Here<TEAM, RESIDENT>{args, room, head, index});
    return URN_ROW_OK;
}

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_DEVICE void sample_row(const SampleArgs &args, int64_t index) {
    Arena arena(true);
    if (TEAM == TEAM_WARP) {
        Arena measure(false);
        sample_room<TEAM, Dtype, RESIDENT, PLAIN>(measure, args.groups);
        arena.used = warp_id() * measure.used;
    }
    SampleRoom<TEAM, Dtype, RESIDENT> room = sample_room<TEAM, Dtype, RESIDENT, PLAIN>(arena, args.groups);
    Team<TEAM> team = team_here<TEAM>(room.team);
    int32_t status = take_row<PLAIN>(team, room, args, index);
    if (status && team.rank == 0)
        empty_row<Dtype::full != 0>(args.call.params, index, status, team.thread, team.threads);
}

// Threads of a block, bounded by what the kernels are compiled for.
struct SamplePolicy {
    enum { most_threads = 512 };
    enum { most_warp_threads = 256 }; // of blocks whose warps hold rows: room for more registers on sm_80
    enum { most_full_threads = 256 }; // of the full form, whose steps need twice the registers of the others
    enum { warp_cols = 1024 };        // longest row of a warp
    enum { warp_threads = 128 };      // four rows a block; guess
    enum { threads = 512 };           // one block a multiprocessor; guess
    enum { half_threads = 256 };      // where two blocks fit; guess
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_KERNEL((Dtype::full         ? +SamplePolicy::most_full_threads
            : TEAM == TEAM_WARP ? +SamplePolicy::most_warp_threads
                                : +SamplePolicy::most_threads))
sample_kernel(URN_ARGS(SampleArgs) args) {
    int64_t index = block_id();
    if (TEAM == TEAM_WARP) index = index * block_warps() + warp_id();
    if (TEAM == TEAM_CLUSTER) index = index / cluster_size();
    if (index < args.call.params.logits.rows) sample_row<TEAM, Dtype, RESIDENT, PLAIN>(args, index);
}

struct SampleKernel {
    void (*kernel)(SampleArgs);
    size_t (*shared)(uint32_t groups); // of one team in one block
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN> size_t shared_of(uint32_t groups) {
    Arena arena(false);
    sample_room<TEAM, Dtype, RESIDENT, PLAIN>(arena, groups);
    return arena.used;
}

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN> SampleKernel sample_kernel_entry() {
    return {sample_kernel<TEAM, Dtype, RESIDENT, PLAIN>, shared_of<TEAM, Dtype, RESIDENT, PLAIN>};
}

// Three kinds of kernel by what lists hold and calls ask for, four forms by who takes a row.
enum Kind { KIND_PLAIN, KIND_KEEP, KIND_FULL, KINDS };
enum Form { FORM_WARP, FORM_BLOCK, FORM_CLUSTER, FORM_STREAMED, FORMS };

SampleKernel full_kernel_of(int form); // sample_full.cu

} // namespace urnd

#endif
