// row_params.h - what one row is: its view, its key, its steps; or the status that says why it is none.
//
// One warp of each block finds out, a lane a step, and leaves the answer in shared memory. Nothing of a logit is read
// here. A cluster's blocks each do it for themselves: a few words from L2 instead of two cluster barriers.
#ifndef URN_ROW_PARAMS_H
#define URN_ROW_PARAMS_H

#include "kernels/bits/dev_order.h"
#include "kernels/bits/dev_philox.h"
#include "kernels/row/context.h"
#include "kernels/row/draw_span.h"
#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

struct alignas(16) RowHead {
    uint64_t data; // address of the row's first element
    uint64_t key;
    uint32_t cols, position;
    int32_t status;
    uint32_t steps; // those that exist for this row
    int32_t slot;
    uint32_t draft_count; // drafts in flight
    uint64_t drafts;      // address of the first
};

// A step with this row's parameter: f32 bits, an int, or the row of the mask's table.
struct alignas(16) StepNow {
    uint32_t op, value;
    uint32_t at; // the step's place in urn_lists_view.steps
    uint32_t unused;
    URN_DEVICE uint32_t bits(uint32_t) const { return value; }
    URN_DEVICE float f(uint32_t) const { return bits_f32(value); }
    URN_DEVICE uint32_t flags() const { return 0; }
    URN_DEVICE int64_t table() const { return value; }
};

// The same in the full form, with all that its table row, list or set is known by.
struct alignas(16) FullStep {
    uint32_t op, at;
    uint32_t flag_bits;
    int32_t row;       // of the table, list or set
    uint32_t value[4]; // the parameters
    int64_t first;     // lists: where the row's list starts in the ids; sets: its first sequence
    int64_t count;     // lists: its ids; sets: its sequences
    URN_DEVICE uint32_t bits(uint32_t j) const { return value[j]; }
    URN_DEVICE float f(uint32_t j) const { return bits_f32(value[j]); }
    URN_DEVICE int32_t i(uint32_t j) const { return (int32_t)value[j]; }
    URN_DEVICE uint32_t flags() const { return flag_bits; }
    URN_DEVICE int64_t table() const { return row; }
};

template <class Dtype> struct StepOf { typedef StepNow Type; };
template <> struct StepOf<Full> { typedef FullStep Type; };

template <class Dtype> struct ParamsRoom {
    Shared<RowHead> head;                       // [1]
    Shared<typename StepOf<Dtype>::Type> steps; // [URN_MAX_STEPS]
};

template <class Dtype> URN_HOST_DEVICE ParamsRoom<Dtype> params_room(Arena &arena) {
    ParamsRoom<Dtype> room = {arena.take<RowHead>(1, "params.head"),
                              arena.take<typename StepOf<Dtype>::Type>(URN_MAX_STEPS, "params.steps")};
    return room;
}

struct RowPlace {
    int64_t row;
    int32_t slot, list, status;
};

// The slot of number `index` among those that slots are given for, with its list; or why there is none.
URN_DEVICE void place_slot(const urn_sample_params &p, int64_t index, RowPlace &at) {
    const int64_t rows = p.logits.rows;
    if (p.row_count && index >= Global<const int32_t>(p.row_count, 1, TAG_INDEX).load(0)) at.status = URN_ROW_PADDING;
    if (at.status) return;
    int64_t slot = p.slot ? Global<const int32_t>(p.slot, rows, TAG_INDEX).load(index) : index;
    if (slot == -1)
        at.status = URN_ROW_PADDING;
    else if (slot < 0 || slot >= p.slots)
        at.status = URN_ROW_INDEX;
    if (at.status == 0 && p.done && Global<const uint8_t>(p.done, p.slots, TAG_INDEX).load(slot) != 0)
        at.status = URN_ROW_PADDING;
    if (at.status) return;
    at.slot = (int32_t)slot;
    at.list = p.list ? Global<const int32_t>(p.list, p.slots, TAG_INDEX).load(slot) : p.list_value;
}

