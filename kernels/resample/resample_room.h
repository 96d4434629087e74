// resample_room.h - what the launches of one urn_resample share: arguments, where outputs go, what the row's record
// says of them.
#ifndef URN_RESAMPLE_ROOM_H
#define URN_RESAMPLE_ROOM_H

#include "kernels/resample/weighed_row.h"

namespace urnd {

// ancestors_from_offspring takes the launches of the last stage; its counts are the caller's.
enum { SCHEME_GIVEN_COUNTS = -1 };

// A tile's block writes up to this many outputs for each of its items by itself; a tile with more is heavy, and its
// outputs are spread over the GPU by the last launch. Guess.
enum { LIGHT_OUTPUTS = 16 };

struct ResampleArgs {
    LawArgs law; // of the weights drawn by
    urn_resample_params p;
    uint32_t *counts; // [rows, items] o_i, for schemes that make them one by one
    uint32_t *whole;  // [rows, items] residual: sum of n of a tile up to each item
    uint32_t *ends;   // [rows, items] C_i of heavy tiles; may be `counts`
    uint64_t *nodes;  // [rows, nodes_row, 3] SSP: what tiles hand up
    int64_t nodes_row;
    int64_t chunks; // of `tile` outputs each, of a row
};

// The row's part of a [rows, items] array in the workspace, or of the caller's counts.
URN_DEVICE Global<uint32_t> row_u32(const ResampleArgs &a, uint32_t *array, int64_t number) {
    int64_t items = a.law.weights.items;
    bool own = array == a.counts && a.p.scheme == SCHEME_GIVEN_COUNTS;
    return {array + number * items, items, own ? TAG_INDEX : TAG_WORKSPACE};
}

URN_DEVICE int64_t outputs_size(const urn_resample_params &p) {
    return p.output_offsets ? p.output_size : (p.weights.rows - 1) * p.outputs_stride + p.outputs;
}

URN_DEVICE void put_ancestor(const ResampleArgs &a, const RowLaw &row, int64_t m, int64_t ancestor) {
    if (a.p.ancestors) Global<int32_t>(a.p.ancestors, outputs_size(a.p), TAG_OUT).store(row.out + m, (int32_t)ancestor);
}

// A log-weight of `data`, with the bits that it has.
URN_DEVICE double given_weight(const ResampleArgs &a, const void *data, int64_t at) {
    int64_t size = weights_size(a.p.weights);
    return a.law.small() ? (double)Global<const float>((const float *)data, size, TAG_LOGITS).load(at)
                         : Global<const double>((const double *)data, size, TAG_LOGITS).load(at);
}

URN_DEVICE void put_weight(const ResampleArgs &a, const RowLaw &row, int64_t m, double v) {
    bool nan = v != v;
    if (a.law.small())
        Global<float>((float *)a.p.lw_out, outputs_size(a.p), TAG_OUT)
            .store(row.out + m, nan ? bits_f32(URN_NAN_BITS) : (float)v);
    else
        Global<double>((double *)a.p.lw_out, outputs_size(a.p), TAG_OUT)
            .store(row.out + m, nan ? bits_f64(URN_NAN_BITS_F64) : v);
}

// Output m of a row that keeps its items: the weight comes with its bits, a -0 and a payload too.
URN_DEVICE void keep_weight(const ResampleArgs &a, const RowLaw &row, int64_t m) {
    int64_t size = weights_size(a.p.weights), outputs = outputs_size(a.p);
    if (a.law.small())
        Global<uint32_t>((uint32_t *)a.p.lw_out, outputs, TAG_OUT)
            .store(row.out + m,
                   Global<const uint32_t>((const uint32_t *)a.p.weights.data, size, TAG_LOGITS).load(row.first + m));
    else
        Global<uint64_t>((uint64_t *)a.p.lw_out, outputs, TAG_OUT)
            .store(row.out + m,
                   Global<const uint64_t>((const uint64_t *)a.p.weights.data, size, TAG_LOGITS).load(row.first + m));
}

// Output m has this ancestor, or -1. With a law its weight and its law's are read: two loads, mostly in order.
URN_DEVICE void put_output(const ResampleArgs &a, const RowLaw &row, int64_t m, int64_t ancestor) {
    put_ancestor(a, row, m, ancestor);
    if (!a.p.lw_out) return;
    if (ancestor >= 0 && !row.resampled) {
        keep_weight(a, row, m);
        return;
    }
    double v = row.log_mean;
    if (a.p.law && ancestor >= 0)
        v = (given_weight(a, a.p.weights.data, row.first + ancestor) - given_weight(a, a.p.law, row.first + ancestor)) +
            v;
    put_weight(a, row, m, ancestor < 0 ? bits_f64(URN_NAN_BITS_F64) : v);
}

// Output j of the scheme, before a pin turns the row.
URN_DEVICE int64_t turned(const RowLaw &row, int64_t j) {
    int64_t m = j + row.turn;
    return m < row.m ? m : m - row.m;
}

URN_DEVICE int64_t offspring_at(const ResampleArgs &a, const RowLaw &row, int64_t number) {
    return a.p.weights.offsets ? row.first : number * a.p.weights.items;
}
URN_DEVICE Global<int32_t> offspring_counts(const ResampleArgs &a) {
    const urn_weights &w = a.p.weights;
    return {a.p.offspring, w.offsets ? w.size : w.rows * w.items, TAG_OUT};
}

// n_i and f_i.
URN_DEVICE Quotient share(const RowLaw &row, Divisor total, uint64_t w) {
    return divide(wide_product(w, (uint64_t)row.m), total);
}

// resample_emit.cu: from prefix sums by the row's scheme, or from counts, to ancestors, offspring, new weights; and all
// that other launches have left of a row's outputs.
int enqueue_emit(const ResampleArgs &a, struct CUstream_st *stream);
int enqueue_counted(const ResampleArgs &a, struct CUstream_st *stream);
int enqueue_finish(const ResampleArgs &a, struct CUstream_st *stream);
// Tiles' sums of n_i, scanned; counts and `whole` where they are there; branching: its counts.
int enqueue_shares(const ResampleArgs &a, struct CUstream_st *stream);
// resample_draw.cu: schemes that find the ancestor of one output after the other.
int enqueue_draws(const ResampleArgs &a, struct CUstream_st *stream);
// resample_ssp.cu, resample_least.cu: counts.
int enqueue_ssp(const ResampleArgs &a, struct CUstream_st *stream);
int enqueue_minimum_error(const ResampleArgs &a, struct CUstream_st *stream);
// resample_cap.cu, resample_pin.cu
int enqueue_cap(const ResampleArgs &a, struct CUstream_st *stream);
int enqueue_pins(const ResampleArgs &a, struct CUstream_st *stream);

} // namespace urnd

#endif
