// resample_emit.cu - from cumulated counts to ancestors.
// shapes   records of resample_law.cu, weights again or counts [rows, n] -> ancestors [rows, M], offspring [rows, n],
//          lw_out
// idea     a block a tile: C_i of its items, from prefix sums (systematic, stratified) or from counts; then the block
//          takes its stretch of outputs in order, each finding its item among the tile's C in shared memory, so that
//          stores are whole lines whatever the counts. A tile with very many outputs leaves its C in the workspace:
//          the last launch spreads those outputs over the GPU, and fills what has no ancestor
// minimum  n*e + 4 M a row; this kernel: the same; counts: 8 n
// bound    HBM; per item a 128-bit quotient by one f64 product, about 50 instructions, Philox 100 where stratified
// launch   2 (emit, finish), by counts 4 (count, fold, emit, finish); shares 2; block 32 to 256, shared 12.6*tile +
//          2.5 KB
// bits     integers; f64 guesses a quotient, integers correct it
// tail     finish looks at a row's record and mostly leaves
// ptxas    7 kernels, no spill, no stack frame: sm_90 55 to 115 registers (nvcc 13.0)
#include "kernels/resample/resample_room.h"

namespace urnd {

struct EmitRoom {
    TeamRoom team;
    Shared<uint64_t> held; // [held_size(tile)] weights or counts
    Shared<uint32_t> ends; // [end_slot(tile)] C_i less the tile's first, cut to M
};

// Where a tile's item i has its end, by the same reason as held_slot.
URN_HOST_DEVICE uint32_t end_slot(uint32_t i) { return i + (i >> 5); }

URN_HOST_DEVICE EmitRoom emit_room(Arena &arena, uint32_t tile) {
    EmitRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint64_t>(held_size(tile), "emit.held"),
                     arena.take<uint32_t>(end_slot(tile), "emit.ends")};
    return room;
}

URN_DEVICE EmitRoom emit_here() {
    Arena arena(true);
    return emit_room(arena, block_threads() * TILE_EACH);
}

// C of the item at which prefix sums are s, and those of n whole.
URN_DEVICE uint64_t cumulated(const ResampleArgs &a, const RowLaw &row, Divisor total, Wide s, uint64_t whole) {
    if (wide_zero(s)) return 0;
    Wide scaled = wide_times(s, (uint64_t)row.m);
    bool strata = a.p.scheme == URN_RESAMPLE_STRATIFIED || a.p.scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED;
    Quotient q = divide(strata ? scaled : wide_sum(scaled, row.start), total);
    if (!strata || wide_zero(q.rest)) return q.whole;
    uint64_t index = a.p.scheme == URN_RESAMPLE_STRATIFIED ? q.whole : q.whole - whole;
    Random4 block = row_block(row, (uint32_t)index, 0, URN_STREAM_RESAMPLE);
    return q.whole + (wide_less(pick(block, row.total, row.narrow()), q.rest) ? 1 : 0);
}

// C of the tile's items from prefix sums; returns C before the first. From here the block calls.
URN_DEVICE uint64_t ends_by_sums(const ResampleArgs &a, Block &team, EmitRoom room, const RowLaw &row, Own own,
                                 const TileLaw &tile, int64_t index) {
    Divisor total = divisor(row.total);
    fetch_values(a.law, team, room.held, row, index);
    bool residual = a.p.scheme == URN_RESAMPLE_RESIDUAL_STRATIFIED;
    uint64_t sum = 0, whole = 0;
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        uint64_t w = weight_of(a.law, row, bits_f64(room.held.load(own_slot(team, k))));
        room.held.store(own_slot(team, k), w);
        sum += w;
        if (residual) whole += share(row, total, w).whole;
    }
    Wide s = wide_sum(tile.before, wide(block_before(team, sum)));
    whole = tile.count_before + (residual ? block_before(team, whole) : 0);
    uint64_t first = cumulated(a, row, total, tile.before, tile.count_before);
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        uint64_t w = room.held.load(own_slot(team, k));
        s = wide_sum(s, wide(w));
        if (residual) whole += share(row, total, w).whole;
        uint64_t end = cumulated(a, row, total, s, whole);
        room.ends.store(end_slot(team.thread * TILE_EACH + k), (uint32_t)(end - first));
    }
    return first;
}

