/* simt_draw_parts.cpp - the parts of draws that stand alone: what is left of a code, Gumbel keys, the sort of ids. */
#include <algorithm>
#include <cmath>

#include "kernels/bits/dev_code.h"
#include "kernels/bits/dev_gumbel.h"
#include "kernels/row/sort_ids.h"
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

__extension__ typedef unsigned __int128 wide;

struct CodeArgs {
    const uint64_t *in; // [count, 4] u, total, below, w
    uint64_t *out;
    int64_t count;
};

URN_KERNEL(64) leave_codes(URN_ARGS(CodeArgs) args) {
    Global<const uint64_t> in(args.in, args.count * 4, TAG_INDEX);
    Global<uint64_t> out(args.out, args.count, TAG_OUT);
    for (int64_t i = thread_id(); i < args.count; i += block_threads())
        out.store(i, code_left(in.load(4 * i), in.load(4 * i + 1), in.load(4 * i + 2), in.load(4 * i + 3)));
}

/* property  the code that comes back is the exact quotient of bits.h section 4
 * shapes    totals of 1 to 62 bits, weights of 1 to 40 bits, the first and the last code of a weight's share  */
START_TEST(what_a_draw_leaves_of_its_code_is_the_exact_quotient) {
    const int64_t count = 4096;
    Device<uint64_t> in(count * 4), out(count);
    std::vector<uint64_t> wanted;
    uint64_t seed = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits[6], total, below, r;
        for (uint64_t &b : bits) b = mix(seed++);
        uint64_t w = 1 + (bits[0] >> (24 + bits[1] % 40));
        below = bits[2] >> (2 + bits[3] % 60);
        total = below + w + (bits[4] >> (3 + bits[5] % 60));
        if (total > (UINT64_C(1) << 62)) total = UINT64_C(1) << 62;
        if (below + w > total) below = total - w;
        r = below + mix(seed++) % w; // a u whose product's high half is r: the smallest, the largest, one between
        wide low = (((wide)r << 64) + total - 1) / total, high = (((wide)(r + 1) << 64) - 1) / total;
        if (high > ~UINT64_C(0)) high = ~UINT64_C(0);
        uint64_t u = (uint64_t)(i % 3 == 0 ? low : i % 3 == 1 ? high : low + (high - low) / 2);
        wide left = (wide)u * total - ((wide)below << 64);
        if ((uint64_t)(((wide)u * total) >> 64) < below || left / w >> 64) { // no u has this r
            i--;
            continue;
        }
        const uint64_t q[4] = {u, total, below, w};
        memcpy(in.p + 4 * i, q, sizeof q);
        wanted.push_back((uint64_t)(left / w));
    }
    EXPECT_CLEAN(run(leave_codes, Shape{1, 64, 1, 0}, CodeArgs{in.p, out.p, count}, options_of(2)));
    for (int64_t i = 0; i < count; i++) ck_assert_uint_eq(out[(size_t)i], wanted[(size_t)i]);
}
END_TEST

struct KeyArgs {
    const double *y;
    const uint64_t *u;
    int64_t *out;
    int64_t count;
};

URN_KERNEL(64) make_keys(URN_ARGS(KeyArgs) args) {
    for (int64_t i = thread_id(); i < args.count; i += block_threads())
        Global<int64_t>(args.out, args.count, TAG_OUT)
            .store(i, gumbel_key(Global<const double>(args.y, args.count, TAG_INDEX).load(i),
                                 Global<const uint64_t>(args.u, args.count, TAG_INDEX).load(i)));
}

/* property  keys are y - log2(-log2 uniform) to 2^-40 and a few of f64's last places, and never fall as u rises
 * why       both tails: u = 0 and u = 2^64 - 1 reach -6.03 and 64.47; recipes with 24-bit uniforms stop at 16.6
 * shapes    both ends, both sides of the turn, every power of two and its neighbours  */
