// backward.cu - backward draws: ancestors of a child by weight times transition density.
// shapes   weights [rows, n] logs, log_m [rows, children, n] f32 -> ancestors [rows, children, draws]
// idea     trials: a thread a draw proposes by weight (a search in the row's prefix sums) and accepts by one log_m;
//          what it cannot settle it marks. Exact: a block a child with marked draws makes the child's own law, keeps
//          the sums of its tiles in shared memory, and goes again over the tiles that a draw falls into
// minimum  one log_m a trial; n*(e + 4) a child of exact draws; this kernel: weights twice and 8 n of prefix sums a
//          row; exact n*(e + 4) a child for rows of one tile, twice that for longer ones and a tile each draw
// bound    trials: latency of scattered loads; exact: HBM
// launch   begin, law (1 or 4), statuses 1, trials 1, exact 1; block 32 to 256, shared 8.5*tile + 2.5 KB and 8 bytes
//          a tile
// bits     integers
// tail     a child without marked draws costs their loads
// ptxas    3 kernels, no spill, no stack frame: sm_90 28 to 94 registers (nvcc 13.0)
#include "kernels/resample/weighed_row.h"

namespace urnd {

struct BackwardArgs {
    LawArgs law;
    urn_backward_params p;
};

enum { UNSETTLED = -2, BACKWARD_TILES = 2048 };

URN_DEVICE Global<int32_t> backward_ancestors(const urn_backward_params &p) {
    return {p.ancestors, p.weights.rows * p.children * p.draws, TAG_OUT};
}
URN_DEVICE Global<const float> backward_log_m(const urn_backward_params &p) {
    return {p.log_m, p.weights.rows * p.children * p.log_m_stride, TAG_PARAM};
}
URN_DEVICE Global<uint32_t> child_status(const urn_backward_params &p) {
    return {(uint32_t *)p.status, p.weights.rows * p.children, TAG_OUT};
}

URN_DEVICE Random4 backward_block(const RowLaw &row, int64_t index, uint32_t draw) {
    return row_block(row, (uint32_t)index, draw, URN_STREAM_BACKWARD);
}

// An ancestor, -1 for a log_m above the bound, or UNSETTLED.
URN_DEVICE int64_t tried(const BackwardArgs &a, const RowLaw &row, int64_t number, int64_t child, int64_t index) {
    const urn_backward_params &p = a.p;
    float bound = of_row(p.bound, p.weights.rows, number, TAG_PARAM, p.bound_value);
    int64_t base = (number * p.children + child) * p.log_m_stride;
    URN_ROLLED
    for (uint32_t b = 0; b < (uint32_t)p.trials; b++) {
        Random4 block = backward_block(row, index, 2 * b);
        int64_t i = first_above(a.law, row, number, wide(mulhi_u64(block.low64(), row.total.low)));
        float d = backward_log_m(p).load(base + i) - bound;
        if (!(d <= 0.0f)) return -1;
        if (second64(block) >> 24 < power_weight(power(d, URN_LOG2E))) return i;
    }
    return UNSETTLED;
}

// Statuses begin as the row's; a thread a child.
URN_KERNEL(TILE_THREADS) children_kernel(URN_ARGS(BackwardArgs) a) {
    int64_t all = a.p.weights.rows * a.p.children;
    URN_ROLLED
    for (int64_t c = (int64_t)block_id() * TILE_THREADS + thread_id(); c < all;
         c += (int64_t)grid_blocks() * TILE_THREADS)
        child_status(a.p).store(c, (uint32_t)row_record(a.law, c / a.p.children).status);
}

URN_KERNEL(TILE_THREADS) trials_kernel(URN_ARGS(BackwardArgs) a) {
    const urn_backward_params &p = a.p;
    int64_t each = p.children * p.draws, all = p.weights.rows * each;
    URN_ROLLED
    for (int64_t at = (int64_t)block_id() * TILE_THREADS + thread_id(); at < all;
         at += (int64_t)grid_blocks() * TILE_THREADS) {
        int64_t number = at / each, index = at % each, child = index / p.draws, ancestor = -1;
        RowLaw row = row_record(a.law, number);
        if (row.status == 0) {
            seed_row(p, p.weights.rows, number, row);
            ancestor = tried(a, row, number, child, index);
            if (ancestor == -1 && p.status) child_status(p).or_(number * p.children + child, URN_ROW_PARAM);
        }
        backward_ancestors(p).store(at, (int32_t)ancestor);
    }
}

struct BackwardRoom {
    TeamRoom team;
    Shared<uint64_t> held, sums; // a tile's items; sums before each tile of a child's row
};
URN_HOST_DEVICE BackwardRoom backward_room(Arena &arena, uint32_t tile, int64_t tiles) {
    BackwardRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<uint64_t>(held_size(tile), "backward.held"),
                         arena.take<uint64_t>((size_t)tiles, "backward.sums")};
    return room;
}