URN_DEVICE void fetch_counts(const ResampleArgs &a, const Block &team, EmitRoom room, const RowLaw &row, int64_t index,
                             int64_t number) {
    Global<uint32_t> counts = row_u32(a, a.counts, number);
    int64_t first = index * a.law.tile;
    fetch(team, room.held, tile_items(team, row.n, index),
          [&](uint32_t i) { return (uint64_t)counts.load(first + i); });
}

URN_DEVICE uint64_t ends_by_counts(const ResampleArgs &a, Block &team, EmitRoom room, const RowLaw &row, Own own,
                                   const TileLaw &tile, int64_t index, int64_t number) {
    fetch_counts(a, team, room, row, index, number);
    uint64_t sum = 0;
    for (uint32_t k = 0; k < own.count; k++) sum += room.held.load(own_slot(team, k));
    uint64_t running = block_before(team, sum);
    uint64_t left = (uint64_t)row.m > tile.count_before ? (uint64_t)row.m - tile.count_before : 0;
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        running += room.held.load(own_slot(team, k));
        room.ends.store(end_slot(team.thread * TILE_EACH + k), (uint32_t)(running < left ? running : left));
    }
    return tile.count_before;
}

// How often item i of a tile is an ancestor: from counts as they are, else from C. After a meeting of the block.
URN_DEVICE int32_t offspring_of(EmitRoom room, uint32_t i, bool counted) {
    if (counted) return (int32_t)room.held.load(held_slot(i));
    return (int32_t)(room.ends.load(end_slot(i)) - (i == 0 ? 0 : room.ends.load(end_slot(i - 1))));
}

// The first of `items` whose end is above q.
URN_DEVICE uint32_t item_of(EmitRoom room, uint32_t items, uint32_t q) {
    uint32_t low = 0, high = items - 1;
    URN_ROLLED
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (room.ends.load(end_slot(middle)) > q)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

template <bool COUNTED>
URN_DEVICE void emit_tile(const ResampleArgs &a, Block &team, EmitRoom room, const RowLaw &row, int64_t number,
                          int64_t index) {
    Own own = own_items(team, row.n, index);
    if (row.status) { // its offspring are 0; finish fills its outputs
        Global<int32_t> offspring = offspring_counts(a);
        for (uint32_t k = 0; k < own.count && a.p.offspring; k++)
            offspring.store(offspring_at(a, row, number) + own.begin + k, 0);
        return;
    }
    Global<TileLaw> tiles = tile_records(a.law, number);
    TileLaw tile = tiles.load(index);
    bool counted = COUNTED && row.resampled;
    uint64_t first;
    if (!row.resampled) {
        first = (uint64_t)(index * a.law.tile);
        for (uint32_t k = 0; k < own.count; k++) {
            uint32_t i = team.thread * TILE_EACH + k;
            room.ends.store(end_slot(i), i + 1);
        }
    } else if (COUNTED) {
        first = ends_by_counts(a, team, room, row, own, tile, index, number);
    } else {
        first = ends_by_sums(a, team, room, row, own, tile, index);
    }
    block_sync();
    int64_t from = index * a.law.tile, left = row.n - from;
    uint32_t items = left < a.law.tile ? (uint32_t)left : a.law.tile, range = room.ends.load(end_slot(items - 1));
    Global<int32_t> offspring = offspring_counts(a);
    int64_t at = offspring_at(a, row, number) + from;
    URN_ROLLED
    for (uint32_t i = team.thread; i < items && a.p.offspring; i += team.threads)
        offspring.store(at + i, offspring_of(room, i, counted));
    if (range > LIGHT_OUTPUTS * a.law.tile) {
        Global<uint32_t> ends = row_u32(a, a.ends, number);
        URN_ROLLED
        for (uint32_t i = team.thread; i < items; i += team.threads)
            ends.store(from + i, (uint32_t)first + room.ends.load(end_slot(i)));
    } else {
        URN_ROLLED
        for (uint32_t q = team.thread; q < range; q += team.threads)
            put_output(a, row, turned(row, (int64_t)(first + q)), from + item_of(room, items, q));
    }
    block_sync(); // before the next tile's ends
    if (team.thread != 0) return;
    tile.count_before = first;
    tile.heavy = range > LIGHT_OUTPUTS * a.law.tile ? 1 : 0;
    tiles.store(index, tile);
    // blocks of a row store the same 1
    if (tile.heavy) Global<int32_t>(&a.law.rows[number].heavy, 1, TAG_WORKSPACE).store(0, 1);
}

template <bool COUNTED> URN_KERNEL(TILE_THREADS) emit_kernel(URN_ARGS(ResampleArgs) a) {
    EmitRoom room = emit_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.law.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.law.tiles_row, index = work % a.law.tiles_row;
        RowLaw row = row_record(a.law, number);
        if (index * a.law.tile < row.n) emit_tile<COUNTED>(a, team, room, row, number, index);
    }
}

