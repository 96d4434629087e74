// step_room.h - what a launch is told, and what a team keeps in shared memory while it has a row.
#ifndef URN_STEP_ROOM_H
#define URN_STEP_ROOM_H

#include "kernels/launch.h"
#include "kernels/row/full_params.h"
#include "kernels/row/row_load.h"
#include "kernels/row/values.h"
#include "kernels/steps/logit_room.h"
#include "kernels/steps/output_room.h"
#include "kernels/steps/sample_draw.h"

namespace urnd {

struct SampleArgs {
    urnk_sample_call call;
    uint32_t groups;      // room of a slice, or of the groups of one that are held
    uint32_t work_groups; // a row's share of the workspace, in groups
    uint32_t work_bytes;  // of a group
    // of crews: blocks in each, how many there are, and where they meet
    uint32_t crew = 0, crews = 0;
    uint8_t *counters = nullptr, *boards = nullptr;
    size_t board_bytes = 0;
};

// PLAIN lists have no keep step, so no histograms.
template <int TEAM, class Dtype, bool RESIDENT> struct SampleRoom {
    TeamRoom team;
    ParamsRoom<Dtype> params;
    LoadRoom load;
    CutRoom cut;
    DrawRoom draw;
    SelectRoom select;
    Shared<typename Dtype::Stored> held;
    Shared<uint8_t> kept;
    Shared<uint64_t> sums;
    // full form
    Shared<uint32_t> marked;
    Shared<uint64_t> scalar; // [1] what one thread of a block works out for the others
    LogitRoom logit;
    OutputRoom output;
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_HOST_DEVICE SampleRoom<TEAM, Dtype, RESIDENT> sample_room(Arena &arena, uint32_t groups) {
    SampleRoom<TEAM, Dtype, RESIDENT> room;
    size_t held = RESIDENT ? groups : 0;
    // first what has the same size in every launch, so that its addresses are constants
    room.team = team_room<TEAM>(arena);
    room.params = params_room<Dtype>(arena);
    room.load = load_room < TEAM, RESIDENT && !Dtype::full > (arena);
    room.cut = cut_room(arena);
    room.draw = draw_room<Dtype>(arena);
    if (!PLAIN) room.select = select_room<TEAM, RESIDENT>(arena);
    if (Dtype::full) {
        room.scalar = arena.take<uint64_t>(1, "scalar");
        room.logit = logit_room<TEAM>(arena);
        room.output = output_room<TEAM>(arena);
    }
    room.held = arena.take<typename Dtype::Stored>((size_t)groups * GROUP, "row.held");
    room.sums = arena.take<uint64_t>(held, "row.sums");
    room.kept = arena.take<uint8_t>(held * GROUP_UNITS, "row.kept");
    if (Dtype::full) room.marked = arena.take<uint32_t>(held * GROUP_WORDS, "row.marked");
    arena.used = (arena.used + 15) & ~(size_t)15;
    return room;
}

// What steps and outputs of the full form need besides the state of the row.
template <int TEAM, bool RESIDENT> struct Here {
    const SampleArgs &args;
    const SampleRoom<TEAM, Full, RESIDENT> &room;
    RowHead head;
    int64_t index; // the row's number in the call
    // The step as the caller gave it: tables, lists. A few words from L2.
    URN_DEVICE urn_step given(const FullStep &step) const {
        const urn_lists_view &lists = args.call.lists;
        return Global<const urn_step>(lists.steps, (int64_t)step.at + 1, TAG_PARAM).load(step.at);
    }
};
template <int TEAM, bool RESIDENT> using FullState = State<TEAM, Full, RESIDENT>;

// The team's threads of this block call: one of them works the value out, all get it. For f64, which is slow.
template <int TEAM, class F> URN_DEVICE uint64_t from_one(const Team<TEAM> &team, Shared<uint64_t> scalar, const F &f) {
    if (team.thread == 0) scalar.store(0, f());
    block_meet<TEAM>();
    uint64_t v = scalar.load(0);
    block_meet<TEAM>(); // before the next one is stored
    return v;
}

} // namespace urnd

#endif