// Where row at.row of the call lies. Its row in the caller's matrix.
template <class Dtype> URN_DEVICE int64_t place_view(const urn_matrix &m, RowPlace &at, RowHead &head) {
    int64_t from = at.row, start = 0, cols = m.cols;
    if (m.offsets) {
        Global<const int64_t> offsets(m.offsets, m.rows + 1, TAG_INDEX);
        int64_t end = offsets.load(at.row + 1);
        start = offsets.load(at.row);
        cols = (int64_t)((uint64_t)end - (uint64_t)start); // may wrap, and is refused then by what follows
        if (start < 0 || end < start || end > m.data_size || cols > m.cols) at.status = URN_ROW_INDEX;
    } else {
        if (m.row_index) from = Global<const int32_t>(m.row_index, m.rows, TAG_INDEX).load(at.row);
        if (m.row_index && (from < 0 || from >= m.data_rows))
            at.status = URN_ROW_INDEX;
        else
            start = from * m.row_stride; // 64 bits: rows * row_stride may pass 2^31
    }
    uint64_t element = Dtype::full && m.dtype != URN_F32 ? 2 : sizeof(typename Dtype::Stored);
    head.data = (uint64_t)(uintptr_t)m.data + (uint64_t)start * element;
    head.cols = (uint32_t)cols;
    return from;
}

// The position of number `index`, whose slot is known.
URN_DEVICE uint32_t place_position(const urn_sample_params &p, const urn_slots_view &state, int64_t index,
                                   RowPlace &at) {
    if (p.position) return Global<const uint32_t>(p.position, p.logits.rows, TAG_INDEX).load(index);
    if (state.slots == 0) return p.position_value;
    if (at.slot < state.slots) return Global<uint32_t>(state.now.position, state.slots, TAG_STATE).load(at.slot);
    at.status = URN_ROW_INDEX;
    return 0;
}

// The key of a slot's randomness; label: what stands for those not given.
URN_DEVICE uint64_t place_key(const urn_sample_params &p, int32_t slot, uint64_t label) {
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, p.slots, TAG_INDEX).load(slot) : p.seed_value;
    if (p.label) label = Global<const uint64_t>(p.label, p.slots, TAG_INDEX).load(slot);
    return row_key(seed, label);
}

// One thread calls. Which slot and list the row has, where it lies, what its randomness is.
template <class Dtype>
URN_DEVICE RowPlace place_row(const urn_sample_params &p, const urn_slots_view &state, int32_t lists, int64_t row,
                              RowHead &head) {
    RowPlace at = {row, 0, 0, 0};
    place_slot(p, row, at);
    if (at.status) return at;
    int64_t from = place_view<Dtype>(p.logits, at, head);
    if (at.list < 0 || at.list >= lists) at.status = URN_ROW_INDEX;
    if (Dtype::full && !(draw_span<true>(p, row).good && kept_span(p, row).good)) at.status = URN_ROW_INDEX;
    head.position = place_position(p, state, row, at);
    if (at.status) return at;
    head.slot = at.slot;
    head.key = place_key(p, at.slot, (uint64_t)from);
    if (Dtype::full) {
        Drafts drafts = drafts_of(p, row);
        head.drafts = (uint64_t)drafts.ids.address(0);
        head.draft_count = drafts.count;
    }
    return at;
}

// Bits of a parameter for this row. count_by: how many values its array has.
URN_DEVICE uint32_t param_bits(const urn_param &param, const RowPlace &at, int64_t slots, int64_t rows,
                               uint32_t scalar) {
    if (param.by == URN_SCALAR) return scalar;
    Global<const uint32_t> array((const uint32_t *)param.array, param.by == URN_BY_SLOT ? slots : rows, TAG_PARAM);
    return array.load(param.by == URN_BY_SLOT ? at.slot : at.row);
}

// The table row of this row: -1 where the step is neutral; an index error in `status`.
URN_DEVICE int64_t table_row(const urn_step &step, const RowPlace &at, int64_t rows, int64_t table_rows,
                             int32_t &status) {
    int64_t m = step.map ? Global<const int32_t>(step.map, rows, TAG_PARAM).load(at.row) : at.row;
    if (m < -1 || m >= table_rows) status |= URN_ROW_INDEX;
    return m;
}

