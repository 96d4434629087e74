// shard_list.h - the rest of a row's list after a top-k of at most URN_SHARD_K: everything runs on the listed ids, a
// thread an id, in the order.
#ifndef URN_SHARD_LIST_H
#define URN_SHARD_LIST_H

#include "kernels/bits/dev_gumbel.h"
#include "kernels/sample/shard_row.h"
#include "kernels/steps/step_least.h"

namespace urnd {

struct ListRoom {
    Shared<uint64_t> entry;  // [URN_SHARD_K] (key, ~id)
    Shared<uint64_t> weight; // [URN_SHARD_K] 0 where the id has left
};

URN_HOST_DEVICE ListRoom list_room(Arena &arena) {
    ListRoom room = {arena.take<uint64_t>(URN_SHARD_K, "list.entry"), arena.take<uint64_t>(URN_SHARD_K, "list.weight")};
    return room;
}

// A row's results, before they are written.
struct ShardAnswer {
    int32_t id; // -1: another shard holds it
    float x, max, c;
    uint64_t mass, entropy;
    uint32_t kept;
    bool greedy;
};

// The whole block calls: which of `count` sorted ids stay, the law over them, and the draw. Thread i has id i.
URN_DEVICE ShardAnswer run_list(const urn_shard_params &p, Team<TEAM_BLOCK> &team, ShardRoom room, ListRoom list,
                                const ShardHead &head, uint32_t count) {
    uint32_t i = thread_id();
    bool kept = i < count, open = false, greedy = false, entropy = p.entropy != nullptr;
    uint64_t entry = kept ? list.entry.load(i) : 0, z = 0, w = 0;
    float x = key_value((uint32_t)(entry >> 32)), max = key_value((uint32_t)(list.entry.load(0) >> 32));
    float t = head.temperature, c = 0.0f;
    uint32_t id = ~(uint32_t)entry;
    URN_ROLLED
    for (uint32_t at = head.logit_steps; at <= head.steps; at++) {
        ShardStep step = {0, 0, 0};
        if (at < head.steps) step = room.steps.load(at);
        float f = bits_f32(step.value);
        if (step.op == URN_OP_TEMPERATURE) {
            t = t * f, open = false;
            continue;
        }
        if (!open) { // M stays: no step here takes the first id
            open = true, c = URN_LOG2E / t;
            greedy = greedy || greedy_at(t);
            if (greedy) kept = kept && i == 0;
        }
        w = !kept ? 0 : greedy ? UINT64_C(1) << URN_F : weight(x, max, c);
        if (step.op == URN_OP_TOP_K && !greedy) {
            bool among = block_before(team, kept ? 1 : 0) < step.value; // every thread meets here
            kept = kept && among;
        }
        if (step.op != URN_OP_TOP_K) {
            uint64_t before = block_before(team, w);
            z = team_tally(team, {w, 0, 0}).all.sum;
            if (step.op == URN_OP_TOP_P && !greedy) {
                uint64_t need = ceil_product(f, z);
                kept = kept && before < (need ? need : 1);
            }
        }
        if (greedy) continue;
        if (step.op == URN_OP_MIN_P || step.op == URN_OP_EPSILON || step.op == URN_OP_TOP_A)
            kept = kept && (w >= least_weight(step.op, f, UINT64_C(1) << URN_F, z, 0) || i == 0);
    }
    ShardAnswer answer = {-1, 0.0f, max, c, z, 0, 0, greedy};
    uint64_t term = entropy && kept && !greedy ? entropy_term(x, max, c) : 0;
    answer.entropy = team_tally(team, {term, 0, 0}).all.sum;
    answer.kept = (uint32_t)team_tally(team, {kept ? 1u : 0u, 0, 0}).all.sum;
    if (i < URN_SHARD_K) list.weight.store(i, w);
    block_sync();
    bool drawn = false;
    if (greedy) {
        drawn = i == 0;
    } else if (p.method == URN_DRAW_GUMBEL) {
        Tally mine = {0, 0, 0};
        if (kept && w != 0) {
            double y = (double)(x - max) * (double)c;
            int64_t key =
                gumbel_key(y < -0x1p20 ? -0x1p20 : y, gumbel_bits(gumbel_block(head.key, id, 0, head.position), id));
            mine = {(uint64_t)(key + (INT64_C(1) << 62)), ~id, 0};
        }
        uint32_t best = team_reduce<PickBest>(team, mine).all.max;
        drawn = kept && best == ~id;
    } else {
        uint64_t r = mulhi_u64(draw_bits(head.key, 0, head.position), z), before = 0;
        URN_ROLLED
        for (uint32_t j = 0; j < count && kept; j++) // the ids before this one, by id
            before += ~(uint32_t)list.entry.load(j) < id ? list.weight.load(j) : 0;
        drawn = kept && before <= r && r - before < w;
    }
    if (drawn) room.find.found.store(0, i);
    block_sync();
    uint64_t winner = list.entry.load(room.find.found.load(0));
    answer.id = (int32_t) ~(uint32_t)winner;
    answer.x = key_value((uint32_t)(winner >> 32));
    return answer;
}

} // namespace urnd

#endif
