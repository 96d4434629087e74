// topk_segments.cu - the first k of every segment of an array: urn_topk_segments, in one launch.
// shapes   values [size] f32|f64 or none, offsets [segments + 1] -> ids, keys of each segment's place
// idea     a block a segment. Short segments (whole): every item gets its key and lies in shared memory, sorted there.
//          Longer ones pass through the buffer of record_buffer.h. Where k is larger than that holds, the block walks
//          its segment again for each digit of the cut, and sorts what comes before it in the workspace
// minimum  size*e + 16 bytes a pick     this kernel: the same; with k above URN_TOPK_K and longest above WHOLE 3 to 7
//          reads of the values, and trips to L2 for the sort
// bound    noise: f64 in short segments, where few items can be left out; issue slots in long ones
// launch   grid segments, block 64 or 256, shared 8 to 123 KB
// bits     keys are integers
// tail     segments start at any element: places are counted from the 16-byte boundary before
// ptxas    4 kernels, no spill, no stack frame: sm_90 94 to 112 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch_topk.h"
#include "kernels/topk/item_walk.h"
#include "kernels/topk/record_buffer.h"
#include "kernels/topk/sort_far.h"

namespace urnd {

struct SegmentsPolicy {
    enum { whole = 2048, few = 512, few_threads = 64 }; // longest segments that are held whole, by few threads; guesses
};

enum SegmentsForm { SEGMENTS_WHOLE, SEGMENTS_BUFFER, SEGMENTS_FAR };

struct SegmentsArgs {
    urn_topk_segments_params p;
    urn_topk_record *work;
    uint32_t size; // of the buffer
    int32_t form;
};

struct SegmentsRoom {
    BufferRoom buffer;
    TileRoom tile;        // far
    Shared<uint32_t> now; // [1] far
};

URN_HOST_DEVICE SegmentsRoom segments_room(Arena &arena, uint32_t size, int32_t form) {
    SegmentsRoom room;
    room.buffer = buffer_room(arena, form == SEGMENTS_FAR ? 0 : size, form != SEGMENTS_WHOLE);
    if (form == SEGMENTS_FAR) {
        room.tile = tile_room(arena);
        room.now = arena.take<uint32_t>(1, "segments.now");
    }
    return room;
}

// A segment: where it lies, its place in the outputs, what is asked of it.
struct Segment {
    int64_t from, size; // of items
    int64_t at, room;   // of outputs; room 0 where nothing may be written
    int64_t k;
    float temperature;
    int32_t status;
};

// Any thread calls for itself: a few words from L2.
URN_DEVICE Segment segment_here(const urn_topk_segments_params &p, int64_t s) {
    Segment g = {0, 0, s * p.k, p.k, 0, p.temperature_value, 0};
    Global<const int64_t> offsets(p.offsets, p.segments + 1, TAG_INDEX);
    int64_t from = offsets.load(s), to = offsets.load(s + 1);
    bool good = from >= 0 && to >= from && to <= p.size && to - from <= p.longest;
    if (p.out_offsets) {
        Global<const int64_t> out(p.out_offsets, p.segments + 1, TAG_INDEX);
        int64_t first = out.load(s), end = out.load(s + 1);
        bool place = first >= 0 && end >= first && end <= p.out_size && end - first <= p.k;
        g.at = place ? first : 0, g.room = place ? end - first : 0;
        good = good && place;
    }
    if (!good) {
        g.status = URN_ROW_INDEX;
        return g;
    }
    g.from = from, g.size = to - from;
    g.k = p.k_of_segment ? Global<const int64_t>(p.k_of_segment, p.segments, TAG_PARAM).load(s) : g.room;
    if (p.temperature) g.temperature = Global<const float>(p.temperature, p.segments, TAG_PARAM).load(s);
    bool warm = g.temperature > 0.0f && f32_bits(g.temperature) < 0x7f800000u;
    if (g.k < 0 || g.k > g.room || (p.by == URN_TOPK_GUMBEL && !warm)) g.status = URN_ROW_PARAM;
    return g;
}

URN_DEVICE ItemLaw segment_law(const urn_topk_segments_params &p, const Segment &g, int64_t s) {
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, p.segments, TAG_INDEX).load(s) : p.seed_value;
    uint64_t label = p.label ? Global<const uint64_t>(p.label, p.segments, TAG_INDEX).load(s) : (uint64_t)s;
    return item_law(p.by, g.temperature, seed, label, p.position_value);
}

