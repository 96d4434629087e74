// weighed_row.h - a row of weights as exact integers: largest, weights, their sums tile by tile, statistics
// (bits_resample.h sections 1 and 2). What every call of the family begins with.
//
// A row is cut into tiles of 8 items a thread. Its record and its tiles' records lie in the workspace, where the phases
// and the launches after them find each other's results: look (largest, status), fold_look, sum (weights, squares),
// fold (prefix sums over tiles, statistics).
#ifndef URN_WEIGHED_ROW_H
#define URN_WEIGHED_ROW_H

#include "kernels/bits/dev_exp2.h"
#include "kernels/resample/weight_records.h"

namespace urnd {

struct LawRoom {
    TeamRoom team;
    Shared<uint64_t> held; // [held_size(tile)] the tile's items, then their weights
};

// Where item i of a tile is held: a word more every 16, so that threads that each walk 8 items meet no equal banks.
URN_HOST_DEVICE uint32_t held_slot(uint32_t i) { return i + (i >> 4); }
URN_HOST_DEVICE uint32_t held_size(uint32_t tile) { return held_slot(tile); }

URN_HOST_DEVICE LawRoom law_room(Arena &arena, uint32_t tile) {
    LawRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint64_t>(held_size(tile), "law.held")};
    return room;
}

URN_HOST_DEVICE int64_t weights_size(const urn_weights &w) {
    return w.offsets ? w.size : (w.rows - 1) * w.stride + w.items;
}

// Item at element `at` as f64, which holds an f32 exactly; -0 is 0.
URN_DEVICE double item_value(const LawArgs &a, int64_t at) {
    int64_t size = weights_size(a.weights);
    if (a.small())
        return (double)(Global<const float>((const float *)a.weights.data, size, TAG_LOGITS).load(at) + 0.0f);
    return Global<const double>((const double *)a.weights.data, size, TAG_LOGITS).load(at) + 0.0;
}

// x >= 0, not above 2^scale: floor(x * 2^(fraction - scale)).
URN_DEVICE uint64_t linear_weight(double x, int fraction, int scale) {
    uint64_t bits = f64_bits(x), exponent = bits >> 52;
    uint64_t significand = (bits & UINT64_C(0xfffffffffffff)) | (exponent ? UINT64_C(1) << 52 : 0);
    int shift = (int)(exponent ? exponent : 1) - 1075 + fraction - scale; // to the left for subnormals alone
    if (shift >= 0) return significand << (shift & 63);
    return shift > -64 ? significand >> (-shift & 63) : 0;
}

// Of x > 0, finite: e of the least power of two not below it.
URN_DEVICE int least_power(double x) {
    uint64_t bits = f64_bits(x), fraction = bits & UINT64_C(0xfffffffffffff);
    int exponent = (int)(bits >> 52);
    if (exponent) return exponent - 1023 + (fraction ? 1 : 0);
    int top = 63 - clz_u64(fraction);
    return top - 1074 + ((fraction & (fraction - 1)) ? 1 : 0);
}

// w of an item in a row whose largest is known; the same for any thread.
URN_DEVICE uint64_t weight_of(const LawArgs &a, const RowLaw &row, double x) {
    uint64_t w;
    if (a.logs()) {
        float d = a.small() ? (float)x - (float)row.max : (float)(x - row.max);
        w = power_weight(power(d, URN_LOG2E, row.fraction), row.fraction);
    } else {
        w = linear_weight(x, row.fraction, row.scale);
    }
    return w < row.limit ? w : row.limit;
}
URN_DEVICE uint64_t weight_at(const LawArgs &a, const RowLaw &row, int64_t i) {
    return weight_of(a, row, item_value(a, row.first + i));
}

// Order key of f64: larger for larger x, never 0.
URN_DEVICE uint64_t value_key(double x) {
    uint64_t b = f64_bits(x);
    return b >> 63 ? ~b : b ^ UINT64_C(1) << 63;
}
URN_DEVICE double key_value64(uint64_t key) { return bits_f64(key >> 63 ? key ^ UINT64_C(1) << 63 : ~key); }

