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
// ptxas    24 instantiations, no spill, no stack frame: sm_90 68 to 96 registers, sm_100 68 to 91, sm_120 71 to 104,
//          sm_80 119 to 183 (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch.h"
#include "kernels/row/empty_row.h"
#include "kernels/row/row_load.h"
#include "kernels/sample/side_outputs.h"
#include "kernels/sample/step_mask.h"
#include "kernels/sample/step_min_p.h"
#include "kernels/sample/step_temperature.h"
#include "kernels/sample/step_top_k.h"
#include "kernels/sample/step_top_p.h"

namespace urnd {

struct SampleArgs {
    urnk_sample_call call;
    uint32_t groups;      // room of a slice
    uint32_t work_groups; // a streamed row's share of the workspace, in groups of URNK_WORK_GROUP bytes
};

// Everything a team keeps in shared memory. PLAIN lists have no keep step, so no histograms.
template <int TEAM, class Dtype, bool RESIDENT> struct SampleRoom {
    TeamRoom team;
    ParamsRoom params;
    LoadRoom load;
    CutRoom cut;
    DrawRoom draw;
    SelectRoom select;
    Shared<typename Dtype::Stored> held;
    Shared<uint8_t> kept;
    Shared<uint64_t> sums;
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_HOST_DEVICE SampleRoom<TEAM, Dtype, RESIDENT> sample_room(Arena &arena, uint32_t groups) {
    SampleRoom<TEAM, Dtype, RESIDENT> room;
    size_t held = RESIDENT ? groups : 0;
    room.held = arena.take<typename Dtype::Stored>(held * GROUP, "row.held");
    room.sums = arena.take<uint64_t>(held, "row.sums");
    room.kept = arena.take<uint8_t>(held * GROUP_UNITS, "row.kept");
    room.team = team_room<TEAM>(arena);
    room.params = params_room(arena);
    room.load = load_room<TEAM, RESIDENT>(arena);
    room.cut = cut_room(arena);
    room.draw = draw_room<Dtype>(arena);
    if (!PLAIN) room.select = select_room<TEAM, RESIDENT>(arena);
    arena.used = (arena.used + 15) & ~(size_t)15;
    return room;
}

// The whole team calls: run the row's steps and, as the last of them, get ready for the draw. False: K is empty.
// Each pass over the row stands in this loop once, so that a kernel holds one copy of its code.
template <bool PLAIN, int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE bool run_steps(State<TEAM, Dtype, RESIDENT> &s, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                          const urn_lists_view &lists, uint32_t count, bool draw_needs_mass) {
    Epoch &e = s.epoch;
    URN_ROLLED
    for (uint32_t i = 0; i <= count; i++) {
        bool last = i == count;
        StepNow step = {0, 0, 0, 0};
        if (!last) step = room.params.steps.load(i);
        float f = bits_f32(step.value);
        bool logit_step = step.op == URN_OP_TEMPERATURE || step.op == URN_OP_MASK;
        bool opens = !logit_step && !e.open, ends = e.open && logit_step;
        if (opens && !open_epoch(s)) return false;
        ends = ends || last;
        if (step.op == URN_OP_TOP_P || (last && draw_needs_mass) || (e.want_log_mass && (opens || ends))) {
            if (e.open) epoch_mass(s);
            if (opens) e.opened = e.mass.all.sum;
        }
        if (e.want_log_mass && ends) add_log_mass(s);
        if (logit_step && e.open) close_epoch(s);
        if (step.op == URN_OP_TEMPERATURE) step_temperature(e, f);
        if (step.op == URN_OP_MASK)
            step_mask(s, Global<const urn_step>(lists.steps, step.at + 1, TAG_PARAM).load(step.at), step.value);
        if (PLAIN || e.greedy || logit_step || last) continue;
        if (step.op == URN_OP_MIN_P)
            step_min_p(s, f);
        else
            keep_target(s, room.select, step.op == URN_OP_TOP_K ? step_top_k(e, step.value) : step_top_p(e, f));
    }
    return true;
}

// A team's row: where it lies and what is known of it before it is read.
template <int TEAM, class Dtype, bool RESIDENT>
URN_DEVICE Row<Dtype, RESIDENT> row_here(const Team<TEAM> &team, const SampleRoom<TEAM, Dtype, RESIDENT> &room,
                                         const RowHead &head, const SampleArgs &args, int64_t index) {
    typedef typename Dtype::Stored Stored;
    uint64_t *work = (uint64_t *)args.call.workspace;
    int64_t groups = RESIDENT ? 0 : args.work_groups;
    if (!RESIDENT) work += index * groups * (URNK_WORK_GROUP / 8);
    Row<Dtype, RESIDENT> row = {Global<const Stored>((const Stored *)(uintptr_t)head.data, head.cols, TAG_LOGITS),
                                0,
                                0,
                                0,
                                0,
                                room.held,
                                room.kept,
                                room.sums,
                                Global<uint8_t>((uint8_t *)(work + groups), groups * GROUP_UNITS, TAG_WORKSPACE),
                                Global<uint64_t>(work, groups, TAG_WORKSPACE)};
    cut_slice(team, row, head.cols);
    if (!RESIDENT) {
        int64_t first = row.begin / GROUP;
        row.far_kept = Global<uint8_t>((uint8_t *)(work + groups) + first * GROUP_UNITS,
                                       (int64_t)row.groups * GROUP_UNITS, TAG_WORKSPACE);
        row.far_sums = Global<uint64_t>(work + first, row.groups, TAG_WORKSPACE);
    }
    return row;
}

template <int TEAM, class Dtype, bool RESIDENT> struct LoadRow {
    URN_DEVICE static void start(const Team<TEAM> &team, const Row<Dtype, RESIDENT> &row, LoadRoom room) {
        load_start(team, row, room);
    }
};
template <int TEAM, class Dtype> struct LoadRow<TEAM, Dtype, false> {
    URN_DEVICE static void start(const Team<TEAM> &, const Row<Dtype, false> &, LoadRoom) {}
};

// One team, one row.
template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_DEVICE void sample_row(const SampleArgs &args, int64_t index) {
    const urn_sample_params &p = args.call.params;
    Arena arena(true);
    if (TEAM == TEAM_WARP) {
        Arena measure(false);
        sample_room<TEAM, Dtype, RESIDENT, PLAIN>(measure, args.groups);
        arena.used = warp_id() * measure.used;
    }
    SampleRoom<TEAM, Dtype, RESIDENT> room = sample_room<TEAM, Dtype, RESIDENT, PLAIN>(arena, args.groups);
    Team<TEAM> team = team_here<TEAM>(room.team);

    if (team.warp == 0) resolve_row<typename Dtype::Stored>(p, args.call.lists, args.call.state, index, room.params);
    team_meet<TEAM>(); // and no block reaches into another that has not started
    RowHead head = room.params.head.load(0);
    if (head.status) {
        if (team.rank == 0) empty_row<false>(p, index, head.status, team.thread, team.threads);
        return;
    }

    Epoch fresh = {1.0f, 0, 0, false, false, false, false, 0, 0, 0, {{0, 0, 0}, 0, 0}, 0, 0.0, p.kept_logmass != nullptr};
    State<TEAM, Dtype, RESIDENT> s = {team, row_here(team, room, head, args, index), fresh, room.cut};
    LoadRow<TEAM, Dtype, RESIDENT>::start(s.team, s.row, room.load);
    TeamTally look = first_look(s.team, s.row, room.load);
    if (look.all.flags) {
        if (team.rank == 0) empty_row<false>(p, index, look_status(look.all.flags), team.thread, team.threads);
        return;
    }
    s.epoch.count = (uint32_t)look.all.sum;
    s.epoch.largest = look.all.max;

    // the raw law before any step: with no steps it is also the law drawn from
    RawLaw raw = {key_value(look.all.max), 0};
    if ((p.lse || p.logprob_raw) && head.steps != 0 && s.epoch.count != 0)
        raw.mass = sum_groups(s.team, s.row, LawWeight{raw.max, URN_LOG2E, false}, true).all.sum;
    bool draws = p.ids || p.logprob || p.logprob_raw || p.rank;
    bool mass = draws || p.entropy || (p.lse && head.steps == 0);
    if (!run_steps<PLAIN>(s, room, args.call.lists, head.steps, mass)) {
        if (team.rank == 0) empty_row<false>(p, index, URN_ROW_EMPTY, team.thread, team.threads);
        return;
    }
    if (head.steps == 0) raw.mass = s.epoch.mass.all.sum;
    if (draws) draw_row(s, room.draw, head, p, index, raw);
    write_sides(s, p, index, raw);
}

// Threads of a block, bounded by what the kernels are compiled for.
struct SamplePolicy {
    enum { most_threads = 512 };
    enum { most_warp_threads = 256 }; // of blocks whose warps hold rows: room for more registers on sm_80
    enum { warp_cols = 1024 };        // longest row of a warp
    enum { warp_threads = 128 };      // four rows a block; guess
    enum { threads = 512 };           // one block a multiprocessor; guess
    enum { half_threads = 256 };      // where two blocks fit; guess
};

template <int TEAM, class Dtype, bool RESIDENT, bool PLAIN>
URN_KERNEL((TEAM == TEAM_WARP ? +SamplePolicy::most_warp_threads : +SamplePolicy::most_threads))
sample_kernel(URN_ARGS(SampleArgs) args) {
    int64_t index = block_id();
    if (TEAM == TEAM_WARP) index = index * block_warps() + warp_id();
    if (TEAM == TEAM_CLUSTER) index = index / cluster_size();
    if (index < args.call.params.logits.rows) sample_row<TEAM, Dtype, RESIDENT, PLAIN>(args, index);
}

// launching

enum Form { FORM_WARP, FORM_BLOCK, FORM_CLUSTER, FORM_STREAMED, FORMS };

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
    return plain ? sample_kernel_entry<TEAM_CLUSTER, Dtype, false, true>()
                 : sample_kernel_entry<TEAM_CLUSTER, Dtype, false, false>();
}

inline SampleKernel kernel_of(int form, int32_t dtype, bool plain) {
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
};

inline uint32_t threads_of(const urn_launch_hint &hint, uint32_t choice) {
    if (hint.threads <= 0) return choice;
    uint32_t t = (uint32_t)hint.threads / 32 * 32;
    return t < 32 ? 32 : t > SamplePolicy::most_threads ? (uint32_t)SamplePolicy::most_threads : t;
}

// Which team takes rows of this size. The smallest cluster whose slices leave room for a second block on their
// multiprocessor, so that one loads while the other computes; else the smallest that fits; twice that, as long as
// multiprocessors would stand idle. Streamed where none fits.
inline SamplePlan plan_sample(const urnk_device &d, int64_t rows, int64_t cols, int32_t dtype, bool plain) {
    const urn_launch_hint &hint = d.hint;
    const size_t limit = (size_t)d.shared_per_block, half = limit / 2;
    uint32_t all = row_groups(cols, element_of(dtype)), most = d.max_cluster > 1 ? (uint32_t)d.max_cluster : 1;
    bool warp = cols <= SamplePolicy::warp_cols && !hint.streamed && (hint.team == 0 || hint.team == TEAM_WARP);
    if (warp) {
        SampleKernel k = kernel_of(FORM_WARP, dtype, plain);
        uint32_t warps = min_of(threads_of(hint, SamplePolicy::warp_threads), SamplePolicy::most_warp_threads) / 32;
        size_t one = k.shared(all);
        while (warps > 1 && warps * one > limit) warps /= 2;
        return {k, {(uint32_t)((rows + warps - 1) / warps), warps * 32, 1, warps * one}, all};
    }
    auto slice = [&](uint32_t cluster) { return (all + cluster - 1) / cluster; };
    // a block alone is a cluster of one only where the hint says so
    auto form_of = [&](uint32_t cluster) {
        return cluster == 1 && hint.team != TEAM_CLUSTER ? FORM_BLOCK : FORM_CLUSTER;
    };
    auto bytes = [&](uint32_t cluster) { return kernel_of(form_of(cluster), dtype, plain).shared(slice(cluster)); };
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
    if (hint.team == TEAM_BLOCK && (hint.streamed || fits(1, limit))) cluster = 1;
    while (cluster > 1 && rows > (int64_t)(0x7fffffff / cluster)) cluster /= 2; // the grid's first dimension
    bool streamed = hint.streamed || !fits(cluster, limit);
    SampleKernel k = kernel_of(streamed ? FORM_STREAMED : form_of(cluster), dtype, plain);
    size_t shared = k.shared(streamed ? 0 : slice(cluster));
    uint32_t threads =
        threads_of(hint, shared <= half ? (uint32_t)SamplePolicy::half_threads : (uint32_t)SamplePolicy::threads);
    return {k, {(uint32_t)(rows * cluster), threads, cluster, shared}, streamed ? 0 : slice(cluster)};
}

// Load every kernel, allow it all shared memory, and find the largest cluster that all of them fit.
inline int open_sample(urnk_device *d) {
    SampleKernel all[FORMS * 3 * 2];
    int count = 0;
    for (int form = 0; form < FORMS; form++)
        for (int32_t dtype = 0; dtype < 3; dtype++)
            for (int plain = 0; plain < 2; plain++) all[count++] = kernel_of(form, dtype, plain != 0);
    for (int i = 0; i < count; i++) {
        int error = prepare(all[i].kernel, (size_t)d->shared_per_block);
        if (error) return error;
    }
    d->max_cluster = 1;
    for (uint32_t cluster = 16; cluster > 1 && d->compute >= 90 && d->max_cluster == 1; cluster /= 2) {
        bool fits = true;
        for (int i = FORM_CLUSTER * 6; i < count && fits; i++) {
            int held = 0;
            Shape full = {cluster, SamplePolicy::most_threads, cluster, (size_t)d->shared_per_block};
            int error = clusters_that_fit(all[i].kernel, full, &held);
            if (error) return error;
            fits = held > 0;
        }
        if (fits) d->max_cluster = (int32_t)cluster;
    }
    for (int32_t dtype = 0; dtype < 3; dtype++) {
        int form = d->max_cluster > 1 ? FORM_CLUSTER : FORM_BLOCK;
        int64_t groups = (int64_t)groups_that_fit(kernel_of(form, dtype, false), (size_t)d->shared_per_block);
        int64_t cols = groups * d->max_cluster * GROUP - (int64_t)(16 / element_of(dtype)) + 1;
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
    urnd::SamplePlan plan = urnd::plan_sample(*device, m.rows, m.cols, m.dtype, (call->lists.needs & URN_NEEDS_KEEP) == 0);
    urnd::SampleArgs args = {*call, plan.groups, urnd::row_groups(m.cols, urnd::element_of(m.dtype))};
    return urnd::launch(plan.kernel.kernel, plan.shape, stream, args);
}
