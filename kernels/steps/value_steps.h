// value_steps.h - value steps and links, one after another through the same passes: settle, scatter, walk.
//
// passes   settle: one walk where T is not 1; lists, penalties, DRY: a scatter of the ids named, then one walk; dense
//          steps: one walk, which reads their table once; links: see link_search.h, then one walk
#ifndef URN_VALUE_STEPS_H
#define URN_VALUE_STEPS_H

#include "kernels/steps/link_search.h"
#include "kernels/steps/mask_steps.h"
#include "kernels/steps/step_dry.h"
#include "kernels/steps/step_list_values.h"

namespace urnd {

URN_DEVICE bool is_link(uint32_t op) { return op >= URN_OP_SPARSEMAX; }

// The whole team calls, between epochs: change the x of single ids. A row status; afterwards one walk looks for ids
// that left and for NaN. Values and marks that threads of a block store are seen by all of them.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t scatter_step(State<TEAM, Full, RESIDENT> &s, const FullStep &now, const urn_step &step,
                                const RowState &from) {
    bool bad = false;
    own_values(s);
    clear_marks(s.team, s.row);
    if (now.op == URN_OP_BIAS || now.op == URN_OP_VALUES) {
        IdList list = id_list(step, now.first, now.count);
        float mean = (now.flags() & URN_STEP_CENTRE) ? mean_value(s.team, s.row, list) : 0.0f;
        bad = add_list(s.team, s.row, list, now.op == URN_OP_BIAS ? 1.0f : now.f(0), mean);
    } else if (now.op == URN_OP_DRY) {
        Context h = context_of(from.slots, from.slot, from.drafts);
        if (now.i(3) >= 0) h = h.newest((uint32_t)now.i(3));
        Dry dry = {now.f(0), now.f(1), (uint32_t)now.i(2)};
        penalise_matches(s.team, s.row, dry, id_list(step, now.first, now.count), h);
    } else {
        Penalties by = {now.f(0), now.f(1), now.f(2)};
        if (now.i(3) > 0) {
            Context h = context_of(from.slots, from.slot, from.drafts);
            penalise_window(s.team, s.row, by, h.newest((uint32_t)now.i(3)));
        } else {
            CountTable table = count_table(from.slots, from.slots.now, from.slot);
            penalise_outputs(s.team, s.row, by, table, from.drafts);
        }
    }
    return team_tally(s.team, {0, 0, bad ? 1u : 0u}).all.flags ? URN_ROW_PARAM : 0;
}

// The walk's function for a step, but for what a link has yet to find.
template <int TEAM, bool RESIDENT>
URN_DEVICE ValueChange<RESIDENT> change_of(const State<TEAM, Full, RESIDENT> &s, const FullStep &now,
                                           const urn_step &step, const RowState &from) {
    bool wide = now.op == URN_OP_DENSE_BIAS || now.op == URN_OP_ID_TEMPERATURE;
    bool table = wide || now.op == URN_OP_MIX || now.op == URN_OP_MIXTURE;
    int64_t cols = s.row.end - s.row.shift, words = from.slots.prompt_words;
    const urn_step none = {};
    ValueChange<RESIDENT> f = {s.row,
                               table ? second_row(step, now.table(), cols, wide ? (int32_t)URN_F32 : s.row.dtype)
                                     : second_row(none, 0, 0, URN_F32),
                               Global<const uint32_t>(nullptr, 0, TAG_STATE),
                               now.op,
                               0,
                               now.f(0),
                               now.f(1),
                               now.f(2),
                               key_value(s.epoch.largest),
                               0.0f,
                               0xffffffffu,
                               0.0f,
                               0,
                               1,
                               1};
    if (now.op == URN_OP_PENALTIES) {
        bool prompt = (now.flags() & URN_STEP_PROMPT) && now.i(3) == 0 && words > 0;
        f.kind = prompt ? +CHANGE_PROMPT : +CHANGE_NONE;
        f.prompt_cols = prompt ? (uint32_t)from.slots.prompt_cols : 0;
        if (prompt) f.prompt = Global<const uint32_t>(from.slots.now.prompt + from.slot * words, words, TAG_STATE);
    }
    if (now.op == URN_OP_INVERSE_GAP) { // bits.h's A and gamma
        f.a = now.f(1) == 0.0f ? (float)s.epoch.count : now.f(1);
        f.b = now.f(0);
    }
    return f;
}

// The whole team calls, between epochs. A row status; after a link the weights are linear.
template <int TEAM, bool RESIDENT>
URN_DEVICE int32_t value_step(State<TEAM, Full, RESIDENT> &s, const FullStep &now, const urn_step &step,
                              const RowState &from) {
    Epoch &e = s.epoch;
    float c = URN_LOG2E / e.temperature;
    bool greedy = e.temperature == 0.0f || (f32_bits(c) & 0x7fffffffu) == 0x7f800000u;
    if (is_link(now.op) && e.count == 0) return URN_ROW_EMPTY;
    if (is_link(now.op) && greedy) return 0;
    URN_ROLLED
    for (bool settle = e.temperature != 1.0f && !greedy;; settle = false) { // once or twice
        ValueChange<RESIDENT> f = change_of(s, now, step, from);
        int32_t status = 0;
        if (settle)
            f.kind = CHANGE_SETTLE, f.a = e.temperature;
        else if (is_link(now.op))
            status = find_link(s, f);
        else if (now.op == URN_OP_BIAS || now.op == URN_OP_VALUES || now.op == URN_OP_DRY || now.op == URN_OP_PENALTIES)
            status = scatter_step(s, now, step, from);
        if (!settle && is_link(now.op)) e.linear = true, e.link_max = key_value(e.largest);
        if (status == 0) status = value_walk(s, now.op == URN_OP_MIX ? +URN_ROW_INF : +URN_ROW_PARAM, f);
        if (status) return status;
        if (!settle) break;
        e.temperature = 1.0f;
    }
    return 0;
}

} // namespace urnd

#endif
