// shard_row.h - a shard's row: its list of steps with this row's parameters, and what they make of one id (bits.h
// section 12).
#ifndef URN_SHARD_ROW_H
#define URN_SHARD_ROW_H

#include "kernels/bits/dev_exp2.h"
#include "kernels/bits/dev_order.h"
#include "kernels/bits/dev_philox.h"
#include "kernels/row/slice_find.h"
#include "kernels/steps/step_dense.h"
#include "urn/shard.h"

namespace urnd {

struct ShardPolicy {
    enum { threads = 256 }; // guess
};

struct ShardArgs {
    urn_shard_params p;
    urn_step steps[URN_SHARD_MAX_STEPS]; // p.steps is host memory
    int32_t first_top_k;                 // place of the list's first top-k; -1: none
    const urn_shard_message1 *all1;
    const urn_shard_message2 *all2;
    urn_shard_message1 *mine1;
    urn_shard_message2 *mine2;
};

// A step that exists for this row.
struct alignas(16) ShardStep {
    uint32_t op, value; // f32 bits or an int
    uint64_t table;     // address of this row's table
};

// What a min-p keeps: w >= least, by the weights of c.
struct alignas(16) ShardCut {
    uint64_t least;
    float c;
    uint32_t unused;
};

struct alignas(16) ShardHead {
    uint64_t key;
    uint32_t position;
    int32_t status;
    uint32_t steps, logit_steps; // how many exist; how many of them come before the first keep step
    float temperature;           // T after the logit steps
    uint32_t greedy;             // without a top-k: K becomes one id
    float c;                     // without a top-k: of the draw
    uint32_t cuts;
    uint32_t top_k, unused; // of the first top-k; 0: the list has none
};

// What all shards say of the row.
struct alignas(16) ShardMerged {
    uint64_t possible, best; // best: (key, ~id) of the first id of all
    int32_t status;
    float raw_max;
};

struct ShardRoom {
    TeamRoom team;
    Shared<ShardHead> head;     // [1]
    Shared<ShardStep> steps;    // [URN_SHARD_MAX_STEPS]
    Shared<ShardCut> cuts;      // [URN_SHARD_MAX_STEPS]
    Shared<ShardMerged> merged; // [1]
    FindRoom find;              // [1]
};

URN_HOST_DEVICE ShardRoom shard_room(Arena &arena) {
    ShardRoom room = {team_room<TEAM_BLOCK>(arena),
                      arena.take<ShardHead>(1, "shard.head"),
                      arena.take<ShardStep>(URN_SHARD_MAX_STEPS, "shard.steps"),
                      arena.take<ShardCut>(URN_SHARD_MAX_STEPS, "shard.cuts"),
                      arena.take<ShardMerged>(1, "shard.merged"),
                      find_room(arena, 1)};
    return room;
}

URN_DEVICE bool is_logit_step(uint32_t op) {
    return op == URN_OP_TEMPERATURE || op == URN_OP_MASK || op == URN_OP_DENSE_BIAS || op == URN_OP_ID_TEMPERATURE;
}
URN_DEVICE bool has_table(uint32_t op) {
    return op == URN_OP_MASK || op == URN_OP_DENSE_BIAS || op == URN_OP_ID_TEMPERATURE;
}

// Would an epoch opened at this temperature be greedy?
URN_DEVICE bool greedy_at(float t) { return t == 0.0f || (f32_bits(URN_LOG2E / t) & 0x7fffffffu) == 0x7f800000u; }

// One thread calls for one step. op 0 where it is neutral; the row's error in `status`.
URN_DEVICE ShardStep shard_step_now(const urn_step &step, int64_t rows, int64_t row, int32_t &status) {
    ShardStep now = {(uint32_t)step.op, 0, 0};
    if (has_table(now.op)) {
        int64_t at = step.map ? Global<const int32_t>(step.map, rows, TAG_PARAM).load(row) : row;
        if (at == -1)
            now.op = 0;
        else if (at < 0 || at >= step.table_rows)
            status = URN_ROW_INDEX;
        else
            now.table = (uint64_t)(uintptr_t)((const uint32_t *)step.table + at * step.table_stride);
        return now;
    }
    const urn_param &param = step.param[0];
    now.value = now.op == URN_OP_TOP_K ? (uint32_t)param.i : f32_bits(param.f);
    if (param.by == URN_BY_ROW)
        now.value = Global<const uint32_t>((const uint32_t *)param.array, rows, TAG_PARAM).load(row);
    float f = bits_f32(now.value);
    int32_t k = (int32_t)now.value;
    bool good = f >= 0.0f && f <= 1.0f, neutral = f == 0.0f;
    if (now.op == URN_OP_TOP_P) neutral = f == 1.0f;
    if (now.op == URN_OP_TEMPERATURE) good = f >= 0.0f && f32_bits(f) < 0x7f800000u, neutral = f == 1.0f;
    if (now.op == URN_OP_TOP_K) good = k >= -1, neutral = k <= 0;
    if (now.op == URN_OP_TEMPERATURE && f == 0.0f) good = true; // -0 too
    if (!good) status = URN_ROW_PARAM;
    if (neutral) now.op = 0;
    return now;
}

// One thread calls, after the steps that exist lie in the room: temperatures, cuts, what kind of row it is.
URN_DEVICE void shard_head_finish(ShardRoom room, ShardHead head) {
    float t = 1.0f, product = 1.0f;
    bool keeping = false;
    head.logit_steps = head.greedy = head.cuts = 0;
    for (uint32_t i = 0; i < head.steps; i++) {
        ShardStep s = room.steps.load(i);
        keeping = keeping || !is_logit_step(s.op);
        if (!keeping) head.logit_steps++;
        if (s.op == URN_OP_TEMPERATURE) t = t * bits_f32(s.value), product = product * bits_f32(s.value);
        // a value step settles: its values are at temperature 1
        if ((s.op == URN_OP_DENSE_BIAS || s.op == URN_OP_ID_TEMPERATURE) && !greedy_at(t)) t = 1.0f;
        if (!keeping) head.temperature = t;
        if (s.op == URN_OP_MIN_P && head.top_k == 0) {
            head.greedy |= greedy_at(t) ? 1u : 0u;
            room.cuts.store(head.cuts++, {ceil_weight(bits_f32(s.value)), URN_LOG2E / t, 0});
        }
    }
    if (head.logit_steps == 0) head.temperature = 1.0f;
    head.greedy |= greedy_at(t) ? 1u : 0u;
    head.c = URN_LOG2E / t;
    if (head.status == 0 && !(product < bits_f32(0x7f800000u))) head.status = URN_ROW_PARAM;
    room.head.store(0, head);
}

// The whole block calls; the head lies in the room afterwards.
URN_DEVICE ShardHead shard_head(const ShardArgs &args, ShardRoom room, int64_t row) {
    const urn_shard_params &p = args.p;
    int64_t rows = p.logits.rows;
    if (warp_id() == 0) {
        ShardStep mine = {0, 0, 0};
        int32_t error = 0;
        bool here = lane_id() < (uint32_t)p.count;
        if (here) mine = shard_step_now(args.steps[lane_id()], rows, row, error);
        bool first = here && (int32_t)lane_id() == args.first_top_k;
        if (first && error == 0 && (mine.op == 0 || mine.value > URN_SHARD_K)) error = URN_ROW_PARAM;
        ShardHead head = {0, 0, 0, 0, 0, 1.0f, 0, 0.0f, 0, 0, 0};
        if (any(error == URN_ROW_PARAM)) head.status = URN_ROW_PARAM;
        if (any(error == URN_ROW_INDEX)) head.status = URN_ROW_INDEX;
        uint32_t exist = ballot(mine.op != 0);
        if (mine.op != 0) room.steps.store((size_t)popc_u32(exist & ((1u << lane_id()) - 1)), mine);
        head.steps = (uint32_t)popc_u32(exist);
        head.top_k = args.first_top_k < 0 ? 0 : shfl(mine.value, (uint32_t)args.first_top_k & 31u);
        if (args.first_top_k >= 0 && head.top_k == 0) head.top_k = 1; // such a row has its error
        warp_sync();
        if (lane_id() == 0) {
            uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, rows, TAG_INDEX).load(row) : p.seed_value;
            uint64_t label = p.label ? Global<const uint64_t>(p.label, rows, TAG_INDEX).load(row) : (uint64_t)row;
            head.key = row_key(seed, label);
            head.position =
                p.position ? Global<const uint32_t>(p.position, rows, TAG_INDEX).load(row) : p.position_value;
            shard_head_finish(room, head);
        }
    }
    block_sync();
    return room.head.load(0);
}

