// topk_uniform.cu - uniform choices: elements of keyed permutations, resamples with replacement, fields of bits.
// shapes   permute: out [count] i64; bootstrap: ids [rows, draws], counts [rows, n] i32; field: bits [rows, n / 32] u32
// idea     everything is a function of its own number: a thread an element of a permutation (8 rounds of a Feistel
//          cipher, again while outside), two draws of a resample, 32 bits of a field
// minimum  the outputs once     this kernel: the same; counts are zeroed, then an atomic in L2 a draw
// bound    Philox: permute 8 to 16 blocks an element; field 8 blocks a word; bootstrap half a block a draw
// launch   one, of as many blocks as keep the device busy, each a stretch after another; counts: a memset before it
// bits     integers
// tail     any sizes; fields end within their last word
// ptxas    3 kernels, no spill, no stack frame (nvcc 13.0, --Ofast-compile=min)
#include "kernels/launch_topk.h"
#include "kernels/topk/row_noise.h"

namespace urnd {

struct UniformPolicy {
    enum { threads = 256, each = 8, blocks = 16 }; // things of a thread in a stretch; blocks a multiprocessor; guesses
};

URN_DEVICE Random4 uniform_block(RowNoise noise, uint64_t j, uint32_t draw) {
    return philox(noise.key, {(uint32_t)j, draw, noise.position, URN_STREAM_UNIFORM});
}

// Every thread of the launch calls: each(row, i, noise) for i in [0, count) of every row, by stretches of a block.
template <class Params, class Each>
URN_DEVICE void each_of_rows(const Params &p, int64_t rows, int64_t count, const Each &each) {
    const int64_t stretch = (int64_t)block_threads() * UniformPolicy::each;
    const int64_t parts = (count + stretch - 1) / stretch, all = rows * parts; // below 2^31 * 2^25
    URN_ROLLED
    for (int64_t part = block_id(); part < all; part += grid_blocks()) {
        int64_t row = part / parts, from = part % parts * stretch;
        int64_t to = count - from < stretch ? count : from + stretch;
        RowNoise noise = row_noise(p, row);
        URN_ROLLED
        for (int64_t i = from + thread_id(); i < to; i += block_threads()) each(row, i, noise);
    }
}

inline Shape uniform_shape(const urnk_device &d, int64_t rows, int64_t count) {
    int64_t stretch = UniformPolicy::threads * UniformPolicy::each, parts = (count + stretch - 1) / stretch;
    int64_t most = (int64_t)d.multiprocessors * UniformPolicy::blocks;
    bool few = parts == 0 || rows <= most / parts;
    return {(uint32_t)(few ? rows * parts : most), UniformPolicy::threads, 1, 0};
}

struct PermuteArgs {
    urn_permute_params p;
    uint32_t low, high; // bits of the halves
};

URN_KERNEL(UniformPolicy::threads) permute_kernel(URN_ARGS(PermuteArgs) args) {
    const urn_permute_params &p = args.p;
    const RowNoise noise = {row_key(p.seed, p.label), p.position};
    const uint32_t low_mask = (1u << args.low) - 1, high_mask = (1u << args.high) - 1;
    const int64_t stride = (int64_t)grid_blocks() * block_threads();
    URN_ROLLED
    for (int64_t i = (int64_t)block_id() * block_threads() + thread_id(); i < p.count; i += stride) {
        int64_t x = p.index ? Global<const int64_t>(p.index, p.count, TAG_INDEX).load(i) : p.first + i;
        bool inside = x >= 0 && x < p.n;
        URN_ROLLED
        while (inside) { // a cycle of a permutation comes back below n
            uint32_t a = (uint32_t)(x >> args.low) & high_mask, b = (uint32_t)x & low_mask;
            URN_ROLLED
            for (uint32_t step = 0; step < URN_PERMUTE_ROUNDS; step++) {
                uint32_t r = p.inverse ? URN_PERMUTE_ROUNDS - 1 - step : step;
                uint32_t f = uniform_block(noise, (r & 1) ? a : b, r).word[0];
                if (r & 1)
                    b ^= f & low_mask;
                else
                    a ^= f & high_mask;
            }
            x = (int64_t)a << args.low | b;
            if (x < p.n) break;
        }
        Global<int64_t>(p.out, p.count, TAG_OUT).store(i, inside ? x : -1);
    }
}

URN_KERNEL(UniformPolicy::threads) bootstrap_kernel(URN_ARGS(urn_bootstrap_params) p) {
    each_of_rows(p, p.rows, (p.draws + 1) / 2, [&](int64_t row, int64_t pair, RowNoise noise) {
        Random4 block = uniform_block(noise, (uint64_t)pair, 16);
        URN_ROLLED
        for (uint32_t half = 0; half < 2 && 2 * pair + half < p.draws; half++) {
            uint64_t u = half ? (uint64_t)block.word[3] << 32 | block.word[2] : block.low64();
            int64_t id = (int64_t)mulhi_u64(u, (uint64_t)p.n);
            if (p.ids) Global<int32_t>(p.ids + row * p.draws, p.draws, TAG_OUT).store(2 * pair + half, (int32_t)id);
            if (p.counts) Global<uint32_t>((uint32_t *)p.counts + row * p.n, p.n, TAG_OUT).add(id, 1);
        }
    });
}

URN_KERNEL(UniformPolicy::threads) field_kernel(URN_ARGS(urn_field_params) p) {
    each_of_rows(p, p.rows, (p.n + 31) / 32, [&](int64_t row, int64_t word, RowNoise noise) {
        uint64_t one = p.p ? Global<const uint64_t>(p.p, p.rows, TAG_PARAM).load(row) : p.p_value;
        bool good = one <= UINT64_C(1) << 32;
        uint32_t bits = 0;
        URN_ROLLED
        for (uint32_t j = 0; j < 8 && good; j++) {
            Random4 block = uniform_block(noise, (uint64_t)word * 8 + j, 32);
            URN_UNROLL
            for (uint32_t i = 0; i < 4; i++) bits |= (block.word[i] < one ? 1u : 0u) << (4 * j + i);
        }
        int64_t left = p.n - word * 32;
        if (left < 32) bits &= (1u << left) - 1;
        Global<uint32_t>(p.bits + row * p.bits_stride, p.bits_stride, TAG_OUT).store(word, bits);
        if (p.status && word == 0)
            Global<int32_t>(p.status, p.rows, TAG_OUT).store(row, good ? +URN_ROW_OK : +URN_ROW_PARAM);
    });
}

} // namespace urnd