// ---- counts and their prefix sums over tiles

enum { COUNT_GIVEN = 0, COUNT_SHARES = 1 };

// A tile's sum of counts, which are there; or of n_i, or of a branching scheme's o_i, which are made.
template <int WHAT> URN_KERNEL(TILE_THREADS) count_kernel(URN_ARGS(ResampleArgs) a) {
    EmitRoom room = emit_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.law.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.law.tiles_row, index = work % a.law.tiles_row;
        RowLaw row = row_record(a.law, number);
        if (row.status || !row.resampled || index * a.law.tile >= row.n) continue;
        Own own = own_items(team, row.n, index);
        Global<uint32_t> counts = row_u32(a, a.counts, number);
        Divisor total = divisor(WHAT == COUNT_SHARES ? row.total : wide(1));
        if (WHAT == COUNT_SHARES)
            fetch_values(a.law, team, room.held, row, index);
        else
            fetch_counts(a, team, room, row, index, number);
        uint64_t sum = 0, negative = 0;
        URN_ROLLED
        for (uint32_t k = 0; k < own.count; k++) {
            int64_t i = own.begin + k;
            uint32_t o;
            if (WHAT == COUNT_SHARES) {
                Quotient q = share(row, total, weight_of(a.law, row, bits_f64(room.held.load(own_slot(team, k)))));
                o = (uint32_t)q.whole;
                if (a.p.scheme == URN_RESAMPLE_BRANCHING && !wide_zero(q.rest)) {
                    Random4 block = row_block(row, (uint32_t)i, 0, URN_STREAM_RESAMPLE);
                    if (wide_less(pick(block, row.total, row.narrow()), q.rest)) o += 1;
                }
                room.held.store(own_slot(team, k), o);
                if (a.counts) counts.store(i, o);
            } else {
                o = (uint32_t)room.held.load(own_slot(team, k));
                negative += o >> 31;
            }
            sum += o;
        }
        uint64_t all = team_tally(team, {sum, 0, 0}).all.sum;
        negative = team_tally(team, {negative, 0, 0}).all.sum;
        if (WHAT == COUNT_SHARES && a.whole) {
            Global<uint32_t> whole = row_u32(a, a.whole, number);
            uint64_t running = block_before(team, sum);
            for (uint32_t k = 0; k < own.count; k++) {
                running += room.held.load(own_slot(team, k));
                whole.store(own.begin + k, (uint32_t)running);
            }
        }
        if (team.thread != 0) continue;
        Global<TileLaw> tiles = tile_records(a.law, number);
        TileLaw tile = tiles.load(index);
        tile.count = all;
        tile.flags = negative ? 1 : 0;
        tiles.store(index, tile);
    }
}

template <int WHAT> URN_KERNEL(TILE_THREADS) count_fold_kernel(URN_ARGS(ResampleArgs) a) {
    EmitRoom room = emit_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t number = block_id(); number < a.law.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a.law, number);
        if (row.status || !row.resampled) continue;
        Global<TileLaw> tiles = tile_records(a.law, number);
        uint64_t negative = 0;
        Wide total = scan_tiles(
            team, parts_of(row.n, a.law.tile),
            [&](int64_t t) {
                TileLaw tile = tiles.load(t);
                negative += tile.flags;
                return wide(tile.count);
            },
            [&](int64_t t, Wide before) {
                TileLaw tile = tiles.load(t);
                tile.count_before = before.low;
                tiles.store(t, tile);
            });
        negative = team_tally(team, {negative, 0, 0}).all.sum;
        if (team.thread != 0) continue;
        if (WHAT == COUNT_GIVEN) row.produced = (int64_t)total.low;
        if (WHAT == COUNT_SHARES) row.rest = row.m - (int64_t)total.low;
        if (WHAT == COUNT_GIVEN && negative) row.status = URN_ROW_PARAM;
        row_records(a.law).store(number, row);
    }
}

// ---- the last launch

