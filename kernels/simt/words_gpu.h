// words_gpu.h - the words on a GPU. Each is one or two instructions; wrappers hold a pointer and nothing else.
#ifndef URN_WORDS_GPU_H
#define URN_WORDS_GPU_H

#include <cuda_runtime.h>

struct CUstream_st;
struct urnk_device;

#define URN_DEVICE __device__ __forceinline__
// A device function that stays a call: long, and called from several places of a kernel. Templates only.
#define URN_CALL __device__ __noinline__
#define URN_HOST_DEVICE __host__ __device__ __forceinline__
// A kernel: URN_KERNEL(512) name(URN_ARGS(Args) args). The number bounds the threads of its blocks.
#define URN_KERNEL(threads) __global__ void __launch_bounds__(threads)
#define URN_ARGS(T) const __grid_constant__ T
#define URN_SIDE(name) urnk_cuda_##name
#define URN_UNROLL _Pragma("unroll")   // the loop below, whose count is constant: its arrays stay in registers
#define URN_ROLLED _Pragma("unroll 1") // the loop below stays a loop: one copy of its body
// The loop below, over a unit, inside a template over Dtype: unrolled, but rolled in the full form, which has many more
// such loops with longer bodies. Take its elements with `turn`, so that their array stays in registers.
#define URN_EACH _Pragma("unroll (Dtype::full ? 1 : 8)")
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define URN_HAS_CLUSTER 1 // clusters, distributed shared memory, bulk copies
#else
#define URN_HAS_CLUSTER 0
#endif

namespace urnd {

// who
URN_DEVICE uint32_t thread_id() { return threadIdx.x; }
URN_DEVICE uint32_t block_threads() { return blockDim.x; }
URN_DEVICE uint32_t lane_id() { return threadIdx.x & 31u; }
URN_DEVICE uint32_t warp_id() { return threadIdx.x >> 5; }
URN_DEVICE uint32_t block_warps() { return blockDim.x >> 5; }
URN_DEVICE uint32_t block_id() { return blockIdx.x; }
URN_DEVICE uint32_t grid_blocks() { return gridDim.x; }

URN_DEVICE uint32_t cluster_rank() {
#if URN_HAS_CLUSTER
    uint32_t r;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
    return r;
#else
    return 0;
#endif
}

URN_DEVICE uint32_t cluster_size() {
#if URN_HAS_CLUSTER
    uint32_t r;
    asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(r));
    return r;
#else
    return 1;
#endif
}

// meet
URN_DEVICE void warp_sync() { __syncwarp(); }
URN_DEVICE void block_sync() { __syncthreads(); }
URN_DEVICE void cluster_sync() {
#if URN_HAS_CLUSTER
    // release and acquire: shared memory written before is seen by every block of the cluster after
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
#else
    __syncthreads();
#endif
}

// meet over global memory: any thread calls for itself
URN_DEVICE void count_up(uint32_t *counter, uint32_t by) {
    asm volatile("red.release.gpu.global.add.u32 [%0], %1;" ::"l"(__cvta_generic_to_global(counter)), "r"(by)
                 : "memory");
}
URN_DEVICE void count_wait(const uint32_t *counter, uint32_t target) {
    uint32_t now = 0;
    do // every block of a crew is there, so whoever is awaited comes
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                     : "=r"(now)
                     : "l"(__cvta_generic_to_global(counter))
                     : "memory");
    while ((int32_t)(now - target) < 0);
}

// warp: all 32 lanes call
template <class T> URN_DEVICE T shfl(T v, uint32_t lane) { return __shfl_sync(0xffffffffu, v, (int)lane); }
template <class T> URN_DEVICE T shfl_up(T v, uint32_t delta) { return __shfl_up_sync(0xffffffffu, v, delta); }
URN_DEVICE uint32_t ballot(bool p) { return __ballot_sync(0xffffffffu, p); }
URN_DEVICE bool any(bool p) { return __any_sync(0xffffffffu, p) != 0; }
URN_DEVICE uint32_t sum_u32(uint32_t v) { return __reduce_add_sync(0xffffffffu, v); }
URN_DEVICE uint32_t max_u32(uint32_t v) { return __reduce_max_sync(0xffffffffu, v); }

