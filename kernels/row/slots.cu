// slots.cu - the state of requests moves: reset, commit, prompt, Mirostat's mu, gather.
// shapes   per slot: a ring of ids [history], a table of counts [count_slots], a set of ids [prompt_words] and five
// words;
//          slot [rows], ids [rows, stride] or CSR, ancestors [slots]
// idea     a slot has one owner, so what several rows append to it lands in row order: commit, prompt and mirostat give
//          each slot a warp, which looks for its rows 32 at a time; reset and gather a block, which copies
// minimum  commit: slot[rows], the ids, a table place an id   this kernel: every slot reads slot[rows], mostly from L2,
//          and table places 32 at a time; gather: the state of moved slots twice (read, write)   this kernel: four
//          times, since state moves both ways; reset: writes table and set
// bound    latency: a few microseconds at the sizes of a serving batch; ids are counted one after another, because
//          where an id lies in the table depends on those before it
// launch   grid slots / 8 (a warp each) or slots or entries blocks, 256 threads
// bits     integers; mu by three f32 operations an id
// tail     the last block's spare warps leave at once
// ptxas    6 kernels, no spill, no stack frame: sm_90 18 to 46 registers (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch.h"
#include "kernels/row/count_table.h"
#include "urn/bits.h"

namespace urnd {

struct SlotsArgs {
    urn_slots_view view;
    const int32_t *slot;
    int64_t n; // entries of slot, rows
    const int32_t *ids;
    int64_t stride; // of ids or logprob
    const int32_t *accepted;
    const int64_t *offsets;
    int64_t size; // of ids, with offsets
    const float *logprob;
    float tau, eta;
    const int32_t *ancestors;
};

struct SlotsPolicy {
    enum { threads = 256, warps = threads / 32 }; // guess
};

// One slot's part of a half of the state.
struct SlotState {
    Global<uint32_t> position, length;
    Global<int32_t> ring;
    CountTable table;
    Global<uint32_t> counted, overflow, prompt;
    Global<float> mu;
};

URN_DEVICE SlotState slot_state(const urn_slots_view &v, const urn_slots_state &half, int64_t s) {
    return {Global<uint32_t>(half.position + s, 1, TAG_STATE),
            Global<uint32_t>(half.length + s, 1, TAG_STATE),
            Global<int32_t>(half.ids + s * v.history, v.history, TAG_STATE),
            count_table(v, half, s),
            Global<uint32_t>(half.counted + s, 1, TAG_STATE),
            Global<uint32_t>(half.overflow + s, 1, TAG_STATE),
            Global<uint32_t>(half.prompt + s * v.prompt_words, v.prompt_words, TAG_STATE),
            Global<float>(half.mu + s, 1, TAG_STATE)};
}

URN_DEVICE int64_t table_places(const urn_slots_view &v) { return v.counts > 0 ? v.count_slots : 0; }

// The ring is its length: old ids are out of reach once that is 0. Tables and sets are searched, so they are cleared.
URN_KERNEL(SlotsPolicy::threads) slots_reset(URN_ARGS(SlotsArgs) args) {
    const urn_slots_view &v = args.view;
    int64_t s = block_id();
    if (args.slot) s = Global<const int32_t>(args.slot, args.n, TAG_INDEX).load(s);
    if (s < 0 || s >= v.slots) return;
    // entries that name one slot store the same values
    SlotState state = slot_state(v, v.now, s);
    for (int64_t i = thread_id(); i < table_places(v); i += block_threads())
        state.table.ids.store(i, 0), state.table.counts.store(i, 0);
    for (int64_t i = thread_id(); i < v.prompt_words; i += block_threads()) state.prompt.store(i, 0);
    if (thread_id() != 0) return;
    state.position.store(0, 0), state.length.store(0, 0);
    state.counted.store(0, 0), state.overflow.store(0, 0);
    state.mu.store(0, v.mu);
}

// One warp calls, all lanes alike: act(row) for the rows that name slot s, in row order; slot NULL: row s alone.
template <class Act> URN_DEVICE void rows_of_slot(const SlotsArgs &args, int64_t s, Act act) {
    for (int64_t first = args.slot ? 0 : s; first < args.n; first += 32) {
        uint32_t here = 1;
        if (args.slot) {
            int64_t r = first + lane_id();
            here = ballot(r < args.n && Global<const int32_t>(args.slot, args.n, TAG_INDEX).load(r) == s);
        }
        for (; here; here &= here - 1) {
            act(first + popc_u32((here & (0u - here)) - 1));
            warp_sync(); // the next row may store over the same places
        }
        if (!args.slot) break;
    }
}

// How many of a row's `stride` ids are accepted.
URN_DEVICE int64_t accepted_of(const SlotsArgs &args, int64_t row) {
    int64_t most = 1;
    if (args.accepted) most = Global<const int32_t>(args.accepted, args.n, TAG_INDEX).load(row);
    return most < 0 ? 0 : most > args.stride ? args.stride : most;
}

// One warp calls: how many of a row's ids are appended, up to `accepted` and to the first negative one.
URN_DEVICE int64_t appended(const SlotsArgs &args, Global<const int32_t> ids, int64_t row) {
    int64_t most = accepted_of(args, row);
    for (int64_t first = 0; first < most; first += 32) {
        int64_t t = first + lane_id();
        uint32_t ends = ballot(t < most && ids.load(row * args.stride + t) < 0);
        if (ends) return first + popc_u32((ends & (0u - ends)) - 1);
    }
    return most;
}

// One warp calls: `count` ids from ids[from] on go to the ring's end. What is longer than the ring leaves its end, so
// every place is stored at most once.
URN_DEVICE void ring_append(const SlotState &state, uint32_t history, uint32_t &length, Global<const int32_t> ids,
                            int64_t from, int64_t count) {
    int64_t skip = count > history ? count - history : 0;
    for (int64_t t = skip + lane_id(); t < count; t += 32)
        state.ring.store((length + (uint32_t)t) % history, ids.load(from + t));
    length += (uint32_t)count;
}

URN_KERNEL(SlotsPolicy::threads) slots_commit(URN_ARGS(SlotsArgs) args) {
    const urn_slots_view &v = args.view;
    int64_t s = (int64_t)block_id() * SlotsPolicy::warps + warp_id();
    if (s >= v.slots) return;
    SlotState state = slot_state(v, v.now, s);
    Global<const int32_t> ids(args.ids, args.n * args.stride, TAG_INDEX);
    uint32_t start = state.position.load(0), position = start, length = state.length.load(0);
    uint32_t counted = state.counted.load(0);
    bool overflow = false;
    rows_of_slot(args, s, [&](int64_t row) {
        int64_t count = appended(args, ids, row), from = row * args.stride;
        ring_append(state, (uint32_t)v.history, length, ids, from, count);
        position += (uint32_t)count;
        for (int64_t t = 0; t < count && v.counts > 0; t++)
            overflow |= !table_add(state.table, ids.load(from + t), counted, (uint32_t)v.counts);
    });
    if (lane_id() != 0 || position == start) return;
    state.position.store(0, position), state.length.store(0, length);
    state.counted.store(0, counted);
    if (overflow) state.overflow.store(0, 1);
}

URN_KERNEL(SlotsPolicy::threads) slots_prompt(URN_ARGS(SlotsArgs) args) {
    const urn_slots_view &v = args.view;
    int64_t s = (int64_t)block_id() * SlotsPolicy::warps + warp_id();
    if (s >= v.slots) return;
    SlotState state = slot_state(v, v.now, s);
    Global<const int32_t> ids(args.ids, args.size, TAG_INDEX);
    Global<const int64_t> offsets(args.offsets, args.n + 1, TAG_INDEX);
    uint32_t start = state.length.load(0), length = start;
    rows_of_slot(args, s, [&](int64_t row) {
        int64_t from = offsets.load(row), end = offsets.load(row + 1);
        if (from < 0 || end < from || end > args.size) return;
        ring_append(state, (uint32_t)v.history, length, ids, from, end - from);
        for (int64_t t = from + lane_id(); t < end; t += 32) {
            int32_t id = ids.load(t);
            if (id >= 0 && id < v.prompt_cols) state.prompt.or_(id >> 5, 1u << (id & 31)); // lanes may share a word
        }
    });
    if (lane_id() == 0 && length != start) state.length.store(0, length);
}

// The order of the ids decides mu's bits, so every lane does the same few operations.
URN_KERNEL(SlotsPolicy::threads) slots_mirostat(URN_ARGS(SlotsArgs) args) {
    const urn_slots_view &v = args.view;
    int64_t s = (int64_t)block_id() * SlotsPolicy::warps + warp_id();
    if (s >= v.slots) return;
    SlotState state = slot_state(v, v.now, s);
    Global<const float> logprob(args.logprob, args.n * args.stride, TAG_INDEX);
    float start = state.mu.load(0), mu = start;
    rows_of_slot(args, s, [&](int64_t row) {
        int64_t count = accepted_of(args, row);
        for (int64_t t = 0; t < count; t++) {
            float lp = logprob.load(row * args.stride + t);
            if (lp != lp) continue;
            float surprise = lp * -URN_LOG2E, error = surprise - args.tau, move = args.eta * error;
            mu = mu - move;
        }
    });
    if (lane_id() == 0 && f32_bits(mu) != f32_bits(start)) state.mu.store(0, mu);
}

template <class T> URN_DEVICE void copy(Global<T> to, Global<T> from, int64_t count) {
    for (int64_t i = thread_id(); i < count; i += block_threads()) to.store(i, from.load(i));
}

// Copy the state of slots whose ancestor is another slot: into the shadow, then back. A slot whose ancestor is out of
// range or itself is never touched.
template <bool BACK> URN_DEVICE void gather_slot(const SlotsArgs &args) {
    const urn_slots_view &v = args.view;
    int64_t s = block_id();
    int64_t from = Global<const int32_t>(args.ancestors, v.slots, TAG_INDEX).load(s);
    if (from < 0 || from >= v.slots || from == s) return;
    SlotState source = BACK ? slot_state(v, v.shadow, s) : slot_state(v, v.now, from);
    SlotState target = BACK ? slot_state(v, v.now, s) : slot_state(v, v.shadow, s);
    uint32_t length = source.length.load(0);
    copy(target.ring, source.ring, length < (uint32_t)v.history ? length : v.history); // the rest is out of reach
    copy(target.table.ids, source.table.ids, table_places(v));
    copy(target.table.counts, source.table.counts, table_places(v));
    copy(target.prompt, source.prompt, v.prompt_words);
    copy(target.position, source.position, 1);
    copy(target.length, source.length, 1);
    copy(target.counted, source.counted, 1);
    copy(target.overflow, source.overflow, 1);
    copy(target.mu, source.mu, 1);
}

URN_KERNEL(SlotsPolicy::threads) slots_gather_out(URN_ARGS(SlotsArgs) args) { gather_slot<false>(args); }
URN_KERNEL(SlotsPolicy::threads) slots_gather_back(URN_ARGS(SlotsArgs) args) { gather_slot<true>(args); }

inline int launch_slots(void (*kernel)(SlotsArgs), const urnk_device *device, int64_t blocks,
                        struct CUstream_st *stream, const SlotsArgs &args) {
    if (blocks == 0) return 0;
    set_launch_options(device);
    return launch(kernel, {(uint32_t)blocks, SlotsPolicy::threads, 1, 0}, stream, args);
}

// A kernel that gives every slot a warp, for calls over rows.
inline int launch_slot_warps(void (*kernel)(SlotsArgs), const urnk_device *device, struct CUstream_st *stream,
                             const SlotsArgs &args) {
    const int64_t warps = SlotsPolicy::warps;
    return launch_slots(kernel, device, args.n == 0 ? 0 : (args.view.slots + warps - 1) / warps, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(slots_reset)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                     int64_t n, struct CUstream_st *stream) {
    urnd::SlotsArgs args = {};
    args.view = *view, args.slot = slot, args.n = n;
    return urnd::launch_slots(urnd::slots_reset, device, slot ? n : view->slots, stream, args);
}

extern "C" int URN_SIDE(slots_commit)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                      const int32_t *ids, int64_t ids_stride, const int32_t *accepted, int64_t rows,
                                      struct CUstream_st *stream) {
    urnd::SlotsArgs args = {};
    args.view = *view, args.slot = slot, args.n = rows;
    args.ids = ids, args.stride = ids_stride, args.accepted = accepted;
    return urnd::launch_slot_warps(urnd::slots_commit, device, stream, args);
}

extern "C" int URN_SIDE(slots_prompt)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                      const int32_t *ids, int64_t size, const int64_t *offsets, int64_t rows,
                                      struct CUstream_st *stream) {
    urnd::SlotsArgs args = {};
    args.view = *view, args.slot = slot, args.n = rows;
    args.ids = ids, args.size = size, args.offsets = offsets;
    return urnd::launch_slot_warps(urnd::slots_prompt, device, stream, args);
}

extern "C" int URN_SIDE(slots_mirostat)(const urnk_device *device, const urn_slots_view *view, const int32_t *slot,
                                        const float *logprob, int64_t stride, const int32_t *accepted, int64_t rows,
                                        float tau, float eta, struct CUstream_st *stream) {
    urnd::SlotsArgs args = {};
    args.view = *view, args.slot = slot, args.n = rows;
    args.logprob = logprob, args.stride = stride, args.accepted = accepted, args.tau = tau, args.eta = eta;
    return urnd::launch_slot_warps(urnd::slots_mirostat, device, stream, args);
}

extern "C" int URN_SIDE(slots_gather)(const urnk_device *device, const urn_slots_view *view, const int32_t *ancestors,
                                      struct CUstream_st *stream) {
    urnd::SlotsArgs args = {};
    args.view = *view, args.ancestors = ancestors;
    int error = urnd::launch_slots(urnd::slots_gather_out, device, view->slots, stream, args);
    if (error) return error;
    return urnd::launch_slots(urnd::slots_gather_back, device, view->slots, stream, args);
}
