// sample.cu - draw ids from rows of logits after each row's list of steps: urn_sample, in one launch.
// shapes   logits [rows, cols] f32|f16|bf16, dense, indexed or ragged -> ids [rows, draws] and what else is asked for
// idea     a team (warp, block, cluster, crew) takes a row; every pass but the first reads it where the team holds it
//          look: largest key, possible ids; steps: clear kept bits; sum: integer weights a group of 256; draw: scan the
//          groups' sums, make one group's weights again
// minimum  cols*e + 4 bytes a row                  this kernel: the same, and a few words of row parameters, where the
//          row is resident. What shared memory has no room for of a streamed row is read once a pass, in units with an
//          id still kept:
//            look 1, sum 1, top-k and top-p 2, and less than 1 for the last digit, ties and the cut, which only read
//            units that hold an id not decided on (16 bits: 1, and less than 1), min-p 1, mask 1 at most,
//            greedy 1, raw law 1, entropy 1, each draw 512 or 1024 bytes, its rank 1
//          2^22 f32 with half of it held: 2.92 times for top-p of a flat law, 2.66 of a steep one.
//          f32 rows with keep steps are resident up to 131 groups of 256 a block on sm_80, 192 on sm_90 and sm_100, 69
//          where a block has 99 KB, times 108 to 170 blocks of a crew: 3.6 M ids on an A100, all of 2^22 on an H100
// bound    issue slots, by count of instructions (about 25 an element to sum weights); DRAM read where lists are short
//          and rows f32. A crew also waits: 7 to 9 meetings a row of top-p, each a round trip or two through L2.
//          No GPU has measured it yet
// launch   grid rows*cluster (rows/4 for warps), or crews*crew, cooperative, after zeroing 128 bytes a crew; block
//          policy.threads, shared sample_room; policy in row_plan.h
// bits     weights by 9 f32 operations (7 fused) and a shift, then integers; f64 on one thread for floating outputs
// tail     rows start at any element: places are counted from the 16-byte boundary before, those outside read as -inf
// ptxas    30 instantiations, no spill, no stack frame: registers sm_90 75 to 128, sm_80 up to 128 (223 where warps or
//          crews); on sm_80 the six of clusters are empty (nvcc 13.0, --Ofast-compile=min)
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

inline uint32_t most_threads_of(Kind kind) {
    return kind == KIND_FULL ? +SamplePolicy::most_full_threads : +SamplePolicy::most_threads;
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
        threads = min_of(threads, i / 7 == FORM_STREAMED ? +RowPolicy::streamed_threads : +RowPolicy::crew_threads);
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
    return urnd::plan_and_run(
        *device, m, urnd::most_threads_of(kind), [&](int form) { return urnd::kernel_of(form, m.dtype, kind); },
        [&](const urnd::RowPlan<urnd::SampleKernel> &plan) {
            urnd::SampleArgs args;
            int error = urnd::row_args(plan, *call, stream, &args);
            return error ? error : urnd::launch(plan.kernel.kernel, plan.shape, stream, args);
        });
}
