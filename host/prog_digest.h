/* prog_digest.h - one 64-bit number for many ids: FNV-1a over their bytes.
 *
 * Start from PROG_DIGEST_START; for every id, in order, its four bytes as a little-endian int32, lowest first:
 * hash = (hash ^ byte) * 0x100000001b3, modulo 2^64. Printed as 16 hexadecimal digits. In Python:
 *
 *     h = 0xcbf29ce484222325
 *     for b in ids.astype("<i4").tobytes(): h = (h ^ b) * 0x100000001b3 % 2**64 */
#ifndef PROG_DIGEST_H
#define PROG_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define PROG_DIGEST_START UINT64_C(0xcbf29ce484222325)

/* prog_digest_ids - `digest` after `count` more ids. */
uint64_t prog_digest_ids(uint64_t digest, const int32_t *ids, size_t count);

#endif
