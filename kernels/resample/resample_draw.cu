// resample_draw.cu - schemes that find one output's ancestor after the other.
// shapes   records and prefix sums of resample_law.cu -> ancestors [rows, M] and lw_out, or counts [rows, n]
// idea     multinomial, killing, chains, rejection, and the draws of sorted multinomial and residual: a thread an
//          output. A search walks tile records, then a tile's prefix sums; a chain reads a weight an iteration and
//          makes its integer there and then; Megopolis shares one offset, so that reads are whole lines
// minimum  4 M, and a weight an iteration of chains; this kernel: the same, and log2(n) loads a search
// bound    latency of dependent loads: L2 for searches, HBM for chains over rows past it
// launch   1, a block for `tile` outputs; one before it zeroes counts or offspring
// bits     integers; counts by atomic adds
// tail     outputs that a row does not have are left to finish
// ptxas    2 kernels, no spill, no stack frame: sm_90 32 and 124 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

// floor(u * n / 2^64)
URN_DEVICE int64_t below(uint64_t u, int64_t n) { return (int64_t)mulhi_u64(u, (uint64_t)n); }

// An exact draw: FIRST(PICK({index, draw}, T)).
URN_DEVICE int64_t drawn(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t index, uint32_t draw) {
    Random4 block = row_block(row, (uint32_t)index, draw, URN_STREAM_RESAMPLE);
    return first_above(a.law, row, number, pick(block, row.total, row.narrow()));
}

