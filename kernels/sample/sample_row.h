// sample_row.h - one team takes one row: where it is, its first look, steps, draws, outputs; and the kernel around it.
#ifndef URN_SAMPLE_ROW_H
#define URN_SAMPLE_ROW_H

#include "kernels/row/empty_row.h"
#include "kernels/steps/full_outputs.h"
#include "kernels/steps/row_here.h"
#include "kernels/steps/row_plan.h"
#include "kernels/steps/run_steps.h"

namespace urnd {

// One team, one row, whose head is known. Its status: where that is not 0 nothing has been written but what empty_row
// writes again.
template <bool PLAIN, int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE int32_t take_row(State<TEAM, Dtype, RESIDENT> &s, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                            const SampleArgs &args, const RowHead &head, int64_t index) {
    constexpr bool full = Dtype::full != 0;
    const urn_sample_params &p = args.call.params;
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

// The whole team calls; `team` goes on to its next row.
template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_DEVICE void sample_row(Team<TEAM> &team, const SampleRoom<TEAM, Dtype, RESIDENT> &room, const SampleArgs &args,
                           int64_t index) {
    const urn_sample_params &p = args.call.params;
    if (team.warp == 0) resolve_row<Dtype>(p, args.call.lists, args.call.state, index, room.params);
    if constexpr (TEAM == TEAM_CREW)
        block_meet<TEAM>(); // what blocks post before they meet, nobody still reads (team.h)
    else
        team_meet(team); // and no block reaches into another that has not started
    RowHead head = room.params.head.load(0);
    int32_t status = head.status;
    if (status == 0) {
        Epoch fresh = {
            1.0f,  0,    0,    false, false, false, 0, 0, 0, {{0, 0, 0}, 0, 0}, 0, 0.0, p.kept_logmass != nullptr,
            false, 0.0f, false};
        State<TEAM, Dtype, RESIDENT> s = {team, row_here(team, room, head, args, index), fresh, room.cut};
        status = take_row<PLAIN>(s, room, args, head, index);
        team = s.team;
    }
    if (status && team.rank == 0) empty_row<Dtype::full != 0>(p, index, status, team.thread, team.threads);
}

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_DEVICE void sample_one(const SampleArgs &args, int64_t index) {
    Arena arena(true);
    if (TEAM == TEAM_WARP) {
        Arena measure(false);
        sample_room<TEAM, Dtype, RESIDENT, PLAIN>(measure, args.groups);
        arena.used = warp_id() * measure.used;
    }
    SampleRoom<TEAM, Dtype, RESIDENT> room = sample_room<TEAM, Dtype, RESIDENT, PLAIN>(arena, args.groups);
    Team<TEAM> team = team_here<TEAM>(room.team);
    sample_row<TEAM, Dtype, RESIDENT, PLAIN>(team, room, args, index);
}

// A crew takes every crews-th row. Its blocks stay, so a launch has no more of them than the device holds at once.
template <class Dtype, bool RESIDENT, bool PLAIN> URN_DEVICE void sample_many(const SampleArgs &args) {
    Arena arena(true);
    SampleRoom<TEAM_CREW, Dtype, RESIDENT> room = sample_room<TEAM_CREW, Dtype, RESIDENT, PLAIN>(arena, args.groups);
    uint32_t number = block_id() / args.crew;
    Team<TEAM_CREW> team = crew_here(room.team, args.crew, args.counters, args.boards, args.board_bytes);
    // the crew meets in every row that is read, before its first histogram
    if (!PLAIN && team.ranks > 1) clear_crew_bins(team, 0);
    if (RESIDENT && !Dtype::full && URN_HAS_CLUSTER && team.thread == 0) make_barriers(room.load);
    URN_ROLLED
    for (uint32_t index = number; index < args.call.params.logits.rows; index += args.crews) { // fewer than 2^31 rows
        sample_row<TEAM_CREW, Dtype, RESIDENT, PLAIN>(team, room, args, index);
        bulk_fence();
        block_sync(); // the block's shared memory is the next row's
    }
}

// Most threads of a block: what the kernels are compiled for.
struct SamplePolicy {
    enum { most_threads = 512 };
    enum { most_full_threads = 256 }; // of the full form, whose steps need twice the registers of the others
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_KERNEL((Dtype::full         ? +SamplePolicy::most_full_threads
            : TEAM == TEAM_WARP ? +RowPolicy::most_warp_threads
            : !RESIDENT         ? +RowPolicy::streamed_threads
            : TEAM == TEAM_CREW ? +RowPolicy::crew_threads
                                : +SamplePolicy::most_threads))
sample_kernel(URN_ARGS(SampleArgs) args) {
    if constexpr (TEAM == TEAM_CREW) {
        sample_many<Dtype, RESIDENT, PLAIN>(args);
    } else if constexpr (TEAM != TEAM_CLUSTER || URN_HAS_CLUSTER) { // elsewhere nobody launches that one
        int64_t index = block_id();
        if (TEAM == TEAM_WARP) index = index * block_warps() + warp_id();
        if (TEAM == TEAM_CLUSTER) index = index / cluster_size();
        if (index < args.call.params.logits.rows) sample_one<TEAM, Dtype, RESIDENT, PLAIN>(args, index);
    }
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

// Three kinds of kernel by what lists hold and calls ask for, in five forms.
enum Kind { KIND_PLAIN, KIND_KEEP, KIND_FULL, KINDS };

SampleKernel full_kernel_of(int form); // sample_full.cu

} // namespace urnd

#endif
