// row_plan.h - which team takes rows of a size, with how many threads and how much shared memory: one policy for every
// family that holds rows of logits, and the launch.
#ifndef URN_ROW_PLAN_H
#define URN_ROW_PLAN_H

#include "kernels/steps/step_room.h"

namespace urnd {

// Five forms by who takes a row: a crew has two, of rows that its shared memory holds and of rows that it reads again.
enum Form { FORM_WARP, FORM_BLOCK, FORM_CLUSTER, FORM_CREW, FORM_STREAMED, FORMS };

struct RowPolicy {
    enum { most_warp_threads = 256 }; // of blocks whose warps hold rows: room for more registers on sm_80
    enum { warp_cols = 1024 };        // longest row of a warp
    enum { warp_threads = 128 };      // four rows a block; guess
    enum { threads = 512 };           // one block a multiprocessor; guess
    enum { half_threads = 256 };      // where two blocks fit; guess
    enum { crew_threads = 384 };      // of a crew's blocks, which have more to remember: no spill on sm_80
    enum { streamed_threads = 256 };  // the same, where they hold a part of a row and read the rest
    enum { crew_groups = 16 };        // fewest groups of a crew's block, where more blocks than needed are free; guess
};

inline size_t element_of(int32_t dtype) { return dtype == URN_F32 ? 4 : 2; }

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

template <class Kernel> struct RowPlan {
    Kernel kernel;
    Shape shape;
    uint32_t groups;
    uint32_t crews; // 0: the form has none
};

// most: of what the kernel is compiled for.
inline uint32_t threads_of(const urn_launch_hint &hint, uint32_t most, uint32_t choice) {
    if (hint.threads <= 0) return min_of(choice, most);
    uint32_t t = (uint32_t)hint.threads / 32 * 32;
    return t < 32 ? 32 : min_of(t, most);
}

inline bool has_board(int64_t cols) { return cols > URNK_CREW_COLS; }

// Crews for rows of this size, of which the device holds `crew_blocks` blocks at once. As few blocks as can hold a row,
// and all rows in as few turns as that allows; then as many blocks as there are for those turns, while each has some
// groups to itself. A row that no crew can hold is streamed by all blocks, each of which holds what it has room for.
// False: no crew can hold a row.
template <class KernelOf, class Plan>
bool plan_crew(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, uint32_t most_threads,
               const KernelOf &kernel_of, bool streamed, Plan *plan) {
    const urn_launch_hint &hint = d.hint;
    uint32_t all = row_groups(cols, element_of(dtype));
    uint32_t blocks = d.crew_blocks > 0 ? (uint32_t)d.crew_blocks : 1, most = min_of(blocks, MOST_CREW);
    auto k = kernel_of(streamed ? FORM_STREAMED : FORM_CREW);
    uint32_t hold = groups_that_fit(k, (size_t)d.shared_per_block);
    uint32_t least = hold == 0 || hold >= all ? 1 : (all + hold - 1) / hold;
    if (!streamed && (hold == 0 || least > most)) return false;
    if (streamed) least = most;
    if (hint.cluster > 0 && hint.team != TEAM_BLOCK) least = max_of(streamed ? 1 : least, (uint32_t)hint.cluster);
    least = min_of(least, most);
    if (hint.team == TEAM_BLOCK && streamed) least = most = 1;
    uint32_t crews = d.crew_blocks > 0 ? blocks / least : URNK_MOST_CREWS; // alone, blocks wait for none
    crews = crews < URNK_MOST_CREWS ? crews : URNK_MOST_CREWS;
    if ((int64_t)crews > rows) crews = (uint32_t)rows;
    int64_t turns = (rows + crews - 1) / crews;
    crews = (uint32_t)((rows + turns - 1) / turns);
    uint32_t crew =
        hint.cluster > 0 ? least : max_of(least, min_of(min_of(blocks / crews, most), all / RowPolicy::crew_groups));
    uint32_t slice = (all + crew - 1) / crew;
    uint32_t bound = min_of(most_threads, streamed ? +RowPolicy::streamed_threads : +RowPolicy::crew_threads);
    uint32_t threads = threads_of(hint, bound, RowPolicy::threads);
    while (threads > 32 && crew * threads > most_crew_threads()) threads = threads / 64 * 32;
    // asked to stream, half of a slice that would fit is left out
    uint32_t held = streamed ? min_of(hold, hint.streamed ? slice / 2 : slice) : slice;
    *plan = {k, {crews * crew, threads, 1, k.shared(held), crew}, held, crews};
    return true;
}

// Which team takes rows of this size. The smallest cluster whose slices leave room for a second block on their
// multiprocessor, so that one loads while the other computes; else the smallest that fits; twice that, as long as
// multiprocessors would stand idle. A crew where none fits, streamed where no crew can hold a row. kernel_of(form) is a
// family's kernel of a form, whose shared(groups) is what a team with a slice of so many groups needs in a block.
template <class KernelOf>
auto plan_rows(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, uint32_t most_threads,
               const KernelOf &kernel_of) -> RowPlan<decltype(kernel_of(0))> {
    typedef RowPlan<decltype(kernel_of(0))> Plan;
    const urn_launch_hint &hint = d.hint;
    const size_t limit = (size_t)d.shared_per_block, half = limit / 2;
    uint32_t all = row_groups(cols, element_of(dtype)), most = d.max_cluster > 1 ? (uint32_t)d.max_cluster : 1;
    bool crew = hint.team == TEAM_CREW && has_board(cols), again = hint.streamed && has_board(cols);
    bool warp = cols <= RowPolicy::warp_cols && (hint.team == 0 || hint.team == TEAM_WARP);
    if (warp) {
        auto k = kernel_of(FORM_WARP);
        uint32_t warps =
            min_of(threads_of(hint, most_threads, RowPolicy::warp_threads), RowPolicy::most_warp_threads) / 32;
        size_t one = k.shared(all);
        while (warps > 1 && warps * one > limit) warps /= 2;
        return {k, {(uint32_t)((rows + warps - 1) / warps), warps * 32, 1, warps * one}, all, 0};
    }
    auto slice = [&](uint32_t cluster) { return (all + cluster - 1) / cluster; };
    // a block alone is a cluster of one only where the hint says so
    auto form_of = [&](uint32_t cluster) {
        return cluster == 1 && (hint.team != TEAM_CLUSTER || d.compute < 90) ? FORM_BLOCK : FORM_CLUSTER;
    };
    auto bytes = [&](uint32_t cluster) { return kernel_of(form_of(cluster)).shared(slice(cluster)); };
    auto fits = [&](uint32_t cluster, size_t room) { return slice(cluster) <= FOLD && bytes(cluster) <= room; };
    uint32_t cluster = 1;
    while (cluster < most && !fits(cluster, half)) cluster *= 2;
    if (!fits(cluster, half)) {
        cluster = 1;
        while (cluster < most && !fits(cluster, limit)) cluster *= 2;
    }
    while (cluster < most && slice(cluster) > 16 && rows * cluster * 2 <= d.multiprocessors) cluster *= 2;
    if (hint.cluster > 0) {
        cluster = 1;
        while (cluster * 2 <= (uint32_t)hint.cluster && cluster < most) cluster *= 2;
        while (cluster < most && !fits(cluster, limit)) cluster *= 2;
    }
    if (hint.team == TEAM_BLOCK && fits(1, limit)) cluster = 1;
    while (cluster > 1 && rows > (int64_t)(0x7fffffff / cluster)) cluster /= 2; // the grid's first dimension
    Plan plan = {kernel_of(FORM_CREW), {}, 0, 0};
    if (again || crew || !fits(cluster, limit)) {
        if (!again && plan_crew(d, rows, cols, dtype, most_threads, kernel_of, false, &plan)) return plan;
        (void)plan_crew(d, rows, cols, dtype, most_threads, kernel_of, true, &plan);
        return plan;
    }
    auto k = kernel_of(form_of(cluster));
    size_t shared = k.shared(slice(cluster));
    uint32_t threads = threads_of(hint, most_threads,
                                  shared <= half ? (uint32_t)RowPolicy::half_threads : (uint32_t)RowPolicy::threads);
    return {k, {(uint32_t)(rows * cluster), threads, cluster, shared}, slice(cluster), 0};
}

// What a plan's kernel is told of rows and crews, whose counters it zeroes in stream order.
template <class Kernel>
int row_args(const RowPlan<Kernel> &plan, const urnk_sample_call &call, struct CUstream_st *stream, SampleArgs *args) {
    const urn_matrix &m = call.params.logits;
    int32_t needs = call.lists.needs;
    uint8_t *counters = (uint8_t *)call.workspace + urnk_crews_offset(m.rows, m.cols, needs);
    // the workspace was sized for any alignment of a row
    *args = {call,
             plan.groups,
             urnk_work_groups(m.cols),
             urnk_work_bytes(needs),
             plan.shape.crew,
             plan.crews,
             counters,
             counters + URNK_MOST_CREWS * URNK_COUNTER_BYTES,
             urnk_board_bytes(needs)};
    // counters only go up, from here
    return plan.shape.crew > 1 ? zero_async(counters, (size_t)plan.crews * URNK_COUNTER_BYTES, stream) : 0;
}

// Plan and launch: run(plan) returns a runtime's error. Where part of the device is someone else's, a second time with
// blocks that wait for none.
template <class KernelOf, class Run>
int plan_and_run(const urnk_device &d, const urn_matrix &m, uint32_t most_threads, const KernelOf &kernel_of,
                 const Run &run) {
    int error = run(plan_rows(d, m.rows, m.cols, m.dtype, most_threads, kernel_of));
    if (error != TOO_MANY_AT_ONCE) return error;
    urnk_device alone = d;
    alone.crew_blocks = 0;
    return run(plan_rows(alone, m.rows, m.cols, m.dtype, most_threads, kernel_of));
}

} // namespace urnd

#endif
