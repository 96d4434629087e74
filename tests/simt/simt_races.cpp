/* simt_races.cpp - code whose result depends on the order of lanes: shown by three orders, caught by the race check. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Kind {
    CLEAN,
    NO_BARRIER,        // write, then read another thread's element
    WARP_ONLY,         // a warp_sync where a block_sync is needed
    READ_THEN_WRITE,   // overwritten while others may still read
    MANY_READERS,      // ... by one of the readers
    LAST_WRITER,       // all threads store another value in one element
    SAME_VALUE,        // all threads store the same value: not a race
    ATOMIC_PLAIN,      // an atomic and a plain read
    BLOCK_ONLY,        // a block_sync where a cluster_sync is needed
    STORE_OTHER_WARP,  // warp 0 stores; warp 1 meets only itself and reads
    READ_OTHER_WARP,   // warp 0 reads; warp 1 stores, and nobody reads after
    STORE_OTHER_BLOCK, // block 0 stores; block 1 meets only itself and reads
    WORD_IS_NO_BARRIER // a shuffle orders nothing
};

struct Args {
    uint32_t *out;
    int kind;
};

URN_KERNEL(1024) racy(URN_ARGS(Args) a) {
    Arena arena(true);
    Shared<uint32_t> x = arena.take<uint32_t>(block_threads() + 1, "x");
    Shared<uint16_t> small = arena.take<uint16_t>(block_threads(), "small");
    uint32_t t = thread_id(), n = block_threads(), v = 0;
    if (t == 0) x.store(n, 0);
    x.store(t, 0);
    small.store(t, static_cast<uint16_t>(t));
    cluster_sync();
    if (a.kind == STORE_OTHER_WARP || a.kind == READ_OTHER_WARP) {
        bool first = warp_id() == 0, stores = first == (a.kind == STORE_OTHER_WARP);
        if (!first) warp_sync();
        if (t < 64 && stores) x.store(lane_id(), 9);
        if (t < 64 && !stores) v = x.load(lane_id());
        return;
    }
    if (a.kind == STORE_OTHER_BLOCK) {
        if (cluster_rank() == 0) x.store(t, 9);
        block_sync();
        if (cluster_rank() == 1) v = x.on_rank(0).load(t);
        cluster_sync();
        return;
    }
    x.store(t, t + 1);
    if (a.kind == WARP_ONLY)
        warp_sync();
    else if (a.kind == WORD_IS_NO_BARRIER)
        v = shfl(v, 0);
    else if (a.kind != NO_BARRIER)
        block_sync();
    if (a.kind == BLOCK_ONLY)
        v = x.on_rank(1 - cluster_rank()).load(t);
    else
        v = x.load((t + (a.kind == WORD_IS_NO_BARRIER ? 1 : 33)) % n);
    if (a.kind == MANY_READERS) v += x.load(7);
    if (a.kind == MANY_READERS && t == 7) x.store(7, 1000);
    if (a.kind == READ_THEN_WRITE) x.store(t, 500 + t);
    if (a.kind == LAST_WRITER) x.store(n, t);
    if (a.kind == SAME_VALUE) x.store(n, 77);
    if (a.kind == ATOMIC_PLAIN) x.add(n, 1), v += x.load(n);
    cluster_sync();
    v += x.load(n) + small.load(n - 1 - t);
    Global<uint32_t>(a.out, int64_t{grid_blocks()} * n, TAG_OUT).store(int64_t{block_id()} * n + t, v);
}

Outcome with(int kind, int order, int races, uint64_t *digest, uint32_t threads = 128) {
    Device<uint32_t> out(2 * threads);
    Outcome o = run(racy, Shape{2, threads, 2, 4096}, Args{out.p, kind}, options_of(order, 1, races));
    *digest = 0;
    for (uint32_t i = 0; i < 2 * threads; i++) *digest = mix(*digest + out[i]);
    return o;
}

} // namespace

/* property  three lane orders give different results for code with a race, the same for code without */
START_TEST(lane_orders_show_races) {
    for (int kind : {CLEAN, SAME_VALUE, NO_BARRIER, WARP_ONLY, READ_THEN_WRITE, LAST_WRITER, ATOMIC_PLAIN}) {
        uint64_t digest[3];
        for (int order = 0; order < 3; order++) EXPECT_CLEAN(with(kind, order, 0, digest + order));
        bool clean = kind == CLEAN || kind == SAME_VALUE;
        ck_assert_msg((digest[0] == digest[1]) == clean && (digest[0] == digest[2]) == clean, "kind %d: %llx %llx %llx",
                      kind, static_cast<unsigned long long>(digest[0]), static_cast<unsigned long long>(digest[1]),
                      static_cast<unsigned long long>(digest[2]));
    }
}
END_TEST

/* property  the shuffled order is the same order every time */
START_TEST(shuffled_order_repeats) {
    uint64_t a, b;
    EXPECT_CLEAN(with(LAST_WRITER, 2, 0, &a));
    EXPECT_CLEAN(with(LAST_WRITER, 2, 0, &b));
    ck_assert_uint_eq(a, b);
}
END_TEST

/* property  the race check catches each of them in each lane order, lucky or not */
START_TEST(races_are_caught) {
    uint64_t digest;
    for (int order = 0; order < 3; order++)
        for (int kind = NO_BARRIER; kind <= WORD_IS_NO_BARRIER; kind++)
            if (kind != SAME_VALUE) EXPECT_FAULT(with(kind, order, 1, &digest), "race: x[");
}
END_TEST

namespace {

// What correct kernels do: halves that take turns, warp-private scratch, neighbours in 16-bit elements.
URN_KERNEL(1024) no_race(URN_ARGS(Args) a) {
    Arena arena(true);
    Shared<uint32_t> half = arena.take<uint32_t>(64, "half");
    Shared<uint64_t> own = arena.take<uint64_t>(block_threads(), "own");
    Shared<uint16_t> small = arena.take<uint16_t>(block_threads(), "small");
    uint32_t t = thread_id(), sum = 0;
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t at = (round & 1) * 32;
        uint32_t s = sum_u32(t * round);
        if (lane_id() == 0) half.store(at + warp_id(), s);
        block_sync();
        for (uint32_t w = 0; w < block_warps(); w++) sum += half.load(at + w);
        uint32_t first = t / 32 * 32;
        own.store(t, t + round);
        warp_sync();
        sum += static_cast<uint32_t>(own.load(first + (lane_id() + 1) % 32));
        warp_sync();
        small.store(t, static_cast<uint16_t>(sum));
        sum += small.load(t);
    }
    Global<uint32_t>(a.out, int64_t{grid_blocks()} * block_threads(), TAG_OUT)
        .store(int64_t{block_id()} * block_threads() + t, sum);
}

} // namespace

/* property  correct code is not accused */
START_TEST(correct_code_is_not_accused) {
    uint64_t digest;
    for (int order = 0; order < 3; order++) {
        EXPECT_CLEAN(with(CLEAN, order, 1, &digest));
        EXPECT_CLEAN(with(SAME_VALUE, order, 1, &digest));
        Device<uint32_t> out(4 * 256);
        EXPECT_CLEAN(run(no_race, Shape{4, 256, 1, 4096}, Args{out.p, 0}, options_of(order, 2)));
    }
}
END_TEST

Suite *simt_races_suite(void) {
    return suite_of("simt_races",
                    {lane_orders_show_races, shuffled_order_repeats, races_are_caught, correct_code_is_not_accused});
}
