// verify_rows.h - one team takes one row of a request: its law and own draw, left in the workspace for the walk.
#ifndef URN_VERIFY_ROWS_H
#define URN_VERIFY_ROWS_H

#include "kernels/row/empty_row.h"
#include "kernels/steps/row_here.h"
#include "kernels/steps/run_steps.h"
#include "kernels/verify/prob_scale.h"
#include "kernels/verify/request.h"

namespace urnd {

enum { LAW_SKIPPED = -1 }; // in place of a row status: nobody asks for this row

// Tokens in flight at a node, oldest first: the caller's overlay, or the path from the root.
URN_DEVICE Drafts node_drafts(const VerifyArgs &v, const Request &r, int32_t node, int32_t depth) {
    const urn_sample_params &target = rows_of(v, SIDE_TARGET);
    int64_t t = r.first + node, most = v.call.params.depth;
    if (target.overlay) return drafts_of(target, t);
    if (!is_tree(v)) return {chain_drafts(v, r), (uint32_t)depth};
    return {Global<const int32_t>(v.path + t * most, depth, TAG_WORKSPACE), (uint32_t)depth};
}

// All lanes of warp 0 call: what row t of the target, or the draft row of its node, is. b: the request, or -1. The
// answer lies in room after the caller's next barrier.
URN_DEVICE void place_node(const VerifyArgs &v, int side, int64_t b, int64_t t, ParamsRoom<Full> room) {
    const SampleArgs &args = v.side[side];
    const urn_sample_params &p = args.call.params;
    RowHead head = {0, 0, 0, 0, LAW_SKIPPED, 0, 0, 0, 0};
    Request r = {b, 0, 0, URN_ROW_INDEX, {0, 0, 0, 0}, 0, 0};
    if (b >= 0) r = request_here(v, b, true);
    int64_t row = -1, node = t - r.first;
    int32_t depth = (int32_t)node;
    if (r.status == 0 && node < r.count) {
        bool child = false;
        if (is_tree(v)) {
            PlanNode plan = Global<const PlanNode>(v.plan, rows_of(v, SIDE_TARGET).logits.rows, TAG_WORKSPACE).load(t);
            depth = plan.depth;
            child = plan.first_child >= 0;
        } else {
            int32_t present = chain_present(v, r);
            child = node + 1 < present;
            depth = node < present ? depth : -1;
        }
        if (depth >= 0 && side == SIDE_TARGET) row = t;
        if (depth >= 0 && side == SIDE_DRAFT && child) row = draft_row_of(v, r, (int32_t)node);
        if (side == SIDE_DRAFT && v.pairs) row = t;
    }
    if (row < 0) {
        if (lane_id() == 0) room.head.store(0, head);
        return;
    }
    RowPlace at = {row, r.at.slot, 0, 0};
    if (lane_id() == 0) {
        bool probs = (side == SIDE_TARGET ? v.call.params.target_rows : v.call.params.draft_rows) == URN_ROWS_PROBS;
        if (!probs) at.list = p.list ? Global<const int32_t>(p.list, p.slots, TAG_INDEX).load(at.slot) : p.list_value;
        if (row >= p.logits.rows || at.list < 0 || at.list >= args.call.lists.count)
            at.status = URN_ROW_INDEX;
        else
            place_view<Full>(p.logits, at, head);
        Drafts drafts = node_drafts(v, r, (int32_t)node, depth);
        head.position = r.position + (uint32_t)depth;
        head.slot = r.at.slot;
        head.key = side == SIDE_TARGET ? r.key : place_key(p, r.at.slot, (uint64_t)b);
        head.drafts = (uint64_t)drafts.ids.address(0);
        head.draft_count = drafts.count;
    }
    resolve_steps(p, args.call.lists, args.call.state, at, head, room);
}

// The whole team calls after the first look: a row of probabilities becomes a link's epoch, opened. A row status.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t open_probabilities(State<TEAM, Full, RESIDENT> &s, int32_t &scale) {
    Epoch &e = s.epoch;
    float largest = key_value(e.largest);
    bool below = e.count != s.row.end - s.row.shift; // -inf is not among the possible ones
    scale = largest > 0.0f ? scale_of(largest) : 0;
    const int32_t by = scale;
    int32_t status = value_walk(s, URN_ROW_PARAM, [=](float x, uint32_t) -> NewValue {
        return {x > 0.0f ? scaled(x, by) : bits_f32(Full::minus_inf), x < 0.0f};
    });
    if (below) status = URN_ROW_PARAM;
    if (status == 0 && e.count == 0) status = URN_ROW_EMPTY;
    if (status) return status;
    e.linear = true;
    open_epoch(s);
    epoch_mass(s);
    return 0;
}

// The whole team calls in the epoch drawn from: the node's own draw, stored by who finds it.
template <int TEAM, bool RESIDENT>
URN_DEVICE void own_draw(State<TEAM, Full, RESIDENT> &s, const VerifyArgs &v, const RowHead &head, int64_t t) {
    const int64_t rows = rows_of(v, SIDE_TARGET).logits.rows;
    const uint64_t *draws = v.call.params.draws;
    Spot spot = {0, 0.0f, 0, 0};
    bool found = false;
    if (!draws && rows_of(v, SIDE_TARGET).method == URN_DRAW_GUMBEL && !s.epoch.greedy) {
        found = gumbel_one(s, head, 0, spot);
    } else if (s.team.warp == 0) {
        uint64_t u =
            draws ? Global<const uint64_t>(draws, rows, TAG_INDEX).load(t) : draw_bits(head.key, 0, head.position);
        found = draw_one(s, u, spot);
    }
    if (found && lane_id() == 0)
        Global<int32_t>(v.own, rows, TAG_WORKSPACE).store(t, (int32_t)(spot.place - s.row.shift));
}

