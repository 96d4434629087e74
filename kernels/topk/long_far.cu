// long_far.cu - long rows with k above URN_TOPK_K: push, merge and finish, each one launch of a crew.
// shapes   values [n] f32|f64 or none; a state of k + 1 records in the caller's memory; as many and more in the
// workspace idea     push: more items than the workspace has room for are first met in a sample of up to 2^17, one from
// each
//          stretch, whose cut lets more than k + 1 through and less than the room, but for a chance below 1e-10. What
//          passes it, and the state's last record, is appended to the workspace: one read of the values. Where chance
//          was against us, or the caller arranged it, the cut is found by digits over the values themselves, up to 12
//          reads. Then the first k + 1 of state and workspace become the state, by digits over the records. finish: a
//          network over a copy
// minimum  n*e     this kernel: the same and 3/64 of it for the sample; about 10 trips over up to 4 k records; finish:
//          (c - 11) (c - 10) / 2 trips over k = 2^c records
// bound    DRAM by value; by noise issue slots, as in topk_long.cu
// launch   a crew of up to all multiprocessors, 256 threads, 98 KB; one block where crews can not be launched
// bits     keys are integers; which records are held is a set
// tail     values start at any element
// ptxas    3 kernels, no spill, no stack frame: sm_90 40 to 100 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/topk/item_walk.h"
#include "kernels/topk/long_far.h"
#include "kernels/topk/sort_far.h"

