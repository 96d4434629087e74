// topk.cu - the first k ids of every row, plain, by value, by Gumbel keys or by the race: urn_topk, in one launch.
// shapes   logits [rows, cols] f32|f16|bf16, dense, indexed or ragged -> ids [rows, k] and what else is asked for
// idea     a cluster or a crew takes a row and runs its steps as urn_sample's full form does. Walks over what it holds
// cut the
//          order of 64-bit keys by 11-bit digits until what lies before the cut fits block 0's room, which sorts it.
//          Gumbel keys are made again in each walk, from bins of 1/16 bit: two walks nearly always. The race draws one
//          id a round from the groups' sums
// minimum  cols*e + 4 k bytes a row                  this kernel: the same, and a few words of row parameters, where
// the
//          row is resident; a streamed row is read once a pass: those of its steps (sample_full.cu), and plain, value 2
//          to 4, gumbel 2, race 1
// bound    gumbel: f64, two logarithms a key and walk; others: issue slots
// launch   as urn_sample's full form (row_plan.h), block up to 256 threads, shared sample_room and 16 bytes for each of
//          1.25 (k + 1) records, which a crew leaves on its board too
// bits     keys, weights and their sums are integers; f64 for single picks, on one thread each
// tail     as in sample.cu
// ptxas    2 kernels, no spill, no stack frame: sm_90 160 and 170 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/row/empty_row.h"
#include "kernels/steps/row_here.h"
#include "kernels/steps/row_plan.h"
#include "kernels/steps/run_steps.h"
#include "kernels/topk/topk_outputs.h"
#include "kernels/topk/topk_race.h"

namespace urnd {

// Any thread calls for itself: the row's k, and what is wrong with it beside `status`.
URN_DEVICE int32_t row_k(const urn_topk_params &p, int64_t rows, int64_t row, int32_t status, DrawSpan span,
                         uint32_t &k) {
    k = span.count;
    if (!p.k_of_row || (status & (URN_ROW_PADDING | URN_ROW_INDEX))) return status;
    int32_t own = Global<const int32_t>(p.k_of_row, rows, TAG_PARAM).load(row);
    bool good = own >= 0 && own <= p.k;
    k = good ? (uint32_t)own : 0;
    return good ? status : (status & ~URN_ROW_EMPTY) | URN_ROW_PARAM;
}

// The whole team calls: every element of a plain row is a candidate, whatever it is.
template <int TEAM, bool RESIDENT> URN_DEVICE void keep_all(FullState<TEAM, RESIDENT> &s) {
    const Row<Full, RESIDENT> &row = s.row;
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group), q = row.begin + unit * UNIT, bits = 0;
        URN_UNROLL
        for (uint32_t i = 0; i < UNIT; i++) bits |= (q + i >= row.shift && q + i < row.end ? 1u : 0u) << i;
        row.keep_bits(unit, bits);
    }
    s.epoch.count = row.end - row.shift;
    block_meet<TEAM>();
}

// The whole team calls: a row whose head is known. Its status: where that is not 0 nothing has been written.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t take_topk(FullState<TEAM, RESIDENT> &s, const TopkRooms<TEAM, RESIDENT> &room, const TopkArgs &args,
                             const RowHead &head, int64_t index, DrawSpan span, uint32_t k) {
    const urn_topk_params &p = args.p;
    TeamTally look = first_look(s.team, s.row, room.row.load);
    const bool plain = p.by == URN_TOPK_PLAIN, race = p.by == URN_TOPK_RACE;
    uint32_t flags = plain ? look.all.flags & ((p.flags & URN_TOPK_NANS) ? 0u : 1u) : look.all.flags;
    if (flags) return look_status(flags);
    s.epoch.count = (uint32_t)look.all.sum;
    s.epoch.largest = look.all.max;
    if (plain) {
        keep_all(s);
    } else {
        bool mass =
            race || p.logprob || p.logmass || p.ordered_logprob || p.set_logprob || p.beam_keys || p.beam_logprob;
        int32_t status = run_steps<false>(s, room.row, args.rows, head, index, mass);
        if (status) return status;
    }

    RowTopk topk = {0, INT64_MIN};
    bool after = p.threshold || p.inclusion_logprob; // the candidate after the picks is asked for
    uint32_t need = k + (after ? 1 : 0);
    if (race && !s.epoch.greedy) {
        topk.found = race_row(s, room.topk, topk_board(args), head, k);
        uint64_t next = s.team.rank == 0 ? room.topk.key.load(topk.found) : 0;
        if (next != 0) topk.threshold = drop_gumbel(next);
    } else if (need != 0) {
        Candidates all = first_candidates(s, room, head, args, need);
        topk.found = all.total < k ? (uint32_t)all.total : k;
        if (after && all.total > k && s.team.rank == 0) topk.threshold = drop_gumbel(room.topk.key.load(k));
    }
    if (s.team.rank == 0) write_picks(s, room.topk, args, index, span, topk);
    return URN_ROW_OK;
}