// Items of a thread: from `begin`, `count` of them; its k-th is held at slot(k).
struct Own {
    int64_t begin;
    uint32_t count;
};
URN_DEVICE Own own_items(const Block &team, int64_t n, int64_t tile) {
    int64_t begin = (tile * team.threads + team.thread) * TILE_EACH, left = n - begin;
    return {begin, left < 0 ? 0u : left < TILE_EACH ? (uint32_t)left : (uint32_t)TILE_EACH};
}
URN_DEVICE uint32_t own_slot(const Block &team, uint32_t k) { return held_slot(team.thread * TILE_EACH + k); }
// Items of a tile; the tile is there.
URN_DEVICE uint32_t tile_items(const Block &team, int64_t n, int64_t tile) {
    int64_t each = (int64_t)team.threads * TILE_EACH, left = n - tile * each;
    return (uint32_t)(left < each ? left : each);
}

// The block calls: get(i) of a tile's items to held, in whole lines, eight loads in flight a thread. The
// block meets before and after.
template <class Get> URN_DEVICE void fetch(const Block &team, Shared<uint64_t> held, uint32_t items, Get get) {
    uint64_t v[TILE_EACH];
    URN_UNROLL
    for (uint32_t k = 0; k < TILE_EACH; k++) {
        uint32_t i = k * team.threads + team.thread;
        v[k] = i < items ? get(i) : 0;
    }
    URN_UNROLL
    for (uint32_t k = 0; k < TILE_EACH; k++) {
        uint32_t i = k * team.threads + team.thread;
        if (k == 0) block_sync(); // the loads above are under way; who read what was held before is done
        if (i < items) held.store(held_slot(i), v[k]);
    }
    block_sync();
}

// Values of a tile's items, as bits of f64.
URN_DEVICE void fetch_values(const LawArgs &a, const Block &team, Shared<uint64_t> held, const RowLaw &row,
                             int64_t tile) {
    int64_t size = weights_size(a.weights), first = row.first + tile * a.tile;
    uint32_t items = tile_items(team, row.n, tile);
    if (a.small()) {
        Global<const float> data((const float *)a.weights.data, size, TAG_LOGITS);
        fetch(team, held, items, [&](uint32_t i) { return f64_bits((double)(data.load(first + i) + 0.0f)); });
    } else {
        Global<const double> data((const double *)a.weights.data, size, TAG_LOGITS);
        fetch(team, held, items, [&](uint32_t i) { return f64_bits(data.load(first + i) + 0.0); });
    }
}

// ---- phases: the block calls

// Largest order key, and LAW_ bits of what is wrong.
struct LawLook {
    uint64_t best;
    uint32_t flags;
};

// Of a thread's own items, whose values are held.
URN_DEVICE LawLook own_look(const LawArgs &a, const Block &team, Shared<uint64_t> held, Own own) {
    LawLook look = {0, 0};
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        double x = bits_f64(held.load(own_slot(team, k)));
        if (x != x) {
            look.flags |= LAW_NAN;
            continue;
        }
        if (x == bits_f64(UINT64_C(0x7ff0000000000000))) look.flags |= LAW_INF;
        if (!a.logs() && x < 0.0) look.flags |= LAW_NEGATIVE;
        uint64_t key = value_key(x);
        look.best = look.best < key ? key : look.best;
    }
    return look;
}

// The block's. Every thread gets it.
URN_DEVICE LawLook block_look(Block &team, LawLook mine) {
    uint64_t best = block_max_u64(team, mine.best), bits = mine.flags;
    uint64_t counts = team_tally(team, {(bits & 1) | (bits & 2) << 19 | (bits & 4) << 38, 0, 0}).all.sum;
    uint32_t flags = 0;
    if (counts & 0xfffffu) flags |= LAW_NAN;
    if (counts >> 20 & 0xfffffu) flags |= LAW_INF;
    if (counts >> 40) flags |= LAW_NEGATIVE;
    return {best, flags};
}

// The row once all of it has been looked at: largest, status, scale.
URN_DEVICE RowLaw with_look(const LawArgs &a, RowLaw row, LawLook look) {
    row.status = 0;
    if (look.flags & LAW_NAN) row.status |= URN_ROW_NAN;
    if (look.flags & LAW_INF) row.status |= URN_ROW_INF;
    if (look.flags & LAW_NEGATIVE) row.status |= URN_ROW_PARAM;
    row.max = row.n ? key_value64(look.best) : a.logs() ? bits_f64(UINT64_C(0xfff0000000000000)) : 0.0;
    bool none = a.logs() ? f64_bits(row.max) == UINT64_C(0xfff0000000000000) : row.max == 0.0;
    if (row.status == 0 && none) row.status = URN_ROW_EMPTY;
    row.fraction = row.narrow() ? URN_F : 18 + (64 - clz_u64((uint64_t)row.n - 1));
    row.scale = 0;
    row.largest = 0;
    row.limit = ~UINT64_C(0);
    if (row.status == 0 && !a.logs()) row.scale = least_power(row.max);
    if (row.status == 0) row.largest = weight_of(a, row, row.max);
    return row;
}

