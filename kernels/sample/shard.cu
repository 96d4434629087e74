// shard.cu - a vocabulary over several devices: look at a slice, sum over it, merge what all shards say.
// shapes   logits [rows, cols] of this shard; messages [shards, rows] of 1040 and 48 bytes
// idea     a block a row. first: status, largest raw logit and the first ids in the order, in one walk; second: integer
//          sums with the M of all shards, one walk; finish: sums over shards, or the rest of the list on the ids listed
// minimum  slice*e a round                    this kernel: the same; finish reads up to the id where a row is drawn by
//          inverse CDF without a top-k; messages: shards*1040 bytes a row in second and finish
// bound    DRAM read in first; in second issue slots (25 an id for a weight; by Gumbel keys 120, half of them f64)
// launch   grid rows, block 256, shared 3 KB, and 17 KB in first with a top-k, 18 KB in finish with one
// bits     as urn_sample on the whole row: integers by global ids
// tail     any shard may be of any width; slices start anywhere, so loads are of single elements
// ptxas    15 kernels, no spill, no stack frame: sm_90 44 to 64 registers (nvcc 13.0)
#include "kernels/bits/dev_gumbel.h"
#include "kernels/bits/dev_log2.h"
#include "kernels/launch.h"
#include "kernels/sample/shard_list.h"
#include "kernels/sample/shard_row.h"
#include "kernels/sample/shard_top.h"

