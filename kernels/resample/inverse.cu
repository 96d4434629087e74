// inverse.cu - points of a piecewise uniform law by inverse transform, linear inside a bin.
// shapes   weights [rows, n], edges [rows or 1, n + 1] -> values f32, bins i32 [rows, M]
// idea     a thread a point: a search over tile records and a tile's prefix sums finds the bin, a quotient the place
//          in it
// minimum  n*e + 8 M a row; this kernel: 2 n*e (1 for one tile), 8 n each way, log2 n loads and a weight a point, 8 M
// bound    searches in L2; neighbours search side by side where points are in order
// launch   begin, law (1 or 4), 1; block 256
// bits     integers up to the place in the bin, one f64 fma after it
// tail     rows with a status are filled
// ptxas    1 kernel, no spill, no stack frame: sm_90 66 registers (nvcc 13.0)
#include "kernels/resample/weighed_row.h"

namespace urnd {

struct InverseArgs {
    LawArgs law;
    urn_inverse_params p;
    int64_t chunks;
};

enum { INVERSE_DRAW = 3 };

// floor((m * 2^64 + u) / count) for m < count <= 2^30
URN_DEVICE uint64_t stratum_code(int64_t m, uint64_t u, int64_t count) {
    uint64_t top = (uint64_t)m << 32 | u >> 32, by = (uint64_t)count;
    uint64_t high = top / by, rest = top % by;
    return high << 32 | (rest << 32 | (u & 0xffffffffu)) / by;
}

URN_DEVICE uint64_t point_code(const InverseArgs &a, const RowLaw &row, int64_t number, int64_t m) {
    const urn_inverse_params &p = a.p;
    if (p.codes)
        return Global<const uint64_t>(p.codes, p.weights.rows * p.outputs, TAG_INDEX).load(number * p.outputs + m);
    if (p.points == URN_INVERSE_MIDPOINTS) return stratum_code(m, UINT64_C(1) << 63, p.outputs);
    uint32_t index = p.points == URN_INVERSE_SYSTEMATIC ? 0 : (uint32_t)m;
    uint64_t u = row_block(row, index, INVERSE_DRAW, URN_STREAM_RESAMPLE).low64();
    return p.points == URN_INVERSE_RANDOM ? u : stratum_code(m, u, p.outputs);
}

// floor(floor(left / w) / 2^11), left = high * 2^64 + low, high < w <= 2^40: two quotients of 27 and 26 bits.
URN_DEVICE uint64_t place_code(Wide left, uint64_t w) {
    Divisor by = divisor(wide(w));
    uint64_t low = left.low >> 11;
    Quotient q = divide({left.high >> 37, left.high << 27 | low >> 26}, by);
    uint64_t rest = q.rest.low; // below 2^40
    Quotient r = divide({rest >> 38, rest << 26 | (low & 0x3ffffffu)}, by);
    return q.whole << 26 | r.whole;
}

URN_KERNEL(TILE_THREADS) inverse_kernel(URN_ARGS(InverseArgs) a) {
    const urn_inverse_params &p = a.p;
    int64_t rows = p.weights.rows, size = rows * p.outputs;
    Global<float> values(p.values, size, TAG_OUT);
    Global<int32_t> bins(p.bins, size, TAG_OUT);
    URN_ROLLED
    for (int64_t work = block_id(); work < rows * a.chunks; work += grid_blocks()) {
        int64_t number = work / a.chunks, m = work % a.chunks * TILE_THREADS + thread_id();
        RowLaw row = row_record(a.law, number);
        if (m == 0 && p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(number, row.status);
        if (m >= p.outputs) continue;
        seed_row(p, rows, number, row);
        int64_t bin = -1, at = number * p.outputs + m;
        float value = bits_f32(URN_NAN_BITS);
        if (row.status == 0) {
            Wide point = wide_product(point_code(a, row, number, m), row.total.low);
            bin = first_above(a.law, row, number, wide(point.high));
            if (p.values) {
                Global<const float> edges(p.edges, p.edges_stride ? (rows - 1) * p.edges_stride + row.n + 1 : row.n + 1,
                                          TAG_PARAM);
                int64_t edge = number * p.edges_stride + bin;
                uint64_t w = weight_at(a.law, row, bin);
                Wide before = tile_records(a.law, number).load(bin / a.law.tile).before;
                uint64_t below = before.low + row_prefix(a.law, number).load(bin) - w;
                double y = (double)place_code({point.high - below, point.low}, w) * 0x1p-53;
                double left = (double)edges.load(edge), right = (double)edges.load(edge + 1);
                double v = fma_f64(y, right - left, left);
                if (v == v) value = (float)v;
            }
        }
        if (p.bins) bins.store(at, (int32_t)bin);
        if (p.values) values.store(at, value);
    }
}

} // namespace urnd

extern "C" int URN_SIDE(inverse_grid)(const urnk_device *device, const urn_inverse_params *params,
                                      struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    InverseArgs a = {law_args(work, device, params->weights, true), *params, 1};
    if (params->outputs) a.chunks = parts_of(params->outputs, TILE_THREADS);
    int error = enqueue_begin(a.law, stream);
    if (!error) error = enqueue_law(a.law, false, stream);
    return error ? error
                 : launch(inverse_kernel, {grid_for(params->weights.rows * a.chunks), TILE_THREADS, 1, 0}, stream, a);
}