// Any thread calls for itself: x of an id of the whole row after the logit steps; -inf: it has left.
URN_DEVICE NewValue shard_value(ShardRoom room, uint32_t logit_steps, float x, uint32_t id) {
    const float none = bits_f32(0xff800000u);
    float t = 1.0f;
    bool wrong = false;
    URN_ROLLED
    for (uint32_t i = 0; i < logit_steps && x > none; i++) {
        ShardStep s = room.steps.load(i);
        if (s.op == URN_OP_TEMPERATURE) {
            t = t * bits_f32(s.value);
            continue;
        }
        if (s.op == URN_OP_MASK) {
            Global<const uint32_t> words((const uint32_t *)(uintptr_t)s.table, (int64_t)(id / 32) + 1, TAG_MASK);
            if (!(words.load(id / 32) >> (id % 32) & 1)) x = none;
            continue;
        }
        if (!greedy_at(t)) x = t == 1.0f ? x : fin(x / t), t = 1.0f;
        float v = Global<const float>((const float *)(uintptr_t)s.table, (int64_t)id + 1, TAG_PARAM).load(id);
        NewValue now = s.op == URN_OP_DENSE_BIAS ? dense_biased(x, v) : id_tempered(x, v);
        x = now.x;
        wrong = wrong || now.wrong;
    }
    return {x, wrong};
}

} // namespace urnd

#endif
