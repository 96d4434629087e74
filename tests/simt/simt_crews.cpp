/* simt_crews.cpp - blocks that meet over global memory: counters order what they stored, and a wait for nobody is a
 * fault. */
#include "tests/simt/simt_util.h"

namespace {

using namespace urnd;

enum { CLEAN, BLOCK_STAYS_AWAY, MEETS_AS_CLUSTER, REACHES_OVER, NO_CREW };

struct Args {
    uint32_t *counters, *posted, *out; // a crew's, a block's, a block's
    uint32_t crew, rounds;
    int fault;
};

// Round after round every block posts a number and adds up its crew's.
void meet_over_memory(Args a) {
    Arena arena(true);
    Shared<uint32_t> own = arena.take<uint32_t>(32, "own");
    uint32_t number = block_id() / a.crew, rank = block_id() % a.crew, sum = 0;
    Global<uint32_t> posted(a.posted + number * a.crew * 2, a.crew * 2, TAG_WORKSPACE);
    uint32_t *counter = a.counters + number;
    if (a.fault == MEETS_AS_CLUSTER) cluster_sync();
    own.store(lane_id(), rank);
    block_sync();
    if (a.fault == REACHES_OVER) sum += own.on_rank(1).load(0);
    for (uint32_t round = 1; round <= a.rounds; round++) {
        uint32_t half = round & 1; // as for a cluster: one meeting a round is enough
        if (a.fault == BLOCK_STAYS_AWAY && rank == 1 && round == 2) return;
        if (thread_id() == 40) posted.store(half * a.crew + rank, rank + round + sum);
        block_sync();
        if (thread_id() == 0) {
            count_up(counter, 1);
            count_wait(counter, round * a.crew);
        }
        block_sync();
        for (uint32_t r = lane_id(); r < a.crew; r += 32) sum += posted.load(half * a.crew + r);
        sum = sum_u32(sum) & 0xffffu;
    }
    if (thread_id() == 63) Global<uint32_t>(a.out, grid_blocks(), TAG_OUT).store(block_id(), sum);
}

Outcome with(uint32_t crews, uint32_t crew, int fault, int order, std::vector<uint32_t> *sums) {
    std::vector<uint32_t> zero(crews * crew * 2, 0);
    Device<uint32_t> counters(crews, zero.data()), posted(crews * crew * 2), out(crews * crew);
    Shape shape = {crews * crew, 64, 1, 128, fault == NO_CREW ? 0 : crew};
    Outcome o = run(meet_over_memory, shape, Args{counters.p, posted.p, out.p, crew, 5, fault}, options_of(order, 2));
    if (sums) sums->assign(out.p, out.p + crews * crew);
    return o;
}

// What every block of a crew comes to.
uint32_t expected(uint32_t crew) {
    uint32_t sum = 0;
    for (uint32_t round = 1; round <= 5; round++) {
        uint32_t lanes[32], all = 0;
        for (uint32_t lane = 0; lane < 32; lane++) {
            lanes[lane] = sum;
            for (uint32_t r = lane; r < crew; r += 32) lanes[lane] += r + round + sum;
            all += lanes[lane];
        }
        sum = all & 0xffffu;
    }
    return sum;
}

} // namespace

/* property  what a block stored before a meeting every block of its crew sees after it, in every lane order
 * shapes    crews of 1 to 132 blocks, up to 66 crews */
START_TEST(crews_see_what_was_stored_before_they_met) {
    static const uint32_t shapes[][2] = {{1, 1}, {3, 1}, {66, 2}, {5, 7}, {2, 40}, {1, 132}};
    for (auto &shape : shapes)
        for (int order = 0; order < 3; order++) {
            std::vector<uint32_t> sums;
            EXPECT_CLEAN(with(shape[0], shape[1], CLEAN, order, &sums));
            for (uint32_t sum : sums) ck_assert_uint_eq(sum, expected(shape[1]));
        }
}
END_TEST

/* property  a wait for a block that has left is a fault, never a hang */
START_TEST(a_wait_for_nobody_is_caught) {
    for (int order = 0; order < 3; order++)
        EXPECT_FAULT(with(2, 3, BLOCK_STAYS_AWAY, order, nullptr), "deadlock: count_wait");
}
END_TEST

/* property  blocks of a crew have no cluster's barrier and no way into each other; others have no crew's counters */
START_TEST(a_crew_is_no_cluster) {
    EXPECT_FAULT(with(2, 3, MEETS_AS_CLUSTER, 0, nullptr), "blocks that are no cluster");
    EXPECT_FAULT(with(2, 3, REACHES_OVER, 0, nullptr), "in a cluster of 1 blocks");
    EXPECT_FAULT(with(2, 1, NO_CREW, 0, nullptr), "in a launch without crews");
}
END_TEST

/* property  a launch whose blocks cannot all be there at once is refused as a device refuses it */
START_TEST(too_many_blocks_at_once_are_refused) {
    static const struct {
        Shape shape;
        int error;
    } bad[] = {{{134, 32, 1, 128, 2}, TOO_MANY_AT_ONCE},    // 132 multiprocessors
               {{132, 160, 1, 128, 132}, TOO_MANY_AT_ONCE}, // fibres of one OS thread
               {{5, 32, 1, 128, 2}, 9},
               {{4, 32, 2, 128, 2}, 9}};
    for (auto &b : bad) ck_assert_int_eq(run(meet_over_memory, b.shape, Args{}).launched, b.error);
}
END_TEST

Suite *simt_crews_suite(void) {
    return suite_of("simt_crews", {crews_see_what_was_stored_before_they_met, a_wait_for_nobody_is_caught,
                                   a_crew_is_no_cluster, too_many_blocks_at_once_are_refused});
}
