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

// Two meet at node j of level h, 0 < p < ONE both: who goes up, and who is chosen.
struct Meeting {
    Node up;
    uint32_t chosen;
    bool any;
};
URN_DEVICE Meeting meet_nodes(RowNoise noise, uint32_t j, uint32_t h, Node a, Node b) {
    const uint64_t one = URN_FIXED_ONE;
    const uint64_t s = a.p + b.p, u = fixed_bits(noise, j, h);
    const bool both = s > one, left = both ? mulhi_u64(u, 2 * one - s) < one - b.p : mulhi_u64(u, s) < a.p;
    uint32_t first = left ? a.id : b.id, second = left ? b.id : a.id;
    return {{both ? s - one : s < one ? s : 0, both ? second : first}, first, s >= one};
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
            Meeting m = {b, 0, false};
            if (a.p != 0) m = meet_nodes(noise, (base >> up) + t, h0 + up, a, b);
            room.p.store(left, m.up.p), room.id.store(left, m.up.id);
            if (m.any) choose(m.chosen);
        }
        block_sync();
    }
}

} // namespace urnd

#endif
