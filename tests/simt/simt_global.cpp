/* simt_global.cpp - global memory: bounds, ends of allocations, redzones, alignment, bytes counted by tag. */
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Fault {
    CLEAN,
    LOAD_PAST,
    STORE_PAST,
    NEGATIVE,
    PAST_ALLOCATION,
    IN_REDZONE,
    NULL_POINTER,
    WIDE_MISALIGNED,
    WIDE_PAST,
    MISALIGNED
};

struct Args {
    uint32_t *in, *out;
    int fault;
};

// 100 elements of `in`, of which the fault makes one use in the last block wrong.
URN_KERNEL(1024) global_uses(URN_ARGS(Args) a) {
    bool one = block_id() == grid_blocks() - 1 && thread_id() == 9;
    Global<const uint32_t> in(a.in, a.fault == PAST_ALLOCATION ? 200 : 100, TAG_LOGITS);
    Global<uint32_t> out(a.out, int64_t{grid_blocks()} * block_threads(), TAG_OUT);
    uint32_t v = in.load(thread_id()) + in.load_once(99) + in.load16_once(4 * lane_id() % 96).w[3];
    if (one && a.fault == LOAD_PAST) v += in.load(100);
    if (one && a.fault == PAST_ALLOCATION) v += in.load(100);
    if (one && a.fault == NEGATIVE) v += in.load(-1);
    if (one && a.fault == WIDE_MISALIGNED) v += in.load16_once(3).w[0];
    if (one && a.fault == WIDE_PAST) v += in.load16_once(97).w[0];
    if (one && a.fault == NULL_POINTER) v += Global<const uint32_t>(nullptr, 100, TAG_MASK).load(0);
    if (one && a.fault == IN_REDZONE) v += Global<const uint32_t>(a.in + 101, 4, TAG_MASK).load(0);
    if (one && a.fault == MISALIGNED)
        v += Global<const uint32_t>(reinterpret_cast<uint32_t *>(in.address(0) + 2), 4, TAG_MASK).load(0);
    out.store(int64_t{block_id()} * block_threads() + thread_id() + (one && a.fault == STORE_PAST ? 64 : 0), v);
}

Outcome with(int fault, int order, int threads = 1) {
    Device<uint32_t> in(100), out(5 * 64);
    for (uint32_t i = 0; i < 100; i++) in.p[i] = i;
    return run(global_uses, Shape{5, 64, 1, 0}, Args{in.p, out.p, fault}, options_of(order, threads));
}

} // namespace

/* property  a use outside of its array, or of its allocation, is caught; uses inside are clean */
START_TEST(global_bounds_are_exact) {
    for (int order = 0; order < 3; order++) {
        EXPECT_CLEAN(with(CLEAN, order, 2));
        for (int fault : {LOAD_PAST, STORE_PAST, NEGATIVE, WIDE_PAST})
            EXPECT_FAULT(with(fault, order), "outside of the array");
        for (int fault : {PAST_ALLOCATION, IN_REDZONE})
            EXPECT_FAULT(with(fault, order), "past the end of its allocation");
        EXPECT_FAULT(with(NULL_POINTER, order), "the pointer is null");
        EXPECT_FAULT(with(WIDE_MISALIGNED, order), "not aligned");
        EXPECT_FAULT(with(MISALIGNED, order), "not aligned to its elements");
    }
}
END_TEST

/* property  memory that simt_malloc did not give out may be used within its count */
START_TEST(callers_own_memory_is_fine) {
    std::vector<uint32_t> in(100, 3), out(5 * 64);
    EXPECT_CLEAN(run(global_uses, Shape{5, 64, 1, 0}, Args{in.data(), out.data(), CLEAN}));
    ck_assert_uint_eq(out[319], 9);
}
END_TEST

/* property  bytes are counted exactly, by tag, whatever the order and the number of OS threads */
START_TEST(bytes_are_counted_exactly) {
    for (int order = 0; order < 3; order++)
        for (int threads = 1; threads < 4; threads++) {
            simt_clear_bytes();
            EXPECT_CLEAN(with(CLEAN, order, threads));
            simt_traffic logits = simt_bytes(TAG_LOGITS), out = simt_bytes(TAG_OUT), mask = simt_bytes(TAG_MASK);
            ck_assert_uint_eq(logits.read, 5 * 64 * (4 + 4 + 16));
            ck_assert_uint_eq(logits.written, 0);
            ck_assert_uint_eq(out.written, 5 * 64 * 4);
            ck_assert_uint_eq(out.read, 0);
            ck_assert_uint_eq(mask.read + mask.written, 0);
        }
    simt_clear_bytes();
    ck_assert_uint_eq(simt_bytes(TAG_LOGITS).read, 0);
    ck_assert_uint_eq(simt_bytes(-1).read + simt_bytes(TAG_COUNT).read, 0);
}
END_TEST

/* property  simt_free finds a byte written before or after an allocation, and nothing else
 * shapes    sizes around the 256-byte rounding */
START_TEST(redzones_are_checked) {
    for (size_t bytes : {size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{10000}}) {
        for (int where = 0; where < 3; where++) {
            void *m;
            simt_clear_faults();
            ck_assert_int_eq(simt_malloc(&m, bytes), 0);
            ck_assert_uint_eq(reinterpret_cast<uintptr_t>(m) % 256, 0);
            volatile uint8_t *p = static_cast<uint8_t *>(m);
            ck_assert_uint_eq(p[0], 0xCB);
            ck_assert_uint_eq(p[bytes - 1], 0xCB);
            p[0] = 1;
            p[bytes - 1] = 1;
            if (where == 1) p[bytes] = 1;
            if (where == 2) *(p - 1) = 1;
            ck_assert_int_eq(simt_free(m), where ? 719 : 0);
            ck_assert_int_eq(simt_fault_count(), where ? 1 : 0);
            if (where)
                ck_assert_ptr_nonnull(strstr(simt_first_fault(), where == 1 ? "past the end" : "before the start"));
        }
    }
    simt_clear_faults();
}
END_TEST

/* property  memory is limited as asked, freed memory counts again, bad pointers are refused */
START_TEST(memory_is_limited) {
    void *a, *b;
    simt_set_malloc_limit(1000);
    ck_assert_int_eq(simt_malloc(&a, 600), 0);
    ck_assert_int_eq(simt_malloc(&b, 401), 2);
    ck_assert_ptr_null(b);
    ck_assert_int_eq(simt_malloc(&b, 400), 0);
    ck_assert_int_eq(simt_free(a), 0);
    ck_assert_int_eq(simt_free(a), 1);
    ck_assert_int_eq(simt_malloc(&a, 1001), 2);
    ck_assert_int_eq(simt_malloc(&a, 600), 0);
    simt_set_malloc_limit(SIZE_MAX);
    ck_assert_int_eq(simt_free(a), 0);
    ck_assert_int_eq(simt_free(b), 0);
    ck_assert_int_eq(simt_malloc(&a, SIZE_MAX - 100), 2);
    ck_assert_int_eq(simt_malloc(nullptr, 1), 1);
    ck_assert_int_eq(simt_malloc(&a, 0), 0);
    ck_assert_ptr_null(a);
    ck_assert_int_eq(simt_free(nullptr), 0);
}
END_TEST

Suite *simt_global_suite(void) {
    return suite_of("simt_global", {global_bounds_are_exact, callers_own_memory_is_fine, bytes_are_counted_exactly,
                                    redzones_are_checked, memory_is_limited});
}