// A tile's look. Its values stay in room.held.
URN_DEVICE void look_tile(const LawArgs &a, Block &team, LawRoom room, const RowLaw &row, int64_t number,
                          int64_t tile) {
    fetch_values(a, team, room.held, row, tile);
    LawLook look = block_look(team, own_look(a, team, room.held, own_items(team, row.n, tile)));
    if (team.thread != 0) return;
    TileLaw t = {};
    t.key = look.best;
    t.flags = look.flags;
    tile_records(a, number).store(tile, t);
}

// The row's, from its tiles. Every thread gets the record.
URN_DEVICE RowLaw fold_look(const LawArgs &a, Block &team, int64_t number, RowLaw row) {
    if (row.status) return row; // nothing of it is read
    Global<TileLaw> tiles = tile_records(a, number);
    int64_t count = parts_of(row.n, a.tile);
    LawLook look = {0, 0};
    for (int64_t t = team.thread; t < count; t += team.threads) {
        TileLaw tile = tiles.load(t);
        look.best = look.best < tile.key ? tile.key : look.best;
        look.flags |= tile.flags;
    }
    return with_look(a, row, block_look(team, look));
}

// Weights of a tile, their sum, that of their squares, and prefix sums where somebody searches. HELD: the items are in
// room.held; else they are read again.
template <bool HELD>
URN_DEVICE void sum_tile(const LawArgs &a, Block &team, LawRoom room, const RowLaw &row, int64_t number, int64_t tile) {
    if (row.status) return;
    Own own = own_items(team, row.n, tile);
    if (!HELD) fetch_values(a, team, room.held, row, tile);
    uint64_t sum = 0;
    Wide squares = {0, 0};
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        uint32_t slot = own_slot(team, k);
        uint64_t w = weight_of(a, row, bits_f64(room.held.load(slot)));
        room.held.store(slot, w);
        sum += w;
        squares = wide_sum(squares, wide_product(w, w));
    }
    squares = block_sum_wide(team, squares);
    uint64_t all = team_tally(team, {sum, 0, 0}).all.sum;
    if (a.prefix) {
        uint64_t running = block_before(team, sum);
        Global<uint64_t> prefix = row_prefix(a, number);
        URN_ROLLED
        for (uint32_t k = 0; k < own.count; k++) {
            running += room.held.load(own_slot(team, k));
            room.held.store(own_slot(team, k), running);
        }
        block_sync();
        int64_t first = tile * a.tile;
        uint32_t items = tile_items(team, row.n, tile);
        URN_ROLLED
        for (uint32_t i = team.thread; i < items; i += team.threads)
            prefix.store(first + i, room.held.load(held_slot(i)));
    }
    if (team.thread != 0) return;
    Global<TileLaw> tiles = tile_records(a, number);
    TileLaw t = tiles.load(tile);
    t.sum = all;
    t.squares = squares;
    tiles.store(tile, t);
}

// Prefix sums over tiles; the row's total and squares. Every thread gets the record.
URN_DEVICE RowLaw fold_sums(const LawArgs &a, Block &team, int64_t number, RowLaw row) {
    if (row.status) return row;
    Global<TileLaw> tiles = tile_records(a, number);
    int64_t count = parts_of(row.n, a.tile);
    Wide squares = {0, 0};
    row.total = scan_tiles(
        team, count,
        [&](int64_t t) {
            TileLaw tile = tiles.load(t);
            squares = wide_sum(squares, tile.squares);
            return wide(tile.sum);
        },
        [&](int64_t t, Wide before) {
            TileLaw tile = tiles.load(t);
            tile.before = before;
            tiles.store(t, tile);
        });
    row.squares = block_sum_wide(team, squares);
    return row;
}

