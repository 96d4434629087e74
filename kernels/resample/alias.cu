// alias.cu - alias tables in parallel, and draws from them.
// shapes   weights [rows, n] -> cut u64, alias i32 [rows, n]; draws [rows, N] ids
// idea     the table of a single sweep over light and heavy items. All that decides is E(j), the excess of heavy
//          items up to j, against D(a), what the light items before a lack: both are prefix sums. A light item's
//          alias is the first j with E(j) > D(a), a heavy item's cut comes from the first a with D(a) >= E(j): a
//          search each
// minimum  n*e + 12 n a row; this kernel: 4 to 5 n*e, 20 n of scratch each way, log2 n loads an item, 12 n
// bound    searches in L2
// launch   begin, law (1 or 4), sums, fold, place, match; draw 1; block 32 to 256, shared 8.5*tile + 2.5 KB
// bits     integers: 128-bit prefix sums, two quotients of 32 bits a cut
// tail     the last heavy item keeps itself
// ptxas    5 kernels, no spill, no stack frame: sm_90 39 to 102 registers (nvcc 13.0)
#include "kernels/resample/weighed_row.h"

namespace urnd {

struct AliasArgs {
    LawArgs law;
    urn_alias_params p;
    uint32_t *item; // [rows, items] light items in order, then heavy ones
    Wide *prefix;   // [rows, items] D before a light item, E up to a heavy one
};

struct AliasCell {
    Global<uint32_t> item;
    Global<Wide> prefix;
};
URN_DEVICE AliasCell alias_cells(const AliasArgs &a, int64_t number) {
    int64_t n = a.law.weights.items;
    return {Global<uint32_t>(a.item + number * n, n, TAG_WORKSPACE),
            Global<Wide>(a.prefix + number * n, n, TAG_WORKSPACE)};
}

// n * w, and whether that is at most T; what is then missing, or more than T.
struct AliasShare {
    Wide part, gap;
    bool light;
};
URN_DEVICE AliasShare alias_share(const RowLaw &row, uint64_t w) {
    Wide part = wide_product(w, (uint64_t)row.n);
    bool light = !wide_less(row.total, part);
    return {part, light ? wide_difference(row.total, part) : wide_difference(part, row.total), light};
}

struct AliasRoom {
    TeamRoom team;
    Shared<uint64_t> held;
};
URN_HOST_DEVICE AliasRoom alias_room(Arena &arena, uint32_t tile) {
    AliasRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint64_t>(held_size(tile), "alias.held")};
    return room;
}

// Of a tile: light items and what they lack. PLACE: where each item stands, with its prefix sum.
template <bool PLACE> URN_KERNEL(TILE_THREADS) alias_tiles_kernel(URN_ARGS(AliasArgs) a) {
    Arena arena(true);
    AliasRoom room = alias_room(arena, block_threads() * TILE_EACH);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < a.law.weights.rows * a.law.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.law.tiles_row, index = work % a.law.tiles_row;
        RowLaw row = row_record(a.law, number);
        if (row.status || index * a.law.tile >= row.n) continue;
        Own own = own_items(team, row.n, index);
        fetch_values(a.law, team, room.held, row, index);
        uint64_t light = 0;
        Wide lacking = {0, 0}, excess = {0, 0};
        URN_ROLLED
        for (uint32_t k = 0; k < own.count; k++) {
            uint64_t w = weight_of(a.law, row, bits_f64(room.held.load(own_slot(team, k))));
            room.held.store(own_slot(team, k), w);
            AliasShare s = alias_share(row, w);
            light += s.light ? 1 : 0;
            if (s.light)
                lacking = wide_sum(lacking, s.gap);
            else
                excess = wide_sum(excess, s.gap);
        }
        Global<TileLaw> tiles = tile_records(a.law, number);
        if (!PLACE) {
            light = team_tally(team, {light, 0, 0}).all.sum;
            lacking = block_sum_wide(team, lacking);
            if (team.thread != 0) continue;
            TileLaw tile = tiles.load(index);
            tile.count = light;
            tile.squares = lacking;
            tiles.store(index, tile);
            continue;
        }
        TileLaw tile = tiles.load(index);
        int64_t first = index * a.law.tile;
        // E before the tile: n * S - T * heavy + ..., by what all items before it have together
        Wide all = wide_sum(wide_times(tile.before, (uint64_t)row.n), tile.squares);
        Wide excess_at = wide_difference(all, wide_times(row.total, (uint64_t)first));
        uint64_t a_at = tile.count_before + block_before(team, light);
        Wide d = wide_sum(tile.squares, block_before_wide(team, lacking));
        Wide e = wide_sum(excess_at, block_before_wide(team, excess));
        AliasCell cells = alias_cells(a, number);
        URN_ROLLED
        for (uint32_t k = 0; k < own.count; k++) {
            int64_t i = own.begin + k;
            AliasShare s = alias_share(row, room.held.load(own_slot(team, k)));
            if (!s.light) e = wide_sum(e, s.gap);
            int64_t at = s.light ? (int64_t)a_at : row.rest + (i - (int64_t)a_at);
            cells.item.store(at, (uint32_t)i);
            cells.prefix.store(at, s.light ? d : e);
            if (s.light) d = wide_sum(d, s.gap), a_at++;
        }
    }
}

