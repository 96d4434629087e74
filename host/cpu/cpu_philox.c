/* cpu_philox.c - Philox4x32-10 as in Salmon et al. 2011. */
#include "host/cpu/cpu_philox.h"

#include "urn/bits.h"

urnc_block urnc_philox(uint64_t key, const uint32_t counter[4]) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    urnc_block c = {{counter[0], counter[1], counter[2], counter[3]}};
    for (int round = 0; round < URN_PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)URN_PHILOX_M0 * c.word[0];
        uint64_t p1 = (uint64_t)URN_PHILOX_M1 * c.word[2];
        urnc_block next = {
            {(uint32_t)(p1 >> 32) ^ c.word[1] ^ k0, (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c.word[3] ^ k1, (uint32_t)p0}};
        c = next;
        k0 += URN_PHILOX_W0;
        k1 += URN_PHILOX_W1;
    }
    return c;
}

uint64_t urnc_row_key(uint64_t seed, uint64_t label) {
    uint32_t counter[4] = {(uint32_t)label, (uint32_t)(label >> 32), 0, URN_STREAM_KEY};
    return urnc_block_u64(urnc_philox(seed, counter));
}

urnc_block urnc_row_block(uint64_t row_key, uint32_t index, uint32_t draw, uint32_t position, uint32_t stream) {
    uint32_t counter[4] = {index, draw, position, stream};
    return urnc_philox(row_key, counter);
}
