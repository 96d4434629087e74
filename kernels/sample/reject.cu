// reject.cu - adaptive weighted rejection: ids in the order of Gumbel keys, or trials by inverse CDF, until a
// constraint accepts; with the weight. The form with bits on the device, and the rounds of the form with a host
// predicate. shapes   logits [rows, cols] f32|f16|bf16 dense; accepted [rows, words] idea     a block a row, walks over
// global memory. Recursive: what is rejected before the answer x adds up to one sum of
//          weights, whatever its order, so the walk is: M; Z; the best accepted key; what comes before it and the next
//          after it. Geometric: 32 trials a walk
// minimum  cols*e + cols/8                   this kernel: recursive 4 walks, keys twice; geometric 2 and one for 32
// trials;
//          a round 2, and one for each of its 16 ids (recursive) or one (geometric)
// bound    f64: a key is two logarithms, about 60 operations; the row comes from L2 after the first walk
// launch   grid rows, block 256, shared 3 KB
// bits     keys are integers; sums of integers; f64 on one thread for the weight
// tail     no alignment asked for: loads are of single elements
// ptxas    6 kernels, no spill, no stack frame: sm_90 60 to 62 registers (nvcc 13.0)
#include "kernels/bits/dev_exp2.h"
#include "kernels/bits/dev_gumbel.h"
#include "kernels/bits/dev_log2.h"
#include "kernels/bits/dev_order.h"
#include "kernels/launch.h"
#include "kernels/row/slice_find.h"

