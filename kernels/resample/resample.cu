// resample.cu - urn_resample: rows begin, the law is summed, the trigger decides, the launches of the scheme follow.
// shapes   weights [rows, n] -> ancestors [rows, M], offspring, lw_out, statistics; all that resample.h lists
// idea     resample_law.cu makes every row exact integers; a thread a row decides; resample_emit.cu (cumulated
//          counts), resample_draw.cu (output by output), resample_ssp.cu or resample_least.cu do the scheme
// minimum  2 n*e + 4 M, as no output comes before the row's total; this kernel: that for rows of one tile, 3 n*e + 4
//          M for longer ones (systematic, stratified); where outputs search, 16 n for prefix sums and log2(n) loads
//          an output
// bound    HBM for systematic; L2 latency for searches
// launch   begin, law (1 or 4), settle, then 2 (systematic, stratified, multinomial, killing, chains, rejection), 4
//          (residual stratified), 6 (sorted, branching), 7 (residual, minimum error), 5 to 8 (SSP); a cap 4 more,
//          pins 1, offspring of drawn schemes 1
// bits     integers, see bits_resample.h
// tail     rows with a status cost their record
// ptxas    2 kernels, no spill, no stack frame: sm_90 36 and 72 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

enum { ROW_THREADS = 128 }; // of kernels that give a row a thread

// Where the row's outputs go; M.
URN_DEVICE void place_outputs(const urn_resample_params &p, int64_t number, RowLaw &row) {
    int64_t rows = p.weights.rows;
    row.out = number * p.outputs_stride;
    row.span = p.outputs;
    row.m = of_row(p.outputs_row, rows, number, TAG_PARAM, (int32_t)p.outputs);
    if (!p.output_offsets) return;
    Global<const int64_t> offsets(p.output_offsets, rows + 1, TAG_INDEX);
    row.out = offsets.load(number);
    int64_t end = offsets.load(number + 1);
    bool bad = row.out < 0 || end < row.out || end > p.output_size;
    if (bad) row.status = URN_ROW_INDEX;
    row.m = row.span = bad ? -1 : end - row.out;
}

// Whether parameters of the row, known before it is read, are bad.
URN_DEVICE bool bad_parameters(const urn_resample_params &p, int64_t number, RowLaw &row) {
    int64_t rows = p.weights.rows;
    float threshold = of_row(p.threshold, rows, number, TAG_PARAM, p.threshold_value);
    if (row.m < 0 || row.m > p.outputs || !(threshold >= 0.0f)) return true;
    if (p.scheme == URN_RESAMPLE_KILLING && row.m != row.n) return true;
    bool segments = p.scheme == URN_RESAMPLE_METROPOLIS_C1 || p.scheme == URN_RESAMPLE_METROPOLIS_C2;
    if (segments && row.n % p.segment != 0) return true;
    if (!p.pin_slot) return false;
    row.pin_slot = of_row(p.pin_slot, rows, number, TAG_PARAM, -1);
    if (row.pin_slot == -1) return false;
    row.pin = of_row(p.pin_ancestor, rows, number, TAG_PARAM, -1);
    return row.pin_slot < 0 || row.pin_slot >= row.m || row.pin < 0 || row.pin >= row.n;
}

URN_KERNEL(ROW_THREADS) begin_kernel(URN_ARGS(ResampleArgs) a) {
    const urn_resample_params &p = a.p;
    int64_t number = (int64_t)block_id() * ROW_THREADS + thread_id();
    if (number >= p.weights.rows) return;
    RowLaw row = begin_row(p.weights, number);
    row.pin_slot = -1;
    place_outputs(p, number, row);
    if (row.status == 0 && bad_parameters(p, number, row)) row.status = URN_ROW_PARAM;
    seed_row(p, p.weights.rows, number, row);
    row_records(a.law).store(number, row);
}

// The trigger, and where a row's sums begin. With a cap it runs before it, for the trigger, and after, for the sums.
URN_KERNEL(ROW_THREADS) settle_kernel(URN_ARGS(ResampleArgs) a) {
    const urn_resample_params &p = a.p;
    int64_t number = (int64_t)block_id() * ROW_THREADS + thread_id();
    if (number >= p.weights.rows) return;
    RowLaw row = row_record(a.law, number);
    if (row.status == 0) {
        double threshold = (double)of_row(p.threshold, p.weights.rows, number, TAG_PARAM, p.threshold_value);
        bool free = row.m == row.n && row.pin_slot < 0;
        row.resampled = !free || row.ess < threshold * (double)row.n ? 1 : 0;
        row.produced = row.m;
        row.rest = row.m;
        row.start = pick(row_block(row, 0, 0, URN_STREAM_RESAMPLE), row.total, row.narrow());
    }
    row_records(a.law).store(number, row);
}

