// plan_tree.h - which nodes of a tree are present, and whose children they are (bits_verify.h section 1).
#ifndef URN_VERIFY_PLAN_TREE_H
#define URN_VERIFY_PLAN_TREE_H

#include "kernels/verify/request.h"

namespace urnd {

struct PlanRoom {
    TeamRoom team;
    Shared<int32_t> parent, token, depth, next; // [nodes]; next: as given, while parents are found
};

URN_HOST_DEVICE PlanRoom plan_room(Arena &arena, size_t nodes) {
    PlanRoom room = {team_room<TEAM_BLOCK>(arena), arena.take<int32_t>(nodes, "plan.parent"),
                     arena.take<int32_t>(nodes, "plan.token"), arena.take<int32_t>(nodes, "plan.depth"),
                     arena.take<int32_t>(nodes, "plan.next")};
    return room;
}

// One thread calls: parents from first children (in room.depth) and next siblings. Every node gets one parent at most
// and every walk ends once, so this takes two steps a node.
URN_DEVICE void parents_of_siblings(PlanRoom room, int32_t count) {
    URN_ROLLED
    for (int32_t c = 0; c < count; c++) room.parent.store((size_t)c, -1);
    URN_ROLLED
    for (int32_t n = 0; n < count; n++) {
        int32_t before = n, c = room.depth.load((size_t)n);
        URN_ROLLED
        while (c > before && c < count && room.parent.load((size_t)c) < 0) {
            room.parent.store((size_t)c, n);
            before = c;
            c = room.next.load((size_t)c);
        }
    }
}

// The block calls: depth of every node, -1 where it is not present. Level by level: what may count among its siblings,
// then the first of those. A repeated token of a verifier that wants them distinct does not count. room.next is used
// up.
URN_DEVICE void find_present(PlanRoom room, int32_t count, int32_t most_depth, bool distinct) {
    const int32_t threads = (int32_t)block_threads(), thread = (int32_t)thread_id();
    URN_ROLLED
    for (int32_t level = 1; level <= most_depth; level++) {
        bool some = false;
        URN_ROLLED
        for (int32_t c = thread; c < count; c += threads) {
            int32_t parent = room.parent.load((size_t)c), token = room.token.load((size_t)c);
            bool counts = c > 0 && parent >= 0 && parent < c && token >= 0;
            counts = counts && room.depth.load((size_t)parent) == level - 1;
            URN_ROLLED
            for (int32_t o = parent + 1; o < c && counts && distinct; o++)
                counts = room.parent.load((size_t)o) != parent || room.token.load((size_t)o) != token;
            room.next.store((size_t)c, counts ? level : 0);
            some = some || counts;
        }
        block_sync();
        URN_ROLLED
        for (int32_t c = thread; c < count; c += threads) {
            if (room.next.load((size_t)c) != level) continue;
            int32_t parent = room.parent.load((size_t)c), before = 0;
            URN_ROLLED
            for (int32_t o = parent + 1; o < c; o++)
                before += room.parent.load((size_t)o) == parent && room.next.load((size_t)o) == level ? 1 : 0;
            if (before < URN_VERIFY_MAX_CHILDREN) room.depth.store((size_t)c, level);
        }
        block_sync();
        Team<TEAM_BLOCK> block = team_here<TEAM_BLOCK>(room.team);
        bool more = team_tally(block, {0, 0, some ? 1u : 0u}).all.flags != 0;
        block_sync(); // before the next tally in the same room
        if (!more) return;
    }
}

// Children by parent, in increasing order, of nodes that are present: the first one of c, and the next after it.
URN_DEVICE PlanNode plan_node(PlanRoom room, int32_t count, int32_t c) {
    int32_t depth = room.depth.load((size_t)c), above = c == 0 ? -1 : room.parent.load((size_t)c);
    PlanNode node = {above, depth, -1, -1};
    URN_ROLLED
    for (int32_t o = c + 1; o < count && depth >= 0 && (node.first_child < 0 || node.next_sibling < 0); o++) {
        if (room.depth.load((size_t)o) < 0) continue;
        int32_t of = room.parent.load((size_t)o);
        if (of == c && node.first_child < 0) node.first_child = o;
        if (of == above && c != 0 && node.next_sibling < 0) node.next_sibling = o;
    }
    return node;
}

// The block calls: parents, tokens and depths of a request's nodes. drafts: tokens by row, or null.
URN_DEVICE void read_tree(PlanRoom room, const urn_draft_tree &tree, const int32_t *drafts, int64_t rows, int64_t at,
                          int32_t count, int32_t most_depth, bool distinct) {
    const int32_t threads = (int32_t)block_threads(), thread = (int32_t)thread_id();
    Global<const int32_t> parent(tree.parent, rows, TAG_INDEX), first(tree.first_child, rows, TAG_INDEX),
        next(tree.next_sibling, rows, TAG_INDEX), token(drafts, rows, TAG_INDEX);
    URN_ROLLED
    for (int32_t c = thread; c < count; c += threads) {
        room.token.store((size_t)c, c == 0 || token.null() ? 0 : token.load(at + c));
        if (!parent.null()) {
            room.parent.store((size_t)c, parent.load(at + c));
        } else {
            room.depth.store((size_t)c, first.load(at + c));
            room.next.store((size_t)c, next.load(at + c));
        }
    }
    block_sync();
    if (parent.null() && thread == 0) parents_of_siblings(room, count);
    block_sync();
    URN_ROLLED
    for (int32_t c = thread; c < count; c += threads) room.depth.store((size_t)c, c == 0 ? 0 : -1);
    block_sync();
    find_present(room, count, most_depth, distinct);
}

// One block, one request: its plan, and the tokens of every path.
URN_DEVICE void plan_tree(const VerifyArgs &v, PlanRoom room, int64_t b) {
    const urn_verify_params &p = v.call.params;
    const int64_t rows = rows_of(v, SIDE_TARGET).logits.rows;
    bool sound = offsets_hold(v, room.team, b);
    block_sync(); // the room of its tally
    Request r = request_here(v, b, sound);
    if (r.status) return;
    read_tree(room, v.call.tree, p.drafts, rows, r.first, r.count, p.depth, is_distinct(p.verifier));
    Global<PlanNode> plan(v.plan, rows, TAG_WORKSPACE);
    Global<int32_t> path(v.path, rows * p.depth, TAG_WORKSPACE);
    URN_ROLLED
    for (int32_t c = (int32_t)thread_id(); c < r.count; c += (int32_t)block_threads()) {
        PlanNode node = plan_node(room, r.count, c);
        plan.store(r.first + c, node);
        URN_ROLLED
        for (int32_t o = c, at = node.depth; at > 0; o = room.parent.load((size_t)o))
            path.store((r.first + c) * p.depth + --at, room.token.load((size_t)o));
    }
}

} // namespace urnd

#endif
