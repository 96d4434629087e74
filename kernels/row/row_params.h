// row_params.h - what one row is: its view, its key, its steps; or the status that says why it is none.
//
// One warp of each block finds out, a lane a step, and leaves the answer in shared memory. Nothing of a logit is read
// here. A cluster's blocks each do it for themselves: a few words from L2 instead of two cluster barriers.
#ifndef URN_ROW_PARAMS_H
#define URN_ROW_PARAMS_H

#include "kernels/bits/dev_philox.h"
#include "kernels/simt/words.h"
#include "urn/sample.h"

namespace urnd {

struct alignas(16) RowHead {
    uint64_t data; // address of the row's first element
    uint64_t key;
    uint32_t cols, position;
    int32_t status;
    uint32_t steps; // of StepNow: those that exist for this row
};

// A step with this row's parameter: f32 bits, an int, or the row of the mask's table.
struct alignas(16) StepNow {
    uint32_t op, value;
    uint32_t at; // the step's place in urn_lists_view.steps
    uint32_t unused;
};

struct ParamsRoom {
    Shared<RowHead> head;  // [1]
    Shared<StepNow> steps; // [URN_MAX_STEPS]
};

URN_HOST_DEVICE ParamsRoom params_room(Arena &arena) {
    ParamsRoom room = {arena.take<RowHead>(1, "params.head"), arena.take<StepNow>(URN_MAX_STEPS, "params.steps")};
    return room;
}

struct RowPlace {
    int64_t row;
    int32_t slot, list, status;
};

// One thread calls. Which slot and list the row has, where it lies, what its randomness is.
template <class Stored>
URN_DEVICE RowPlace place_row(const urn_sample_params &p, const urn_slots_view &state, int32_t lists, int64_t row,
                              RowHead &head) {
    RowPlace at = {row, 0, 0, 0};
    const urn_matrix &m = p.logits;
    head = {0, 0, 0, 0, 0, 0};
    if (p.row_count && row >= Global<const int32_t>(p.row_count, 1, TAG_INDEX).load(0)) at.status = URN_ROW_PADDING;
    if (at.status) return at;
    int64_t slot = p.slot ? Global<const int32_t>(p.slot, m.rows, TAG_INDEX).load(row) : row;
    if (slot == -1)
        at.status = URN_ROW_PADDING;
    else if (slot < 0 || slot >= p.slots)
        at.status = URN_ROW_INDEX;
    if (at.status) return at;
    at.slot = (int32_t)slot;
    at.list = p.list ? Global<const int32_t>(p.list, p.slots, TAG_INDEX).load(slot) : p.list_value;
    int64_t from = row, start = 0, cols = m.cols;
    if (m.offsets) {
        Global<const int64_t> offsets(m.offsets, m.rows + 1, TAG_INDEX);
        int64_t end = offsets.load(row + 1);
        start = offsets.load(row);
        cols = (int64_t)((uint64_t)end - (uint64_t)start); // may wrap, and is refused then by what follows
        if (start < 0 || end < start || end > m.data_size || cols > m.cols) at.status = URN_ROW_INDEX;
    } else {
        if (m.row_index) from = Global<const int32_t>(m.row_index, m.rows, TAG_INDEX).load(row);
        if (m.row_index && (from < 0 || from >= m.data_rows))
            at.status = URN_ROW_INDEX;
        else
            start = from * m.row_stride; // 64 bits: rows * row_stride may pass 2^31
    }
    if (at.list < 0 || at.list >= lists) at.status = URN_ROW_INDEX;
    if (p.position)
        head.position = Global<const uint32_t>(p.position, m.rows, TAG_INDEX).load(row);
    else if (state.slots == 0)
        head.position = p.position_value;
    else if (slot < state.slots)
        head.position = Global<uint32_t>(state.now.position, state.slots, TAG_STATE).load(slot);
    else
        at.status = URN_ROW_INDEX;
    if (at.status) return at;
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, p.slots, TAG_INDEX).load(slot) : p.seed_value;
    uint64_t label = p.label ? Global<const uint64_t>(p.label, p.slots, TAG_INDEX).load(slot) : (uint64_t)from;
    head.key = row_key(seed, label);
    head.data = (uint64_t)(uintptr_t)((const Stored *)m.data + start);
    head.cols = (uint32_t)cols;
    return at;
}

