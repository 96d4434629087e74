/* cpu_particles.h - a row of particles as the resample family sees it: integer weights, their sums, draws among them.
 *
 * A row is cut into chunks of 2^14 items; each pass takes whole chunks, over threads where the row is long. What a pass
 * leaves is integers by chunk, so that no result depends on how many threads there were. */
#ifndef URN_CPU_PARTICLES_H
#define URN_CPU_PARTICLES_H

#include "host/cpu/cpu_calls_resample.h"
#include "host/cpu/cpu_resample_loops.h"
#include "host/cpu/cpu_wide.h"

#define URNC_ABREAST 32  /* searches that go side by side */
#define URNC_CHUNK 16384 /* items: a chunk's weights sum to at most 2^62 */

/* A row of urn_weights. */
typedef struct urnc_place {
    const char *data; /* of item 0 */
    int64_t first;    /* element of item 0: where arrays placed like the weights have theirs */
    int64_t flat;     /* the same in arrays without gaps between rows */
    int64_t n;
} urnc_place;

size_t urnc_weight_bytes(int32_t type);
int urnc_weight_is_log(int32_t type);

/* Where row r is. Returns URN_ROW_OK or URN_ROW_INDEX. */
int urnc_place_row(const urn_weights *weights, int64_t r, urnc_place *place);

typedef struct urnc_particles {
    urnc_crowd crowd;
    int64_t n, chunks;
    int wide, team; /* team: threads that a pass may use */
    int status;     /* URN_ROW_ bits */
    double top;     /* the largest x */
    int32_t e;      /* linear: bits_resample.h's e */
    uint64_t W;     /* the largest weight */
    urnc_u128 T, Q; /* Q only if asked for */
    double over_T;  /* about 1 / T */
    /* workspace */
    urnc_u128 *base;  /* [chunks + 1] sum of weights before a chunk */
    urnc_u128 *spare; /* [chunks + 1] for whoever needs a number a chunk */
    uint64_t *prefix; /* [n] S_i less the chunk's base; NULL: not made */
} urnc_particles;

/* Bytes of workspace of a row without prefix; those of prefix are 8 * items. */
size_t urnc_particles_bytes(int64_t items);

/* Read a row: largest item and status; then sums, with squares if wanted. After a status that is not 0 only status and
 * top hold. `room`: urnc_particles_bytes. */
void urnc_particles_begin(urnc_particles *row, const void *data, int32_t type, int64_t n, int team, void *room);
void urnc_particles_sum(urnc_particles *row, int squares);

/* No weight above `most` from here on: sums anew. */
void urnc_particles_cut(urnc_particles *row, uint64_t most);

/* Fill prefix. */
void urnc_particles_scan(urnc_particles *row, uint64_t *prefix);

uint64_t urnc_weight_at(const urnc_particles *row, int64_t i);

/* S_(i-1), whether or not prefix was made. */
urnc_u128 urnc_sum_before(const urnc_particles *row, int64_t i);

/* With prefix: S_i; the first i with S_i > r. */
static inline urnc_u128 urnc_sum_at(const urnc_particles *row, int64_t i) {
    return row->base[i / URNC_CHUNK] + row->prefix[i];
}
/* The same without prefix: the chunk's weights once more. */
int64_t urnc_first_by_lots(const urnc_particles *row, urnc_u128 r);
int64_t urnc_first_above(const urnc_particles *row, urnc_u128 r);

urn_weight_stats urnc_particles_stats(const urnc_particles *row);

/* Each chunk of [0, n) over the row's team. */
typedef void (*urnc_chunk_work)(void *argument, int64_t chunk, int64_t begin, int64_t end);
void urnc_over_chunks(int64_t n, int team, urnc_chunk_work work, void *argument);

/* Rows over threads, each with a share of the workspace; a few long rows one by one, each over all threads. */
typedef void (*urnc_share_work)(const void *argument, int64_t r, void *room, int team);
typedef struct urnc_shares {
    int64_t rows, each; /* each: items that a row reads */
    size_t share;       /* bytes that a row needs, 256-aligned */
    void *workspace;
    size_t bytes;
} urnc_shares;
void urnc_over_shares(const urnc_shares *shares, int threads, urnc_share_work work, const void *argument);
size_t urnc_all_shares(int64_t rows, size_t share); /* workspace for the rows that may be in flight */

#endif
