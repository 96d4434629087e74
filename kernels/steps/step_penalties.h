// step_penalties.h - repetition, frequency and presence: over all outputs by the slot's table, or over the last ids of
// the context.
#ifndef URN_STEP_PENALTIES_H
#define URN_STEP_PENALTIES_H

#include "kernels/row/context.h"
#include "kernels/row/count_table.h"
#include "kernels/row/values.h"
#include "kernels/steps/id_list.h"

namespace urnd {

struct Penalties {
    float repetition, frequency, presence;

    // x of a seen id that is `count` times among the outputs; 0: only in the prompt. FIN comes last.
    URN_DEVICE float of(float x, uint32_t count) const {
        x = x > 0.0f ? x / repetition : x * repetition;
        if (count > 0) {
            float often = frequency * (float)count;
            x = x - often;
            x = x - presence;
        }
        return fin(x);
    }
};

// One thread calls, between clear_marks and a walk that looks for NaN: who marks an id of K first changes it.
template <bool RESIDENT>
URN_DEVICE void penalise(const Row<Full, RESIDENT> &row, const Penalties &by, int32_t id, uint32_t count) {
    uint32_t place;
    if (place_of(row, id, place) && row.keeps(place) && mark_id(row, id))
        row.put_x(place, by.of(row.x_at(place), count));
}

// Any thread: how often an id is among drafts[from ..].
URN_DEVICE uint32_t count_drafts(const Drafts &drafts, int32_t id, uint32_t from) {
    uint32_t count = 0;
    URN_ROLLED
    for (uint32_t j = from; j < drafts.count; j++) count += drafts.ids.load(j) == id ? 1 : 0;
    return count;
}

// The team's threads of this block call: all outputs. The table names each id once and a thread takes a place of it,
// mostly empty ones; drafts are few, and those that the table knows are its thread's.
template <int TEAM, bool RESIDENT>
URN_DEVICE void penalise_outputs(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const Penalties &by,
                                 const CountTable &table, const Drafts &drafts) {
    URN_ROLLED
    for (uint32_t i = team.thread; i < table.last + 1; i += team.threads) {
        int32_t name = table.ids.load(i);
        if (name == 0) continue;
        int32_t id = (int32_t)((uint32_t)name - 1u);
        uint32_t place;
        if (place_of(row, id, place)) penalise(row, by, id, table.counts.load(i) + count_drafts(drafts, id, 0));
    }
    URN_ROLLED
    for (uint32_t j = team.thread; j < drafts.count; j += team.threads) {
        int32_t id = drafts.ids.load(j);
        uint32_t place;
        if (place_of(row, id, place) && !table_has(table, id)) penalise(row, by, id, count_drafts(drafts, id, 0));
    }
}

// The same over a window of the context. Places are compared with one another, which costs n^2 over the block's
// threads, and only where the count decides something.
template <int TEAM, bool RESIDENT>
URN_DEVICE void penalise_window(const Team<TEAM> &team, const Row<Full, RESIDENT> &row, const Penalties &by,
                                const Context &h) {
    URN_ROLLED
    for (uint32_t i = team.thread; i < h.count; i += team.threads) {
        int32_t id = h.at(i);
        uint32_t place, count = 1;
        if (!place_of(row, id, place) || !row.keeps(place)) continue;
        if (by.frequency != 0.0f) {
            count = 0;
            URN_ROLLED
            for (uint32_t j = 0; j < h.count; j++) count += h.at(j) == id ? 1 : 0;
        }
        penalise(row, by, id, count);
    }
}

} // namespace urnd

#endif
