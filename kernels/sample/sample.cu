// sample.cu - draw ids from rows of logits after each row's list of steps: urn_sample, in one launch.
// shapes   logits [rows, cols] f32|f16|bf16, dense, indexed or ragged -> ids [rows, draws] and what else is asked for
// idea     a team (warp, block, cluster) takes a row; every pass but the first reads it where the team holds it
//          look: largest key, possible ids; steps: clear kept bits; sum: integer weights a group of 256; draw: scan the
//          groups' sums, make one group's weights again
// minimum  cols*e + 4 bytes a row                  this kernel: the same, and a few words of row parameters, where the
//          row is resident; a streamed row is read once a pass:
//            look 1, sum 1, top-k 3 to 5, top-p 4 to 6 (f32; one fewer for 16 bits), min-p 1, mask 1 at most,
//            greedy 1, raw law 1, entropy 1, each draw 512 or 1024 bytes, its rank 1
// bound    issue slots, by count of instructions (about 25 an element to sum weights); DRAM read where lists are short
//          and rows f32. No GPU has measured it yet
// launch   grid rows*cluster (rows/4 for warps), block policy.threads, shared sample_room; policy below the kernel
// bits     weights by 9 f32 operations (7 fused) and a shift, then integers; f64 on one thread for floating outputs
// tail     rows start at any element: places are counted from the 16-byte boundary before, those outside read as -inf
// ptxas    24 instantiations, no spill, no stack frame: sm_90 79 to 100 registers (nvcc 13.0, --Ofast-compile=min)
// kinds    PLAIN: no keep step; KEEP: top-k, top-p, min-p; all else is sample_full.cu's
#include "kernels/sample/sample_row.h"

