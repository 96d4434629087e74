/* simt_bulk.cpp - bulk copies: in flight until waited for, phases, sizes and alignment. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Fault {
    CLEAN,
    ONE_WAITS_ALL_MEET, // one thread waits, then the block meets: as good
    READ_IN_FLIGHT,
    WRITE_IN_FLIGHT,
    OTHER_PHASE, // the phase before: returns at once, the data is not there
    NEVER_COMES, // a phase that no copy completes
    NOT_STARTED, // bulk_copy without bulk_init
    TWICE,       // two copies in one phase
    ODD_SIZE,
    ODD_SOURCE,
    ODD_PLACE,
    TOO_LARGE,
    PAST_SOURCE,
    PAST_ARRAY,
    OTHER_BLOCK,
    NOBODY_WAITS,
    BARRIER_READ,
    ONE_WAITS,  // and another reads without having met it
    OVER_UNREAD // the next copy lands where others may still read
};

struct Args {
    const float *in;
    float *out;
    int fault;
};

constexpr uint32_t kRow = 512;

URN_KERNEL(1024) copies(URN_ARGS(Args) a) {
    Arena arena(true);
    Shared<uint64_t> bar = arena.take<uint64_t>(1, "bar");
    Shared<float> row = arena.take<float>(kRow + 4, "row");
    Global<const float> in(a.in, a.fault == TOO_LARGE ? 1 << 19 : 4 * kRow, TAG_LOGITS);
    Global<float> out(a.out, 64, TAG_OUT);
    uint32_t t = thread_id();
    float sum = 0;
    if (t == 0 && a.fault != NOT_STARTED) bulk_init(bar);
    cluster_sync();
    for (uint32_t round = 0; round < 4; round++) {
        uint32_t count = kRow - 4 * round, phase = round & 1;
        if (a.fault == ODD_SIZE) count -= 1;
        if (a.fault == TOO_LARGE) count = 1 << 18;
        if (a.fault == PAST_ARRAY) count += 8;
        if (t == 0 && !(a.fault == NEVER_COMES && round == 2))
            bulk_copy(a.fault == OTHER_BLOCK ? bar.on_rank(1 - cluster_rank()) : bar, row, a.fault == ODD_PLACE ? 1 : 0,
                      in,
                      round * kRow + (a.fault == ODD_SOURCE    ? 1
                                      : a.fault == PAST_SOURCE ? 3 * kRow + 4
                                                               : 0),
                      count);
        if (t == 0 && a.fault == TWICE) bulk_copy(bar, row, 4, in, 0, 4);
        if (a.fault == BARRIER_READ && t == 3) bar.load(0);
        if (a.fault == READ_IN_FLIGHT && t == 0) sum += row.load(8);
        if (a.fault == WRITE_IN_FLIGHT && t == 0) row.store(8, 0.0f);
        if (a.fault == OTHER_PHASE && round == 1) phase = 0;
        if (a.fault == ONE_WAITS_ALL_MEET) {
            if (t == 40) bulk_wait(bar, phase);
            block_sync();
        } else if (a.fault == ONE_WAITS) {
            if (t == 0) bulk_wait(bar, phase);
            warp_sync(); // enough for warp 0, not for warp 1
        } else if (a.fault != NOBODY_WAITS) {
            bulk_wait(bar, phase);
        } else if (round == 1) {
            return;
        } else {
            bulk_wait(bar, phase);
        }
        for (uint32_t i = t; i < kRow - 4 * round; i += block_threads()) sum += row.load(i);
        block_sync();
        if (a.fault == OVER_UNREAD && t == 50) sum += row.load(0);
    }
    sum += bits_f32(shfl(f32_bits(sum), 1));
    if (lane_id() == 0) out.store(block_id() * 8 + warp_id(), sum);
}

Outcome with(int fault, int order) {
    Device<float> in(fault == TOO_LARGE ? 1 << 19 : 4 * kRow), out(64);
    for (uint32_t i = 0; i < 4 * kRow; i++) in.p[i] = 1.0f;
    return run(copies, Shape{2, 64, 2, 4096}, Args{in.p, out.p, fault}, options_of(order));
}

} // namespace

/* property  four copies over one barrier, phases 0 1 0 1, bring the rows and count their bytes once a block */
START_TEST(bulk_copies_arrive) {
    for (int order = 0; order < 3; order++) {
        Device<float> in(4 * kRow), out(64);
        for (uint32_t i = 0; i < 4 * kRow; i++) in.p[i] = static_cast<float>(i % kRow);
        simt_clear_bytes();
        EXPECT_CLEAN(run(copies, Shape{2, 64, 2, 4096}, Args{in.p, out.p, CLEAN}, options_of(order)));
        EXPECT_CLEAN(with(ONE_WAITS_ALL_MEET, order));
        ck_assert_uint_eq(simt_bytes(TAG_LOGITS).read, 2 * 2 * 4 * (4 * kRow - 24));
        for (uint32_t w = 0; w < 4; w++) {
            float want = 0; // lanes 0 and 1 of each warp
            for (uint32_t lane = 0; lane < 2; lane++)
                for (uint32_t round = 0; round < 4; round++)
                    for (uint32_t i = w % 2 * 32 + lane; i < kRow - 4 * round; i += 64) want += static_cast<float>(i);
            ck_assert_msg(out[w / 2 * 8 + w % 2] == want, "order %d warp %u: %g, wanted %g", order, w,
                          static_cast<double>(out[w / 2 * 8 + w % 2]), static_cast<double>(want));
        }
    }
}
END_TEST

