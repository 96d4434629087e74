// fixed_tree.h - pivotal choices: a tree in which of two ids one is settled and the other goes up (bits_topk.h T8).
#ifndef URN_FIXED_TREE_H
#define URN_FIXED_TREE_H

#include "kernels/row/team.h"
#include "kernels/topk/row_noise.h"
#include "urn/bits_topk.h"

namespace urnd {

enum { TREE = 2048 }; // nodes that a block climbs from

struct TreeRoom {
    Shared<uint64_t> p;  // [TREE] 0: nothing comes up here
    Shared<uint32_t> id; // [TREE]
};
URN_HOST_DEVICE TreeRoom tree_room(Arena &arena) {
    TreeRoom room = {arena.take<uint64_t>(TREE, "tree.p"), arena.take<uint32_t>(TREE, "tree.id")};
    return room;
}

URN_DEVICE uint64_t fixed_bits(RowNoise noise, uint32_t j, uint32_t draw) {
    return philox(noise.key, {j, draw, noise.position, URN_STREAM_FIXED}).low64();
}

struct Node {
    uint64_t p;
    uint32_t id;
};

// Two meet at node j of level h, 0 < p < ONE both: who goes up; who is chosen is told.
template <class Choose>
URN_DEVICE Node meet_nodes(RowNoise noise, uint32_t j, uint32_t h, Node a, Node b, const Choose &choose) {
    const uint64_t one = URN_FIXED_ONE;
    uint64_t s = a.p + b.p, u = fixed_bits(noise, j, h);
    if (s > one) {
        bool left = mulhi_u64(u, 2 * one - s) < one - b.p;
        choose(left ? a.id : b.id);
        return {s - one, left ? b.id : a.id};
    }
    uint32_t winner = mulhi_u64(u, s) < a.p ? a.id : b.id;
    if (s < one) return {s, winner};
    choose(winner);
    return {0, winner};
}

// The whole block calls, after a barrier: nodes base + i of level h0, for i in [0, count), lie in the room, the rest of
// it up to the next power of two too. What comes up of them all is left in place 0. Returns behind a barrier.
template <class Choose>
URN_DEVICE void climb_tree(TreeRoom room, RowNoise noise, uint32_t base, uint32_t h0, uint32_t count,
                           const Choose &choose) {
    URN_ROLLED
    for (uint32_t up = 1; count > 1u << (up - 1); up++) {
        URN_ROLLED
        for (uint32_t t = thread_id(); t << up < count; t += block_threads()) {
            uint32_t left = t << up, right = left + (1u << (up - 1));
            if (right >= count) continue;
            Node a = {room.p.load(left), room.id.load(left)}, b = {room.p.load(right), room.id.load(right)};
            if (b.p == 0) continue;
            Node node = a.p == 0 ? b : meet_nodes(noise, (base >> up) + t, h0 + up, a, b, choose);
            room.p.store(left, node.p), room.id.store(left, node.id);
        }
        block_sync();
    }
}

} // namespace urnd

#endif