namespace urnd {

struct RejectPolicy {
    enum { threads = 256, trials = 32 }; // guess
};

struct RejectArgs {
    urn_reject_params p;
    urn_reject_round *rounds;
};

struct RejectRoom {
    TeamRoom team;
    FindRoom find; // [trials]
};

URN_HOST_DEVICE RejectRoom reject_room(Arena &arena) {
    RejectRoom room = {team_room<TEAM_BLOCK>(arena), find_room(arena, RejectPolicy::trials)};
    return room;
}

// A row and its law: no steps, T = 1.
template <class Dtype> struct RejectRow {
    Global<const typename Dtype::Stored> data;
    uint32_t cols, position;
    uint64_t key, mass;
    float max;
    int32_t status;
    URN_DEVICE float x(uint32_t i) const { return logit<Dtype>(data.load(i)); }
    URN_DEVICE uint64_t w(uint32_t i) const { return weight(x(i), max, URN_LOG2E); }
};

// A place in the order of keys: larger comes first; sum 0 is none, and comes last.
URN_DEVICE bool comes_first(Tally a, Tally b) { return a.sum > b.sum || (a.sum == b.sum && a.max > b.max); }
URN_DEVICE int64_t tally_key(Tally t) { return (int64_t)(t.sum - (UINT64_C(1) << 62)); }
URN_DEVICE Tally tally_of(int64_t key, uint32_t id) { return {(uint64_t)(key + (INT64_C(1) << 62)), ~id, 0}; }

// The whole block calls: the row's status, M and Z in two walks.
template <class Dtype>
URN_DEVICE RejectRow<Dtype> reject_row(const urn_reject_params &p, Team<TEAM_BLOCK> &team, int64_t row) {
    typedef const typename Dtype::Stored Stored;
    int64_t rows = p.logits.rows;
    uint64_t seed = p.seed ? Global<const uint64_t>(p.seed, rows, TAG_INDEX).load(row) : p.seed_value;
    uint64_t label = p.label ? Global<const uint64_t>(p.label, rows, TAG_INDEX).load(row) : (uint64_t)row;
    RejectRow<Dtype> r = {
        Global<Stored>((Stored *)p.logits.data + row * p.logits.row_stride, p.logits.cols, TAG_LOGITS),
        (uint32_t)p.logits.cols,
        p.position_value,
        row_key(seed, label),
        0,
        0.0f,
        0};
    if (p.position) r.position = Global<const uint32_t>(p.position, rows, TAG_INDEX).load(row);
    Tally look = {0, URN_KEY_MINUS_INF, 0}, sum = {0, 0, 0};
    for (uint32_t i = team.thread; i < r.cols; i += team.threads) {
        uint32_t key = order_key(r.x(i));
        look.max = key > look.max ? key : look.max;
        look.flags |=
            (key < URN_KEY_MINUS_INF || key > URN_KEY_PLUS_INF ? 1u : 0u) | (key == URN_KEY_PLUS_INF ? 2u : 0u);
    }
    look = team_tally(team, look).all;
    r.max = key_value(look.max);
    if (look.flags)
        r.status = ((look.flags & 1) ? URN_ROW_NAN : 0) | ((look.flags & 2) ? URN_ROW_INF : 0);
    else if (look.max == URN_KEY_MINUS_INF)
        r.status = URN_ROW_EMPTY;
    if (r.status) return r;
    for (uint32_t i = team.thread; i < r.cols; i += team.threads) sum.sum += r.w(i);
    r.mass = team_tally(team, sum).all.sum;
    return r;
}

// Any thread: the place of an id in the order; sum 0 where its weight is 0.
template <class Dtype> URN_DEVICE Tally key_of(const RejectRow<Dtype> &r, uint32_t i) {
    float x = r.x(i);
    if (weight(x, r.max, URN_LOG2E) == 0) return {0, 0, 0};
    double y = (double)(x - r.max) * (double)URN_LOG2E;
    y = y < -0x1p20 ? -0x1p20 : y;
    return tally_of(gumbel_key(y, gumbel_bits(gumbel_block(r.key, i, 0, r.position), i)), i);
}

struct Accepted {
    Global<const uint32_t> words;
    URN_DEVICE bool has(uint32_t i) const { return words.load(i / 32) >> (i % 32) & 1; }
};

struct Verdict {
    int32_t id, status;
    uint32_t tried;
    uint64_t q, of; // the weight is q / of; q 0: -inf
};

// The whole block calls.
template <class Dtype>
URN_DEVICE Verdict recursive_verdict(const RejectRow<Dtype> &r, Team<TEAM_BLOCK> &team, const Accepted &accepted) {
    Tally x = {0, 0, 0}, next = {0, 0, 0}, gone = {0, 0, 0};
    uint64_t live = 0, before = 0;
    URN_ROLLED
    for (uint32_t i = team.thread; i < r.cols; i += team.threads) {
        if (!accepted.has(i)) { // no key needed yet, but those that weigh something are counted
            live += r.w(i) != 0 ? 1 : 0;
            continue;
        }
        Tally k = key_of(r, i);
        live += k.sum != 0 ? 1 : 0;
        if (comes_first(k, x)) x = k;
    }
    x = team_reduce<PickBest>(team, x).all;
    live = team_tally(team, {live, 0, 0}).all.sum;
    if (x.sum == 0) return {-1, URN_ROW_EMPTY, (uint32_t)live, 0, r.mass};
    URN_ROLLED
    for (uint32_t i = team.thread; i < r.cols; i += team.threads) {
        Tally k = key_of(r, i);
        if (comes_first(k, x))
            gone.sum += r.w(i), before++;
        else if (k.sum != 0 && k.max != x.max && comes_first(k, next))
            next = k;
    }
    gone = team_tally(team, gone).all;
    before = team_tally(team, {before, 0, 0}).all.sum;
    next = team_reduce<PickBest>(team, next).all;
    bool last = next.sum == 0, whole = last || accepted.has(~next.max);
    return {(int32_t)~x.max, 0, (uint32_t)before + (last ? 1 : 2), whole ? r.mass - gone.sum : r.w(~x.max), r.mass};
}

// The whole block calls: ids of trials [first, first + count) into find.found.
template <class Dtype>
URN_DEVICE void find_trials(const RejectRow<Dtype> &r, Team<TEAM_BLOCK> &team, FindRoom find, uint32_t first,
                            uint32_t count) {
    if (team.thread < count)
        find.target.store(team.thread, mulhi_u64(draw_bits(r.key, first + team.thread, r.position), r.mass));
    block_sync();
    find_in_slice(team, find, count, r.cols, [&](uint32_t i) { return r.w(i); });
}

// The whole block calls; every thread counts for itself.
template <class Dtype>
URN_DEVICE Verdict geometric_verdict(const urn_reject_params &p, const RejectRow<Dtype> &r, Team<TEAM_BLOCK> &team,
                                     FindRoom find, const Accepted &accepted) {
    uint32_t in = 0, out = 0;
    int32_t id = -1;
    URN_ROLLED
    while (in < (uint32_t)p.accepts && out < (uint32_t)p.rejects) {
        find_trials(r, team, find, in + out, RejectPolicy::trials);
        URN_ROLLED
        for (uint32_t j = 0; j < RejectPolicy::trials && in < (uint32_t)p.accepts && out < (uint32_t)p.rejects; j++) {
            uint32_t i = find.found.load(j);
            bool good = accepted.has(i);
            if (good && id < 0) id = (int32_t)i;
            in += good ? 1 : 0, out += good ? 0 : 1;
        }
        block_sync(); // before the next trials
    }
    uint32_t most = (uint32_t)p.accepts - 1;
    return {id, 0, in + out, in < most ? in : most, (uint64_t)in + out - 1};
}

// One thread.
URN_DEVICE float log_ratio(uint64_t q, uint64_t of) { return (float)((log2_u64(q) - log2_u64(of)) * URN_LN2); }

template <class Dtype> URN_KERNEL(RejectPolicy::threads) reject_kernel(URN_ARGS(RejectArgs) args) {
    const urn_reject_params &p = args.p;
    int64_t row = block_id(), rows = p.logits.rows;
    Arena arena(true);
    RejectRoom room = reject_room(arena);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    RejectRow<Dtype> r = reject_row<Dtype>(p, team, row);
    Verdict v = {-1, r.status, 0, 0, 0};
    Accepted accepted = {Global<const uint32_t>(p.accepted + row * p.accepted_stride, (r.cols + 31) / 32, TAG_MASK)};
    if (r.status == 0)
        v = p.estimator == URN_ESTIMATOR_RECURSIVE ? recursive_verdict(r, team, accepted)
                                                   : geometric_verdict(p, r, team, room.find, accepted);
    if (thread_id() != 0) return;
    if (p.ids) Global<int32_t>(p.ids, rows, TAG_OUT).store(row, v.id);
    if (p.tried) Global<int32_t>(p.tried, rows, TAG_OUT).store(row, (int32_t)v.tried);
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, v.status);
    if (!p.log_weight) return;
    float log_weight = r.status ? bits_f32(URN_NAN_BITS) : v.q == 0 ? bits_f32(0xff800000u) : log_ratio(v.q, v.of);
    Global<float>(p.log_weight, rows, TAG_OUT).store(row, log_weight);
}

