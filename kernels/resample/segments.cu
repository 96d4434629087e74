// segments.cu - weighted mean and variance of segments, dimension by dimension.
// shapes   weights [rows, n], values [items, dims] f32 -> mean, variance [rows, dims]
// idea     a block takes a segment and up to 32 dimensions: lanes side by side take dimensions, the rest of the block
//          items. Values become integers against the largest of the segment, so that sums have no order: largest,
//          sum, squares, one walk each
// minimum  n*(e + 4 dims) a row; this kernel: three times that; short segments come from L1 after the first
// bound    HBM with many segments; one long segment of few dimensions has one multiprocessor
// launch   begin, law (1 or 4), 1; block 256, shared 4.2 KB
// bits     128-bit integers
// tail     lanes past the last dimension wait
// ptxas    1 kernel, no spill, no stack frame: sm_90 86 registers (nvcc 13.0)
#include "kernels/resample/weighed_row.h"

namespace urnd {

enum { MOMENT_THREADS = 256, MOMENT_DIMS = 32 };

struct MomentArgs {
    LawArgs law;
    urn_segments_moments_params p;
    uint32_t dims;  // that a block takes: a power of two
    int64_t groups; // of so many dimensions
};

struct MomentRoom {
    Shared<uint32_t> largest; // [dims] bits of the largest |x|
    Shared<Wide> parts;       // [threads]
};

URN_HOST_DEVICE MomentRoom moment_room(Arena &arena) {
    MomentRoom room = {arena.take<uint32_t>(MOMENT_DIMS, "moments.largest"),
                       arena.take<Wide>(MOMENT_THREADS, "moments.parts")};
    return room;
}

// What a thread walks: every `step`th item from `first`, in dimension k, if there is one.
struct MomentWalk {
    int64_t first, step, k;
    bool there;
};

URN_DEVICE float moment_value(const MomentArgs &a, const RowLaw &row, int64_t i, int64_t k) {
    int64_t at = (row.first + i) * a.p.dims + k;
    return Global<const float>(a.p.values, weights_size(a.law.weights) * a.p.dims, TAG_PARAM).load(at);
}

// floor(x * 2^(30 - e)): the product is exact.
URN_DEVICE int64_t moment_code(float x, double scale) {
    double at = (double)x * scale;
    int64_t whole = (int64_t)at;
    return (double)whole > at ? whole - 1 : whole;
}

URN_DEVICE Wide negative(Wide v) { return wide_difference(wide(0), v); }

// The dimension's sum of w * (q - g), or of its square, over the block. Two's complement.
template <bool SQUARE>
URN_DEVICE Wide moment_sum(const MomentArgs &a, MomentRoom room, const RowLaw &row, MomentWalk walk, double scale,
                           int64_t g) {
    Wide sum = {0, 0};
    URN_ROLLED
    for (int64_t i = walk.first; walk.there && i < row.n; i += walk.step) {
        uint64_t w = weight_at(a.law, row, i);
        if (w == 0) continue;
        int64_t q = moment_code(moment_value(a, row, i, walk.k), scale) - g;
        uint64_t size = (uint64_t)(q < 0 ? -q : q);
        Wide term = wide_product(w, SQUARE ? size * size : size);
        sum = wide_sum(sum, !SQUARE && q < 0 ? negative(term) : term);
    }
    room.parts.store(thread_id(), sum);
    block_sync();
    sum = wide(0);
    URN_ROLLED
    for (uint32_t t = thread_id() % a.dims; t < MOMENT_THREADS; t += a.dims) sum = wide_sum(sum, room.parts.load(t));
    block_sync(); // before the next sum
    return sum;
}

// The block calls.
URN_DEVICE void moments_of(const MomentArgs &a, MomentRoom room, const RowLaw &row, int64_t number, int64_t group) {
    uint32_t lane = thread_id() % a.dims;
    MomentWalk walk = {thread_id() / a.dims, MOMENT_THREADS / a.dims, group * a.dims + lane, false};
    walk.there = walk.k < a.p.dims;
    if (thread_id() < a.dims) room.largest.store(thread_id(), 0);
    block_sync();
    uint32_t largest = 0;
    URN_ROLLED
    for (int64_t i = walk.first; walk.there && !row.status && i < row.n; i += walk.step) {
        if (weight_at(a.law, row, i) == 0) continue;
        uint32_t bits = f32_bits(moment_value(a, row, i, walk.k)) & 0x7fffffffu;
        largest = largest < bits ? bits : largest;
    }
    if (largest) room.largest.max(lane, largest);
    block_sync();
    largest = room.largest.load(lane);
    bool good = !row.status && largest < 0x7f800000u;
    int e = good && largest ? least_power((double)bits_f32(largest)) : 0;
    double scale = bits_f64((uint64_t)(1023 + 30 - e) << 52), total = wide_f64(row.total);
    MomentWalk none = walk;
    none.there = false;
    Wide sum = moment_sum<false>(a, room, row, good ? walk : none, scale, 0);
    bool below = sum.high >> 63 != 0;
    Wide size = below ? negative(sum) : sum;
    double mean = wide_f64(size) / total;
    mean = (below ? -mean : mean) * bits_f64((uint64_t)(1023 + e - 30) << 52);
    Divisor by = divisor(good ? row.total : wide(1));
    Quotient q = divide(good ? size : wide(0), by);
    int64_t g = below ? -(int64_t)q.whole - (wide_zero(q.rest) ? 0 : 1) : (int64_t)q.whole;
    int64_t size_out = a.law.weights.rows * a.p.dims, at = number * a.p.dims + walk.k;
    bool writes = walk.first == 0 && walk.there;
    float absent = bits_f32(URN_NAN_BITS);
    if (writes) Global<float>(a.p.mean, size_out, TAG_OUT).store(at, !good ? absent : largest ? (float)mean : 0.0f);
    if (!a.p.variance) return;
    Wide squares = moment_sum<true>(a, room, row, good ? walk : none, scale, g);
    double variance = wide_f64(squares) / total * bits_f64((uint64_t)(1023 + 2 * e - 60) << 52);
    if (writes)
        Global<float>(a.p.variance, size_out, TAG_OUT).store(at, !good ? absent : largest ? (float)variance : 0.0f);
}

URN_KERNEL(MOMENT_THREADS) moments_kernel(URN_ARGS(MomentArgs) a) {
    Arena arena(true);
    MomentRoom room = moment_room(arena);
    int64_t rows = a.law.weights.rows;
    URN_ROLLED
    for (int64_t work = block_id(); work < rows * a.groups; work += grid_blocks()) {
        int64_t number = work / a.groups, group = work % a.groups;
        RowLaw row = row_record(a.law, number);
        moments_of(a, room, row, number, group);
        block_sync(); // before the next segment's largest
        if (group != 0 || thread_id() != 0) continue;
        if (a.p.stats) Global<urn_weight_stats>(a.p.stats, rows, TAG_OUT).store(number, statistics(row));
        if (a.p.status) Global<int32_t>(a.p.status, rows, TAG_OUT).store(number, row.status);
    }
}

} // namespace urnd

extern "C" int URN_SIDE(segments_moments)(const urnk_device *device, const urn_segments_moments_params *params,
                                          struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    MomentArgs a = {law_args(work, device, params->weights, false), *params, 1, 0};
    while (a.dims < MOMENT_DIMS && (int64_t)a.dims < params->dims) a.dims *= 2;
    a.groups = parts_of(params->dims, a.dims);
    Arena arena(false);
    moment_room(arena);
    int error = enqueue_begin(a.law, stream);
    if (!error) error = enqueue_law(a.law, false, stream);
    return error ? error
                 : launch(moments_kernel, {grid_for(params->weights.rows * a.groups), MOMENT_THREADS, 1, arena.used},
                          stream, a);
}
