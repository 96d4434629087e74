// words.h - the vocabulary of a kernel. Kernel files speak these words and nothing else of the machine.
//
// Two bodies: words_gpu.h (nvcc: each word is one or two instructions, every wrapper vanishes) and words_cpu.h (g++:
// a block's threads are fibres, a cluster's blocks run together, every access is checked and counted).
//
// who            thread_id block_threads lane_id warp_id block_warps block_id grid_blocks cluster_rank cluster_size
// meet           warp_sync block_sync cluster_sync ; over global memory, among blocks of a crew: count_up count_wait
// warp           shfl shfl_up ballot any sum_u32 sum_u64 max_u32 scan_u64
// shared memory  Shared<T>: load store add max or_ (atomic) load16 store16 on_rank ; Arena: take
// global memory  Global<T>: load load_once store add max or_ (atomic) load16 load16_once store16 ; its tag counts bytes
// bulk copies    bulk_init bulk_copy bulk_wait bulk_fence
// numbers        fma_f32 fma_f64 sqrt_f64 mulhi_u64 clz_u64 popc_u32 bits_f32 f32_bits bits_f64 f64_bits
// launch         Shape, launch, prepare, clusters_that_fit, blocks_at_once, most_crew_threads, zero_async,
//                device_facts, set_launch_options
//
// Rules that hold for both bodies
//  - warp words: all 32 lanes of the warp call together, at the same place; a lane that is absent is a fault on the
//    CPU, a hang on a GPU. Blocks have whole warps. No lock step.
//  - memory: what one thread stores another sees after a barrier both passed: warp_sync within a warp, block_sync
//    within a block, cluster_sync within a cluster. The other warp words hand over their operands and order no memory.
//    Two accesses that no barrier orders, one of them a store, are a fault on the CPU; atomics, and stores of the same
//    value, may meet.
//  - block_sync: every thread of the block, at the same place. cluster_sync: every thread of every block. A thread that
//    has exited is missed by both.
//  - a Shared<T> starts uninitialised; reading it before a store is a fault on the CPU.
//  - on_rank(r) is the same array in block r of the cluster. There must be a cluster_sync before the first access to
//    another block's memory (it may not have started), and one between the last and the exit of either block.
//  - a crew is blocks of one launch that are all there at once (Shape.crew; the launch refuses where they are not) and
//    share nothing but global memory. count_up adds to a counter and publishes what its thread stored, or saw stored
//    across a barrier, before; count_wait returns once the counter, as a number that goes round, has come to a target,
//    and sees all that was published on the way there. The launcher zeroes counters before the launch.
//  - bulk copies: one bulk_copy a phase of its barrier. The destination is nobody's until bulk_wait returns; a thread
//    that has not waited itself needs a barrier with one that has. Who stored to, or read, what a copy is to write over
//    speaks bulk_fence before the barrier that the copy waits for.
//  - shared memory is laid out once a kernel by taking arrays from an Arena in one function, which the launcher also
//    runs (with a null Arena) to know the size.
//  - every launcher calls set_launch_options(device) first: on the CPU it says how many threads and which lane order.
#ifndef URN_WORDS_H
#define URN_WORDS_H

#include <cstddef>
#include <cstdint>

#include "kernels/simt/tags.h"

// Both builds of a kernel link into one library: the namespace they share in the source differs in the objects.
#if defined(__CUDACC__)
#define urnd urnd_cuda
#include "kernels/simt/words_gpu.h"
#else
#define urnd urnd_simt
#include "kernels/simt/words_cpu.h"
#endif

#endif
