/* simt_shapes.cpp - launch shapes that no device takes are refused before anything runs; the largest ones run. */
#include "kernels/launch.h"
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

struct Args {
    uint32_t *out;
    int64_t n;
};

URN_KERNEL(1024) mark(URN_ARGS(Args) a) {
    Arena arena(true);
    Shared<uint32_t> last = arena.take<uint32_t>(1, "last");
    if (thread_id() == block_threads() - 1) last.store(0, block_id() + 1);
    cluster_sync();
    if (thread_id() == 0) Global<uint32_t>(a.out, a.n, TAG_OUT).store(block_id(), last.load(0));
}

URN_KERNEL(1024) unprepared(URN_ARGS(Args) a) {
    if (thread_id() == 0) Global<uint32_t>(a.out, a.n, TAG_OUT).store(block_id(), 1);
}

int try_launch(Shape shape, uint32_t *out, int64_t n) { return launch(mark, shape, nullptr, Args{out, n}); }

} // namespace

/* property  a shape is refused with the runtime's number, and nothing runs or is counted */
START_TEST(impossible_shapes_are_refused) {
    Device<uint32_t> out(64);
    out.p[0] = 9;
    uint64_t before = simt_launches();
    simt_options o = options_of(0);
    simt_set_options(&o);
    ck_assert_int_eq(prepare(mark, 100000), 0);
    const Shape bad[] = {{0, 32, 1, 16}, {1, 0, 1, 16},    {1, 33, 1, 16}, {1, 1056, 1, 16},
                         {3, 32, 2, 16}, {34, 32, 17, 16}, {1, 32, 2, 16}};
    for (const Shape &s : bad)
        ck_assert_msg(try_launch(s, out.p, 64) == 9, "grid %u threads %u cluster %u", s.grid, s.threads, s.cluster);
    ck_assert_int_eq(try_launch({1, 32, 1, 100001}, out.p, 64), 1);
    ck_assert_uint_eq(simt_launches(), before);
    ck_assert_uint_eq(out[0], 9);
    ck_assert_int_eq(try_launch({1, 32, 0, 100000}, out.p, 64), 0); // cluster 0 is none
    ck_assert_uint_eq(simt_launches(), before + 1);
    ck_assert_uint_eq(out[0], 1);
}
END_TEST

/* property  more than 48 KiB, or a cluster past 8, needs prepare(), which the device's size bounds */
START_TEST(large_shapes_need_prepare) {
    Device<uint32_t> out(64);
    simt_options o = options_of(0);
    o.shared_limit = 60000;
    simt_set_options(&o);
    ck_assert_int_eq(launch(unprepared, Shape{1, 32, 1, 49152}, nullptr, Args{out.p, 64}), 0);
    ck_assert_int_eq(launch(unprepared, Shape{1, 32, 1, 49153}, nullptr, Args{out.p, 64}), 1);
    ck_assert_int_eq(launch(unprepared, Shape{16, 32, 16, 0}, nullptr, Args{out.p, 64}), 9);
    ck_assert_int_eq(prepare(unprepared, 60001), 1);
    ck_assert_int_eq(prepare(unprepared, 60000), 0);
    ck_assert_int_eq(launch(unprepared, Shape{16, 32, 16, 60000}, nullptr, Args{out.p, 64}), 0);
    o.shared_limit = 50000;
    simt_set_options(&o);
    ck_assert_int_eq(launch(unprepared, Shape{1, 32, 1, 60000}, nullptr, Args{out.p, 64}), 1);
}
END_TEST

/* property  the launch options of a device are taken, and races stay as the thread set them */
START_TEST(device_sets_the_options) {
    simt_options o = options_of(0);
    simt_set_options(&o);
    urnk_device device = {};
    device.threads = 3;
    device.lane_order = 2;
    device.simt_shared = 12345;
    set_launch_options(&device);
    o = simt_get_options();
    ck_assert(o.threads == 3 && o.lane_order == 2 && o.shared_limit == 12345 && o.races == 1 && o.seed == 7);
}
END_TEST

/* property  every block of a grid runs once, whatever the order and the OS threads
 * shapes    1 block; 7 clusters of 3; largest block; largest cluster of large blocks (as far as the build has stacks)
 */
START_TEST(every_block_runs_once) {
    const Shape shapes[] = {{1, 32, 1, 16}, {21, 64, 3, 16}, {5, 1024, 1, 16}, {32, 128, 16, 232448}};
    for (const Shape &shape : shapes)
        for (int order = 0; order < 3; order++)
            for (int threads = 1; threads < 4; threads += 2) {
                Device<uint32_t> out(shape.grid);
                simt_options o = options_of(order, threads);
                simt_set_options(&o);
                ck_assert_int_eq(prepare(mark, 232448), 0);
                ck_assert_int_eq(try_launch(shape, out.p, shape.grid), 0);
                ck_assert_msg(simt_stream_sync(nullptr) == 0, "%s", simt_first_fault());
                for (uint32_t b = 0; b < shape.grid; b++) ck_assert_uint_eq(out[b], b + 1);
            }
}
END_TEST

Suite *simt_shapes_suite(void) {
    return suite_of("simt_shapes", {impossible_shapes_are_refused, large_shapes_need_prepare, device_sets_the_options,
                                    every_block_runs_once});
}
