// walk_request.h - one team walks one request: which drafts are accepted, what follows them, and what is said of it.
#ifndef URN_VERIFY_WALK_REQUEST_H
#define URN_VERIFY_WALK_REQUEST_H

#include "kernels/verify/walk_importance.h"
#include "kernels/verify/walk_rules.h"
#include "kernels/verify/walk_traversal.h"

namespace urnd {

// The block's threads call: the request's present nodes into shared memory, each with first child and next sibling.
template <int TEAM> URN_DEVICE void load_nodes(Walk<TEAM> &w) {
    const VerifyArgs &v = w.v;
    const Request &r = w.r;
    const int64_t rows = rows_of(v, SIDE_TARGET).logits.rows;
    const bool tree = is_tree(v);
    int32_t present = tree ? 0 : chain_present(v, r);
    Global<const PlanNode> plan(v.plan, rows, TAG_WORKSPACE);
    Global<const int32_t> tokens(v.call.params.drafts, rows, TAG_INDEX), drafts = chain_drafts(v, r);
    URN_ROLLED
    for (int32_t c = (int32_t)w.team.thread; c < r.count; c += (int32_t)w.team.threads) {
        PlanNode node = {c - 1, c < present ? c : -1, c + 1 < present ? c + 1 : -1, -1};
        if (tree) node = plan.load(r.first + c);
        int32_t token = -1;
        if (c > 0 && node.depth >= 0) token = tree ? tokens.load(r.first + c) : drafts.load(c - 1);
        w.room.token.store((size_t)c, token);
        w.room.parent.store((size_t)c, node.parent);
        w.room.depth.store((size_t)c, node.depth);
        w.room.first.store((size_t)c, node.first_child);
        w.room.next.store((size_t)c, node.next_sibling);
    }
    block_meet<TEAM>();
}

// The whole team calls: the child accepted at n by its coin, or -1.
template <int TEAM> URN_DEVICE int32_t synthetic_child(Walk<TEAM> &w, int32_t n, uint32_t cols) {
    const urn_verify_params &p = w.v.call.params;
    int32_t c = w.room.first.load((size_t)n), depth = w.room.depth.load((size_t)n);
    if (c < 0) return -1;
    float rate = p.rates ? Global<const float>(p.rates, p.depth, TAG_PARAM).load(depth) : p.rate;
    rate = rate > 0.0f ? (rate < 1.0f ? rate : 1.0f) : 0.0f;
    uint64_t limit = ceil_weight(rate);
    URN_ROLLED
    for (; c >= 0; c = w.room.next.load((size_t)c)) {
        bool inside = (uint32_t)w.room.token.load((size_t)c) < cols;
        if (!inside) w.status |= URN_ROW_DRAFT;
        if (inside && coin_of(w.v, w.r, c) >> 24 < limit) break;
    }
    return c;
}

// Any thread: is the node as if it had no child, because its draft row has a status?
template <int TEAM> URN_DEVICE bool is_draft_bad(const Walk<TEAM> &w, int32_t n) {
    if (!reads_drafts(w.v.call.params.verifier) || draft_row_of(w.v, w.r, n) < 0) return false;
    return law_row(w.v, SIDE_DRAFT, w.row(n), 0).status != 0;
}

// The whole team calls: the token that follows node n, which has children and good rows.
template <int TEAM> URN_DEVICE int32_t token_by_rule(Walk<TEAM> &w, int32_t n, const LawRow &p) {
    int32_t verifier = w.v.call.params.verifier;
    if (verifier == URN_VERIFY_GREEDY) return (int32_t)p.first;
    if (verifier == URN_VERIFY_MATCH) return w.own(n);
    bool has_q = reads_drafts(verifier) && draft_row_of(w.v, w.r, n) >= 0;
    NodeLaw law = node_law(w, n, p, has_q);
    w.summed = false;
    if (verifier == URN_VERIFY_TARGET_ONLY) return rule_target_only(w, law, n);
    if (has_q && verifier == URN_VERIFY_KSEQ) {
        uint32_t k = 0;
        URN_ROLLED
        for (int32_t c = w.room.first.load((size_t)n); c >= 0; c = w.room.next.load((size_t)c)) k++;
        return rule_kseq(w, law, n, k);
    }
    if (has_q && verifier == URN_VERIFY_GREEDY_DRAFTS) return rule_greedy_drafts(w, law, n);
    if (has_q && verifier == URN_VERIFY_IMPORTANCE) return rule_importance(w, law, n);
    law.again = verifier == URN_VERIFY_MULTISTEP;
    return rule_recursive(w, law, n);
}

// The whole team calls: section 4's walk, and SYNTHETIC's.
template <int TEAM> URN_DEVICE void walk_down(Walk<TEAM> &w) {
    int32_t n = 0;
    const int32_t verifier = w.v.call.params.verifier;
    URN_ROLLED
    for (;;) {
        LawRow p = w.target(n);
        w.status |= p.status;
        if (p.status) return;
        int32_t child, y;
        if (verifier == URN_VERIFY_SYNTHETIC) {
            child = synthetic_child(w, n, p.cols);
            y = child >= 0 ? w.room.token.load((size_t)child) : w.own(n);
        } else if (w.room.first.load((size_t)n) < 0 || is_draft_bad(w, n)) {
            if (w.room.first.load((size_t)n) >= 0) w.status |= URN_ROW_DRAFT;
            child = -1;
            y = verifier == URN_VERIFY_GREEDY ? (int32_t)p.first : w.own(n);
        } else {
            y = token_by_rule(w, n, p);
            child = w.child_of(n, y);
        }
        w.emit(y, n);
        if (child < 0) return;
        w.accepted++;
        if (w.is_stop(y)) return;
        n = child;
    }
}

// The threads of block 0 call, after a meeting.
template <int TEAM> URN_DEVICE void write_request(const Walk<TEAM> &w) {
    const urn_verify_params &p = w.v.call.params;
    const int32_t columns = p.depth + 1;
    const int64_t size = p.requests * columns, base = w.r.number * columns;
    Global<int32_t> ids(p.ids, size, TAG_OUT), path(p.path, size, TAG_OUT);
    Global<float> logprob(p.logprob, size, TAG_OUT);
    URN_ROLLED
    for (int32_t j = (int32_t)w.team.thread; j < columns; j += (int32_t)w.team.threads) {
        bool there = j < w.count;
        int32_t id = there ? w.room.out_id.load((size_t)j) : -1, node = there ? w.room.out_path.load((size_t)j) : -1;
        ids.store(base + j, id);
        if (!path.null()) path.store(base + j, node);
        if (!logprob.null())
            logprob.store(base + j, there ? w.target(node).log_probability_of(id) : bits_f32(URN_NAN_BITS));
    }
    if (w.team.thread != 0) return;
    if (p.accepted) Global<int32_t>(p.accepted, p.requests, TAG_OUT).store(w.r.number, w.accepted);
    if (p.emitted) Global<int32_t>(p.emitted, p.requests, TAG_OUT).store(w.r.number, w.count);
    if (p.status) Global<int32_t>(p.status, p.requests, TAG_OUT).store(w.r.number, w.status);
}

// The threads of block 0 call: what the request adds to the counters.
template <int TEAM> URN_DEVICE void count_request(Walk<TEAM> &w) {
    const urn_verify_params &p = w.v.call.params;
    if (!p.stats || (w.status & URN_ROW_PADDING)) return;
    typedef unsigned long long Counter64; // as atomics have it
    static_assert(sizeof(Counter64) == 8, "counters are 64 bits");
    Global<Counter64> at((Counter64 *)p.stats, (int64_t)(sizeof(urn_verify_stats) / 8), TAG_STATE);
    uint32_t present = 0, deepest = 0;
    URN_ROLLED
    for (int32_t c = (int32_t)w.team.thread; c < w.r.count; c += (int32_t)w.team.threads) {
        int32_t depth = w.room.depth.load((size_t)c);
        present += depth > 0 ? 1 : 0;
        if (depth > 0) deepest = max_of(deepest, (uint32_t)depth);
    }
    Team<TEAM_BLOCK> block = team_here<TEAM_BLOCK>(w.room.team);
    block_sync(); // the room of the team's last tally
    Tally all = team_tally(block, {present, deepest, 0}).all;
    if (w.team.thread == 0) {
        at.add(0, 1), at.add(1, all.sum), at.add(2, (Counter64)w.accepted), at.add(3, (Counter64)w.count);
    }
    uint32_t tried = min_of((uint32_t)w.accepted + 1, all.max);
    URN_ROLLED
    for (uint32_t d = w.team.thread; d < tried; d += w.team.threads) {
        uint32_t column = min_of(d, URN_VERIFY_DEPTHS - 1);
        at.add(4 + column, 1);
        if (d < (uint32_t)w.accepted) at.add(4 + URN_VERIFY_DEPTHS + column, 1);
    }
}

template <int TEAM> URN_DEVICE void verify_request(const VerifyArgs &v, int64_t b) {
    Arena arena(true);
    WalkRoom room = walk_room<TEAM>(arena, v.call.params);
    bool sound = offsets_hold(v, room.team, b);
    Walk<TEAM> w = {v, room, team_here<TEAM>(room.team), request_here(v, b, sound), 0, 0, 0, {{0, 0, 0}, 0, 0}, false};
    team_meet<TEAM>(); // and no block reaches into another that has not started
    w.status = w.r.status;
    if (w.status == 0) {
        load_nodes(w);
        if (v.call.params.verifier == URN_VERIFY_TRAVERSAL)
            walk_traversal(w);
        else if (v.call.params.verifier == URN_VERIFY_TYPICAL)
            walk_typical(w);
        else
            walk_down(w);
    }
    if (w.team.rank != 0) return;
    block_meet<TEAM>();
    write_request(w);
    count_request(w);
}

} // namespace urnd

#endif
