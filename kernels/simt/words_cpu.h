// words_cpu.h - the words on the CPU: a thread is a fibre, and every access is checked and counted.
#ifndef URN_WORDS_CPU_H
#define URN_WORDS_CPU_H

#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels/simt/simt_machine.h"

struct CUstream_st;
struct urnk_device;

#define URN_DEVICE inline
#define URN_CALL inline
#define URN_HOST_DEVICE inline
#define URN_KERNEL(threads) void
#define URN_ARGS(T) const T
#define URN_SIDE(name) urnk_simt_##name
#define URN_UNROLL
#define URN_ROLLED
#define URN_EACH
#define URN_HAS_CLUSTER 1

// The place of the call, not of the word.
#define URN_HERE simt::Place place = {__builtin_FILE(), __builtin_LINE()}

namespace urnd {

// who
URN_DEVICE uint32_t thread_id() { return simt::running->id; }
URN_DEVICE uint32_t block_threads() { return simt::running->block->threads; }
URN_DEVICE uint32_t lane_id() { return simt::running->id & 31u; }
URN_DEVICE uint32_t warp_id() { return simt::running->id >> 5; }
URN_DEVICE uint32_t block_warps() { return simt::running->block->threads >> 5; }
URN_DEVICE uint32_t block_id() { return simt::running->block->id; }
URN_DEVICE uint32_t grid_blocks() { return simt::running->block->cluster->launch->grid; }
// blocks of a crew are no cluster
URN_DEVICE uint32_t cluster_rank() {
    return simt::running->block->cluster->launch->crew ? 0 : simt::running->block->rank;
}
URN_DEVICE uint32_t cluster_size() { return simt::running->block->cluster->launch->cluster; }

// meet
URN_DEVICE void warp_sync(URN_HERE) { simt::warp_word(simt::Word::warp_sync, 0, place); }
URN_DEVICE void block_sync(URN_HERE) { simt::block_barrier(place); }
URN_DEVICE void cluster_sync(URN_HERE) { simt::cluster_barrier(place); }

// meet over global memory
URN_DEVICE void count_up(uint32_t *counter, uint32_t by, URN_HERE) { simt::count_up(counter, by, place); }
URN_DEVICE void count_wait(const uint32_t *counter, uint32_t target, URN_HERE) {
    simt::count_wait(counter, target, place);
}

// warp
template <class T> URN_DEVICE uint64_t to_operand(T v) {
    static_assert(std::is_trivially_copyable<T>::value && (sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 2),
                  "lanes exchange 2, 4 or 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    return bits;
}

template <class T> URN_DEVICE T from_lane(uint32_t parity, uint32_t lane) {
    T v;
    std::memcpy(&v, &simt::running->warp->operand[parity][lane & 31u], sizeof v);
    return v;
}

URN_DEVICE uint64_t warp_result(simt::Word word, uint64_t operand, simt::Place place) {
    uint32_t parity = simt::warp_word(word, operand, place);
    return simt::running->warp->result[parity];
}

template <class T> URN_DEVICE T shfl(T v, uint32_t lane, URN_HERE) {
    return from_lane<T>(simt::warp_word(simt::Word::shfl, to_operand(v), place), lane);
}
template <class T> URN_DEVICE T shfl_up(T v, uint32_t delta, URN_HERE) {
    uint32_t parity = simt::warp_word(simt::Word::shfl_up, to_operand(v), place);
    return lane_id() >= delta ? from_lane<T>(parity, lane_id() - delta) : v;
}
URN_DEVICE uint32_t ballot(bool p, URN_HERE) {
    return static_cast<uint32_t>(warp_result(simt::Word::ballot, p, place));
}
URN_DEVICE bool any(bool p, URN_HERE) { return warp_result(simt::Word::any, p, place) != 0; }
URN_DEVICE uint32_t sum_u32(uint32_t v, URN_HERE) {
    return static_cast<uint32_t>(warp_result(simt::Word::sum_u32, v, place));
}
URN_DEVICE uint32_t max_u32(uint32_t v, URN_HERE) {
    return static_cast<uint32_t>(warp_result(simt::Word::max_u32, v, place));
}
// Sum over the warp of v < 2^63 with a sum below 2^64; every lane gets it.
URN_DEVICE uint64_t sum_u64(uint64_t v, URN_HERE) { return warp_result(simt::Word::sum_u64, v, place); }
// Inclusive prefix sum by lane.
URN_DEVICE uint64_t scan_u64(uint64_t v, URN_HERE) {
    return from_lane<uint64_t>(simt::warp_word(simt::Word::scan_u64, v, place), lane_id());
}

} // namespace urnd

#include "kernels/simt/memory_cpu.h"

namespace urnd {

// bulk copies
URN_DEVICE void bulk_init(Shared<uint64_t> barrier, URN_HERE) {
    simt::bulk_barrier_init(barrier.block, barrier.byte(0, 1), place);
}

// Copy count elements to dst[di..] from src[si..]; both addresses and the byte count are multiples of 16; bytes < 2^20.
template <class T, class S>
URN_DEVICE void bulk_copy(Shared<uint64_t> barrier, Shared<T> dst, size_t di, Global<const S> src, int64_t si,
                          uint32_t count, URN_HERE) {
    static_assert(sizeof(T) == sizeof(S), "a bulk copy moves bytes");
    const S *from = src.at(si, count);
    simt::traffic[src.tag].read += uint64_t{count} * sizeof(S);
    simt::bulk_copy_start(barrier.block, barrier.byte(0, 1), dst.block, dst.byte(di, count), sizeof(T), dst.name, di,
                          from, uint64_t{count} * sizeof(S), place);
}

URN_DEVICE void bulk_fence() {} // a copy here sees every store before it

URN_DEVICE void bulk_wait(Shared<uint64_t> barrier, uint32_t phase, URN_HERE) {
    simt::bulk_barrier_wait(barrier.block, barrier.byte(0, 1), phase, place);
}

// numbers: correctly rounded, never contracted (g++ runs with -ffp-contract=off)
URN_DEVICE float fma_f32(float a, float b, float c) { return std::fma(a, b, c); }
URN_DEVICE double fma_f64(double a, double b, double c) { return std::fma(a, b, c); }
URN_DEVICE double sqrt_f64(double a) { return std::sqrt(a); }
URN_DEVICE uint64_t mulhi_u64(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    return static_cast<uint64_t>((static_cast<wide>(a) * b) >> 64);
}
URN_DEVICE uint32_t mulhi_u32(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t{a} * b) >> 32); }
URN_DEVICE int clz_u64(uint64_t v) { return v ? __builtin_clzll(v) : 64; }
URN_DEVICE int popc_u32(uint32_t v) { return __builtin_popcount(v); }
URN_DEVICE uint32_t f32_bits(float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    return bits;
}
URN_DEVICE float bits_f32(uint32_t v) {
    float f;
    std::memcpy(&f, &v, sizeof f);
    return f;
}
URN_DEVICE uint64_t f64_bits(double v) {
    uint64_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    return bits;
}
URN_DEVICE double bits_f64(uint64_t v) {
    double f;
    std::memcpy(&f, &v, sizeof f);
    return f;
}

