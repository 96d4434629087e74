// board.h - what the blocks of a crew leave for one another in global memory: where on their board it lies.
//
// A cluster's blocks use each other's shared memory for the same. The board is scratch: nothing of it outlives a
// launch, and only bins need to start as zeros, which the crew sees to.
#ifndef URN_BOARD_H
#define URN_BOARD_H

#include "kernels/launch.h"
#include "kernels/simt/words.h"

namespace urnd {

enum { MOST_CREW = URNK_MOST_CREW }; // blocks of a crew

// Three sets of bins take turns: one is added to, the one before may still be read, the next is cleared.
enum { BOARD_BIN_SETS = 3, BOARD_SET = 2048, BOARD_EDGE = 12 };

// Bytes from the board's start.
enum {
    BOARD_TALLIES = 0,                                         // Tally [2][MOST_CREW]
    BOARD_BINS = BOARD_TALLIES + 2 * MOST_CREW * 16,           // u64 [BOARD_BIN_SETS][BOARD_SET]
    BOARD_DRAWN = BOARD_BINS + BOARD_BIN_SETS * BOARD_SET * 8, // Drawn [32]
    BOARD_RANKS = BOARD_DRAWN + 32 * 8,                        // u32 [32]
    BOARD_FIRST = BOARD_RANKS + 32 * 4,                        // Drawn [URN_MAX_TOP_N]
    BOARD_SORTED = BOARD_FIRST + URN_MAX_TOP_N * 8,            // u32 [URN_MAX_TOP_N]
    BOARD_PLACE = BOARD_SORTED + URN_MAX_TOP_N * 4,            // u32 [4]
    BOARD_NOW = BOARD_PLACE + 16,                              // u32 [4]
    BOARD_EDGES = BOARD_NOW + 16,                              // u32 [MOST_CREW][BOARD_EDGE]
    BOARD_SUMS = BOARD_EDGES + MOST_CREW * BOARD_EDGE * 4,     // u32 [MOST_CREW][256], of calls that sort
    BOARD_END = BOARD_SUMS + MOST_CREW * 256 * 4
};
static_assert(BOARD_SUMS <= URNK_BOARD_BYTES && BOARD_END <= URNK_BOARD_BYTES + URNK_BOARD_SORT_BYTES,
              "the workspace has room for the board");

} // namespace urnd

#endif