// The whole block calls: the next id of the order after `from`, by one walk. sum 0: there is none.
template <class Dtype>
URN_DEVICE Tally next_in_order(const RejectRow<Dtype> &r, Team<TEAM_BLOCK> &team, Tally from, bool start) {
    Tally best = {0, 0, 0};
    URN_ROLLED
    for (uint32_t i = team.thread; i < r.cols; i += team.threads) {
        Tally k = key_of(r, i);
        if ((start || comes_first(from, k)) && comes_first(k, best)) best = k;
    }
    return team_reduce<PickBest>(team, best).all;
}

template <class Dtype> URN_KERNEL(RejectPolicy::threads) reject_round_kernel(URN_ARGS(RejectArgs) args) {
    const urn_reject_params &p = args.p;
    int64_t row = block_id();
    Arena arena(true);
    RejectRoom room = reject_room(arena);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    // the record's members lie in the caller's host layout: each is its own view
    urn_reject_round *record = args.rounds + row;
    Global<int64_t> key(&record->key, 1, TAG_STATE);
    Global<int32_t> id(&record->id, 1, TAG_STATE), next(&record->next, 1, TAG_STATE);
    Global<int32_t> status(&record->status, 1, TAG_STATE), given(&record->count, 1, TAG_STATE);
    Global<uint64_t> mass(&record->mass, 1, TAG_STATE), weights(record->weight, URN_REJECT_ROUND, TAG_STATE);
    Global<int32_t> ids(record->ids, URN_REJECT_ROUND, TAG_STATE);
    Global<float> log_weight(&record->log_weight, 1, TAG_STATE);
    int32_t from = next.load(0);
    if (from < 0) {
        if (from == URN_REJECT_LOG && thread_id() == 0) log_weight.store(0, log_ratio(weights.load(0), mass.load(0)));
        return;
    }
    bool start = id.load(0) < 0, recursive = p.estimator == URN_ESTIMATOR_RECURSIVE;
    Tally last = tally_of(start ? 0 : key.load(0), (uint32_t)id.load(0));
    RejectRow<Dtype> r = reject_row<Dtype>(p, team, row);
    uint32_t count = 0;
    if (r.status == 0 && !recursive) {
        find_trials(r, team, room.find, (uint32_t)from, URN_REJECT_ROUND);
        count = URN_REJECT_ROUND;
        if (thread_id() < count) ids.store(thread_id(), (int32_t)room.find.found.load(thread_id()));
    }
    URN_ROLLED
    while (r.status == 0 && recursive && count < URN_REJECT_ROUND) {
        Tally found = next_in_order(r, team, last, start && count == 0);
        if (found.sum == 0) break;
        last = found;
        if (thread_id() == 0) ids.store(count, (int32_t)~found.max), weights.store(count, r.w(~found.max));
        count++;
    }
    if (thread_id() != 0) return;
    if (recursive && count != 0) key.store(0, tally_key(last)), id.store(0, (int32_t)~last.max);
    for (uint32_t i = 0; i < URN_REJECT_ROUND; i++) {
        if (i >= count) ids.store(i, -1);
        if (i >= count || !recursive) weights.store(i, 0);
    }
    mass.store(0, r.mass);
    status.store(0, r.status);
    given.store(0, (int32_t)count);
}

inline int launch_reject(const urnk_device *device, const urn_reject_params *p, urn_reject_round *rounds,
                         struct CUstream_st *stream) {
    RejectArgs args = {*p, rounds};
    Arena arena(false);
    reject_room(arena);
    Shape shape = {(uint32_t)p->logits.rows, RejectPolicy::threads, 1, arena.used};
    set_launch_options(device);
    if (p->logits.dtype == URN_F32)
        return launch(rounds ? reject_round_kernel<F32> : reject_kernel<F32>, shape, stream, args);
    if (p->logits.dtype == URN_F16)
        return launch(rounds ? reject_round_kernel<F16> : reject_kernel<F16>, shape, stream, args);
    return launch(rounds ? reject_round_kernel<Bf16> : reject_kernel<Bf16>, shape, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(reject)(const urnk_device *device, const urn_reject_params *params,
                                struct CUstream_st *stream) {
    return urnd::launch_reject(device, params, nullptr, stream);
}

extern "C" int URN_SIDE(reject_round)(const urnk_device *device, const urn_reject_params *params,
                                      urn_reject_round *rounds, struct CUstream_st *stream) {
    return urnd::launch_reject(device, params, rounds, stream);
}