// launch
struct Shape {
    uint32_t grid, threads, cluster; // grid in blocks, a multiple of cluster
    size_t shared;                   // dynamic bytes of a block
    uint32_t crew = 0;               // blocks that meet over global memory; the grid is a multiple of it. 0: none do
};

template <class Args>
int launch(void (*kernel)(Args), Shape shape, struct CUstream_st *stream, const Args &args,
           const char *caller = __builtin_FUNCTION(), URN_HERE) {
    struct Call {
        void (*kernel)(Args);
        Args args;
        static void enter(const void *call) {
            const Call *c = static_cast<const Call *>(call);
            c->kernel(c->args);
        }
    };
    static_assert(std::is_trivially_copyable<Args>::value && alignof(Call) <= 16, "arguments travel as bytes");
    Call call = {kernel, args};
    simt::Launch request = {shape.grid, shape.threads, shape.cluster, shape.crew, shape.shared, Call::enter, &call,
                            {},         place,         caller};
    return simt::enqueue_launch(request, reinterpret_cast<const void *>(kernel), sizeof call, stream);
}

// Let a kernel use `shared` bytes and clusters past 8 blocks; load it. Once, at context creation.
template <class Args> int prepare(void (*kernel)(Args), size_t shared) {
    return simt::allow_shared(reinterpret_cast<const void *>(kernel), shared);
}

// How this thread's later launches run. Every launcher says it first.
inline void set_launch_options(const urnk_device *device) { simt::set_options(device); }

// Zero device memory, in the stream's order.
inline int zero_async(void *pointer, size_t bytes, struct CUstream_st *stream) {
    return simt_memset_async(pointer, 0, bytes, stream);
}

// How many blocks of this size are there at once, where a launch wants them all; 0: no such launches. Once, at context
// creation.
template <class Args> int blocks_at_once(void (*)(Args), int, uint32_t, size_t, int *blocks) {
    *blocks = static_cast<int>(simt::blocks_at_once());
    return 0;
}
// Most threads of one crew: its fibres are one OS thread's.
inline uint32_t most_crew_threads() { return simt::most_crew_threads(); }

// What launch() says where the blocks of crews are not all there at once.
enum { TOO_MANY_AT_ONCE = simt::kTooLarge };

struct DeviceFacts {
    int compute, multiprocessors; // 10 * major + minor
    int shared;                   // bytes a block may use when it asks
    char name[128];
};

// The machine that set_launch_options described, dressed as an H100.
inline int device_facts(int ordinal, DeviceFacts *facts) {
    (void)ordinal;
    int32_t limit = simt_get_options().shared_limit;
    *facts = {90, 132, limit ? limit : 232448, "SIMT layer"};
    return 0;
}

// How many clusters of a shape the device holds at once; 0: it does not fit. Once, at context creation.
template <class Args> int clusters_that_fit(void (*kernel)(Args), Shape shape, int *clusters) {
    (void)kernel;
    int32_t limit = simt_get_options().shared_limit;
    *clusters = shape.cluster <= 16 && shape.shared <= static_cast<size_t>(limit ? limit : 232448) ? 1 : 0;
    return 0;
}

} // namespace urnd

#endif
