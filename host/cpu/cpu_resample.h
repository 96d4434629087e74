/* cpu_resample.h - one row of a call of urn_resample, and the schemes (bits_resample.h section 3). */
#ifndef URN_CPU_RESAMPLE_H
#define URN_CPU_RESAMPLE_H

#include "host/cpu/cpu_guide.h"
#include "host/cpu/cpu_particles.h"
#include "host/cpu/cpu_resample_numbers.h"

typedef struct urnc_birth {
    const urn_resample_params *p;
    urnc_particles row;
    int64_t M;          /* outputs */
    int32_t *out;       /* the row's ancestors, or NULL */
    int32_t *offspring; /* the row's counts, or NULL */
    int64_t produced;
    uint64_t key;
    uint32_t position;
    int32_t slot, pin; /* slot -1: none */
    int64_t turn;      /* what would be at output j is at (j + turn) mod M; 0 <= turn < M */
    /* workspace; which of them a scheme has, urnc_birth_bytes knows */
    uint64_t *prefix; /* [n] */
    void *guide_room;
    urnc_guide guide; /* to S_i, or to sums of fractions; cells 0: too few outputs for one to pay */
    int32_t *counts;  /* [n] */
    int32_t *floors;  /* [n] N_i */
} urnc_birth;

static inline urnc_block urnc_birth_block(const urnc_birth *b, int64_t index, uint32_t draw, uint32_t stream) {
    return urnc_row_block(b->key, (uint32_t)index, draw, b->position, stream);
}

/* The parts of the workspace, after urnc_particles_bytes, that the scheme uses. */
size_t urnc_birth_bytes(int32_t scheme, int64_t items);
void urnc_birth_room(urnc_birth *b, char *room);

/* A scheme draws the row: ancestors to out, counts to offspring, produced. Returns a row status. */
int urnc_birth_ruled(urnc_birth *b);   /* systematic, stratified and their residual forms */
int urnc_birth_counted(urnc_birth *b); /* from counts: residual, SSP, branching, minimum error, multinomial sorted */
int urnc_birth_drawn(urnc_birth *b);   /* multinomial, killing, chains, rejection */

/* cpu_resample_drawn.c: fill prefix, and a guide to it if `draws` searches are to come. */
void urnc_birth_prepare(urnc_birth *b, int64_t draws);

/* The ancestors of outputs begin .. end - 1, URNC_ABREAST at most, by independent draws; of given r by urnc_birth_find.
 */
void urnc_birth_independent(const urnc_birth *b, int64_t begin, int64_t end, int64_t found[URNC_ABREAST]);
void urnc_birth_find(const urnc_birth *b, const urnc_u128 *r, int count, int64_t *found);

/* cpu_resample_emit.c: items begin .. begin + n - 1 with cumulated counts C[i], `before` before the first. */
void urnc_birth_emit(urnc_birth *b, int64_t begin, int64_t n, int64_t before, const int64_t *C);

/* cpu_resample_fractions.c: fill counts by SSP, branching, minimum error or residual; *total is their sum. */
int64_t urnc_fill_counts(urnc_birth *b);

/* The ancestor of output m by the scheme's chain. */
int64_t urnc_chain_ancestor(const urnc_birth *b, int64_t m);

/* cap: cut the row's weights; a row status. */
int urnc_birth_cap(urnc_birth *b);

/* Of a pinned row: where systematic's r comes from, and killing's pivot; both set turn. */
urnc_u128 urnc_pinned_offset(urnc_birth *b);
int64_t urnc_pinned_pivot(urnc_birth *b);

#endif
