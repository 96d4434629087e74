// simt_machine.h - what a simulated GPU thread, warp, block and cluster is made of. Included by words_cpu.h, whose
// words are inline where they are hot (who am I, memory) and calls where they may switch fibres (meet, warp words).
#ifndef URN_SIMT_MACHINE_H
#define URN_SIMT_MACHINE_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/simt/fibre.h"
#include "kernels/simt/simt_runtime.h"
#include "kernels/simt/tags.h"

struct urnk_device;

namespace simt {

struct Warp;
struct Block;
struct Cluster;
struct Launch;

// Where in the source a word was spoken. The compiler may duplicate code; a line it can not.
struct Place {
    const char *file;
    int line;
};

enum class Word : uint8_t {
    none,
    warp_sync,
    shfl,
    shfl_up,
    ballot,
    any,
    sum_u32,
    sum_u64,
    max_u32,
    scan_u64,
    block_sync,
    cluster_sync,
    bulk_wait,
    count_wait
};
const char *word_name(Word word);

enum class State : uint8_t { parked, ready, running, waiting, exited };

struct Thread {
    Context context;
    uint32_t id;  // in its block
    uint32_t bit; // of its lane in the warp's masks
    State state;
    Word word; // what it waits at
    Place place;
    uint32_t bulk;           // shared offset of the bulk barrier it waits for
    uint32_t bulk_waited;    // bit per bulk barrier whose last copy it has waited for
    uint32_t bulk_time;      // clock of its last bulk_wait
    const uint32_t *counter; // at count_wait: what it waits for to come to `target`
    uint32_t target;
    Warp *warp;
    Block *block;
};

struct Warp {
    uint32_t ready;     // lanes that can run
    uint32_t waiting;   // lanes at the warp word below
    uint32_t elsewhere; // lanes at a block or cluster barrier
    uint32_t exited;
    uint32_t round;  // of warp words; its parity names the buffer in use
    uint32_t number; // in the cluster
    uint32_t synced; // clock of the last warp_sync, for the race check
    Word word;
    Place place;
    Block *block;
    Thread *threads;
    // Two buffers: a lane may deposit for the next word while a slower one still reads this one, never two ahead.
    uint64_t operand[2][32];
    uint64_t result[2];
};

// An mbarrier and the copy that it guards.
struct BulkBarrier {
    uint32_t offset; // in shared memory
    uint32_t phase;
    bool pending;
    uint32_t destination, bytes, size; // shared byte, bytes of the copy, of an element
    size_t index;                      // of the first element in its array
    const void *source;
};

struct Access; // race.h

// Shared memory is followed byte by byte.
enum Shadow : uint8_t { SHADOW_EMPTY = 0, SHADOW_STORED = 1, SHADOW_IN_FLIGHT = 2, SHADOW_BARRIER = 4 };

struct Block {
    uint8_t *shared;
    uint8_t *shadow;
    Access *accesses; // null: races are not looked for
    size_t shared_bytes;
    uint32_t id, rank, threads;
    uint32_t arrived;    // at block_sync
    uint32_t at_cluster; // at cluster_sync
    uint32_t exited;
    uint32_t synced; // clock of the last block or cluster barrier
    uint32_t remote; // 1 + cluster round of the last access by another block
    Place place;
    Warp *warps;
    Thread *first;
    Cluster *cluster;
    std::vector<BulkBarrier> bulk;
};

constexpr uint32_t kMostTogether = 192; // blocks that run together: a cluster, or a crew

// Blocks that run together: of a cluster, or of a crew (words.h), which share no memory and no barrier.
struct Cluster {
    Context scheduler;
    const Launch *launch;
    uint32_t blocks, threads, warps; // threads and warps of all blocks together
    uint32_t arrived, exited;
    uint32_t round; // cluster barriers passed
    uint32_t clock, synced;
    int order;
    uint64_t random;
    bool failed;
    Warp *current;
    uint64_t ready_warps[8]; // bit per warp: 16 K threads are 512 warps
    Place place;
    std::vector<Thread *> counting; // those at count_wait
    Block block[kMostTogether];
};

// The GPU thread whose fibre runs on this OS thread; null outside of kernels. Initial-exec: one instruction.
extern __thread Thread *running __attribute__((tls_model("initial-exec")));
// Bytes that this OS thread moved for kernels since it last merged them.
extern __thread simt_traffic traffic[TAG_COUNT] __attribute__((tls_model("initial-exec")));

// Words that may switch. warp_word returns the warp's buffer parity; its operands and result stay valid until the
// caller's next warp word.
uint32_t warp_word(Word word, uint64_t operand, Place place);
void block_barrier(Place place);
void cluster_barrier(Place place);
void bulk_barrier_init(Block *block, uint32_t offset, Place place);
void bulk_copy_start(Block *block, uint32_t barrier, Block *to, uint32_t offset, uint32_t size, const char *name,
                     size_t index, const void *source, uint64_t bytes, Place place);
void bulk_barrier_wait(Block *block, uint32_t barrier, uint32_t phase, Place place);
void count_up(uint32_t *counter, uint32_t by, Place place);
void count_wait(const uint32_t *counter, uint32_t target, Place place);
// Blocks that a launch of crews may have, and threads that a crew may have.
uint32_t blocks_at_once();
uint32_t most_crew_threads();

// Record a fault of the running thread, discard its cluster, fail the launch. Does not return.
[[noreturn]] void fault(const char *format, ...) __attribute__((format(printf, 1, 2), cold));
// The same without switching: the scheduler's own finding about thread t.
void report(const Thread *t, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
// Record a fault outside of kernels.
void record_fault(const char *text);

// A use of elements of shared memory by the running thread: checked against what the bytes hold and whose they are.
// `value` is what a write is about to store.
enum class Use : uint8_t { read, write, atomic };
void far_use(Block *block, const char *name, size_t index);
[[noreturn]] void shadow_fault(Block *block, uint32_t byte, uint32_t bytes, Use use, const char *name, size_t index);
void check_races(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, Use use, const void *value,
                 const char *name, size_t index);

template <uint32_t BYTES>
inline void touch_shared(Block *block, uint32_t byte, uint32_t size, Use use, const void *value, const char *name,
                         size_t index) {
    if (block != running->block) far_use(block, name, index);
    uint8_t *shadow = block->shadow + byte;
    uint8_t wrong = 0;
    if (use == Use::write)
        for (uint32_t i = 0; i < BYTES; i++) wrong |= shadow[i] & ~SHADOW_STORED;
    else
        for (uint32_t i = 0; i < BYTES; i++) wrong |= shadow[i] ^ SHADOW_STORED;
    if (wrong) shadow_fault(block, byte, BYTES, use, name, index);
    if (block->accesses && size > 1) check_races(block, byte, BYTES, size, use, value, name, index);
    if (use == Use::write) __builtin_memset(shadow, SHADOW_STORED, BYTES);
}

// How many bytes from `pointer` on may be touched, at most `bytes`: less where it lies in memory of simt_malloc that
// ends sooner. Memory that simt_malloc never gave out is the caller's own business.
size_t reachable_bytes(const void *pointer, size_t bytes);

// Device memory errors have the runtime's numbers.
enum Error {
    kOk = 0,
    kInvalidValue = 1,
    kMemory = 2,
    kConfiguration = 9,
    kHandle = 400,
    kNotReady = 600,
    kLaunch = 719,
    kTooLarge = 720, // more blocks than can be there at once
    kCapture = 900,  // not permitted while a stream is captured
    kSpoilt = 901    // something was not permitted during the capture
};

// launching
struct Launch {
    uint32_t grid, threads, cluster, crew;
    size_t shared;
    void (*enter)(const void *call); // runs the kernel body once with the call's arguments
    const void *call;
    simt_options options;
    Place place;
    const char *caller;
    uint32_t together() const { return crew ? crew : cluster; } // blocks that run together
};
int enqueue_launch(const Launch &launch, const void *kernel, size_t call_bytes, struct CUstream_st *stream);
void set_options(const urnk_device *device);
int allow_shared(const void *kernel, size_t shared);
int execute_launch(const Launch &launch); // on the stream's thread, and others as the options say

// Runs clusters on one OS thread: owns their fibres and shared memory.
class Worker {
  public:
    Worker();
    ~Worker();
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;
    bool run(const Launch &launch, uint32_t cluster_index); // false: it faulted

  private:
    bool fit(const Launch &launch);
    void lay_out(const Launch &launch, uint32_t cluster_index);
    void stalled();
    void discard();
    StackPool stacks;
    Cluster cluster;
    // Sized for the largest cluster at once and touched as needed: suspended stacks point at them.
    Thread *threads;
    Warp *warps;
    size_t started = 0; // threads that have a stack
    uint8_t *shared = nullptr, *shadow = nullptr;
    size_t shared_bytes = 0;
    Access *accesses = nullptr;
    size_t access_count = 0;
};

} // namespace simt

#endif