/* property  what a copy in flight covers is nobody's, in every lane order */
START_TEST(in_flight_is_nobodys) {
    for (int order = 0; order < 3; order++) {
        EXPECT_FAULT(with(READ_IN_FLIGHT, order), "in flight");
        EXPECT_FAULT(with(WRITE_IN_FLIGHT, order), "in flight");
        EXPECT_FAULT(with(OTHER_PHASE, order), "row[");
        EXPECT_FAULT(with(NOBODY_WAITS, order), "in flight");
        EXPECT_FAULT(with(BARRIER_READ, order), "holds a bulk barrier");
    }
}
END_TEST

/* property  a wait that can not end is a fault, not a hang */
START_TEST(endless_waits_are_caught) {
    for (int order = 0; order < 3; order++) {
        EXPECT_FAULT(with(NEVER_COMES, order), "a phase that no copy completes");
        EXPECT_FAULT(with(NOT_STARTED, order), "without bulk_init");
        EXPECT_FAULT(with(TWICE, order), "nobody has waited for");
    }
}
END_TEST

/* property  sizes and addresses that the hardware refuses are refused */
START_TEST(bulk_rules_are_checked) {
    for (int order = 0; order < 3; order++) {
        EXPECT_FAULT(with(ODD_SIZE, order), "not a multiple of 16");
        EXPECT_FAULT(with(ODD_SOURCE, order), "not 16-aligned");
        EXPECT_FAULT(with(ODD_PLACE, order), "not 16-aligned");
        EXPECT_FAULT(with(TOO_LARGE, order), "is outside of its");
        EXPECT_FAULT(with(PAST_SOURCE, order), "outside of the array");
        EXPECT_FAULT(with(PAST_ARRAY, order), "is outside of its");
        EXPECT_FAULT(with(OTHER_BLOCK, order), "another block");
    }
}
END_TEST

/* property  who reads what a copy wrote has waited, or met one who has; who copies over has met the readers */
START_TEST(unordered_readers_are_caught) {
    for (int order = 0; order < 3; order++) {
        EXPECT_FAULT(with(ONE_WAITS, order), "row[");
        EXPECT_FAULT(with(OVER_UNREAD, order), "row[");
    }
}
END_TEST

Suite *simt_bulk_suite(void) {
    return suite_of("simt_bulk", {bulk_copies_arrive, in_flight_is_nobodys, endless_waits_are_caught,
                                  bulk_rules_are_checked, unordered_readers_are_caught});
}