// The whole team calls; `team` goes on to its next row.
template <int TEAM, bool RESIDENT>
URN_DEVICE void topk_row(Team<TEAM> &team, const TopkRooms<TEAM, RESIDENT> &room, const TopkArgs &args, int64_t index) {
    const urn_sample_params &rows = args.rows.call.params;
    if (team.warp == 0) resolve_row<Full>(rows, args.rows.call.lists, args.rows.call.state, index, room.row.params);
    if constexpr (TEAM == TEAM_CREW)
        block_meet<TEAM>(); // what blocks post before they meet, nobody still reads (team.h)
    else
        team_meet(team); // and no block reaches into another that has not started
    RowHead head = room.row.params.head.load(0);
    DrawSpan span = draw_span<true>(rows, index);
    uint32_t k = 0;
    int32_t status = row_k(args.p, rows.logits.rows, index, head.status, span, k);
    if (status == 0) {
        const Epoch fresh = {1.0f, 0,   0,     false, false, false, 0, 0, 0, {{0, 0, 0}, 0, 0},
                             0,    0.0, false, false, 0.0f,  false};
        FullState<TEAM, RESIDENT> s = {team, row_here(team, room.row, head, args.rows, index), fresh, room.row.cut};
        status = take_topk(s, room, args, head, index, span, k);
        team = s.team;
    }
    if (status == 0 || team.rank != 0) return;
    const float none = bits_f32(URN_NAN_BITS);
    empty_picks(args.p, span, 0, team.thread, team.threads);
    if (team.thread == 0) write_row(args.p, rows.logits.rows, index, {0, INT64_MIN}, status, none, none);
}

struct TopkPolicy {
    enum { most_threads = 256 }; // steps need many registers
    enum { few_threads = 64 };   // of rows that a warp could hold; guess
};

template <int TEAM, bool RESIDENT> URN_KERNEL(+TopkPolicy::most_threads) topk_kernel(URN_ARGS(TopkArgs) args) {
    const int64_t rows = args.rows.call.params.logits.rows;
    Arena arena(true);
    TopkRooms<TEAM, RESIDENT> room = topk_rooms<TEAM, RESIDENT>(arena, args.rows.groups, args.most, args.sets);
    if constexpr (TEAM == TEAM_CREW) {
        const SampleArgs &a = args.rows;
        Team<TEAM> team = crew_here(room.row.team, a.crew, a.counters, a.boards, a.board_bytes);
        if (team.ranks > 1) clear_crew_bins(team, 0); // the crew meets before its first histogram
        URN_ROLLED
        for (uint32_t index = block_id() / a.crew; index < rows; index += a.crews) {
            topk_row(team, room, args, index);
            block_sync(); // the block's shared memory is the next row's
        }
    } else {
        Team<TEAM> team = team_here<TEAM>(room.row.team);
        int64_t index = block_id() / cluster_size();
        if (index < rows) topk_row(team, room, args, index);
    }
}

// launching: a block alone is a cluster of one, and a crew that holds its row a streaming one with room for all of it,
// which spares two instantiations of every step

template <int TEAM, bool RESIDENT> size_t shared_of_topk(uint32_t groups, uint32_t most, uint32_t sets) {
    Arena arena(false);
    topk_rooms<TEAM, RESIDENT>(arena, groups, most, sets);
    return arena.used;
}

struct TopkKernel {
    void (*kernel)(TopkArgs);
    size_t (*bytes)(uint32_t groups, uint32_t most, uint32_t sets);
    uint32_t most, sets;
    size_t shared(uint32_t groups) const { return bytes(groups, most, sets); }
};

inline TopkKernel topk_kernel_of(int form, uint32_t most, uint32_t sets) {
    if (form == FORM_CREW || form == FORM_STREAMED)
        return {topk_kernel<TEAM_CREW, false>, shared_of_topk<TEAM_CREW, false>, most, sets};
    return {topk_kernel<TEAM_CLUSTER, true>, shared_of_topk<TEAM_CLUSTER, true>, most, sets};
}

inline int launch_topk(const urnk_device &d, const urnk_topk_call &call, struct CUstream_st *stream) {
    const urn_matrix &m = call.rows.logits;
    if (m.rows == 0) return 0;
    set_launch_options(&d);
    const uint32_t most = urnk_topk_records(call.params.k), sets = topk_sets(call.params);
    urnk_device hinted = d;
    if (hinted.hint.team == 0 || hinted.hint.team == TEAM_WARP) hinted.hint.team = TEAM_CLUSTER;
    if (hinted.hint.threads == 0 && m.cols <= RowPolicy::warp_cols) hinted.hint.threads = TopkPolicy::few_threads;
    return plan_and_run(
        hinted, m, TopkPolicy::most_threads, [&](int form) { return topk_kernel_of(form, most, sets); },
        [&](const RowPlan<TopkKernel> &plan) {
            TopkArgs args = {{}, call.params, most, sets, (uint32_t)urnk_board_bytes(call.lists.needs)};
            urnk_sample_call rows = {call.rows, call.lists, call.state, call.workspace, call.workspace_bytes};
            int error = prepare(plan.kernel.kernel, (size_t)d.shared_per_block);
            if (!error) error = row_args(plan, rows, stream, &args.rows);
            args.rows.board_bytes += urnk_topk_board(call.params.k);
            return error ? error : launch(plan.kernel.kernel, plan.shape, stream, args);
        });
}

} // namespace urnd

extern "C" int URN_SIDE(topk)(const urnk_device *device, const urnk_topk_call *call, struct CUstream_st *stream) {
    return urnd::launch_topk(*device, *call, stream);
}
