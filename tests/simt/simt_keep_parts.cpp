/* simt_keep_parts.cpp - the parts of keep rules that stand alone: exact products and quotients, scaled gaps, the sort
 * of keys, and the atomics on global memory. */
#include <algorithm>
#include <cmath>

#include "kernels/row/sort_keys.h"
#include "kernels/steps/step_top_n_sigma.h"
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

__extension__ typedef unsigned __int128 wide;

// Shares that are multiples of 2^-24, but for 0.1, which is 13421773 * 2^-27.
float share(uint64_t seed) {
    static const float ends[] = {0.0f, 1.0f, 0.5f, 0x1p-24f, 0x1.fffffep-1f, 0.1f};
    return seed % 8 < 6 ? ends[seed % 8] : (float)(mix(seed) >> 40) * 0x1p-24f;
}

/* property  floor(p * z) is exact, and one below ceil(p * z) unless both are the product  */
START_TEST(floors_and_ceilings_of_products_are_exact) {
    for (uint64_t i = 0; i < 20000; i++) {
        float p = share(i);
        uint64_t z = mix(i + 77) >> (1 + mix(i) % 63);
        int shift = p == 0.1f ? 27 : 24;
        wide product = (wide)(uint64_t)std::ldexp((double)p, shift) * z;
        uint64_t low = (uint64_t)(product >> shift), high = low + (((wide)low << shift) != product);
        ck_assert_msg(floor_product(p, z) == low, "floor(%a * %llu)", (double)p, (unsigned long long)z);
        ck_assert_msg(ceil_product(p, z) == high, "ceil(%a * %llu)", (double)p, (unsigned long long)z);
    }
}
END_TEST

/* property  top-a's least weight is the least one whose product with Z reaches the square's share
 * shapes    weights of 1 to 41 bits, sums up to 2^62, shares of 0, 1 and between  */
START_TEST(the_least_weight_of_a_square_is_the_least) {
    for (uint64_t i = 0; i < 20000; i++) {
        float a = share(i);
        uint64_t v = 1 + (mix(i + 5) >> (24 + mix(i) % 40)), z = v + (mix(i + 9) >> (2 + mix(i + 1) % 62));
        if (v > UINT64_C(1) << 40) v = UINT64_C(1) << 40;
        if (z > UINT64_C(1) << 62) z = UINT64_C(1) << 62;
        int shift = a == 0.1f ? 27 : 24;
        wide share_of_it = (wide)(uint64_t)std::ldexp((double)a, shift) * ((wide)v * v);
        wide need = (share_of_it >> shift) + (share_of_it << (128 - shift) != 0);
        uint64_t w = least_of_square(a, v, z);
        ck_assert_msg((wide)w * z >= need && (w == 0 || (wide)(w - 1) * z < need), "a %a v %llu z %llu: %llu",
                      (double)a, (unsigned long long)v, (unsigned long long)z, (unsigned long long)w);
    }
}
END_TEST

/* property  gaps are scaled so that the largest has 20 bits, and floored, denormals too  */
START_TEST(scaled_gaps_fill_twenty_bits) {
    for (uint64_t i = 0; i < 20000; i++) {
        float most = bits_f32((uint32_t)(mix(i) % 0x7f800000u)), q = bits_f32((uint32_t)(mix(i + 1) % 0x7f800000u));
        if (i % 4 == 0) most = bits_f32((uint32_t)(1 + mix(i) % 0x7fffffu));
        if (most == 0.0f) continue;
        if (q > most) q = most * 0.75f;
        int e = gap_scale(most);
        ck_assert_msg(scaled_gap(most, e) >> 19 == 1, "largest %a", (double)most);
        uint32_t wanted = (uint32_t)std::floor(std::ldexp((double)q, e));
        ck_assert_msg(scaled_gap(q, e) == wanted, "%a below %a", (double)q, (double)most);
    }
}
END_TEST

/* property  the bound is n standard deviations, from exact sums  */
START_TEST(the_gap_bound_is_n_deviations) {
    // 0 and 2^19 equally often: sd = 2^18; e = 10 scales it to 256
    uint64_t half = 1000, s1 = half << 19, s2 = half << 38;
    ck_assert(gap_bound(1.5f, 2 * half, s1, s2, 10) == 384.0f);
    ck_assert(gap_bound(1.0f, 1, 5, 25, 3) == 0.0f);
    ck_assert(gap_bound(1.0f, 2 * half, s1, s2, -100) == 0x1p118f);
}
END_TEST