// Sum over the warp of v < 2^63 with a sum below 2^64; every lane gets it. Three redux of 22-bit limbs, whose sums
// stay below 2^27, instead of five rounds of paired shuffles.
URN_DEVICE uint64_t sum_u64(uint64_t v) {
    uint64_t a = __reduce_add_sync(0xffffffffu, (uint32_t)v & 0x3fffffu);
    uint64_t b = __reduce_add_sync(0xffffffffu, (uint32_t)(v >> 22) & 0x3fffffu);
    uint64_t c = __reduce_add_sync(0xffffffffu, (uint32_t)(v >> 44));
    return a + (b << 22) + (c << 44);
}

// Inclusive prefix sum by lane.
URN_DEVICE uint64_t scan_u64(uint64_t v) {
#pragma unroll
    for (uint32_t d = 1; d < 32; d <<= 1) {
        uint64_t o = shfl_up(v, d);
        if (lane_id() >= d) v += o;
    }
    return v;
}

// shared memory
struct alignas(16) Vec16 {
    uint32_t w[4];
};

extern __shared__ __align__(128) unsigned char dynamic_shared[];

template <class T> struct Shared {
    T *p;
    URN_DEVICE T load(size_t i) const { return p[i]; }
    URN_DEVICE void store(size_t i, T v) const { p[i] = v; }
    URN_DEVICE T add(size_t i, T v) const { return atomicAdd(p + i, v); } // returns the old value; T is uint32_t
    URN_DEVICE T max(size_t i, T v) const { return atomicMax(p + i, v); }
    URN_DEVICE T or_(size_t i, T v) const { return atomicOr(p + i, v); }
    // 16 bytes from element i, whose address is a multiple of 16
    URN_DEVICE Vec16 load16(size_t i) const { return *reinterpret_cast<const Vec16 *>(p + i); }
    URN_DEVICE void store16(size_t i, Vec16 v) const { *reinterpret_cast<Vec16 *>(p + i) = v; }
    // The same array in block `rank` of the cluster; load, store and add reach it over the cluster's network.
    URN_DEVICE Shared<T> on_rank(uint32_t rank) const {
#if URN_HAS_CLUSTER
        uint64_t local = (uint64_t)p, far;
        asm("mapa.u64 %0, %1, %2;" : "=l"(far) : "l"(local), "r"(rank));
        return {reinterpret_cast<T *>(far)};
#else
        (void)rank;
        return *this;
#endif
    }
};

// Hands out shared memory from the start of the block's dynamic arena. Arena(false) only counts, for the launcher.
struct Arena {
    size_t used;
    bool real;
    URN_HOST_DEVICE explicit Arena(bool on_device) : used(0), real(on_device) {}
    // `count` elements, 16-aligned. `name` appears in the CPU's fault texts.
    template <class T> URN_HOST_DEVICE Shared<T> take(size_t count, const char *name) {
        (void)name;
        size_t at = (used + 15) & ~(size_t)15;
        used = at + count * sizeof(T);
#if defined(__CUDA_ARCH__)
        return {reinterpret_cast<T *>(dynamic_shared + at)};
#else
        return {nullptr};
#endif
    }
};

// global memory
template <class T> struct Global {
    T *p;
    // count and tag serve the CPU's checks and counters and vanish here
    URN_HOST_DEVICE Global(T *pointer, int64_t count, int tag) : p(pointer) { (void)count, (void)tag; }
    URN_DEVICE T load(int64_t i) const { return p[i]; }
    // read once by this launch: do not keep it in L1
    URN_DEVICE T load_once(int64_t i) const { return __ldcs(p + i); }
    URN_DEVICE void store(int64_t i, T v) const { p[i] = v; }
    URN_DEVICE T or_(int64_t i, T v) const { return atomicOr(p + i, v); } // returns the old value; T is uint32_t
    URN_DEVICE T add(int64_t i, T v) const {
        if constexpr (sizeof(T) == 8)
            return (T)atomicAdd((unsigned long long *)(p + i), (unsigned long long)v);
        else
            return atomicAdd(p + i, v);
    }
    URN_DEVICE T max(int64_t i, T v) const { return atomicMax(p + i, v); }
    URN_DEVICE void store16(int64_t i, Vec16 v) const { *reinterpret_cast<Vec16 *>(p + i) = v; }
    URN_DEVICE Vec16 load16_once(int64_t i) const {
        uint4 v = __ldcs(reinterpret_cast<const uint4 *>(p + i));
        return {{v.x, v.y, v.z, v.w}};
    }
    // read again by this launch: keep it in L2, where every block of a cluster finds it
    URN_DEVICE Vec16 load16(int64_t i) const {
        uint4 v = __ldcg(reinterpret_cast<const uint4 *>(p + i));
        return {{v.x, v.y, v.z, v.w}};
    }
    URN_DEVICE bool null() const { return p == nullptr; }
    URN_DEVICE uintptr_t address(int64_t i) const { return (uintptr_t)(p + i); }
};