// Values of a tile of the child's law, as bits of f64.
URN_DEVICE void fetch_child(const BackwardArgs &a, const Block &team, BackwardRoom room, const RowLaw &row,
                            int64_t base, int64_t tile) {
    const double least = bits_f64(UINT64_C(0xfff0000000000000));
    int64_t size = weights_size(a.law.weights), first = tile * a.law.tile;
    uint32_t items = tile_items(team, row.n, tile);
    Global<const float> log_m = backward_log_m(a.p);
    if (a.law.small()) {
        Global<const float> data((const float *)a.law.weights.data, size, TAG_LOGITS);
        fetch(team, room.held, items, [&](uint32_t i) {
            float w = data.load(row.first + first + i), m = log_m.load(base + first + i);
            bool none = (double)w == least || (double)m == least;
            return f64_bits(none ? least : (double)((w + m) + 0.0f));
        });
    } else {
        Global<const double> data((const double *)a.law.weights.data, size, TAG_LOGITS);
        fetch(team, room.held, items, [&](uint32_t i) {
            double w = data.load(row.first + first + i), m = (double)log_m.load(base + first + i);
            bool none = w == least || m == least;
            return f64_bits(none ? least : (w + m) + 0.0);
        });
    }
}

// A thread's weights of the tile that is held, in the places of its values; their sum.
URN_DEVICE uint64_t weigh_held(const BackwardArgs &a, const Block &team, BackwardRoom room, const RowLaw &law,
                               Own own) {
    uint64_t sum = 0;
    URN_ROLLED
    for (uint32_t k = 0; k < own.count; k++) {
        uint32_t slot = own_slot(team, k);
        uint64_t w = weight_of(a.law, law, bits_f64(room.held.load(slot)));
        room.held.store(slot, w);
        sum += w;
    }
    return sum;
}

// The child's law: largest, status, total; sums before its tiles in room.sums. A row of one tile keeps its weights.
URN_DEVICE RowLaw child_law(const BackwardArgs &a, Block &team, BackwardRoom room, RowLaw row, int64_t base) {
    int64_t tiles = parts_of(row.n, a.law.tile);
    LawLook look = {0, 0};
    URN_ROLLED
    for (int64_t t = 0; t < tiles; t++) {
        fetch_child(a, team, room, row, base, t);
        LawLook mine = own_look(a.law, team, room.held, own_items(team, row.n, t));
        look.best = look.best < mine.best ? mine.best : look.best;
        look.flags |= mine.flags;
    }
    row = with_look(a.law, row, block_look(team, look));
    if (row.status) return row;
    uint64_t total = 0;
    URN_ROLLED
    for (int64_t t = 0; t < tiles; t++) {
        if (tiles > 1) fetch_child(a, team, room, row, base, t);
        uint64_t sum = weigh_held(a, team, room, row, own_items(team, row.n, t));
        if (team.thread == 0) room.sums.store((size_t)t, total);
        total += team_tally(team, {sum, 0, 0}).all.sum;
    }
    row.total = wide(total);
    block_sync();
    return row;
}

// Prefix sums of the held tile's weights, in their places.
URN_DEVICE void scan_held(Block &team, BackwardRoom room, Own own) {
    uint64_t sum = 0;
    for (uint32_t k = 0; k < own.count; k++) sum += room.held.load(own_slot(team, k));
    uint64_t running = block_before(team, sum);
    for (uint32_t k = 0; k < own.count; k++) {
        running += room.held.load(own_slot(team, k));
        room.held.store(own_slot(team, k), running);
    }
    block_sync();
}

