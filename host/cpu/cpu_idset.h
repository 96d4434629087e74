/* cpu_idset.h - a set of a row's ids as bits, in the row's scratch; ids outside the row are never in it. */
#ifndef URN_CPU_IDSET_H
#define URN_CPU_IDSET_H

#include <stdint.h>
#include <string.h>

typedef struct urnc_idset {
    uint32_t *words;
    int64_t n; /* length of the row */
} urnc_idset;

static inline int64_t urnc_idset_words(const urnc_idset *set) { return (set->n + 31) / 32; }

/* 16 KB of writes for 128k ids: less than one group of exponentials. */
static inline void urnc_idset_none(const urnc_idset *set) {
    memset(set->words, 0, (size_t)urnc_idset_words(set) * sizeof *set->words);
}

static inline void urnc_idset_all(const urnc_idset *set) {
    memset(set->words, 0xff, (size_t)urnc_idset_words(set) * sizeof *set->words);
}

static inline int urnc_idset_takes(const urnc_idset *set, int32_t id) { return id >= 0 && id < set->n; }

static inline int urnc_idset_has(const urnc_idset *set, int32_t id) {
    return urnc_idset_takes(set, id) && (set->words[id / 32] >> (id % 32) & 1);
}

static inline void urnc_idset_put(const urnc_idset *set, int32_t id) {
    if (urnc_idset_takes(set, id)) set->words[id / 32] |= 1u << (id % 32);
}

static inline void urnc_idset_drop(const urnc_idset *set, int32_t id) {
    if (urnc_idset_takes(set, id)) set->words[id / 32] &= ~(1u << (id % 32));
}

#endif