namespace urnd {

struct FarPolicy {
    enum { buffer = 2 * BUFFER_ROUND, block_items = 16384 }; // guesses
};

struct FarArgs {
    urn_topk_long_params p;
    urn_topk_long_results r; // finish
    const void *values;
    const void *other;      // merge
    int64_t n, first, most; // room for records that come
    int64_t sample, rank;   // items of the sample, 0: none; how many of it are to pass
    uint8_t *counters, *board;
    urn_topk_record *out, *come;
    uint32_t crew;
};

struct FarRoom {
    TeamRoom team;
    SelectRoom select;
    BufferRoom buffer;
    Shared<uint64_t> from; // [1] where a block's records go
};

URN_HOST_DEVICE FarRoom far_room(Arena &arena) {
    FarRoom room;
    room.team = team_room<TEAM_CREW>(arena);
    room.select = select_room<TEAM_CREW, true>(arena);
    room.buffer = buffer_room(arena, FarPolicy::buffer, false);
    room.from = arena.take<uint64_t>(1, "far.from");
    return room;
}

// How many records have come. Every block adds to it.
URN_DEVICE Global<uint64_t> far_count(const FarArgs &args) {
    return Global<uint64_t>((uint64_t *)(args.counters + URNK_COUNTER_BYTES), 1, TAG_WORKSPACE);
}

// The whole block calls, after a barrier, and meets: the buffer's records go to the workspace. Those past its room are
// counted only.
URN_DEVICE void flush_buffer(const FarArgs &args, Buffer &b, Shared<uint64_t> from) {
    const uint32_t now = b.room.now.load(0);
    if (b.team.thread == 0) from.store(0, now ? far_count(args).add(0, now) : 0);
    block_sync();
    const int64_t base = (int64_t)from.load(0);
    Global<urn_topk_record> come(args.come, args.most, TAG_WORKSPACE);
    URN_ROLLED
    for (uint32_t i = b.team.thread; i < now; i += b.team.threads)
        if (base + i < args.most) come.store(base + i, {drop_item(b.room.key.load(i)), (int64_t)b.room.id.load(i)});
    block_sync();
    if (b.team.thread == 0) b.room.now.store(0, 0);
}

// The crew calls: the cut that items must pass: the state's last record, or the sample's, whichever comes first.
// sampled: the latter.
template <class Type>
URN_DEVICE KeyCut far_cut(Team<TEAM_CREW> &team, const FarRoom &room, const FarArgs &args, const ItemLaw &law,
                          const ItemRun<Type> &run, int64_t held, bool &sampled) {
    KeyCut cut = URN_ALL_KEYS;
    if (held > args.p.k) {
        Global<const urn_topk_record> records = state_reader(args.p.state, held);
        Tally last = {0, 0, 0};
        URN_ROLLED
        for (int64_t i = (int64_t)team.rank * team.threads + team.thread; i < held;
             i += (int64_t)team.ranks * team.threads) {
            uint64_t key = ~lift_item(records.load(i).key);
            last.sum = key > last.sum ? key : last.sum;
        }
        cut.key = ~team_reduce<PickBest>(team, last).all.sum;
    }
    sampled = false;
    if (args.sample == 0) return cut;
    SampleWalk<TEAM_CREW, Type> walk = {team, law, run, args.sample};
    uint64_t rank = (uint64_t)args.rank;
    Candidates some = take_first(
        team, room.select, walk, every_key(), URN_ITEM_IDS, rank, rank + rank / 4 + 64, 0,
        [](uint64_t, uint64_t, float) {}, false);
    sampled = some.cut.key > cut.key;
    return sampled ? some.cut : cut;
}

// The crew calls: items of the run that may be among the first come to the workspace. How many; seen: of all.
template <class Type>
URN_DEVICE int64_t far_items(Team<TEAM_CREW> &team, const FarRoom &room, const FarArgs &args, int64_t held,
                             Tally &seen) {
    const uint64_t need = (uint64_t)args.p.k + 1;
    ItemLaw law = item_law(args.p.by, args.p.temperature, args.p.seed, args.p.label, args.p.position);
    ItemRun<Type> run = item_run<Type>(args.values, 0, args.n, args.first);
    bool sampled = false;
    Buffer b = buffer_here(room.buffer, 0, FarPolicy::buffer);
    b.bound = item_bound(far_cut(team, room, args, law, run, held, sampled));
    int64_t share = ((run.places() + team.ranks - 1) / team.ranks + UNIT - 1) / UNIT * UNIT;
    int64_t from = team.rank * share, to = from + share < run.places() ? from + share : run.places();
    buffer_items(b, law, run, from, to, seen, [&](Buffer &full) {
        block_sync();
        if (full.room.now.load(0) > FarPolicy::buffer - BUFFER_ROUND) flush_buffer(args, full, room.from);
        block_sync();
    });
    flush_buffer(args, b, room.from);
    seen = team_tally(team, seen).all;
    team_meet(team);
    uint64_t count = far_count(args).load(0);
    // too many, or items between the sample's cut and the k-th
    bool again = count > (uint64_t)args.most || (sampled && count < need && count < seen.sum);
    if (!again) return (int64_t)count;
    team_meet(team); // everyone has read it
    if (team.leads()) far_count(args).store(0, 0);
    team_meet(team);
    ItemWalk<TEAM_CREW, Type> walk = {team, law, run};
    Global<urn_topk_record> come(args.come, args.most, TAG_WORKSPACE);
    Candidates all = take_first(team, room.select, walk, every_key(), URN_ITEM_IDS, need, (uint64_t)args.most, seen.sum,
                                [&](uint64_t key, uint64_t id, float) {
                                    come.store((int64_t)far_count(args).add(0, 1), {drop_item(key), (int64_t)id});
                                });
    team_meet(team);
    return (int64_t)all.taken;
}

// The crew calls: the first of two arrays of records, `need` of them or all, into `out`, in no order. How many. Each
// thread's go to a place of their own: no atomics.
URN_DEVICE int64_t far_first(Team<TEAM_CREW> &team, const FarRoom &room, const RecordWalk<TEAM_CREW> &walk,
                             uint64_t need, Global<urn_topk_record> out) {
    const uint64_t total = (uint64_t)(walk.count_a + walk.count_b);
    if (total == 0) return 0;
    Candidates all = take_first(
        team, room.select, walk, every_key(), URN_ITEM_IDS, need, need, total, [](uint64_t, uint64_t, float) {}, false);
    uint64_t mine = 0;
    walk.each([&](uint64_t key, uint64_t id, float) { mine += all.cut.has(key, id) ? 1 : 0; });
    uint64_t at = team_tally(team, {mine, 0, 0}).before + block_before(team, mine);
    walk.each([&](uint64_t key, uint64_t id, float) {
        if (all.cut.has(key, id)) out.store((int64_t)at++, {drop_item(key), (int64_t)id});
    });
    team_meet(team);
    return (int64_t)all.taken;
}

// Push, and merge: of no items, with another state's records.
template <class Type> URN_KERNEL(BUFFER_THREADS) far_kernel(URN_ARGS(FarArgs) args) {
    Arena arena(true);
    FarRoom room = far_room(arena);
    Team<TEAM_CREW> team = crew_here(room.team, args.crew, args.counters, args.board, URNK_BOARD_BYTES);
    if (team.ranks > 1) clear_crew_bins(team, 0);
    const int64_t k = args.p.k;
    urn_topk_state state = state_head(args.p.state).load(0);
    team_meet(team); // everyone has read it
    if (!state_good(state, k)) return;
    Tally seen = {0, 0, 0};
    int64_t count = 0;
    Global<const urn_topk_record> come(args.come, args.most, TAG_WORKSPACE);
    if (args.other) {
        urn_topk_state other = Global<const urn_topk_state>((const urn_topk_state *)args.other, 1, TAG_STATE).load(0);
        bool good = state_good(other, k);
        state.status |= good ? other.status : URN_ROW_PARAM;
        if (good) {
            state.possible += other.possible, state.items += other.items, count = other.held;
            come = state_reader(args.other, count);
        }
    } else {
        count = far_items<Type>(team, room, args, state.held, seen);
    }
    Global<urn_topk_record> out(args.out, k + 1, TAG_WORKSPACE);
    RecordWalk<TEAM_CREW> walk = {team, state_reader(args.p.state, state.held), come, state.held, count};
    const int64_t held = far_first(team, room, walk, (uint64_t)k + 1, out);
    Global<urn_topk_record> records = state_records(args.p.state, held);
    URN_ROLLED
    for (int64_t i = (int64_t)team.rank * team.threads + team.thread; i < held; i += (int64_t)team.ranks * team.threads)
        records.store(i, out.load(i));
    if (!team.leads()) return;
    state.status |= ((seen.flags & ITEM_NAN) ? URN_ROW_NAN : 0) | ((seen.flags & ITEM_INF) ? URN_ROW_INF : 0);
    state_head(args.p.state)
        .store(0, {URN_TOPK_STATE_MARK,
                   state.status,
                   k,
                   held,
                   state.possible + (int64_t)seen.sum,
                   state.items + args.n,
                   {0, 0, 0}});
}

struct FarFinishRoom {
    TeamRoom team;
    TileRoom tile;
};
URN_HOST_DEVICE FarFinishRoom far_finish_room(Arena &arena) {
    FarFinishRoom room = {team_room<TEAM_CREW>(arena), tile_room(arena)};
    return room;
}

URN_KERNEL(BUFFER_THREADS) far_finish_kernel(URN_ARGS(FarArgs) args) {
    Arena arena(true);
    FarFinishRoom room = far_finish_room(arena);
    Team<TEAM_CREW> team = crew_here(room.team, args.crew, args.counters, args.board, URNK_BOARD_BYTES);
    const int64_t k = args.p.k, stride = (int64_t)team.ranks * team.threads;
    const int64_t first = (int64_t)team.rank * team.threads + team.thread;
    const urn_topk_long_results &r = args.r;
    urn_topk_state state = state_head(args.p.state).load(0);
    const int32_t status = finish_status(state, k);
    const int64_t held = status ? 0 : state.held, found = held < k ? held : k;
    Global<const urn_topk_record> from = state_reader(args.p.state, held);
    Global<urn_topk_record> work(args.out, k + 1, TAG_WORKSPACE);
    URN_ROLLED
    for (int64_t i = first; i < held; i += stride) work.store(i, from.load(i));
    team_meet(team);
    sort_records(team, work, held, room.tile, false);
    int64_t threshold = held > k && team.leads() ? work.load(k).key : INT64_MIN;
    if (args.p.flags & URN_TOPK_BY_ID) {
        team_meet(team);
        sort_records(team, work, found, room.tile, true);
    }
    URN_ROLLED
    for (int64_t i = first; i < k; i += stride) {
        urn_topk_record pick = {INT64_MIN, -1};
        if (i < found) pick = work.load(i);
        if (r.ids) Global<int64_t>(r.ids, k, TAG_OUT).store(i, pick.id);
        if (r.keys) Global<int64_t>(r.keys, k, TAG_OUT).store(i, pick.key);
    }
    if (team.leads()) finish_scalars(r, found, threshold, status);
}

// launching

// All blocks that are there at once, while each has some thousand items; where they are not, one.
inline int launch_crew(const urnk_device &d, void (*kernel)(FarArgs), size_t shared, int64_t items, FarArgs &args,
                       struct CUstream_st *stream) {
    int64_t blocks = items / FarPolicy::block_items + 1, most = d.crew_blocks < 1 ? 1 : d.crew_blocks;
    if (most > MOST_CREW) most = MOST_CREW;
    if (d.hint.cluster > 0) blocks = d.hint.cluster;
    args.crew = (uint32_t)(blocks < most ? blocks : most);
    while (args.crew > 1 && args.crew * BUFFER_THREADS > most_crew_threads()) args.crew--;
    int error = prepare(kernel, shared);
    if (!error) error = zero_async(args.counters, 2 * URNK_COUNTER_BYTES, stream);
    if (error) return error;
    error = launch(kernel, Shape{args.crew, BUFFER_THREADS, 1, shared, args.crew}, stream, args);
    if (error != TOO_MANY_AT_ONCE) return error;
    args.crew = 1;
    return launch(kernel, Shape{1, BUFFER_THREADS, 1, shared, 1}, stream, args);
}

inline FarArgs far_args(const urnk_topk_long_call &call) {
    const int64_t k = call.params.k, most = urnk_topk_long_room(k, call.n);
    uint8_t *work = (uint8_t *)call.workspace, *board = work + 2 * URNK_COUNTER_BYTES;
    urn_topk_record *out = (urn_topk_record *)(board + URNK_BOARD_BYTES);
    FarArgs args = {call.params, call.results, call.values, nullptr, call.n,        call.first, most, 0,
                    0,           work,         board,       out,     out + (k + 1), 0};
    if (call.n > most) {
        // the sample's rank lets through k + 1 of the items, and seven deviations more
        int64_t m = call.n / 64 < (1 << 17) ? call.n / 64 : 1 << 17, mean = m * (k + 1) / call.n + 1, root = 0;
        while (root * root < mean) root++;
        args.sample = m, args.rank = mean + 7 * root + 10;
    }
    return args;
}

int far_push(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream) {
    FarArgs args = far_args(call);
    Arena arena(false);
    far_room(arena);
    bool wide = call.type == URN_ITEM_F64;
    return launch_crew(d, wide ? far_kernel<ItemsF64> : far_kernel<ItemsF32>, arena.used, call.n + call.params.k, args,
                       stream);
}

int far_merge(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream) {
    FarArgs args = far_args(call);
    args.n = 0, args.other = call.other;
    Arena arena(false);
    far_room(arena);
    return launch_crew(d, far_kernel<ItemsF32>, arena.used, 2 * call.params.k, args, stream);
}

int far_finish(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream) {
    FarArgs args = far_args(call);
    Arena arena(false);
    far_finish_room(arena);
    return launch_crew(d, far_finish_kernel, arena.used, call.params.k, args, stream);
}

} // namespace urnd