// The first i whose fractions sum to more than x < R * T: prefix sums of M * w mod T are M * S - T * N.
URN_DEVICE int64_t residual_drawn(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t j) {
    Wide x = pick_wide(row_block(row, (uint32_t)j, 0, URN_STREAM_RESAMPLE), wide_times(row.total, (uint64_t)row.rest));
    Global<TileLaw> tiles = tile_records(a.law, number);
    Global<uint64_t> prefix = row_prefix(a.law, number);
    Global<uint32_t> whole = row_u32(a, a.whole, number);
    uint64_t m = (uint64_t)row.m;
    int64_t low = 0, high = parts_of(row.n, a.law.tile) - 1;
    URN_ROLLED
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        TileLaw tile = tiles.load(middle);
        Wide before = wide_difference(wide_times(tile.before, m), wide_times(row.total, tile.count_before));
        if (wide_less(x, before))
            high = middle - 1;
        else
            low = middle;
    }
    TileLaw tile = tiles.load(low);
    int64_t from = low * a.law.tile, to = row.n - from < a.law.tile ? row.n - 1 : from + a.law.tile - 1;
    URN_ROLLED
    while (from < to) {
        int64_t middle = (from + to) / 2;
        Wide s = wide_times(wide_sum(tile.before, wide(prefix.load(middle))), m);
        Wide sum = wide_difference(s, wide_times(row.total, tile.count_before + whole.load(middle)));
        if (wide_less(x, sum))
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

// Where iteration b of output m proposes to go. u: the iteration's first uniform.
URN_DEVICE int64_t proposal(const ResampleArgs &a, const RowLaw &row, int64_t m, uint32_t b, uint64_t u) {
    int32_t scheme = a.p.scheme;
    if (scheme == URN_RESAMPLE_METROPOLIS) return below(u, row.n);
    bool megopolis = scheme == URN_RESAMPLE_MEGOPOLIS;
    uint32_t index = megopolis ? 0 : (uint32_t)(m / URN_RESAMPLE_TEAM);
    uint32_t draw = scheme == URN_RESAMPLE_METROPOLIS_C1 ? 0 : b;
    uint64_t shared = row_block(row, index, draw, URN_STREAM_SEGMENT).low64();
    if (megopolis) return (m + below(shared, row.n)) % row.n;
    return below(shared, row.n / a.p.segment) * a.p.segment + below(u, a.p.segment);
}

URN_DEVICE int64_t chained(const ResampleArgs &a, const RowLaw &row, int64_t m) {
    int64_t k = m % row.n;
    uint64_t here = weight_at(a.law, row, k);
    URN_ROLLED
    for (uint32_t b = 0; b < (uint32_t)a.p.iterations; b++) {
        Random4 block = row_block(row, (uint32_t)m, b, URN_STREAM_CHAIN);
        int64_t j = proposal(a, row, m, b, block.low64());
        uint64_t there = weight_at(a.law, row, j);
        if (mulhi_u64(second64(block), here) < there) k = j, here = there;
    }
    return k;
}

URN_DEVICE int64_t rejected(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t m) {
    URN_ROLLED
    for (uint32_t b = 0; b < (uint32_t)a.p.iterations; b++) {
        Random4 block = row_block(row, (uint32_t)m, b, URN_STREAM_CHAIN);
        int64_t j = b == 0 ? m % row.n : below(block.low64(), row.n);
        if (mulhi_u64(second64(block), row.largest) < weight_at(a.law, row, j)) return j;
    }
    return drawn(a, row, number, m, 0);
}

URN_DEVICE int64_t killed(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t m) {
    Random4 block = row_block(row, (uint32_t)m, 0, URN_STREAM_RESAMPLE);
    Wide coin = pick(block, wide(row.largest), row.narrow());
    if (coin.low < weight_at(a.law, row, m)) return m;
    return drawn(a, row, number, m, 1);
}

URN_DEVICE int64_t ancestor_of(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t m) {
    if (!row.resampled) return m;
    int32_t scheme = a.p.scheme;
    if (scheme == URN_RESAMPLE_RESIDUAL) return residual_drawn(a, row, number, m);
    if (scheme == URN_RESAMPLE_KILLING)
        return row.pin_slot >= 0 && m == row.rest ? row.pin : killed(a, row, number, m); // rest: J of a pinned row
    if (scheme == URN_RESAMPLE_REJECTION) return rejected(a, row, number, m);
    if (scheme >= URN_RESAMPLE_METROPOLIS) return chained(a, row, m);
    return row.pin_slot == m ? row.pin : drawn(a, row, number, m, 0);
}

// Counts of a row that drawn ancestors are added to.
URN_DEVICE void count_one(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t ancestor) {
    if (a.counts)
        row_u32(a, a.counts, number).add(ancestor, 1);
    else if (a.p.offspring)
        offspring_counts(a).add(offspring_at(a, row, number) + ancestor, 1);
}

URN_KERNEL(TILE_THREADS) draw_kernel(URN_ARGS(ResampleArgs) a) {
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.chunks; work += grid_blocks()) {
        int64_t number = work / a.chunks, first = work % a.chunks * a.law.tile;
        RowLaw row = row_record(a.law, number);
        if (row.status || (a.counts && !row.resampled)) continue;
        int64_t all = a.p.scheme == URN_RESAMPLE_RESIDUAL ? row.rest : row.m;
        int64_t end = first + a.law.tile < all ? first + a.law.tile : all;
        URN_ROLLED
        for (int64_t m = first + thread_id(); m < end; m += block_threads()) {
            int64_t ancestor = ancestor_of(a, row, number, m);
            if (!a.counts) put_output(a, row, turned(row, m), ancestor);
            count_one(a, row, number, ancestor);
        }
    }
}

// Zeros where counts are added.
URN_KERNEL(TILE_THREADS) zero_counts_kernel(URN_ARGS(ResampleArgs) a) {
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.law.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.law.tiles_row, first = work % a.law.tiles_row * a.law.tile;
        RowLaw row = row_record(a.law, number);
        int64_t end = first + a.law.tile < row.n ? first + a.law.tile : row.n;
        Global<uint32_t> counts = row_u32(a, a.counts, number);
        Global<int32_t> offspring = offspring_counts(a);
        int64_t at = offspring_at(a, row, number);
        URN_ROLLED
        for (int64_t i = first + thread_id(); i < end; i += block_threads()) {
            if (a.counts)
                counts.store(i, 0);
            else
                offspring.store(at + i, 0);
        }
    }
}

int enqueue_draws(const ResampleArgs &a, struct CUstream_st *stream) {
    uint32_t threads = a.law.tile / TILE_EACH;
    int error = 0;
    if (a.p.scheme != URN_RESAMPLE_RESIDUAL && (a.counts || a.p.offspring))
        error = launch(zero_counts_kernel, {grid_for(a.law.weights.rows * a.law.tiles_row), threads, 1, 0}, stream, a);
    if (error) return error;
    return launch(draw_kernel, {grid_for(a.law.weights.rows * a.chunks), threads, 1, 0}, stream, a);
}

} // namespace urnd