// The whole team calls, last of all: what the walk will ask for, beside the row as given: kept bytes, and values where
// steps changed them. Streamed rows have both there already.
template <int TEAM, bool RESIDENT>
URN_DEVICE void leave_row(const State<TEAM, Full, RESIDENT> &s, const SampleArgs &args, int64_t t, bool values) {
    const Row<Full, RESIDENT> &row = s.row;
    if (!RESIDENT || s.epoch.greedy) return;
    RowWork work = row_work(args, t);
    int64_t places = (int64_t)args.work_groups * GROUP;
    Global<uint8_t> kept(work.kept, places / UNIT, TAG_WORKSPACE);
    Global<uint32_t> held(work.values, places, TAG_WORKSPACE);
    URN_ROLLED
    for (uint32_t group = s.team.warp; group < row.groups; group += s.team.warps) {
        uint32_t unit = own_unit(group);
        kept.store((int64_t)(row.begin / UNIT + unit), (uint8_t)row.kept_bits(unit));
        if (!values) continue;
        held.store16((int64_t)row.begin + unit * UNIT, row.held.load16(unit * UNIT));
        held.store16((int64_t)row.begin + unit * UNIT + 4, row.held.load16(unit * UNIT + 4));
    }
}

template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t law_of_row(const Team<TEAM> &team, const SampleRoom<TEAM, Full, RESIDENT> &room, const VerifyArgs &v,
                              int side, const RowHead &head, int64_t t, LawHead &law) {
    const SampleArgs &args = v.side[side];
    const urn_verify_params &p = v.call.params;
    Epoch fresh = {1.0f, 0, 0, false, false, false, 0, 0, 0, {{0, 0, 0}, 0, 0}, 0, 0.0, false, false, 0.0f, false};
    State<TEAM, Full, RESIDENT> s = {team, row_here(team, room, head, args, t), fresh, room.cut};
    Epoch &e = s.epoch;
    TeamTally look = first_look(s.team, s.row, room.load);
    if (look.all.flags) return look_status(look.all.flags);
    e.count = (uint32_t)look.all.sum;
    e.largest = look.all.max;
    bool probs = (side == SIDE_TARGET ? p.target_rows : p.draft_rows) == URN_ROWS_PROBS;
    int32_t status = probs ? open_probabilities(s, law.scale) : run_steps<false>(s, room, args, head, t, true);
    if (status) return status;
    law.first = e.place - s.row.shift;
    if (side == SIDE_TARGET) {
        if (v.pairs) {
            // nothing is drawn
        } else if (p.verifier == URN_VERIFY_GREEDY) {
            if (!e.greedy) law.first = first_place(s.team, s.row, e.largest) - s.row.shift;
        } else {
            own_draw(s, v, head, t);
        }
        if (p.verifier == URN_VERIFY_TYPICAL && !e.greedy) {
            uint64_t terms = entropy_sum(s);
            double least = (double)p.alpha * exp2_f64(-entropy_log2(terms, e.mass.all.sum));
            law.threshold = (float)(least < (double)p.epsilon ? least : (double)p.epsilon);
        }
    }
    law.total = e.greedy ? UINT64_C(1) << URN_F : e.mass.all.sum;
    law.max = e.max, law.c = e.c;
    law.shift = s.row.shift;
    bool values = s.row.changed && !probs;
    law.flags = (e.greedy ? +LAW_GREEDY : 0) | (e.linear ? +LAW_LINEAR : 0) | (values ? +LAW_CHANGED : 0) |
                (probs ? +LAW_PROBS : 0);
    leave_row(s, args, t, values);
    return 0;
}

// Row `index` of the launch: those of the target, then those of the draft, by the target's rows.
template <int TEAM, bool RESIDENT> URN_DEVICE void take_law(const VerifyArgs &v, int64_t index) {
    const int64_t rows = rows_of(v, SIDE_TARGET).logits.rows;
    int side = index >= (int64_t)v.rows ? SIDE_DRAFT : SIDE_TARGET;
    int64_t t = index - (side == SIDE_DRAFT ? v.rows : 0);
    Arena arena(true);
    SampleRoom<TEAM, Full, RESIDENT> room = sample_room<TEAM, Full, RESIDENT, false>(arena, v.side[side].groups);
    Team<TEAM> team = team_here<TEAM>(room.team);
    int64_t b = request_of_row(v, room.team, t);
    if (team.warp == 0) place_node(v, side, b, t, room.params);
    team_meet<TEAM>(); // and no block reaches into another that has not started
    RowHead head = room.params.head.load(0);
    if (head.status == LAW_SKIPPED) return;
    LawHead law = {head.data, 0, 0.0f, 0.0f, 0, head.status, head.cols, 0, 0, 0.0f, 0, 0};
    if (law.status == 0) law.status = law_of_row(team, room, v, side, head, t, law);
    if (team.leads()) Global<LawHead>(v.laws[side], rows, TAG_WORKSPACE).store(t, law);
}

} // namespace urnd

#endif
