/* simt_words.cpp - warp words against plain loops, and who a thread is. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

struct Args {
    uint64_t *out;
    uint32_t seed;
};

constexpr uint32_t kFields = 12;

uint64_t operand(uint32_t seed, uint32_t block, uint32_t thread) {
    return mix(mix(uint64_t{seed} << 32 | block) + thread);
}

URN_KERNEL(1024) every_word(URN_ARGS(Args) a) {
    uint64_t v = operand(a.seed, block_id(), thread_id());
    Global<uint64_t> out(a.out, int64_t{grid_blocks()} * block_threads() * kFields, TAG_OUT);
    int64_t at = (int64_t{block_id()} * block_threads() + thread_id()) * kFields;
    out.store(at + 0, shfl(v, 5));
    out.store(at + 1, shfl(static_cast<uint32_t>(v), (lane_id() * 7 + 3) % 32));
    out.store(at + 2, shfl_up(v, 3));
    out.store(at + 3, ballot((v & 1) != 0));
    out.store(at + 4, any((v & 31) == 3));
    out.store(at + 5, sum_u32(static_cast<uint32_t>(v)));
    out.store(at + 6, sum_u64(v >> 6));
    out.store(at + 7, max_u32(static_cast<uint32_t>(v)));
    out.store(at + 8, scan_u64(v >> 6));
    out.store(at + 9, f32_bits(shfl(bits_f32(static_cast<uint32_t>(v) & 0x7f7fffffu), 31)));
    warp_sync();
    out.store(at + 10, any(false));
    out.store(at + 11, ballot(true));
}

void expected(uint32_t seed, uint32_t block, uint32_t thread, uint64_t *f) {
    uint32_t lane = thread % 32, first = thread - lane;
    uint64_t v[32];
    for (uint32_t i = 0; i < 32; i++) v[i] = operand(seed, block, first + i);
    f[0] = v[5];
    f[1] = static_cast<uint32_t>(v[(lane * 7 + 3) % 32]);
    f[2] = lane >= 3 ? v[lane - 3] : v[lane];
    f[3] = f[4] = f[5] = f[6] = f[7] = f[8] = f[10] = 0;
    for (uint32_t i = 0; i < 32; i++) {
        f[3] |= (v[i] & 1) << i;
        if ((v[i] & 31) == 3) f[4] = 1;
        f[5] = static_cast<uint32_t>(f[5] + v[i]);
        f[6] += v[i] >> 6;
        if (static_cast<uint32_t>(v[i]) > f[7]) f[7] = static_cast<uint32_t>(v[i]);
        if (i <= lane) f[8] += v[i] >> 6;
    }
    f[9] = static_cast<uint32_t>(v[31]) & 0x7f7fffffu;
    f[11] = 0xffffffffu;
}

} // namespace

/* property  every warp word equals a loop over the warp's operands
 * shapes    1 warp; 3 (odd); 32 (largest block); 40 blocks over two OS threads; all lane orders */
START_TEST(warp_words_equal_loops) {
    const uint32_t shapes[][2] = {{1, 32}, {2, 96}, {1, 1024}, {40, 64}};
    for (auto &shape : shapes)
        for (int order = 0; order < 3; order++)
            for (int threads = 1; threads < 3; threads++) {
                uint32_t n = shape[0] * shape[1];
                Device<uint64_t> out(size_t{n} * kFields);
                EXPECT_CLEAN(
                    run(every_word, Shape{shape[0], shape[1], 1, 0}, Args{out.p, n}, options_of(order, threads)));
                for (uint32_t i = 0; i < n; i++) {
                    uint64_t want[kFields];
                    expected(n, i / shape[1], i % shape[1], want);
                    for (uint32_t k = 0; k < kFields; k++)
                        ck_assert_msg(out[size_t{i} * kFields + k] == want[k],
                                      "grid %u block %u order %d: thread %u, word %u", shape[0], shape[1], order, i, k);
                }
            }
}
END_TEST

namespace {

URN_KERNEL(1024) who(URN_ARGS(Args) a) {
    Global<uint64_t> out(a.out, int64_t{grid_blocks()} * block_threads() * 9, TAG_OUT);
    int64_t at = (int64_t{block_id()} * block_threads() + thread_id()) * 9;
    const uint32_t facts[9] = {thread_id(), block_threads(), lane_id(),      warp_id(),     block_warps(),
                               block_id(),  grid_blocks(),   cluster_rank(), cluster_size()};
    for (int k = 0; k < 9; k++) out.store(at + k, facts[k]);
}

} // namespace

/* property  threads know their place in warp, block, cluster and grid */
START_TEST(threads_know_who_they_are) {
    for (int order = 0; order < 3; order++) {
        const uint32_t grid = 12, threads = 96, cluster = 4;
        Device<uint64_t> out(size_t{grid} * threads * 9);
        EXPECT_CLEAN(run(who, Shape{grid, threads, cluster, 0}, Args{out.p, 0}, options_of(order, 2)));
        for (uint32_t i = 0; i < grid * threads; i++) {
            uint32_t t = i % threads, b = i / threads;
            const uint64_t want[9] = {t, threads, t % 32, t / 32, threads / 32, b, grid, b % cluster, cluster};
            for (int k = 0; k < 9; k++)
                ck_assert_msg(out[size_t{i} * 9 + k] == want[k], "order %d thread %u fact %d: %llu", order, i, k,
                              static_cast<unsigned long long>(out[size_t{i} * 9 + k]));
        }
    }
}
END_TEST

/* property  the number words are the exact operations they name */
START_TEST(number_words_are_exact) {
    ck_assert(fma_f32(1.0f + 0x1p-12f, 1.0f - 0x1p-12f, -1.0f) == -0x1p-24f); // a product rounded first gives 0
    ck_assert(fma_f64(1.0 + 0x1p-30, 1.0 - 0x1p-30, -1.0) == -0x1p-60);
    ck_assert_uint_eq(mulhi_u64(~uint64_t{0}, ~uint64_t{0}), ~uint64_t{1});
    ck_assert_uint_eq(mulhi_u32(0x80000000u, 6), 3);
    ck_assert_int_eq(clz_u64(0), 64);
    ck_assert_int_eq(clz_u64(1), 63);
    ck_assert_int_eq(popc_u32(0xf0f0u), 8);
    ck_assert_uint_eq(f32_bits(1.0f), 0x3f800000u);
    ck_assert(bits_f32(0xff800000u) < -3e38f);
}
END_TEST

Suite *simt_words_suite(void) {
    return suite_of("simt_words", {warp_words_equal_loops, threads_know_who_they_are, number_words_are_exact});
}
