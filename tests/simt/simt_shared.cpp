/* simt_shared.cpp - shared memory: bounds, what was never stored, other blocks' memory, atomics, the arena's size. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Fault {
    CLEAN,
    LOAD_PAST,
    STORE_PAST,
    NEGATIVE,
    ATOMIC_PAST,
    WIDE_PAST,
    WIDE_MISALIGNED,
    NEVER_STORED,
    NEVER_STORED_BYTE,
    NEVER_STORED_WIDE,
    NEVER_STORED_ATOMIC,
    BEYOND_CLUSTER,
    TOO_EARLY,
    AFTER_EXIT,
    EXIT_AFTER_REACH,
    TAKES_TOO_MUCH
};

struct Args {
    uint32_t *out;
    int fault;
};

struct Smem {
    Shared<uint32_t> a, b;
    Shared<uint8_t> bytes;
    Shared<uint32_t> c;
};

Smem lay_out(Arena &arena) {
    Smem s = {arena.take<uint32_t>(33, "a"), arena.take<uint32_t>(64, "b"), arena.take<uint8_t>(5, "bytes"),
              arena.take<uint32_t>(4, "c")};
    return s;
}

URN_KERNEL(1024) shared_uses(URN_ARGS(Args) args) {
    Arena arena(true);
    Smem s = lay_out(arena);
    uint32_t t = thread_id(), v = 0;
    bool one = t == 17 && cluster_rank() == 0;
    if (args.fault == TOO_EARLY && one) s.a.on_rank(1).store(0, 1);
    s.b.store(t, t);
    if (t < 33 && args.fault != NEVER_STORED) s.a.store(t, 7);
    block_sync();
    cluster_sync();
    if (args.fault == NEVER_STORED && one) v = s.a.load(4);
    if (args.fault == NEVER_STORED_BYTE && one) v = s.bytes.load(4);
    if (args.fault == NEVER_STORED_ATOMIC && one) v = s.c.add(3, 1);
    if (one) s.c.store(0, 1);
    if (args.fault == NEVER_STORED_WIDE && one) v = s.c.load16(0).w[0]; // one of the four was
    if (args.fault == LOAD_PAST && one) v = s.a.load(33);               // inside the arena: the gap before b
    if (args.fault == STORE_PAST && one) s.a.store(33 + 3, 1);          // b's first element on a GPU
    if (args.fault == NEGATIVE && one) v = s.b.load(size_t{0} - 1);
    if (args.fault == ATOMIC_PAST && one) s.b.add(64, 1);
    if (args.fault == WIDE_PAST && one) v = s.b.load16(62).w[0];
    if (args.fault == WIDE_MISALIGNED && one) v = s.b.load16(6).w[0];
    if (args.fault == BEYOND_CLUSTER && one) v = s.a.on_rank(2).load(0);
    if (args.fault == TAKES_TOO_MUCH && one) arena.take<uint32_t>(100, "too much");
    if (args.fault == AFTER_EXIT && cluster_rank() == 1) return;
    v += s.b.on_rank((cluster_rank() + 1) % cluster_size()).load(t);
    v += s.b.load16(t / 4 * 4).w[t % 4];
    if (args.fault == EXIT_AFTER_REACH) return;
    if (args.fault != AFTER_EXIT) cluster_sync();
    Global<uint32_t>(args.out, int64_t{grid_blocks()} * 64, TAG_OUT).store(int64_t{block_id()} * 64 + t, v);
}

Outcome with(int fault, int order) {
    Arena arena(false);
    lay_out(arena);
    Device<uint32_t> out(4 * 64);
    return run(shared_uses, Shape{4, 64, 2, arena.used}, Args{out.p, fault}, options_of(order));
}

} // namespace

/* property  the launcher's arena counts what the kernel takes: 33 * 4, 64 * 4, 5 and 16 bytes, each 16-aligned */
START_TEST(arena_counts_for_the_launcher) {
    Arena arena(false);
    Smem s = lay_out(arena);
    ck_assert_uint_eq(arena.used, 144 + 256 + 16 + 16);
    ck_assert_uint_eq(s.b.offset, 144);
}
END_TEST