// The ancestor of output j of a heavy tile; -1: another launch wrote it.
URN_DEVICE int64_t heavy_ancestor(const ResampleArgs &a, const RowLaw &row, int64_t number, int64_t j) {
    Global<TileLaw> tiles = tile_records(a.law, number);
    int64_t low = 0, high = parts_of(row.n, a.law.tile) - 1; // the last tile that begins at or before j
    URN_ROLLED
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (tiles.load(middle).count_before > (uint64_t)j)
            high = middle - 1;
        else
            low = middle;
    }
    if (!tiles.load(low).heavy) return -1;
    Global<uint32_t> ends = row_u32(a, a.ends, number);
    int64_t from = low * a.law.tile, to = row.n - from < a.law.tile ? row.n - 1 : from + a.law.tile - 1;
    URN_ROLLED
    while (from < to) {
        int64_t middle = (from + to) / 2;
        if (ends.load(middle) > (uint32_t)j)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

URN_DEVICE void put_row(const ResampleArgs &a, const RowLaw &row, int64_t number) {
    int64_t rows = a.p.weights.rows, produced = row.produced > INT32_MAX ? INT32_MAX : row.produced;
    if (a.p.resampled) Global<int32_t>(a.p.resampled, rows, TAG_OUT).store(number, row.resampled);
    if (a.p.produced) Global<int32_t>(a.p.produced, rows, TAG_OUT).store(number, row.status ? 0 : (int32_t)produced);
    if (a.p.stats) Global<urn_weight_stats>(a.p.stats, rows, TAG_OUT).store(number, statistics(row));
    if (a.p.status) Global<int32_t>(a.p.status, rows, TAG_OUT).store(number, row.status);
}

URN_KERNEL(TILE_THREADS) finish_kernel(URN_ARGS(ResampleArgs) a) {
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.chunks; work += grid_blocks()) {
        int64_t number = work / a.chunks, chunk = work % a.chunks;
        RowLaw row = row_record(a.law, number);
        if (chunk == 0 && thread_id() == 0) put_row(a, row, number);
        int64_t have = row.status ? 0 : row.produced < row.m ? row.produced : row.m;
        // a row past `outputs` ends only with bad parameters: its first chunk's stride reaches them
        int64_t end = row.span, step = a.chunks * a.law.tile;
        if (!row.heavy && have >= end) continue;
        URN_ROLLED
        for (int64_t base = chunk * a.law.tile; base < end; base += step) {
            int64_t to = base + a.law.tile < end ? base + a.law.tile : end;
            URN_ROLLED
            for (int64_t j = base + thread_id(); j < to; j += block_threads()) {
                if (j >= have) {
                    put_output(a, row, j, -1);
                } else if (row.heavy) {
                    int64_t ancestor = heavy_ancestor(a, row, number, j);
                    if (ancestor >= 0) put_output(a, row, turned(row, j), ancestor);
                }
            }
        }
    }
}

inline Shape tiles_shape(const ResampleArgs &a, int64_t work) {
    Arena arena(false);
    emit_room(arena, a.law.tile);
    return {grid_for(work), a.law.tile / TILE_EACH, 1, arena.used};
}

int enqueue_finish(const ResampleArgs &a, struct CUstream_st *stream) {
    return launch(finish_kernel, tiles_shape(a, a.law.weights.rows * a.chunks), stream, a);
}

int enqueue_emit(const ResampleArgs &a, struct CUstream_st *stream) {
    int error = launch(emit_kernel<false>, tiles_shape(a, a.law.weights.rows * a.law.tiles_row), stream, a);
    return error ? error : enqueue_finish(a, stream);
}

int enqueue_counted(const ResampleArgs &a, struct CUstream_st *stream) {
    Shape tiles = tiles_shape(a, a.law.weights.rows * a.law.tiles_row), rows = tiles_shape(a, a.law.weights.rows);
    int error = launch(count_kernel<COUNT_GIVEN>, tiles, stream, a);
    if (!error) error = launch(count_fold_kernel<COUNT_GIVEN>, rows, stream, a);
    if (!error) error = launch(emit_kernel<true>, tiles, stream, a);
    return error ? error : enqueue_finish(a, stream);
}

int enqueue_shares(const ResampleArgs &a, struct CUstream_st *stream) {
    Shape tiles = tiles_shape(a, a.law.weights.rows * a.law.tiles_row), rows = tiles_shape(a, a.law.weights.rows);
    int error = launch(count_kernel<COUNT_SHARES>, tiles, stream, a);
    return error ? error : launch(count_fold_kernel<COUNT_SHARES>, rows, stream, a);
}

} // namespace urnd