// Bits of a parameter for this row. count_by: how many values its array has.
URN_DEVICE uint32_t param_bits(const urn_param &param, const RowPlace &at, int64_t slots, int64_t rows,
                               uint32_t scalar) {
    if (param.by == URN_SCALAR) return scalar;
    Global<const uint32_t> array((const uint32_t *)param.array, param.by == URN_BY_SLOT ? slots : rows, TAG_PARAM);
    return array.load(param.by == URN_BY_SLOT ? at.slot : at.row);
}

// One thread calls for one step. Its parameter; op 0 where the step is neutral; or the row's error in `status`.
URN_DEVICE StepNow step_now(const urn_step &step, uint32_t index, const urn_sample_params &p, const RowPlace &at,
                            int32_t &status) {
    StepNow now = {(uint32_t)step.op, 0, index, 0};
    int64_t rows = p.logits.rows;
    if (step.op == URN_OP_MASK) {
        int64_t m = step.map ? Global<const int32_t>(step.map, rows, TAG_PARAM).load(at.row) : at.row;
        if (m == -1)
            now.op = 0;
        else if (m < 0 || m >= step.table_rows)
            status = URN_ROW_INDEX;
        now.value = (uint32_t)m;
        return now;
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
    if (!good) status = URN_ROW_PARAM;
    if (neutral) now.op = 0;
    return now;
}

// All lanes of one warp call. The answer lies in room after the caller's next block barrier.
template <class Stored>
URN_DEVICE void resolve_row(const urn_sample_params &p, const urn_lists_view &lists, const urn_slots_view &state,
                            int64_t row, ParamsRoom room) {
    RowHead head = {0, 0, 0, 0, 0, 0};
    RowPlace at = {row, 0, 0, 0};
    uint32_t begin = 0, count = 0;
    if (lane_id() == 0) {
        at = place_row<Stored>(p, state, lists.count, row, head);
        if (at.status == 0) {
            Global<const int32_t> begins(lists.begin, lists.count + 1, TAG_PARAM);
            begin = (uint32_t)begins.load(at.list);
            count = (uint32_t)begins.load(at.list + 1) - begin;
        }
    }
    at.status = (int32_t)shfl((uint32_t)at.status, 0);
    at.slot = (int32_t)shfl((uint32_t)at.slot, 0);
    begin = shfl(begin, 0);
    count = shfl(count, 0);
    StepNow mine = {0, 0, 0, 0};
    int32_t error = 0;
    if (lane_id() < count)
        mine = step_now(Global<const urn_step>(lists.steps, begin + count, TAG_PARAM).load(begin + lane_id()),
                        begin + lane_id(), p, at, error);
    // an index error hides a parameter error: such a row reads nothing more
    if (any(error == URN_ROW_INDEX))
        at.status |= URN_ROW_INDEX;
    else if (any(error == URN_ROW_PARAM))
        at.status |= URN_ROW_PARAM;
    uint32_t exist = ballot(mine.op != 0);
    if (mine.op != 0) room.steps.store((size_t)popc_u32(exist & ((1u << lane_id()) - 1)), mine);
    head.steps = (uint32_t)popc_u32(exist);
    warp_sync();
    if (lane_id() == 0) {
        // a product of temperatures that overflows never comes back: T is not finite when an epoch opens
        float t = 1.0f;
        for (uint32_t i = 0; i < head.steps; i++) {
            StepNow s = room.steps.load(i);
            if (s.op == URN_OP_TEMPERATURE) t = t * bits_f32(s.value);
        }
        if (at.status == 0 && !(t < bits_f32(0x7f800000u))) at.status = URN_ROW_PARAM;
        if (at.status == 0 && head.cols == 0) at.status = URN_ROW_EMPTY;
        head.status = at.status;
        room.head.store(0, head);
    }
}

} // namespace urnd

#endif