START_TEST(gumbel_keys_keep_both_tails) {
    std::vector<uint64_t> u = {0, 1, 2, 3, ~UINT64_C(0), ~UINT64_C(0) - 1, ~UINT64_C(0) - 2};
    for (uint64_t i = 0; i < 9; i++) u.push_back(URN_GUMBEL_TURN - 4 + i);
    for (int b = 2; b < 64; b++)
        for (uint64_t i = 0; i < 3; i++) u.push_back((UINT64_C(1) << b) - 1 + i), u.push_back(~u.back());
    for (uint64_t i = 0; i < 500; i++) u.push_back(mix(i));
    std::sort(u.begin(), u.end());
    size_t n = u.size();
    for (double base : {0.0, -3.75, -40.0, -0x1p20}) {
        std::vector<double> y(n, base);
        Device<double> dy(n, y.data());
        Device<uint64_t> du(n, u.data());
        Device<int64_t> out(n);
        EXPECT_CLEAN(run(make_keys, Shape{1, 64, 1, 0}, KeyArgs{dy.p, du.p, out.p, (int64_t)n}, options_of(1)));
        for (size_t i = 0; i < n; i++) {
            long double p = ((long double)u[i] + 0.5L) * 0x1p-64L, v = ((long double)~u[i] + 0.5L) * 0x1p-64L;
            long double e = u[i] < URN_GUMBEL_TURN ? -log2l(p) : -log1pl(-v) / logl(2.0L);
            long double key = ((long double)base - log2l(e)) * 0x1p40L;
            long double slack = 1.5L + fabsl(key) * 1e-15L + 0x1p40L * 4e-15L;
            ck_assert_msg(fabsl((long double)out[i] + 0.5L - key) <= slack, "u %llx: key %lld, wanted %.3Lf",
                          (unsigned long long)u[i], (long long)out[i], key);
            ck_assert_msg(i == 0 || out[i] >= out[i - 1], "keys fall at u %llx", (unsigned long long)u[i]);
        }
        if (base == 0.0) {
            ck_assert_int_eq(out[0] >> 40, -7);     // -log2(65) = -6.02
            ck_assert_int_eq(out[n - 1] >> 40, 64); /* 65 + log2(ln 2) */
        }
    }
}
END_TEST

struct SortArgs {
    int32_t *ids;
    int64_t size, at;
    uint32_t count, tile;
};

template <int TEAM> URN_KERNEL(256) sort_them(URN_ARGS(SortArgs) args) {
    Arena arena(true);
    Team<TEAM> team = team_here<TEAM>(team_room<TEAM>(arena));
    Shared<uint32_t> tile = arena.take<uint32_t>(args.tile, "tile");
    sort_ids(team, Global<int32_t>(args.ids, args.size, TAG_OUT), args.at, args.count, tile, args.tile);
}

template <int TEAM> void check_sort(uint32_t count, uint32_t tile, uint32_t threads, int order, uint32_t range) {
    const int64_t at = 3, size = at + count + 2;
    Device<int32_t> ids((size_t)size);
    std::vector<int32_t> wanted;
    for (int64_t i = 0; i < size; i++) {
        ids.p[i] = (int32_t)(mix((uint64_t)i * 31 + count) % range);
        wanted.push_back(ids.p[i]);
    }
    std::sort(wanted.begin() + at, wanted.begin() + at + count);
    SortArgs args = {ids.p, size, at, count, tile};
    Arena arena(false);
    team_room<TEAM>(arena), arena.take<uint32_t>(tile, "tile");
    EXPECT_CLEAN(run(sort_them<TEAM>, Shape{1, threads, 1, arena.used + 16}, args, options_of(order)));
    for (int64_t i = 0; i < size; i++)
        ck_assert_msg(ids.p[i] == wanted[(size_t)i], "%u ids, tile %u: place %lld", count, tile, (long long)i);
}

/* property  ids are sorted in place, and nothing beside them moves
 * shapes    lengths around the tile and around powers of two, in shared memory alone and through global memory  */
START_TEST(ids_are_sorted_in_place) {
    for (uint32_t count : {0u, 1u, 2u, 3u, 5u, 31u, 32u, 33u, 64u, 65u, 100u, 127u, 128u, 129u, 300u, 1000u}) {
        check_sort<TEAM_BLOCK>(count, 64, 96, (int)count % 3, count % 2 ? 1u << 22 : 17);
        check_sort<TEAM_WARP>(count, 32, 32, (int)(count + 1) % 3, 1u << 20);
        check_sort<TEAM_BLOCK>(count, 2048, 64, 2, 50);
    }
}
END_TEST

} // namespace

Suite *simt_draw_parts_suite(void);
Suite *simt_draw_parts_suite(void) {
    return suite_of("simt_draw_parts", {what_a_draw_leaves_of_its_code_is_the_exact_quotient,
                                        gumbel_keys_keep_both_tails, ids_are_sorted_in_place});
}
