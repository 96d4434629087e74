// topk_long.cu - the first k of a long row in chunks, k up to URN_TOPK_K: urn_topk_long_*; larger k is long_far.cu's.
// shapes   values [n] f32|f64 or none; a state of k + 1 records in the caller's memory
// idea     push: a block takes a run of items, each through a buffer of 16-byte records in shared memory: what passes a
//          running bound is appended, a full buffer is cut to its first k + 1 by digits of the key. The bound starts at
//          the state's last record. By noise an item first meets a bound made of 32 random bits and the exponent of
//          1 - u; few go on to the logarithms. Blocks leave lists of k + 1; lists are folded, 24 to one, into the state
// minimum  n*e                    this kernel: the same, whatever the values' order, and 16 (k + 1) bytes a block for
//          lists, at most n / 8 times 16
// bound    by value DRAM; by noise issue slots: a Philox block for two items, about 60 instructions an item
// launch   push: up to two blocks a multiprocessor, 256 threads, 33 to 123 KB; fold: 1 or 2 launches more; merge,
//          finish: one block
// bits     keys are integers; which records are held is a set, whatever the order of blocks
// tail     values start at any element: places are counted from the 16-byte boundary before
// ptxas    5 kernels, no spill, no stack frame: sm_90 12 to 94 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/topk/long_far.h"