// By one thread of the row.
URN_DEVICE RowLaw with_statistics(const LawArgs &a, RowLaw row) {
    const double infinite = bits_f64(UINT64_C(0x7ff0000000000000));
    if (row.status) {
        double none = row.status == URN_ROW_EMPTY ? 0.0 : bits_f64(URN_NAN_BITS_F64);
        row.ess = row.ratio = none;
        row.log_sum = row.log_mean = row.status == URN_ROW_EMPTY ? -infinite : none;
        if (row.status != URN_ROW_EMPTY) row.max = none;
        return row;
    }
    double total = wide_f64(row.total), n = (double)row.n;
    row.ess = total * total / wide_f64(row.squares);
    row.ratio = total / (n * (double)row.largest);
    double bits = wide_log2(row.total) - (double)row.fraction;
    if (!a.logs()) bits = bits + (double)row.scale;
    double mean = bits - log2_f64(n);
    row.log_sum = a.logs() ? fma_f64(bits, URN_LN2, row.max) : bits * URN_LN2;
    row.log_mean = a.logs() ? fma_f64(mean, URN_LN2, row.max) : mean * URN_LN2;
    return row;
}

URN_DEVICE urn_weight_stats statistics(const RowLaw &row) {
    return {row.ess, row.log_sum, row.log_mean, row.max, row.ratio, row.status, row.resampled};
}

// Whether elements [first, end) of a ragged row are bad.
URN_DEVICE bool bad_span(int64_t first, int64_t end, int64_t most, int64_t size) {
    return first < 0 || end < first || end > size || end - first > most;
}

// The record that a row begins with; its status is INDEX where its offsets are bad.
URN_DEVICE RowLaw begin_row(const urn_weights &w, int64_t row) {
    RowLaw r = {};
    r.first = row * w.stride;
    r.n = w.items;
    if (w.offsets) {
        Global<const int64_t> offsets(w.offsets, w.rows + 1, TAG_INDEX);
        r.first = offsets.load(row);
        int64_t end = offsets.load(row + 1);
        r.bad_offset = bad_span(r.first, end, w.items, w.size) ? 1 : 0;
        r.n = r.bad_offset ? 0 : end - r.first;
        if (r.bad_offset) r.status = URN_ROW_INDEX;
    }
    return r;
}

template <class T> URN_DEVICE T of_row(const T *array, int64_t rows, int64_t row, int tag, T otherwise) {
    return array ? Global<const T>(array, rows, tag).load(row) : otherwise;
}

// What the row's random blocks are made with, by a call's params.
template <class Params> URN_DEVICE void seed_row(const Params &p, int64_t rows, int64_t number, RowLaw &row) {
    uint64_t seed = of_row(p.seed, rows, number, TAG_INDEX, p.seed_value);
    row.key = row_key(seed, of_row(p.label, rows, number, TAG_INDEX, (uint64_t)number));
    row.position = of_row(p.position, rows, number, TAG_INDEX, p.position_value);
}

URN_DEVICE Random4 row_block(const RowLaw &row, uint32_t index, uint32_t draw, uint32_t stream) {
    return philox(row.key, {index, draw, row.position, stream});
}

// The first item whose prefix sum is above r < T; a.prefix is there. Any thread for itself: log2(n) loads.
URN_DEVICE int64_t first_above(const LawArgs &a, const RowLaw &row, int64_t number, Wide r) {
    Global<TileLaw> tiles = tile_records(a, number);
    int64_t low = 0, high = parts_of(row.n, a.tile) - 1; // the last tile with before <= r
    URN_ROLLED
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (wide_less(r, tiles.load(middle).before))
            high = middle - 1;
        else
            low = middle;
    }
    uint64_t rest = wide_difference(r, tiles.load(low).before).low;
    Global<uint64_t> prefix = row_prefix(a, number);
    int64_t from = low * a.tile, to = row.n - from < a.tile ? row.n - 1 : from + a.tile - 1;
    URN_ROLLED
    while (from < to) {
        int64_t middle = (from + to) / 2;
        if (prefix.load(middle) > rest)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

// resample_law.cu: records of rows that have no parameters of their own.
int enqueue_begin(const LawArgs &a, struct CUstream_st *stream);
// Rows that have begun become complete: largest, tiles, sums, statistics. again: the weights' limits have
// changed, only sums are made anew.
int enqueue_law(const LawArgs &a, bool again, struct CUstream_st *stream);

} // namespace urnd

#endif
