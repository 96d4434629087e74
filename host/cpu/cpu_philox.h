/* cpu_philox.h - Philox4x32-10, and the blocks that urn addresses with it (bits.h section 5). */
#ifndef URN_CPU_PHILOX_H
#define URN_CPU_PHILOX_H

#include <stdint.h>

typedef struct urnc_block {
    uint32_t word[4];
} urnc_block;

/* Philox4x32-10 of a counter under a key whose low word is Philox key word 0. */
urnc_block urnc_philox(uint64_t key, const uint32_t counter[4]);

/* The key of a row: what seed and label give on the stream of keys. */
uint64_t urnc_row_key(uint64_t seed, uint64_t label);

/* The block {index, draw, position, stream} under a row's key. */
urnc_block urnc_row_block(uint64_t row_key, uint32_t index, uint32_t draw, uint32_t position, uint32_t stream);

/* Words 0 and 1 of a block as one number. */
static inline uint64_t urnc_block_u64(urnc_block block) { return block.word[0] | (uint64_t)block.word[1] << 32; }

#endif