struct WordArgs {
    uint32_t *out; // [8]
};

URN_KERNEL(64) global_words(URN_ARGS(WordArgs) args) {
    Global<uint32_t> out(args.out, 8, TAG_OUT);
    if (thread_id() < 8) out.store(thread_id(), 0);
    block_sync();
    out.add(0, thread_id());
    out.or_(1, 1u << (thread_id() & 31));
    if (thread_id() == 3) out.store16(4, {{1, 2, 3, 4}});
}

/* property  atomics on global memory add up whatever the order, and a vector lands where it should  */
START_TEST(global_atomics_add_up) {
    const uint32_t wanted[8] = {64 * 63 / 2, 0xffffffffu, 0, 0, 1, 2, 3, 4};
    for (int order = 0; order < 3; order++) {
        Device<uint32_t> out(8);
        EXPECT_CLEAN(run(global_words, Shape{1, 64, 1, 0}, WordArgs{out.p}, options_of(order)));
        for (size_t i = 0; i < 8; i++) ck_assert_uint_eq(out[i], wanted[i]);
    }
}
END_TEST

struct SortArgs {
    uint32_t *keys, *room;
    uint32_t count;
};

template <int TEAM> SortRoom sort_test_room(Arena &arena, TeamRoom &team) {
    team = team_room<TEAM>(arena);
    SelectRoom select = select_room<TEAM, true>(arena);
    return sort_room<TEAM>(select, arena.take<uint32_t>(1, "gathered"));
}

template <int TEAM> URN_KERNEL(512) sort_kernel(URN_ARGS(SortArgs) args) {
    Arena arena(true);
    TeamRoom room;
    SortRoom sort = sort_test_room<TEAM>(arena, room);
    Team<TEAM> team = team_here<TEAM>(room);
    team_meet<TEAM>();
    sort_keys(team, sort, Global<uint32_t>(args.keys, args.count, TAG_WORKSPACE),
              Global<uint32_t>(args.room, args.count, TAG_WORKSPACE), args.count);
}

template <int TEAM> void sort_agrees(uint32_t threads, uint32_t blocks, uint32_t count, int kind, int order) {
    std::vector<uint32_t> keys(count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t v = (uint32_t)mix(i + 1000 * count);
        keys[i] = kind == 0 ? v : kind == 1 ? v % 3 : kind == 2 ? 0x80000000u + i : (v & 0xff00ff00u);
    }
    Device<uint32_t> held(count, keys.data()), room(count);
    Arena arena(false);
    TeamRoom team;
    sort_test_room<TEAM>(arena, team);
    SortArgs args = {held.p, room.p, count};
    EXPECT_CLEAN(run(sort_kernel<TEAM>, Shape{blocks, threads, blocks, arena.used}, args, options_of(order)));
    std::sort(keys.begin(), keys.end(), [](uint32_t a, uint32_t b) { return a > b; });
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(held[i] == keys[i], "threads %u blocks %u count %u kind %d order %d: place %u", threads, blocks,
                      count, kind, order, i);
}

/* property  keys end sorted downwards, whoever sorts them
 * shapes    a warp; blocks of 1, 3 and 16 warps; clusters of 2 and 4; 1 key, ends of stretches, more than a pass's
 *           digits; random keys, few values, rising, equal bytes  */
START_TEST(sorted_keys_fall) {
    const uint32_t counts[] = {1, 31, 33, 257, 1000, 5003};
    for (uint32_t count : counts)
        for (int kind = 0; kind < 4; kind++) {
            int order = (int)(count + (uint32_t)kind) % 3;
            sort_agrees<TEAM_WARP>(32, 1, count, kind, order);
            sort_agrees<TEAM_BLOCK>(32, 1, count, kind, order);
            sort_agrees<TEAM_BLOCK>(96, 1, count, kind, order);
            sort_agrees<TEAM_BLOCK>(512, 1, count, kind, order);
            sort_agrees<TEAM_CLUSTER>(64, 2, count, kind, order);
            sort_agrees<TEAM_CLUSTER>(96, 4, count, kind, order);
        }
}
END_TEST

} // namespace

Suite *simt_keep_parts_suite(void) {
    return suite_of("simt_keep_parts", {floors_and_ceilings_of_products_are_exact,
                                        the_least_weight_of_a_square_is_the_least, scaled_gaps_fill_twenty_bits,
                                        the_gap_bound_is_n_deviations, global_atomics_add_up, sorted_keys_fall});
}