// One thread calls for one step. Its parameter; op 0 where the step is neutral; or the row's error in `status`.
URN_DEVICE void step_now(const urn_step &step, const urn_sample_params &p, const urn_slots_view &, const RowPlace &at,
                         StepNow &now, int32_t &status) {
    int64_t rows = p.logits.rows;
    if (step.op == URN_OP_MASK) {
        int64_t m = table_row(step, at, rows, step.table_rows, status);
        if (m == -1) now.op = 0;
        now.value = (uint32_t)m;
        return;
    }
    bool integer = step.op == URN_OP_TOP_K;
    uint32_t scalar = integer ? (uint32_t)step.param[0].i : f32_bits(step.param[0].f);
    now.value = param_bits(step.param[0], at, p.slots, rows, scalar);
    float f = bits_f32(now.value);
    int32_t k = (int32_t)now.value;
    bool good = true, neutral = false;
    if (step.op == URN_OP_TEMPERATURE) good = f >= 0.0f && f32_bits(f) != 0x7f800000u, neutral = f == 1.0f;
    if (step.op == URN_OP_TOP_K) good = k >= -1, neutral = k <= 0;
    if (step.op == URN_OP_TOP_P) good = f >= 0.0f && f <= 1.0f, neutral = f == 1.0f;
    if (step.op == URN_OP_MIN_P) good = f >= 0.0f && f <= 1.0f, neutral = f == 0.0f;
    if (!good) status |= URN_ROW_PARAM;
    if (neutral) now.op = 0;
}

URN_DEVICE void step_now(const urn_step &step, const urn_sample_params &p, const urn_slots_view &state,
                         const RowPlace &at, FullStep &now, int32_t &status); // full_params.h

// All lanes of one warp call; at and head are lane 0's. The answer lies in room after the caller's next block barrier.
template <class Dtype>
URN_DEVICE void resolve_steps(const urn_sample_params &p, const urn_lists_view &lists, const urn_slots_view &state,
                              RowPlace at, RowHead head, ParamsRoom<Dtype> room) {
    typedef typename StepOf<Dtype>::Type Step;
    uint32_t begin = 0, count = 0;
    if (lane_id() == 0 && at.status == 0) {
        Global<const int32_t> begins(lists.begin, lists.count + 1, TAG_PARAM);
        begin = (uint32_t)begins.load(at.list);
        count = (uint32_t)begins.load(at.list + 1) - begin;
    }
    at.row = shfl(at.row, 0);
    at.status = (int32_t)shfl((uint32_t)at.status, 0);
    at.slot = (int32_t)shfl((uint32_t)at.slot, 0);
    begin = shfl(begin, 0);
    count = shfl(count, 0);
    Step mine = {};
    int32_t error = 0;
    if (lane_id() < count) {
        urn_step step = Global<const urn_step>(lists.steps, begin + count, TAG_PARAM).load(begin + lane_id());
        mine.op = (uint32_t)step.op;
        mine.at = begin + lane_id();
        step_now(step, p, state, at, mine, error);
    }
    // an index error hides the others: such a row reads nothing more
    bool parameter = any((error & URN_ROW_PARAM) != 0);
    if (any((error & URN_ROW_INDEX) != 0))
        at.status |= URN_ROW_INDEX;
    else if (parameter)
        at.status |= URN_ROW_PARAM;
    if constexpr (Dtype::full) {
        if (any((error & URN_ROW_STATE) != 0) && !(at.status & URN_ROW_INDEX)) at.status |= URN_ROW_STATE;
    }
    uint32_t exist = ballot(mine.op != 0);
    if (mine.op != 0) room.steps.store((size_t)popc_u32(exist & ((1u << lane_id()) - 1)), mine);
    head.steps = (uint32_t)popc_u32(exist);
    warp_sync();
    if (lane_id() == 0) {
        // a product of temperatures that overflows never comes back: T is not finite when an epoch opens
        float t = 1.0f;
        for (uint32_t i = 0; i < head.steps; i++) {
            Step s = room.steps.load(i);
            if (s.op == URN_OP_TEMPERATURE) t = t * s.f(0);
        }
        if (!(at.status & ~URN_ROW_STATE) && !(t < bits_f32(0x7f800000u))) at.status |= URN_ROW_PARAM;
        if (at.status == 0 && head.cols == 0) at.status = URN_ROW_EMPTY;
        head.status = at.status;
        room.head.store(0, head);
    }
}

// The same for a row of the call.
template <class Dtype>
URN_DEVICE void resolve_row(const urn_sample_params &p, const urn_lists_view &lists, const urn_slots_view &state,
                            int64_t row, ParamsRoom<Dtype> room) {
    RowHead head = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    RowPlace at = {row, 0, 0, 0};
    if (lane_id() == 0) at = place_row<Dtype>(p, state, lists.count, row, head);
    resolve_steps(p, lists, state, at, head, room);
}

} // namespace urnd

#endif
