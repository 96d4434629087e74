// crew_plan.h - how many blocks a crew has, and how many crews there are: for rows that plan_rows would stream.
#ifndef URN_CREW_PLAN_H
#define URN_CREW_PLAN_H

#include "kernels/steps/row_plan.h"

namespace urnd {

struct CrewPolicy {
    enum { groups = 16 };            // fewest of a block, where more blocks than needed are free; guess
    enum { streamed_threads = 256 }; // more registers for what holds a part and reads the rest
};

// Does the workspace of rows of this size have room for counters and boards?
inline bool has_board(int64_t cols) { return cols > URNK_CREW_COLS; }

// Most groups of a slice that a block can hold in `bytes`: 0 if none. No slice passes FOLD, which keeps limbs exact.
template <class Kernel> uint32_t groups_that_fit(const Kernel &k, size_t bytes) {
    uint32_t low = 0, high = FOLD;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (k.shared(middle) <= bytes)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

// Crews for rows of this size, of which the device holds d.crew_blocks blocks at once. As few blocks as can hold a row,
// and all rows in as few turns as that allows; then as many blocks as there are for those turns, while each has some
// groups to itself. A row that no crew can hold, or that is asked to be streamed, is streamed by all blocks, each of
// which holds what it has room for; where no launch has its blocks there at once, by single ones. kernel_of(form) as in
// plan_rows, of FORM_CREW and FORM_STREAMED.
template <class KernelOf>
auto plan_crew(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, uint32_t most_threads,
               const KernelOf &kernel_of) -> RowPlan<decltype(kernel_of(0))> {
    const urn_launch_hint &hint = d.hint;
    const size_t limit = (size_t)d.shared_per_block;
    uint32_t all = row_groups(cols, element_of(dtype));
    uint32_t blocks = d.crew_blocks > 0 ? (uint32_t)d.crew_blocks : 1, most = min_of(blocks, MOST_CREW);
    auto k = kernel_of(FORM_CREW);
    uint32_t hold = groups_that_fit(k, limit), least = hold == 0 ? ~0u : (all + hold - 1) / hold;
    bool streamed = hint.streamed || least > most;
    if (streamed) {
        k = kernel_of(FORM_STREAMED);
        hold = groups_that_fit(k, limit);
        least = hint.team == TEAM_BLOCK ? 1 : hint.cluster > 0 ? (uint32_t)hint.cluster : most;
    } else if (hint.cluster > 0) {
        least = max_of(least, (uint32_t)hint.cluster);
    }
    least = min_of(least, most);
    uint32_t crews = d.crew_blocks > 0 ? min_of(blocks / least, URNK_MOST_CREWS) : URNK_MOST_CREWS;
    if ((int64_t)crews > rows) crews = (uint32_t)rows;
    int64_t turns = (rows + crews - 1) / crews;
    crews = (uint32_t)((rows + turns - 1) / turns);
    uint32_t spare = min_of(min_of(blocks / crews, most), all / CrewPolicy::groups);
    uint32_t crew = streamed || hint.cluster > 0 ? least : max_of(least, spare);
    uint32_t slice = (all + crew - 1) / crew;
    uint32_t bound = streamed ? min_of(most_threads, CrewPolicy::streamed_threads) : most_threads;
    uint32_t threads = threads_of(hint, bound, RowPolicy::threads);
    while (threads > 32 && crew * threads > most_crew_threads()) threads = threads / 64 * 32;
    // asked to stream, half of a slice that would fit is left out
    if (streamed) slice = min_of(hold, hint.streamed ? slice / 2 : slice);
    return {k, {crews * crew, threads, 1, k.shared(slice), crew}, slice, crews};
}

} // namespace urnd

#endif