namespace urnd {

struct LongPolicy {
    enum { most_blocks = 512, fan = 24, least_items = 16384 }; // guesses
};

struct PushArgs {
    urn_topk_long_params p;
    const void *values;
    int64_t n, first, share; // items of a block, a multiple of BUFFER_ROUND places
    urn_topk_record *records;
    ListHead *heads;
};

// The whole block calls: what the state's records bound, once it holds k + 1.
URN_DEVICE ItemBound state_bound(Buffer &b, const void *state, int64_t held) {
    if (held < b.need) return b.bound;
    Global<const urn_topk_record> records = state_reader(state, held);
    Tally last = {0, 0, 0}; // the inverse of the last key, and of ids of that key the largest: 40 bits in two rounds
    URN_ROLLED
    for (int64_t i = b.team.thread; i < held; i += b.team.threads) {
        uint64_t key = ~lift_item(records.load(i).key);
        last.sum = key > last.sum ? key : last.sum;
    }
    uint64_t key = ~team_reduce<PickBest>(b.team, last).all.sum;
    return item_bound({key, URN_EVERY_ID});
}

template <class Type> URN_KERNEL(BUFFER_THREADS) push_kernel(URN_ARGS(PushArgs) args) {
    const urn_topk_long_params &p = args.p;
    urn_topk_state state = state_head(p.state).load(0);
    if (!state_good(state, p.k)) return;
    Arena arena(true);
    const uint32_t need = (uint32_t)p.k + 1;
    Buffer b = buffer_here(buffer_room(arena, buffer_size(need), true), need, buffer_size(need));
    b.bound = state_bound(b, p.state, state.held);
    ItemLaw law = item_law(p.by, p.temperature, p.seed, p.label, p.position);
    ItemRun<Type> run = item_run<Type>(args.values, 0, args.n, args.first);
    int64_t from = block_id() * args.share, to = from + args.share < run.places() ? from + args.share : run.places();
    Tally seen = {0, 0, 0};
    buffer_items(b, law, run, from, to, seen, make_room);
    seen = team_tally(b.team, seen).all;
    int32_t status = ((seen.flags & ITEM_NAN) ? URN_ROW_NAN : 0) | ((seen.flags & ITEM_INF) ? URN_ROW_INF : 0);
    write_list(b, {args.records, args.heads, need}, block_id(),
               {0, (int64_t)seen.sum, block_id() == 0 ? args.n : 0, status, 0});
}

// Folds lists, `fan` a block, into lists, or, in a launch of one block, with what the state and the other state hold
// into the state.
struct FoldArgs {
    int64_t k;
    uint32_t lists;
    urn_topk_record *records, *out_records;
    ListHead *heads, *out_heads;
    void *state; // NULL: into lists
    const void *other;
};

URN_DEVICE void add_head(ListHead &sum, int64_t possible, int64_t items, int32_t status) {
    sum.possible += possible, sum.items += items, sum.status |= status;
}

URN_KERNEL(BUFFER_THREADS) fold_kernel(URN_ARGS(FoldArgs) args) {
    Arena arena(true);
    const uint32_t need = (uint32_t)args.k + 1;
    Buffer b = buffer_here(buffer_room(arena, buffer_size(need), true), need, buffer_size(need));
    ListHead sum = {0, 0, 0, 0, 0};
    if (args.state) {
        urn_topk_state state = state_head(args.state).load(0);
        if (!state_good(state, args.k)) return;
        add_head(sum, state.possible, state.items, state.status);
        buffer_records(b, state_reader(args.state, state.held), state.held);
        if (args.other) {
            urn_topk_state other =
                Global<const urn_topk_state>((const urn_topk_state *)args.other, 1, TAG_STATE).load(0);
            if (state_good(other, args.k)) {
                add_head(sum, other.possible, other.items, other.status);
                buffer_records(b, state_reader(args.other, other.held), other.held);
            } else {
                sum.status |= URN_ROW_PARAM;
            }
        }
    }
    Lists lists = {args.records, args.heads, need};
    uint32_t first = block_id() * LongPolicy::fan, until = min_of(first + LongPolicy::fan, args.lists);
    URN_ROLLED
    for (uint32_t i = first; i < until; i++) {
        ListHead head = lists.head(i).load(0);
        add_head(sum, head.possible, head.items, head.status);
        buffer_records(b, lists.reader(i), head.held);
    }
    if (!args.state) {
        write_list(b, {args.out_records, args.out_heads, need}, block_id(), sum);
        return;
    }
    cut_buffer(b, need);
    const int64_t held = b.room.now.load(0);
    Global<urn_topk_record> out = state_records(args.state, held);
    URN_ROLLED
    for (int64_t i = b.team.thread; i < held; i += b.team.threads)
        out.store(i, {drop_item(b.room.key.load(i)), (int64_t)b.room.id.load(i)});
    if (b.team.thread != 0) return;
    state_head(args.state)
        .store(0, {URN_TOPK_STATE_MARK, sum.status, args.k, held, sum.possible, sum.items, {0, 0, 0}});
}

URN_KERNEL(32) begin_kernel(URN_ARGS(FoldArgs) args) {
    if (thread_id() == 0) state_head(args.state).store(0, {URN_TOPK_STATE_MARK, 0, args.k, 0, 0, 0, {0, 0, 0}});
}

struct FinishArgs {
    urn_topk_long_params p;
    urn_topk_long_results r;
};

URN_KERNEL(BUFFER_THREADS) finish_kernel(URN_ARGS(FinishArgs) args) {
    const int64_t k = args.p.k;
    const urn_topk_long_results &r = args.r;
    urn_topk_state state = state_head(args.p.state).load(0);
    const int32_t status = finish_status(state, k);
    const int64_t held = status ? 0 : state.held, found = held < k ? held : k;
    Arena arena(true);
    const uint32_t need = (uint32_t)k + 1, size = buffer_size(need);
    Buffer b = buffer_here(buffer_room(arena, size, true), need, size);
    buffer_records(b, state_reader(args.p.state, held), held);
    sort_buffer(b, (uint32_t)held, false);
    int64_t threshold = held > k ? drop_item(b.room.key.load(k)) : INT64_MIN;
    block_sync(); // it may move
    if (args.p.flags & URN_TOPK_BY_ID) sort_buffer(b, (uint32_t)found, true);
    URN_ROLLED
    for (int64_t i = b.team.thread; i < k; i += b.team.threads) {
        if (r.ids) Global<int64_t>(r.ids, k, TAG_OUT).store(i, i < found ? (int64_t)b.room.id.load(i) : -1);
        if (r.keys) Global<int64_t>(r.keys, k, TAG_OUT).store(i, i < found ? drop_item(b.room.key.load(i)) : INT64_MIN);
    }
    if (b.team.thread == 0) finish_scalars(r, found, threshold, status);
}

// launching

inline Shape buffer_shape(uint32_t blocks, int64_t k) {
    Arena arena(false);
    buffer_room(arena, buffer_size((uint32_t)k + 1), true);
    return {blocks, BUFFER_THREADS, 1, arena.used};
}

template <class Args>
int launch_buffer(void (*kernel)(Args), uint32_t blocks, int64_t k, struct CUstream_st *stream, const Args &args) {
    Shape shape = buffer_shape(blocks, k);
    int error = prepare(kernel, shape.shared);
    return error ? error : launch(kernel, shape, stream, args);
}

// Runs of items a block: enough of them that lists are small beside them.
inline uint32_t push_blocks(const urnk_device &d, int64_t n, int64_t k) {
    int64_t least = 16 * (k + 1) > LongPolicy::least_items ? 16 * (k + 1) : +LongPolicy::least_items;
    int64_t blocks = (n + least - 1) / least, most = 2 * (int64_t)d.multiprocessors;
    if (most > LongPolicy::most_blocks) most = LongPolicy::most_blocks;
    return (uint32_t)(blocks < most ? blocks : most);
}

inline int launch_push(const urnk_device &d, const urnk_topk_long_call &call, struct CUstream_st *stream) {
    const int64_t k = call.params.k;
    uint32_t lists = push_blocks(d, call.n, k), done = 0;
    // up to 7 places before the run, so that every item has its block
    int64_t share = ((call.n + UNIT + lists - 1) / lists + BUFFER_ROUND - 1) / BUFFER_ROUND * BUFFER_ROUND;
    urn_topk_record *records = (urn_topk_record *)call.workspace;
    const int64_t room = LongPolicy::most_blocks + LongPolicy::most_blocks / 16;
    ListHead *heads = (ListHead *)(records + room * (k + 1));
    PushArgs args = {call.params, call.values, call.n, call.first, share, records, heads};
    bool wide = call.type == URN_ITEM_F64;
    int error = launch_buffer(wide ? push_kernel<ItemsF64> : push_kernel<ItemsF32>, lists, k, stream, args);
    for (; !error && lists > LongPolicy::fan; lists = (lists + LongPolicy::fan - 1) / LongPolicy::fan) {
        FoldArgs fold = {k, lists, records, records + (int64_t)lists * (k + 1), heads, heads + lists, nullptr, nullptr};
        error = launch_buffer(fold_kernel, (lists + LongPolicy::fan - 1) / LongPolicy::fan, k, stream, fold);
        records = fold.out_records, heads = fold.out_heads, done += lists;
    }
    if (error) return error;
    FoldArgs last = {k, lists, records, nullptr, heads, nullptr, call.params.state, nullptr};
    return launch_buffer(fold_kernel, 1, k, stream, last);
}

} // namespace urnd

