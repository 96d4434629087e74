// weight_records.h - what launches over rows of weights leave each other in the workspace: a record a row and a tile;
// and the host's plan of both.
#ifndef URN_WEIGHT_RECORDS_H
#define URN_WEIGHT_RECORDS_H

#include "kernels/launch_resample.h"
#include "kernels/row/tile_scan.h"

namespace urnd {

// A row's record.
struct alignas(16) RowLaw {
    Wide total, squares; // T, Q
    Wide start;          // systematic: r
    uint64_t largest;    // W
    uint64_t limit;      // weights are cut to this: a cap's t
    uint64_t key;        // of the random blocks
    int64_t first, n;    // elements of the row; n is 0 where their offsets are bad
    int64_t out, span;   // outputs of the row: where they begin, how many elements are written. -1: none of them
    int64_t m;           // M
    int64_t turn;        // output j goes to (j + turn) mod M
    int64_t produced;    // ancestors that there are
    int64_t rest;        // R
    double max, ess, log_sum, log_mean, ratio;
    int32_t status, fraction, scale; // scale: e of linear weights
    int32_t resampled, heavy;        // heavy: some of its tiles are
    int32_t pin_slot, pin, bad_offset;
    uint32_t position;
    URN_DEVICE bool narrow() const { return n <= URN_MAX_COLS; }
};

// A tile's record.
struct alignas(16) TileLaw {
    Wide before, squares;         // sum of weights before the tile; of squares in it
    uint64_t sum, key;            // of weights in it; order key of the largest
    uint64_t count, count_before; // of counts, or of whole shares
    uint32_t flags, heavy;        // heavy: more outputs than its block writes
};

enum { LAW_NAN = 1, LAW_INF = 2, LAW_NEGATIVE = 4 };

struct LawArgs {
    urn_weights weights;
    RowLaw *rows;
    TileLaw *tiles;
    uint64_t *prefix; // [rows, items] sum of weights of a tile up to each item; NULL: nobody searches
    int64_t tiles_row;
    uint32_t tile;
    URN_HOST_DEVICE bool logs() const {
        return weights.type == URN_WEIGHT_LOG_F32 || weights.type == URN_WEIGHT_LOG_F64;
    }
    URN_HOST_DEVICE bool small() const { return weights.type == URN_WEIGHT_LOG_F32 || weights.type == URN_WEIGHT_F32; }
};

URN_DEVICE Global<RowLaw> row_records(const LawArgs &a) { return {a.rows, a.weights.rows, TAG_WORKSPACE}; }
URN_DEVICE RowLaw row_record(const LawArgs &a, int64_t row) { return row_records(a).load(row); }
// Tiles of one row.
URN_DEVICE Global<TileLaw> tile_records(const LawArgs &a, int64_t row) {
    return {a.tiles + row * a.tiles_row, a.tiles_row, TAG_WORKSPACE};
}
URN_DEVICE Global<uint64_t> row_prefix(const LawArgs &a, int64_t row) {
    return {a.prefix + row * a.weights.items, a.weights.items, TAG_WORKSPACE};
}

// ---- the host's side

// How many items a tile has for rows of `items`: the device's hint, or blocks that short rows fill.
inline uint32_t tile_threads(const urnk_device *device, int64_t items) {
    uint32_t wanted = device->hint.threads > 0 ? (uint32_t)device->hint.threads : (uint32_t)TILE_THREADS, threads = 32;
    while (threads * 2 <= wanted && threads < TILE_THREADS &&
           (device->hint.threads > 0 || (int64_t)threads * TILE_EACH < items))
        threads *= 2;
    return threads;
}

struct WorkArena {
    unsigned char *base;
    size_t used;
    template <class T> T *take(size_t count) {
        T *p = (T *)(base + used);
        used += (count * sizeof(T) + 255) & ~(size_t)255;
        return p;
    }
};

// Rows and tiles of `weights`, in the workspace; prefix sums where `search`.
inline LawArgs law_args(WorkArena &work, const urnk_device *device, const urn_weights &weights, bool search) {
    LawArgs a = {};
    a.weights = weights;
    a.tile = tile_threads(device, weights.items) * TILE_EACH;
    a.tiles_row = parts_of(weights.items, a.tile);
    a.rows = work.take<RowLaw>((size_t)weights.rows);
    a.tiles = work.take<TileLaw>((size_t)(weights.rows * a.tiles_row));
    a.prefix = search ? work.take<uint64_t>((size_t)(weights.rows * weights.items)) : nullptr;
    return a;
}

// Blocks for `work` pieces, each of which a block takes as its number and every grid'th after it.
inline uint32_t grid_for(int64_t work) {
    const int64_t most = 1 << 20; // guess
    return (uint32_t)(work < most ? work : most);
}

} // namespace urnd

#endif
