// topk_inclusion.cu - probabilities proportional to weights, at most 1, with sum k: urn_inclusion, in one launch.
// shapes   weights [rows, cols] f32 -> p [rows, cols] u64
// idea     a block a row. The largest weight that stays below 1 is where the sum of min(w, t) falls below k t: a search
//          by three bits of t a walk. Then shares of a prefix sum, as differences of quotients of 128 bits
// minimum  rows*cols*12 bytes     this kernel: the weights 3 times, or 18 where more than k are above 0, from L2 but
//          for the first; p once
// bound    L2 and integer issue slots
// launch   grid rows, block 256, shared 2 KB
// bits     integers; f64 guesses quotients that integers correct
// tail     any cols
// ptxas    1 kernel, no spill, no stack frame (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch_topk.h"
#include "kernels/row/tile_scan.h"

namespace urnd {

struct InclusionPolicy {
    enum { threads = 256, each = 4, ways = 7 }; // consecutive weights of a thread in the last walk; guess
};

// A weight that is finite and at least 0, as significand * 2^exponent.
struct WeightParts {
    uint32_t significand;
    int32_t exponent;
};
URN_DEVICE WeightParts weight_parts(uint32_t bits) {
    uint32_t field = bits >> 23 & 0xff, fraction = bits & 0x7fffff;
    return {field ? fraction | 0x800000 : fraction, (int32_t)(field ? field : 1) - 150};
}

struct InclusionRow {
    Global<const uint32_t> weights;
    int64_t cols;
    int32_t shift; // 40 - e
    // floor(x * 2^(40 - e)), at most 2^40.
    URN_DEVICE uint64_t w(int64_t i) const {
        WeightParts x = weight_parts(weights.load(i));
        int32_t s = x.exponent + shift;
        return s >= 0 ? (uint64_t)x.significand << s : s > -32 ? x.significand >> -s : 0;
    }
};

// floor(m * 2^62 * part / all) mod 2^64; m * part / all below 2^44, part and all at most 2^62, all > 0.
URN_DEVICE uint64_t share_before(uint64_t m, uint64_t part, const Divisor &all) {
    Quotient whole = divide(wide_product(m, part), all);
    Quotient high = divide(wide_product(whole.rest.low, UINT64_C(1) << 31), all);
    Quotient low = divide(wide_product(high.rest.low, UINT64_C(1) << 31), all);
    return (whole.whole << 62) + (high.whole << 31) + low.whole;
}

// The whole block calls: a walk over the row's w.
template <class F> URN_DEVICE void each_weight(const Block &team, const InclusionRow &r, const F &f) {
    URN_ROLLED
    for (int64_t i = team.thread; i < r.cols; i += team.threads) f(r.w(i));
}

// The whole block calls: the t of bits_topk.h T8, where more than k weigh something. Sums are below 2^62.
URN_DEVICE uint64_t largest_share(Block &team, const InclusionRow &r, uint64_t k) {
    uint64_t t = 0;
    URN_ROLLED
    for (int32_t shift = 39; shift >= 0; shift -= 3) {
        uint64_t sum[InclusionPolicy::ways] = {0, 0, 0, 0, 0, 0, 0};
        each_weight(team, r, [&](uint64_t w) {
            URN_UNROLL
            for (uint32_t j = 0; j < InclusionPolicy::ways; j++) {
                uint64_t least = t + ((uint64_t)(j + 1) << shift);
                sum[j] += w < least ? w : least;
            }
        });
        uint64_t step = 0;
        URN_UNROLL
        for (uint32_t j = 0; j < InclusionPolicy::ways; j++) {
            uint64_t least = t + ((uint64_t)(j + 1) << shift), all = team_tally(team, {sum[j], 0, 0}).all.sum;
            if (least <= UINT64_C(1) << 40 && all >= k * least)
                step = (uint64_t)(j + 1) << shift; // never again once not
        }
        t += step;
    }
    return t;
}

// The whole block calls: p of a row without a status. m weigh more than t; of the others' sum `rest`, shares of k - m.
URN_DEVICE void write_shares(Block &team, const InclusionRow &r, Global<uint64_t> out, uint64_t t, uint64_t shares,
                             uint64_t rest) {
    const Divisor all = divisor(wide(rest ? rest : 1));
    uint64_t carried = 0;
    URN_ROLLED
    for (int64_t base = 0; base < r.cols; base += (int64_t)team.threads * InclusionPolicy::each) {
        int64_t from = base + (int64_t)team.thread * InclusionPolicy::each;
        int64_t to = r.cols - from < InclusionPolicy::each ? r.cols : from + InclusionPolicy::each;
        uint64_t mine = 0;
        for (int64_t i = from; i < to; i++) {
            uint64_t w = r.w(i);
            mine += w > t ? 0 : w;
        }
        uint64_t before = carried + block_before(team, mine);
        carried += team_tally(team, {mine, 0, 0}).all.sum;
        uint64_t last = from < to && shares ? share_before(shares, before, all) : 0;
        URN_ROLLED
        for (int64_t i = from; i < to; i++) {
            uint64_t w = r.w(i), p = URN_FIXED_ONE;
            if (w <= t) {
                before += w;
                uint64_t next = shares ? share_before(shares, before, all) : 0;
                p = next - last, last = next;
            }
            out.store(i, p);
        }
    }
}

URN_KERNEL(InclusionPolicy::threads) inclusion_kernel(URN_ARGS(urn_inclusion_params) p) {
    Arena arena(true);
    Block team = team_here<TEAM_BLOCK>(team_room<TEAM_BLOCK>(arena));
    const int64_t row = block_id();
    InclusionRow r = {Global<const uint32_t>((const uint32_t *)p.weights + row * p.weights_stride, p.cols, TAG_LOGITS),
                      p.cols, 0};
    Global<uint64_t> out(p.p + row * p.p_stride, p.cols, TAG_OUT);
    int64_t k = p.k_of_row ? Global<const int32_t>(p.k_of_row, p.rows, TAG_PARAM).load(row) : p.k;
    Tally look = {0, 0, 0}; // below 0, the largest, NaN and +inf
    URN_ROLLED
    for (int64_t i = team.thread; i < p.cols; i += team.threads) {
        uint32_t bits = r.weights.load(i), size = bits & 0x7fffffffu;
        bool nan = size > 0x7f800000u, negative = !nan && (bits >> 31) != 0 && size != 0;
        look.flags |= nan ? 1u : bits == 0x7f800000u ? 2u : 0u;
        look.sum += negative ? 1 : 0;
        if (!nan && !negative && size > look.max) look.max = size;
    }
    look = team_tally(team, look).all;
    int32_t status = ((look.flags & 1) ? URN_ROW_NAN : 0) | ((look.flags & 2) ? URN_ROW_INF : 0);
    if (status == 0 && (look.sum != 0 || k < 0 || k > p.k)) status = URN_ROW_PARAM;
    if (status == 0 && look.max == 0) status = URN_ROW_EMPTY;
    if (p.status && team.thread == 0) Global<int32_t>(p.status, p.rows, TAG_OUT).store(row, status);
    if (status) {
        for (int64_t i = team.thread; i < p.cols; i += team.threads) out.store(i, 0);
        return;
    }
    WeightParts largest = weight_parts(look.max);
    bool power = (largest.significand & (largest.significand - 1)) == 0;
    r.shift = 40 - (largest.exponent + 63 - clz_u64(largest.significand) + (power ? 0 : 1));

    uint64_t live = 0;
    each_weight(team, r, [&](uint64_t w) { live += w != 0 ? 1 : 0; });
    live = team_tally(team, {live, 0, 0}).all.sum;
    // with k or fewer above 0 all of these are above t, and nobody has a share
    uint64_t t = live <= (uint64_t)k ? 0 : largest_share(team, r, (uint64_t)k), above = 0, rest = 0;
    each_weight(team, r, [&](uint64_t w) { above += w > t ? 1 : 0, rest += w > t ? 0 : w; });
    above = team_tally(team, {above, 0, 0}).all.sum;
    rest = team_tally(team, {rest, 0, 0}).all.sum;
    write_shares(team, r, out, t, t == 0 ? 0 : (uint64_t)k - above, rest);
}

} // namespace urnd

extern "C" int URN_SIDE(inclusion)(const urnk_device *device, const urn_inclusion_params *params,
                                   struct CUstream_st *stream) {
    if (params->rows == 0) return 0;
    urnd::set_launch_options(device);
    urnd::Arena arena(false);
    urnd::team_room<urnd::TEAM_BLOCK>(arena);
    urnd::Shape shape = {(uint32_t)params->rows, urnd::InclusionPolicy::threads, 1, arena.used};
    return urnd::launch(urnd::inclusion_kernel, shape, stream, *params);
}