namespace urnd {

// launching

template <class Dtype> SampleKernel kernel_of_dtype(int form, bool plain) {
    if (form == FORM_WARP)
        return plain ? sample_kernel_entry<TEAM_WARP, Dtype, true, true>()
                     : sample_kernel_entry<TEAM_WARP, Dtype, true, false>();
    if (form == FORM_BLOCK)
        return plain ? sample_kernel_entry<TEAM_BLOCK, Dtype, true, true>()
                     : sample_kernel_entry<TEAM_BLOCK, Dtype, true, false>();
    if (form == FORM_CLUSTER)
        return plain ? sample_kernel_entry<TEAM_CLUSTER, Dtype, true, true>()
                     : sample_kernel_entry<TEAM_CLUSTER, Dtype, true, false>();
    if (form == FORM_CREW)
        return plain ? sample_kernel_entry<TEAM_CREW, Dtype, true, true>()
                     : sample_kernel_entry<TEAM_CREW, Dtype, true, false>();
    return plain ? sample_kernel_entry<TEAM_CREW, Dtype, false, true>()
                 : sample_kernel_entry<TEAM_CREW, Dtype, false, false>();
}

inline SampleKernel kernel_of(int form, int32_t dtype, Kind kind) {
    if (kind == KIND_FULL) return full_kernel_of(form);
    bool plain = kind == KIND_PLAIN;
    if (dtype == URN_F32) return kernel_of_dtype<F32>(form, plain);
    if (dtype == URN_F16) return kernel_of_dtype<F16>(form, plain);
    return kernel_of_dtype<Bf16>(form, plain);
}

inline size_t element_of(int32_t dtype) { return dtype == URN_F32 ? 4 : 2; }

// Most groups of a slice that a block can hold in `bytes`: 0 if none. No slice passes FOLD, which keeps limbs exact.
inline uint32_t groups_that_fit(const SampleKernel &k, size_t bytes) {
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

struct SamplePlan {
    SampleKernel kernel;
    Shape shape;
    uint32_t groups;
    uint32_t crews; // 0: the form has none
};

inline uint32_t most_threads_of(Kind kind) {
    return kind == KIND_FULL ? +SamplePolicy::most_full_threads : +SamplePolicy::most_threads;
}

inline uint32_t threads_of(const urn_launch_hint &hint, Kind kind, uint32_t choice) {
    uint32_t most = most_threads_of(kind);
    if (hint.threads <= 0) return min_of(choice, most);
    uint32_t t = (uint32_t)hint.threads / 32 * 32;
    return t < 32 ? 32 : min_of(t, most);
}

inline bool has_board(int64_t cols) { return cols > URNK_CREW_COLS; }

// Crews for rows of this size, of which the device holds `crew_blocks` blocks at once. As few blocks as can hold a row,
// and all rows in as few turns as that allows; then as many blocks as there are for those turns, while each has some
// groups to itself. A row that no crew can hold is streamed by all blocks, each of which holds what it has room for.
// False: no crew can hold a row.
inline bool plan_crew(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, Kind kind, bool streamed,
                      SamplePlan *plan) {
    const urn_launch_hint &hint = d.hint;
    uint32_t all = row_groups(cols, element_of(dtype));
    uint32_t blocks = d.crew_blocks > 0 ? (uint32_t)d.crew_blocks : 1, most = min_of(blocks, MOST_CREW);
    SampleKernel k = kernel_of(streamed ? FORM_STREAMED : FORM_CREW, dtype, kind);
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
        hint.cluster > 0 ? least : max_of(least, min_of(min_of(blocks / crews, most), all / SamplePolicy::crew_groups));
    uint32_t slice = (all + crew - 1) / crew;
    uint32_t threads = threads_of(hint, kind, SamplePolicy::threads);
    while (threads > 32 && crew * threads > most_crew_threads()) threads = threads / 64 * 32;
    // asked to stream, half of a slice that would fit is left out
    uint32_t held = streamed ? min_of(hold, hint.streamed ? slice / 2 : slice) : slice;
    *plan = {k, {crews * crew, threads, 1, k.shared(held), crew}, held, crews};
    return true;
}

// Which team takes rows of this size. The smallest cluster whose slices leave room for a second block on their
// multiprocessor, so that one loads while the other computes; else the smallest that fits; twice that, as long as
// multiprocessors would stand idle. A crew where none fits, streamed where no crew can hold a row.
inline SamplePlan plan_sample(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, Kind kind) {
    const urn_launch_hint &hint = d.hint;
    const size_t limit = (size_t)d.shared_per_block, half = limit / 2;
    uint32_t all = row_groups(cols, element_of(dtype)), most = d.max_cluster > 1 ? (uint32_t)d.max_cluster : 1;
    bool crew = hint.team == TEAM_CREW && has_board(cols), again = hint.streamed && has_board(cols);
    bool warp = cols <= SamplePolicy::warp_cols && (hint.team == 0 || hint.team == TEAM_WARP);
    if (warp) {
        SampleKernel k = kernel_of(FORM_WARP, dtype, kind);
        uint32_t warps =
            min_of(threads_of(hint, kind, SamplePolicy::warp_threads), SamplePolicy::most_warp_threads) / 32;
        size_t one = k.shared(all);
        while (warps > 1 && warps * one > limit) warps /= 2;
        return {k, {(uint32_t)((rows + warps - 1) / warps), warps * 32, 1, warps * one}, all, 0};
    }
    auto slice = [&](uint32_t cluster) { return (all + cluster - 1) / cluster; };
    // a block alone is a cluster of one only where the hint says so
    auto form_of = [&](uint32_t cluster) {
        return cluster == 1 && (hint.team != TEAM_CLUSTER || d.compute < 90) ? FORM_BLOCK : FORM_CLUSTER;
    };
    auto bytes = [&](uint32_t cluster) { return kernel_of(form_of(cluster), dtype, kind).shared(slice(cluster)); };
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
    SamplePlan plan;
    if (again || crew || !fits(cluster, limit)) {
        if (!again && plan_crew(d, rows, cols, dtype, kind, false, &plan)) return plan;
        (void)plan_crew(d, rows, cols, dtype, kind, true, &plan);
        return plan;
    }
    SampleKernel k = kernel_of(form_of(cluster), dtype, kind);
    size_t shared = k.shared(slice(cluster));
    uint32_t threads =
        threads_of(hint, kind, shared <= half ? (uint32_t)SamplePolicy::half_threads : (uint32_t)SamplePolicy::threads);
    return {k, {(uint32_t)(rows * cluster), threads, cluster, shared}, slice(cluster), 0};
}

// Load every kernel, allow it all shared memory, and find the largest cluster that all of them fit.
inline int open_sample(urnk_device *d) {
    SampleKernel all[FORMS * (3 * 2 + 1)];
    int count = 0;
    for (int form = 0; form < FORMS; form++) {
        for (int32_t dtype = 0; dtype < 3; dtype++)
            for (int kind = 0; kind < KIND_FULL; kind++) all[count++] = kernel_of(form, dtype, (Kind)kind);
        all[count++] = full_kernel_of(form);
    }
    for (int i = 0; i < count; i++) {
        int error = prepare(all[i].kernel, (size_t)d->shared_per_block);
        if (error) return error;
    }
    d->max_cluster = 1;
    for (uint32_t cluster = 16; cluster > 1 && d->compute >= 90 && d->max_cluster == 1; cluster /= 2) {
        bool fits = true;
        for (int i = FORM_CLUSTER * 7; i < FORM_CREW * 7 && fits; i++) {
            int held = 0;
            // the full form's is the last of its seven
            uint32_t threads = most_threads_of(i % 7 == 6 ? KIND_FULL : KIND_KEEP);
            Shape full = {cluster, threads, cluster, (size_t)d->shared_per_block};
            int error = clusters_that_fit(all[i].kernel, full, &held);
            if (error) return error;
            fits = held > 0;
        }
        if (fits) d->max_cluster = (int32_t)cluster;
    }
    d->crew_blocks = 0x7fffffff;
    for (int i = FORM_CREW * 7; i < count; i++) {
        int held = 0;
        uint32_t threads = most_threads_of(i % 7 == 6 ? KIND_FULL : KIND_KEEP);
        int error = blocks_at_once(all[i].kernel, d->device, threads, (size_t)d->shared_per_block, &held);
        if (error) return error;
        if (held < d->crew_blocks) d->crew_blocks = held;
    }
    for (int32_t dtype = 0; dtype < 3; dtype++) {
        int form = d->max_cluster > 1 ? FORM_CLUSTER : FORM_BLOCK;
        int64_t groups = (int64_t)groups_that_fit(kernel_of(form, dtype, KIND_KEEP), (size_t)d->shared_per_block);
        int64_t blocks = d->crew_blocks < (int)MOST_CREW ? d->crew_blocks : (int)MOST_CREW;
        int64_t crew = (int64_t)groups_that_fit(kernel_of(FORM_CREW, dtype, KIND_KEEP), (size_t)d->shared_per_block);
        groups = groups * d->max_cluster > crew * blocks ? groups * d->max_cluster : crew * blocks;
        int64_t cols = groups * GROUP - (int64_t)(16 / element_of(dtype)) + 1;
        d->resident_cols[dtype] = cols < 0 ? 0 : cols > URN_MAX_COLS ? URN_MAX_COLS : cols;
    }
    return 0;
}

inline int launch_sample(const SamplePlan &plan, const urnk_sample_call &call, struct CUstream_st *stream) {
    const urn_matrix &m = call.params.logits;
    int32_t needs = call.lists.needs;
    uint8_t *counters = (uint8_t *)call.workspace + urnk_crews_offset(m.rows, m.cols, needs);
    // the workspace was sized for any alignment of a row
    SampleArgs args = {call,
                       plan.groups,
                       urnk_work_groups(m.cols),
                       urnk_work_bytes(needs),
                       plan.shape.crew,
                       plan.crews,
                       counters,
                       counters + URNK_MOST_CREWS * URNK_COUNTER_BYTES,
                       urnk_board_bytes(needs)};
    if (plan.shape.crew > 1) { // counters only go up, from here
        int error = zero_async(counters, (size_t)plan.crews * URNK_COUNTER_BYTES, stream);
        if (error) return error;
    }
    return launch(plan.kernel.kernel, plan.shape, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(open)(urnk_device *device) {
    urnd::set_launch_options(device);
    urnd::DeviceFacts facts;
    int error = urnd::device_facts(device->device, &facts);
    if (error) return error;
    device->compute = facts.compute;
    device->multiprocessors = facts.multiprocessors;
    device->shared_per_block = facts.shared;
    for (int i = 0; i < 128; i++) device->name[i] = facts.name[i];
    return urnd::open_sample(device);
}

extern "C" int URN_SIDE(sample)(const urnk_device *device, const urnk_sample_call *call, struct CUstream_st *stream) {
    const urn_matrix &m = call->params.logits;
    if (m.rows == 0) return 0;
    urnd::set_launch_options(device);
    int32_t needs = call->lists.needs;
    bool full = (needs & URN_NEEDS_FULL) != 0 || urnd::wants_full(call->params);
    urnd::Kind kind = full ? urnd::KIND_FULL : (needs & URN_NEEDS_KEEP) ? urnd::KIND_KEEP : urnd::KIND_PLAIN;
    urnd::SamplePlan plan = urnd::plan_sample(*device, m.rows, m.cols, m.dtype, kind);
    int error = urnd::launch_sample(plan, *call, stream);
    if (error != urnd::TOO_MANY_AT_ONCE) return error;
    urnk_device alone = *device; // part of the device is someone else's: blocks that wait for none
    alone.crew_blocks = 0;
    return urnd::launch_sample(urnd::plan_sample(alone, m.rows, m.cols, m.dtype, kind), *call, stream);
}
