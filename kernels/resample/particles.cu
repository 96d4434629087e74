// particles.cu - after resampling: counts of ancestors and back, in-place ancestors, moving the particles.
// shapes   ancestors [rows, M] i32, offspring [rows, n] i32, particles of any size
// idea     counts: atomic adds. From counts: the counted launches of urn_resample. Permute: an atomic maximum finds
//          the first output of each item; then every dead slot walks back along those to the output that belongs
//          there, a disjoint chain each, and every item with offspring is its own ancestor. Gather: 1 to 32 lanes a
//          particle
// minimum  counts 4 M + 4 n; permute 8 n; gather each particle that moves, twice; this kernel: counts 4 M + 8 n and
//          an atomic an output; permute 20 n; gather the same and 4 to 8 bytes an output
// bound    L2 atomics; HBM. Chains are short among random ancestors; in a row like 0 0 1 2 3 ... one is n long, and
//          it is one thread that walks it
// launch   counts 2, from counts 6, permute 4, gather 1 (2 where a status is wanted); block 256
// bits     no arithmetic
// tail     grids cover every element once
// ptxas    10 kernels, no spill, no stack frame: sm_90 8 to 42 registers (nvcc 13.0)
#include "kernels/resample/particle_moves.h"
#include "kernels/resample/resample_room.h"

namespace urnd {

struct AncestorArgs {
    urn_ancestors_params p;
    int32_t *ancestors;
    uint32_t *first; // [rows, items] permute: items less the first output of each; 0: none
    uint32_t *flags; // [rows] what is wrong
};

URN_DEVICE Global<int32_t> ancestors_of(const AncestorArgs &a) {
    return {a.ancestors, a.p.rows * a.p.outputs, TAG_OUT};
}
URN_DEVICE Global<uint32_t> flags_of(const AncestorArgs &a) { return {a.flags, a.p.rows, TAG_WORKSPACE}; }

// Zeros for counts, flags and, in permute, the firsts.
URN_KERNEL(FLAT_THREADS) zero_ancestors_kernel(URN_ARGS(AncestorArgs) a) {
    int64_t cells = a.p.rows * a.p.items;
    URN_ROLLED
    for (int64_t i = flat_first(); i < cells; i += flat_step()) {
        if (a.first)
            Global<uint32_t>(a.first, cells, TAG_WORKSPACE).store(i, 0);
        else
            Global<int32_t>(a.p.offspring, cells, TAG_OUT).store(i, 0);
        if (i < a.p.rows && a.flags) flags_of(a).store(i, 0);
    }
}

URN_KERNEL(FLAT_THREADS) count_ancestors_kernel(URN_ARGS(AncestorArgs) a) {
    int64_t cells = a.p.rows * a.p.items, outputs = a.p.rows * a.p.outputs;
    Global<const int32_t> ancestors(a.ancestors, outputs, TAG_INDEX);
    Global<int32_t> offspring(a.p.offspring, cells, TAG_OUT);
    URN_ROLLED
    for (int64_t i = flat_first(); i < outputs; i += flat_step()) {
        int32_t ancestor = ancestors.load(i);
        if (ancestor == -1) continue;
        int64_t row = i / a.p.outputs;
        if (ancestor >= 0 && ancestor < a.p.items)
            offspring.add(row * a.p.items + ancestor, 1);
        else if (a.flags)
            Global<uint32_t>(a.flags, a.p.rows, TAG_OUT).or_(row, URN_ROW_INDEX);
    }
}

// ---- permute

URN_KERNEL(FLAT_THREADS) first_outputs_kernel(URN_ARGS(AncestorArgs) a) {
    int64_t n = a.p.items, cells = a.p.rows * n;
    Global<uint32_t> first(a.first, cells, TAG_WORKSPACE);
    URN_ROLLED
    for (int64_t i = flat_first(); i < cells; i += flat_step()) {
        int64_t row = i / n, m = i - row * n;
        int32_t ancestor = ancestors_of(a).load(i);
        if (ancestor < 0 || ancestor >= n)
            flags_of(a).or_(row, URN_ROW_INDEX);
        else
            first.max(row * n + ancestor, (uint32_t)(n - m));
    }
}

// Dead slots get what belongs there. Nobody else reads or writes them in this launch; items that live are only read.
URN_KERNEL(FLAT_THREADS) dead_slots_kernel(URN_ARGS(AncestorArgs) a) {
    int64_t n = a.p.items, cells = a.p.rows * n;
    Global<uint32_t> first(a.first, cells, TAG_WORKSPACE);
    Global<int32_t> ancestors = ancestors_of(a);
    URN_ROLLED
    for (int64_t i = flat_first(); i < cells; i += flat_step()) {
        int64_t row = i / n, base = row * n, slot = i - base;
        if (first.load(i) != 0 || flags_of(a).load(row)) continue;
        int64_t m = slot, item = ancestors.load(i);
        URN_ROLLED
        while (n - first.load(base + item) == m) { // m is its item's first: it went to that item's slot
            m = item;
            item = ancestors.load(base + m);
        }
        ancestors.store(i, (int32_t)item);
    }
}

URN_KERNEL(FLAT_THREADS) living_slots_kernel(URN_ARGS(AncestorArgs) a) {
    int64_t n = a.p.items, cells = a.p.rows * n;
    Global<uint32_t> first(a.first, cells, TAG_WORKSPACE);
    URN_ROLLED
    for (int64_t i = flat_first(); i < cells; i += flat_step()) {
        int64_t row = i / n;
        uint32_t flags = flags_of(a).load(row);
        if (!flags && first.load(i) != 0) ancestors_of(a).store(i, (int32_t)(i - row * n));
        if (i == row * n && a.p.status) Global<int32_t>(a.p.status, a.p.rows, TAG_OUT).store(row, (int32_t)flags);
    }
}

// ---- from counts

URN_KERNEL(FLAT_THREADS) begin_counted_kernel(URN_ARGS(ResampleArgs) a) {
    URN_ROLLED
    for (int64_t number = flat_first(); number < a.p.weights.rows; number += flat_step()) {
        RowLaw row = {};
        row.n = a.p.weights.items;
        row.m = row.span = a.p.outputs;
        row.out = number * a.p.outputs;
        row.resampled = 1;
        row_records(a.law).store(number, row);
    }
}

// ---- gather

// Output m of a row comes from its ancestor, or from m itself where the row was not resampled.
struct GatherPlan {
    urn_particles_gather_params p;
    // Of the row, or -1 for nowhere. Sets the row's status where that is wrong.
    URN_DEVICE int64_t source(int64_t row, int64_t m) const {
        bool in_place = p.to == p.from;
        if (p.resampled && Global<const int32_t>(p.resampled, p.rows, TAG_INDEX).load(row) == 0)
            return in_place || m >= p.items ? -1 : m;
        Global<const int32_t> ancestors(p.ancestors, p.rows * p.outputs, TAG_INDEX);
        int64_t a = ancestors.load(row * p.outputs + m);
        if (a == -1 || (in_place && a == m)) return -1;
        bool good = a >= 0 && a < p.items;
        if (good && in_place) good = ancestors.load(row * p.outputs + a) == a;
        if (good) return a;
        if (p.status) Global<uint32_t>((uint32_t *)p.status, p.rows, TAG_OUT).or_(row, URN_ROW_INDEX);
        return -1;
    }
    URN_DEVICE Move move(int64_t output) const {
        int64_t row = output / p.outputs, from = source(row, output - row * p.outputs);
        return {from < 0 ? -1 : row * p.items + from, output};
    }
};

} // namespace urnd

