// slots.cu - the state of requests moves: reset, commit, gather.
// shapes   position [slots], ids [slots, history] a ring; slot [rows], ids [rows, stride], ancestors [slots]
// idea     a slot has one owner, so what several rows append to it lands in row order: reset a thread an entry; commit
//          a warp a slot, which looks for its rows 32 at a time; gather a block a slot, through the shadow
// minimum  commit: slot[rows] and the ids appended, once   this kernel: every slot reads slot[rows], mostly from L2
//          gather: the state twice (read, write)           this kernel: four times, since rings move both ways
// bound    latency: a few microseconds at the sizes of a serving batch
// launch   grid slots / 8 warps or slots blocks, 256 threads
// bits     integers only
// tail     the last block's spare threads and warps leave at once
// ptxas    4 kernels, no spill, no stack frame: reset 8 to 10 registers, commit 30 to 50, gather 14 to 20 (nvcc 13.0)
#include "kernels/launch.h"
#include "kernels/simt/words.h"

namespace urnd {

struct SlotsArgs {
    urn_slots_view view;
    const int32_t *slot;
    int64_t n; // entries of slot, rows
    const int32_t *ids;
    int64_t ids_stride;
    const int32_t *accepted;
    const int32_t *ancestors;
};

struct SlotsPolicy {
    enum { threads = 256, warps = threads / 32 }; // guess
};

struct SlotState {
    Global<uint32_t> position;
    Global<int32_t> ids;
};

URN_DEVICE SlotState slot_state(uint32_t *position, int32_t *ids, const urn_slots_view &v) {
    return {Global<uint32_t>(position, v.slots, TAG_STATE),
            Global<int32_t>(ids, (int64_t)v.slots * v.history, TAG_STATE)};
}

// A history is its positions: the ring's old ids are out of reach once position is 0.
URN_KERNEL(SlotsPolicy::threads) slots_reset(URN_ARGS(SlotsArgs) args) {
    int64_t i = (int64_t)block_id() * SlotsPolicy::threads + thread_id();
    int64_t count = args.slot ? args.n : args.view.slots;
    if (i >= count) return;
    int64_t s = args.slot ? Global<const int32_t>(args.slot, args.n, TAG_INDEX).load(i) : i;
    if (s < 0 || s >= args.view.slots) return;
    // entries that name one slot store the same value
    slot_state(args.view.now.position, args.view.now.ids, args.view).position.store(s, 0);
}

// One warp calls: how many of a row's ids are appended, up to `accepted` and to the first negative one.
URN_DEVICE int64_t appended(const SlotsArgs &args, Global<const int32_t> ids, int64_t row) {
    int64_t most = 1;
    if (args.accepted) most = Global<const int32_t>(args.accepted, args.n, TAG_INDEX).load(row);
    most = most < 0 ? 0 : most > args.ids_stride ? args.ids_stride : most;
    for (int64_t first = 0; first < most; first += 32) {
        int64_t t = first + lane_id();
        uint32_t ends = ballot(t < most && ids.load(row * args.ids_stride + t) < 0);
        if (ends) return first + popc_u32((ends & (0u - ends)) - 1);
    }
    return most;
}

URN_KERNEL(SlotsPolicy::threads) slots_commit(URN_ARGS(SlotsArgs) args) {
    const urn_slots_view &v = args.view;
    int64_t s = (int64_t)block_id() * SlotsPolicy::warps + warp_id();
    if (s >= v.slots) return;
    SlotState state = slot_state(v.now.position, v.now.ids, v);
    Global<const int32_t> ids(args.ids, args.n * args.ids_stride, TAG_INDEX);
    uint32_t position = state.position.load(s), start = position;
    for (int64_t first = args.slot ? 0 : s; first < args.n; first += 32) {
        uint32_t here = 1; // slot NULL: the slot's own row and no other
        if (args.slot) {
            int64_t r = first + lane_id();
            here = ballot(r < args.n && Global<const int32_t>(args.slot, args.n, TAG_INDEX).load(r) == s);
        }
        for (; here; here &= here - 1) { // the slot's rows, in order
            int64_t row = first + popc_u32((here & (0u - here)) - 1);
            int64_t count = appended(args, ids, row);
            // a row longer than the ring leaves its end; every place of the ring is stored at most once
            int64_t skip = count > v.history ? count - v.history : 0;
            for (int64_t t = skip + lane_id(); t < count; t += 32)
                state.ids.store(s * v.history + (int64_t)((position + (uint32_t)t) % (uint32_t)v.history),
                                ids.load(row * args.ids_stride + t));
            position += (uint32_t)count;
            warp_sync(); // the next row may store over the same places
        }
        if (!args.slot) break;
    }
    if (lane_id() == 0 && position != start) state.position.store(s, position);
}

// Copy the state of slots whose ancestor is another slot: into the shadow, then back. A slot whose ancestor is out of
// range or itself is never touched.
template <bool BACK> URN_DEVICE void gather_slot(const SlotsArgs &args) {
    const urn_slots_view &v = args.view;
    int64_t s = block_id();
    int64_t from = Global<const int32_t>(args.ancestors, v.slots, TAG_INDEX).load(s);
    if (from < 0 || from >= v.slots || from == s) return;
    SlotState state = slot_state(v.now.position, v.now.ids, v), shadow = slot_state(v.shadow.position, v.shadow.ids, v);
    const SlotState &source = BACK ? shadow : state, &target = BACK ? state : shadow;
    if (BACK) from = s;
    for (int64_t i = thread_id(); i < v.history; i += block_threads())
        target.ids.store(s * v.history + i, source.ids.load(from * v.history + i));
    if (thread_id() == 0) target.position.store(s, source.position.load(from));
}

URN_KERNEL(SlotsPolicy::threads) slots_gather_out(URN_ARGS(SlotsArgs) args) { gather_slot<false>(args); }
URN_KERNEL(SlotsPolicy::threads) slots_gather_back(URN_ARGS(SlotsArgs) args) { gather_slot<true>(args); }

inline int launch_slots(void (*kernel)(SlotsArgs), const urnk_device *device, int64_t blocks,
                        struct CUstream_st *stream, const SlotsArgs &args) {
    if (blocks == 0) return 0;
    set_launch_options(device);
    return launch(kernel, {(uint32_t)blocks, SlotsPolicy::threads, 1, 0}, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(slots_reset)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                     int64_t n, struct CUstream_st *stream) {
    urnd::SlotsArgs args = {*view, slot, n, nullptr, 0, nullptr, nullptr};
    int64_t count = slot ? n : view->slots, threads = urnd::SlotsPolicy::threads;
    return urnd::launch_slots(urnd::slots_reset, device, (count + threads - 1) / threads, stream, args);
}

extern "C" int URN_SIDE(slots_commit)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                      const int32_t *ids, int64_t ids_stride, const int32_t *accepted, int64_t rows,
                                      struct CUstream_st *stream) {
    urnd::SlotsArgs args = {*view, slot, rows, ids, ids_stride, accepted, nullptr};
    int64_t warps = urnd::SlotsPolicy::warps, blocks = rows == 0 ? 0 : (view->slots + warps - 1) / warps;
    return urnd::launch_slots(urnd::slots_commit, device, blocks, stream, args);
}

extern "C" int URN_SIDE(slots_gather)(const urnk_device *device, const urn_slots_view *view, const int32_t *ancestors,
                                      struct CUstream_st *stream) {
    urnd::SlotsArgs args = {*view, nullptr, 0, nullptr, 0, nullptr, ancestors};
    int error = urnd::launch_slots(urnd::slots_gather_out, device, view->slots, stream, args);
    if (error) return error;
    return urnd::launch_slots(urnd::slots_gather_back, device, view->slots, stream, args);
}

extern "C" int URN_SIDE(slots_prompt)(const urnk_device *, const urn_slots_view *, const int32_t *, const int32_t *,
                                      int64_t, const int64_t *, int64_t, struct CUstream_st *) {
    return 0;
}

extern "C" int URN_SIDE(slots_mirostat)(const urnk_device *, const urn_slots_view *, const int32_t *, const float *,
                                        int64_t, const int32_t *, int64_t, float, float, struct CUstream_st *) {
    return 0;
}