inline bool draws_outputs(int32_t scheme) {
    return scheme == URN_RESAMPLE_MULTINOMIAL || scheme == URN_RESAMPLE_KILLING || scheme >= URN_RESAMPLE_METROPOLIS;
}

inline bool makes_counts(int32_t scheme) {
    return scheme == URN_RESAMPLE_MULTINOMIAL_SORTED || scheme == URN_RESAMPLE_RESIDUAL || scheme == URN_RESAMPLE_SSP ||
           scheme == URN_RESAMPLE_BRANCHING || scheme == URN_RESAMPLE_MINIMUM_ERROR;
}

inline int enqueue_scheme(const ResampleArgs &a, struct CUstream_st *stream) {
    int error = 0;
    switch (a.p.scheme) {
    case URN_RESAMPLE_RESIDUAL_STRATIFIED:
        error = enqueue_shares(a, stream);
        break;
    case URN_RESAMPLE_BRANCHING:
        error = enqueue_shares(a, stream);
        break;
    case URN_RESAMPLE_RESIDUAL:
        error = enqueue_shares(a, stream);
        if (!error) error = enqueue_draws(a, stream);
        break;
    case URN_RESAMPLE_SSP:
        error = enqueue_ssp(a, stream);
        break;
    case URN_RESAMPLE_MINIMUM_ERROR:
        error = enqueue_shares(a, stream);
        if (!error) error = enqueue_minimum_error(a, stream);
        break;
    default:
        if (draws_outputs(a.p.scheme) || a.p.scheme == URN_RESAMPLE_MULTINOMIAL_SORTED)
            error = enqueue_draws(a, stream);
    }
    if (error) return error;
    if (draws_outputs(a.p.scheme)) return enqueue_finish(a, stream);
    return makes_counts(a.p.scheme) ? enqueue_counted(a, stream) : enqueue_emit(a, stream);
}

inline int enqueue_resample(const urnk_device *device, const urn_resample_params *params, struct CUstream_st *stream) {
    int32_t scheme = params->scheme;
    WorkArena work = {(unsigned char *)params->workspace, 0};
    urn_weights weights = params->weights;
    if (params->law) weights.data = params->law;
    bool search = draws_outputs(scheme) || scheme == URN_RESAMPLE_MULTINOMIAL_SORTED || scheme == URN_RESAMPLE_RESIDUAL;
    ResampleArgs a = {};
    a.law = law_args(work, device, weights, search);
    a.p = *params;
    size_t cells = (size_t)(weights.rows * weights.items);
    if (!draws_outputs(scheme)) a.ends = work.take<uint32_t>(cells);
    if (makes_counts(scheme)) a.counts = a.ends;
    if (scheme == URN_RESAMPLE_RESIDUAL) a.whole = work.take<uint32_t>(cells);
    if (scheme == URN_RESAMPLE_SSP) {
        a.nodes_row = 2 * a.law.tiles_row + 3; // levels of tiles: each at most a 256th of the one below and one more
        a.nodes = work.take<uint64_t>((size_t)(weights.rows * a.nodes_row) * 3);
    }
    a.chunks = parts_of(params->outputs, a.law.tile);
    if (a.chunks == 0) a.chunks = 1;
    Shape rows = {(uint32_t)parts_of(weights.rows, ROW_THREADS), ROW_THREADS, 1, 0};
    int error = launch(begin_kernel, rows, stream, a);
    if (!error) error = enqueue_law(a.law, false, stream);
    if (!error) error = launch(settle_kernel, rows, stream, a);
    if (!error && params->cap) error = enqueue_cap(a, stream);
    if (!error && params->cap) error = launch(settle_kernel, rows, stream, a);
    if (!error && params->pin_slot) error = enqueue_pins(a, stream);
    return error ? error : enqueue_scheme(a, stream);
}

} // namespace urnd

extern "C" int URN_SIDE(resample)(const urnk_device *device, const urn_resample_params *params,
                                  struct CUstream_st *stream) {
    urnd::set_launch_options(device);
    return urnd::enqueue_resample(device, params, stream);
}