// The whole block calls: room entries, of which the first `found` are pick(i).
template <class Pick>
URN_DEVICE void write_segment(const urn_topk_segments_params &p, const Team<TEAM_BLOCK> &team, const Segment &g,
                              int64_t s, int64_t found, int64_t threshold, int32_t status, const Pick &pick) {
    const int64_t base = (p.flags & URN_TOPK_LOCAL) ? 0 : g.from;
    URN_ROLLED
    for (int64_t i = team.thread; i < g.room; i += team.threads) {
        urn_topk_record r = {INT64_MIN, -1};
        if (i < found) r = pick(i), r.id += base;
        if (p.ids) Global<int64_t>(p.ids, p.out_size, TAG_OUT).store(g.at + i, r.id);
        if (p.keys) Global<int64_t>(p.keys, p.out_size, TAG_OUT).store(g.at + i, r.key);
    }
    if (team.thread != 0) return;
    if (p.found) Global<int64_t>(p.found, p.segments, TAG_OUT).store(s, found);
    if (p.threshold) Global<int64_t>(p.threshold, p.segments, TAG_OUT).store(s, threshold);
    if (p.status) Global<int32_t>(p.status, p.segments, TAG_OUT).store(s, status);
}

URN_DEVICE int32_t seen_status(Tally seen) {
    if (seen.flags) return ((seen.flags & ITEM_NAN) ? URN_ROW_NAN : 0) | ((seen.flags & ITEM_INF) ? URN_ROW_INF : 0);
    return seen.sum == 0 ? URN_ROW_EMPTY : URN_ROW_OK;
}

// The whole block calls: a segment through the buffer.
template <class Type>
URN_DEVICE void near_segment(const SegmentsArgs &args, const SegmentsRoom &room, const Segment &g, const ItemLaw &law,
                             const ItemRun<Type> &run, int64_t s) {
    const bool whole = args.form == SEGMENTS_WHOLE;
    Buffer b = buffer_here(room.buffer, (uint32_t)(g.k < args.size ? g.k : args.size) + 1, whole ? 0 : args.size);
    Tally seen = {0, 0, 0};
    buffer_items(b, law, run, 0, run.places(), seen, make_room);
    seen = team_tally(b.team, seen).all;
    int32_t status = seen_status(seen);
    int64_t found = 0, threshold = INT64_MIN;
    if (status == 0) {
        if (!whole) cut_buffer(b, b.need);
        uint32_t held = b.room.now.load(0);
        sort_buffer(b, held, false);
        found = held < g.k ? held : g.k;
        if (held > g.k) threshold = drop_item(b.room.key.load((size_t)g.k));
        block_sync();
        if (args.p.flags & URN_TOPK_BY_ID) sort_buffer(b, (uint32_t)found, true);
    }
    write_segment(args.p, b.team, g, s, found, threshold, status, [&](int64_t i) {
        return urn_topk_record{drop_item(b.room.key.load((size_t)i)), (int64_t)b.room.id.load((size_t)i)};
    });
}

