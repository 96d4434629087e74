// resample_pin.cu - pinned rows: one output must have a given ancestor (conditional resampling).
// shapes   records of resample_law.cu, weights -> the row's start, turn and place of the pin
// idea     a block a row sums the pin's tile up to it; one thread then does the divisions, and for killing a search
//          over tiles
// minimum  a weight a row; this kernel: a tile of weights
// bound    latency of one thread: two divisions of 128 steps
// launch   1; block 32 to 256, shared 2.5 KB
// bits     integers
// tail     rows without a pin leave at once
// ptxas    1 kernel, no spill, no stack frame: sm_90 104 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

enum { PIN_DRAW = 4 };

// Systematic: the start r for which the pin is an ancestor, and which of its copies the slot holds.
URN_DEVICE void pin_systematic(RowLaw &row, uint64_t w, Wide before) {
    uint64_t m = (uint64_t)row.m;
    Divisor total = divisor(row.total);
    Wide mass = wide_product(w, m);
    Quotient share = divide(mass, total);
    uint64_t q = share.whole;
    Wide y = pick_wide(row_block(row, 0, PIN_DRAW, URN_STREAM_RESAMPLE), mass);
    Wide gap = wide_difference(row.total, share.rest), z = wide_times(gap, q);
    bool few = wide_less(y, z);
    WideQuotient d = divide_slowly(few ? y : wide_difference(y, z), wide(few ? q : q + 1));
    Wide r = few ? d.whole : wide_sum(gap, d.whole);
    Quotient low = divide(wide_times(before, m), total); // M * S_(p-1)
    bool under = wide_less(r, low.rest);
    row.start = wide_difference(under ? wide_sum(r, row.total) : r, low.rest);
    int64_t first = (int64_t)divide(wide_sum(wide_times(before, m), row.start), total).whole; // C_(p-1)
    int64_t turn = (row.pin_slot - first - (int64_t)d.rest.low) % row.m;
    row.turn = turn < 0 ? turn + row.m : turn;
}

// D over items before b, whose weights sum to s.
URN_DEVICE Wide deficit(const RowLaw &row, uint64_t w, int64_t b, Wide s) {
    bool past = row.pin < b;
    Wide all = wide_product(row.largest, (uint64_t)(b - (past ? 1 : 0)));
    return wide_difference(all, past ? wide_difference(s, wide(w)) : s);
}

// Killing: the output J that becomes the pin's.
URN_DEVICE void pin_killing(const ResampleArgs &a, RowLaw &row, int64_t number, uint64_t w) {
    Wide y = pick_wide(row_block(row, 0, PIN_DRAW, URN_STREAM_RESAMPLE), wide_product(row.largest, (uint64_t)row.n));
    row.rest = row.pin;
    if (wide_less(y, deficit(row, w, row.n, row.total))) {
        Global<TileLaw> tiles = tile_records(a.law, number);
        Global<uint64_t> prefix = row_prefix(a.law, number);
        int64_t low = 0, high = parts_of(row.n, a.law.tile) - 1;
        URN_ROLLED
        while (low < high) {
            int64_t middle = (low + high + 1) / 2;
            if (wide_less(y, deficit(row, w, middle * a.law.tile, tiles.load(middle).before)))
                high = middle - 1;
            else
                low = middle;
        }
        Wide before = tiles.load(low).before;
        int64_t from = low * a.law.tile, to = row.n - from < a.law.tile ? row.n - 1 : from + a.law.tile - 1;
        URN_ROLLED
        while (from < to) {
            int64_t middle = (from + to) / 2;
            if (wide_less(y, deficit(row, w, middle + 1, wide_sum(before, wide(prefix.load(middle))))))
                to = middle;
            else
                from = middle + 1;
        }
        row.rest = from;
    }
    int64_t turn = (row.pin_slot - row.rest) % row.n;
    row.turn = turn < 0 ? turn + row.n : turn;
}

URN_KERNEL(TILE_THREADS) pin_kernel(URN_ARGS(ResampleArgs) a) {
    Arena arena(true);
    Block team = team_here<TEAM_BLOCK>(team_room<TEAM_BLOCK>(arena));
    URN_ROLLED
    for (int64_t number = block_id(); number < a.law.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a.law, number);
        if (row.status || row.pin_slot < 0) continue;
        int64_t tile = row.pin / a.law.tile;
        uint64_t sum = 0;
        URN_ROLLED
        for (int64_t i = tile * a.law.tile + team.thread; i < row.pin; i += team.threads)
            sum += weight_at(a.law, row, i);
        sum = team_tally(team, {sum, 0, 0}).all.sum;
        if (team.thread != 0) continue;
        uint64_t w = weight_at(a.law, row, row.pin);
        if (w == 0) {
            row.status = URN_ROW_PARAM;
            row.resampled = 0;
            row = with_statistics(a.law, row);
        } else if (a.p.scheme == URN_RESAMPLE_SYSTEMATIC) {
            pin_systematic(row, w, wide_sum(tile_records(a.law, number).load(tile).before, wide(sum)));
        } else if (a.p.scheme == URN_RESAMPLE_KILLING) {
            pin_killing(a, row, number, w);
        }
        row_records(a.law).store(number, row);
    }
}

int enqueue_pins(const ResampleArgs &a, struct CUstream_st *stream) {
    Arena arena(false);
    team_room<TEAM_BLOCK>(arena);
    return launch(pin_kernel, {grid_for(a.law.weights.rows), a.law.tile / TILE_EACH, 1, arena.used}, stream, a);
}

} // namespace urnd