// Prefix sums over tiles; the row's light items.
URN_KERNEL(TILE_THREADS) alias_fold_kernel(URN_ARGS(AliasArgs) a) {
    Arena arena(true);
    Block team = team_here<TEAM_BLOCK>(team_room<TEAM_BLOCK>(arena));
    URN_ROLLED
    for (int64_t number = block_id(); number < a.law.weights.rows; number += grid_blocks()) {
        RowLaw row = row_record(a.law, number);
        if (row.status) continue;
        Global<TileLaw> tiles = tile_records(a.law, number);
        int64_t count = parts_of(row.n, a.law.tile);
        Wide light = scan_tiles(
            team, count, [&](int64_t t) { return wide(tiles.load(t).count); },
            [&](int64_t t, Wide before) {
                TileLaw tile = tiles.load(t);
                tile.count_before = before.low;
                tiles.store(t, tile);
            });
        scan_tiles(
            team, count, [&](int64_t t) { return tiles.load(t).squares; },
            [&](int64_t t, Wide before) {
                TileLaw tile = tiles.load(t);
                tile.squares = before;
                tiles.store(t, tile);
            });
        if (team.thread != 0) continue;
        row.rest = (int64_t)light.low;
        row_records(a.law).store(number, row);
    }
}

// The first of cells [low, high) whose prefix is at least v, or above it; high if there is none.
URN_DEVICE int64_t first_cell(AliasCell cells, int64_t low, int64_t high, Wide v, bool above) {
    URN_ROLLED
    while (low < high) {
        int64_t middle = (low + high) / 2;
        Wide p = cells.prefix.load(middle);
        if (above ? wide_less(v, p) : !wide_less(p, v))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

// floor(r * 2^64 / T) for r < T.
URN_DEVICE uint64_t alias_cut(Wide r, Divisor total) {
    Quotient high = divide({r.high << 32 | r.low >> 32, r.low << 32}, total);
    Quotient low = divide({high.rest.high << 32 | high.rest.low >> 32, high.rest.low << 32}, total);
    return high.whole << 32 | low.whole;
}

// By what a row has drawn: each of its items gets a cut and an alias.
URN_KERNEL(TILE_THREADS) alias_match_kernel(URN_ARGS(AliasArgs) a) {
    const urn_weights &w = a.law.weights;
    int64_t size = w.offsets ? w.size : w.rows * w.items;
    Global<uint64_t> cuts(a.p.cut, size, TAG_OUT);
    Global<int32_t> aliases(a.p.alias, size, TAG_OUT);
    URN_ROLLED
    for (int64_t work = block_id(); work < w.rows * a.law.tiles_row; work += grid_blocks()) {
        int64_t number = work / a.law.tiles_row, index = work % a.law.tiles_row;
        RowLaw row = row_record(a.law, number);
        int64_t base = w.offsets ? row.first : number * w.items, first = index * a.law.tile;
        if (index == 0 && thread_id() == 0 && a.p.status)
            Global<int32_t>(a.p.status, w.rows, TAG_OUT).store(number, row.status);
        int64_t end = first + a.law.tile < row.n ? first + a.law.tile : row.n;
        AliasCell cells = alias_cells(a, number);
        Divisor total = divisor(row.status ? wide(1) : row.total);
        URN_ROLLED
        for (int64_t at = first + thread_id(); at < end; at += block_threads()) {
            if (row.status) {
                cuts.store(base + at, 0);
                aliases.store(base + at, -1);
                continue;
            }
            int64_t item = cells.item.load(at), other = -1;
            Wide prefix = cells.prefix.load(at), r = row.total; // T: it keeps itself
            if (at < row.rest) {
                int64_t heavy = first_cell(cells, row.rest, row.n, prefix, true);
                if (heavy < row.n) {
                    other = cells.item.load(heavy);
                    r = wide_product(weight_at(a.law, row, item), (uint64_t)row.n);
                }
            } else if (at + 1 < row.n) {
                int64_t light = first_cell(cells, 0, row.rest, prefix, false);
                // past the last light item D is the whole of E
                Wide d = light < row.rest ? cells.prefix.load(light) : cells.prefix.load(row.n - 1);
                other = cells.item.load(at + 1);
                r = wide_difference(wide_sum(prefix, row.total), d);
            }
            bool whole = other < 0 || !wide_less(r, row.total);
            cuts.store(base + item, whole ? ~UINT64_C(0) : alias_cut(r, total));
            aliases.store(base + item, (int32_t)(whole ? item : other));
        }
    }
}

// ---- draws

enum { ALIAS_DRAW = 2 };

URN_KERNEL(TILE_THREADS) alias_draw_kernel(URN_ARGS(AliasArgs) a) {
    const urn_alias_params &p = a.p;
    const urn_weights &w = p.weights;
    int64_t size = w.offsets ? w.size : w.rows * w.items, chunks = p.draws ? parts_of(p.draws, TILE_THREADS) : 1;
    URN_ROLLED
    for (int64_t work = block_id(); work < w.rows * chunks; work += grid_blocks()) {
        int64_t number = work / chunks, j = work % chunks * TILE_THREADS + thread_id();
        RowLaw row = begin_row(w, number);
        int64_t base = w.offsets ? row.first : number * w.items;
        Global<const int32_t> aliases(p.alias, size, TAG_PARAM);
        if (row.status == 0 && (row.n == 0 || aliases.load(base) < 0)) row.status = URN_ROW_EMPTY;
        if (j == 0 && p.status) Global<int32_t>(p.status, w.rows, TAG_OUT).store(number, row.status);
        if (j >= p.draws) continue;
        int64_t id = -1;
        if (row.status == 0) {
            seed_row(p, w.rows, number, row);
            uint64_t u = row_block(row, (uint32_t)j, ALIAS_DRAW, URN_STREAM_RESAMPLE).low64();
            Wide at = wide_product(u, (uint64_t)row.n);
            id = (int64_t)at.high;
            if (at.low >= Global<const uint64_t>(p.cut, size, TAG_PARAM).load(base + id)) id = aliases.load(base + id);
        }
        Global<int32_t>(p.ids, w.rows * p.draws, TAG_OUT).store(number * p.draws + j, (int32_t)id);
    }
}

} // namespace urnd

extern "C" int URN_SIDE(alias_build)(const urnk_device *device, const urn_alias_params *params,
                                     struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    WorkArena work = {(unsigned char *)params->workspace, 0};
    AliasArgs a = {law_args(work, device, params->weights, false), *params, nullptr, nullptr};
    size_t cells = (size_t)(params->weights.rows * params->weights.items);
    a.prefix = work.take<Wide>(cells);
    a.item = work.take<uint32_t>(cells);
    Arena arena(false);
    alias_room(arena, a.law.tile);
    uint32_t threads = a.law.tile / TILE_EACH;
    Shape tiles = {grid_for(params->weights.rows * a.law.tiles_row), threads, 1, arena.used};
    Shape rows = {grid_for(params->weights.rows), threads, 1, arena.used};
    int error = enqueue_begin(a.law, stream);
    if (!error) error = enqueue_law(a.law, false, stream);
    if (!error) error = launch(alias_tiles_kernel<false>, tiles, stream, a);
    if (!error) error = launch(alias_fold_kernel, rows, stream, a);
    if (!error) error = launch(alias_tiles_kernel<true>, tiles, stream, a);
    return error ? error : launch(alias_match_kernel, tiles, stream, a);
}

extern "C" int URN_SIDE(alias_draw)(const urnk_device *device, const urn_alias_params *params,
                                    struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    AliasArgs a = {{}, *params, nullptr, nullptr};
    int64_t chunks = params->draws ? parts_of(params->draws, TILE_THREADS) : 1;
    return launch(alias_draw_kernel, {grid_for(params->weights.rows * chunks), TILE_THREADS, 1, 0}, stream, a);
}
