// resample_law.cu - rows of weights become exact integers with sums and statistics; urn_weights_stats.
// shapes   weights [rows, n] f32|f64, logs or linear, dense or ragged, n to 2^30 -> records; stats [rows]
// idea     weighed_row.h: tiles of up to 2,048 items. A row of one tile: a block reads it once, keeps it in shared
//          memory. Longer rows of a large batch: a block walks the tiles of its row. Long rows: tiles over the whole
//          GPU in four launches (look, fold, sum, fold), the folds a block a row
// minimum  n*e a row; this kernel: n*e for one tile, else 2 n*e; 8 n more where prefix sums are kept
// bound    HBM; about 40 instructions an item for exp2 and the square; folds: 80 bytes a tile by one block
// launch   1, or 4 for long rows; block 32 to 256, shared 8.5*tile + 2.5 KB
// bits     integers; statistics by one thread a row
// tail     a row's last tile is shorter
// ptxas    8 kernels, no spill, no stack frame: sm_90 22 to 111 registers (nvcc 13.0)
#include "kernels/resample/weighed_row.h"

namespace urnd {

URN_DEVICE LawRoom law_here() {
    Arena arena(true);
    return law_room(arena, block_threads() * TILE_EACH);
}

// A block a row, all phases. Meetings of the block order what its threads store to and load from the records.
URN_KERNEL(TILE_THREADS) law_rows_kernel(URN_ARGS(LawArgs) a) {
    LawRoom room = law_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t number = block_id(); number < a.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a, number);
        int64_t tiles = row.status ? 0 : parts_of(row.n, a.tile);
        URN_ROLLED
        for (int64_t t = 0; t < tiles; t++) look_tile(a, team, room, row, number, t);
        block_sync();
        row = fold_look(a, team, number, row);
        if (tiles == 1) sum_tile<true>(a, team, room, row, number, 0);
        URN_ROLLED
        for (int64_t t = 0; t < tiles && tiles > 1; t++) sum_tile<false>(a, team, room, row, number, t);
        block_sync();
        row = fold_sums(a, team, number, row);
        if (team.thread == 0) row_records(a).store(number, with_statistics(a, row));
        block_sync();
    }
}

enum { LAW_LOOK = 0, LAW_SUM = 1 };

template <int PHASE> URN_KERNEL(TILE_THREADS) law_tiles_kernel(URN_ARGS(LawArgs) a) {
    LawRoom room = law_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.weights.rows * a.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.tiles_row, tile = work % a.tiles_row;
        RowLaw row = row_record(a, number);
        if (row.status || tile * a.tile >= row.n) continue;
        if (PHASE == LAW_LOOK)
            look_tile(a, team, room, row, number, tile);
        else
            sum_tile<false>(a, team, room, row, number, tile);
    }
}

template <int PHASE, bool STATISTICS> URN_KERNEL(TILE_THREADS) law_fold_kernel(URN_ARGS(LawArgs) a) {
    LawRoom room = law_here();
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t number = block_id(); number < a.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a, number);
        row = PHASE == LAW_LOOK ? fold_look(a, team, number, row) : fold_sums(a, team, number, row);
        if (STATISTICS && team.thread == 0) row = with_statistics(a, row);
        block_sync();
        if (team.thread == 0) row_records(a).store(number, row);
    }
}

int enqueue_law(const LawArgs &a, bool again, struct CUstream_st *stream) {
    Arena arena(false);
    law_room(arena, a.tile);
    uint32_t threads = a.tile / TILE_EACH;
    Shape rows = {grid_for(a.weights.rows), threads, 1, arena.used};
    Shape tiles = {grid_for(a.weights.rows * a.tiles_row), threads, 1, arena.used};
    // 256 rows of a few tiles keep every multiprocessor busy with a block a row. Guess.
    if (!again && (a.tiles_row == 1 || (a.weights.rows >= 256 && a.tiles_row <= 32)))
        return launch(law_rows_kernel, rows, stream, a);
    int error = again ? 0 : launch(law_tiles_kernel<LAW_LOOK>, tiles, stream, a);
    if (!error && !again) error = launch(law_fold_kernel<LAW_LOOK, false>, rows, stream, a);
    if (!error) error = launch(law_tiles_kernel<LAW_SUM>, tiles, stream, a);
    if (error) return error;
    return again ? launch(law_fold_kernel<LAW_SUM, false>, rows, stream, a)
                 : launch(law_fold_kernel<LAW_SUM, true>, rows, stream, a);
}

URN_KERNEL(TILE_THREADS) begin_rows_kernel(URN_ARGS(LawArgs) a) {
    int64_t number = (int64_t)block_id() * TILE_THREADS + thread_id();
    if (number < a.weights.rows) row_records(a).store(number, begin_row(a.weights, number));
}

int enqueue_begin(const LawArgs &a, struct CUstream_st *stream) {
    Shape shape = {(uint32_t)parts_of(a.weights.rows, TILE_THREADS), TILE_THREADS, 1, 0};
    return launch(begin_rows_kernel, shape, stream, a);
}

// ---- urn_weights_stats

struct StatsArgs {
    LawArgs law;
    urn_weight_stats *stats;
};

URN_KERNEL(TILE_THREADS) end_stats_kernel(URN_ARGS(StatsArgs) a) {
    int64_t rows = a.law.weights.rows, number = (int64_t)block_id() * TILE_THREADS + thread_id();
    if (number >= rows) return;
    Global<urn_weight_stats>(a.stats, rows, TAG_OUT).store(number, statistics(row_record(a.law, number)));
}

} // namespace urnd

extern "C" int URN_SIDE(weights_stats)(const urnk_device *device, const urn_weights_stats_params *params,
                                       struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    StatsArgs a = {law_args(work, device, params->weights, false), params->stats};
    Shape shape = {(uint32_t)parts_of(params->weights.rows, TILE_THREADS), TILE_THREADS, 1, 0};
    int error = enqueue_begin(a.law, stream);
    if (!error) error = enqueue_law(a.law, false, stream);
    return error ? error : launch(end_stats_kernel, shape, stream, a);
}