extern "C" int URN_SIDE(offspring_from_ancestors)(const urnk_device *device, const urn_ancestors_params *params,
                                                  struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    AncestorArgs a = {*params, params->ancestors, nullptr, (uint32_t *)params->status};
    int error = launch(zero_ancestors_kernel, flat(params->rows * params->items), stream, a);
    if (error || params->outputs == 0) return error;
    return launch(count_ancestors_kernel, flat(params->rows * params->outputs), stream, a);
}

extern "C" int URN_SIDE(ancestors_from_offspring)(const urnk_device *device, const urn_ancestors_params *params,
                                                  struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    urn_weights items = {};
    items.rows = params->rows;
    items.items = items.stride = params->items;
    ResampleArgs a = {};
    a.law = law_args(work, device, items, false);
    a.p.weights = items;
    a.p.scheme = SCHEME_GIVEN_COUNTS;
    a.p.outputs = a.p.outputs_stride = params->outputs;
    a.p.ancestors = params->ancestors;
    a.p.status = params->status;
    a.counts = (uint32_t *)params->offspring;
    a.ends = work.take<uint32_t>((size_t)(params->rows * params->items));
    a.chunks = params->outputs ? parts_of(params->outputs, a.law.tile) : 1;
    int error = launch(begin_counted_kernel, flat(params->rows), stream, a);
    return error ? error : enqueue_counted(a, stream);
}

extern "C" int URN_SIDE(ancestors_permute)(const urnk_device *device, const urn_ancestors_params *params,
                                           struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    Shape shape = flat(params->rows * params->items);
    AncestorArgs a = {*params, params->ancestors, nullptr, nullptr};
    a.first = work.take<uint32_t>((size_t)(params->rows * params->items));
    a.flags = work.take<uint32_t>((size_t)params->rows);
    int error = launch(zero_ancestors_kernel, shape, stream, a);
    if (!error) error = launch(first_outputs_kernel, shape, stream, a);
    if (!error) error = launch(dead_slots_kernel, shape, stream, a);
    return error ? error : launch(living_slots_kernel, shape, stream, a);
}

extern "C" int URN_SIDE(particles_gather)(const urnk_device *device, const urn_particles_gather_params *params,
                                          struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    if (params->status) {
        int error = enqueue_zero_u32<TAG_OUT>((uint32_t *)params->status, params->rows, stream);
        if (error) return error;
    }
    MoveArgs<GatherPlan> m = {};
    m.plan.p = *params;
    m.from = (const unsigned char *)params->from, m.to = (unsigned char *)params->to;
    m.from_count = params->rows * params->items;
    m.to_count = m.moves = params->rows * params->outputs;
    m.bytes = params->particle_bytes;
    return enqueue_moves(m, stream);
}