extern "C" int URN_SIDE(topk_long_begin)(const urnk_device *device, const urnk_topk_long_call *call,
                                         struct CUstream_st *stream) {
    urnd::set_launch_options(device);
    urnd::FoldArgs args = {call->params.k, 0, nullptr, nullptr, nullptr, nullptr, call->params.state, nullptr};
    return urnd::launch(urnd::begin_kernel, urnd::Shape{1, 32, 1, 0}, stream, args);
}

extern "C" int URN_SIDE(topk_long_push)(const urnk_device *device, const urnk_topk_long_call *call,
                                        struct CUstream_st *stream) {
    if (call->n == 0) return 0;
    urnd::set_launch_options(device);
    if (call->params.k > URN_TOPK_K) return urnd::far_push(*device, *call, stream);
    return urnd::launch_push(*device, *call, stream);
}

extern "C" int URN_SIDE(topk_long_merge)(const urnk_device *device, const urnk_topk_long_call *call,
                                         struct CUstream_st *stream) {
    urnd::set_launch_options(device);
    if (call->params.k > URN_TOPK_K) return urnd::far_merge(*device, *call, stream);
    urnd::FoldArgs args = {call->params.k, 0, nullptr, nullptr, nullptr, nullptr, call->params.state, call->other};
    return urnd::launch_buffer(urnd::fold_kernel, 1, call->params.k, stream, args);
}

extern "C" int URN_SIDE(topk_long_finish)(const urnk_device *device, const urnk_topk_long_call *call,
                                          struct CUstream_st *stream) {
    urnd::set_launch_options(device);
    if (call->params.k > URN_TOPK_K) return urnd::far_finish(*device, *call, stream);
    urnd::FinishArgs args = {call->params, call->results};
    return urnd::launch_buffer(urnd::finish_kernel, 1, call->params.k, stream, args);
}