/* property  uses inside the arrays are no fault and hold what was stored, in this block and in the other */
START_TEST(uses_inside_are_clean) {
    for (int order = 0; order < 3; order++) {
        EXPECT_CLEAN(with(CLEAN, order));
        Arena arena(false);
        lay_out(arena);
        Device<uint32_t> out(4 * 64);
        EXPECT_CLEAN(run(shared_uses, Shape{4, 64, 2, arena.used}, Args{out.p, CLEAN}, options_of(order, 2)));
        for (uint32_t i = 0; i < 256; i++) ck_assert_uint_eq(out[i], 2 * (i % 64));
    }
}
END_TEST

/* property  an element outside its array is a fault even where the arena goes on */
START_TEST(outside_is_caught) {
    for (int order = 0; order < 3; order++) {
        for (int fault : {LOAD_PAST, STORE_PAST, NEGATIVE, ATOMIC_PAST, WIDE_PAST})
            EXPECT_FAULT(with(fault, order), "is outside of its");
        EXPECT_FAULT(with(WIDE_MISALIGNED, order), "not aligned");
        EXPECT_FAULT(with(TAKES_TOO_MUCH, order), "too much ends at byte");
    }
}
END_TEST

/* property  reading what this launch did not store is a fault, also where an earlier cluster stored */
START_TEST(never_stored_is_caught) {
    for (int order = 0; order < 3; order++) {
        EXPECT_CLEAN(with(CLEAN, order));
        EXPECT_FAULT(with(NEVER_STORED, order), "was never stored");
        for (int fault : {NEVER_STORED_BYTE, NEVER_STORED_WIDE, NEVER_STORED_ATOMIC})
            EXPECT_FAULT(with(fault, order), "was never stored");
    }
}
END_TEST

/* property  another block's memory: not before it has started, not after it has exited, and it does not exit while
 * somebody may still reach into it */
START_TEST(other_blocks_memory_has_a_life) {
    for (int order = 0; order < 3; order++) {
        EXPECT_FAULT(with(TOO_EARLY, order), "before the first cluster_sync");
        EXPECT_FAULT(with(AFTER_EXIT, order), "exit");
        EXPECT_FAULT(with(EXIT_AFTER_REACH, order), "exit");
        EXPECT_FAULT(with(BEYOND_CLUSTER, order), "in a cluster of 2 blocks");
    }
}
END_TEST

namespace {

URN_KERNEL(1024) count_up(URN_ARGS(Args) args) {
    Arena arena(true);
    Shared<uint32_t> bins = arena.take<uint32_t>(8, "bins");
    Shared<uint64_t> wide = arena.take<uint64_t>(3, "wide");
    uint32_t t = thread_id();
    if (t < 8) bins.store(t, t == 6 ? 5 : 0);
    if (t < 3) wide.store(t, 0);
    cluster_sync();
    bins.on_rank(0).add(t % 4, 1);
    bins.on_rank(0).max(5, 1000 * cluster_rank() + t);
    bins.on_rank(0).or_(6, 1u << (t % 32));
    wide.add(1, uint64_t{1} << 33);
    cluster_sync();
    if (t < 8 && cluster_rank() == 0) Global<uint32_t>(args.out, 16, TAG_OUT).store(t, bins.load(t));
    if (t == 0 && cluster_rank() == 0)
        Global<uint32_t>(args.out, 16, TAG_OUT).store(8, static_cast<uint32_t>(wide.load(1) >> 33));
}

} // namespace

/* property  atomics of all threads of a cluster add up, and do not race with each other */
START_TEST(atomics_add_up) {
    for (int order = 0; order < 3; order++) {
        Device<uint32_t> out(16);
        EXPECT_CLEAN(run(count_up, Shape{16, 128, 16, 64}, Args{out.p, 0}, options_of(order)));
        for (int i = 0; i < 4; i++) ck_assert_uint_eq(out[i], 16 * 32);
        ck_assert_uint_eq(out[4], 0);
        ck_assert_uint_eq(out[5], 15127);
        ck_assert_uint_eq(out[6], 0xffffffffu);
        ck_assert_uint_eq(out[8], 128);
    }
}
END_TEST

Suite *simt_shared_suite(void) {
    return suite_of("simt_shared", {arena_counts_for_the_launcher, uses_inside_are_clean, outside_is_caught,
                                    never_stored_is_caught, other_blocks_memory_has_a_life, atomics_add_up});
}