namespace urnd {

// Words of the messages.
enum { M1_STATUS, M1_POSSIBLE, M1_RAW, M1_LISTED, M1_X, M1_ID = M1_X + URN_SHARD_K, M1_WORDS = M1_ID + URN_SHARD_K };
enum { M2_MASS, M2_RAW, M2_ENTROPY, M2_GUMBEL, M2_ID_X, M2_KEPT, M2_WORDS }; // of 64 bits
static_assert(M1_WORDS * 4 == sizeof(urn_shard_message1) && M2_WORDS * 8 == sizeof(urn_shard_message2), "layout");

URN_DEVICE uint64_t entry_of(float x, uint32_t id) { return (uint64_t)order_key(x) << 32 | (uint32_t)~id; }
URN_DEVICE float entry_x(uint64_t entry) { return key_value((uint32_t)(entry >> 32)); }

template <class Dtype> struct SliceView {
    Global<const typename Dtype::Stored> data;
    uint32_t cols, first;
    URN_DEVICE float raw(uint32_t i) const { return logit<Dtype>(data.load_once(i)); }
};

template <class Dtype> URN_DEVICE SliceView<Dtype> slice_view(const urn_shard_params &p, int64_t row) {
    typedef const typename Dtype::Stored Stored;
    return {Global<Stored>((Stored *)p.logits.data + row * p.logits.row_stride, p.logits.cols, TAG_LOGITS),
            (uint32_t)p.logits.cols, (uint32_t)p.first};
}

// first

// A row's message; `listed` entries are sorted.
URN_DEVICE void write_first(const ShardArgs &args, int64_t row, int32_t status, uint32_t possible, float raw_max,
                            uint32_t listed, Shared<uint64_t> entry) {
    Global<uint32_t> out((uint32_t *)args.mine1 + row * M1_WORDS, M1_WORDS, TAG_OUT);
    for (uint32_t i = thread_id(); i < URN_SHARD_K; i += ShardPolicy::threads) {
        uint64_t e = i < listed ? entry.load(i) : 0;
        out.store(M1_X + i, i < listed ? f32_bits(entry_x(e)) : 0xff800000u);
        out.store(M1_ID + i, i < listed ? ~(uint32_t)e : 0xffffffffu);
    }
    if (thread_id() != 0) return;
    out.store(M1_STATUS, (uint32_t)status);
    out.store(M1_POSSIBLE, possible);
    out.store(M1_RAW, f32_bits(raw_max));
    out.store(M1_LISTED, listed);
}

template <class Dtype, bool LISTS> URN_KERNEL(ShardPolicy::threads) shard_first_kernel(URN_ARGS(ShardArgs) args) {
    int64_t index = block_id();
    Arena arena(true);
    ShardRoom room = shard_room(arena);
    TopRoom top = top_room(arena, LISTS);
    Shared<uint64_t> only = arena.take<uint64_t>(1, "shard.only");
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    if (thread_id() == 0) top.count.store(0, 0);
    ShardHead head = shard_head(args, room, index);
    const float none = bits_f32(0xff800000u);
    if (head.status) {
        write_first(args, index, head.status, 0, none, 0, only);
        return;
    }
    SliceView<Dtype> slice = slice_view<Dtype>(args.p, index);
    Tally seen = {0, URN_KEY_MINUS_INF, 0}, raws = {0, URN_KEY_MINUS_INF, 0};
    uint64_t best = 0, least = 0; // entries at or below `least` are not among the first
    URN_ROLLED
    for (uint32_t base = 0; base < slice.cols; base += TOP_ROUND) {
        URN_ROLLED
        for (uint32_t e = 0; e < TOP_EACH; e++) {
            uint32_t i = base + e * ShardPolicy::threads + thread_id();
            if (i >= slice.cols) break;
            float raw = slice.raw(i);
            uint32_t key = order_key(raw);
            raws.max = key > raws.max ? key : raws.max;
            seen.flags |=
                (key < URN_KEY_MINUS_INF || key > URN_KEY_PLUS_INF ? 1u : 0u) | (key == URN_KEY_PLUS_INF ? 2u : 0u);
            NewValue now = shard_value(room, head.logit_steps, raw, slice.first + i);
            raws.flags |= now.wrong ? 1u : 0u;
            if (!(now.x > none)) continue;
            seen.sum++;
            uint64_t entry = entry_of(now.x, slice.first + i);
            best = entry > best ? entry : best;
            if (LISTS && entry > least) top.entry.store(top.count.add(0, 1), entry);
        }
        if (!LISTS) continue;
        block_sync();
        if (top.count.load(0) <= TOP_ROOM - TOP_ROUND) {
            block_sync(); // the next round changes the count
            continue;
        }
        sort_top(top);
        least = top.entry.load(URN_SHARD_K - 1);
        block_sync();
    }
    seen = team_tally(team, seen).all, raws = team_tally(team, raws).all;
    int32_t status = ((seen.flags & 1) ? URN_ROW_NAN : 0) | ((seen.flags & 2) ? URN_ROW_INF : 0);
    if (status == 0 && raws.flags) status = URN_ROW_PARAM;
    if (status) {
        write_first(args, index, status, 0, none, 0, only);
        return;
    }
    float raw_max = key_value(raws.max);
    if (LISTS) {
        sort_top(top);
        write_first(args, index, 0, (uint32_t)seen.sum, raw_max, top.count.load(0), top.entry);
        return;
    }
    Tally first = team_reduce<PickBest>(team, {best, 0, 0}).all;
    if (thread_id() == 0) only.store(0, first.sum);
    block_sync();
    write_first(args, index, 0, (uint32_t)seen.sum, raw_max, first.sum ? 1 : 0, only);
}

// second and finish

URN_DEVICE Global<const uint32_t> first_message(const ShardArgs &args, uint32_t shard, int64_t row) {
    int64_t at = (int64_t)shard * args.p.logits.rows + row;
    return Global<const uint32_t>((const uint32_t *)args.all1 + at * M1_WORDS, M1_WORDS, TAG_INDEX);
}

// How many entries a message lists, whatever it says.
URN_DEVICE uint32_t listed_of(const Global<const uint32_t> &m) {
    uint32_t listed = m.load(M1_LISTED);
    return listed < URN_SHARD_K ? listed : URN_SHARD_K;
}

// The block calls: what the first messages say of the row together.
URN_DEVICE ShardMerged merge_first(const ShardArgs &args, ShardRoom room, int64_t row) {
    if (warp_id() == 0) {
        uint32_t status = 0, raw = 0;
        uint64_t possible = 0, best = 0;
        for (uint32_t s = lane_id(); s < (uint32_t)args.p.shards; s += 32) {
            Global<const uint32_t> m = first_message(args, s, row);
            status |= m.load(M1_STATUS);
            possible += m.load(M1_POSSIBLE);
            raw = raw > order_key(bits_f32(m.load(M1_RAW))) ? raw : order_key(bits_f32(m.load(M1_RAW)));
            uint64_t entry = entry_of(bits_f32(m.load(M1_X)), m.load(M1_ID));
            if (m.load(M1_LISTED) != 0 && entry > best) best = entry;
        }
        raw = max_u32(raw);
        possible = sum_u64(possible);
        best = PickBest::warp({best, 0, 0}).sum;
        bool index = any((status & URN_ROW_INDEX) != 0), nan = any((status & URN_ROW_NAN) != 0);
        bool inf = any((status & URN_ROW_INF) != 0), param = any((status & URN_ROW_PARAM) != 0);
        int32_t merged = index           ? URN_ROW_INDEX
                         : nan || inf    ? (nan ? URN_ROW_NAN : 0) | (inf ? URN_ROW_INF : 0)
                         : param         ? URN_ROW_PARAM
                         : possible == 0 ? URN_ROW_EMPTY
                                         : 0;
        if (lane_id() == 0) room.merged.store(0, {possible, best, merged, key_value(raw)});
    }
    block_sync();
    return room.merged.load(0);
}

// Any thread: the weight of an id in the law drawn from, without a top-k and not greedy; 0 also where it is not in K.
struct KeptWeight {
    uint64_t w;
    bool kept;
};
URN_DEVICE KeptWeight kept_weight(ShardRoom room, const ShardHead &head, float x, float max) {
    if (!(x > bits_f32(0xff800000u))) return {0, false};
    URN_ROLLED
    for (uint32_t i = 0; i < head.cuts; i++) {
        ShardCut cut = room.cuts.load(i);
        if (weight(x, max, cut.c) < cut.least) return {0, false};
    }
    return {weight(x, max, head.c), true};
}

URN_DEVICE void write_second(const ShardArgs &args, int64_t row, const uint64_t out[M2_WORDS]) {
    Global<uint64_t> mine((uint64_t *)args.mine2 + row * M2_WORDS, M2_WORDS, TAG_OUT);
    for (int i = 0; i < M2_WORDS; i++) mine.store(i, out[i]);
}

template <class Dtype> URN_KERNEL(ShardPolicy::threads) shard_second_kernel(URN_ARGS(ShardArgs) args) {
    const urn_shard_params &p = args.p;
    int64_t index = block_id();
    Arena arena(true);
    ShardRoom room = shard_room(arena);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    ShardHead head = shard_head(args, room, index);
    ShardMerged all = merge_first(args, room, index);
    bool sums = all.status == 0 && head.top_k == 0 && !head.greedy, raws = all.status == 0 && p.lse != nullptr;
    bool gumbel = sums && p.method == URN_DRAW_GUMBEL;
    SliceView<Dtype> slice = slice_view<Dtype>(p, index);
    float max = entry_x(all.best);
    Tally mass = {0, 0, 0}, raw_mass = {0, 0, 0}, entropy = {0, 0, 0}, best = {0, 0, 0};
    URN_ROLLED
    for (uint32_t i = thread_id(); i < slice.cols && (sums || raws); i += ShardPolicy::threads) {
        float raw = slice.raw(i);
        uint32_t id = slice.first + i;
        if (raws) raw_mass.sum += weight(raw, all.raw_max, URN_LOG2E);
        if (!sums) continue;
        float x = shard_value(room, head.logit_steps, raw, id).x;
        KeptWeight k = kept_weight(room, head, x, max);
        if (!k.kept) continue;
        mass.sum += k.w, raw_mass.max++;
        if (p.entropy) entropy.sum += entropy_term(x, max, head.c);
        if (!gumbel || k.w == 0) continue;
        double y = (double)(x - max) * (double)head.c;
        Random4 block = gumbel_block(head.key, id, 0, head.position);
        uint64_t lifted =
            (uint64_t)(gumbel_key(y < -0x1p20 ? -0x1p20 : y, gumbel_bits(block, id)) + (INT64_C(1) << 62));
        if (lifted > best.sum) best = {lifted, ~id, f32_bits(x)}; // ids rise: a tie stays with the first
    }
    uint64_t kept = team_tally(team, {raw_mass.max, 0, 0}).all.sum;
    mass = team_tally(team, mass).all;
    raw_mass = team_tally(team, {raw_mass.sum, 0, 0}).all;
    entropy = team_tally(team, entropy).all;
    best = team_reduce<PickBest>(team, best).all;
    if (thread_id() != 0) return;
    bool any_key = best.sum != 0;
    const uint64_t out[M2_WORDS] = {mass.sum,
                                    raw_mass.sum,
                                    entropy.sum,
                                    any_key ? best.sum - (UINT64_C(1) << 62) : 0,
                                    any_key ? (uint64_t)best.flags << 32 | (uint32_t)~best.max : 0xffffffffu,
                                    kept};
    write_second(args, index, out);
}

// A row's outputs; any thread's `write` decides. status not 0: nothing was drawn.
URN_DEVICE void write_answer(const urn_shard_params &p, int64_t row, int32_t status, const ShardAnswer &a,
                             float raw_max, uint64_t raw_mass) {
    const float none = bits_f32(URN_NAN_BITS);
    int64_t rows = p.logits.rows;
    bool good = status == 0, here = good && a.id >= 0;
    double total = !good || a.greedy ? 0.0 : log2_total(a.mass);
    if (p.ids) Global<int32_t>(p.ids, rows, TAG_OUT).store(row, here ? a.id : -1);
    if (p.logprob) {
        float lp = a.greedy ? 0.0f : log_probability(a.x, a.max, a.c, total);
        Global<float>(p.logprob, rows, TAG_OUT).store(row, here ? lp : none);
    }
    if (p.lse) Global<float>(p.lse, rows, TAG_OUT).store(row, good ? log_sum_exp(raw_max, log2_total(raw_mass)) : none);
    if (p.entropy) {
        float e = a.greedy ? 0.0f : entropy_nats(a.entropy, a.mass, total);
        Global<float>(p.entropy, rows, TAG_OUT).store(row, good ? e : none);
    }
    if (p.kept_count) Global<int32_t>(p.kept_count, rows, TAG_OUT).store(row, good ? (int32_t)a.kept : 0);
    if (p.status) Global<int32_t>(p.status, rows, TAG_OUT).store(row, status);
}

// The block calls: the first k of all shards' lists, sorted, into list.entry; how many this thread put there. An
// entry's place is how many come before it: its place in its own list and, by bisection, in every other. The messages
// are read where they lie, in L2: 64 shards' lists would not fit in shared memory.
URN_DEVICE uint32_t merge_lists(const ShardArgs &args, ListRoom list, int64_t row, uint32_t k) {
    uint32_t shards = (uint32_t)args.p.shards, mine = 0;
    for (uint32_t c = thread_id(); c < shards * URN_SHARD_K; c += ShardPolicy::threads) {
        uint32_t s = c / URN_SHARD_K, before = c % URN_SHARD_K;
        Global<const uint32_t> m = first_message(args, s, row);
        if (before >= listed_of(m)) continue;
        uint64_t entry = entry_of(bits_f32(m.load(M1_X + before)), m.load(M1_ID + before));
        for (uint32_t o = 0; o < shards && before < k; o++) {
            Global<const uint32_t> other = first_message(args, o, row);
            uint32_t low = 0, high = o == s ? 0 : listed_of(other);
            while (low < high) {
                uint32_t middle = (low + high) / 2;
                if (entry_of(bits_f32(other.load(M1_X + middle)), other.load(M1_ID + middle)) > entry)
                    low = middle + 1;
                else
                    high = middle;
            }
            before += low;
        }
        if (before < k) list.entry.store(before, entry), mine++;
    }
    return mine;
}

template <class Dtype, bool LISTS> URN_KERNEL(ShardPolicy::threads) shard_finish_kernel(URN_ARGS(ShardArgs) args) {
    const urn_shard_params &p = args.p;
    int64_t index = block_id();
    Arena arena(true);
    ShardRoom room = shard_room(arena);
    ListRoom list = list_room(arena);
    Team<TEAM_BLOCK> team = team_here<TEAM_BLOCK>(room.team);
    ShardHead head = shard_head(args, room, index);
    ShardMerged all = merge_first(args, room, index);
    ShardAnswer a = {-1, 0.0f, entry_x(all.best), head.c, 0, 0, 0, head.greedy != 0};
    if (all.status) {
        if (thread_id() == 0) write_answer(p, index, all.status, a, 0.0f, 0);
        return;
    }
    uint64_t raw = 0, before = 0, own = 0;
    int64_t best_key = 0;
    Global<const uint64_t> sums((const uint64_t *)args.all2, p.shards * p.logits.rows * M2_WORDS, TAG_INDEX);
    for (int32_t s = 0; s < p.shards; s++) { // every thread: a few words of each, from L1
        int64_t at = ((int64_t)s * p.logits.rows + index) * M2_WORDS;
        raw += sums.load(at + M2_RAW);
        if (LISTS) continue;
        uint64_t mass = sums.load(at + M2_MASS), id_x = sums.load(at + M2_ID_X);
        if (s < p.shard) before += mass;
        if (s == p.shard) own = mass;
        a.mass += mass;
        a.entropy += sums.load(at + M2_ENTROPY);
        a.kept += (uint32_t)sums.load(at + M2_KEPT);
        int64_t key = (int64_t)sums.load(at + M2_GUMBEL);
        if ((int32_t)(uint32_t)id_x >= 0 && (a.id < 0 || key > best_key)) // shards rise: a tie stays with the first
            best_key = key, a.id = (int32_t)(uint32_t)id_x, a.x = bits_f32((uint32_t)(id_x >> 32));
    }
    if (LISTS) {
        uint64_t mine = merge_lists(args, list, index, head.top_k);
        uint64_t count = team_tally(team, {mine, 0, 0}).all.sum; // at most k, unless messages are not what shards wrote
        a = run_list(p, team, room, list, head, count < head.top_k ? (uint32_t)count : head.top_k);
    } else if (head.greedy) {
        a.id = (int32_t) ~(uint32_t)all.best, a.x = a.max, a.kept = 1;
    } else if (p.method != URN_DRAW_GUMBEL) {
        uint64_t r = mulhi_u64(draw_bits(head.key, 0, head.position), a.mass);
        a.id = -1;
        if (r >= before && r - before < own) {
            SliceView<Dtype> slice = slice_view<Dtype>(p, index);
            auto x_of = [&](uint32_t i) {
                return shard_value(room, head.logit_steps, slice.raw(i), slice.first + i).x;
            };
            auto weight_of = [&](uint32_t i) { return kept_weight(room, head, x_of(i), a.max).w; };
            if (thread_id() == 0) room.find.target.store(0, r - before);
            block_sync();
            find_in_slice(team, room.find, 1, slice.cols, weight_of);
            uint32_t i = room.find.found.load(0);
            a.id = (int32_t)(slice.first + i), a.x = x_of(i);
        }
    }
    if (thread_id() == 0) write_answer(p, index, 0, a, all.raw_max, raw);
}

// launching

template <class Dtype> inline void (*shard_kernel_of_dtype(int round, bool lists))(ShardArgs) {
    if (round == 1) return lists ? shard_first_kernel<Dtype, true> : shard_first_kernel<Dtype, false>;
    if (round == 2) return shard_second_kernel<Dtype>;
    return lists ? shard_finish_kernel<Dtype, true> : shard_finish_kernel<Dtype, false>;
}

inline int launch_shard(int round, const urnk_device *device, ShardArgs &args, struct CUstream_st *stream) {
    const urn_shard_params &p = args.p;
    args.first_top_k = -1;
    for (int32_t i = 0; i < p.count; i++) {
        args.steps[i] = p.steps[i];
        if (args.first_top_k < 0 && p.steps[i].op == URN_OP_TOP_K) args.first_top_k = i;
    }
    bool lists = args.first_top_k >= 0;
    Arena arena(false);
    shard_room(arena);
    if (round == 1) top_room(arena, lists), arena.take<uint64_t>(1, "shard.only");
    if (round == 3) list_room(arena);
    void (*kernel)(ShardArgs) = p.logits.dtype == URN_F32   ? shard_kernel_of_dtype<F32>(round, lists)
                                : p.logits.dtype == URN_F16 ? shard_kernel_of_dtype<F16>(round, lists)
                                                            : shard_kernel_of_dtype<Bf16>(round, lists);
    set_launch_options(device);
    return launch(kernel, {(uint32_t)p.logits.rows, ShardPolicy::threads, 1, arena.used}, stream, args);
}

} // namespace urnd

extern "C" int URN_SIDE(shard_first)(const urnk_device *device, const urn_shard_params *params,
                                     urn_shard_message1 *mine, struct CUstream_st *stream) {
    urnd::ShardArgs args = {};
    args.p = *params, args.mine1 = mine;
    return urnd::launch_shard(1, device, args, stream);
}

extern "C" int URN_SIDE(shard_second)(const urnk_device *device, const urn_shard_params *params,
                                      const urn_shard_message1 *all, urn_shard_message2 *mine,
                                      struct CUstream_st *stream) {
    urnd::ShardArgs args = {};
    args.p = *params, args.all1 = all, args.mine2 = mine;
    return urnd::launch_shard(2, device, args, stream);
}

extern "C" int URN_SIDE(shard_finish)(const urnk_device *device, const urn_shard_params *params,
                                      const urn_shard_message1 *all1, const urn_shard_message2 *all2,
                                      struct CUstream_st *stream) {
    urnd::ShardArgs args = {};
    args.p = *params, args.all1 = all1, args.all2 = all2;
    return urnd::launch_shard(3, device, args, stream);
}