// bulk copies: one thread starts them, every thread that reads the data waits. Only where URN_HAS_CLUSTER.
// barrier: a Shared<uint64_t> of one element. Its phase starts at 0 and flips with every completed wait.
URN_DEVICE void bulk_init(Shared<uint64_t> barrier) {
#if URN_HAS_CLUSTER
    uint32_t b = (uint32_t)__cvta_generic_to_shared(barrier.p);
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(b) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
    (void)barrier;
#endif
}

// Copy count elements to dst[di..] from src[si..]; both addresses and the byte count are multiples of 16; bytes < 2^20.
// Reads the row once, without passing through registers, and does not displace what L2 holds for others.
template <class T, class S>
URN_DEVICE void bulk_copy(Shared<uint64_t> barrier, Shared<T> dst, size_t di, Global<const S> src, int64_t si,
                          uint32_t count) {
#if URN_HAS_CLUSTER
    static_assert(sizeof(T) == sizeof(S), "a bulk copy moves bytes");
    uint32_t b = (uint32_t)__cvta_generic_to_shared(barrier.p);
    uint32_t d = (uint32_t)__cvta_generic_to_shared(dst.p + di);
    uint32_t bytes = count * (uint32_t)sizeof(T);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(b), "r"(bytes) : "memory");
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(d),
                 "l"(__cvta_generic_to_global(src.p + si)), "r"(bytes), "r"(b)
                 : "memory");
#else
    (void)barrier, (void)dst, (void)di, (void)src, (void)si, (void)count;
#endif
}

// Before a barrier after which a bulk copy may write where this thread stored.
URN_DEVICE void bulk_fence() {
#if URN_HAS_CLUSTER
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

URN_DEVICE void bulk_wait(Shared<uint64_t> barrier, uint32_t phase) {
#if URN_HAS_CLUSTER
    uint32_t b = (uint32_t)__cvta_generic_to_shared(barrier.p), done = 0;
    while (!done) // try_wait suspends the thread in hardware for a bounded time; the copy always completes
        asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                     : "=r"(done)
                     : "r"(b), "r"(phase)
                     : "memory");
#else
    (void)barrier, (void)phase;
#endif
}

// numbers: correctly rounded, never contracted (nvcc runs with --fmad=false)
URN_DEVICE float fma_f32(float a, float b, float c) { return __fmaf_rn(a, b, c); }
URN_DEVICE double fma_f64(double a, double b, double c) { return __fma_rn(a, b, c); }
URN_DEVICE double sqrt_f64(double a) { return __dsqrt_rn(a); }
URN_DEVICE uint64_t mulhi_u64(uint64_t a, uint64_t b) { return __umul64hi(a, b); }
URN_DEVICE uint32_t mulhi_u32(uint32_t a, uint32_t b) { return __umulhi(a, b); }
URN_DEVICE int clz_u64(uint64_t v) { return __clzll((long long)v); }
URN_DEVICE int popc_u32(uint32_t v) { return __popc(v); }
URN_DEVICE uint32_t f32_bits(float v) { return __float_as_uint(v); }
URN_DEVICE float bits_f32(uint32_t v) { return __uint_as_float(v); }
URN_DEVICE uint64_t f64_bits(double v) { return (uint64_t)__double_as_longlong(v); }
URN_DEVICE double bits_f64(uint64_t v) { return __longlong_as_double((long long)v); }

// launch
struct Shape {
    uint32_t grid, threads, cluster; // grid in blocks, a multiple of cluster
    size_t shared;                   // dynamic bytes of a block
    uint32_t crew = 0;               // blocks that meet over global memory; the grid is a multiple of it. 0: none do
};

