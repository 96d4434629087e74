/* simt_meet.cpp - threads that do not meet where they should: each planted fault is caught, its clean twin passes. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Fault {
    CLEAN,
    LANE_EXITS,       // before a warp word that its warp speaks
    LANE_EXITS_LATE,  // ... in the last lane, so that the others wait already
    LANE_OTHER_WORD,  // ballot against shfl
    LANE_OTHER_PLACE, // the same word at two places
    LANE_AT_BARRIER,  // block_sync against a warp word
    LANE_WAITS_BULK,  // for a copy nobody starts
    WARP_SKIPS,       // a block_sync
    TWO_BARRIERS,     // block_sync at two places
    BLOCK_CLUSTER,    // block_sync against cluster_sync
    EXIT_AT_BARRIER,  // a thread exits, the others meet
    BLOCK_SKIPS,      // a cluster_sync
    DEEP_STACK
};

struct Args {
    uint32_t *out;
    int fault;
};

int use_stack(int depth) {
    volatile char room[1024];
    room[0] = static_cast<char>(depth);
    room[1023] = room[0];
    return depth == 0 ? room[1023] : use_stack(depth - 1) + room[1023];
}

URN_KERNEL(1024) meet(URN_ARGS(Args) a) {
    uint32_t t = thread_id(), v = 0;
    Arena arena(true);
    Shared<uint64_t> bar = arena.take<uint64_t>(1, "bar");
    Shared<uint32_t> sums = arena.take<uint32_t>(block_warps(), "sums");
    if (t == 0) bulk_init(bar);
    block_sync();
    if (a.fault == LANE_EXITS && t == 37) return;
    if (a.fault == LANE_EXITS_LATE && t == 63) return;
    if (a.fault == LANE_OTHER_WORD && t == 40) v = ballot(true);
    if (a.fault == LANE_AT_BARRIER && t == 40) block_sync();
    if (a.fault == LANE_WAITS_BULK && t == 40) bulk_wait(bar, 0);
    if (a.fault == LANE_OTHER_PLACE && t >= 48)
        v = shfl(t, 3);
    else
        v += shfl(t, 3);
    if (lane_id() == 0) sums.store(warp_id(), v);
    if (a.fault == WARP_SKIPS && warp_id() == 1) {
        cluster_sync();
        return;
    }
    if (a.fault == EXIT_AT_BARRIER && t == 5) return;
    if (a.fault == TWO_BARRIERS && warp_id() == 1)
        block_sync();
    else if (a.fault == BLOCK_CLUSTER && warp_id() == 1)
        cluster_sync();
    else
        block_sync();
    if (a.fault == BLOCK_SKIPS && cluster_rank() == 1) return;
    cluster_sync();
    if (a.fault == DEEP_STACK && use_stack(40) < 0) return;
    if (t == 0) {
        for (uint32_t w = 0; w < block_warps(); w++) v += sums.load(w);
        Global<uint32_t>(a.out, grid_blocks(), TAG_OUT).store(block_id(), v);
    }
}

const Shape kShape = {4, 96, 2, 64};

Outcome with(int fault, int order, int threads = 1) {
    Device<uint32_t> out(4);
    return run(meet, kShape, Args{out.p, fault}, options_of(order, threads));
}

} // namespace

/* property  threads that meet as they should make no fault, and half a stack is theirs to use */
START_TEST(meeting_threads_make_no_fault) {
    for (int order = 0; order < 3; order++) {
        EXPECT_CLEAN(with(CLEAN, order, 2));
        EXPECT_CLEAN(with(DEEP_STACK, order));
        Device<uint32_t> out(4);
        EXPECT_CLEAN(run(meet, kShape, Args{out.p, CLEAN}, options_of(order)));
        for (int b = 0; b < 4; b++) ck_assert_uint_eq(out[b], 3 + 3 + 35 + 67);
    }
}
END_TEST

/* property  a warp word from which a lane is absent is a fault in every lane order, never a hang
 * why       on a GPU it hangs or gives garbage */
START_TEST(absent_lanes_are_caught) {
    for (int order = 0; order < 3; order++) {
        // whom the exit is noticed by, the warp or a barrier, is a matter of the order
        for (int fault : {LANE_EXITS, LANE_EXITS_LATE}) EXPECT_FAULT(with(fault, order), "exit");
        for (int fault : {LANE_OTHER_WORD, LANE_OTHER_PLACE, LANE_AT_BARRIER})
            EXPECT_FAULT(with(fault, order), "absent lanes");
        EXPECT_FAULT(with(LANE_WAITS_BULK, order), "absent lanes");
    }
}
END_TEST

/* property  the text names kernel, place, block, warp, word and the lanes that wait */
START_TEST(fault_text_says_who_and_where) {
    Outcome o = with(LANE_WAITS_BULK, 0);
    for (const char *part :
         {"simt_util.h:", "block 0 (rank 0 of 2)", "warp 1", "shfl", "simt_meet.cpp:", "0xfffffeff", "0x00000100"})
        ck_assert_msg(o.text.find(part) != std::string::npos, "\"%s\" is missing in: %s", part, o.text.c_str());
}
END_TEST

/* property  a barrier that not every thread reaches at the same place is a fault in every lane order */
START_TEST(divergent_barriers_are_caught) {
    for (int order = 0; order < 3; order++)
        for (int fault : {WARP_SKIPS, TWO_BARRIERS, BLOCK_CLUSTER, EXIT_AT_BARRIER, BLOCK_SKIPS})
            EXPECT_FAULT(with(fault, order, 1 + order % 2), "divergent barrier");
}
END_TEST

/* property  after a fault the layer runs on: stacks thrown away in the middle of a kernel are good again */
START_TEST(kernels_run_after_a_fault) {
    for (int round = 0; round < 5; round++) {
        EXPECT_FAULT(with(LANE_EXITS, round % 3, 2), "exit");
        EXPECT_CLEAN(with(CLEAN, round % 3, 2));
    }
}
END_TEST

/* property  one fault ends the launch: other clusters are not started once it is known */
START_TEST(a_fault_ends_the_launch) {
    Device<uint32_t> out(4000);
    simt_clear_faults();
    Outcome o = run(meet, Shape{4000, 96, 2, 64}, Args{out.p, EXIT_AT_BARRIER}, options_of(0));
    ck_assert_int_eq(o.finished, 719);
    ck_assert_int_eq(o.faults, 1);
}
END_TEST

/* property  a stack is guarded, or else says that it overflowed; its neighbours do not */
START_TEST(stacks_know_their_end) {
    simt::StackPool pool;
    std::vector<simt::Context> all(1100);
    for (simt::Context &c : all) ck_assert(pool.give(&c));
    ck_assert(!all[1098].guarded); // more than a process guards
    for (const simt::Context &c : all) ck_assert(simt::StackPool::intact(&c));
    std::memset(all[1098].stack - 64, 0, 64 + 64);
    for (size_t i = 0; i < all.size(); i++) ck_assert_int_eq(simt::StackPool::intact(&all[i]), i != 1098);
}
END_TEST

Suite *simt_meet_suite(void) {
    return suite_of("simt_meet", {meeting_threads_make_no_fault, absent_lanes_are_caught, fault_text_says_who_and_where,
                                  divergent_barriers_are_caught, kernels_run_after_a_fault, a_fault_ends_the_launch,
                                  stacks_know_their_end});
}
