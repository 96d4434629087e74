/* cpu_bans.h - ids that a list or the context takes out of K, as the bits that a mask would have (bits.h section 7). */
#ifndef URN_CPU_BANS_H
#define URN_CPU_BANS_H

#include "host/cpu/cpu_context.h"
#include "host/cpu/cpu_idset.h"

/* The ids of a row's list, and its values where the step has them. */
typedef struct urnc_list {
    const int32_t *ids;
    const float *values;
    int64_t n;
} urnc_list;

/* Sequences `first` to `end` (excluded): sequence j is ids[offsets[j] .. offsets[j + 1]). */
typedef struct urnc_sequences {
    const int32_t *ids;
    const int64_t *offsets;
    int64_t first, end;
} urnc_sequences;

/* Each leaves in `possible` the ids that may stay. */
void urnc_allow(const urnc_idset *possible, const urnc_list *list);
void urnc_forbid(const urnc_idset *possible, const urnc_list *list);
void urnc_ban(const urnc_idset *possible, const urnc_sequences *sequences, const urnc_context *h);
void urnc_no_repeat(const urnc_idset *possible, int32_t n, const urnc_context *h);

#endif
