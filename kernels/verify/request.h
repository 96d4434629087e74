// request.h - a request of a call: its rows, slot, position and key; and the shape of a chain (bits_verify.h 1, 2).
#ifndef URN_VERIFY_REQUEST_H
#define URN_VERIFY_REQUEST_H

#include "kernels/bits/dev_share.h"
#include "kernels/verify/verify_args.h"

namespace urnd {

struct Request {
    int64_t number, first; // its first row of the target
    int32_t count;         // nodes
    int32_t status;
    RowPlace at; // slot and list
    uint32_t position;
    uint64_t key;
};

// All threads of a block call, with a room of their own half of which is free. The first request of which `hit` is true
// before offsets run backwards for the first time, or -1. Reads all offsets, a few KB from L2.
template <class Hit>
URN_DEVICE int64_t first_request(const int64_t *node_offsets, int64_t n, TeamRoom room, const Hit &hit) {
    Global<const int64_t> offsets(node_offsets, n + 1, TAG_INDEX);
    Team<TEAM_BLOCK> block = team_here<TEAM_BLOCK>(room);
    uint32_t best = 0; // ~(2 b + 1) where offsets run backwards, ~(2 b) where it hits: the maximum is the first
    URN_ROLLED
    for (int64_t b = thread_id(); b < n && best == 0; b += block_threads()) {
        int64_t from = offsets.load(b), to = offsets.load(b + 1);
        if (to < from)
            best = ~((uint32_t)b * 2 + 1);
        else if (hit(b, from, to))
            best = ~((uint32_t)b * 2);
    }
    uint32_t event = ~team_tally(block, {0, best, 0}).all.max;
    return (event & 1) ? -1 : (int64_t)(event >> 1);
}

// The request that row t belongs to, or -1.
URN_DEVICE int64_t request_of_row(const VerifyArgs &v, TeamRoom room, int64_t t) {
    if (!v.call.params.node_offsets) return t / v.call.params.nodes;
    return first_request(v.call.params.node_offsets, v.call.params.requests, room,
                         [&](int64_t, int64_t from, int64_t to) { return from <= t && t < to; });
}

// Do offsets run forwards up to the end of request b?
URN_DEVICE bool offsets_hold(const int64_t *node_offsets, int64_t requests, TeamRoom room, int64_t b) {
    if (!node_offsets) return true;
    return first_request(node_offsets, requests, room, [&](int64_t k, int64_t, int64_t) { return k == b; }) == b;
}
URN_DEVICE bool offsets_hold(const VerifyArgs &v, TeamRoom room, int64_t b) {
    return offsets_hold(v.call.params.node_offsets, v.call.params.requests, room, b);
}

// A request's rows: where they begin and how many they are; good: as many as `nodes` allows, all within `rows`.
struct RequestRows {
    int64_t first, count;
    bool good;
};
URN_DEVICE RequestRows request_rows(const int64_t *node_offsets, int64_t requests, int32_t nodes, int64_t rows,
                                    int64_t b, bool sound) {
    if (!node_offsets) return {b * nodes, nodes, true};
    Global<const int64_t> offsets(node_offsets, requests + 1, TAG_INDEX);
    int64_t first = offsets.load(b), count = (int64_t)((uint64_t)offsets.load(b + 1) - (uint64_t)first);
    return {first, count, sound && first >= 0 && count >= 0 && count <= nodes && first <= rows - count};
}

// Any thread calls for itself. sound: offsets_hold.
URN_DEVICE Request request_here(const VerifyArgs &v, int64_t b, bool sound) {
    const urn_verify_params &p = v.call.params;
    const urn_sample_params &target = rows_of(v, SIDE_TARGET);
    Request r = {b, b * p.nodes, 0, 0, {0, 0, 0, 0}, 0, 0};
    place_slot(target, b, r.at);
    r.status = r.at.status;
    if (r.status) return r;
    RequestRows at = request_rows(p.node_offsets, p.requests, p.nodes, target.logits.rows, b, sound);
    int64_t count = at.count;
    r.first = at.first;
    if (!at.good) r.status = URN_ROW_INDEX;
    if (p.node_count && r.status == 0) {
        int32_t most = Global<const int32_t>(p.node_count, p.requests, TAG_INDEX).load(b);
        count = count < most ? count : most;
    }
    if (count < 1) r.status = URN_ROW_INDEX;
    r.position = place_position(target, v.side[SIDE_TARGET].call.state, b, r.at);
    if (r.at.status) r.status = r.at.status;
    r.count = r.status ? 0 : (int32_t)count;
    r.key = place_key(target, r.at.slot, (uint64_t)b);
    return r;
}

// The drafts of a chain: token of node i > 0 at drafts[i - 1].
URN_DEVICE Global<const int32_t> chain_drafts(const VerifyArgs &v, const Request &r) {
    return Global<const int32_t>(v.call.params.drafts + (r.first - r.number), r.count - 1, TAG_INDEX);
}

// All lanes of a warp call: how many nodes of a chain are present.
URN_DEVICE int32_t chain_present(const VerifyArgs &v, const Request &r) {
    Global<const int32_t> drafts = chain_drafts(v, r);
    int32_t most = r.count - 1 < v.call.params.depth ? r.count - 1 : v.call.params.depth;
    URN_ROLLED
    for (int32_t from = 0; from < most; from += 32) {
        int32_t i = from + (int32_t)lane_id();
        uint32_t gone = ballot(i >= most || drafts.load(i) < 0);
        if (gone) return from + popc_u32((gone & (0u - gone)) - 1) + 1;
    }
    return most + 1;
}

// The draft row of a node; below 0: none.
URN_DEVICE int64_t draft_row_of(const VerifyArgs &v, const Request &r, int32_t node) {
    if (!v.call.has_draft) return -1;
    int64_t t = r.first + node;
    if (v.call.params.draft_row)
        return Global<const int32_t>(v.call.params.draft_row, rows_of(v, SIDE_TARGET).logits.rows, TAG_INDEX).load(t);
    return is_tree(v) ? t : t - r.number;
}

URN_DEVICE uint64_t given_or(const uint64_t *given, int64_t rows, int64_t t, uint64_t key, Counter counter) {
    if (given) return Global<const uint64_t>(given, rows, TAG_INDEX).load(t);
    return philox(key, counter).low64();
}
URN_DEVICE uint64_t coin_of(const VerifyArgs &v, const Request &r, int32_t node) {
    return given_or(v.call.params.coins, rows_of(v, SIDE_TARGET).logits.rows, r.first + node, r.key,
                    {(uint32_t)node, 0, r.position, URN_STREAM_COIN});
}
URN_DEVICE uint64_t end_word_of(const VerifyArgs &v, const Request &r, int32_t node) {
    return given_or(v.call.params.draws, rows_of(v, SIDE_TARGET).logits.rows, r.first + node, r.key,
                    {(uint32_t)node, 0, r.position, URN_STREAM_RESIDUAL});
}

} // namespace urnd

#endif