template <class Args> int launch(void (*kernel)(Args), Shape shape, struct CUstream_st *stream, const Args &args) {
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(shape.grid);
    config.blockDim = dim3(shape.threads);
    config.dynamicSmemBytes = shape.shared;
    config.stream = stream;
    cudaLaunchAttribute attribute[1];
    config.attrs = attribute;
    if (shape.cluster > 1) {
        attribute[0].id = cudaLaunchAttributeClusterDimension;
        attribute[0].val.clusterDim.x = shape.cluster;
        attribute[0].val.clusterDim.y = attribute[0].val.clusterDim.z = 1;
        config.numAttrs = 1;
    } else if (shape.crew > 1) { // all blocks at once, or an error now
        attribute[0].id = cudaLaunchAttributeCooperative;
        attribute[0].val.cooperative = 1;
        config.numAttrs = 1;
    }
    return (int)cudaLaunchKernelEx(&config, kernel, args);
}

// Zero device memory, in the stream's order.
inline int zero_async(void *pointer, size_t bytes, struct CUstream_st *stream) {
    return (int)cudaMemsetAsync(pointer, 0, bytes, stream);
}

// Let a kernel use `shared` bytes and clusters past 8 blocks; load it. Once, at context creation.
template <class Args> int prepare(void (*kernel)(Args), size_t shared) {
    const cudaFuncAttribute most = cudaFuncAttributeMaxDynamicSharedMemorySize;
    cudaError_t e = cudaFuncSetAttribute((const void *)kernel, most, (int)shared);
    // devices without clusters refuse this: they are never asked for one
    if (e == cudaSuccess &&
        cudaFuncSetAttribute((const void *)kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1) != cudaSuccess)
        (void)cudaGetLastError();
    return (int)e;
}

// How many clusters of a shape the device holds at once; 0: it does not fit. Once, at context creation.
template <class Args> int clusters_that_fit(void (*kernel)(Args), Shape shape, int *clusters) {
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(shape.cluster);
    config.blockDim = dim3(shape.threads);
    config.dynamicSmemBytes = shape.shared;
    cudaLaunchAttribute attribute[1];
    attribute[0].id = cudaLaunchAttributeClusterDimension;
    attribute[0].val.clusterDim.x = shape.cluster;
    attribute[0].val.clusterDim.y = attribute[0].val.clusterDim.z = 1;
    config.attrs = attribute;
    config.numAttrs = 1;
    *clusters = 0;
    if (cudaOccupancyMaxActiveClusters(clusters, kernel, &config) != cudaSuccess) {
        *clusters = 0;
        (void)cudaGetLastError(); // "does not fit" is an answer here
    }
    return 0;
}

// How many blocks of this size a multiprocessor holds in a launch whose blocks are all there at once, times how many
// multiprocessors there are; 0: no such launches. Once, at context creation.
template <class Args>
int blocks_at_once(void (*kernel)(Args), int device, uint32_t threads, size_t shared, int *blocks) {
    int together = 0, each = 0, multiprocessors = 0;
    *blocks = 0;
    cudaError_t e = cudaDeviceGetAttribute(&together, cudaDevAttrCooperativeLaunch, device);
    if (e == cudaSuccess) e = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    if (e == cudaSuccess)
        e = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, (const void *)kernel, (int)threads, shared);
    if (e == cudaSuccess && together) *blocks = each * multiprocessors;
    return (int)e;
}

// Most threads of one crew: as many as there are.
inline uint32_t most_crew_threads() { return 0xffffffffu; }

// What launch() says where the blocks of crews are not all there at once.
enum { TOO_MANY_AT_ONCE = cudaErrorCooperativeLaunchTooLarge };

struct DeviceFacts {
    int compute, multiprocessors; // 10 * major + minor
    int shared;                   // bytes a block may use when it asks
    char name[128];
};

inline int device_facts(int ordinal, DeviceFacts *facts) {
    int major = 0, minor = 0;
    cudaError_t e = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ordinal);
    if (e == cudaSuccess) e = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, ordinal);
    if (e == cudaSuccess) e = cudaDeviceGetAttribute(&facts->multiprocessors, cudaDevAttrMultiProcessorCount, ordinal);
    if (e == cudaSuccess) e = cudaDeviceGetAttribute(&facts->shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, ordinal);
    facts->compute = 10 * major + minor;
    cudaDeviceProp properties;
    if (e == cudaSuccess) e = cudaGetDeviceProperties(&properties, ordinal);
    for (int i = 0; i < 128; i++) facts->name[i] = e == cudaSuccess && i < 127 ? properties.name[i] : 0;
    return (int)e;
}

// Says how the SIMT layer runs this thread's later launches; a GPU needs no telling.
inline void set_launch_options(const urnk_device *) {}

} // namespace urnd

#endif