// The first item of the held tile, of so many, whose prefix sum is above r.
URN_DEVICE uint32_t held_above(BackwardRoom room, uint32_t items, uint64_t r) {
    uint32_t low = 0, high = items - 1;
    URN_ROLLED
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (room.held.load(held_slot(middle)) > r)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

// Exact draws of a child, for those marked in its list. The block calls.
URN_DEVICE void exact_draws(const BackwardArgs &a, Block &team, BackwardRoom room, const RowLaw &row, int64_t number,
                            int64_t child, bool all) {
    const urn_backward_params &p = a.p;
    int64_t place = number * p.children + child, list = place * p.draws, base = place * p.log_m_stride;
    Global<int32_t> ancestors = backward_ancestors(p);
    uint64_t open = 0;
    for (int64_t j = team.thread; j < p.draws; j += team.threads) {
        bool mine = all || ancestors.load(list + j) == UNSETTLED;
        if (all) ancestors.store(list + j, UNSETTLED);
        open += mine ? 1 : 0;
    }
    if (team_tally(team, {open, 0, 0}).all.sum == 0) return;
    RowLaw law = child_law(a, team, room, row, base);
    int32_t status = law.status;
    int64_t otherwise = -1;
    if (status == URN_ROW_EMPTY && p.fallback) {
        otherwise = Global<const int32_t>(p.fallback, p.weights.rows * p.children, TAG_INDEX).load(place);
        if (otherwise < 0 || otherwise >= row.n) otherwise = -1, status |= URN_ROW_INDEX;
    }
    if (status && team.thread == 0 && p.status) child_status(p).or_(place, (uint32_t)status);
    int64_t tiles = status ? 1 : parts_of(row.n, a.law.tile);
    URN_ROLLED
    for (int64_t t = 0; t < tiles; t++) {
        uint64_t from = law.status ? 0 : room.sums.load((size_t)t);
        uint64_t to = t + 1 < tiles ? room.sums.load((size_t)t + 1) : law.total.low;
        uint64_t inside = 0;
        URN_ROLLED
        for (int64_t j = team.thread; !law.status && j < p.draws; j += team.threads) {
            if (ancestors.load(list + j) != UNSETTLED) continue;
            uint64_t u = backward_block(row, child * p.draws + j, 1).low64(), r = mulhi_u64(u, law.total.low);
            inside += r >= from && r < to ? 1 : 0;
        }
        if (team_tally(team, {inside, 0, 0}).all.sum == 0 && !law.status) continue;
        Own own = own_items(team, row.n, t);
        if (!law.status && tiles > 1) {
            fetch_child(a, team, room, row, base, t);
            weigh_held(a, team, room, law, own);
        }
        if (!law.status) scan_held(team, room, own);
        URN_ROLLED
        for (int64_t j = team.thread; j < p.draws; j += team.threads) {
            if (ancestors.load(list + j) != UNSETTLED) continue;
            uint64_t u = backward_block(row, child * p.draws + j, 1).low64(), r = mulhi_u64(u, law.total.low);
            if (law.status)
                ancestors.store(list + j, (int32_t)otherwise);
            else if (r >= from && r < to)
                ancestors.store(list + j,
                                (int32_t)(t * a.law.tile + held_above(room, tile_items(team, row.n, t), r - from)));
        }
    }
}

URN_KERNEL(TILE_THREADS) exact_kernel(URN_ARGS(BackwardArgs) a) {
    const urn_backward_params &p = a.p;
    Arena arena(true);
    BackwardRoom room = backward_room(arena, block_threads() * TILE_EACH, a.law.tiles_row);
    Block team = team_here<TEAM_BLOCK>(room.team);
    URN_ROLLED
    for (int64_t work = block_id(); work < p.weights.rows * p.children; work += grid_blocks()) {
        int64_t number = work / p.children, child = work % p.children;
        RowLaw row = row_record(a.law, number);
        if (row.status) {
            for (int64_t j = team.thread; j < p.draws; j += team.threads)
                backward_ancestors(p).store(work * p.draws + j, -1);
            continue;
        }
        seed_row(p, p.weights.rows, number, row);
        block_sync(); // before the next child's sums
        exact_draws(a, team, room, row, number, child, p.trials == 0);
    }
}

} // namespace urnd

extern "C" int URN_SIDE(backward_draws)(const urnk_device *device, const urn_backward_params *params,
                                        struct CUstream_st *stream) {
    using namespace urnd;
    set_launch_options(device);
    if (params->children == 0) return 0;
    WorkArena work = {(unsigned char *)params->workspace, 0};
    urnk_device wide = *device; // sums of all tiles stay in shared memory: at most 2,048 of them
    if (params->weights.items > BACKWARD_TILES * 256) wide.hint.threads = 0;
    BackwardArgs a = {law_args(work, &wide, params->weights, params->trials > 0), *params};
    Arena arena(false);
    backward_room(arena, a.law.tile, a.law.tiles_row);
    int64_t children = params->weights.rows * params->children;
    Shape flat = {grid_for(parts_of(children, TILE_THREADS)), TILE_THREADS, 1, 0};
    Shape draws = {grid_for(parts_of(children * params->draws, TILE_THREADS)), TILE_THREADS, 1, 0};
    int error = enqueue_begin(a.law, stream);
    if (!error) error = enqueue_law(a.law, false, stream);
    if (!error && params->status) error = launch(children_kernel, flat, stream, a);
    if (!error && params->trials > 0) error = launch(trials_kernel, draws, stream, a);
    return error ? error : launch(exact_kernel, {grid_for(children), a.law.tile / TILE_EACH, 1, arena.used}, stream, a);
}
