/* cpu_context.h - the ids that came before a row: what its slot keeps, then its drafts in flight (bits.h section 7). */
#ifndef URN_CPU_CONTEXT_H
#define URN_CPU_CONTEXT_H

#include "urn/sample.h"

/* Ids are numbered from 0, oldest first: `kept` of them in the slot's ring, then `drafts` of the overlay. */
typedef struct urnc_context {
    const int32_t *ring;
    uint32_t history; /* places of the ring */
    uint32_t first;   /* place of the oldest id kept */
    int64_t kept;
    const int32_t *overlay;
    int64_t drafts;
} urnc_context;

/* The context of row r, whose slot is `slot`. state NULL: the overlay alone. */
urnc_context urnc_context_of(const urn_sample_params *params, const urn_slots_view *state, int64_t r, int64_t slot);

static inline int64_t urnc_context_size(const urnc_context *h) { return h->kept + h->drafts; }

static inline int32_t urnc_context_at(const urnc_context *h, int64_t i) {
    if (i >= h->kept) return h->overlay[i - h->kept];
    uint64_t place = h->first + (uint64_t)i;
    return h->ring[place < h->history ? place : place - h->history];
}

/* cpu_matches.c: what the context's end says about the ids that might follow. */

/* Is the context's end equal to these n ids? */
int urnc_context_ends(const urnc_context *h, const int32_t *ids, int64_t n);

/* Called for id h[i+1] with m_i, for i in decreasing order; only where m_i > 0. */
typedef void (*urnc_match_found)(void *argument, int32_t id, int64_t m);

/* For every i in [from, N - 2]: m_i = the largest m <= min(limit, i + 1 - from) with h[i-j] = h[N-1-j] for all j < m.
 * Every id is compared a bounded number of times unless repetitions longer than URNC_MATCHES hold others in them. */
#define URNC_MATCHES 2048
void urnc_context_matches(const urnc_context *h, int64_t from, int64_t limit, urnc_match_found found, void *argument);

/* The outputs of a slot that its table has counted: how often this id is among them. */
uint32_t urnc_slot_count(const urn_slots_view *state, int64_t slot, int32_t id);

#endif