// The whole block calls: a segment whose picks lie in the workspace, with room for twice as many and two more.
template <class Type>
URN_DEVICE void far_segment(const SegmentsArgs &args, const SegmentsRoom &room, const Segment &g, const ItemLaw &law,
                            const ItemRun<Type> &run, int64_t s) {
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.buffer.team);
    const int64_t most = 2 * (g.room + 1);
    Global<urn_topk_record> work(args.work + 2 * (g.at + s), most, TAG_WORKSPACE);
    if (team.thread == 0) room.now.store(0, 0);
    Tally seen = {0, 0, 0};
    URN_ROLLED
    for (int64_t i = team.thread; run.values && i < run.count; i += team.threads) {
        typename Type::Value x = Type::value(run.view.load(i));
        bool finite = x - x == 0;
        seen.flags |= x != x ? +ITEM_NAN : !finite && x > 0 ? +ITEM_INF : 0;
        seen.sum += finite ? 1 : 0;
    }
    seen = team_tally(team, seen).all;
    if (!run.values) seen.sum = (uint64_t)run.count;
    int32_t status = seen_status(seen);
    int64_t found = 0, threshold = INT64_MIN;
    if (status == 0) {
        ItemWalk<TEAM_BLOCK, Type> walk = {team, law, run};
        Candidates all = take_first(team, room.buffer.select, walk, every_key(), URN_ITEM_IDS, (uint64_t)g.k + 1,
                                    (uint64_t)most, seen.sum, [&](uint64_t key, uint64_t id, float) {
                                        work.store(room.now.add(0, 1), {drop_item(key), (int64_t)id});
                                    });
        block_sync();
        sort_records(team, work, (int64_t)all.taken, room.tile, false);
        found = (int64_t)all.total < g.k ? (int64_t)all.total : g.k;
        if ((int64_t)all.total > g.k) threshold = work.load(g.k).key;
        block_sync();
        if (args.p.flags & URN_TOPK_BY_ID) sort_records(team, work, found, room.tile, true);
    }
    write_segment(args.p, team, g, s, found, threshold, status, [&](int64_t i) { return work.load(i); });
}

template <class Type, bool FAR> URN_KERNEL(BUFFER_THREADS) segments_kernel(URN_ARGS(SegmentsArgs) args) {
    const int64_t s = block_id();
    Arena arena(true);
    SegmentsRoom room = segments_room(arena, args.size, args.form);
    Segment g = segment_here(args.p, s);
    if (g.status) {
        Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.buffer.team);
        write_segment(args.p, team, g, s, 0, INT64_MIN, g.status, [](int64_t) { return urn_topk_record{0, 0}; });
        return;
    }
    ItemLaw law = segment_law(args.p, g, s);
    ItemRun<Type> run = item_run<Type>(args.p.values, g.from, g.size, 0);
    if constexpr (FAR)
        far_segment(args, room, g, law, run, s);
    else
        near_segment(args, room, g, law, run, s);
}

inline int launch_segments(const urnk_topk_segments_call &call, struct CUstream_st *stream) {
    const urn_topk_segments_params &p = call.params;
    SegmentsArgs args = {p, (urn_topk_record *)call.workspace, 0, SEGMENTS_BUFFER};
    uint32_t threads = BUFFER_THREADS;
    if (p.longest <= SegmentsPolicy::whole) {
        args.form = SEGMENTS_WHOLE, args.size = (uint32_t)p.longest;
        if (p.longest <= SegmentsPolicy::few) threads = SegmentsPolicy::few_threads;
    } else if (p.k > URN_TOPK_K) {
        args.form = SEGMENTS_FAR;
    } else {
        args.size = buffer_size((uint32_t)p.k + 1);
    }
    Arena arena(false);
    segments_room(arena, args.size, args.form);
    Shape shape = {(uint32_t)p.segments, threads, 1, arena.used};
    const bool wide = p.type == URN_ITEM_F64, far = args.form == SEGMENTS_FAR;
    auto kernel = far    ? wide ? segments_kernel<ItemsF64, true> : segments_kernel<ItemsF32, true>
                     : wide ? segments_kernel<ItemsF64, false>
                         : segments_kernel<ItemsF32, false>;
    int error = prepare(kernel, shape.shared);
    return error ? error : launch(kernel, shape, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(topk_segments)(const urnk_device *device, const urnk_topk_segments_call *call,
                                       struct CUstream_st *stream) {
    if (call->params.segments == 0) return 0;
    urnd::set_launch_options(device);
    return urnd::launch_segments(*call, stream);
}
