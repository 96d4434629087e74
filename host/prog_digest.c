/* prog_digest.c - FNV-1a, 64 bits. */
#include "host/prog_digest.h"

uint64_t prog_digest_ids(uint64_t digest, const int32_t *ids, size_t count) {
    size_t i;
    int byte;
    for (i = 0; i < count; i++)
        for (byte = 0; byte < 32; byte += 8)
            digest = (digest ^ ((uint32_t)ids[i] >> byte & 0xffu)) * UINT64_C(0x100000001b3);
    return digest;
}
