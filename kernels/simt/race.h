// race.h - who touched an element of shared memory last, and whether a barrier lies between that and the next touch.
//
// A clock counts the barriers of a cluster. A touch is ordered after an earlier one by another thread when a barrier
// that both threads passed came between: warp_sync within a warp, block_sync within a block, cluster_sync otherwise.
// Other warp words hand over values, not memory, so they order nothing. Atomics do not race with each other; two
// stores of the same value do not either. Elements of one byte are not followed.
#ifndef URN_RACE_H
#define URN_RACE_H

#include "kernels/simt/simt_machine.h"

namespace simt {

// How many threads share a time in a record: readers come in crowds.
enum class Crowd : uint8_t { thread, warp, block, cluster };

struct Touch {
    uint32_t time;   // 0: never
    uint16_t thread; // rank * 1024 + id; of a crowd: one of them
    Crowd crowd;
};

// There is one for two bytes of shared memory, so that every array has enough.
struct Access {
    Touch write, read, atomic;
};

constexpr uint16_t kBulkWriter = 0x8000; // | index of the barrier in its block: written by its copy

// Fault if the running thread's use of elements of `size` bytes races. `value`: what a write will store there.
void check_races(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, Use use, const void *value,
                 const char *name, size_t index);
// A bulk copy was started over / has landed on elements of `size` bytes, of which the first has this index.
void check_bulk_races(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, const char *name, size_t index);
void note_bulk_landing(Block *block, uint32_t byte, uint32_t bytes, uint32_t size, size_t index, uint32_t barrier);

} // namespace simt

#endif