extern "C" int URN_SIDE(permute)(const urnk_device *device, const urn_permute_params *params,
                                 struct CUstream_st *stream) {
    if (params->count == 0) return 0;
    urnd::set_launch_options(device);
    uint32_t bits = 2;
    while ((INT64_C(1) << bits) < params->n) bits++;
    urnd::PermuteArgs args = {*params, bits / 2, bits - bits / 2};
    return urnd::launch(urnd::permute_kernel, urnd::uniform_shape(*device, 1, params->count), stream, args);
}

extern "C" int URN_SIDE(bootstrap)(const urnk_device *device, const urn_bootstrap_params *params,
                                   struct CUstream_st *stream) {
    if (params->rows == 0) return 0;
    urnd::set_launch_options(device);
    int error =
        params->counts ? urnd::zero_async(params->counts, (size_t)params->rows * (size_t)params->n * 4, stream) : 0;
    if (error) return error;
    urnd::Shape shape = urnd::uniform_shape(*device, params->rows, (params->draws + 1) / 2);
    return urnd::launch(urnd::bootstrap_kernel, shape, stream, *params);
}

extern "C" int URN_SIDE(field)(const urnk_device *device, const urn_field_params *params, struct CUstream_st *stream) {
    if (params->rows == 0) return 0;
    urnd::set_launch_options(device);
    urnd::Shape shape = urnd::uniform_shape(*device, params->rows, (params->n + 31) / 32);
    return urnd::launch(urnd::field_kernel, shape, stream, *params);
}
